"""What part of its input a unit can see, exactly, and what part of that it looks at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ...errors import InputError, unknown_name
from ...models.shape_errors import misfits_told
from ...trace import Header, Moment, Site, Trace
from ...types import Array, FloatArray

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .watched import LayerOutput, Seen

MOST_STOPS: Final = 24
_KEEPS: Final = (
    "relu",
    "gelu",
    "silu",
    "tanh",
    "sigmoid",
    "elu",
    "hardtanh",
    "dropout",
    "softplus",
)
"""Operations after which a unit sees what it saw before: no stop of their own."""
SIDES: Final = {1: ("column",), 2: ("row", "column"), 3: ("depth", "row", "column")}


def receptive_field(
    model: nn.Module,
    input: Any,
    layer: str,
    unit: int | tuple[int, ...] | None = None,
    *,
    images: Any = None,
    effective: bool = True,
    channel_axis: int = 1,
) -> Trace:
    """Which input positions can reach a unit of a layer, and how much each really does.

    `input` is (sample, channel, …sides) with one, two or three sides; its first sample is gone
    through. `channel_axis` says where the channels are, of a sequence (sample, position, unit) 2.
    `layer` is named as in `record`. `unit` is a channel (then at the middle place), or an index
    for every axis of one sample's output; None takes the largest value at the middle place.

    The *theoretical* field is exact for this pass: a position belongs to it if it can reach the
    unit for some weights and numbers. It is found by going back through every operation that ran
    (convolutions of any kind, pooling, skips, attention, normalisation over space, slices, writes
    in place), so it has holes where dilation leaves them. Weights that happen to be zero count as
    weights; fixed masks of attention do close. An operation without a rule is taken to need all
    of its inputs, and choices that Python makes from numbers are not seen: `trace.notes` names
    both. The *effective* field (Luo et al., 2016) is the mean |derivative| of the unit by the
    input, over channels and `images` (sample, …; by default all of `input`), each alone, with
    the model in the mode in which it is.

    One moment for each layer on the way where the field grows, the asked one last. An earlier
    layer stands for its unit nearest to the middle of those that the asked one hears, and
    there the channel with the largest |value|. Sites: "field" and "effective" (…sides), "channels"
    (channel,), "unit" (axis,), and per side "size", "first" and "stride" (0: cannot be told, or
    has none), "count" of positions, "count95": the fewest that hold 95 % of the effective field,
    and "share95" of the field. The first moment also has the "picture" (channel, …sides).

    Raises `InputError` for an input without sides, units out of range and units without a
    derivative (unless `effective` is False), `UnknownNameError` for layers, with the nearest name.
    """
    import torch

    from ...record.calls import check_watchable
    from ..one_thread import one_thread
    from .effective import slopes
    from .watched import watch

    modules = check_watchable(model)
    given = _as_tensor(input, model)
    if not 3 <= given.dim() <= 5 or not given.numel():
        raise InputError(
            "A receptive field lies on an input with places: (sample, channel, column), "
            "(sample, channel, row, column) or with a depth too",
            received=f"an input of shape {tuple(given.shape)}",
        )
    if channel_axis not in range(1, given.dim()):
        raise InputError(
            "The channels' axis is one after the sample's",
            received=f"channel_axis={channel_axis} for shape {tuple(given.shape)}",
        )
    first = given[:1].detach().clone()
    if not bool(first.isfinite().all()):
        raise InputError(
            "The input must be made of finite numbers",
            received=f"{int((~first.isfinite()).sum()):,} of {first.numel():,} that are not",
        )
    with torch.inference_mode(False), torch.enable_grad(), misfits_told(model, first):
        if first.is_floating_point():
            first = first.requires_grad_().clone()  # a leaf must not be written into
        seen = watch(model, (first,), first, modules)
    target = _layer(seen, layer, type(model).__name__)
    index = _unit(target, unit)
    with one_thread():  # a mask is small work: several threads would wait for each other
        stops = _way(seen, target, index)
        way = _Way(seen, channel_axis - 1)
        fields = [way.field(*stop) for stop in stops]
        kept = _growing(fields)
        stops, fields = [stops[number] for number in kept], [fields[number] for number in kept]
        strides = [
            way.stride(one, place, field.places)
            for (one, place), field in zip(stops, fields, strict=True)
        ]
    heats: list[FloatArray] = []
    if effective:
        if not given.is_floating_point():
            raise InputError(
                "An input of whole numbers has no derivative", received=str(given.dtype),
                do="Pass effective=False for the theoretical field alone",
            )  # fmt: skip
        shown = given if images is None else _as_tensor(images, model)
        if tuple(shown.shape[1:]) != tuple(given.shape[1:]) or not len(shown):
            raise InputError(
                "The images have the shape of the input", received=str(tuple(shown.shape)),
                allowed=f"(sample, {', '.join(map(str, given.shape[1:]))})",
            )  # fmt: skip
        with misfits_told(model, first):
            found = slopes(
                model, shown, [(one.place.site.name, place) for one, place in stops], modules
            )
        heats = [heat.mean(axis=channel_axis - 1) for heat in found]
    picture = np.moveaxis(given[0].detach().double().cpu().numpy(), channel_axis - 1, 0)
    about: dict[str, Any] = {
        "model": type(model).__name__, "layer": target.place.site.name,
        "layers": [one.place.site.name for one, _ in stops],
        "shapes": [list(one.shape) for one, _ in stops],
        "mode": "training" if model.training else "evaluation",
        "images": len(shown) if effective else 0,
    }  # fmt: skip
    sides = picture.ndim - 1
    trace = Trace(Header(f"receptive field of {layer}", _sites(sides), about, {}, _notes(seen)))
    for number, (_, place) in enumerate(stops):
        values = _described(fields[number], strides[number])
        values["unit"] = np.array(place)
        if heats:
            values |= _measured(heats[number], fields[number].places)
        if number == 0:
            values["picture"] = picture
        trace.append(Moment("layer", {"layer": number}), values)
    return trace


@dataclass(frozen=True, eq=False)
class _Field:
    places: Array  # (…sides), true or false
    channels: Array  # (channel,)


class _Way:
    """Fields of units on the way."""

    def __init__(self, seen: Seen, channel: int) -> None:
        self._seen, self._channel = seen, channel

    def field(self, layer: LayerOutput, index: tuple[int, ...]) -> _Field:
        mask = self._seen.reach(layer, index)[0][0].numpy()
        mask = np.moveaxis(mask, self._channel, 0)
        places = np.asarray(mask.any(axis=0))
        return _Field(places, np.asarray(mask.reshape(len(mask), -1).any(axis=1)))

    def stride(self, layer: LayerOutput, index: tuple[int, ...], field: Array) -> Array:
        """How far the field moves per side when the unit's place does; 0 where edges hide it."""
        sides = field.ndim
        steps = np.zeros(sides, np.int64)
        own = len(index) - sides
        if own < 2 or not field.any():
            return steps
        for sign in (1, -1):
            moved = list(index)
            for side in range(own, len(index)):
                if 0 <= moved[side] + sign < layer.shape[side]:
                    moved[side] += sign
            other = self.field(layer, tuple(moved)).places
            for side in range(sides):
                if not steps[side] and moved[own + side] != index[own + side] and other.any():
                    steps[side] = _step(_ends(field, side), _ends(other, side), field.shape[side])
        return steps


