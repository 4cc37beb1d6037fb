"""Samples for a decision map, flat, with their classes by name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError, unknown_name
from ...types import Array, FloatArray, IntArray
from .reader import MOST_CLASSES, Reader


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples in rows with what is known about them.

    `rows` (sample, input) are flat, `shape` is that of one; `given` are the classes as they came,
    None where nobody said them; `names` the classes of a data set, () where it has none.
    """

    rows: FloatArray
    shape: tuple[int, ...]
    columns: tuple[str, ...]
    given: Array | None
    names: tuple[str, ...]
    title: str
    picture: bool

    def classes(self, reader: Reader, count: int) -> tuple[str, ...]:
        """The names of all classes, for a classifier that answers with so many."""
        if self.names:
            return self.names
        if reader.classes:
            return tuple(str(one) for one in reader.classes)
        if self.given is not None:
            found = tuple(str(one) for one in np.unique(self.given).tolist())
            if len(found) <= count:
                whole = self.given.dtype.kind in "iub" and self.given.min() >= 0
                if whole and self.given.max() < count:
                    return tuple(str(one) for one in range(count))
                if len(found) == count:
                    return found
            raise InputError(
                f"The classifier answers with {count} classes, the samples have {len(found)}",
                received=", ".join(found[:8]),
            )
        return tuple(str(one) for one in range(count))

    def labels(self, classes: tuple[str, ...]) -> IntArray | None:
        """The class of each sample as its place among those names; None where it is not known."""
        if self.given is None:
            return None
        places = {name: place for place, name in enumerate(classes)}
        if self.names:
            return np.asarray(self.given, np.int64)
        unknown = [str(one) for one in np.unique(self.given).tolist() if str(one) not in places]
        if unknown:
            raise unknown_name("class", unknown[0], classes, where="the samples")
        return np.array([places[str(one)] for one in self.given.tolist()], np.int64)


def samples_of(data: Any) -> Samples:
    """The samples of a data set, of images, of a pair (X, y), or of X alone.

    Pictures in bytes (uint8, three axes or more) become 0 to 1, as `fit` gives them to a network.
    Raises `InputError` for what is not numbers, not finite, or too few.
    """
    if hasattr(data, "training") and hasattr(data, "control"):
        data = data.training  # parts: what was learned from
    title = ""
    if hasattr(data, "card"):
        names, title = tuple(data.classes), str(data.card.title)
        labels = None if data.labels is None else np.asarray(data.labels)
        picture = not hasattr(data, "features")
        x = data.batch(np.arange(len(data))) if picture else data.features
        columns = () if picture else tuple(data.columns)
    else:
        pair = isinstance(data, tuple) and len(data) == 2
        x, y = data if pair else (data, None)
        labels = None if y is None else np.asarray(y)
        names, columns = (), tuple(str(one) for one in getattr(x, "columns", ()))
        picture = False
    array = _numbers(x)
    picture = picture or array.ndim > 2
    flat = array.reshape(len(array), -1) if len(array) else array.reshape(0, 0)
    if labels is not None and labels.shape != (len(flat),):
        raise InputError(
            f"There must be one class for each of {len(flat):,} samples",
            received=f"shape {labels.shape}",
        )
    if labels is not None and len(np.unique(labels)) > MOST_CLASSES:
        raise InputError(
            f"A decision map tells up to {MOST_CLASSES} classes apart",
            received=f"{len(np.unique(labels)):,} different ones",
            do="Give class names or whole numbers, not measurements",
        )
    if len(columns) != flat.shape[1]:
        width = flat.shape[1]
        columns = ("x", "y") if width == 2 else tuple(f"x{one + 1}" for one in range(width))
    return Samples(flat, array.shape[1:], columns, labels, names, title, picture)


def order_of(reader: Reader, classes: tuple[str, ...], count: int) -> IntArray:
    """For each of the classifier's columns, which class it stands for: (column,)."""
    if not reader.classes:
        if count != len(classes):
            raise InputError(
                f"The classifier answers with {count} classes, the data has {len(classes)}",
                received=", ".join(classes[:8]),
            )
        return np.arange(count)
    if len(reader.classes) != count:
        raise InputError(
            f"The classifier knows {len(reader.classes)} classes and gives {count} numbers"
        )
    # What was learned from numbers knows no names: its classes stand for their places.
    counted = [str(one) for one in reader.classes] == [str(one) for one in range(len(classes))]
    if counted and "0" not in classes:
        return np.arange(count)
    found = []
    for one in reader.classes:
        whole = isinstance(one, int) and not isinstance(one, bool)
        if str(one) in classes:
            found.append(classes.index(str(one)))
        elif whole and 0 <= one < len(classes):
            found.append(one)
        else:
            raise unknown_name("class", str(one), classes, where="the data")
    return np.array(found, np.int64)


def _numbers(given: Any) -> FloatArray:
    found = given.detach().cpu().numpy() if hasattr(given, "detach") else given
    try:
        array = np.asarray(found, np.float64)
    except (TypeError, ValueError):
        raise InputError(
            "The samples of a decision map must be numbers", received=repr(given)[:60]
        ) from None
    if array.ndim < 2 or len(array) < 1 or math.prod(array.shape[1:]) < 1:
        raise InputError(
            "The samples of a decision map are (sample, input …)", received=f"shape {array.shape}"
        )
    if getattr(found, "dtype", None) == np.uint8 and array.ndim >= 3:
        array = array / 255
    if not np.isfinite(array).all():
        bad = ~np.isfinite(array.reshape(len(array), -1)).all(1)
        raise InputError(
            "The samples of a decision map must be finite numbers",
            received=f"{int(bad.sum())} of {len(array):,} samples that are not",
            do="Leave them out or fill them in",
        )
    return array
