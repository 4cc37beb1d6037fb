"""A written scene packed for a page: arrays and pictures as bytes, all of it deflated.

A packed scene begins with four bytes, the length of its first stream; then come streams, each
deflated by itself. The first one holds four bytes, the length of the scene's JSON, then the JSON,
then the bytes that its arrays and small pictures are cut from. A large picture has a stream of its
own, which is inflated when the picture is first shown.

Arrays are stored column by column, byte by byte of their numbers; lengths as whole thousandths;
those of a run may be differences from the run before it. A small picture is places in one table of
colours, as they are or as differences from the picture before in the same box. Differences are
folded (0, −1, 1, −2 … as 0, 1, 2, 3 …). Unpacked again, every number is the same.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any, Final

import numpy as np

from ..scene import Scene
from ..scene_json import (
    LONGEST_LIST,
    Form,
    Json,
    array_value,
    document_text,
    picture_png,
    scene_document,
)
from ..types import Array, ByteArray

LEVEL: Final = 9
MOST_COLORS: Final = 1024
"""Colours of a small picture beyond which it is written as PNG."""
MOST_TABLE: Final = 65536
SMALL_PICTURE: Final = 65536
"""Pixels up to which pictures stand in the first stream."""
MOST_LENGTH: Final = 1e6
"""Lengths from which on thousandths would not fit."""


def packed_scene(scene: Scene) -> tuple[Json, str]:
    """The written scene without its bytes, and all of it packed, in base64."""
    form = Packed()
    document = scene_document(scene, form)
    return document, base64.b64encode(form.packed(document)).decode("ascii")


class Packed(Form):
    """Gathers the bytes of one scene while it is written."""

    in_order = False

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._streams: list[bytes] = []
        self._runs: list[Array | None] = []
        self._small: list[tuple[Json, Array, str]] = []
        self._colors: set[int] = set()
        self._exact: dict[bytes, Json] = {}

    def array(self, array: Array, *, decimals: int = 3) -> Any:
        """An array as bytes of the first stream, as lists where it is short."""
        array = np.asarray(array)
        if array.size <= LONGEST_LIST:
            return array_value(array, decimals=decimals)
        whole = _whole(array) if decimals == 3 else None
        if whole is None:
            return self._told(array, array.dtype, _plain(array))
        return self._told(array, array.dtype, _folded(whole), form="thousandths")

    def exact(self, array: Array) -> Json:
        """An array in single precision or of whole numbers, each content once."""
        small = np.asarray(array, "<f4" if np.asarray(array).dtype.kind == "f" else "<i4")
        content = small.tobytes() + repr((small.dtype.str, small.shape)).encode()
        key = hashlib.blake2b(content, digest_size=16).digest()
        if key not in self._exact:
            self._exact[key] = self._told(small, small.dtype, _plain(small))
        return self._exact[key]

    def run(self, array: Array, before: int | None) -> Any:
        """A run, as differences from the one before it where that is shorter."""
        array = np.asarray(array)
        whole = _whole(array) if array.dtype == np.float32 else array
        kept = whole if whole is not None and whole.dtype.itemsize in (1, 4) else None
        self._runs.append(kept)
        if array.size <= LONGEST_LIST or kept is None:
            return self.array(array)
        kind = "thousandths" if array.dtype == np.float32 else ""
        stored = _folded(kept) if kind else _plain(kept)
        base = None if before is None else self._runs[before]
        if base is not None and base.dtype == kept.dtype:
            changes = _folded(kept - base)
            if _length(changes) < _length(stored):
                return self._told(array, array.dtype, changes, form=kind, before=before)
        return self._told(array, array.dtype, stored, form=kind)

    def picture(self, pixels: ByteArray, palette: ByteArray | None, place: str) -> Json:
        """A picture, by its colours if they are few."""
        rows, columns = pixels.shape[:2]
        entry: Json = {"rows": rows, "columns": columns}
        colors = _colors_of(pixels, palette)
        different, places = np.unique(colors, return_inverse=True)
        more = self._colors.union(different.tolist())
        few = len(different) <= MOST_COLORS and len(more) <= MOST_TABLE
        clear = bool((different < 0xFF000000).any())  # a canvas would round their colours
        if colors.size > SMALL_PICTURE or (clear and not few):
            entry["stream"] = len(self._streams)
            if len(different) <= 256:
                entry["colors"] = different.tolist()
                self._streams.append(_deflated(places.astype(np.uint8).tobytes()))
            elif clear:
                entry["raw"] = True
                self._streams.append(_deflated(colors.astype("<u4").tobytes()))
            else:
                self._streams.append(_deflated(picture_png(pixels, palette)))
            return entry
        if not few:
            entry["png"] = base64.b64encode(picture_png(pixels, palette)).decode("ascii")
            return entry
        self._colors = more
        self._small.append((entry, colors, place))
        return entry

    def packed(self, document: Json) -> bytes:
        """The whole document, which must have been written in this form."""
        document["table"] = self._place_small(document["pictures"])
        lengths = [len(stream) for stream in self._streams]
        text = document_text({**document, "streams": lengths}).encode()
        first = _deflated(len(text).to_bytes(4, "little") + text + bytes(self._bytes))
        return len(first).to_bytes(4, "little") + first + b"".join(self._streams)

    def _place_small(self, pictures: list[Json]) -> list[int]:
        """Write the small pictures, and give the table of their colours, like ones side by side."""
        found = np.array(sorted(self._colors), np.uint32)
        red, green, blue = (found >> shift & 255 for shift in (0, 8, 16))
        table = found[np.lexsort((red, green, red.astype(int) - blue))]
        sorting = np.argsort(table)
        latest: dict[tuple[str, int, int], tuple[int, Array]] = {}
        kind = np.uint8 if len(table) <= 256 else np.uint16
        index = {id(entry): number for number, entry in enumerate(pictures)}
        for entry, colors, place in self._small:
            places = sorting[np.searchsorted(table, colors, sorter=sorting)].astype(kind)
            stored = _plain(places)
            key = (place, entry["rows"], entry["columns"])
            if key in latest:
                before, base = latest[key]
                changes = _folded(places - base)
                if _length(changes) < _length(stored):
                    entry["before"], stored = before, changes
            entry["at"] = len(self._bytes)
            latest[key] = index[id(entry)], places
            self._bytes += stored
        return [int(color) for color in table]

    def _told(
        self, array: Array, dtype: np.dtype[Any], stored: bytes, *, form: str = "",
        before: int | None = None,
    ) -> Json:  # fmt: skip
        told: Json = {"dtype": dtype.str[1:], "shape": list(array.shape), "at": len(self._bytes)}
        if form:
            told["form"] = form
        if before is not None:
            told["before"] = before
        self._bytes += stored
        return told


def _whole(array: Array) -> Array | None:
    """Lengths as whole thousandths, whole numbers as 32 bits; None where they do not fit."""
    if not array.size or np.abs(array.astype(np.float64)).max() >= MOST_LENGTH:
        return None
    if array.dtype == np.float32:
        return np.rint(array.astype(np.float64) * 1000).astype(np.int32)
    return None


def _plain(array: Array) -> bytes:
    """Column by column, byte by byte of the numbers."""
    small = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    if not small.size:
        return b""
    planes = small.reshape(len(small), -1).view(np.uint8)
    return np.ascontiguousarray(planes.T).tobytes()


def _folded(array: Array) -> bytes:
    """The same of numbers around zero: 0, −1, 1, −2 … as 0, 1, 2, 3 …"""
    bits = 8 * array.dtype.itemsize
    signed = array.view(f"i{array.dtype.itemsize}")
    folded = (signed << 1) ^ (signed >> (bits - 1))
    return _plain(folded.view(f"u{array.dtype.itemsize}"))


def _colors_of(pixels: ByteArray, palette: ByteArray | None) -> Array:
    """Red, green, blue, alpha of each pixel as one number, red the lowest."""
    if palette is not None:
        table = np.zeros((256, 4), np.uint8)
        table[: len(palette)] = palette
        parts = table[pixels]
    elif pixels.ndim == 2:
        parts = np.stack([pixels, pixels, pixels, np.full_like(pixels, 255)], axis=2)
    elif pixels.shape[2] == 3:
        parts = np.concatenate([pixels, np.full_like(pixels[:, :, :1], 255)], axis=2)
    else:
        parts = pixels
    return np.ascontiguousarray(parts).view("<u4").reshape(-1).astype(np.uint32)


def _deflated(data: bytes) -> bytes:
    return zlib.compress(data, LEVEL)


def _length(data: bytes) -> int:
    return len(zlib.compress(data, 1))