def _step(one: tuple[int, int], other: tuple[int, int], size: int) -> int:
    """By how much an interval moved, told by an end that no edge has cut off."""
    if one[0] > 0 and other[0] > 0:
        return abs(other[0] - one[0])
    if one[1] < size - 1 and other[1] < size - 1:
        return abs(other[1] - one[1])
    return 0


def _ends(field: Array, side: int) -> tuple[int, int]:
    others = tuple(axis for axis in range(field.ndim) if axis != side)
    where = np.flatnonzero(field.any(axis=others))
    return int(where[0]), int(where[-1])


def _described(field: _Field, stride: Array) -> dict[str, Any]:
    sides = range(field.places.ndim)
    some = bool(field.places.any())
    ends = [_ends(field.places, side) if some else (0, -1) for side in sides]
    return {
        "field": field.places, "channels": field.channels, "stride": stride,
        "size": np.array([last - first + 1 for first, last in ends]),
        "first": np.array([first for first, _ in ends]),
        "count": int(field.places.sum()),
    }  # fmt: skip


def _measured(heat: FloatArray, field: Array) -> dict[str, Any]:
    from .effective import smallest_share

    count = smallest_share(heat)
    return {
        "effective": heat, "count95": count, "share95": count / max(int(field.sum()), 1)
    }  # fmt: skip


def _layer(seen: Seen, name: str, model: str) -> LayerOutput:
    from .watched import layer_names

    names = layer_names(seen.layers)
    if name not in names:
        raise unknown_name("layer", str(name), names, where=model)
    return seen.layers[names[name]]


