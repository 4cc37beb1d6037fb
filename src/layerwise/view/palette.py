"""Colours that mean something: a hue for each class, and scales for signed and plain values."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError, unknown_name
from ..scene import Color
from ..types import UNCLASSIFIED, Array, ByteArray, FloatArray
from .style import DARK, LIGHT, Theme, from_hex

NAMED: Final[dict[str, dict[str, str]]] = {
    "layerwise": {
        "blue": "#2f6fde",
        "orange": "#e8590c",
        "green": "#128a6b",
        "magenta": "#c23f8e",
        "gold": "#e5b427",
        "cyan": "#69c8dc",
        "brick": "#961e14",
        "violet": "#af8cff",
        "olive": "#90a468",
        "slate": "#404c54",
    },
    "original": {
        "red": "#ff0000",
        "blue": "#0000ff",
        "amber": "#ffb300",
        "green": "#00b300",
    },
}
"""Palette → name of a colour → colour, in the order in which classes take them."""

VISIONS: Final[dict[str, FloatArray]] = {
    "normal": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritan": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
"""Kind of eye → what it makes of linear sRGB: (seen rgb, shown rgb), at full severity.

Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision
deficiency", IEEE TVCG 15 (2009), https://doi.org/10.1109/TVCG.2009.113.
"""

NEGATIVE: Final = from_hex("#f59322")
POSITIVE: Final = from_hex("#0877bd")
_RAMP: Final = (from_hex("#0d1f33"), from_hex("#0877bd"), from_hex("#e3f1fa"))
_WHITE: Final[Color] = (255, 255, 255, 255)
_MOST: Final = UNCLASSIFIED  # classes are 0 to 254
_STEPS: Final = 1024  # colours in a scale; more than eight bits can tell apart


def class_colors(count: int, palette: str = "layerwise") -> ByteArray:
    """The colours of so many classes, (class, rgb): a class keeps its colour when others come.

    "layerwise": blue, orange, green, magenta, gold, cyan, brick, violet, olive, slate. Any two of
    these ten differ by CIEDE2000 ≥ 12 for normal, protan, deutan and tritan eyes, but for blue and
    green to a tritan eye (11.3). "original": the red, blue, amber and green of the published
    method; a deutan eye cannot tell its red from its green (2.5), nor a protan eye its amber (6.4).

    The colours after the named ones are chosen one by one, each as far as can be (in OKLab, to the
    worst of the four eyes) from all before it, and stand out from both grounds. All 255 are
    distinct, but nobody tells so many apart: beyond six classes add a label or a pattern.

    Raises `InputError` unless `count` is 1 to 255, `UnknownNameError` for another palette.
    """
    if palette not in NAMED:
        raise unknown_name("palette", palette, NAMED)
    if not 1 <= count <= _MOST:
        raise InputError(
            "There are colours for 1 to 255 classes", received=str(count), do="Merge rare classes"
        )
    named = np.array([from_hex(text)[:3] for text in NAMED[palette].values()], np.uint8)
    if count > len(named):
        return _extended(palette)[:count].copy()
    return named[:count]


def seen_by(colors: ArrayLike, vision: str) -> ByteArray:
    """Colours (…, rgb) as that kind of eye sees them: normal, protan, deutan or tritan.

    Exact to half a step of 255. Raises `UnknownNameError` for another kind.
    """
    if vision not in VISIONS:
        raise unknown_name("kind of eye", vision, VISIONS)
    return _encode(np.clip(_linear(colors) @ VISIONS[vision].T, 0, 1))


def signed_color(values: ArrayLike, limit: float, theme: Theme) -> ByteArray:
    """Signed values (…) as colours (…, rgb): orange below zero, blue above, neutral at zero.

    Values beyond ±`limit` take the colour of the limit; one that is not a number takes the colour
    of an unclassified cell. Steps are even in OKLab on either side. Raises `InputError` unless
    `limit` is positive and finite.
    """
    position = _scaled(values, limit, -1)
    scale = _signed_scale(theme)
    return _look_up(scale, (position + 1) / 2, theme)


def magnitude_color(values: ArrayLike, limit: float, theme: Theme) -> ByteArray:
    """Values from 0 to `limit` (…) as colours (…, rgb) of one hue, zero nearest to the ground.

    Equal steps of a value are equal steps of CIE lightness L*, dark to light on the dark theme and
    light to dark on the light one. Values beyond either end take its colour; one that is not a
    number takes the colour of an unclassified cell. Raises `InputError` as `signed_color` does.
    """
    return _look_up(_magnitude_scale(theme), _scaled(values, limit, 0), theme)


def probability_color(
    labels: Array, probability: ArrayLike, theme: Theme, colors: ByteArray
) -> ByteArray:
    """The likeliest class as a hue whose strength says how likely it is: (row, column, rgb).

    `labels` (row, column) are classes or UNCLASSIFIED, `probability` (row, column) that of the
    named class, `colors` (class, rgb). A probability of one over the number of classes says
    nothing and leaves the colour of an unclassified cell; a probability of 1 gives the full hue.
    Between them colours mix as an alpha of that strength would. Raises `InputError` for a label
    without a colour or arrays of two shapes.
    """
    labels, likely = np.asarray(labels), np.asarray(probability, np.float32)
    if labels.shape != likely.shape:
        raise InputError(
            "Labels and probabilities must have one shape",
            received=f"{labels.shape} and {likely.shape}",
        )
    known = labels != UNCLASSIFIED
    classes = len(colors)
    if np.any(known & ((labels < 0) | (labels >= classes))):
        raise InputError(
            "A label has no colour",
            received=f"labels up to {labels[known].max()} with {classes} colours",
            allowed=f"Labels are 0 to {classes - 1}, or {UNCLASSIFIED} for unclassified",
        )
    guess = 1 / classes
    strength = likely if classes == 1 else (likely - guess) / (1 - guess)
    strength = np.where(known & ~np.isnan(strength), np.clip(strength, 0, 1), 0)
    blank = np.array(theme.unclassified[:3], np.float32)
    hues = np.asarray(colors, np.float32)[np.where(known, labels, 0)]
    mixed = blank + strength[..., None].astype(np.float32) * (hues - blank)
    rounded: ByteArray = np.rint(mixed).astype(np.uint8)
    return rounded


def text_on(color: ArrayLike) -> Color:
    """Ink or white, whichever is easier to read on that colour (rgb or rgba, alpha left aside).

    The one with the greater contrast by WCAG 2.2. Where either of them reaches the 4.5 that level
    AA asks for, so does the result; the least on any colour is 4.1.
    """
    ground = np.asarray(color)[..., :3]
    ink = LIGHT.ink
    return _WHITE if contrast(ground, _WHITE[:3]) >= contrast(ground, ink[:3]) else ink


def contrast(one: ArrayLike, other: ArrayLike) -> float:
    """The contrast ratio of two colours (rgb) by WCAG 2.2: from 1, none, to 21, black on white."""
    dark, light = sorted(float(_luminance(_linear(color))) for color in (one, other))
    return (light + 0.05) / (dark + 0.05)


# sRGB as IEC 61966-2-1 defines it; OKLab as in https://bottosson.github.io/posts/oklab/.
_TO_LMS: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _linear(colors: ArrayLike) -> FloatArray:
    part = np.asarray(colors, np.float64) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def _encode(linear: FloatArray) -> ByteArray:
    part = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    encoded: ByteArray = np.rint(255 * part).astype(np.uint8)
    return encoded


def _luminance(linear: FloatArray) -> FloatArray:
    light: FloatArray = linear @ np.array([0.2126, 0.7152, 0.0722])
    return light


def _lightness(colors: ArrayLike) -> FloatArray:
    y = _luminance(_linear(colors))
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, 24389 / 27 * y)


def _oklab(linear: FloatArray) -> FloatArray:
    lab: FloatArray = np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T
    return lab


def _from_oklab(lab: FloatArray) -> ByteArray:
    lms = (lab @ np.linalg.inv(_TO_LAB).T) ** 3
    return _encode(np.clip(lms @ np.linalg.inv(_TO_LMS).T, 0, 1))


def _between(stops: list[Color], count: int) -> ByteArray:
    """So many colours from the first stop to the last, even in OKLab between any two."""
    lab = _oklab(_linear([stop[:3] for stop in stops]))
    places = np.linspace(0, len(stops) - 1, count)
    axes = [np.interp(places, np.arange(len(stops)), lab[:, axis]) for axis in range(3)]
    return _from_oklab(np.stack(axes, axis=-1))


@lru_cache
def _signed_scale(theme: Theme) -> ByteArray:
    return _between([NEGATIVE, theme.neutral, POSITIVE], 2 * _STEPS + 1)


@lru_cache
def _magnitude_scale(theme: Theme) -> ByteArray:
    fine = _between(list(_RAMP), 8 * _STEPS + 1)
    lightness = np.maximum.accumulate(_lightness(fine))
    even = np.linspace(lightness[0], lightness[-1], 2 * _STEPS + 1)
    scale: ByteArray = fine[np.searchsorted(lightness, even).clip(0, len(fine) - 1)]
    dark_ground = _lightness(theme.ground[:3]) < 50
    return scale if dark_ground else scale[::-1]


def _scaled(values: ArrayLike, limit: float, low: int) -> FloatArray:
    if not 0 < limit < np.inf:
        raise InputError("The limit of a scale must be positive and finite", received=str(limit))
    return np.clip(np.asarray(values, np.float64) / limit, low, 1)


def _look_up(scale: ByteArray, position: FloatArray, theme: Theme) -> ByteArray:
    missing = np.isnan(position)
    index = np.rint(np.where(missing, 0, position) * (len(scale) - 1)).astype(np.intp)
    found: ByteArray = scale[index]
    found[missing] = theme.unclassified[:3]
    return found


@lru_cache
def _extended(palette: str) -> ByteArray:
    """The named colours and all that follow, (255, rgb): greedy, so a prefix never changes."""
    levels = np.arange(0, 256, 17)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    light = _luminance(_linear(grid)) + 0.05
    dark_ground, light_ground = (
        float(_luminance(_linear(theme.ground[:3]))) + 0.05 for theme in (DARK, LIGHT)
    )
    grid = grid[(light / dark_ground >= 2) & (light_ground / light >= 1.6)]
    chosen = [list(from_hex(text)[:3]) for text in NAMED[palette].values()]
    seen = _as_seen(grid)
    nearest = np.min([_apart(seen, color) for color in _as_seen(np.array(chosen))], axis=0)
    while len(chosen) < _MOST:
        best = int(np.argmax(nearest))
        chosen.append(grid[best].tolist())
        nearest = np.minimum(nearest, _apart(seen, seen[best]))
    return np.array(chosen, np.uint8)


def _as_seen(colors: Array) -> FloatArray:
    """Colours in OKLab, to each kind of eye: (colour, eye, lab)."""
    linear = _linear(colors)
    eyes = [_oklab(np.clip(linear @ eye.T, 0, 1)) for eye in VISIONS.values()]
    return np.stack(eyes, axis=1)


def _apart(seen: FloatArray, color: FloatArray) -> FloatArray:
    """The distance of each colour from one, to the eye that tells them apart worst."""
    distances: FloatArray = np.linalg.norm(seen - color, axis=-1).min(axis=-1)
    return distances
