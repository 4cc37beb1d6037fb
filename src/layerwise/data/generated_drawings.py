"""Hand drawings that are made, not collected: circles, squares, triangles and much else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final
from zlib import crc32

import numpy as np
from numpy.random import Generator, Philox

from ..errors import InputError, unknown_name
from ..types import FloatArray
from .dataset import Card
from .generated import whole
from .hand import drawn, posed, pressed
from .images import ImageDataset
from .ink import framed
from .shapes_drawn import KNOWN, OTHER
from .strokes import Stroke, bounds, render_strokes

KINDS: Final = (*KNOWN, *OTHER)
"""Every kind of thing that can be drawn."""

_PIECE = 1024
_LARGE = 64  # pixels a side, at which prepared drawings are drawn before they are framed

MOST = 2_000_000
"""So many drawings at most are made at once."""

CARD = Card(
    "drawings",
    "Hand drawings",
    "strokes of a simulated hand, generated",
    "generated; no rights",
    "Circles, squares, triangles and other things, drawn with a hand that wobbles, turns, "
    "overshoots and leaves gaps, with different pens. Ink is bright on black.",
)


def drawings(
    kinds: Sequence[str] = ("circle", "square", "triangle"),
    per_kind: int = 1000,
    size: int = 28,
    seed: int = 0,
    *,
    others: Sequence[str] | None = None,
    stretch: float = 8.0,
    turn: float = 180.0,
    wobble: float = 1.0,
    pens: tuple[float, float] = (0.025, 0.08),
    prepared: bool = True,
    fill: tuple[float, float] = (0.75, 1.0),
) -> ImageDataset:
    """Grey pictures of hand drawings, `per_kind` of each kind, kind after kind.

    `kinds` are the classes: names from `KINDS`, or "other", a mixture in equal shares of all that
    is not a circle, square or triangle, or of those kinds that `others` names. Pictures are `size`
    pixels square. `stretch`: circles, squares and triangles are drawn flat or tall up to that many
    to one, other things up to its square root. `turn`: degrees, largest rotation either way; half
    of the drawings stand nearly upright. `wobble`: 0 for a perfect hand, 1 for a person's, 2 for a
    bad one. `pens`: thinnest and thickest pen as a share of the picture's side.

    As they come they are `prepared` just as `prepare_drawings` gives photographs of drawings:
    centred, and what is flat stretched to a square, so that a network that learns from these can
    judge those. Otherwise they keep their proportions, the longer side takes a share of the picture
    from `fill` (least and most), and they lie anywhere in what is left.

    `names` holds for each sample what was drawn and its number, "pentagon 17". Drawing i of a kind
    depends on seed, kind, i and the options alone, not on the other kinds or on how many there are.
    Raises `UnknownNameError` for a kind that is not known, `InputError` for options out of range.
    """
    kinds = _checked_kinds(kinds)
    mixed = tuple(OTHER) if others is None else _checked_others(others)
    per_kind = whole("per_kind", per_kind, 1, MOST // len(kinds))
    size, seed = whole("size", size, 8, 512), whole("seed", seed, 0)
    stretch = _between("stretch", stretch, 1, 100)
    turn, wobble = _between("turn", turn, 0, 180), _between("wobble", wobble, 0, 3)
    pens, fill = _range("pens", pens, 0.001, 0.5), _range("fill", fill, 0.05, 1.0)
    pixels = np.empty((len(kinds) * per_kind, 1, size, size), np.uint8)
    names = []
    for place, kind in enumerate(kinds):
        sorts = mixed if kind == "other" else (kind,)
        for start in range(0, per_kind, _PIECE):
            made = []
            for index in range(start, min(start + _PIECE, per_kind)):
                sort, number = sorts[index % len(sorts)], index // len(sorts)
                made.append(_one(sort, number, seed, stretch, turn, wobble, pens, fill))
                names.append(f"{sort} {number}")
            rows = slice(place * per_kind + start, place * per_kind + start + len(made))
            if prepared:
                large = render_strokes(made, max(_LARGE, 2 * size))
                pixels[rows, 0] = [framed(each / 255.0, size) for each in large]
            else:
                pixels[rows, 0] = render_strokes(made, size)
    labels = np.repeat(np.arange(len(kinds)), per_kind)
    return ImageDataset(pixels, labels, kinds, CARD, names=tuple(names))


def _one(
    sort: str,
    number: int,
    seed: int,
    stretch: float,
    turn: float,
    wobble: float,
    pens: tuple[float, float],
    fill: tuple[float, float],
) -> list[Stroke]:
    """The strokes of one drawing in the unit square: its own random numbers and no others."""
    rng = Generator(Philox(key=[seed, crc32(sort.encode())], counter=[0, 0, number, 0]))
    paths = drawn(rng, {**KNOWN, **OTHER}[sort](rng), wobble)
    paths = posed(rng, paths, stretch if sort in KNOWN else math.sqrt(stretch), turn, wobble)
    share = rng.uniform(*fill)
    pen = math.exp(rng.uniform(math.log(pens[0]), math.log(pens[1])))
    pen = min(pen, max(share * _slimness(paths) / 3, pens[0]))  # or nothing but ink is left
    strokes = [Stroke(path, pressed(rng, len(path), pen, wobble)) for path in paths]
    return _placed(rng, strokes, pen, share)


def _slimness(paths: Sequence[FloatArray]) -> float:
    """The spread across a drawing's long direction as a share of that along it, 0 to 1."""
    points = np.concatenate(paths)
    spread = np.linalg.eigvalsh(np.cov(points.T)) if len(points) > 1 else np.ones(2)
    return math.sqrt(max(float(spread[0]), 0.0) / max(float(spread[1]), 1e-12))


