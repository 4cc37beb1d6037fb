"""The arrays of a recording that goes on: which part of each, and how often, within the budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import torch
from torch import Tensor

from ..trace import Site, Trace
from ..types import Array
from .keep import EVERY, Keep
from .sites import Cut, Place, array_of, cut_for, gradient_site, largest, unit_axis

FITTING_MOMENTS: Final = 8
"""A moment may take this part of the budget; samples and neurons are halved until it does."""


@dataclass
class Tensors:
    """What a pass left: its places, and derivatives by site name."""

    places: list[Place]
    gradients: Mapping[str, Tensor] = field(default_factory=dict)
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    weight_gradients: Mapping[str, Tensor] = field(default_factory=dict)


class Values:
    """Cuts arrays to what is kept, and thins out older moments where the budget is about to end.

    Which neurons are kept is decided when a layer is first seen, and stays.
    """

    def __init__(self, keep: Keep, budget: int) -> None:
        self.keep, self.budget = keep, budget
        self.every = keep.every or EVERY
        self.moments: dict[int, int] = {}  # number of the moment → bytes
        self.names: set[str] = set()
        self._cuts: dict[str, Cut] = {}
        self._samples = keep.samples
        self._weight_cuts: dict[str, tuple[tuple[int, ...] | None, ...]] = {}
        self._sites: dict[str, Site] = {}

    def cut(self, tensors: Tensors) -> tuple[list[Site], dict[str, Array]]:
        """The sites and arrays of one moment."""
        if not self._cuts:
            self._fit(tensors.places)
        values: dict[str, Array] = {}
        # Weights last: which of their rows are kept is decided by the neurons.
        for place in sorted(tensors.places, key=lambda place: place.site.kind == "weight"):
            name, tensor = place.site.name, place.seen.value
            if not self.keep.wants(*place.names):
                continue
            if place.site.kind == "weight":
                self._cut_weight(place, tensors, values)
            elif place.site.kind == "activation" and tensor is not None and not place.reshapes:
                if not tensor.is_floating_point():
                    continue
                self._cut_output(place.site, tensor, tensors.gradients.get(name), values)
            elif place.site.kind == "input" and tensor is not None:
                part, note = tensor, ""
                if self._samples is not None and tensor.dim() and len(tensor) > self._samples:
                    part = tensor[: self._samples]
                    note = f"first {len(part)} of {len(tensor):,} samples"
                self._put(replace(place.site, note=note), part.clone(), values)
            else:
                self._sites.setdefault(name, place.site)
        sites = [self._sites[place.site.name] for place in tensors.places
                 if place.site.name in self._sites]  # fmt: skip
        shown = {site.name for site in sites}
        sites += [self._sites[name] for name in values if name not in shown]
        return sites, values

    def _cut_output(
        self, site: Site, value: Tensor, gradient: Tensor | None, values: dict[str, Array]
    ) -> None:
        cut = self._cuts.get(site.name)
        if cut is None:
            cut = self._cuts[site.name] = cut_for(site, value, self.keep, self._samples)
        kept = replace(site, entries=cut.entries, note=cut.note)
        self._sites.setdefault(site.name, kept)
        if self.keep.outputs == "values":
            self._put(kept, cut.of(value), values)
        if gradient is not None and self.keep.gradients == "values":
            self._put(gradient_site(kept), cut.of(gradient), values)

    def _cut_weight(self, place: Place, tensors: Tensors, values: dict[str, Array]) -> None:
        site = place.site
        weight = tensors.weights.get(site.name)
        self._sites.setdefault(site.name, site)
        if weight is None or self.keep.weights != "values":
            return
        chosen = self._weight_cuts.get(site.name)
        if chosen is None:
            chosen = self._weight_cuts[site.name] = self._chosen(site, weight, tensors.places)
        entries: dict[str, tuple[int | str, ...]] = {}
        notes = []
        for axis, places in enumerate(chosen):
            if places is not None:
                entries[site.axes[axis]] = places
                notes.append(f"{len(places)} of {weight.shape[axis]:,} along {site.axes[axis]!r}")
        kept = replace(site, entries=entries, note=", ".join(notes))
        self._put(kept, _selected(weight, chosen), values)
        gradient = tensors.weight_gradients.get(site.name)
        if gradient is not None and self.keep.gradients == "values":
            self._put(gradient_site(kept), _selected(gradient, chosen), values)

    def _chosen(
        self, site: Site, weight: Tensor, places: list[Place]
    ) -> tuple[tuple[int, ...] | None, ...]:
        """Rows of the neurons that are kept, columns of the kept ones that feed them."""
        neurons = self.keep.neurons
        if neurons is None or weight.dim() == 0:
            return (None,) * weight.dim()
        rows: tuple[int, ...] | None = None
        columns: tuple[int, ...] | None = None
        for place in places:
            if site.name in place.site.inputs:
                rows = rows or self._units_of(place.site.name, weight.shape[0])
                for source in place.site.inputs:
                    if source in self._cuts and weight.dim() > 1:
                        columns = columns or self._units_of(source, weight.shape[1])
        if rows is None and weight.shape[0] > neurons:
            rows = largest(weight, 0, neurons)
        if columns is None and weight.dim() > 1 and weight.shape[1] > 64 * neurons:
            columns = largest(weight, 1, 64 * neurons)
        return (rows, columns, *[None] * (weight.dim() - 2))[: weight.dim()]

    def _units_of(self, name: str, size: int) -> tuple[int, ...] | None:
        cut = self._cuts.get(name)
        return cut.units if cut is not None and cut.units and max(cut.units) < size else None

    def _put(self, site: Site, tensor: Tensor, values: dict[str, Array]) -> None:
        array = array_of(tensor)
        if array is not None:
            self._sites[site.name] = site
            values[site.name] = array
            self.names.add(site.name)

    def _fit(self, places: list[Place]) -> None:
        """Take fewer samples where a moment would take too much of the budget."""

        def size(samples: int | None) -> float:
            total = 0.0
            for place in places:
                shape, axes = place.seen.shape, place.site.axes
                if place.site.kind != "activation" or place.reshapes or not shape:
                    continue
                numbers = 1.0
                axis = unit_axis(axes)
                for number, side in enumerate(shape):
                    most = self.keep.neurons if number == axis else None
                    most = samples if number == 0 and axes[:1] == ("sample",) else most
                    numbers *= side if most is None else min(side, most)
                total += 4 * numbers
            return total * (2 if self.keep.gradients == "values" else 1)

        batch = max((place.seen.shape[0] for place in places if place.seen.shape), default=1)
        samples = self._samples if self._samples is not None else batch
        while samples > 1 and size(samples) * FITTING_MOMENTS > self.budget:
            samples //= 2
        self._samples = None if self._samples is None and samples == batch else max(samples, 1)

    def make_room(self, trace: Trace, moment: int, size: int) -> bool:
        """Whether the arrays of a coming moment are to be stored; makes room for them before.

        Where the budget would be passed, every second of the moments with arrays gives them up.
        """
        if size > self.budget:
            trace.declare(
                notes=[f"Arrays left out: those of one step take more than the budget of "
                       f"{self.keep.budget}"]
            )  # fmt: skip
            return False
        self.moments[moment] = size
        while sum(self.moments.values()) > self.budget:
            for number in sorted(self.moments)[1::2]:
                del self.moments[number]
                if number != moment:
                    trace.drop(sorted(self.names), number)
            self.every *= 2
        return moment in self.moments

    def state(self) -> dict[str, Any]:
        """What going on after a break needs, as JSON can hold it."""
        cuts = {
            name: [cut.samples, cut.units, cut.axis, cut.entries, cut.note]
            for name, cut in self._cuts.items()
        }
        return {
            "every": self.every, "samples": self._samples, "cuts": cuts,
            "moments": {str(number): size for number, size in self.moments.items()},
            "names": sorted(self.names), "weights": self._weight_cuts,
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.every, self._samples = state["every"], state["samples"]
        self.moments = {int(number): size for number, size in state["moments"].items()}
        self.names = set(state["names"])
        for name, (samples, units, axis, entries, note) in state["cuts"].items():
            found = {key: tuple(places) for key, places in entries.items()}
            self._cuts[name] = Cut(
                samples, None if units is None else tuple(units), axis, found, note
            )
        for name, chosen in state["weights"].items():
            self._weight_cuts[name] = tuple(None if c is None else tuple(c) for c in chosen)


def _selected(tensor: Tensor, chosen: tuple[tuple[int, ...] | None, ...]) -> Tensor:
    part = tensor.detach()
    for axis, places in enumerate(chosen):
        if places is not None:
            part = part.index_select(axis, torch.as_tensor(places, device=part.device))
    return part.clone() if part.data_ptr() == tensor.data_ptr() else part
