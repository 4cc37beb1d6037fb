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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from .errors import InputError
from .files import replacing
from .scene import (
    Chapter,
    Curves,
    Discs,
    GridReading,
    Image,
    Kernels,
    LayerReading,
    Mark,
    Part,
    Rectangles,
    Reference,
    Scene,
    Segments,
    Terms,
    UnitReading,
    WindowReading,
)
from .scene_volume import Volume
from .types import Array, ByteArray

VERSION: Final = 1
SHORTEST_RUN: Final = 33
"""Arrays of so many numbers or more may share a run: a curve that grows is written once."""
LONGEST_LIST: Final = 256
"""Arrays of more numbers than this are written as bytes in base64."""
MOST_READING_CELLS: Final = 6_000_000
"""Cells × classes of a reading beyond which only every k-th row and column is written."""

Json = dict[str, Any]


class Form:
    """How a written scene holds its arrays and pictures: here all in the text, as the schema says.

    `in_order`: whether curves are written in the order in which they are drawn. Otherwise they are
    written by their places, which stay the same while the order changes, with an `order` beside.
    """

    in_order = True

    def array(self, array: Array, *, decimals: int = 3) -> Any:
        """An array."""
        return array_value(array, decimals=decimals)

    def exact(self, array: Array) -> Json:
        """An array of floats or whole numbers, not rounded and perhaps not finite, as bytes."""
        kind = np.dtype("<f4") if np.asarray(array).dtype.kind == "f" else np.dtype("<i4")
        small = np.ascontiguousarray(np.asarray(array, kind))
        return {
            "dtype": kind.str, "shape": list(small.shape), "base64": _base64(small.tobytes())
        }  # fmt: skip

    def run(self, array: Array, before: int | None) -> Any:
        """A run, in the order of runs; `before` is one of its shape that was shown before it."""
        return self.array(array)

    def picture(self, pixels: ByteArray, palette: ByteArray | None, place: str) -> Json:
        """A picture; `place` says where it is shown: those of one place may be alike."""
        rows, columns = pixels.shape[:2]
        return {"rows": rows, "columns": columns, "png": _base64(picture_png(pixels, palette))}


