"""Drawings by millions of hands: the `.ndjson` files of Google's Quick, Draw! as pictures.

One JSON object a line, with the word that was asked for and the strokes, each a list of x, a list
of y and, in the raw form, a list of times. Both forms are read: every drawing is scaled to its own
box. The files are data from strangers: whatever is not a drawing is left out, counted and named.
Format: the Quick, Draw! Dataset by Google Creative Lab, CC BY 4.0.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import FileError, InputError
from ..types import ByteArray, FloatArray
from .dataset import Card
from .generated import whole
from .images import ImageDataset
from .ink import MARGIN, framed
from .strokes import Stroke, fitted, render_strokes
from .wording import counted, listed

LONGEST_LINE: Final = 1 << 22
MOST_POINTS: Final = 50_000
MOST_STROKES: Final = 5_000
MOST_DRAWINGS: Final = 5_000_000
FARTHEST: Final = 1e9
PEN: Final = 0.04

_LARGE = 64
_PIECE = 1024

CARD = Card(
    "quick-draw",
    "Quick, Draw!",
    "The Quick, Draw! Dataset, Google Creative Lab",
    "CC BY 4.0",
    "Drawings that players of a game made of a word within 20 seconds. Ink is bright on black.",
)


class _NotADrawingError(Exception):
    pass


def quick_draw(
    paths: str | Path | Sequence[str | Path],
    size: int = 28,
    limit: int | None = None,
    *,
    recognized_only: bool = False,
    prepared: bool = True,
) -> ImageDataset:
    """The drawings in Quick, Draw! files as grey pictures; their words are the classes.

    `paths` is one `.ndjson` file or several, simplified or raw. Pictures are `size` pixels square.
    `limit` takes the first so many of each word; `recognized_only` leaves out what the game's own
    network did not recognise. `prepared` centres and stretches as `prepare_drawings` does;
    otherwise proportions are kept. Words are in alphabetical order, drawings in that of the files.

    Lines that are not drawings are left out, and a note says how many, which and why. Raises
    `FileError` for a file that is missing or holds no drawing, `InputError` for the options.
    """
    size = whole("size", size, 8, 512)
    if limit is not None:
        limit = whole("limit", limit, 1, MOST_DRAWINGS)
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise InputError("There is no file to read", do="Name one .ndjson file or several")
    words: list[str] = []
    pictures: list[ByteArray] = []
    waiting: list[list[Stroke]] = []
    taken: Counter[str] = Counter()
    notes: list[str] = []
    for path in map(Path, given):
        before, bad, passed_over = len(words), [], 0
        for number, line in _lines(path):
            try:
                word, recognized, strokes = _drawing(line)
            except _NotADrawingError as error:
                bad.append(f"line {number:,} ({error})")
                continue
            if (recognized_only and not recognized) or (limit and taken[word] >= limit):
                passed_over += 1
                continue
            if len(words) >= MOST_DRAWINGS:
                raise InputError(
                    "There are too many drawings",
                    allowed=f"Up to {MOST_DRAWINGS:,}",
                    do="Set a limit for each word",
                )
            taken[word] += 1
            words.append(word)
            waiting.append(strokes)
            if len(waiting) == _PIECE:
                pictures.append(_rendered(waiting, size, prepared))
                waiting = []
        if len(words) == before and not passed_over:
            raise FileError(
                f"There are no drawings in {path}",
                received=listed(bad, 3) or "an empty file",
                allowed="Each line is a JSON object with a word and a drawing",
            )
        if bad:
            verb = "is not a drawing and was" if len(bad) == 1 else "are not drawings and were"
            notes.append(f"{counted(len(bad), 'line')} of {path.name} {verb} left out: "
                         f"{listed(bad, 5)}")  # fmt: skip
    if not words:
        raise FileError(
            "None of the drawings was recognised by the game", do="Read without recognized_only"
        )
    if waiting:
        pictures.append(_rendered(waiting, size, prepared))
    classes = tuple(sorted(set(words)))
    places = {word: place for place, word in enumerate(classes)}
    labels = np.array([places[word] for word in words], np.int64)
    pixels = np.concatenate(pictures)[:, None]
    return ImageDataset(pixels, labels, classes, CARD, notes=tuple(notes))


def _rendered(drawings: Sequence[list[Stroke]], size: int, prepared: bool) -> ByteArray:
    if prepared:
        large = render_strokes(drawings, max(_LARGE, 2 * size))
        return np.stack([framed(each / 255.0, size) for each in large])
    return render_strokes(drawings, size)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers; blank ones are passed over."""
    try:
        with path.open("rb") as stream:
            number = 0
            while line := stream.readline(LONGEST_LINE + 1):
                number += 1
                whole_line = line
                while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                    line = stream.readline(LONGEST_LINE + 1)  # the rest of it is not kept
                if whole_line.strip():
                    yield number, whole_line
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError(
            f"{path} cannot be read: {reason}", do="Name a Quick, Draw! file (.ndjson)"
        ) from None


def _drawing(line: bytes) -> tuple[str, bool, list[Stroke]]:
    """Word, whether it was recognised, and strokes in the unit square."""
    if len(line) > LONGEST_LINE:
        raise _NotADrawingError(f"longer than {LONGEST_LINE:,} bytes")
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise _NotADrawingError("not JSON") from None
    if not isinstance(record, dict):
        raise _NotADrawingError("not an object")
    word = record.get("word")
    if not isinstance(word, str) or not 0 < len(word) <= 100 or not word.isprintable():
        raise _NotADrawingError("no word")
    given = record.get("drawing")
    if not isinstance(given, list) or not 0 < len(given) <= MOST_STROKES:
        raise _NotADrawingError("no strokes")
    paths = [_path(stroke) for stroke in given]
    if sum(map(len, paths)) > MOST_POINTS:
        raise _NotADrawingError(f"more than {MOST_POINTS:,} points")
    strokes = [Stroke(path, np.full(len(path), PEN)) for path in paths]
    box = (MARGIN, MARGIN, 1 - MARGIN, 1 - MARGIN)
    return word, record.get("recognized") is not False, fitted(strokes, box)


def _path(stroke: Any) -> FloatArray:
    """One stroke's places, (point, xy); times are not looked at."""
    if not isinstance(stroke, list) or len(stroke) not in (2, 3):
        raise _NotADrawingError("a stroke without x and y")
    x, y = stroke[:2]
    if not (isinstance(x, list) and isinstance(y, list) and 0 < len(x) == len(y) <= MOST_POINTS):
        raise _NotADrawingError("a stroke with unequal x and y")
    for value in (*x, *y):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and -FARTHEST <= value <= FARTHEST):  # NaN is in no range
            raise _NotADrawingError("a place that is not a number")
    return np.column_stack([np.array(x, np.float64), np.array(y, np.float64)])
