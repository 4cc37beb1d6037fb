"""The probe: sees every operation of a model while it runs, functional ones too, and changes none.

Module hooks see only modules: not a skip's ``+``, not ``F.relu``, not ``cat``. PyTorch's own
`TorchFunctionMode` sees every call on a tensor, so the probe uses it for the operations, and one
pair of hooks to know in which module each of them happened. Both are gone when the block ends.

What happened is only noted down while the model runs, and made out afterwards. Small outputs are
held, not copied. What is about to be overwritten in place is copied just before, what shares its
memory with an input or a parameter at once, and what somebody else still holds afterwards, in the
end. Large outputs are copied at once into large pages (see `copies`): holding them would make the
model itself run through fresh memory, which costs more than the copies.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from sys import getrefcount
from threading import get_ident
from types import TracebackType
from typing import Any, Final, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from .calls import Modules, named_modules, named_tensors
from .copies import Copies
from .hooks import FUSED, runs_fused
from .in_place import WAYS, overwritten

UNLIMITED: Final = 1 << 62
NOTHING: Final[list[Tensor]] = []


LARGE: Final = 320 << 10
"""Bytes from which on an output is copied at once."""


def are_large(results: tuple[Tensor, ...]) -> bool:
    """Whether results are better copied than held; not where a graph holds them anyway."""
    return any(
        result.nbytes >= LARGE
        and result.is_cpu
        and not result.requires_grad
        and memory_of(result) is not None
        for result in results
    )


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


Note: TypeAlias = tuple[
    Any, Frame | None, tuple[Any, ...], Mapping[str, Any], tuple[Tensor, ...], tuple[int, ...], int
]
"""One call as it was noted down: function, frame, args, kwargs, results, their versions, and the
number of the first of them, counted over the run. A plain tuple: one is made for every operation.
"""


class Probe(TorchFunctionMode):
    """Sees what a model does inside a `with` block; `finish()` gives the operations in order.

    It watches the thread that entered the block. Calls that make no tensor are passed over.
    Outputs are held up to `budget` bytes, in the order of the run; `on_output(number, tensor)` is
    told of each while it can still be given a gradient hook, with its number in that order. A probe
    that is `told` of the modules' calls, by `enter_module` and `leave_module`, needs no hooks.
    `modules` are the model's, if they are known already.
    """

    def __init__(
        self,
        model: nn.Module,
        budget: int = UNLIMITED,
        on_output: Callable[[int, Tensor], None] | None = None,
        *,
        told: bool = False,
        modules: Modules | None = None,
    ) -> None:
        super().__init__()
        self._told = told
        self.model, self.budget = model, budget
        self.inputs: list[Seen] = []
        self.returned: list[tuple[Frame, Seen]] = []
        self._operations: list[Operation] = []
        self._on_output = on_output
        self._names = {id(module): name for name, module in modules or named_modules(model)}
        self._notes: list[Note] = []
        self._held: list[tuple[Seen, Tensor, int, int]] = []  # made out before the end
        self._thread = 0
        self._frame: Frame | None = None
        self._returned: list[tuple[Frame, int | Seen]] = []  # what each call of a module gave
        self._blind: tuple[Frame, Any] | None = None  # inside of what it does not look
        self._hooks: list[Any] = []
        self._bytes = 0
        self._count = 0  # of outputs so far
        self._latest: dict[int, int] = {}  # identity of a held output → its number
        self._copy = Copies().of
        self._copies: dict[int, Tensor] = {}  # number → what it was before it was overwritten
        self._loose: set[int] = set()  # identities of what shares memory without being a view
        self._same: dict[int, int] = {}  # number → an earlier one that is the very same tensor
        self._views: dict[int, list[tuple[int, Tensor]]] = {}  # identity of a base → its views
        self._seen: dict[int, tuple[Seen, Any]] = {}  # identity → what it is, and the tensor
        self._unnamed: list[tuple[Seen, int]] = []  # what no operation made, by identity

    def add_input(self, name: str, tensor: Tensor) -> None:
        """Name a tensor that goes into the model; its value is copied, as it is the caller's."""
        value = tensor.detach().clone()
        seen = Seen("input", name, tuple(tensor.shape), tensor.dtype, value)
        self.inputs.append(seen)
        self._seen[id(tensor)] = seen, tensor

    # -- while the model runs ----------------------------------------------------------------

    def __enter__(self) -> Probe:
        self._thread = get_ident()
        if not self._told:
            self._hooks = [
                register_module_forward_pre_hook(self.enter_module),
                register_module_forward_hook(self.leave_module, always_call=True),
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

    def enter_module(self, module: nn.Module, args: Any) -> None:
        """A module is about to run."""
        name = self._names.get(id(module))
        if name is None or get_ident() != self._thread:
            return
        self._frame = Frame(module, name, self._frame)
        if self._blind is None and isinstance(module, FUSED) and runs_fused(module, args):
            # looking inside would change the last bits
            self._blind = self._frame, torch._C.DisableTorchFunction()
            self._blind[1].__enter__()

    def leave_module(self, module: nn.Module, args: Any, output: Any) -> None:
        """A module has run, or has failed to."""
        frame = self._frame
        if frame is None or frame.module is not module or get_ident() != self._thread:
            return
        if self._blind is not None and self._blind[0] is frame:
            self._see_again()
        number = self._latest.get(id(output))
        if number is not None and not (args and output is args[0]):  # nearly always
            self._returned.append((frame, number))
        elif self._blind is None:
            made = output if isinstance(output, (tuple, list)) else (output,)
            new = tuple(part for part in made if isinstance(part, Tensor) and self._is_new(part))
            if new or (args and output is args[0] and self._did_nothing(frame)):
                # made by something that no mode can see, or its very input
                with torch._C.DisableTorchFunction():  # what we do ourselves is no operation of it
                    self._note(module, args, {}, new or (output,), NOTHING)
            self._note_returned(frame, output)
        self._frame = frame.outer

    def _did_nothing(self, frame: Frame) -> bool:
        if frame.module._modules:
            return False
        if self._notes:
            return self._notes[-1][1] is not frame
        return not self._operations or self._operations[-1].frame is not frame

    def _note_returned(self, frame: Frame, output: Any) -> None:
        if not isinstance(output, Tensor):
            tensors = named_tensors(output, "")
            if not tensors:
                return
            output = tensors[0][1]
        number = self._latest.get(id(output))
        if number is not None:
            self._returned.append((frame, number))
        elif not self._is_new(output):
            self._returned.append((frame, self._seen[id(output)][0]))

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
        changed, shares = NOTHING, False
        way = WAYS.get(func, True)
        if (
            (way is not False and (type(way) is not int or len(args) > way))
            or "out" in kwargs
            or kwargs.get("inplace")
        ):
            changed = overwritten(func, args, kwargs)
            shares = WAYS[func] is None
            for target in changed or (args[:1] if shares else ()):
                self._save(target)
        result = func(*args, **kwargs)
        if isinstance(result, Tensor):
            if (
                changed
                or shares
                or self._on_output is not None
                or self._bytes > self.budget
                or (size := result.nbytes) >= LARGE
                or result._is_view()
                or (args and result is args[0])
            ):
                self._note(func, args, kwargs, (result,), changed, shares)
            else:  # nearly always: what `_note` does then, without a call
                number = self._count
                self._count, self._bytes = number + 1, self._bytes + size
                self._latest[id(result)] = number
                seen = (result,), (result._version,)
                self._notes.append((func, self._frame, args, kwargs, *seen, number))
        elif isinstance(result, (tuple, list)):
            tensors = tuple(part for part in result if isinstance(part, Tensor))
            if tensors:
                self._note(func, args, kwargs, tensors, changed, shares)
        elif changed and result is None:  # x[0] = 1
            self._note(func, args, kwargs, (), changed)
        return result

    def _note(
        self,
        function: Any,
        args: Any,
        kwargs: Mapping[str, Any],
        results: tuple[Tensor, ...],
        changed: list[Tensor],
        shares: bool = False,
    ) -> None:
        if changed:
            results = self._with_changed(results, changed)
        first = number = self._count
        fits = self._bytes <= self.budget
        copies = [self._copy(result) for result in results] if fits and are_large(results) else None
        holds = fits and copies is None
        for result in results:
            if fits:
                self._bytes += result.nbytes
            if holds:
                if result._is_view() or changed or shares or (args and result is args[0]):
                    if shares:
                        self._loose.add(id(result))
                    self._note_shared(number, result, bool(changed))
                self._latest[id(result)] = number
            elif id(result) in self._latest:  # held as what it was before
                self._save(result)
                del self._latest[id(result)]
            if self._on_output is not None:
                self._on_output(number, result)
            number += 1
        self._count = number
        versions = tuple([result._version for result in results])
        note = (function, self._frame, args, kwargs, results, versions, first)
        if holds:
            self._notes.append(note)
        else:
            self._held += self._make_out(holds=True)
            self._notes = [note]
            self._make_out(holds=False, copies=copies)

    def _with_changed(
        self, results: tuple[Tensor, ...], changed: list[Tensor]
    ) -> tuple[Tensor, ...]:
        """What came out, with what was overwritten: also the tensor into which a view looks."""
        found = {id(result): result for result in results}
        for target in changed:
            found.setdefault(id(target), target)
            base = target._base if target._is_view() else None
            if base is not None and (id(base) in self._latest or not self._is_new(base)):
                found.setdefault(id(base), base)
        return tuple(found.values())

    def _note_shared(self, number: int, result: Tensor, in_place: bool) -> None:
        """What to do about a result that is no memory of its own."""
        base = result._base if result._is_view() else result
        loose = in_place and id(result) in self._loose
        if base is None or loose or id(base) not in self._latest:  # or an input's, a parameter's
            self._copies[number] = self._copy(result)
        elif base is not result:
            self._views.setdefault(id(base), []).append((number, result))
        elif not in_place:  # an operation that did nothing, such as dropout in evaluation
            self._same[number] = self._latest[id(result)]

    def _save(self, target: Tensor) -> None:
        """Copy what is held of a tensor, and of those that look into its memory."""
        if is_lazy(target):  # a parameter that has no numbers yet
            return
        base = target._base if target._is_view() else target
        if base is None or id(base) not in self._latest:
            return
        family = [(self._latest[id(base)], base), *self._views.pop(id(base), ())]
        for number, tensor in family:
            if number not in self._copies:
                copy = self._copy(tensor)
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
        kept = self._held_by_others(nested=False)
        if sum(tensor.nbytes for tensor in kept) > LARGE:  # perhaps only lists of arguments do
            kept = self._held_by_others(nested=True)
        shared = {memory_of(tensor) for tensor in kept} - {0}
        if shared:
            results = [(number, tensor) for _, tensor, _, number in self._held]
            for _, _, _, _, made, _, first in self._notes:
                results += enumerate(made, first)
            for number, tensor in results:
                if number not in self._copies and memory_of(tensor) in shared:
                    self._copies[number] = self._copy(tensor)

    def _held_by_others(self, *, nested: bool) -> list[Tensor]:
        """The results that more refer to than the probe; `nested` looks into lists of arguments."""
        results = [
            *map(itemgetter(1), self._held), *chain.from_iterable(map(itemgetter(4), self._notes))
        ]  # fmt: skip
        arguments = chain.from_iterable(map(itemgetter(2), self._notes))
        ours = Counter(map(id, chain(results, results, arguments)))
        ours.update(map(id, map(itemgetter(1), self._seen.values())))
        if nested:
            for note in self._notes:
                ours.update(map(id, note[3].values()))
                for thing in (*note[2], *note[3].values()):
                    if type(thing) in (tuple, list):
                        ours.update(map(id, thing))
        return [tensor for tensor in results if getrefcount(tensor) > ours[id(tensor)] + LOOKING]

    @property
    def operations(self) -> list[Operation]:
        """The operations in order, with the values that were held; call `settle` before.

        From then on `returned` has the first tensor that each call of a module gave.
        """
        held = [*self._held, *self._make_out(holds=True)]
        self._held, self._seen = [], {}
        self._name_weights()
        while held:  # the last first: a graph of thousands of nodes must not fall as a whole
            seen, result, version, number = held.pop()
            if number in self._copies:
                seen.value = self._copies.pop(number)
            elif memory_of(result) is None:
                seen.left_out = "inside of a function that torch.func transformed"
            elif result._version != version:
                seen.left_out = "overwritten by something that cannot be seen"
            else:
                seen.value = result.detach()
        if self._returned:
            outputs = [output for operation in self._operations for output in operation.outputs]
            self.returned += [
                (frame, outputs[which] if isinstance(which, int) else which)
                for frame, which in self._returned
            ]
            self._returned = []
        return self._operations

    def _name_weights(self) -> None:
        """Tell parameters and buffers from constants; too slow to be done while the model runs."""
        own = [("parameter", self.model.named_parameters()), ("buffer", self.model.named_buffers())]
        names = {id(part): (kind, name) for kind, parts in own for name, part in parts}
        for seen, identity in self._unnamed:
            seen.kind, seen.name = names.get(identity, (seen.kind, seen.name))
        self._unnamed = []

    def _make_out(
        self, *, holds: bool, copies: list[Tensor] | None = None
    ) -> list[tuple[Seen, Tensor, int, int]]:
        """Turn what was noted down into operations; whose values are to follow is returned."""
        held = []
        for function, frame, args, kwargs, results, versions, first in self._notes:
            inputs: list[Seen] = []
            arguments: list[Any] = []
            for argument in (*args, *kwargs.values()) if kwargs else args:
                if isinstance(argument, Tensor):
                    inputs.append(self._source(argument))
                elif isinstance(argument, (tuple, list)) and any(
                    isinstance(part, Tensor) for part in argument
                ):
                    inputs += [self._source(p) for p in argument if isinstance(p, Tensor)]
                else:
                    arguments.append(argument)
            outputs = []
            for place, result in enumerate(results):
                seen = Seen("output", "", tuple(result.shape), result.dtype)
                outputs.append(seen)
                if holds:
                    self._seen[id(result)] = seen, result
                    held.append((seen, result, versions[place], first + place))
                    continue
                if copies is not None:
                    seen.value = copies[place]
                else:
                    seen.left_out = "budget"
                self._seen[id(result)] = seen, weakref.ref(result)
            self._operations.append(Operation(function, frame, inputs, outputs, arguments))
        self._notes = []
        return held

    def _source(self, tensor: Tensor) -> Seen:
        entry = self._seen.get(id(tensor))
        if entry is not None:
            holder = entry[1]
            if holder is tensor or (isinstance(holder, weakref.ref) and holder() is tensor):
                return entry[0]
        seen = Seen("constant", "", tuple(tensor.shape), tensor.dtype)
        self._unnamed.append((seen, id(tensor)))
        self._seen[id(tensor)] = seen, tensor
        return seen


LOOKING: Final = next(getrefcount(thing) for _, thing in [(0, object())]) - 1
"""References to a thing that looking at its count in a loop adds by itself."""


def memory_of(tensor: Tensor) -> int | None:
    """Where a tensor's memory begins; 0 if it has none, None if it cannot be read any more."""
    if torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        return None
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0
