"""The network of four pixels, from the picture to the answer."""

from __future__ import annotations

from .film import four_pixel
from .pair import four_pixel_pair
from .signs import four_pixel_signs
from .table import four_pixel_rows, four_pixel_table

__all__ = [
    "four_pixel", "four_pixel_pair", "four_pixel_rows", "four_pixel_signs", "four_pixel_table",
]  # fmt: skip
