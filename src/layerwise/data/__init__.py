"""The room for data: tables, images and known sets become samples with classes and a card."""

from .augment import Augment
from .catalog import Entry, catalog
from .dataset import Card, Dataset
from .images import ImageDataset
from .load import load
from .load_images import load_images
from .load_parts import load_parts
from .parts import Parts

__all__ = [
    "Augment",
    "Card",
    "Dataset",
    "Entry",
    "ImageDataset",
    "Parts",
    "catalog",
    "load",
    "load_images",
    "load_parts",
]
