"""Contract 1, the Trace: what happened, in order, as plain arrays. Knows no network and no torch.

A trace has *sites* (what can be looked at: a layer's output, a weight, a loss, a label map),
*moments* (when: a layer, a step, an epoch, an iteration) and values: ``trace[site, moment]`` is an
array or absent. A value is either stored, or *replayed*: computed again, bit for bit, by a named
rule from a recipe that the trace carries, where that costs less than storing it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from .errors import InputError, unknown_name
from .types import Array

REPLAYS: Mapping[str, str] = {
    "lattice.labels": "layerwise.lattice.replay:label_replay",
    "lattice.probabilities": "layerwise.lattice.replay:probability_replay",
    "lattice.simulated": "layerwise.lattice.simulation:simulation_replay",
}
"""Who computes a replayed value: rule → import path. A trace can name only what stands here."""


@dataclass(frozen=True)
class Site:
    """One thing that can be looked at, under a name that is unique in its trace.

    `kind`: "label map", "probability", "metric", "activation", "weight", "gradient", "image", …
    `axes`: the names of its array's axes, in order (none for a single number).
    `inputs`: the sites that fed it, so that the graph is in the trace. `unit`: of its numbers.
    `note`: what a reader must know to judge it, above all what was left out and by what rule.
    `entries`: for an axis whose positions are not simply 0, 1, 2, …: what each one stands for, such
    as the numbers of the neurons that were kept or the names of statistics. `about`: further facts,
    JSON values ("operation": "conv2d").
    """

    name: str
    kind: str
    axes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    unit: str = ""
    note: str = ""
    entries: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Moment:
    """One point in the order of what happened: its kind and its own coordinates."""

    kind: str
    at: Mapping[str, int | float] = field(default_factory=dict)


class Replay(Protocol):
    """Computes a site's values from its recipe."""

    def value(self, moment: Moment) -> Array:
        """The array at that moment."""
        ...


