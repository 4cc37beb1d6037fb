"""Kernels: the small tables of numbers that slide over a picture, by name or typed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np

from ...errors import InputError, unknown_name
from ...types import FloatArray

NAMED: Final = {
    "identity": "0 0 0; 0 1 0; 0 0 0",
    "blur": "1/9 1/9 1/9; 1/9 1/9 1/9; 1/9 1/9 1/9",
    "gaussian": "1/16 1/8 1/16; 1/8 1/4 1/8; 1/16 1/8 1/16",
    "sharpen": "0 -1 0; -1 5 -1; 0 -1 0",
    "edges": "-1 -1 -1; -1 8 -1; -1 -1 -1",
    "sobel": "-1 0 1; -2 0 2; -1 0 1",
    "sobel-down": "-1 -2 -1; 0 0 0; 1 2 1",
    "laplacian": "0 1 0; 1 -4 1; 0 1 0",
    "emboss": "-2 -1 0; -1 1 1; 0 1 2",
}
"""Name → the kernel as it would be typed in: rows apart by semicolons, numbers by spaces.

Sobel's two (Sobel and Feldman, 1968) answer to a change from left to right and from top to bottom.
"""

LARGEST_SIDE: Final = 64
_LONGEST: Final = 40_000  # characters of a kernel typed in
_HOW: Final = 'Such as "0 -1 0; -1 5 -1; 0 -1 0": rows apart by semicolons; 1/9 and 0.5 are numbers'
_FACTOR: Final = re.compile(r"^\s*([^\s*×·\[(]+)\s*[*×·]\s*(.+)$", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Kernel:
    """A kernel with its numbers, (row, column), and as they were written ("1/9")."""

    name: str
    values: FloatArray
    written: tuple[tuple[str, ...], ...]


def kernel_names() -> tuple[str, ...]:
    """The names of the kernels that need not be typed in."""
    return tuple(NAMED)


def kernel(given: Any) -> Kernel:
    """A kernel by its name ("sharpen"), as text, or from numbers in rows (row, column).

    Text is "0 -1 0; -1 5 -1; 0 -1 0": rows apart by semicolons or lines, numbers by spaces or
    commas; fractions (1/9) are exact until they become double precision, once; a factor may stand
    before all ("1/9 * 1 1 1; 1 1 1; 1 1 1"). Raises `InputError` for what is no number, rows of
    different lengths and more than 64 × 64 numbers, `UnknownNameError` for an unknown name.
    """
    if isinstance(given, Kernel):
        return given
    if isinstance(given, str):
        word = given.strip().lower()
        if word in NAMED:
            return _typed(NAMED[word], word)
        if re.fullmatch(r"[a-z][a-z _-]*", word) and word not in ("nan", "inf", "infinity"):
            raise unknown_name("kernel", given, NAMED, do="Or type its numbers: " + _HOW)
        return _typed(given, "")
    return _from_numbers(given)


def _typed(text: str, name: str) -> Kernel:
    if len(text) > _LONGEST:
        raise InputError("The kernel is too long to read", received=f"{len(text):,} characters")
    factor = Fraction(1)
    plain = text.replace("\u2212", "-").strip()
    split = _FACTOR.match(plain)
    if split:
        factor, plain = _number(split[1]), split[2]
    plain = re.sub(r"[\])]\s*,?\s*[\[(]", ";", plain).translate(str.maketrans("[]()", "    "))
    rows = [re.split(r"[\s,]+", row.strip(" ,\t\r")) for row in re.split(r"[;\n]", plain)]
    rows = [row for row in rows if row != [""]]
    if not rows:
        raise InputError("The kernel has no numbers", received=repr(text), allowed=_HOW)
    exact = [[factor * _number(cell) for cell in row] for row in rows]
    _check_rows([len(row) for row in rows])
    values = np.array([[float(cell) for cell in row] for row in exact])
    written = tuple(
        tuple(_told(value, cell if factor == 1 else "") for value, cell in zip(*both, strict=True))
        for both in zip(exact, rows, strict=True)
    )
    return Kernel(name, values, written)


def _from_numbers(given: Any) -> Kernel:
    try:
        rows = [list(row) for row in given]
        _check_rows([len(row) for row in rows])
        values = np.array(rows)
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            "A kernel is rows of numbers, or text", received=repr(given)[:80], allowed=_HOW
        ) from None
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise InputError(
            "A kernel is rows of numbers, or text",
            received=f"an array of shape {values.shape} and type {values.dtype}", allowed=_HOW,
        )  # fmt: skip
    finite(values, "kernel")
    values = values.astype(np.float64)
    written = tuple(tuple(f"{cell:.4g}" for cell in row) for row in values.tolist())
    return Kernel("", values, written)


def finite(values: Any, what: str) -> None:
    """Raise `InputError` where a number is not finite, and say where the first one stands."""
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        place = ", ".join(str(at) for at in wrong[0].tolist())
        raise InputError(
            f"The {what} must be made of finite numbers",
            received=f"{values[tuple(wrong[0])]} at ({place}), and {len(wrong) - 1:,} more",
            do="Replace them first, for example by numpy.nan_to_num",
        )


def _check_rows(lengths: list[int]) -> None:
    if len(set(lengths)) > 1:
        raise InputError(
            "The rows of a kernel must be equally long",
            received=f"rows of {', '.join(map(str, lengths[:8]))} numbers", allowed=_HOW,
        )  # fmt: skip
    if not lengths or not lengths[0]:
        raise InputError("The kernel has no numbers", allowed=_HOW)
    if max(len(lengths), lengths[0]) > LARGEST_SIDE:
        raise InputError(
            "The kernel is too large", received=f"{len(lengths)} × {lengths[0]}",
            allowed=f"At most {LARGEST_SIDE} × {LARGEST_SIDE} numbers",
        )  # fmt: skip


def _number(text: str) -> Fraction:
    wrong = InputError(
        "The kernel has something in it that is not a number", received=repr(text), allowed=_HOW
    )
    # A long exponent would be written out digit by digit by an exact fraction.
    if len(text) > 40 or re.search(r"[eE][+-]?\d{3}", text):
        raise wrong
    try:
        top, _, below = text.partition("/")
        return Fraction(top) / (Fraction(below) if "/" in text else 1)
    except (ValueError, ZeroDivisionError):
        raise wrong from None


def _told(value: Fraction, cell: str) -> str:
    if cell:
        return cell.removeprefix("+")
    short = str(value)
    return short if len(short) <= 6 else f"{float(value):.3g}"