def _placed(rng: Generator, strokes: list[Stroke], pen: float, share: float) -> list[Stroke]:
    """The strokes scaled so that the ink's longer side takes that share of the unit square."""
    x0, y0, x1, y1 = bounds(strokes)
    long = max(x1 - x0, y1 - y0, 1e-9)
    scale = max(share - 1.2 * pen, 0.2 * share) / long
    room = 1 - 1.2 * pen - scale * np.array([x1 - x0, y1 - y0])
    # Along the shorter side a drawing stays as near to the middle as along the longer one.
    free = min(float(room.min()), 1 - share)
    shift = room / 2 + free * rng.uniform(-0.5, 0.5, 2) + 0.6 * pen
    corner = np.array([x0, y0])
    return [Stroke((stroke.points - corner) * scale + shift, stroke.widths) for stroke in strokes]


def _checked_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    chosen = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    if not chosen or len(set(chosen)) < len(chosen):
        raise InputError(
            "The kinds to draw must be named, each once",
            received=", ".join(map(str, chosen)) or "none",
        )
    for name in chosen:
        if name not in (*KINDS, "other"):
            raise unknown_name("kind of drawing", str(name), (*KINDS, "other"))
    return chosen


def _checked_others(others: Sequence[str]) -> tuple[str, ...]:
    chosen = _checked_kinds(others)
    if "other" in chosen:
        raise InputError("The option 'others' names what 'other' is mixed from", received="'other'")
    return chosen


def _between(name: str, value: float, least: float, most: float) -> float:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not least <= value <= most:
        raise InputError(
            f"The option {name!r} must be a number from {least:g} to {most:g}", received=repr(value)
        )
    return float(value)


def _range(name: str, pair: tuple[float, float], least: float, most: float) -> tuple[float, float]:
    if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
        raise InputError(f"The option {name!r} is two numbers: least and most", received=repr(pair))
    low, high = (_between(name, value, least, most) for value in pair)
    if low > high:
        raise InputError(f"The option {name!r} is least, then most", received=repr(pair))
    return low, high
