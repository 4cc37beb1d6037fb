"""`recording`: a `with` block inside which anyone's own training loop is recorded, unchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from ..errors import InputError
from ..trace import Header, Moment, Site, Trace
from .calls import check_watchable
from .hooks import watch_outputs
from .keep import Keep
from .recorder import Recorder

GATHER_S: Final = 1.0  # a trace file is written about once a second
_ACTIVE: WeakSet[recording] = WeakSet()
_backward: Any = torch.autograd.backward  # PyTorch's own, while ours stands in its place


class recording:  # noqa: N801 - reads as a word: with recording(model) as rec
    """Records a model while it learns inside a `with` block; the loop itself stays as it is.

    ``with lw.recording(model) as rec: train(model)`` works around a plain loop, a Lightning trainer
    or a Hugging Face trainer. A moment is a step of an optimiser that moves the model's parameters,
    with the loss whose `backward()` was called (scaled or divided, if the loop did so; with
    `rec.note(loss=…)` it is what you say), and what `keep` asks for (see `Keep`): summaries of
    every layer, arrays every so often. Parameters are read after the backward pass, before they
    move; with several backward passes in a step, gradients are those added up. If the model is
    called several times in a step, summaries are of all calls, arrays of the last. `rec.trace` can
    be read at any time; with `path` it is a file, written about once a second.

    `rec.note(accuracy=0.9)` adds numbers of one's own to the step that is under way. With
    `Keep(passes="all")`, passes without gradients are moments too.

    The model's outputs, gradients, parameters and random numbers stay the same to the last bit.
    When the block ends, also by an exception, every hook is gone. Raises `InputError` for a model
    that cannot be watched, or that is being recorded already.
    """

    def __init__(
        self,
        model: nn.Module,
        keep: Keep | None = None,
        *,
        path: str | Path | None = None,
        title: str = "",
        about: Mapping[str, Any] | None = None,
    ) -> None:
        check_watchable(model)
        if any(is_lazy(parameter) for parameter in model.parameters()):
            raise InputError(
                "A model is recorded while it learns once its layers have their shapes",
                received="parameters without a shape",
                do="Call the model with a batch before",
            )
        self.model, self.keep = model, keep or Keep()
        facts = {
            "model": type(model).__name__,
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "versions": {"layerwise": version("layerwise"), "torch": torch.__version__},
            **(about or {}),
        }
        header = Header(title or type(model).__name__, (Site("loss", "metric"),), facts)
        self._recorder = Recorder(model, self.keep)
        self._trace = (
            Trace(header) if path is None else Trace.create(path, header, every_s=GATHER_S)
        )
        self._parameters = list(model.parameters())
        self._own = {id(parameter) for parameter in self._parameters}
        self._hooks: list[Any] = []
        self._loss: Tensor | None = None
        self._pending = False
        self._extra: dict[str, float] = {}
        self._declared = {"loss"}
        self._step = 0
        self._unrecorded = 0

    def __enter__(self) -> recording:
        if any(other.model is self.model for other in _ACTIVE):
            raise InputError("This model is being recorded already", do="Leave that block first")
        self._recorder.__enter__()
        self._hooks = [
            register_optimizer_step_pre_hook(self._before_step),
            register_optimizer_step_post_hook(self._after_step),
            watch_outputs(self.model, self._after_pass),
        ]
        _watch_backward()
        _ACTIVE.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _ACTIVE.discard(self)
        if not _ACTIVE and torch.autograd.backward is _watched_backward:
            torch.autograd.backward = _backward
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        self._recorder.__exit__(kind, error, trace)
        notes = []
        if not len(self.trace):
            notes.append(
                "No step of an optimiser was seen while the model was recorded"
                + (f"; {self._unrecorded:,} passes without gradients were left out: "
                   "Keep(passes='all') records them" if self._unrecorded else "")
            )  # fmt: skip
        self.trace.declare(notes=notes)
        self.trace.flush()

    @property
    def trace(self) -> Trace:
        """What was recorded so far."""
        self._recorder.flush(self._trace)
        return self._trace

    def note(self, **numbers: float) -> None:
        """Add numbers to the step that is under way, under names of one's own."""
        for name, value in numbers.items():
            self._extra[name] = float(value)

    def _gradients(self) -> list[tuple[int, int]]:
        """What a backward pass that reaches the model changes."""
        found = [parameter.grad for parameter in self._parameters]
        return [(0, 0) if slope is None else (id(slope), slope._version) for slope in found]

    def _after_backward(self, losses: Sequence[Tensor], before: list[tuple[int, int]]) -> None:
        """A backward pass has ended somewhere; it is ours if it changed our gradients."""
        if self._gradients() == before:
            return
        self._recorder.capture()
        self._pending = True
        numbers = [loss.detach() for loss in losses if loss.numel() == 1]
        self._loss = sum(numbers[1:], numbers[0]) if numbers else None

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if self._pending and self._moves(optimizer):
            self._commit()

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        # An optimiser that was given a closure runs the passes inside of its step.
        if self._pending and self._moves(optimizer):
            self._commit()

    def _after_pass(self, module: nn.Module, args: Any, output: Any) -> None:
        if torch.is_grad_enabled():
            return
        if self.keep.passes == "all":
            self._recorder.capture()
            self._commit("pass")
        else:
            self._unrecorded += 1

    def _moves(self, optimizer: Optimizer) -> bool:
        return any(
            id(parameter) in self._own
            for group in optimizer.param_groups
            for parameter in group["params"]
        )

    def _commit(self, kind: str = "step") -> None:
        metrics = dict(self._extra)
        if self._loss is not None:
            metrics.setdefault("loss", float(self._loss))
        new = metrics.keys() - self._declared
        if new:
            self._trace.declare(*(Site(name, "metric") for name in sorted(new)))
            self._declared |= new
        self._recorder.commit(self._trace, Moment(kind, {kind: self._step}), metrics)
        self._step += 1
        self._pending, self._loss, self._extra = False, None, {}


def _watch_backward() -> None:
    """Stand in for `torch.autograd.backward`, which `Tensor.backward` calls too."""
    global _backward  # noqa: PLW0603
    if torch.autograd.backward is not _watched_backward:
        _backward = torch.autograd.backward
        torch.autograd.backward = _watched_backward


def _watched_backward(tensors: Any, *args: Any, **kwargs: Any) -> None:
    """`torch.autograd.backward`, after which every recording under way reads the gradients."""
    nested = torch._C._current_graph_task_id() != -1  # a checkpoint's, within the loop's own
    before = [] if nested else [(active, active._gradients()) for active in _ACTIVE]
    _backward(tensors, *args, **kwargs)
    losses = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    for active, gradients in before:
        active._after_backward(losses, gradients)
