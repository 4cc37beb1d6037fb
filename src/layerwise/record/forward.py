"""`record`: one pass through any model, every operation with what went in and what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..garbage import uncollected
from ..models.shape_errors import misfits_told
from ..trace import Header, MemoryStore, Moment, Site, Store, Trace
from ..types import Array
from .calls import Modules, call_arguments, check_watchable, input_tensors, named_tensors
from .hooks import hook_gradient
from .keep import Keep
from .probe import Probe, memory_of
from .sites import array_of, cut_for, gradient_site, places_of
from .summary import STATISTICS, statistics_of

WEIGHT_BYTES: Final = 16 << 20
"""Parameters of a single pass are kept where all of them together take at most this."""

IGNORED: Final = -100
"""The class of what has none, as everywhere in PyTorch."""

PASS: Final = Keep(every=1, neurons=None, samples=None, budget="1 GiB")
"""What `record` keeps when nothing is said: all of every output."""

Target = Tensor | Callable[[Any], Tensor] | None


def record(
    model: nn.Module,
    batch: Any,
    target: Target = None,
    backward: bool = False,
    keep: Keep | None = None,
    *,
    about: Mapping[str, Any] | None = None,
) -> Trace:
    """What happens in one pass of a model, operation by operation, as it really ran.

    The model is called once with `batch` (a tensor; a tuple goes in by position, a mapping by
    name), in the mode it is in, under `torch.no_grad()` unless `backward` is asked for. Every
    operation on tensors is seen, functional ones and those of other libraries too, with what fed
    it: `trace["conv1", 0]` is a module's output, `trace["layer1.add", 0]` that of an operation in
    its `forward`, `trace["conv1.weight", 0]` a parameter or buffer (as it is after the pass), where
    they take at most 16 MiB together or `keep` asks for them. An output's site names in
    `about["ends"]` the modules with parts that returned it. With `keep`, outputs, gradients and
    weights are either values or summaries; what a budget has no room for is left out, later
    operations first. Values are the model's own to the last bit; outputs, parameters, their `.grad`
    and the random numbers drawn are those of a plain call.

    With `backward` also the derivatives of a loss: `trace["conv1.gradient", 0]`,
    `trace["conv1.weight.gradient", 0]` and `trace["loss", 0]`. `target` makes the loss: class
    indices (cross-entropy), floats of the output's shape (mean squared error) or a function of the
    output; None takes the output itself if it is one number, or its `.loss`.

    `about` adds facts for readers to `trace.about`, JSON values: "classes", "columns".

    Raises `InputError` for a model that cannot be watched (compiled, scripted, on several devices),
    makes no tensor, or whose output does not fit the target. What was left out is in `trace.notes`.
    """
    modules = check_watchable(model)
    chosen = keep or PASS
    args, kwargs = call_arguments(model, batch)
    look = _Look(chosen, backward)
    budget = chosen.budget_bytes if chosen.outputs == "values" else -1
    probe = Probe(model, budget, look if look.is_needed else None, modules=modules)
    inputs = input_tensors(args, kwargs)
    for name, tensor in inputs:
        probe.add_input(name, tensor)
    loss: Tensor | None = None
    slopes: dict[str, Tensor] = {}
    with torch.inference_mode(False), torch.enable_grad() if backward else torch.no_grad():
        with misfits_told(model, batch), uncollected(), probe:
            output = model(*args, **kwargs)
        tensors = named_tensors(output, "")
        if not tensors:
            raise InputError(
                f"{type(model).__name__} makes no tensor", received=type(output).__name__,
                do="Record the part of it that does",
            )  # fmt: skip
        if backward:
            loss = loss_of(output, tensors[0][1], target)
            learning = {n: p for n, p in [*model.named_parameters(), *inputs] if p.requires_grad}
            leaves = [*learning.values()]
            found = torch.autograd.grad(loss, leaves, allow_unused=True) if leaves else ()
            slopes = {n: s for n, s in zip(learning, found, strict=True) if s is not None}
            loss = loss.detach()
    title = type(model).__name__
    training, facts = model.training, dict(about or {})
    weights = _weights(modules, chosen)
    del output, tensors, args, kwargs, batch, inputs
    probe.settle()

    def build() -> tuple[Header, Store]:
        run = _Run(probe, chosen, weights, look, slopes, loss)
        header = run.header(title, training)
        return replace(header, about={**header.about, **facts}), run.store()

    return Trace.later(build)


def loss_of(output: Any, first: Tensor, target: Target) -> Tensor:
    """The number whose derivatives are taken."""
    if callable(target) and not isinstance(target, Tensor):
        loss = target(output)
    elif target is None:
        own = getattr(output, "loss", None)
        if own is None and isinstance(output, dict):
            own = output.get("loss")
        loss = own if isinstance(own, Tensor) else first
    else:
        logits = getattr(output, "logits", None)
        if logits is None and isinstance(output, dict):
            logits = output.get("logits")
        loss = _loss_to_target(logits if isinstance(logits, Tensor) else first, target)
    if not isinstance(loss, Tensor) or loss.numel() != 1 or not loss.is_floating_point():
        shape = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
        raise InputError(
            "Gradients need a loss, one number", received=f"{shape}",
            do="Give target=, class indices or a function of the output",
        )  # fmt: skip
    if not loss.requires_grad:
        raise InputError(
            "The loss does not depend on anything that can learn",
            do="Let some parameters or inputs require gradients",
        )
    return loss.reshape(())


def _loss_to_target(logits: Tensor, target: Any) -> Tensor:
    """Cross-entropy to class indices, or mean squared error to numbers."""
    shape = tuple(logits.shape)
    try:
        aim = torch.as_tensor(target, device=logits.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            "A target is a tensor, numbers or a function", received=type(target).__name__
        ) from error
    whole = not aim.is_floating_point() and not aim.is_complex()
    if whole and len(shape) >= 2 and tuple(aim.shape) in (shape[:1] + shape[2:], shape[:-1]):
        if tuple(aim.shape) != shape[:1] + shape[2:]:  # classes last, as of words in a text
            logits, aim = logits.flatten(0, -2), aim.flatten()
        known = aim[aim != IGNORED]
        if known.numel() and not 0 <= int(known.min()) <= int(known.max()) < logits.shape[1]:
            raise InputError(
                "The target's classes are not among the model's",
                received=f"classes from {int(known.min())} to {int(known.max())}",
                allowed=f"The output has {logits.shape[1]} classes, from 0 on",
            )
        return torch.nn.functional.cross_entropy(logits, aim.long())
    if tuple(aim.shape) == shape:
        return torch.nn.functional.mse_loss(logits, aim.to(logits.dtype))
    raise InputError(
        "The target does not fit the output",
        received=f"a target of shape {tuple(aim.shape)} and type "
        f"{str(aim.dtype).removeprefix('torch.')} for an output of shape {shape}",
        allowed="Class indices (sample,), numbers of the output's shape, or a function of "
        "the output that gives a loss",
    )


class _Look:
    """What is taken of each output while the model runs: its gradient, its summary."""

    def __init__(self, keep: Keep, backward: bool) -> None:
        self.keep = keep
        self.wants_gradients = backward and keep.gradients != "nothing"
        self.gradients: dict[int, Tensor] = {}
        self.summaries: dict[str, dict[int, Array]] = {"outputs": {}, "gradients": {}}

    @property
    def is_needed(self) -> bool:
        return self.wants_gradients or self.keep.outputs == "summary"

    def __call__(self, number: int, tensor: Tensor) -> None:
        if self.keep.outputs == "summary":
            self._summarise("outputs", number, tensor)
        if self.wants_gradients and tensor.requires_grad:
            summary = partial(self._summarise, "gradients", number)
            keeps = partial(self.gradients.__setitem__, number)
            hook_gradient(tensor, summary if self.keep.gradients == "summary" else keeps)

    def _summarise(self, of: str, number: int, tensor: Tensor) -> None:
        if tensor.is_floating_point() and memory_of(tensor) is not None:
            self.summaries[of][number] = statistics_of([tensor])[0]


@dataclass
class _Weights:
    """The parameters and buffers as they were during the pass: copies, if they are to be kept."""

    modules: Modules
    values: dict[str, Tensor] = field(default_factory=dict)
    summary: tuple[tuple[str, ...], Array] | None = None

    @property
    def count(self) -> int:
        """How many numbers can learn."""
        return sum(weight.numel() for _, weight in self.parameters())

    @property
    def nbytes(self) -> int:
        """Of parameters and buffers."""
        return sum(weight.nbytes for _, weight in [*self.parameters(), *self.buffers()])

    def parameters(self) -> list[tuple[str, Tensor]]:
        """As `model.named_parameters()`."""
        return self._of(lambda module: module._parameters)

    def buffers(self) -> list[tuple[str, Tensor]]:
        """As `model.named_buffers()`."""
        return self._of(lambda module: module._buffers)

    def _of(
        self, parts: Callable[[nn.Module], Mapping[str, Tensor | None]]
    ) -> list[tuple[str, Tensor]]:
        found: dict[int, tuple[str, Tensor]] = {}
        for name, module in self.modules:
            for key, tensor in parts(module).items():
                if tensor is not None and id(tensor) not in found:
                    found[id(tensor)] = f"{name}.{key}" if name else key, tensor
        return list(found.values())

    def exceed(self, limit: int) -> bool:
        """Whether all together take more bytes; the last layers first, as they are the largest."""
        size, seen = 0, set()
        for _, module in reversed(self.modules):
            for tensor in (*module._parameters.values(), *module._buffers.values()):
                if tensor is not None and id(tensor) not in seen:
                    seen.add(id(tensor))
                    size += tensor.nbytes
            if size > limit:
                return True
        return False


def _weights(modules: Modules, keep: Keep) -> _Weights:
    weights = _Weights(modules)
    if keep.weights == "values" and (keep is not PASS or not weights.exceed(WEIGHT_BYTES)):
        every = [*weights.parameters(), *weights.buffers()]
        weights.values = {name: weight.detach().clone() for name, weight in every}
    if keep.weights == "summary":
        chosen = [(n, p) for n, p in weights.parameters() if keep.wants(n, n.rpartition(".")[0])]
        weights.summary = tuple(n for n, _ in chosen), statistics_of([p for _, p in chosen])
    return weights


class _Run:
    """A pass that was seen, as sites and values; made when the trace is first read."""

    def __init__(
        self,
        probe: Probe,
        keep: Keep,
        weights: _Weights,
        look: _Look,
        slopes: dict[str, Tensor],
        loss: Tensor | None,
    ) -> None:
        self.keep = keep
        operations = probe.operations
        self.places = places_of(operations, probe.inputs, probe.returned)
        self.loss = loss
        self.weights = weights
        self.left: dict[str, list[str]] = {}
        self.sites: list[Site] = []
        self.values: dict[str, Array] = {}
        self.spent = 0
        outputs = [output for operation in operations for output in operation.outputs]
        self.gradient_of = {id(outputs[number]): g for number, g in look.gradients.items()}
        self.summaries = {
            of: {id(outputs[number]): row for number, row in rows.items()}
            for of, rows in look.summaries.items()
        }
        self.slopes = slopes
        self._summarise()
        self._collect()

    def _collect(self) -> None:
        summarised = [site for site in self.sites if site.kind == "summary"]
        self.sites = []
        for place in self.places:
            site, seen = place.site, place.seen
            wanted = self.keep.wants(*place.names)
            value: Tensor | None = seen.value
            if site.kind in ("weight", "buffer"):
                value = self.weights.values.get(site.name)
            elif site.kind == "activation" and self.keep.outputs != "values":
                value = None
            cut = None
            if value is not None and wanted:
                if site.kind == "activation":
                    cut = cut_for(site, value, self.keep, self.keep.samples)
                    cut = cut if cut.note else None
                    if cut is not None:
                        value = cut.of(value)
                        site = replace(site, entries=cut.entries, note=cut.note)
                self._keep(site.name, value)
            elif seen.left_out and wanted and self.keep.outputs == "values":
                self._leave(self._too_much if seen.left_out == "budget" else seen.left_out,
                            site.name)  # fmt: skip
            self.sites.append(site)
            gradient = self.gradient_of.get(id(seen))
            if gradient is None and site.kind in ("weight", "input"):
                gradient = self.slopes.get(site.name)
            if gradient is not None and wanted and self.keep.gradients == "values":
                self.sites.append(gradient_site(site))
                self._keep(self.sites[-1].name, gradient if cut is None else cut.of(gradient))
        self.sites += summarised
        if self.loss is not None:
            self.sites.append(Site("loss", "metric"))
            array = array_of(self.loss)
            if array is not None:
                self.values["loss"] = array
        weights = [place for place in self.places if place.site.kind in ("weight", "buffer")]
        if weights and not self.weights.values and self.keep.weights == "values":
            size = f"together {self.weights.nbytes / 2**20:,.0f} MiB, more than 16"
            reason = f"{size}: ask for them with keep=Keep(weights='values')"
            self._leave(reason, *(place.site.name for place in weights))

    @property
    def _too_much(self) -> str:
        return f"more than the budget of {self.keep.budget}"

    def _keep(self, name: str, tensor: Tensor) -> None:
        array = array_of(tensor)
        if array is None:
            self._leave("numbers of a kind that a trace cannot hold", name)
        elif self.spent + array.nbytes > self.keep.budget_bytes:
            self._leave(self._too_much, name)
        else:
            self.spent += array.nbytes
            self.values[name] = array

    def _summarise(self) -> None:
        """Summaries where they were asked for instead of values."""
        for of, taken in self.summaries.items():
            rows = [(place.site.name, taken[id(place.seen)]) for place in self.places
                    if id(place.seen) in taken and self.keep.wants(*place.names)]  # fmt: skip
            if rows:
                names = tuple(name for name, _ in rows)
                self._add_summary(f"summary of {of}", names, np.stack([row for _, row in rows]))
        if self.weights.summary is not None:
            self._add_summary("summary of weights", *self.weights.summary)
        if self.keep.gradients == "summary" and self.slopes:
            owners = {name: name.rpartition(".")[0] for name in self.slopes}
            chosen = tuple(name for name, owner in owners.items() if self.keep.wants(name, owner))
            found = statistics_of([self.slopes[name] for name in chosen])
            self._add_summary("summary of weight gradients", chosen, found)

    def _add_summary(self, name: str, names: tuple[str, ...], values: Array) -> None:
        of = "parameter" if "weight" in name else "layer"
        entries: dict[str, tuple[int | str, ...]] = {of: names, "statistic": STATISTICS}
        if self.spent + values.nbytes > self.keep.budget_bytes:
            self._leave(self._too_much, name)
            return
        self.spent += values.nbytes
        self.sites.append(Site(name, "summary", (of, "statistic"), entries=entries))
        self.values[name] = values

    def _leave(self, reason: str, *names: str) -> None:
        self.left.setdefault(reason, []).extend(names)

    def header(self, title: str, training: bool) -> Header:
        """What holds for the whole pass."""
        notes = []
        for reason, names in self.left.items():
            shown = ", ".join(names[:6]) + (
                f" and {len(names) - 6:,} more" if len(names) > 6 else ""
            )
            notes.append(f"{len(names):,} arrays left out, {reason}: {shown}")
        about = {
            "model": title,
            "mode": "training" if training else "evaluation",
            "parameters": self.weights.count,
            "versions": {"layerwise": version("layerwise"), "torch": torch.__version__},
        }
        return Header(title, tuple(self.sites), about=about, notes=tuple(notes))

    def store(self) -> Store:
        """One moment with every value."""
        store = MemoryStore()
        store.put(Moment("pass", {"pass": 0}), self.values, copy=False)
        return store
