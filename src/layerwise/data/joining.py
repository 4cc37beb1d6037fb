"""Several sets of images as one, or one set as two: a class that is none of the others apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import InputError, unknown_name
from ..types import IntArray
from .dataset import Dataset
from .images import ImageDataset
from .wording import listed


def set_apart(
    data: Dataset | ImageDataset, name: str
) -> tuple[Dataset | ImageDataset, Dataset | ImageDataset]:
    """The samples of the other classes, which no longer know of that one, and its own samples.

    For a class such as "other", whose samples are none of the rest: what a classifier is not to
    learn but to call unknown. Raises `UnknownNameError` for a class that is not there.
    """
    if name not in data.classes:
        raise unknown_name("class", name, data.classes, where=data.card.name)
    place = data.classes.index(name)
    labels = data.require_labels()
    rest = data.take(np.flatnonzero(labels != place))
    kept = rest.require_labels()
    return (
        replace(
            rest,
            classes=tuple(other for other in data.classes if other != name),
            labels=kept - (kept > place),
        ),
        data.take(np.flatnonzero(labels == place)),
    )


def joined(first: ImageDataset, *more: ImageDataset) -> ImageDataset:
    """The images of all the sets, in order, with the card of the first.

    All are of one shape and labelled; classes are matched by name, and new ones are added after
    those of the first. Where one set says who made each image, an image of a set that does not say
    is a group of its own. Raises `InputError` where shapes differ or labels are missing.
    """
    sets = (first, *more)
    shapes = {each.shape for each in sets}
    if len(shapes) > 1:
        raise InputError(
            "Images that are joined must be of one shape",
            received=listed([f"{each.card.name!r} {each.shape}" for each in sets]),
            do="Prepare or load them with the same size",
        )
    classes = tuple(dict.fromkeys(name for each in sets for name in each.classes))
    places = {name: place for place, name in enumerate(classes)}
    labels: list[IntArray] = [
        np.array([places[name] for name in each.classes], np.int64)[each.require_labels()]
        for each in sets
    ]
    groups = None
    if any(each.groups is not None for each in sets):
        groups = np.concatenate([
            each.groups if each.groups is not None
            else np.array([f"{each.card.name} {place}.{row}" for row in range(len(each))], np.str_)
            for place, each in enumerate(sets)
        ])  # fmt: skip
    names = None
    if all(each.names is not None for each in sets):
        names = tuple(name for each in sets for name in each.names or ())
    return ImageDataset(
        np.concatenate([each.pixels for each in sets]),
        np.concatenate(labels),
        classes,
        first.card,
        groups,
        tuple(dict.fromkeys(note for each in sets for note in each.notes)),
        names,
    )
