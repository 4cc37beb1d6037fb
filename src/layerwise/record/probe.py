"""The probe: sees every operation of a model while it runs, functional ones too, and changes none.

Module hooks see only modules: not a skip's ``+``, not ``F.relu``, not ``cat``. PyTorch's own
`TorchFunctionMode` sees every call on a tensor, so the probe uses it for the operations, and one
pair of hooks to know in which module each of them happened. Both are gone when the block ends.

What happened is only noted down while the model runs, and made out afterwards. Outputs are held,
not copied: copying them costs more than many a forward pass, mostly in fresh pages. What is about
to be overwritten in place is copied just before, what shares its memory with an input or a
parameter at once, and what somebody else still holds afterwards, in the end.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from sys import getrefcount
from types import TracebackType
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

FUSED: Final = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerEncoder)
"""Modules that in evaluation run as one fused operation, but not while somebody looks inside."""

UNLIMITED: Final = 1 << 62
IN_PLACE_METHODS: Final = frozenset(
    f"__i{name}__"
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor",
                 "lshift", "rshift", "matmul")
) | {"__setitem__"}  # fmt: skip


class Frame(NamedTuple):
    """One call of one module, and the call around it."""

    module: nn.Module
    name: str
    outer: Frame | None


@dataclass(slots=True, eq=False)
class Seen:
    """A tensor that operations used or made.

    `kind` is "input", "parameter", "buffer", "output", or "constant" for what came from nowhere
    that could be seen. `value` is there if it was held; nobody else can change it.
    """

    kind: str
    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    value: Tensor | None = None
    left_out: str = ""


class Operation(NamedTuple):
    """One operation that ran: which, in which module's call, from what, and what came out.

    `arguments` are those that are no tensors. `function` is the module itself where a module made
    its output by something that cannot be seen, such as a compiled extension.
    """

    function: Any
    frame: Frame | None
    inputs: list[Seen]
    outputs: list[Seen]
    arguments: list[Any]


class Note(NamedTuple):
    """One call as it was noted down."""

    function: Any
    frame: Frame | None
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    results: tuple[Tensor, ...]
    versions: list[int]
    first: int  # the number of the first result, counted over the run


class Probe(TorchFunctionMode):
    """Sees what a model does inside a `with` block; `finish()` gives the operations in order.

    It watches the thread that entered the block. Calls that make no tensor are passed over.
    Outputs are held up to `budget` bytes, in the order of the run; `on_output(number, tensor)` is
    told of each while it can still be given a gradient hook, with its number in that order.
    """

    def __init__(
        self,
        model: nn.Module,
        budget: int = UNLIMITED,
        on_output: Callable[[int, Tensor], None] | None = None,
    ) -> None:
        super().__init__()
        self.model, self.budget = model, budget
        self.inputs: list[Seen] = []
        self._operations: list[Operation] = []
        self._on_output = on_output
        self._names = module_names(model)
        self._notes: list[Note] = []
        self._held: list[tuple[Seen, Tensor, int, int]] = []  # made out before the end
        self._frame: Frame | None = None
        self._blind: tuple[Frame, Any] | None = None  # inside of what it does not look
        self._hooks: list[Any] = []
        self._bytes = 0
        self._count = 0  # of outputs so far
        self._latest: dict[int, int] = {}  # identity of a held output → its number
        self._copies: dict[int, Tensor] = {}  # number → what it was before it was overwritten
        self._same: dict[int, int] = {}  # number → an earlier one that is the very same tensor
        self._views: dict[int, list[tuple[int, Tensor]]] = {}  # identity of a base → its views
        self._seen: dict[int, tuple[Seen, Any]] = {}  # identity → what it is, and the tensor

    def add_input(self, name: str, tensor: Tensor) -> None:
        """Name a tensor that goes into the model; its value is copied, as it is the caller's."""
        value = tensor.detach().clone()
        seen = Seen("input", name, tuple(tensor.shape), tensor.dtype, value)
        self.inputs.append(seen)
        self._seen[id(tensor)] = seen, tensor

    # -- while the model runs ----------------------------------------------------------------

    def __enter__(self) -> Probe:
        self._hooks = [
            register_module_forward_pre_hook(self._enter_module),
            register_module_forward_hook(self._leave_module, always_call=True),
        ]
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._see_again()
            super().__exit__(kind, error, trace)  # type: ignore[no-untyped-call]
        finally:
            for hook in self._hooks:
                hook.remove()
            self._hooks, self._frame = [], None

    def _enter_module(self, module: nn.Module, args: Any) -> None:
        name = self._names.get(id(module))
        if name is None:
            return
        self._frame = Frame(module, name, self._frame)
        fused = isinstance(module, FUSED) and not module.training and not torch.is_grad_enabled()
        if fused and self._blind is None:  # looking inside would change the last bits
            self._blind = self._frame, torch._C.DisableTorchFunction()
            self._blind[1].__enter__()

    def _leave_module(self, module: nn.Module, args: Any, output: Any) -> None:
        frame = self._frame
        if frame is None or frame.module is not module:
            return
        if self._blind is not None and self._blind[0] is frame:
            self._see_again()
        if self._blind is None:
            made = output if isinstance(output, (tuple, list)) else (output,)
            new = tuple(part for part in made if isinstance(part, Tensor) and self._is_new(part))
            if new:
                self._note(module, args, {}, new)  # made by something that no mode can see
        self._frame = frame.outer

    def _see_again(self) -> None:
        if self._blind is not None:
            self._blind[1].__exit__(None, None, None)
            self._blind = None

    def _is_new(self, tensor: Tensor) -> bool:
        if id(tensor) in self._latest:
            return False
        entry = self._seen.get(id(tensor))
        if entry is None:
            return True
        return not (
            entry[1] is tensor or (isinstance(entry[1], weakref.ref) and entry[1]() is tensor)
        )

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if kwargs is None:
            kwargs = {}
        in_place = False
        if kwargs or IN_PLACE.get(func, True) is not False:
            for target in overwritten(func, args, kwargs):
                in_place = True
                self._save(target)
        result = func(*args, **kwargs)
        if isinstance(result, Tensor):
            self._note(func, args, kwargs, (result,), in_place=in_place)
        elif isinstance(result, (tuple, list)):
            tensors = tuple(part for part in result if isinstance(part, Tensor))
            if tensors:
                self._note(func, args, kwargs, tensors, in_place=in_place)
        return result

    def _note(
        self,
        function: Any,
        args: Any,
        kwargs: Mapping[str, Any],
        results: tuple[Tensor, ...],
        *,
        in_place: bool = False,
    ) -> None:
        first = number = self._count
        holds = self._bytes <= self.budget
        for result in results:
            if holds:
                self._bytes += result.nbytes
                if result._is_view() or in_place or (args and result is args[0]):
                    self._note_shared(number, result, in_place)
                self._latest[id(result)] = number
            if self._on_output is not None:
                self._on_output(number, result)
            number += 1
        self._count = number
        versions = [result._version for result in results]
        note = Note(function, self._frame, args, kwargs, results, versions, first)
        if holds:
            self._notes.append(note)
        else:
            self._held += self._make_out(holds=True)
            self._notes = [note]
            self._make_out(holds=False)

    def _note_shared(self, number: int, result: Tensor, in_place: bool) -> None:
        """What to do about a result that is no memory of its own."""
        base = result._base if result._is_view() else result
        if base is None or id(base) not in self._latest:  # it is an input's or a parameter's
            self._copies[number] = result.detach().clone()
        elif base is not result:
            self._views.setdefault(id(base), []).append((number, result))
        elif not in_place:  # an operation that did nothing, such as dropout in evaluation
            self._same[number] = self._latest[id(result)]

    def _save(self, target: Tensor) -> None:
        """Copy what is held of a tensor, and of those that look into its memory."""
        base = target._base if target._is_view() else target
        if base is None or id(base) not in self._latest:
            return
        family = [(self._latest[id(base)], base), *self._views.pop(id(base), ())]
        for number, tensor in family:
            if number not in self._copies:
                copy = tensor.detach().clone()
                place: int | None = number
                while place is not None and place not in self._copies:
                    self._copies[place] = copy
                    place = self._same.get(place)

    # -- afterwards --------------------------------------------------------------------------

    def settle(self) -> None:
        """Make sure that nobody else can change what is held.

        Call it after the backward pass, if there is one, and after the model's own output was let
        go: a value that somebody else still refers to is copied, and so is what it looks into.
        """
        self._views, self._latest = {}, {}
        references: Counter[int] = Counter()
        for note in self._notes:
            for part in (note.args, note.kwargs.values(), note.results):
                references.update(map(id, part))
                for inner in part:
                    if isinstance(inner, (tuple, list)):
                        references.update(map(id, inner))
        for note in self._notes:
            number = note.first - 1
            for result in note.results:
                number += 1
                # two more: the loop's name and the argument of getrefcount
                if number not in self._copies and getrefcount(result) > references[id(result)] + 2:
                    self._copies[number] = result.detach().clone()

    @property
    def operations(self) -> list[Operation]:
        """The operations in order, with the values that were held; call `settle` before."""
        held = [*self._held, *self._make_out(holds=True)]
        self._held, self._seen = [], {}
        for seen, result, version, number in held:
            if number in self._copies:
                seen.value = self._copies.pop(number)
            elif result._version != version:
                seen.left_out = "overwritten by something that cannot be seen"
            else:
                seen.value = result.detach()
        return self._operations

    def _make_out(self, *, holds: bool) -> list[tuple[Seen, Tensor, int, int]]:
        """Turn what was noted down into operations; whose values are to follow is returned."""
        held = []
        for function, frame, args, kwargs, results, versions, first in self._notes:
            inputs: list[Seen] = []
            arguments: list[Any] = []
            for argument in (*args, *kwargs.values()) if kwargs else args:
                if isinstance(argument, Tensor):
                    inputs.append(self._source(argument, frame))
                elif isinstance(argument, (tuple, list)):
                    inputs += [self._source(p, frame) for p in argument if isinstance(p, Tensor)]
                else:
                    arguments.append(argument)
            outputs = []
            for place, result in enumerate(results):
                seen = Seen("output", "", tuple(result.shape), result.dtype)
                outputs.append(seen)
                if holds:
                    self._seen[id(result)] = seen, result
                    held.append((seen, result, versions[place], first + place))
                else:
                    seen.left_out = "budget"
                    self._seen[id(result)] = seen, weakref.ref(result)
            self._operations.append(Operation(function, frame, inputs, outputs, arguments))
        self._notes = []
        return held

    def _source(self, tensor: Tensor, frame: Frame | None) -> Seen:
        entry = self._seen.get(id(tensor))
        if entry is not None:
            holder = entry[1]
            if holder is tensor or (isinstance(holder, weakref.ref) and holder() is tensor):
                return entry[0]
        kind, name = self._name(tensor, frame)
        seen = Seen(kind, name, tuple(tensor.shape), tensor.dtype)
        self._seen[id(tensor)] = seen, tensor
        return seen

    def _name(self, tensor: Tensor, frame: Frame | None) -> tuple[str, str]:
        """What a tensor is that no operation made."""
        while frame is not None:
            module = frame.module
            for kind, own in (("parameter", module._parameters), ("buffer", module._buffers)):
                for key, value in own.items():
                    if value is tensor:
                        return kind, f"{frame.name}.{key}".removeprefix(".")
            frame = frame.outer
        for name, parameter in self.model.named_parameters():
            if parameter is tensor:
                return "parameter", name
        return "constant", ""


