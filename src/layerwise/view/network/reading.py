"""The numbers of a recorded network for one sample: outputs, gradients, weights, by layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from ...errors import InputError
from ...trace import Trace
from ...types import SAMPLE, FloatArray, IntArray
from ..diagram.graph import NetworkGraph
from ..style import format_count

if TYPE_CHECKING:
    from .plane_maps import PlaneMaps

Entries: TypeAlias = tuple[int | str, ...] | None
"""Which units an axis of a stored array has; None: all, in order."""
UNIT_AXES: Final = ("unit", "channel", "neuron", "class")
MOST_UNITS: Final = 40
"""A layer of more units shows `CHOSEN_UNITS` of them."""
CHOSEN_UNITS: Final = 24
MOST_MAPS: Final = 12
MOST_ANSWERS: Final = 10
LARGEST_ANSWERS: Final = "largest for this sample"  # at the last moment


@dataclass(frozen=True, eq=False)
class Chosen:
    """Which units of a layer are drawn: `places` in the stored array, their own `numbers`.

    `total` is how many units the layer has; `rule` says how these were chosen, "" if all are there.
    """

    places: IntArray
    numbers: IntArray
    total: int
    rule: str

    def __len__(self) -> int:
        """How many are drawn."""
        return len(self.numbers)


class Reading:
    """Looks numbers up in a trace; one sample of the batch is looked at.

    `moments` are those at which outputs were kept. `sample` is its number, or moment → number:
    then only those moments are looked at, and `said` tells of each why that sample: what stands in
    front, its class if it is known, what stands behind. `alike` are readings with scales in common.

    Raises `InputError` for a trace without outputs, and for a sample that was not kept.
    """

    def __init__(
        self, trace: Trace, graph: NetworkGraph, sample: int | Mapping[int, int] = 0, *,
        said: Mapping[int, tuple[str, int | None, str]] | None = None,
    ) -> None:  # fmt: skip
        self.trace, self.graph = trace, graph
        self.alike: tuple[Reading, ...] = (self,)
        self.planes: PlaneMaps | None = None  # of the units, where they were made
        self._said = said or {}
        self._names = {site.name for site in trace.sites}
        self.moments = self._kept_moments()
        fixed = None if isinstance(sample, Mapping) else sample
        self._samples = dict(sample) if isinstance(sample, Mapping) else {}
        if fixed is None:
            self.moments = [moment for moment in self.moments if moment in self._samples]
        else:
            self._samples = dict.fromkeys(self.moments, fixed)
        self._chosen: dict[int, Chosen] = {}
        self._output = lru_cache(maxsize=4096)(self._look_up)
        count = self.samples
        if not count:
            raise InputError("This recording has no sample to show", received=trace.title)
        if fixed is not None and not 0 <= fixed < count:
            raise InputError(
                f"There is no sample {fixed} in this recording, counted from 0",
                allowed=f"Samples 0 to {count - 1} were kept",
            )

    def _kept_moments(self) -> list[int]:
        found: set[int] = set()
        for layer in self.graph.layers:
            if layer.kind != "input" and layer.shown in self._names:
                found.update(self.trace.where(layer.shown))
        if not found:
            raise InputError(
                "This recording has no outputs of layers to draw",
                received=f"{self.trace.title!r} with {len(self.trace.moments)} moments",
                do="Record with Keep(outputs='values'), the default",
            )
        return sorted(found)

    @property
    def samples(self) -> int:
        """How many samples of the batch were kept, at any moment."""
        sizes = []
        for layer in self.graph.layers:
            if layer.axes[:1] == (SAMPLE,) and layer.shown in self._names:
                where = self.trace.where(layer.shown)
                where = where if layer is self.graph.layers[-1] else where[:1]
                sizes += [len(self.trace[layer.shown, moment]) for moment in where]
        return min(sizes, default=1)

    def sample(self, moment: int) -> int:
        """The sample that is looked at, at that moment."""
        return self._samples.get(moment, 0)

    def sample_words(self, moment: int, names: Sequence[str] = ()) -> list[str]:
        """Which sample that is, and why: ["hardest of 64: sample 12", "class circle", …]."""
        if moment not in self._said:
            count = format_count(self.samples)
            return [f"sample {format_count(self.sample(moment) + 1)} of {count}"]
        front, target, behind = self._said[moment]
        if target is None:
            return [front, behind]
        name = names[target] if target < len(names) else format_count(target + 1)
        return [front, f"class {name}", behind]

    def batch(self, site: str, moment: int) -> FloatArray | None:
        """A site's array with its sample axis; None if not kept, or without such an axis."""
        if site not in self._names or (site, moment) not in self.trace:
            return None
        if self.trace.site(site).axes[:1] != (SAMPLE,):
            return None
        return np.asarray(self.trace[site, moment], np.float64)

    def value(self, site: str, moment: int) -> FloatArray | None:
        """A site's array at a moment, of this sample if it has a sample axis; None if not kept."""
        return self._output(site, moment)

    def _look_up(self, site: str, moment: int) -> FloatArray | None:
        if site not in self._names or (site, moment) not in self.trace:
            return None
        array = np.asarray(self.trace[site, moment])
        axes = self.trace.site(site).axes
        if SAMPLE in axes:
            array = np.take(array, self.sample(moment), axes.index(SAMPLE))
        return np.asarray(array, np.float64)

    def output(self, number: int, moment: int) -> FloatArray | None:
        """What a layer gave: the axes of its output without the sample."""
        return self.value(self.graph.layers[number].shown, moment)

    def gradient(self, number: int, moment: int) -> FloatArray | None:
        """The loss's derivative by that output."""
        layer = self.graph.layers[number]
        for site in (layer.shown, *reversed(layer.sites)):
            found = self.value(f"{site}.gradient", moment)
            if found is not None:
                return found
        return None

    def has_gradients(self, moment: int) -> bool:
        """Whether derivatives were kept at that moment."""
        return any(
            self.gradient(number, moment) is not None
            for number, layer in enumerate(self.graph.layers)
            if layer.kind != "input"
        )

    def unit_axis(self, number: int) -> int | None:
        """Which axis of `output` counts units or channels; None where none does."""
        axes = [name for name in self.graph.layers[number].axes if name != SAMPLE]
        return next((axes.index(name) for name in UNIT_AXES if name in axes), None)

    def _stored_axis(self, number: int) -> int | None:
        """The same axis, of the stored array."""
        axes = self.graph.layers[number].axes
        return next((axes.index(name) for name in UNIT_AXES if name in axes), None)

    def units(self, number: int, moment: int) -> FloatArray | None:
        """The output with its units first, chosen ones only: (unit, …)."""
        return self._by_unit(self.output(number, moment), number)

    def by_unit(self, values: FloatArray | None, number: int) -> FloatArray | None:
        """An output or gradient of a layer with all kept units first: (unit, …)."""
        axis = self.unit_axis(number)
        return None if values is None or axis is None else np.moveaxis(values, axis, 0)

    def unit_gradients(self, number: int, moment: int) -> FloatArray | None:
        """The gradient in the same form."""
        return self._by_unit(self.gradient(number, moment), number)

    def _by_unit(self, values: FloatArray | None, number: int) -> FloatArray | None:
        found = self.by_unit(values, number)
        if found is None:
            return None
        places = self.chosen(number).places
        return found[places] if not len(places) or places[-1] < len(found) else None

    def chosen(self, number: int) -> Chosen:
        """Which units of a layer are drawn: all, or those with the largest mean |output|."""
        if number not in self._chosen:
            self._chosen[number] = self._choose(number)
        return self._chosen[number]

    def kept(self, number: int) -> Chosen:
        """All units of a layer that the recording has."""
        layer = self.graph.layers[number]
        axis = self._stored_axis(number)
        if axis is None:
            none = np.zeros(0, np.int64)
            return Chosen(none, none, 0, "")
        total = int(layer.shape[axis])
        kept = self.trace.site(layer.shown).entries.get(layer.axes[axis])
        kept = None if layer.axes[axis] == "class" else kept  # these are names
        numbers = np.arange(total) if kept is None else np.array([int(n) for n in kept])
        rule = "" if kept is None else "largest mean |output| when first seen"
        rule = "evenly spread" if layer.axes[axis] == "neuron" else rule
        return Chosen(np.arange(len(numbers)), numbers, total, rule)

    def _choose(self, number: int) -> Chosen:
        layer = self.graph.layers[number]
        every = self.kept(number)
        if self.unit_axis(number) is None:
            return every
        offset = 1 if SAMPLE in layer.axes else 0
        numbers, total, count = every.numbers, every.total, len(every)
        is_answer = number == len(self.graph.layers) - 1 and offset + 1 == len(layer.shape)
        if is_answer and count > MOST_ANSWERS:
            given = self.output(number, self.moments[-1])
            if given is not None:
                places = np.sort(np.argsort(-given, kind="stable")[:MOST_ANSWERS])
                return Chosen(places, numbers[places], total, LARGEST_ANSWERS)
        pictured = offset + 1 < len(layer.shape)  # a unit is a map or a strip, and needs room
        most, fewer = (MOST_MAPS, MOST_MAPS) if pictured else (MOST_UNITS, CHOSEN_UNITS)
        if count <= most:
            return every
        return self.largest(number, fewer)

    def largest(self, number: int, count: int) -> Chosen:
        """So many of a layer's kept units: those with the largest mean |output|."""
        every, layer = self.kept(number), self.graph.layers[number]
        axis = self._stored_axis(number)
        if axis is None or len(every) <= count:
            return every
        size = np.zeros(len(every))
        for moment in self.moments:
            if (layer.shown, moment) in self.trace:
                array = np.abs(np.asarray(self.trace[layer.shown, moment], np.float64))
                others = tuple(a for a in range(array.ndim) if a != axis)
                size += np.nan_to_num(array.mean(axis=others))
        places = np.sort(np.argsort(-size, kind="stable")[:count])
        return Chosen(places, every.numbers[places], every.total, "largest mean |output|")

    def said(self, number: int) -> tuple[str, str] | None:
        """What is left out of a layer: ("24 of 4,096 units", "largest mean |output|")."""
        chosen = self.chosen(number)
        if len(chosen) == chosen.total:
            return None
        kind = "maps" if "channel" in self.graph.layers[number].axes else "units"
        return f"{len(chosen)} of {format_count(chosen.total)} {kind}", chosen.rule

    def metric(self, name: str, upto: int) -> float | None:
        """The latest value of a metric at that moment or before it."""
        if name not in self._names:
            return None
        for moment in range(upto, -1, -1):
            if (name, moment) in self.trace:
                return float(self.trace[name, moment])
        return None


def stored_at(kept: Entries, numbers: Iterable[int]) -> IntArray:
    """Where units stand in a stored array whose entries are `kept` (None: all); −1 if nowhere."""
    own = np.array([int(number) for number in numbers], np.int64)
    if kept is None:
        return own
    places = {int(number): at for at, number in enumerate(kept)}
    return np.array([places.get(int(number), -1) for number in own], np.int64)


def stored_row(kept: Entries, unit: int) -> int | None:
    """Where one unit stands; None if nowhere."""
    row = int(stored_at(kept, [unit])[0])
    return None if row < 0 else row


def largest(values: Sequence[FloatArray | None]) -> float:
    """The largest finite magnitude among arrays; 1 where there is none, for a scale."""
    found = [np.abs(v[np.isfinite(v)]) for v in values if v is not None and v.size]
    most = max((float(v.max()) for v in found if v.size), default=0.0)
    return most if most > 0 else 1.0
