"""The shape of one sample, checked before a network is built for it."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InputError


def image_shape(shape: Sequence[int], family: str, *, least: int = 1) -> tuple[int, int, int]:
    """The shape as (channel, row, column), each 1 or more, rows and columns at least `least`.

    Raises `InputError` with the family's name otherwise.
    """
    sizes = sample_shape(shape)
    if len(sizes) != 3 or min(sizes[1:]) < least:
        raise InputError(
            f"A {family} needs images of shape (channel, row, column)"
            + (f" with {least} or more rows and columns" if least > 1 else ""),
            received=f"shape {sizes}",
            do="For tables, build an mlp or a dense resnet",
        )
    return sizes[0], sizes[1], sizes[2]


def sample_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of one sample as whole numbers, each 1 or more. Raises `InputError` otherwise."""
    try:
        sizes = tuple(shape)
    except TypeError:
        sizes = ()
    whole = all(hasattr(size, "__index__") and not isinstance(size, bool) for size in sizes)
    if not sizes or not whole or min(sizes) < 1:
        raise InputError(
            "The shape of a sample is one or more positive whole numbers",
            received=repr(shape)[:80],
            allowed="Such as (64,) for a table or (1, 28, 28) for images",
        )
    return tuple(int(size) for size in sizes)


def positive(name: str, value: int) -> int:
    """The value, if it is a whole number of 1 or more. Raises `InputError` otherwise."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise InputError(f"The {name} is a whole number, 1 or more", received=repr(value))
    return int(value)
