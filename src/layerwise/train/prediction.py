"""A trained network's answers for a table or for images: one row of class and probabilities each.

What reading new samples alike needs (a table's columns, the size and colours of images, whether
they are drawings whose ink is to be found) is kept with the network, as `Run.reading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import load, load_images
from ..data.dataset import Dataset
from ..data.images import ImageDataset
from ..errors import InputError, unknown_name
from ..types import Array

if TYPE_CHECKING:
    import pandas as pd

    from .open_set import OpenSet
    from .run import Run


def reading_of(data: Dataset | ImageDataset) -> dict[str, Any]:
    """How samples such as these are read, as JSON can hold it."""
    if isinstance(data, Dataset):
        return {"columns": list(data.columns)}
    channels, rows, columns = data.shape
    return {"size": [rows, columns], "channels": "grey" if channels == 1 else "colour"}


def read_alike(
    source: Any, reading: Mapping[str, Any], missing: str = "refuse"
) -> Dataset | ImageDataset:
    """Samples from a file, folder, archive or array, read as those the network learned from.

    Raises `UnknownNameError` for a table without one of its columns, and what `load` and
    `load_images` raise.
    """
    if "size" in reading:
        size, channels = tuple(reading["size"]), reading["channels"]
        if not reading.get("ink"):
            return load_images(source, size=size, channels=channels, labelled=False)
        from ..data.ink import prepare_drawings

        return prepare_drawings(load_images(source, labelled=False), int(size[0]))
    data = load(source, missing=missing)  # type: ignore[arg-type]
    names = [str(name) for name in reading.get("columns", [])]
    if not names:
        return data
    for name in names:
        if name not in data.columns:
            raise unknown_name(
                "column", name, data.columns, where=data.card.name,
                do=f"The network was trained on {', '.join(names)}",
            )  # fmt: skip
    return data.select(names)


def predict_data(
    run: Run, source: Any, guard: OpenSet | None = None, missing: str = "refuse"
) -> tuple[pd.DataFrame, list[str]]:
    """Answers for whatever holds samples, and notes on what was left out.

    The answers have the columns "row" (from 1 on) or "image" (the file's name), "class", and
    "p(NAME)" for each class; with `guard` the class may be "unknown", and "unknown score" says how
    far it is from its threshold: above 0 it is unknown. Where the network gives numbers, these
    stand instead, "output 1" and so on.
    """
    import pandas as pd

    data = read_alike(source, run.reading, missing)
    samples: Array = data.features if isinstance(data, Dataset) else data.pixels
    if not len(samples):
        raise InputError("There are no samples to judge", received=str(source))
    names = data.names if isinstance(data, ImageDataset) else None
    answers = pd.DataFrame(
        {"row": np.arange(1, len(data) + 1)} if names is None else {"image": list(names)}
    )
    if not run.classes:
        outputs = np.asarray(run.predict(samples)).reshape(len(samples), -1)
        for number in range(outputs.shape[1]):
            answers[f"output {number + 1}"] = outputs[:, number]
        return answers, list(data.notes)
    if guard is None:
        answers["class"] = run.predict(samples)
    else:
        answers["class"] = guard.predict(samples)
        answers["unknown score"] = np.round(guard.scores(samples) - guard.threshold, 4)
    probabilities = run.predict_proba(samples)
    for number, name in enumerate(run.classes):
        answers[f"p({name})"] = np.round(probabilities[:, number], 6)
    return answers, list(data.notes)
