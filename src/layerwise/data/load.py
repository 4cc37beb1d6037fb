"""The one way in: a name, a file, an array or a frame becomes a Dataset."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from operator import index
from pathlib import Path
from typing import Any, SupportsIndex

from ..errors import InputError, unknown_name
from .catalog import ENTRIES
from .columns import Column, Table
from .dataset import Card, Dataset
from .image_sets import IMAGE_SETS
from .images import ImageDataset
from .samples import MISSING, Missing, make_dataset
from .wording import counted


def load(
    source: Any,
    target: str | SupportsIndex | None = None,
    *,
    columns: Iterable[str] | None = None,
    missing: Missing = "refuse",
    group: str | SupportsIndex | None = None,
    **options: Any,
) -> Dataset:
    """A data set from whatever holds one.

    `source` is a name that `catalog` lists (`options` such as size, noise and seed go to the
    generated ones); the path of a CSV, TSV, Parquet or JSON lines file (text also as .gz, at most
    2 GiB); a (sample, feature) array or a pair (X, y); a pandas, polars or Arrow frame; or a
    `Dataset`. `target` names the column of classes, in arrays and frames also by index; without
    it the data set is unlabelled. `columns` names the features, otherwise every column of
    numbers is one, and a note says what was left out. `missing` says what to do with rows in which
    a cell is missing or infinite: "refuse" or "drop" them, or "keep" those in which a feature is
    missing, as NaN (targets, groups and infinite cells are refused all the same). `group` names the
    column of what must not be parted by a split, such as the patient; it is no feature.

    Which cells are numbers and which are missing is written in `layerwise.data.columns`. Raises
    `FileError` for a file that is missing, broken or foreign, `InputError` for a table that
    cannot be learned from, `UnknownNameError` (nearest name) for a name that is not known.
    """
    if missing not in MISSING:
        raise unknown_name("way with missing cells", str(missing), MISSING)
    aim = _place("target", target)
    kin = _place("group", group)
    if isinstance(source, str) and source in ENTRIES:
        return _settled(ENTRIES[source].build(options), aim, columns, kin)
    _refuse_images(source)
    if options:
        raise InputError(
            "Only the data sets that come with layerwise take options",
            received=", ".join(options),
            allowed=f"They are {', '.join(ENTRIES)}",
        )
    if isinstance(source, Dataset):
        return _settled(source, aim, columns, kin)
    table, card, labels = _opened(source)
    if labels is not None and aim is not None:
        raise InputError(
            "The classes are given twice: as y and as target",
            received=f"target={aim!r}",
            do="Leave one of them out",
        )
    return make_dataset(
        table, card, target=aim, columns=columns, missing=missing, labels=labels, group=kin
    )


def _place(option: str, given: object) -> str | int | None:
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, SupportsIndex) and not isinstance(given, bool):
        with suppress(TypeError):
            return index(given)
    raise InputError(f"The {option} is a column, by name or by index", received=repr(given))


def _refuse_images(source: Any) -> None:
    named = isinstance(source, str) and source in IMAGE_SETS
    if named or isinstance(source, ImageDataset):
        name = source if isinstance(source, str) else source.card.name
        raise InputError(
            f"{name!r} is a set of images, not a table",
            do="layerwise.data.load_images reads images, load_parts either",
        )


def _opened(source: Any) -> tuple[Table, Card, Column | None]:
    """The table that the source holds, its card, and the labels that came beside it."""
    from .files import looks_like_path, read_file
    from .frames import is_frame, read_array, read_frame, read_labels

    blank = isinstance(source, str) and not source.strip()  # as a path, the folder one is in
    if isinstance(source, str) and (blank or not looks_like_path(source)):
        raise unknown_name("data set", source, ENTRIES, do="A file is named with its suffix")
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        table = read_file(path)
        return table, _card(table, _stem(path), path.name), None
    if isinstance(source, tuple):
        if len(source) != 2:
            raise InputError(
                "A tuple must be a pair (X, y)", received=f"{len(source)} things in a tuple"
            )
        table = _in_memory(source[0])
        return table, _card(table), read_labels(source[1], len(table))
    if hasattr(source, "collect_schema") and hasattr(source, "collect"):
        source = source.collect()
    table = read_frame(source) if is_frame(source) else read_array(source)
    return table, _card(table), None


def _in_memory(source: Any) -> Table:
    from .frames import is_frame, read_array, read_frame

    return read_frame(source) if is_frame(source) else read_array(source)


def _settled(
    dataset: Dataset,
    target: str | int | None,
    columns: Iterable[str] | None,
    group: str | int | None,
) -> Dataset:
    """A data set that knows its own classes and groups, with the columns asked for."""
    if group is not None:
        raise InputError(
            f"The groups of the data set {dataset.card.name!r} are fixed",
            received=f"group={group!r}",
            do="Leave group out",
        )
    if target is not None and target != dataset.target:
        own = f"Its classes are in {dataset.target!r}" if dataset.target else "It has no others"
        raise InputError(
            f"The target of the data set {dataset.card.name!r} is fixed",
            received=f"target={target!r}",
            allowed=own,
            do="Leave target out",
        )
    return dataset if columns is None else dataset.select(columns)


def _stem(path: Path) -> str:
    """The file's name without its suffixes."""
    return Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem


def _card(table: Table, name: str = "table", origin: str = "given in memory") -> Card:
    size = f"{counted(len(table), 'row')}, {counted(len(table.columns), 'column')}"
    return Card(name=name, title=name, origin=origin, description=size)
