"""The recorder: stands beside a model that learns, and writes each step as a moment of a trace.

Between two moments it costs little: one hook for each layer that adds the layer's numbers to six
sums, and one pass over the parameters. Every so often (see `Keep`) it also looks at the operations
themselves and keeps arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from ..trace import Moment, Site, Trace
from ..types import Array
from .calls import check_watchable, input_tensors, named_tensors
from .forward import loss_of
from .keep import Keep
from .probe import FUSED, Probe, hook_gradient
from .sites import places_of
from .summary import STATISTICS, Summary
from .values import Tensors, Values

OUTPUTS, GRADIENTS = "summary of outputs", "summary of gradients"
WEIGHTS, WEIGHT_GRADIENTS = "summary of weights", "summary of weight gradients"


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
        self.layers = tuple(
            name for name, module in model.named_modules()
            if is_layer(module) and self.keep.wants(name)
        )  # fmt: skip
        self.parameters = tuple(
            name for name, _ in model.named_parameters() if self.keep.wants(name, _owner(name))
        )
        self.values = Values(self.keep, self.keep.budget_bytes * 3 // 4)
        self.summary_every = self.keep.summary_every
        self._summaries: dict[str, Summary] = {}
        self._summary_moments: dict[int, int] = {}
        self._hooks: list[Any] = []
        self._value_hooks: list[Any] = []
        self._passes = _Passes(model)
        self._step = 0  # how many moments were committed
        self._captured = False
        self._watches = False
        self._latest: Tensors | None = None

    # -- hooks ---------------------------------------------------------------------------------

    def __enter__(self) -> Recorder:
        rows = {name: row for row, name in enumerate(self.layers)}
        keep = self.keep
        for name, layers, way in (
            (OUTPUTS, len(rows), keep.outputs), (GRADIENTS, len(rows), keep.gradients),
            (WEIGHTS, len(self.parameters), keep.weights),
            (WEIGHT_GRADIENTS, len(self.parameters),
             keep.gradients if keep.weights != "nothing" else "nothing"),
        ):  # fmt: skip
            if way != "nothing" and layers:
                self._summaries[name] = Summary(layers)
        if OUTPUTS in self._summaries or GRADIENTS in self._summaries:
            for name, module in self.model.named_modules():
                if name in rows:
                    hook = partial(self._see_layer, rows[name])
                    self._hooks.append(module.register_forward_hook(hook))
        self._prepare()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for hook in (*self._hooks, *self._value_hooks):
            hook.remove()
        self._hooks, self._value_hooks = [], []
        self._passes.stop()

    def _see_layer(self, row: int, module: nn.Module, args: Any, output: Any) -> None:
        if not self._watches or not (torch.is_grad_enabled() or self.keep.passes == "all"):
            return
        if not isinstance(output, Tensor):
            found = named_tensors(output, "")
            if not found:
                return
            output = found[0][1]
        if not output.is_floating_point():
            return
        if OUTPUTS in self._summaries:
            self._summaries[OUTPUTS].add(row, output)
        if output.requires_grad and GRADIENTS in self._summaries:
            output.register_hook(partial(self._summaries[GRADIENTS].add, row))

    def _prepare(self) -> None:
        """Get ready for the coming step: whether it has a summary, and arrays."""
        self._watches = self._step % self.summary_every == 0
        has_values = self.keep.has_values() and self._step % self.values.every == 0
        self._captured, self._latest = False, None
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

    # -- a step --------------------------------------------------------------------------------

    def capture(self) -> None:
        """Read parameters and gradients now, with the arrays of this step if it has any."""
        parameters = dict(self.model.named_parameters())
        if self._watches:
            chosen = [parameters[name] for name in self.parameters if name in parameters]
            for name, tensors in (
                (WEIGHTS, chosen), (WEIGHT_GRADIENTS, [weight.grad for weight in chosen]),
            ):  # fmt: skip
                if name in self._summaries:
                    if self._captured:
                        self._summaries[name].take()  # an earlier part of the same step
                    self._summaries[name].add_each(0, tensors)
        self._captured = True
        if not self._has_values:
            return
        if self._fixed is not None:
            self._latest = self._probed()
        elif self._passes.has_run:
            self._latest = self._passes.tensors()
        if self._latest is not None:
            slopes = {n: p.grad for n, p in parameters.items() if p.grad is not None}
            self._latest.weights = parameters
            if not self._latest.weight_gradients:
                self._latest.weight_gradients = slopes
            self._cut = self.values.cut(self._latest)  # copies, before anything moves
            self._latest = Tensors([])

    def commit(self, trace: Trace, moment: Moment, metrics: Mapping[str, float]) -> int:
        """Append a moment with the metrics and all that was seen; gives its number."""
        if not self._captured:
            self.capture()
        arrays: dict[str, Array] = {}
        if self._watches:
            for name, summary in self._summaries.items():
                arrays[name] = summary.take()
            trace.declare(*self.summary_sites())
        summary_bytes = sum(array.nbytes for array in arrays.values())
        kept: dict[str, Array] = {}
        if self._latest is not None:
            sites, kept = self._cut
            trace.declare(*_undeclared(trace, sites))
        number = trace.append(moment, {**metrics, **arrays, **kept}, copy=False)
        if arrays:
            self._thin_summaries(trace, number, summary_bytes)
        if kept:
            self.values.stored(trace, number, sum(array.nbytes for array in kept.values()))
        self._step += 1
        self._prepare()
        return number

    def summary_sites(self) -> list[Site]:
        """The sites of the summaries."""
        sites = []
        for name in self._summaries:
            of = "parameter" if name in (WEIGHTS, WEIGHT_GRADIENTS) else "layer"
            names = self.parameters if of == "parameter" else self.layers
            entries: dict[str, tuple[int | str, ...]] = {of: names, "statistic": STATISTICS}
            sites.append(Site(name, "summary", (of, "statistic"), entries=entries))
        return sites

    def _thin_summaries(self, trace: Trace, number: int, size: int) -> None:
        moments = self._summary_moments
        moments[number] = size
        while sum(moments.values()) > self.keep.budget_bytes // 4 and moments:
            numbers = sorted(moments)
            for old in numbers[1::2] or numbers:
                trace.drop(sorted(self._summaries), old)
                del moments[old]
            self.summary_every *= 2

    def _probed(self) -> Tensors:
        """A pass over the fixed samples, which leaves the model as it was."""
        assert self._fixed is not None
        inputs, loss = self._fixed
        modes = {module: module.training for module in self.model.modules()}
        self._watches, watches = False, self._watches
        gradients: dict[int, Tensor] = {}
        passes = _Passes(self.model, True)
        try:
            self.model.eval()
            with torch.enable_grad(), torch.random.fork_rng(devices=[]):
                output = passes.run(inputs, gradients)
                number = loss_of(output, named_tensors(output, "")[0][1], loss)
                parameters = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
                slopes = torch.autograd.grad(number, [p for _, p in parameters], allow_unused=True)
        finally:
            self._watches = watches
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
        moments = {str(number): size for number, size in self._summary_moments.items()}
        return {
            "step": self._step, "summary_every": self.summary_every, "summaries": moments,
            "values": self.values.state(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from there; call it before the block begins."""
        self._step, self.summary_every = state["step"], state["summary_every"]
        self._summary_moments = {int(n): size for n, size in state["summaries"].items()}
        self.values.restore(state["values"])


