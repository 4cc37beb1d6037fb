"""The written form of a scene: plain JSON that a page, another program or a person can read.

`scene.schema.json` beside this module is its schema (JSON Schema, draft 2020-12). There is one
entry per stop of the timeline, and equal marks, pictures and palettes are written once, however
many stops show them. While it is made, the marks of one stop are held at a time, never the film.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from .errors import InputError
from .files import replacing
from .scene import (
    Chapter,
    Curves,
    Discs,
    GridReading,
    Image,
    Mark,
    Rectangles,
    Reference,
    Scene,
    Segments,
)
from .types import Array, ByteArray

VERSION: Final = 1
SHORTEST_RUN: Final = 33
"""Arrays of so many numbers or more may share a run: a curve that grows is written once."""
LONGEST_LIST: Final = 256
"""Arrays of more numbers than this are written as bytes in base64."""
MOST_READING_CELLS: Final = 6_000_000
"""Cells × classes of a reading beyond which only every k-th row and column is written."""

Json = dict[str, Any]


def scene_document(scene: Scene) -> Json:
    """The whole scene as plain dictionaries, lists, numbers and strings, ready for `json.dumps`.

    Pictures are PNG in base64. An image whose site is in `scene.replays` is written without its
    pixels, since whoever reads the recipe can compute them. Lengths are rounded to 3 decimals.
    Raises `InputError` where a mark holds a number that is not finite.
    """
    replays = {**scene.replays, **(scene.portrait.replays if scene.portrait else {})}
    shared = _Shared(frozenset(replays))
    film = _film(scene, shared)
    portrait = _film(scene.portrait, shared) if scene.portrait else None
    return {
        "format": "layerwise.scene",
        "version": VERSION,
        **film,
        "portrait": portrait,
        "runs": [array_value(run) for run in shared.runs.entries],
        "palettes": shared.palettes.entries,
        "pictures": shared.pictures.entries,
        "replays": {site: _plain(recipe) for site, recipe in replays.items()},
    }


def document_text(document: Json, *, indent: int | None = None) -> str:
    """That document as JSON text: the same text for the same document, always."""
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(
        document, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators
    )


def write_json(scene: Scene, path: str | Path, *, indent: int | None = None) -> None:
    """Write the scene's JSON to a file, indented by so many spaces or in one line.

    The file appears whole or not at all; raises `OutputError` where it cannot be written.
    """
    text = document_text(scene_document(scene), indent=indent)
    with replacing(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8", newline="\n")


def array_value(array: Array, *, decimals: int = 3) -> list[Any] | Json:
    """An array as JSON: nested lists of up to 256 numbers, else its bytes with type and shape.

    Bytes are little-endian, rows first, in base64; `dtype` is "<f4", "<u4", "<u1" and so on.
    """
    array = np.asarray(array)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError("A scene can only be written with finite numbers", received="NaN or ∞")
    if array.size <= LONGEST_LIST:
        return _listed(array.tolist(), decimals)
    if array.dtype.kind == "f" and array.dtype.itemsize == 4:
        array = np.round(array, decimals)  # equal pictures stay equal text
    small = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return {
        "dtype": small.dtype.str.replace("|", "<"),
        "shape": list(small.shape),
        "base64": _base64(np.ascontiguousarray(small).tobytes()),
    }


def picture_png(pixels: ByteArray, palette: ByteArray | None = None) -> bytes:
    """A picture as PNG bytes, without loss.

    `pixels` is (row, column, rgb or rgba) or, with a palette of (entry, rgba), (row, column)
    indices; (row, column) without a palette is written in grey.
    """
    from PIL import Image as Pictures  # loaded when a picture is written, not before

    if pixels.ndim == 2 and palette is not None:
        entries = palette[: max(int(pixels.max(initial=0)) + 1, 1)]
        picture = Pictures.fromarray(np.ascontiguousarray(pixels), "L")
        picture.putpalette(entries[:, :3].tobytes())
        alpha = entries[:, 3]
        options = {"transparency": alpha.tobytes()} if (alpha < 255).any() else {}
    else:
        picture = Pictures.fromarray(np.ascontiguousarray(pixels))
        options = {}
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=6, **options)  # 9: 4 % smaller, 9 times slower
    return buffer.getvalue()


class _Table:
    """Entries in the order they were met, each content once."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self._index_by_digest: dict[bytes, int] = {}

    def find(self, *parts: bytes) -> tuple[bytes, int | None]:
        digest = hashlib.blake2b(digest_size=16)
        for part in parts:
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.digest(), self._index_by_digest.get(digest.digest())

    def add(self, digest: bytes, entry: Any) -> int:
        self.entries.append(entry)
        index = self._index_by_digest[digest] = len(self.entries) - 1
        return index

    def index(self, entry: Any) -> int:
        """The place of that JSON value, added if it is new."""
        digest, index = self.find(json.dumps(entry, sort_keys=True).encode())
        return self.add(digest, entry) if index is None else index


