"""A run as sites: every tensor that went in, was used or came out, under its name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..trace import Site
from ..types import Array
from .keep import Keep
from .names import (
    RESHAPING,
    Returned,
    block_ends,
    function_name,
    input_axes,
    operation_names,
    output_axes,
    text_of,
    weight_axes,
)
from .probe import Operation, Seen


@dataclass(eq=False)
class Place:
    """A site with the tensor that it stands for."""

    site: Site
    seen: Seen
    names: tuple[str, ...]  # under which it may be asked for: its own, its module's
    reshapes: bool = False


def places_of(operations: list[Operation], inputs: list[Seen], returned: Returned) -> list[Place]:
    """A place for every input, parameter, buffer and output, in the order of the run.

    What feeds an operation always stands before it.
    """
    places: list[Place] = []
    names: dict[int, str] = {}
    axes: dict[int, tuple[str, ...]] = {}
    taken: set[str] = set()

    def add(seen: Seen, name: str, own_axes: tuple[str, ...], kind: str, **more: Any) -> Place:
        unique, again = name, 1
        while unique in taken:
            again += 1
            unique = f"{name}:{again}"
        taken.add(unique)
        names[id(seen)], axes[id(seen)] = unique, own_axes
        facts = {"shape": list(seen.shape), "dtype": str(seen.dtype).removeprefix("torch.")}
        about = {**more.pop("about", {}), **facts}
        site = Site(unique, kind, own_axes, about=about, **more)
        places.append(Place(site, seen, (unique,)))
        return places[-1]

    for seen in inputs:
        add(seen, seen.name, input_axes(seen.shape), "input")
    called = operation_names(operations, returned)
    ends = block_ends(operations, returned)
    answers = {id(seen) for frame, seen in returned if not frame.name}  # of the network itself
    for number, operation in enumerate(operations):
        for source in operation.inputs:
            if id(source) in names:
                continue
            if source.kind == "output":
                continue  # cannot be: what made it comes earlier
            if source.kind in ("parameter", "buffer"):
                kind = "weight" if source.kind == "parameter" else "buffer"
                add(source, source.name, weight_axes(source.shape), kind)
            else:
                add(source, "constant", input_axes(source.shape), "constant")
        fed = tuple(dict.fromkeys(names[id(source)] for source in operation.inputs))
        frame = operation.frame
        about: dict[str, Any] = {"operation": function_name(operation)}
        if frame is not None and frame.name:
            about |= {
                "module": frame.name,
                "type": type(frame.module).__name__,
                "settings": frame.module.extra_repr(),
            }
        if operation.arguments:
            about["arguments"] = [text_of(argument) for argument in operation.arguments][:16]
        if ends[number]:
            about["ends"] = ends[number]
        for part, output in enumerate(operation.outputs):
            name = called[number] if part == 0 else f"{called[number]}[{part}]"
            own = output_axes(operation, tuple(output.shape), axes)
            place = add(output, name, own, "activation", inputs=fed, about=about)
            place.names = (place.site.name, *((frame.name,) if frame else ()), *ends[number])
            whole = frame is not None and frame.name == name and bool(frame.module._modules)
            whole = whole or id(output) in answers
            place.reshapes = function_name(operation) in RESHAPING and not whole
    return places


def gradient_site(site: Site) -> Site:
    """The site of the loss's derivative by what that site holds."""
    about = {"of": site.name, "shape": site.about.get("shape", [])}
    return replace(
        site, name=f"{site.name}.gradient", kind="gradient", inputs=(site.name,), about=about
    )


def array_of(tensor: Tensor) -> Array | None:
    """A tensor's numbers as an array that NumPy has; None for numbers that a trace cannot hold.

    bfloat16 and the 8-bit floats become float32, exactly; memory is shared where it can be.
    """
    tensor = tensor.detach()
    if (
        tensor.is_meta
        or tensor.layout is not torch.strided
        or tensor.is_quantized
        or tensor.is_complex()
        or tensor.is_nested
    ):
        return None
    tensor = tensor.resolve_neg().cpu()
    if tensor.is_floating_point() and tensor.dtype not in KNOWN_FLOATS:
        tensor = tensor.float()
    return np.asarray(tensor.numpy())


KNOWN_FLOATS = (torch.float16, torch.float32, torch.float64)


@dataclass(frozen=True)
class Cut:
    """What of an output's array is kept: samples from the first on, and chosen units."""

    samples: int | None
    units: tuple[int, ...] | None
    axis: int  # of the units
    entries: dict[str, tuple[int | str, ...]]
    note: str

    def of(self, tensor: Tensor) -> Tensor:
        """A copy of that part of a tensor."""
        part = tensor.detach()
        if self.samples is not None:
            part = part[: self.samples]
        if self.units is not None:
            chosen = torch.as_tensor(self.units, device=part.device)
            return part.index_select(self.axis, chosen)
        return part.clone()


def unit_axis(axes: tuple[str, ...]) -> int | None:
    """Which axis counts neurons: channels or units; None where none does."""
    for name in ("channel", "unit"):
        if name in axes:
            return axes.index(name)
    return None


def cut_for(site: Site, value: Tensor, keep: Keep, samples: int | None) -> Cut:
    """The samples and neurons to keep of a site, chosen by the value it has now."""
    entries: dict[str, tuple[int | str, ...]] = {}
    notes = []
    shape, axis = value.shape, unit_axis(site.axes)
    batch = samples if samples is not None and site.axes[:1] == ("sample",) else None
    if batch is not None and len(shape) and shape[0] > batch:
        notes.append(f"first {batch} of {shape[0]:,} samples")
    else:
        batch = None
    units = None
    if axis is not None and keep.neurons is not None and shape[axis] > keep.neurons:
        units = largest(value, axis, keep.neurons)
        entries[site.axes[axis]] = units
        kind = "channels" if site.axes[axis] == "channel" else "units"
        notes.append(
            f"{len(units)} of {shape[axis]:,} {kind}, largest mean |output| when first seen"
        )
    return Cut(batch, units, axis or 0, entries, "; ".join(notes))


def largest(value: Tensor, axis: int, count: int) -> tuple[int, ...]:
    """The positions along an axis with the largest mean magnitude, in order; ties: the first."""
    others = [other for other in range(value.dim()) if other != axis]
    means = value.detach().abs().float().mean(others) if others else value.detach().abs()
    order = np.argsort(-np.nan_to_num(means.cpu().numpy(), nan=-1), kind="stable")
    return tuple(sorted(int(place) for place in order[:count]))