def hook_gradient(tensor: Tensor, store: Callable[[Tensor], object]) -> None:
    """Have `store` called with the loss's derivative by a tensor, in the backward pass."""

    def look(gradient: Tensor) -> None:
        store(gradient.detach())

    tensor.register_hook(look)  # type: ignore[no-untyped-call]


def module_names(model: nn.Module) -> dict[int, str]:
    """The name of each module by its identity; the first name of one that has several."""
    names: dict[int, str] = {}
    waiting = [(model, "")]
    while waiting:
        module, name = waiting.pop()
        if id(module) in names:
            continue
        names[id(module)] = name
        start = f"{name}." if name else ""
        children = reversed(module._modules.items())
        waiting += [(child, start + key) for key, child in children if child is not None]
    return names


IN_PLACE: dict[Any, int | bool] = {}
"""Function → whether it changes its first argument: always, never, or where its flag stands."""


def overwritten(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Tensor]:
    """The tensors that a call is about to change in place."""
    way = IN_PLACE.get(func)
    if way is None:
        way = IN_PLACE[func] = _in_place(func)
    out = kwargs.get("out")
    if out is not None:
        return [out] if isinstance(out, Tensor) else list(out)
    flag = kwargs.get("inplace") or (way is not False and len(args) > way and args[way] is True)
    if way is True or flag:
        return [argument for argument in args[:1] if isinstance(argument, Tensor)]
    return []


def _in_place(func: Any) -> int | bool:
    name = getattr(func, "__name__", "")
    if name in IN_PLACE_METHODS or (name.endswith("_") and not name.endswith("__")):
        return True
    try:
        names = list(signature(func).parameters)
    except (TypeError, ValueError):
        return False
    return names.index("inplace") if "inplace" in names else False