def _unit(layer: LayerOutput, unit: int | tuple[int, ...] | None) -> tuple[int, ...]:
    """The full index of a unit in a layer's output, the sample's axis with it."""
    shape = layer.shape
    lead = (0,) if len(shape) > 1 and shape[0] == 1 else ()
    free = shape[len(lead) :]
    name = layer.place.site.name
    if isinstance(unit, Iterable):
        index = tuple(unit)
        if len(index) != len(free) or not all(
            isinstance(place, (int, np.integer)) and 0 <= place < size
            for place, size in zip(index, free, strict=False)
        ):
            raise InputError(
                f"There is no such unit in {name!r}", received=str(index),
                allowed=f"One place from 0 on for each of its axes {free}",
            )  # fmt: skip
        return (*lead, *map(int, index))
    if not free:
        return ()
    axis = _unit_axis(layer) - len(lead)
    if unit is None:
        return (*lead, *_strongest(layer, tuple(size // 2 for size in free), axis))
    if not isinstance(unit, (int, np.integer)) or not 0 <= unit < free[axis]:
        raise InputError(
            f"There is no such unit in {name!r}", received=repr(unit),
            allowed=f"0 to {free[axis] - 1}, or a place for each of its axes {free}",
        )  # fmt: skip
    middle = [size // 2 for size in free]
    middle[axis] = int(unit)
    return (*lead, *middle)


def _unit_axis(layer: LayerOutput) -> int:
    """Which axis counts channels or units."""
    from ...record.sites import unit_axis

    found = unit_axis(layer.place.site.axes)
    if found is not None:
        return found
    return 1 if len(layer.shape) == 4 else len(layer.shape) - 1


def _strongest(layer: LayerOutput, place: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """That place, at the channel with the largest |value| there."""
    value = layer.place.seen.value
    if value is None:
        return place
    array: Tensor = value[0] if len(layer.shape) > len(place) else value
    line = array[tuple(slice(None) if n == axis else p for n, p in enumerate(place))]
    best = int(line.detach().double().abs().argmax())
    return tuple(best if n == axis else p for n, p in enumerate(place))


def _way(
    seen: Seen, target: LayerOutput, index: tuple[int, ...]
) -> list[tuple[LayerOutput, tuple[int, ...]]]:
    """Layers with places from the input on, each with the unit that stands for it."""
    earlier = [
        layer
        for layer in seen.layers.values()
        if layer.made_at < target.made_at
        and len(layer.shape) == seen.source.dim()
        and layer.shape[0] == 1
        and not layer.place.reshapes
        and layer.place.site.about.get("operation") not in _KEEPS
        and layer.tensor.is_floating_point()
    ]
    _, masks = seen.reach(target, index, earlier)
    stops = []
    for layer, mask in zip(earlier, masks, strict=True):
        if bool(mask.any()):
            stops.append((layer, _middle(layer, mask[0].numpy())))
    return [*stops, (target, index)]


def _middle(layer: LayerOutput, heard: Array) -> tuple[int, ...]:
    """The unit nearest to the middle of those that are heard."""
    axis = _unit_axis(layer) - 1
    places = np.argwhere(heard.any(axis=axis))
    center = (places.min(axis=0) + places.max(axis=0)) / 2
    nearest = places[int(np.argmin(((places - center) ** 2).sum(axis=1)))].tolist()
    nearest.insert(axis, 0)
    best = list(_strongest(layer, tuple(nearest), axis))
    line = heard[tuple(slice(None) if n == axis else p for n, p in enumerate(best))]
    if not line[best[axis]]:
        best[axis] = int(np.flatnonzero(line)[0])
    return (0, *best)


def _growing(fields: list[_Field]) -> list[int]:
    """The stops at which the field is larger than at all before, and the last."""
    kept: list[int] = []
    largest = 0
    for number, field in enumerate(fields):
        count = int(field.places.sum())
        if number == len(fields) - 1:
            if kept and np.array_equal(fields[kept[-1]].places, field.places):
                kept.pop()
            kept.append(number)
        elif count > largest:
            kept.append(number)
            largest = count
    if len(kept) > MOST_STOPS:
        places = np.linspace(0, len(kept) - 1, MOST_STOPS)
        kept = [kept[round(place)] for place in places]
    return kept


def _as_tensor(value: Any, model: nn.Module) -> Tensor:
    import torch

    if not isinstance(value, torch.Tensor):
        try:
            array = np.asarray(value)
            value = torch.as_tensor(array)
        except (TypeError, ValueError) as error:
            raise InputError(
                "The input is a tensor or an array of numbers", received=type(value).__name__
            ) from error
        kind = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
        if value.is_floating_point():
            value = value.to(kind)
    elsewhere = {str(part.device) for part in [*model.parameters(), value]} - {"cpu"}
    if elsewhere:
        raise InputError(
            "Receptive fields are found on the CPU", received=", ".join(sorted(elsewhere)),
            do="Move the model and the input there with .cpu()",
        )  # fmt: skip
    result: Tensor = value
    return result


def _notes(seen: Seen) -> tuple[str, ...]:
    notes = []
    if seen.guessed:
        names = ", ".join(sorted(seen.guessed))
        notes.append(f"Upper bound: no rule for {names}, taken to need all of their inputs")
    if seen.lost:
        notes.append("The model took numbers out of its tensors: what Python does is not seen")
    return tuple(notes)


def _sites(sides: int) -> tuple[Site, ...]:
    own = SIDES[sides]
    each: dict[str, tuple[int | str, ...]] = {"side": own}
    return (
        Site("picture", "image", ("channel", *own)),
        Site("field", "mask", own, ("picture",)),
        Site("channels", "mask", ("channel",), ("picture",)),
        Site("effective", "gradient", own, ("picture",), note="mean |derivative| over channels"),
        Site("unit", "index", ("axis",)),
        Site("size", "metric", ("side",), ("field",), "positions", entries=each),
        Site("first", "metric", ("side",), ("field",), entries=each),
        Site("stride", "metric", ("side",), ("field",), "positions", entries=each),
        Site("count", "metric", (), ("field",), "positions"),
        Site("count95", "metric", (), ("effective",), "positions"),
        Site("share95", "metric", (), ("effective", "field")),
    )
