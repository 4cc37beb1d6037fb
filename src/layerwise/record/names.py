"""What the operations of a run are called, and what their outputs' axes are called.

A module's output has the module's own name ("layer1.0.conv1"); an operation that is written in a
module's `forward` has the module's name and its own ("layer1.0.add"); what happens again is counted
("relu:2" is the second call of `relu`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Final

from torch import device, dtype, layout, memory_format, nn

from ..types import CHANNEL, COLUMN, ROW, SAMPLE
from .probe import Frame, Operation, Seen

UNIT, POSITION, HEAD = "unit", "position", "head"
RESHAPING: Final = frozenset(
    ("flatten", "view", "reshape", "contiguous", "detach", "to", "unflatten", "squeeze",
     "unsqueeze", "permute", "transpose", "t", "T", "mT", "expand", "expand_as", "view_as",
     "reshape_as", "clone", "chunk", "split", "unbind", "float", "type", "movedim", "data")
)  # fmt: skip
"""Operations whose outputs are their input's numbers in another shape or order."""

IMAGES: Final = {
    1: (SAMPLE, CHANNEL, POSITION),
    2: (SAMPLE, CHANNEL, ROW, COLUMN),
    3: (SAMPLE, CHANNEL, "depth", ROW, COLUMN),
}


def function_name(operation: Operation) -> str:
    """The operation's own name: "conv2d", "add", "getitem"; a module's class where it hid it."""
    function = operation.function
    if isinstance(function, nn.Module):
        return type(function).__name__
    name: str = getattr(function, "__name__", type(function).__name__)
    if name == "__get__":  # an attribute, such as x.T
        return str(getattr(function.__self__, "__name__", name))
    if name.startswith("__") and name.endswith("__"):
        name = name.strip("_")
        for start in ("i", "r"):  # __iadd__ and __radd__ are additions
            if name.startswith(start) and name[1:] in ARITHMETIC:
                return name[1:]
    return name.strip("_")


ARITHMETIC: Final = frozenset(
    ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
)


Returned = list[tuple[Frame, Seen]]
"""What each call of a module gave: the first tensor in it."""


def operation_names(operations: list[Operation], returned: Returned) -> list[str]:
    """A unique name for each operation, in order.

    A module's own name is that of the operation whose output it returned, if it called no others.
    """
    called: Counter[str] = Counter()
    frame_names: dict[int, str] = {}
    with_calls: set[int] = set()  # frames in which other modules were called

    def frame_name(frame: Frame) -> str:
        found = frame_names.get(id(frame))
        if found is None:
            if frame.outer is not None:
                frame_name(frame.outer)
                with_calls.add(id(frame.outer))
            called[frame.name] += 1
            again = called[frame.name]
            found = frame.name if again == 1 else f"{frame.name}:{again}"
            frame_names[id(frame)] = found
        return found

    for operation in operations:
        if operation.frame is not None:
            frame_name(operation.frame)
    results = {(id(frame), id(seen)) for frame, seen in returned}
    names: list[str] = []
    taken: Counter[str] = Counter()
    for operation in operations:
        frame, own = operation.frame, function_name(operation)
        name = own
        if frame is not None:
            start = frame_names[id(frame)]
            whole = id(frame) not in with_calls and any(
                (id(frame), id(output)) in results for output in operation.outputs
            )
            name = start if whole and start else f"{start}.{own}".removeprefix(".")
        taken[name] += 1
        while taken[name] > 1:
            name = f"{name}:{taken[name]}"
            taken[name] += 1
        names.append(name)
    return names


def block_ends(operations: list[Operation], returned: Returned) -> list[list[str]]:
    """For each operation the modules with parts that returned its output, innermost first."""
    gave: dict[int, list[str]] = {}
    for frame, seen in returned:
        if frame.name and frame.module._modules:  # one without parts: its own name says it already
            gave.setdefault(id(seen), []).append(frame.name)
    ends = []
    for operation in operations:
        names = [name for output in operation.outputs for name in gave.get(id(output), ())]
        ends.append(sorted(dict.fromkeys(names), key=lambda name: -name.count(".")))
    return ends


