"""The room for data: tables, arrays and known sets become samples with classes and a card."""

from .catalog import Entry, catalog
from .dataset import Card, Dataset
from .images import ImageDataset
from .load import load
from .parts import Parts

__all__ = ["Card", "Dataset", "Entry", "ImageDataset", "Parts", "catalog", "load"]
