"""The room for data: tables, images and known sets become samples with classes and a card."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .augment import Augment
from .catalog import Entry, catalog
from .dataset import Card, Dataset
from .images import ImageDataset
from .joining import joined, set_apart
from .load import load
from .load_images import load_images
from .load_parts import load_parts
from .parts import Parts

if TYPE_CHECKING:
    from .generated_drawings import drawings
    from .ink import drawing_from_image, prepare_drawings
    from .quick_draw_file import quick_draw

__all__ = [
    "Augment",
    "Card",
    "Dataset",
    "Entry",
    "ImageDataset",
    "Parts",
    "catalog",
    "drawing_from_image",
    "drawings",
    "joined",
    "load",
    "load_images",
    "load_parts",
    "prepare_drawings",
    "quick_draw",
    "set_apart",
]

# Public name → the module that has it; drawings need a compiler, which is not loaded before.
_HOMES = {
    "drawing_from_image": "ink",
    "drawings": "generated_drawings",
    "prepare_drawings": "ink",
    "quick_draw": "quick_draw_file",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return value