class _Runs:
    """Long arrays, where one that begins like another is written as a part of it."""

    def __init__(self) -> None:
        self.entries: list[Array] = []
        self._by_start: dict[bytes, list[int]] = {}

    def value(self, array: Array) -> Json:
        """The array as the first `count` rows of a run, which grows if need be."""
        if array.dtype == np.float32:
            array = np.round(array, 3) + np.float32(0)  # equal text for −0 and 0
        start = repr((array.shape[1:], array.dtype.str)).encode() + array[:1].tobytes()
        alike = self._by_start.setdefault(start, [])
        for index in reversed(alike[-4:]):
            run = self.entries[index]
            shared = min(len(run), len(array))
            if np.array_equal(run[:shared], array[:shared]):
                if len(array) > shared:
                    self.entries[index] = array
                return {"run": index, "count": len(array)}
        self.entries.append(array)
        alike.append(len(self.entries) - 1)
        return {"run": alike[-1], "count": len(array)}


class _Shared:
    """What a film and its portrait layout have in common."""

    def __init__(self, replayed: frozenset[str]) -> None:
        self.replayed, self.runs = replayed, _Runs()
        self.palettes, self.pictures = _Table(), _Table()

    def palette(self, palette: ByteArray) -> int:
        return self.palettes.index(array_value(palette))

    def picture(self, pixels: ByteArray, palette: ByteArray | None = None) -> int:
        entries = b"" if palette is None else np.ascontiguousarray(palette).tobytes()
        shape = repr((pixels.shape, palette is None)).encode()
        digest, index = self.pictures.find(shape, np.ascontiguousarray(pixels).tobytes(), entries)
        if index is not None:
            return index
        png = _base64(picture_png(pixels, palette))
        rows, columns = pixels.shape[:2]
        return self.pictures.add(digest, {"rows": rows, "columns": columns, "png": png})


def _film(scene: Scene, shared: _Shared) -> Json:
    marks = _Table()
    seen: dict[int, tuple[Mark, int]] = {}  # of the stop before: static marks are the same objects
    stops: list[Json] = []
    for number, stop in enumerate(scene.stops):
        shown: dict[int, tuple[Mark, int]] = {}
        order: list[int] = []
        for mark in scene.stop_marks(number):
            known = seen.get(id(mark))
            index = known[1] if known else marks.index(_mark(mark, shared))
            shown[id(mark)] = (mark, index)
            order.append(index)
        seen = shown
        stops.append(
            {
                "time": _number(stop.start, 6),
                "rest": _number(stop.rest, 6),
                "label": stop.label,
                "marks": order,
            }
        )
    return {
        "size": list(scene.size),
        "fps": _number(scene.fps, 6),
        "duration": _number(scene.duration, 6),
        "ground": list(scene.ground),
        "title": scene.title,
        "description": scene.description,
        "chapters": [_chapter(chapter) for chapter in scene.chapters],
        "poster": scene.poster % len(scene.stops),
        "stops": stops,
        "marks": marks.entries,
        "readings": [_reading(reading, shared) for reading in scene.readings()],
    }


def _chapter(chapter: Chapter) -> Json:
    return {"stop": chapter.stop, "name": chapter.name}


