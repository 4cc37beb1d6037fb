"""One drawing, augmented: what a network sees of it in different epochs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from ...data import Augment
from ...errors import InputError
from ...trace import Header, Moment, Site, Trace
from .runs import AUGMENT, few_samples


def augmented(
    data: Any = "digits",
    *,
    sample: int = 0,
    copies: int = 23,
    augment: Augment = AUGMENT,
    seed: int = 0,
) -> Trace:
    """A training image and what augmentation makes of it in the first epochs, one an epoch.

    Sites at moment 0: "image" (channel, row, column), and "copies" (copy, channel, row, column),
    both from 0 to 1. The copies are those that `layerwise.fit(…, augment=augment, seed=seed)` sees
    of the sample with that number. Raises `InputError` for numbers out of range.
    """
    if not isinstance(copies, int) or isinstance(copies, bool) or not 1 <= copies <= 63:
        raise InputError(
            "The number of copies is a whole number from 1 to 63", received=repr(copies)
        )
    few = few_samples(data, wrong=0.0, seed=seed)
    if not isinstance(sample, int) or not 0 <= sample < len(few.training):
        raise InputError(
            "There is no such sample", received=repr(sample),
            allowed=f"From 0 to {len(few.training) - 1}",
        )  # fmt: skip
    image = few.arrays()["training"][0][sample]
    key = np.array([sample], np.uint64)
    made = [augment(image[None], key, epoch, seed)[0] for epoch in range(copies)]
    label: Any = few.training.labels
    about = {
        "augment": {name: value for name, value in asdict(augment).items() if value},
        "data": few.training.card.name, "sample": sample, "seed": seed,
        "class": few.training.classes[int(label[sample])],
    }  # fmt: skip
    plane = ("channel", "row", "column")
    sites = (Site("image", "image", plane), Site("copies", "image", ("copy", *plane)))
    trace = Trace(Header("augmentation", sites, about))
    trace.append(Moment("image"), {"image": image, "copies": np.stack(made)})
    return trace
