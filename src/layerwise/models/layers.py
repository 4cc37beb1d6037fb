"""A model's layers as a table: shapes, parameters and multiply-adds of one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from .description import describe
from .shape_errors import explain
from .shapes import sample_shape


@dataclass(frozen=True)
class LayerRow:
    """One layer of the table, as it ran.

    `output` is the shape of what it gave for one sample, without the sample axis (of several
    tensors the first); None where it gave no tensor, or where its parameters are used by the layer
    around it. A layer that runs twice has two rows, its parameters counted in the first.
    `multiply_adds` are those of convolutions, dense layers and attention, of one sample.
    """

    name: str
    operation: str
    output: tuple[int, ...] | None
    parameters: int
    multiply_adds: int


def layers(model: nn.Module, inputs: Sequence[int] | Tensor) -> list[LayerRow]:
    """The layers of a model in the order in which they run, with shapes, parameters and work.

    `inputs` is the shape of one sample, (feature,) or (channel, row, column), or a batch
    (sample, …), whose first sample is used. The model runs once, in evaluation mode and without
    gradients; its mode, buffers and the random numbers are afterwards as before. A row stands for
    each module that has no parts, and for one with parts that has parameters or work of its own.
    The parameters of all rows add up to the model's. Operations outside modules have no row: their
    work is in the module around them, additions and activations count none.

    Raises `InputError` for inputs that do not fit, with the layer, what it got and what it wants.
    """
    batch = inputs[:1] if isinstance(inputs, Tensor) else _zeros(model, sample_shape(inputs))
    table = _Table(model)
    counter = FlopCounterMode(display=False)
    with _undisturbed(model), table.hooks(counter), torch.no_grad():
        try:
            with counter:
                model(batch)
        except Exception as error:
            failure: Exception | None = error
        else:
            failure = None
    if failure is not None:
        raise explain(model, batch, failure) from failure
    return table.rows()


def _zeros(model: nn.Module, shape: tuple[int, ...]) -> Tensor:
    like = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(0))
    return torch.zeros((1, *shape), dtype=like.dtype, device=like.device)


@contextmanager
def _undisturbed(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; afterwards each module's mode and the random numbers as before."""
    modes = [(module, module.training) for module in model.modules()]
    fast = torch.backends.mha.get_fastpath_enabled()
    model.eval()
    try:
        # Attention in one piece would hide its work from the counter.
        with torch.random.fork_rng(devices=[]), sdpa_kernel(SDPBackend.MATH):
            torch.backends.mha.set_fastpath_enabled(False)
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for module, mode in modes:
            module.training = mode


@dataclass
class _Run:
    name: str
    module: nn.Module
    started: int
    inside: int = 0
    work: int = 0
    output: tuple[int, ...] | None = None


@dataclass
class _Table:
    """What ran, in order of starting; work is that of a module less that of its parts."""

    model: nn.Module
    runs: list[_Run] = field(default_factory=list)
    stack: list[_Run] = field(default_factory=list)

    @contextmanager
    def hooks(self, counter: FlopCounterMode) -> Iterator[None]:
        """Hooks on every module, gone afterwards whatever happens."""
        handles = []
        try:
            for name, module in self.model.named_modules():
                handles += [module.register_forward_pre_hook(self._start(name, counter))]
                handles += [module.register_forward_hook(self._end(counter))]
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _start(self, name: str, counter: FlopCounterMode) -> Callable[..., None]:
        def start(module: nn.Module, args: Any) -> None:
            run = _Run(name or type(module).__name__, module, _flops(counter))
            self.stack.append(run)
            self.runs.append(run)

        return start

    def _end(self, counter: FlopCounterMode) -> Callable[..., None]:
        def end(module: nn.Module, args: Any, output: Any) -> None:
            run = self.stack.pop()
            flops = _flops(counter) - run.started
            run.work = (flops - run.inside) // 2  # a multiply-add is two operations
            if self.stack:
                self.stack[-1].inside += flops
            tensor = _first_tensor(output)
            run.output = None if tensor is None else tuple(tensor.shape[1:])

        return end

    def rows(self) -> list[LayerRow]:
        """The rows of what ran, then of modules with parameters that did not run by themselves."""
        counted: set[int] = set()
        found: list[LayerRow] = []
        for run in self.runs:
            own = _own_parameters(run.module, counted)
            leaf = next(run.module.children(), None) is None
            if leaf or own or run.work:
                operation = describe(run.module)
                found.append(LayerRow(run.name, operation, run.output, own, run.work))
        for name, module in self.model.named_modules():
            if own := _own_parameters(module, counted):
                found.append(
                    LayerRow(name or type(module).__name__, describe(module), None, own, 0)
                )
        return found


def _own_parameters(module: nn.Module, counted: set[int]) -> int:
    """How many numbers a module's own parameters have, those counted before aside."""
    total = 0
    for parameter in module.parameters(recurse=False):
        if id(parameter) not in counted:
            counted.add(id(parameter))
            total += parameter.numel()
    return total


def _first_tensor(output: Any) -> Tensor | None:
    if isinstance(output, Mapping):
        output = tuple(output.values())
    if isinstance(output, (tuple, list)) and output:
        output = output[0]
    return output if isinstance(output, Tensor) else None


def _flops(counter: FlopCounterMode) -> int:
    return int(sum(counter.flop_counts.get("Global", {}).values()))