def _mark(mark: Mark, shared: _Shared) -> Json:
    written: Json = {"kind": mark.kind}
    match mark:
        case Discs():
            names = ("centers", "radii", "fill", "stroke", "stroke_widths")
            written |= _arrays(mark, names, shared)
        case Segments():
            written |= _arrays(mark, ("ends", "widths", "colors"), shared)
        case Curves():
            written |= _arrays(mark, ("points", "widths", "colors"), shared)
        case Rectangles():
            names = ("boxes", "radii", "fill", "stroke", "stroke_widths")
            written |= _arrays(mark, names, shared)
        case Image():
            written |= {"box": _listed(mark.box), "sampling": mark.sampling}
            if mark.palette is not None:
                written["palette"] = shared.palette(mark.palette)
            if not _replayed(mark, shared):
                written["picture"] = shared.picture(mark.pixels, mark.palette)
        case _:
            written |= {
                "at": _listed(mark.at),
                "string": mark.string,
                "size": _number(mark.size),
                "color": [int(part) for part in mark.color],
                "weight": mark.weight,
                "anchor": mark.anchor,
                "family": mark.family,
            }
    if mark.refers is not None:
        written["refers"] = _reference(mark.refers)
    return written


def _replayed(mark: Image, shared: _Shared) -> bool:
    refers = mark.refers
    return (
        mark.palette is not None
        and refers is not None
        and refers.site in shared.replayed
        and refers.moment is not None
    )


def _arrays(mark: Mark, names: Sequence[str], shared: _Shared) -> Json:
    """The mark's arrays; one whose rows are all equal is written as that one row."""
    written: Json = {}
    for name in names:
        array: Array = getattr(mark, name)
        if (
            name not in ("centers", "ends", "points", "boxes")
            and len(array)
            and (array == array[0]).all()
        ):
            array = array[:1]
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(
                f"A scene can only be written with finite numbers: mend the {name} of {mark.kind}",
                received="NaN or ∞",
            )
        long = array.size >= SHORTEST_RUN
        written[name] = shared.runs.value(array) if long else array_value(array)
    return written


def _reference(refers: Reference) -> Json:
    written: Json = {"site": refers.site}
    if refers.moment is not None:
        written["moment"] = int(refers.moment)
    if refers.indices is not None:
        written["indices"] = array_value(refers.indices)
    return written


def _reading(reading: GridReading, shared: _Shared) -> Json:
    _, rows, columns = reading.percent.shape
    step = reading_step(reading.percent.shape)
    return {
        "box": _listed(reading.box),
        "rows": rows,
        "columns": columns,
        "step": step,
        "column_axis": reading.column_axis,
        "row_axis": reading.row_axis,
        "column_values": _coordinates(reading.column_values[::step]),
        "row_values": _coordinates(reading.row_values[::step]),
        "classes": list(reading.classes),
        "percent": [shared.picture(plane[::step, ::step]) for plane in reading.percent],
        "caption": reading.caption,
    }


def reading_step(shape: tuple[int, ...]) -> int:
    """The least k for which every k-th row and column keeps a reading within its limit of cells.

    `shape` is (class, row, column).
    """
    classes, rows, columns = shape
    step = 1
    while math.ceil(rows / step) * math.ceil(columns / step) * classes > MOST_READING_CELLS:
        if step >= max(rows, columns):
            break
        step += 1
    return step


def _coordinates(values: Array) -> list[Any] | Json:
    # Data coordinates may be tiny or huge: seven significant digits, not three decimals.
    values = np.asarray(values, np.float64)
    if values.size > LONGEST_LIST:
        return array_value(values)
    return [float(f"{value:.7g}") for value in values.tolist()]


def _plain(value: Any) -> Any:
    """A recipe with its arrays, tuples and NumPy numbers turned into JSON's own."""
    match value:
        case np.ndarray():
            return array_value(value, decimals=6)
        case np.generic():
            return value.item()
        case Mapping():
            return {str(key): _plain(part) for key, part in value.items()}
        case bytes():
            return _base64(value)
        case list() | tuple():
            return [_plain(part) for part in value]
    return value


def _listed(values: Any, decimals: int = 3) -> list[Any]:
    return [
        _listed(value, decimals) if isinstance(value, list) else _number(value, decimals)
        for value in values
    ]


def _number(value: float, decimals: int = 3) -> float | int:
    if not math.isfinite(value):
        raise InputError("A scene can only be written with finite numbers", received=f"{value}")
    if isinstance(value, int):
        return value
    short = round(float(value), decimals)
    return int(short) if short == int(short) else short


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
