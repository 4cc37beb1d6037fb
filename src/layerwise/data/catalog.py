"""The data sets that come with the package: their cards, their sizes, and how each is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

from ..errors import InputError, unknown_name
from . import bundled, generated, overlap
from .dataset import Card, Dataset


@dataclass(frozen=True)
class Entry:
    """One data set of the catalog: its card and its size (of the default, if generated)."""

    card: Card
    rows: int
    columns: int
    classes: int
    builder: Callable[..., Dataset]

    @property
    def options(self) -> Mapping[str, Any]:
        """The options that `load` takes for it, with what they are unless said otherwise."""
        parameters: Mapping[str, Parameter] = signature(self.builder).parameters
        return {name: parameter.default for name, parameter in parameters.items()}

    def build(self, options: Mapping[str, Any]) -> Dataset:
        """The data set with those options. Raises `UnknownNameError` for one that it lacks."""
        name = self.card.name
        known = self.options
        for option in options:
            if not known:
                raise InputError(f"The data set {name!r} takes no options", received=option)
            if option not in known:
                raise unknown_name("option", option, known, where=f"the data set {name!r}")
        return self.builder(**options)


ENTRIES: Mapping[str, Entry] = {
    entry.card.name: entry
    for entry in (
        Entry(bundled.IRIS, 150, 4, 3, bundled.iris),
        Entry(bundled.WINE, 178, 13, 3, bundled.wine),
        Entry(bundled.BREAST_CANCER, 569, 30, 2, bundled.breast_cancer),
        Entry(bundled.DIGITS, 1797, 64, 10, bundled.digits),
        Entry(generated.MOONS, 1000, 2, 2, generated.moons),
        Entry(generated.SPIRALS, 1000, 2, 2, generated.spirals),
        Entry(overlap.CARD, 3000, 2, 4, overlap.overlap),
    )
}


def catalog() -> list[Entry]:
    """What `load` knows by name: for each data set its card, rows, columns, classes, options."""
    return list(ENTRIES.values())
