"""Label maps as bit-planes: 64 cells a machine word, one plane for each bit of the class number.

A state is (plane, row, word), of a volume (plane, slice, row, word): planes 0 … B−1 hold the
class's binary digits, the last plane holds 1 for a classified cell. Unclassified cells and the
spare bits behind the last column are all 0.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
from ..types import UNCLASSIFIED, Array, BoolArray, ByteArray, IntArray, WordArray
from .random_bits import WORD_BITS, word_count


def plane_count(classes: int) -> int:
    """How many planes hold that many classes: ⌈log₂ classes⌉ digits, and one for *classified*."""
    return max(1, (classes - 1).bit_length()) + 1


def pack(labels: ByteArray, classes: int) -> WordArray:
    """A label map (…, row, column) as bit-planes (plane, …, row, word)."""
    *outer, columns = labels.shape
    packed = np.zeros((plane_count(classes), *outer, word_count(columns)), np.uint64)
    lines = packed.reshape(len(packed), -1, packed.shape[-1])
    _gather(np.ascontiguousarray(labels).reshape(-1, columns), lines)
    return packed


@compiled
def _gather(labels: ByteArray, planes: WordArray) -> None:
    """Set the bits of the planes (plane, row, word), which are all 0, by labels (row, column)."""
    rows, columns = labels.shape
    digits = planes.shape[0] - 1
    for row in range(rows):
        for word in range(planes.shape[2]):
            first = WORD_BITS * word
            for plane in range(digits + 1):
                bits = np.uint64(0)
                for place in range(min(WORD_BITS, columns - first)):
                    label = labels[row, first + place]
                    known = np.uint64(label != UNCLASSIFIED)
                    bit = known if plane == digits else (label >> plane) & known
                    bits |= np.uint64(bit) << np.uint64(place)
                planes[plane, row, word] = bits


def pack_bits(bits: BoolArray) -> WordArray:
    """One plane: (…, row, column) of true and false as words, column 64·w + b in bit b of w."""
    columns = bits.shape[-1]
    whole = np.zeros((*bits.shape[:-1], word_count(columns) * WORD_BITS), bool)
    whole[..., :columns] = bits
    packed = np.packbits(whole, axis=-1, bitorder="little")
    return np.ascontiguousarray(packed.view("<u8").astype(np.uint64))


def unpack(planes: WordArray, columns: int) -> ByteArray:
    """Bit-planes (plane, …, row, word) as a label map (…, row, column), 255 for unclassified."""
    lines = row_lines(planes)
    eights = np.empty((lines.shape[1], lines.shape[2] * WORD_BITS // 8), np.uint64)
    _spread(lines, eights)
    labels = eights.astype("<u8", copy=False).view(np.uint8)[:, :columns]
    return np.ascontiguousarray(labels).reshape(*planes.shape[1:-1], columns)


def pack_numbers(cells: IntArray, grid: tuple[int, ...]) -> WordArray:
    """The number of each of the cells (cell, axis) in a grid, others unclassified: bit-planes."""
    numbers = np.arange(len(cells))
    planes = []
    for digit in range(plane_count(len(cells))):
        bits = np.zeros(grid, bool)
        last = digit == plane_count(len(cells)) - 1
        bits[tuple(cells[slice(None) if last else (numbers >> digit) & 1 == 1].T)] = True
        planes.append(pack_bits(bits))
    return np.stack(planes)


def unpack_numbers(planes: WordArray, columns: int) -> Array:
    """Bit-planes (plane, …, row, word) as int32 (…, row, column), −1 for unclassified."""
    lines = row_lines(planes)
    numbers = unpack_bits(lines[-1], columns).astype(np.int32) - 1
    for digit in range(len(lines) - 1):
        numbers += unpack_bits(lines[digit], columns).astype(np.int32) << digit
    return numbers.reshape(*planes.shape[1:-1], columns)


def row_lines(planes: WordArray) -> WordArray:
    """All rows in one row after the other, whatever slices they belong to: (plane, row, word)."""
    return np.ascontiguousarray(planes).reshape(len(planes), -1, planes.shape[-1])


@compiled
def _spread(planes: WordArray, eights: WordArray) -> None:
    """Eight cells a word: a byte each, its digits from the planes (plane, row, word).

    A byte times 0x01…01 stands eight times; of the copy at place i bit i is kept, and adding 127
    carries it to the byte's top.
    """
    ones, seventh = np.uint64(0x0101010101010101), np.uint64(7)
    kept, carry = np.uint64(0x8040201008040201), np.uint64(0x7F7F7F7F7F7F7F7F)
    digits, rows, words = planes.shape[0] - 1, planes.shape[1], planes.shape[2]
    for row in range(rows):
        for word in range(words):
            for eight in range(8):
                shift = np.uint64(8 * eight)
                octet = (planes[digits, row, word] >> shift) & np.uint64(255)
                classified = (((octet * ones) & kept) + carry) >> seventh & ones
                cells = (classified ^ ones) * np.uint64(255)
                for digit in range(digits):
                    octet = (planes[digit, row, word] >> shift) & np.uint64(255)
                    bits = (((octet * ones) & kept) + carry) >> seventh & ones
                    cells |= bits << np.uint64(digit)
                eights[row, 8 * word + eight] = cells


def unpack_bits(plane: WordArray, columns: int) -> ByteArray:
    """One plane as (row, column) of 0 and 1."""
    octets = np.ascontiguousarray(plane.astype("<u8")).view(np.uint8)
    return np.unpackbits(octets, axis=1, count=columns, bitorder="little")