class _Passes:
    """The operations of the passes within one step, seen from the outermost module's call on."""

    def __init__(self, model: nn.Module, always: bool = False) -> None:
        self._model, self._always = model, always
        self._probe: Probe | None = None
        self._own = {id(module) for module in model.modules()}
        self._depth = 0
        self._open = False
        self._gradients: dict[int, Tensor] = {}

    @property
    def has_run(self) -> bool:
        return self._probe is not None and not self._open

    def begin(self, module: nn.Module, args: Any) -> None:
        if id(module) not in self._own:
            return
        self._depth += 1
        if self._depth > 1 or not (torch.is_grad_enabled() or self._always):
            return
        # A new outermost call after a finished pass of the root is another pass: the last counts.
        if self._probe is None or module is self._model:
            self._gradients = {}
            self._probe = Probe(self._model, on_output=self._on_output)
        for name, tensor in input_tensors(args, {}):
            self._probe.add_input(name, tensor)
        self._open = True
        self._probe.__enter__()
        self._probe._enter_module(module, args)

    def end(self, module: nn.Module, args: Any, output: Any) -> None:
        if id(module) not in self._own or not self._depth:
            return
        self._depth -= 1
        if self._depth == 0 and self._open and self._probe is not None:
            self._open = False
            self._probe.__exit__(None, None, None)

    def run(self, inputs: Any, gradients: dict[int, Tensor]) -> Any:
        """A pass of our own."""
        from .calls import call_arguments

        self._gradients = gradients
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
        places = places_of(operations, probe.inputs)
        by_seen = {id(place.seen): place.site.name for place in places}
        gradients = {
            by_seen[id(outputs[number])]: gradient for number, gradient in self._gradients.items()
        }
        self._probe = None
        return Tensors(places, gradients)


def is_layer(module: nn.Module) -> bool:
    """Whether a module is a layer of its own: without parts, or with parameters itself."""
    return not module._modules or bool(module._parameters) or isinstance(module, FUSED)


def _owner(parameter: str) -> str:
    return parameter.rpartition(".")[0]


def _undeclared(trace: Trace, sites: list[Site]) -> list[Site]:
    known = {site.name for site in trace.sites}
    return [site for site in sites if site.name not in known]