def scene_document(scene: Scene, form: Form | None = None) -> Json:
    """The whole scene as plain dictionaries, lists, numbers and strings, ready for `json.dumps`.

    Pictures are PNG in base64. An image whose site is in `scene.replays` is written without its
    pixels, since whoever reads the recipe can compute them. Lengths are rounded to 3 decimals.
    Raises `InputError` where a mark holds a number that is not finite.
    """
    replays = {**scene.replays, **(scene.portrait.replays if scene.portrait else {})}
    form = form or Form()
    shared = _Shared(frozenset(replays), form)
    film = _film(scene, shared)
    portrait = _film(scene.portrait, shared) if scene.portrait else None
    return {
        "format": "layerwise.scene",
        "version": VERSION,
        **film,
        "portrait": portrait,
        "runs": [form.run(run, before) for run, before in shared.runs.written()],
        **({"insides": shared.insides} if shared.insides else {}),
        "palettes": shared.palettes.entries,
        "pictures": shared.pictures.entries,
        "replays": {site: _plain(recipe, form) for site, recipe in replays.items()},
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
        self._latest: dict[tuple[object, ...], int] = {}
        self._before: dict[int, int] = {}

    def value(self, array: Array, *role: object) -> Json:
        """The array as the first `count` rows of a run, which grows if need be.

        `role` says what it is, so that it is known which run was that before.
        """
        value = self._value(array)
        latest = self._latest.get(role)
        if latest is not None and latest < value["run"]:
            self._before.setdefault(value["run"], latest)
        self._latest[role] = value["run"]
        return value

    def written(self) -> Iterator[tuple[Array, int | None]]:
        """Each run, with the one before it in its role if that is of the same shape."""
        for index, run in enumerate(self.entries):
            before = self._before.get(index)
            fits = before is not None and self.entries[before].shape == run.shape
            yield run, before if fits else None

    def _value(self, array: Array) -> Json:
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

    def __init__(self, replayed: frozenset[str], form: Form) -> None:
        self.replayed, self.form, self.runs = replayed, form, _Runs()
        self.palettes, self.pictures = _Table(), _Table()
        self.insides: list[Json] = []
        # The functions are kept beside their places, so that none is taken for another.
        self._inside_of: dict[int, tuple[Callable[[], Scene], int]] = {}

    def inside(self, draw: Callable[[], Scene]) -> int:
        """The place of what is in a part, drawn once for all parts that share the function."""
        if id(draw) not in self._inside_of:
            self._inside_of[id(draw)] = draw, len(self.insides)
            at = len(self.insides)
            self.insides.append({})
            self.insides[at] = _film(draw(), self)
        return self._inside_of[id(draw)][1]

    def palette(self, palette: ByteArray) -> int:
        return self.palettes.index(array_value(palette))

    def picture(self, pixels: ByteArray, palette: ByteArray | None = None, place: str = "") -> int:
        entries = b"" if palette is None else np.ascontiguousarray(palette).tobytes()
        shape = repr((pixels.shape, palette is None)).encode()
        digest, index = self.pictures.find(shape, np.ascontiguousarray(pixels).tobytes(), entries)
        if index is not None:
            return index
        return self.pictures.add(digest, self.form.picture(pixels, palette, place))


def _film(scene: Scene, shared: _Shared) -> Json:
    marks = _Table()
    seen: dict[int, tuple[Mark, int]] = {}  # of the stop before: static marks are the same objects
    stops: list[Json] = []
    for number, stop in enumerate(scene.stops):
        shown: dict[int, tuple[Mark, int]] = {}
        order: list[int] = []
        for mark in scene.written_marks(number):
            known = seen.get(id(mark))
            index = known[1] if known else marks.index(_mark(mark, shared))
            shown[id(mark)] = (mark, index)
            order.append(index)
        seen = shown
        times = {"time": _number(stop.start, 6), "rest": _number(stop.rest, 6)}
        stops.append({**times, "label": stop.label, "marks": order})
    units = scene.units()
    more: Json = {} if units is None else {"units": _units(units, shared.form)}
    windows = scene.windows()
    if windows:
        more["windows"] = [_fields(window, shared.form) for window in windows]
    volume = scene.volume()
    if volume is not None:
        more["volume"] = _fields(volume, shared.form)
    parts = scene.parts()
    if parts:
        more["parts"] = [_part(part, shared) for part in parts]
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
        **more,
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
            mark, order = _by_place(mark) if not shared.form.in_order else (mark, None)
            written |= _arrays(mark, ("points", "widths", "colors"), shared)
            if order is not None:
                written["order"] = order if isinstance(order, str) else shared.runs.value(order)
        case Rectangles():
            names = ("boxes", "radii", "fill", "stroke", "stroke_widths")
            written |= _arrays(mark, names, shared)
        case Image():
            written |= {"box": _listed(mark.box), "sampling": mark.sampling}
            if mark.palette is not None:
                written["palette"] = shared.palette(mark.palette)
            if not _replayed(mark, shared):
                place = repr(written["box"])
                written["picture"] = shared.picture(mark.pixels, mark.palette, place)
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
        written["refers"] = _reference(mark.refers, shared)
    return written


def _replayed(mark: Image, shared: _Shared) -> bool:
    refers = mark.refers
    return (
        mark.palette is not None
        and refers is not None
        and refers.site in shared.replayed
        and refers.moment is not None
    )


def _by_place(mark: Curves) -> tuple[Curves, Array | Literal["alpha"] | None]:
    """The curves sorted by their points, and in which order these are then drawn.

    "alpha": the faintest first, equal ones as they are sorted; None: as they are sorted.
    """
    if len(mark.points) < SHORTEST_RUN:
        return mark, None
    sorting = np.lexsort(mark.points.T[::-1])
    order = np.argsort(sorting, kind="stable")
    if (order == np.arange(len(order))).all():
        return mark, None
    refers = mark.refers
    if refers is not None and refers.indices is not None:
        refers = replace(refers, indices=np.asarray(refers.indices)[sorting])
    by_place = replace(
        mark, points=mark.points[sorting], widths=mark.widths[sorting],
        colors=mark.colors[sorting], refers=refers,
    )  # fmt: skip
    if (np.argsort(by_place.colors[:, 3], kind="stable") == order).all():
        return by_place, "alpha"
    return by_place, order.astype(np.int32)


def _arrays(mark: Mark, names: Sequence[str], shared: _Shared) -> Json:
    """The mark's arrays; one whose rows are all equal is written as that one row."""
    written: Json = {}
    lead: int | None = None
    for name in names:
        array: Array = getattr(mark, name)
        leads = name in ("centers", "ends", "points", "boxes")
        if not leads and len(array) and (array == array[0]).all():
            array = array[:1]
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(
                f"A scene can only be written with finite numbers: mend the {name} of {mark.kind}",
                received="NaN or ∞",
            )
        if array.size < SHORTEST_RUN:
            written[name] = array_value(array)
            continue
        written[name] = shared.runs.value(array, mark.kind, name, lead, array.shape)
        lead = written[name]["run"] if lead is None else lead
    return written


def _reference(refers: Reference, shared: _Shared) -> Json:
    written: Json = {"site": refers.site}
    if refers.moment is not None:
        written["moment"] = int(refers.moment)
    if refers.indices is not None:
        indices = np.asarray(refers.indices)
        if indices.size and indices.min() >= 0 and indices.max() < 2**31:
            indices = indices.astype(np.int32)
        long = indices.size >= SHORTEST_RUN and not shared.form.in_order
        written["indices"] = shared.runs.value(indices) if long else array_value(indices)
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
        "percent": [
            shared.picture(plane[::step, ::step], place=f"reading {number}")
            for number, plane in enumerate(reading.percent)
        ],
        "caption": reading.caption,
    }


def _part(part: Part, shared: _Shared) -> Json:
    inside = None if part.inside is None else shared.inside(part.inside)
    written: Json = {
        "box": _listed(part.box), "name": part.name, "lines": list(part.lines), "inside": inside
    }  # fmt: skip
    if part.stops and inside is not None:
        written["stops"] = list(part.stops)
    return written


def _units(reading: UnitReading, form: Form) -> Json:
    layers = [_fields(layer, form) for layer in reading.layers]
    return {"rows": list(reading.rows), "layers": layers}


def _fields(value: LayerReading | Terms | Kernels | WindowReading | Volume, form: Form) -> Json:
    """Every field by its name; arrays exact, to the last bit of their floats."""
    written: Json = {}
    for each in fields(value):
        part = getattr(value, each.name)
        match part:
            case Terms() | Kernels():
                written[each.name] = _fields(part, form)
            case np.ndarray():
                written[each.name] = form.exact(part)
            case tuple():
                written[each.name] = list(part)
            case _:
                written[each.name] = part
    return written


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


def _plain(value: Any, form: Form) -> Any:
    """A recipe with its arrays, tuples and NumPy numbers turned into JSON's own."""
    match value:
        case np.ndarray():
            return form.array(value, decimals=6)
        case np.generic():
            return value.item()
        case Mapping():
            return {str(key): _plain(part, form) for key, part in value.items()}
        case bytes():
            return _base64(value)
        case list() | tuple():
            return [_plain(part, form) for part in value]
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
