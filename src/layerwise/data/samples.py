"""From a table to a data set: which columns are features, which rows are whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, unknown_name
from ..types import BoolArray, FloatArray
from .columns import Column, Table
from .dataset import Card, Dataset
from .targets import Target, encode, read_target
from .wording import counted, listed

Missing: TypeAlias = Literal["refuse", "drop", "keep"]
MISSING: tuple[Missing, ...] = ("refuse", "drop", "keep")


@dataclass(eq=False)
class _Gathered:
    """The features so far, and what to say about those left out."""

    names: list[str] = field(default_factory=list)
    values: list[FloatArray] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def make_dataset(
    table: Table,
    card: Card,
    *,
    target: str | int | None = None,
    columns: Iterable[str] | None = None,
    missing: Missing = "refuse",
    labels: Column | None = None,
    group: str | int | None = None,
) -> Dataset:
    """The data set in a table.

    Features are all columns of numbers but the target, or those in `columns` and no others, in
    that order. Unless they are asked for, columns of text, empty ones and those with the same
    value everywhere are left out, and a note says so. `labels` is a column of classes that stands
    beside the table; `group` the column of what no split may part, which is no feature. Raises
    `InputError` for what cannot be learned from.
    """
    _check_table(table)
    aim = labels if target is None else table.columns[_place(table, target)]
    kin = None if group is None else table.columns[_place(table, group)]
    if kin is not None and kin is aim:
        raise InputError(
            f"The column {kin.name!r} is both the target and the group",
            do="Name another column for one of them",
        )
    features = _choose(table, None if labels is not None else aim, kin, columns)
    found = _numbers(table, features, asked=columns is not None)
    wanted = None if aim is None else read_target(aim)
    groups = None if kin is None else _group_names(kin)
    absent = [] if kin is None or groups is None else [(kin.name, groups == "")]
    kept, dropped = _whole_rows(table, found, wanted, missing, absent)
    values = [column[kept] for column in found.values]
    if columns is None:
        values = _drop_constant(found, values)
    if not found.names:
        raise InputError(
            f"There is no column of numbers to learn from in {table.label}",
            received="; ".join(found.notes).replace("left out ", "") or "none but the target",
            do="Add columns of numbers; words can be coded as numbers first",
        )
    coded = None if wanted is None else encode(wanted.take(kept))
    return Dataset(
        features=np.column_stack(values),
        labels=None if coded is None else coded[0],
        columns=tuple(found.names),
        classes=() if coded is None else coded[1],
        target=None if wanted is None else wanted.name,
        card=card,
        notes=(*table.notes, *found.notes, *dropped),
        groups=None if groups is None else groups[kept],
        gaps=missing == "keep",
    )


def _check_table(table: Table) -> None:
    if not table.columns:
        raise InputError(f"There are no columns in {table.label}")
    repeated = [name for name, times in Counter(table.names).items() if times > 1 and name]
    if repeated:
        raise InputError(
            f"Several columns in {table.label} have the same name",
            received=listed(repeated),
            do="Give every column a name of its own",
        )
    if not len(table):
        raise InputError(
            f"There are no rows in {table.label}, only column names", received=listed(table.names)
        )


def _place(table: Table, target: str | int) -> int:
    """Where the target stands: by its name, or by its index (negative ones count from the end)."""
    count = len(table.columns)
    if isinstance(target, str):
        if target not in table.names:
            raise unknown_name("column", target, table.names, where=table.label)
        return table.names.index(target)
    if not -count <= target < count:
        raise InputError(
            f"There is no column of that index in {table.label}",
            received=str(target),
            allowed=f"Indices are 0 to {count - 1}, or −{count} to −1 from the end",
        )
    return target % count


def _group_names(column: Column) -> NDArray[np.str_]:
    """The group of each row as text, (sample,), empty where missing."""
    if column.nested:
        raise InputError(
            f"The group {column.name!r} holds lists, records or bytes",
            allowed="Groups are text or whole numbers",
        )
    numbers = None if column.boolean else column.numbers(booleans=False)
    if numbers is not None:
        named = [
            "" if np.isnan(n) else str(int(n)) if float(n).is_integer() else repr(float(n))
            for n in numbers
        ]
        return np.array(named, dtype=np.str_)
    return np.array([text or "" for text in column.texts()], dtype=np.str_)


def _choose(
    table: Table, aim: Column | None, kin: Column | None, columns: Iterable[str] | None
) -> list[Column]:
    if columns is None:
        return [column for column in table.columns if column is not aim and column is not kin]
    if not isinstance(columns, Iterable):
        raise InputError("The columns to learn from are a list of names", received=repr(columns))
    asked = [columns] if isinstance(columns, str) else list(columns)
    if not asked or len(set(asked)) < len(asked):
        raise InputError(
            "The columns to learn from must be named, each once",
            received=listed(list(map(str, asked))) or "none",
        )
    if aim is not None and aim.name in asked:
        raise InputError(
            f"The column {aim.name!r} is the target and cannot be a feature as well",
            do="Leave it out of the columns",
        )
    if kin is not None and kin.name in asked:
        raise InputError(
            f"The column {kin.name!r} is the group and cannot be a feature as well",
            do="Leave it out of the columns",
        )
    return [table.columns[_place(table, name)] for name in asked]


def _numbers(table: Table, columns: Sequence[Column], *, asked: bool) -> _Gathered:
    """The columns that hold numbers; a note for each kind of column that does not."""
    found = _Gathered()
    text, nested, empty, strays, counting = [], [], [], [], []
    for column in columns:
        shown = column.name or f"column {table.columns.index(column) + 1}"
        numbers = None if column.nested else column.numbers()
        if asked and numbers is None:
            raise InputError(
                f"The column {shown!r} in {table.label} does not hold numbers",
                received=column.stray() or ("lists or records" if column.nested else "text"),
                do="Leave it out of the columns, or code it as numbers",
            )
        if column.nested:
            nested.append(shown)
        elif numbers is None:
            text.append(shown)
            if reason := column.stray():
                strays.append(f"{shown}: {reason}")
        elif not asked and np.isnan(numbers).all():
            empty.append(shown)
        elif not asked and _counts_rows(column.name, numbers):
            counting.append(shown)
        else:
            found.names.append(shown)
            found.values.append(numbers)
    for names, kind in ((text, "text"), (nested, "lists or records")):
        if names:
            found.notes.append(
                f"left out {counted(len(names), 'column')} of {kind}: {listed(names)}"
            )
    found.notes += strays
    if empty:
        found.notes.append(f"left out {counted(len(empty), 'empty column')}: {listed(empty)}")
    if counting:
        found.notes.append(f"left out a column that numbers the rows: {listed(counting)}")
    return found


def _counts_rows(name: str, numbers: FloatArray) -> bool:
    """Whether it is a row number that another program wrote along: it would give away the order."""
    if name and not name.startswith("__index_level_"):
        return False
    start = numbers[0]
    return start in (0, 1) and np.array_equal(numbers, start + np.arange(len(numbers)))


def _whole_rows(
    table: Table,
    found: _Gathered,
    target: Target | None,
    missing: Missing,
    absent: Sequence[tuple[str, BoolArray]],
) -> tuple[BoolArray, list[str]]:
    """Which rows have every cell, and a note on the others. Raises if they are to be refused.

    With `missing="keep"` a feature may lack cells; targets, groups and infinite cells may not.
    `absent` holds further columns, each by its name and the rows in which it is missing.
    """
    kept = np.ones(len(table), np.bool_)
    unusable = np.zeros_like(kept)  # even if features may lack cells
    faults: list[str] = []
    marks = [
        (name, np.isnan(v), np.isinf(v)) for name, v in zip(found.names, found.values, strict=True)
    ]
    features = len(marks)
    if target is not None:
        infinite = np.isinf(target.cells) if target.numeric else np.zeros_like(kept)
        marks.append((target.name, target.missing, infinite))
    marks += [(name, gone, np.zeros_like(kept)) for name, gone in absent]
    for place, (name, gone, infinite) in enumerate(marks):
        kept &= ~(gone | infinite)
        unusable |= infinite if place < features else gone | infinite
        kinds = ((gone.sum(), "missing"), (infinite.sum(), "infinite"))
        if told := [f"{count:,} {kind}" for count, kind in kinds if count]:
            faults.append(f"{name} {' and '.join(told)}")
    if not faults:
        return kept, []
    lost = int((~kept).sum())
    if missing == "keep" and not unusable.any():
        return np.ones_like(kept), [
            f"{lost:,} of {counted(len(kept), 'row')} lack cells, which count as unknown: "
            f"{listed(faults)}"
        ]
    if missing != "drop":
        raise InputError(
            f"Cells are missing or infinite in {table.label}",
            received=f"{listed(faults)}; {lost:,} of {counted(len(kept), 'row')} affected",
            do='Mend them, or leave those rows out: missing="drop" (command line: --missing drop)',
        )
    if not kept.any():
        raise InputError(
            f"No row of {table.label} is without missing or infinite cells",
            received=listed(faults),
            do="Choose columns that are better filled",
        )
    return kept, [
        f"left out {lost:,} of {counted(len(kept), 'row')} with missing or infinite cells: "
        f"{listed(faults)}"
    ]


def _drop_constant(found: _Gathered, values: list[FloatArray]) -> list[FloatArray]:
    same = [len(np.unique(column[~np.isnan(column)])) == 1 for column in values]
    names = [name for name, constant in zip(found.names, same, strict=True) if constant]
    if not names:
        return values
    found.notes.append(
        f"left out {counted(len(names), 'column')} with the same value in every row: "
        f"{listed(names)}"
    )
    found.names = [name for name, constant in zip(found.names, same, strict=True) if not constant]
    return [column for column, constant in zip(values, same, strict=True) if not constant]
