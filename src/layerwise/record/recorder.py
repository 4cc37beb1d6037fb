"""The recorder: stands beside a model that learns, and writes each step as a moment of a trace.

Between two moments it costs little: one hook for each layer that adds the layer's numbers to six
sums, and one pass over the parameters. Every so often (see `Keep`) it also looks at the operations
themselves and keeps arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from threading import get_ident
from types import TracebackType
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from ..trace import Moment, Site, Trace
from ..types import Array, FloatArray
from .calls import call_arguments, check_watchable, input_tensors, named_tensors
from .forward import loss_of
from .hooks import FUSED, hook_gradient
from .keep import Keep
from .layer_watch import LayerWatch
from .probe import Probe
from .sites import places_of
from .summary import STATISTICS, statistics_from
from .values import Tensors, Values

GATHERED: Final = 32  # so many steps are put into the trace together


class _Step(NamedTuple):
    moment: Moment
    metrics: Mapping[str, float]
    sums: FloatArray | None  # raw, of the layers


class Recorder:
    """Watches a model inside a `with` block; `commit` writes what was seen since the last time.

    `capture` reads the parameters and their gradients: call it after the backward pass, before the
    optimiser moves them (`commit` does it otherwise). Without a `probe` arrays are those of the
    batch that the model gets; with one, a function that gives inputs and a loss of the output, they
    come from a pass of their own over the same samples each time, in evaluation mode, which changes
    nothing: neither gradients nor random numbers nor running means.

    Raises `InputError` for a model that cannot be watched. The hooks are gone when the block ends.
    """

    def __init__(
        self,
        model: nn.Module,
        keep: Keep | None = None,
        *,
        probe: tuple[Any, Callable[[Any], Tensor]] | None = None,
    ) -> None:
        check_watchable(model)
        self.model, self.keep, self._fixed = model, keep or Keep(), probe
        self.layers = LayerWatch(model, self.keep)
        self.values = Values(self.keep, self.keep.budget_bytes * 3 // 4)
        self.summary_every = self.keep.summary_every
        self._summaries: list[int] = []  # the moments that have one
        self._waiting: list[_Step] = []
        self._value_hooks: list[Any] = []
        self._passes = _Passes(model)
        self._step = 0  # how many moments were committed
        self._captured = self._declared = False
        self._cut: tuple[list[Site], dict[str, Array]] | None = None  # the arrays of this step

    # -- hooks ---------------------------------------------------------------------------------

    def __enter__(self) -> Recorder:
        self.layers.start()
        self._prepare()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.layers.stop()
        for hook in self._value_hooks:
            hook.remove()
        self._value_hooks = []
        self._passes.stop()

    def _prepare(self) -> None:
        """Get ready for the coming step: whether it has a summary, and arrays."""
        self.layers.active = self._step % self.summary_every == 0
        has_values = self.keep.has_values() and self._step % self.values.every == 0
        self._captured, self._cut = False, None
        for hook in self._value_hooks:
            hook.remove()
        self._value_hooks = []
        self._passes.stop()
        self._has_values = has_values
        if has_values and self._fixed is None:
            self._passes = _Passes(self.model, self.keep.passes == "all")
            self._value_hooks = [
                register_module_forward_pre_hook(self._passes.begin),
                register_module_forward_hook(self._passes.end, always_call=True),
            ]
            if not isinstance(self.model, FUSED):  # a hook of its own would change its last bits
                self._value_hooks.append(
                    self.model.register_forward_pre_hook(self._passes.inputs, with_kwargs=True)
                )

    # -- a step --------------------------------------------------------------------------------

    def capture(self) -> None:
        """Read parameters and gradients now, with the arrays of this step if it has any."""
        if self.layers.active:
            self.layers.capture(again=self._captured)
        self._captured = True
        if not self._has_values:
            return
        if self._fixed is None and not self._passes.has_run:
            return
        seen = self._passes.tensors() if self._fixed is None else self._probed()
        self.layers.refresh()
        parameters = dict(self.model.named_parameters())
        seen.weights = parameters
        if not seen.weight_gradients:
            slopes = {n: p.grad for n, p in parameters.items() if p.grad is not None}
            seen.weight_gradients = slopes
        self._cut = self.values.cut(seen)  # copies, before anything moves

    def commit(self, trace: Trace, moment: Moment, metrics: Mapping[str, float]) -> None:
        """End a step: a moment with the metrics and all that was seen since the last one.

        Moments are put into the trace some at a time, and at `flush`.
        """
        if not self._captured:
            self.capture()
        sums = self.layers.take() if self.layers.active else None
        kept = None
        if self._cut is not None:
            sites, kept = self._cut
            trace.declare(*_undeclared(trace, sites))
        waiting = self._waiting
        if waiting and (
            len(waiting) >= GATHERED
            or waiting[0].metrics.keys() != metrics.keys()
            or (waiting[0].sums is None) != (sums is None)
        ):
            self.flush(trace)
        self._waiting.append(_Step(moment, metrics, sums))
        if kept is not None:
            self.flush(trace, kept)
        self._step += 1
        self._prepare()

    def flush(self, trace: Trace, kept: Mapping[str, Array] | None = None) -> None:
        """Put the moments that wait into the trace; the arrays `kept` belong to the last one."""
        if not self._waiting:
            return
        steps, self._waiting = self._waiting, []
        if kept is not None and len(steps) > 1:
            self._waiting = steps[:-1]
            self.flush(trace)
            steps = steps[-1:]
        has_sums = steps[0].sums is not None
        first = len(trace)
        if kept and not self.values.make_room(
            trace, first, sum(array.nbytes for array in kept.values())
        ):
            kept = None
        stays = self._make_room(trace, range(first, first + len(steps)) if has_sums else range(0))
        numbered = enumerate(steps, first)
        for summarised, group in groupby(numbered, lambda entry: entry[0] in stays):
            self._put(trace, [step for _, step in group], summarised, kept or {})

    def _put(
        self, trace: Trace, steps: list[_Step], summarised: bool, kept: Mapping[str, Array]
    ) -> None:
        """Put steps into the trace that all have a summary, or none."""
        values: dict[str, Any] = {
            name: np.array([step.metrics[name] for step in steps]) for name in steps[0].metrics
        }
        if summarised:
            sums = np.stack([step.sums for step in steps if step.sums is not None])
            values |= self.layers.split(statistics_from(sums))
        values |= {name: array[None] for name, array in kept.items()}
        trace.extend([step.moment for step in steps], values)

    def _make_room(self, trace: Trace, new: range) -> set[int]:
        """Which of the coming moments keep their summaries; makes room for them before.

        Where summaries would take more than their part, every second of them is given up.
        """
        if new and not self._declared:
            trace.declare(*self.layers.sites())
            self._declared = True
        names = [site.name for site in self.layers.sites()] if new else []
        size = 4 * len(STATISTICS) * len(self.layers.summary.rows)
        moments = [*self._summaries, *new]
        while len(moments) * size > self.keep.budget_bytes // 4 and moments:
            for old in set(moments[1::2] or moments) - set(new):
                trace.drop(names, old)
            if len(moments) == 1:
                trace.declare(notes=[
                    f"Summaries left out: those of one step take more than a quarter of the "
                    f"budget of {self.keep.budget}"
                ])  # fmt: skip
            moments = moments[::2] if len(moments) > 1 else []
            self.summary_every *= 2
        self._summaries = moments
        return set(moments) & set(new)

    def _probed(self) -> Tensors:
        """A pass over the fixed samples, which leaves the model as it was."""
        assert self._fixed is not None
        inputs, loss = self._fixed
        modes = {module: module.training for module in self.model.modules()}
        self.layers.active, active = False, self.layers.active
        passes = _Passes(self.model, True)
        try:
            self.model.eval()
            with torch.enable_grad(), torch.random.fork_rng(devices=[]):
                output = passes.run(inputs)
                number = loss_of(output, named_tensors(output, "")[0][1], loss)
                parameters = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
                slopes = torch.autograd.grad(number, [p for _, p in parameters], allow_unused=True)
        finally:
            self.layers.active = active
            for module, training in modes.items():
                module.training = training
        found = passes.tensors()
        found.weight_gradients = {
            name: slope
            for (name, _), slope in zip(parameters, slopes, strict=True)
            if slope is not None
        }
        return found

    # -- going on after a break ----------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What going on after a break needs, as JSON can hold it."""
        return {
            "step": self._step, "summary_every": self.summary_every, "summaries": self._summaries,
            "values": self.values.state(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from there; call it before the block begins."""
        self._step, self.summary_every = state["step"], state["summary_every"]
        self._summaries = [int(number) for number in state["summaries"]]
        self.values.restore(state["values"])


class _Passes:
    """The operations of the passes within one step, seen from the outermost module's call on."""

    def __init__(self, model: nn.Module, always: bool = False) -> None:
        self._model, self._always = model, always
        self._probe: Probe | None = None
        self._own = {id(module) for module in model.modules()}
        self._thread = get_ident()
        self._depth = 0
        self._open = False
        self._gradients: dict[int, Tensor] = {}

    @property
    def has_run(self) -> bool:
        return self._probe is not None and not self._open

    def begin(self, module: nn.Module, args: Any) -> None:
        if not self._is_ours(module):
            return
        if self._depth and module is self._model:
            self.stop()  # an earlier pass was broken off
        self._depth += 1
        if self._depth == 1 and (torch.is_grad_enabled() or self._always):
            self._begin_pass(module, args)
        if self._open and self._probe is not None:
            self._probe.enter_module(module, args)

    def _begin_pass(self, module: nn.Module, args: Any) -> None:
        # A new outermost call after a finished pass of the root is another pass: the last counts.
        if self._probe is None or module is self._model:
            self._gradients = {}
            self._probe = Probe(self._model, on_output=self._on_output, told=True)
        if module is not self._model or isinstance(module, FUSED):
            for name, tensor in input_tensors(args, {}):
                self._probe.add_input(name, tensor)
        self._open = True
        self._probe.__enter__()

    def inputs(self, module: nn.Module, args: Any, kwargs: dict[str, Any]) -> None:
        """Name what goes into the model, which only a hook of its own is told in full."""
        if self._depth == 1 and self._open and self._probe is not None:
            with torch._C.DisableTorchFunction():
                for name, tensor in input_tensors(args, kwargs):
                    self._probe.add_input(name, tensor)

    def _is_ours(self, module: nn.Module) -> bool:
        """Whether a call is of the model, in its thread, and not repeated for a checkpoint."""
        return (
            id(module) in self._own
            and get_ident() == self._thread
            and torch._C._current_graph_task_id() == -1
        )

    def end(self, module: nn.Module, args: Any, output: Any) -> None:
        if not self._is_ours(module) or not self._depth:
            return
        self._depth -= 1
        if self._open and self._probe is not None:
            self._probe.leave_module(module, args, output)
            if self._depth == 0:
                self._open = False
                self._probe.__exit__(None, None, None)

    def run(self, inputs: Any) -> Any:
        """A pass of our own."""
        args, kwargs = call_arguments(self._model, inputs)
        self._probe = Probe(self._model, on_output=self._on_output)
        for name, tensor in input_tensors(args, kwargs):
            self._probe.add_input(name, tensor)
        with self._probe:
            return self._model(*args, **kwargs)

    def stop(self) -> None:
        """Look no longer, also in the middle of a pass that broke off."""
        if self._open and self._probe is not None:
            self._open = False
            self._probe.__exit__(None, None, None)
        self._probe, self._depth = None, 0

    def _on_output(self, number: int, tensor: Tensor) -> None:
        if tensor.requires_grad:
            hook_gradient(tensor, partial(self._gradients.__setitem__, number))

    def tensors(self) -> Tensors:
        """What the passes left; call it after the backward pass."""
        probe = self._probe
        assert probe is not None
        operations = probe.operations
        outputs = [output for operation in operations for output in operation.outputs]
        places = places_of(operations, probe.inputs, probe.returned)
        by_seen = {id(place.seen): place.site.name for place in places}
        gradients = {
            by_seen[id(outputs[number])]: gradient for number, gradient in self._gradients.items()
        }
        self._probe = None
        return Tensors(places, gradients)


def _undeclared(trace: Trace, sites: list[Site]) -> list[Site]:
    known = {site.name for site in trace.sites}
    return [site for site in sites if site.name not in known]