class Store(Protocol):
    """Where values lie: in memory or in a file."""

    def get(self, site: str, moment: int) -> Array | None:
        """The stored array, or None."""
        ...

    def has(self, site: str, moment: int) -> bool:
        """Whether that array is stored, without reading it."""
        ...

    def put(self, moment: Moment, values: Mapping[str, Array], *, copy: bool = True) -> None:
        """Append a moment with its values, all or nothing; without `copy` they are given away."""
        ...

    def extend(self, moments: Sequence[Moment], values: Mapping[str, Array]) -> None:
        """Append moments with arrays that have an axis for them in front, and are given away."""
        ...

    def drop(self, sites: Sequence[str], moment: int) -> None:
        """Take the values of those sites at that moment out again."""
        ...

    def declare(self, header: Header) -> None:
        """Take note of a header with more sites or notes than before."""
        ...

    def header(self) -> Header | None:
        """The header, where another process has changed it since; otherwise None."""
        ...

    def flush(self) -> None:
        """Have everything that was put so far where it stays."""
        ...

    def moments(self) -> Sequence[Moment]:
        """All moments so far, in order."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class MemoryStore:
    """Values in a dictionary."""

    def __init__(self) -> None:
        # An array, or one that holds several moments and the place of this one in it.
        self._values: dict[tuple[str, int], Array | tuple[Array, int]] = {}
        self._moments: list[Moment] = []

    def get(self, site: str, moment: int) -> Array | None:
        """The stored array, or None."""
        found = self._values.get((site, moment))
        return np.asarray(found[0][found[1]]) if isinstance(found, tuple) else found

    def has(self, site: str, moment: int) -> bool:
        """Whether that array is stored."""
        return (site, moment) in self._values

    def put(self, moment: Moment, values: Mapping[str, Array], *, copy: bool = True) -> None:
        """Append a moment with its values."""
        number = len(self._moments)
        for site, value in values.items():
            self._values[site, number] = _frozen(np.array(value) if copy else value.view())
        self._moments.append(moment)

    def extend(self, moments: Sequence[Moment], values: Mapping[str, Array]) -> None:
        """Append moments; their arrays stay together as they came."""
        first = len(self._moments)
        for site, array in values.items():
            for place in range(len(moments)):
                self._values[site, first + place] = array, place
        self._moments += moments

    def drop(self, sites: Sequence[str], moment: int) -> None:
        """Forget those values."""
        for site in sites:
            self._values.pop((site, moment), None)

    def declare(self, header: Header) -> None:
        """Nothing to do: the trace holds its header."""

    def header(self) -> Header | None:
        """None: nobody else can have changed it."""
        return None

    def flush(self) -> None:
        """Nothing to do: memory is where it stays."""

    def moments(self) -> Sequence[Moment]:
        """All moments so far, in order."""
        return self._moments

    def close(self) -> None:
        """Nothing to let go of."""


@dataclass(frozen=True)
class Header:
    """What holds for the whole trace.

    `about`: free facts for readers and views (data card, seed, versions, options), JSON values.
    `replays`: site → {"rule": a name in `REPLAYS`, …the recipe}. `notes`: what was left out of the
    whole recording, each one sentence.
    """

    title: str
    sites: tuple[Site, ...]
    about: Mapping[str, Any] = field(default_factory=dict)
    replays: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Trace:
    """A recording: frozen arrays by site and moment.

    >>> trace = Trace(Header("two numbers", (Site("loss", "metric"),)))
    >>> trace.append(Moment("step", {"step": 0}), {"loss": 0.5})
    >>> float(trace["loss", 0])
    0.5
    """

    def __init__(self, header: Header, store: Store | None = None) -> None:
        for rule in header.replays.values():
            if rule.get("rule") not in REPLAYS:
                raise unknown_name("replay rule", str(rule.get("rule")), REPLAYS)
        self._store: Store = MemoryStore() if store is None else store
        self._take_header(header)
        self._open_replays: dict[str, Replay] = {}
        self._seen: Sequence[Moment] = ()

    @staticmethod
    def later(build: Callable[[], tuple[Header, Store]]) -> Trace:
        """A trace that is described when it is first looked at.

        For a recorder that must not take the time while a network runs. `build` is called once.
        """
        trace = object.__new__(_LateTrace)
        trace._build = build
        return trace

    @property
    def title(self) -> str:
        """What the trace is of."""
        return self.header.title

    @property
    def about(self) -> Mapping[str, Any]:
        """Facts that hold for the whole trace: data card, seed, versions, options."""
        return MappingProxyType(dict(self.header.about))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out of the recording, and by what rule."""
        return self.header.notes

    @property
    def sites(self) -> tuple[Site, ...]:
        """All sites, in order."""
        return self.header.sites

    @property
    def moments(self) -> Sequence[Moment]:
        """All moments so far, in order."""
        return tuple(self._store.moments())

    def refresh(self) -> None:
        """Learn of sites that another process has declared since the trace was opened."""
        header = self._store.header()
        if header is not None:
            self._take_header(header)

    def declare(self, *sites: Site, notes: Sequence[str] = ()) -> None:
        """Add sites and notes: what a recording finds only while it runs.

        A site that is there already, exactly so, is passed over; one of the same name that differs
        is refused with an `InputError`.
        """
        new = [site for site in sites if self._sites.get(site.name) != site]
        said = [note for note in notes if note not in self.header.notes]
        if new or said:
            header = self.header
            more = replace(header, sites=(*header.sites, *new), notes=(*header.notes, *said))
            _check_names(more.sites)
            self._store.declare(more)
            self._take_header(more)

    def drop(self, sites: Sequence[str], moment: int) -> None:
        """Take the stored values of those sites at that moment out again; the moment stays."""
        for name in sites:
            self.site(name)
        self._store.drop(sites, moment)

    def flush(self) -> None:
        """Have everything that was appended so far on the disk, if the trace is a file."""
        self._store.flush()

    def site(self, name: str) -> Site:
        """The site of that name; `UnknownNameError` offers the nearest."""
        if name not in self._sites:
            raise unknown_name("site", name, self._sites, where=f"the trace {self.title!r}")
        return self._sites[name]

    def append(self, moment: Moment, values: Mapping[str, Any], *, copy: bool = True) -> int:
        """Add a moment with the values of some sites; returns its number.

        Arrays are copied and frozen; with `copy=False` the caller gives them away and must not
        change them any more. A site that was not declared, or an array with another number
        of axes than its site names, is refused and nothing is added.
        """
        moment = Moment(moment.kind, _coordinates(moment.at))
        arrays = {name: self._checked(name, value) for name, value in values.items()}
        self._store.put(moment, arrays, copy=copy)
        return len(self._store.moments()) - 1

    def extend(self, moments: Sequence[Moment], values: Mapping[str, Any]) -> None:
        """Add several moments at once, all with values of the same sites.

        Each array has an axis more than its site, in front: (moment, …axes of the site). They are
        given away: the caller must not change them any more.
        """
        checked = [Moment(moment.kind, _coordinates(moment.at)) for moment in moments]
        arrays = {name: self._checked(name, value, 1) for name, value in values.items()}
        for name, array in arrays.items():
            if len(array) != len(checked):
                raise InputError(
                    f"Site {name!r} needs a value for each moment",
                    received=f"{len(array)} values for {len(checked)} moments",
                )
        self._store.extend(checked, arrays)

    def __contains__(self, key: object) -> bool:
        if not (isinstance(key, tuple) and len(key) == 2 and key[0] in self._sites):
            return False
        number = self._number(key[1])
        if number is None:
            return False
        recipe = self.header.replays.get(key[0])
        if recipe is not None and moment_is_replayed(recipe, self._seen[number]):
            return True
        return self._store.has(key[0], number)

    def __getitem__(self, key: tuple[str, int]) -> Array:
        name, moment = key
        self.site(name)
        value = self._find(name, moment)
        if value is None:
            present = self.where(name)
            raise InputError(
                f"Site {name!r} has no value at moment {moment}",
                allowed=f"It has {len(present)} values"
                + (f", from moment {present[0]} to {present[-1]}" if present else ""),
            )
        return value

    def where(self, name: str) -> list[int]:
        """The moments at which a site has a value."""
        self.site(name)
        return [number for number in range(len(self._store.moments())) if (name, number) in self]

    def series(self, name: str) -> tuple[list[int], Array]:
        """A site's values over time: moments, and the stacked array (moment, …axes of the site)."""
        where = self.where(name)
        if not where:
            raise InputError(f"Site {name!r} has no value yet")
        return where, np.stack([self[name, moment] for moment in where])

    def __iter__(self) -> Iterator[Moment]:
        return iter(self.moments)

    def __len__(self) -> int:
        return len(self._store.moments())

    def save(self, path: str | Path) -> Path:
        """Write a copy as one file (see `trace_file`); it appears whole or not at all."""
        write = import_module(".trace_file", __package__).write_trace
        write(self, Path(path))
        return Path(path)

    @staticmethod
    def open(path: str | Path) -> Trace:
        """Read a trace file, value by value as they are asked for; also while it is being written.

        Raises `FileError` for a file that is missing, broken, foreign or of a later version.
        """
        opened: Trace = import_module(".trace_file", __package__).open_trace(Path(path))
        return opened

    @staticmethod
    def create(path: str | Path, header: Header, *, every_s: float = 0.0) -> Trace:
        """Start a trace that is written as it happens: each appended moment is on the disk.

        With `every_s` moments are gathered and written together, at most that many seconds late,
        at `flush` and at `close`: many small moments cost far less so.
        """
        module = import_module(".trace_file", __package__)
        created: Trace = module.create_trace(Path(path), header, every_s)
        return created

    @staticmethod
    def reopen(path: str | Path, *, moments: int | None = None, every_s: float = 0.0) -> Trace:
        """Go on with a trace file: moments are appended after the first `moments` (None: all).

        Later moments are taken out. Raises `FileError` where the file is broken or has fewer.
        """
        module = import_module(".trace_file", __package__)
        reopened: Trace = module.reopen_trace(Path(path), moments, every_s)
        return reopened

    def close(self) -> None:
        """Let go of the file, if there is one."""
        self._store.close()

    def __enter__(self) -> Trace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Trace {self.title!r}: {len(self.sites)} sites × {len(self)} moments>"

    def stored(self, name: str, moment: int) -> Array | None:
        """The value as it was stored, None where it is absent or replayed."""
        return self._store.get(name, moment)

    def _checked(self, name: str, value: Any, more: int = 0) -> Array:
        """A value as an array that its site can hold, with so many axes more in front."""
        try:
            array = np.asarray(value)
        except ValueError as error:  # rows of different lengths
            raise InputError(f"Site {name!r} takes an array", received=str(error)) from error
        axes = self.site(name).axes
        if array.ndim != len(axes) + more:
            raise InputError(
                f"Site {name!r} has the axes ({', '.join(axes)})",
                received=f"an array of {array.ndim - more} axes",
            )
        if array.dtype.kind not in "biuf":
            raise InputError(f"Site {name!r} takes numbers", received=f"type {array.dtype}")
        return array

    def _take_header(self, header: Header) -> None:
        _check_names(header.sites)
        self.header = header
        self._sites = {site.name: site for site in header.sites}

    def _number(self, moment: Any) -> int | None:
        """The moment's number from 0 on, None if there is no such moment."""
        if not isinstance(moment, (int, np.integer)):
            return None
        if not 0 <= moment < len(self._seen):  # a moment once seen stays: no need to ask again
            self._seen = self._store.moments()
        count = len(self._seen)
        return int(moment) % count if -count <= moment < count else None

    def _find(self, name: str, moment: int) -> Array | None:
        number = self._number(moment)
        if number is None:
            return None
        value = self._store.get(name, number)
        if value is None and name in self.header.replays:
            recipe = self.header.replays[name]
            if moment_is_replayed(recipe, self._seen[number]):
                value = self._replay(name).value(self._seen[number])
        return None if value is None else _frozen(value)

    def _replay(self, name: str) -> Replay:
        if name not in self._open_replays:
            recipe = self.header.replays[name]
            module, _, function = REPLAYS[recipe["rule"]].partition(":")
            self._open_replays[name] = getattr(import_module(module), function)(recipe)
        return self._open_replays[name]


