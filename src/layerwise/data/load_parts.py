"""Training, control and test from any source, its own parts kept as they are."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, SupportsIndex

from ..errors import InputError
from .dataset import Dataset
from .files import looks_like_path
from .image_arrays import looks_like_images
from .image_check import SUFFIXES
from .image_files import Listing
from .image_options import Channels, ImageOptions
from .image_sets import IMAGE_SETS
from .images import ImageDataset
from .load import load
from .load_images import (
    NDJSON,
    image_place,
    load_images,
    ndjson_files,
    parts_at,
    read_part,
)
from .parts import Parts
from .wording import counted, listed


def load_parts(
    source: Any,
    target: str | SupportsIndex | None = None,
    *,
    control: float = 0.15,
    test: float = 0.15,
    seed: int = 0,
    **options: Any,
) -> Parts:
    """Training, control and test of a table or of images, whichever the source holds.

    Folders, archives, arrays of three or four axes and the names "digits" and "drawings" are
    images and read as `load_images` reads them; all else is a table and read as `load` reads it;
    `options` are theirs. Parts that the source has of its own (folders train, validation and test;
    MNIST's files) are kept; one that it lacks is cut off the training part: `control` and `test`
    are shares of what is cut. Raises what `load`, `load_images` and `split` raise.
    """
    if isinstance(source, Parts):
        return source
    if isinstance(source, Dataset | ImageDataset) and target is None and not options:
        return source.parts(control, test, seed)
    blank = isinstance(source, str) and not source.strip()  # as a path, the folder one is in
    if blank or not _holds_images(source):
        return load(source, target, **options).parts(control, test, seed)
    if target is not None:
        raise InputError(
            "Images have their classes from folders or labels, not from a column",
            received=f"target={target!r}",
            do="Leave target out",
        )
    named = isinstance(source, str) and source in IMAGE_SETS
    if isinstance(source, str | Path) and not named:
        place = image_place(source)
        if ndjson_files(place):
            return load_images(place, **options).parts(control, test, seed)
        found = parts_at(place)
        if not isinstance(found, Listing) and "training" in found:
            known = {field.name for field in fields(ImageOptions)}
            if not set(options) <= known:
                load_images(source, **options)  # which says what is wrong with them
            return _own_parts(found, ImageOptions(**options), control, test, seed)
    return load_images(source, **options).parts(control, test, seed)


def _holds_images(source: Any) -> bool:
    if isinstance(source, str) and source in IMAGE_SETS:
        return True
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        if isinstance(source, str) and not looks_like_path(source):
            return False
        suffixes = (*SUFFIXES, ".zip", NDJSON)
        return path.is_dir() or path.suffix.lower() in suffixes or "idx" in path.name.lower()
    return isinstance(source, ImageDataset) or looks_like_images(source)


def _own_parts(
    found: dict[str, Any], options: ImageOptions, control: float, test: float, seed: int
) -> Parts:
    training = read_part(found["training"], options)
    rows, columns = training.shape[1:]
    channels: Channels = "grey" if training.shape[0] == 1 else "colour"
    alike = replace(options, size=(rows, columns), channels=channels, invert=_inverted(training))
    others = {
        name: read_part(part, alike, training.classes)
        for name, part in found.items()
        if name != "training"
    }
    if "control" not in others and "test" not in others:
        return training.parts(control, test, seed)
    if "control" not in others:
        training, others["control"] = training.split(control, seed)
    if "test" not in others:
        training, others["test"] = training.split(test, seed)
    for name in ("control", "test"):
        others[name] = _told(others[name], training)
    return Parts(training, others["control"], others["test"])


def _inverted(training: ImageDataset) -> bool:
    """Whether the training part was turned about, so that the others are as well."""
    return any(note.startswith("inverted") for note in training.notes)


def _told(part: ImageDataset, training: ImageDataset) -> ImageDataset:
    """The part with a note where its groups are in training too."""
    if part.groups is None or training.groups is None:
        return part
    shared = sorted(set(part.groups.tolist()) & set(training.groups.tolist()))
    if not shared:
        return part
    note = f"{counted(len(shared), 'group')} of it in training too: {listed(shared)}"
    return part.take(range(len(part)), [note])
