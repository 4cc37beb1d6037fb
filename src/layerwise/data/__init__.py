"""The room for data: tables, arrays and known sets become samples with classes and a card."""

from .catalog import Entry, catalog
from .dataset import Card, Dataset
from .load import load

__all__ = ["Card", "Dataset", "Entry", "catalog", "load"]