def output_axes(
    operation: Operation, shape: tuple[int, ...], known: dict[int, tuple[str, ...]]
) -> tuple[str, ...]:
    """Names for the axes of an output; `known` has those of the inputs, by identity."""
    name = function_name(operation)
    count = len(shape)
    if not count:
        return ()
    sides = re.fullmatch(r"conv(?:_transpose)?([123])d", name)
    if sides and count == int(sides[1]) + 2:
        return IMAGES[int(sides[1])]
    own = [source for source in operation.inputs if source.kind not in ("parameter", "buffer")]
    turned = _turned(name, operation.arguments, known.get(id(own[0]))) if own else None
    if turned is not None:
        return turned
    for source in own:
        axes = known.get(id(source))
        if axes is not None and tuple(source.shape) == tuple(shape):
            return axes
    for source in own:  # pooling and the like: as many axes, other sizes
        axes = known.get(id(source))
        if axes is not None and len(axes) == count and name not in MIXING:
            return (*axes[:-1], UNIT) if name in ("linear", "embedding") else axes
    if name in ("linear", "embedding", "layer_norm", "flatten") or count == 2:
        middle = [POSITION] if count == 3 else [f"axis {n}" for n in range(1, count - 1)]
        return (SAMPLE, *middle, UNIT) if count > 1 else (UNIT,)
    if name == "scaled_dot_product_attention" and count == 4:
        return (SAMPLE, HEAD, POSITION, UNIT)
    return (SAMPLE, *[f"axis {n}" for n in range(1, count)])


def _turned(
    name: str, arguments: Sequence[Any], axes: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """The axes in another order, where it is told which; None for other operations."""
    told = arguments[0] if len(arguments) == 1 else arguments
    order = list(told) if isinstance(told, (list, tuple)) else []
    if axes is None or not all(type(place) is int for place in order):
        return None
    if name in ("transpose", "swapaxes") and len(order) == 2:
        places = list(range(len(axes)))
        one, other = order
        places[one], places[other] = places[other], places[one]
        return tuple(axes[place] for place in places)
    if name == "permute" and len(order) == len(axes):
        return tuple(axes[place] for place in order)
    return None


MIXING: Final = frozenset(
    ("transpose", "permute", "reshape", "view", "matmul", "bmm", "einsum", "flatten", "T", "mT",
     "movedim", "unflatten", "scaled_dot_product_attention")
)  # fmt: skip
"""Operations after which the axes no longer mean what they meant."""


def weight_axes(shape: tuple[int, ...]) -> tuple[str, ...]:
    """Names for the axes of a parameter."""
    if len(shape) == 2:
        return (UNIT, "input unit")
    if 3 <= len(shape) <= 5:
        return (CHANNEL, "input channel", *IMAGES[len(shape) - 2][2:])
    return (UNIT,) if len(shape) == 1 else tuple(f"axis {n}" for n in range(len(shape)))


def input_axes(shape: tuple[int, ...]) -> tuple[str, ...]:
    """Names for the axes of an input."""
    if len(shape) in (4, 5):
        return IMAGES[len(shape) - 2]
    if len(shape) == 3:
        return (SAMPLE, POSITION, UNIT)
    return (SAMPLE, UNIT)[: len(shape)]


def text_of(argument: Any) -> Any:
    """An argument as JSON can hold it, the same text in every run."""
    if argument is None or isinstance(argument, (bool, int, str)):
        return argument
    if isinstance(argument, float):
        return argument if isfinite(argument) else str(argument)
    if isinstance(argument, (tuple, list)):
        return [text_of(part) for part in argument]
    if isinstance(argument, Mapping):
        return {str(key): text_of(part) for key, part in argument.items()}
    if isinstance(argument, (slice, complex, dtype, device, layout, memory_format)):
        return str(argument)
    if argument is Ellipsis:
        return "..."
    name = getattr(argument, "__name__", type(argument).__name__)
    return str(name)