class _LateTrace(Trace):
    """A trace whose parts are made when the first of them is asked for."""

    _build: Callable[[], tuple[Header, Store]]

    def __getattr__(self, name: str) -> Any:
        if name not in ("header", "_store", "_sites", "_open_replays", "_seen"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        header, store = self._build()
        Trace.__init__(self, header, store)
        del self._build  # and with it all that it was made from
        self.__class__ = Trace  # type: ignore[assignment]
        return getattr(self, name)


def moment_is_replayed(recipe: Mapping[str, Any], moment: Moment) -> bool:
    """Whether a recipe covers that moment: all, or only those with the coordinate it needs."""
    needs = recipe.get("needs")
    return needs is None or needs in moment.at


def _coordinates(at: Mapping[str, Any]) -> dict[str, int | float]:
    """The coordinates as Python's own numbers, so that every store can write them."""
    plain = {}
    for name, value in at.items():
        if not isinstance(value, (int, float, np.integer, np.floating)) or not isfinite(value):
            raise InputError(
                "The coordinates of a moment are finite numbers", received=f"{name}={value!r}"
            )
        plain[str(name)] = value if isinstance(value, (int, float)) else value.item()
    return plain


def _check_names(sites: Sequence[Site]) -> None:
    if len({site.name for site in sites}) < len(sites):
        names = [site.name for site in sites]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise InputError("The sites of a trace need different names", received=", ".join(repeated))


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
