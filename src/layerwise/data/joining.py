"""Several sets of images as one: photographs beside generated drawings, folder beside folder."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..types import IntArray
from .images import ImageDataset
from .wording import listed


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
