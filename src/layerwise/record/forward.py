"""`record`: one pass through any model, every operation with what went in and what came out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor, nn

from .. import __version__
from ..errors import InputError
from ..trace import Header, MemoryStore, Moment, Site, Store, Trace
from ..types import Array
from .calls import call_arguments, check_watchable, input_tensors, named_tensors
from .keep import Keep
from .probe import UNLIMITED, Probe, hook_gradient
from .sites import array_of, cut_for, gradient_site, places_of
from .summary import STATISTICS, statistics_of

WEIGHT_BYTES: Final = 16 << 20
"""Parameters of a single pass are kept where all of them together take at most this."""

PASS: Final = Keep(every=1, neurons=None, samples=None, budget="1 GiB")
"""What `record` keeps when nothing is said: all of every output."""

Target = Tensor | Callable[[Any], Tensor] | None


def record(
    model: nn.Module,
    batch: Any,
    target: Target = None,
    backward: bool = False,
    keep: Keep | None = None,
) -> Trace:
    """What happens in one pass of a model, operation by operation, as it really ran.

    The model is called once with `batch` (a tensor; a tuple goes in by position, a mapping by
    name), in the mode it is in. Every operation on tensors is seen, functional ones and those of
    other libraries too, with what fed it: `trace["conv1", 0]` is a module's output,
    `trace["layer1.add", 0]` that of an operation in its `forward`, `trace["conv1.weight", 0]` a
    parameter, where they take at most 16 MiB together or `keep` asks for them. Values are the
    model's own to the last bit; outputs, parameters, their `.grad` and the random numbers drawn
    are those of a plain call.

    With `backward` also the derivatives of a loss: `trace["conv1.gradient", 0]`,
    `trace["conv1.weight.gradient", 0]` and `trace["loss", 0]`. `target` makes the loss: class
    indices (cross-entropy), floats of the output's shape (mean squared error) or a function of the
    output; None takes the output itself if it is one number, or its `.loss`.

    Raises `InputError` for a model that cannot be watched (compiled, scripted, on several devices),
    makes no tensor, or whose output does not fit the target. What was left out is in `trace.notes`.
    """
    check_watchable(model)
    chosen = keep or PASS
    args, kwargs = call_arguments(model, batch)
    gradients: dict[int, Tensor] = {}
    wants_gradients = backward and chosen.gradients != "nothing"

    def on_output(number: int, tensor: Tensor) -> None:
        if tensor.requires_grad:
            hook_gradient(tensor, partial(gradients.__setitem__, number))

    budget = chosen.budget_bytes if chosen.outputs == "values" else UNLIMITED
    probe = Probe(model, budget, on_output if wants_gradients else None)
    inputs = input_tensors(args, kwargs)
    for name, tensor in inputs:
        probe.add_input(name, tensor)
    loss: Tensor | None = None
    slopes: dict[str, Tensor] = {}
    with torch.inference_mode(False), torch.enable_grad() if backward else torch.no_grad():
        with probe:
            output = model(*args, **kwargs)
        tensors = named_tensors(output, "")
        if not tensors:
            raise InputError(
                f"{type(model).__name__} makes no tensor", received=type(output).__name__,
                do="Record the part of it that does",
            )  # fmt: skip
        if backward:
            loss = loss_of(output, tensors[0][1], target)
            parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
            found = torch.autograd.grad(loss, [*parameters.values()], allow_unused=True)
            slopes = {n: s for n, s in zip(parameters, found, strict=True) if s is not None}
            loss = loss.detach()
    title = type(model).__name__
    training = model.training
    weights = _weights(model, chosen)
    del output, tensors, args, kwargs, batch, inputs
    probe.settle()

    def build() -> tuple[Header, Store]:
        run = _Run(probe, chosen, weights, gradients, slopes, loss)
        return run.header(title, training), run.store()

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
        aim = torch.as_tensor(target, device=first.device)
        logits = getattr(output, "logits", first)
        with_classes = not aim.is_floating_point() and aim.dim() == logits.dim() - 1
        if with_classes and logits.dim() >= 2:
            if aim.numel() and not 0 <= int(aim.min()) <= int(aim.max()) < logits.shape[1]:
                raise InputError(
                    "The target's classes are not among the model's",
                    received=f"classes from {int(aim.min())} to {int(aim.max())}",
                    allowed=f"The output has {logits.shape[1]} classes, from 0 on",
                )
            loss = torch.nn.functional.cross_entropy(logits, aim.long())
        elif aim.shape == logits.shape:
            loss = torch.nn.functional.mse_loss(logits, aim.to(logits.dtype))
        else:
            raise InputError(
                "The target does not fit the output",
                received=f"a target of shape {tuple(aim.shape)} and type {aim.dtype} for an output "
                f"of shape {tuple(logits.shape)}",
                allowed="Class indices (sample,), numbers of the output's shape, or a function of "
                "the output that gives a loss",
            )
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


@dataclass
class _Weights:
    """The parameters and buffers as they were during the pass: copies, if they are to be kept."""

    count: int  # of parameters
    nbytes: int
    values: dict[str, Tensor]
    summary: tuple[tuple[str, ...], Array] | None = None


def _weights(model: nn.Module, keep: Keep) -> _Weights:
    parameters = dict(model.named_parameters())
    every = {**parameters, **dict(model.named_buffers())}
    size = sum(weight.nbytes for weight in every.values())
    found = _Weights(sum(weight.numel() for weight in parameters.values()), size, {})
    if keep.weights == "values" and (keep is not PASS or size <= WEIGHT_BYTES):
        found.values = {name: weight.detach().clone() for name, weight in every.items()}
    if keep.weights == "summary":
        found.summary = tuple(parameters), statistics_of(list(parameters.values()))
    return found


class _Run:
    """A pass that was seen, as sites and values; made when the trace is first read."""

    def __init__(
        self,
        probe: Probe,
        keep: Keep,
        weights: _Weights,
        gradients: dict[int, Tensor],
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
        outputs = [output for operation in operations for output in operation.outputs]
        self.gradient_of = {id(outputs[number]): g for number, g in gradients.items()}
        self.slopes = slopes
        self._collect()
        self._summarise()

    def _collect(self) -> None:
        spent = 0
        for place in self.places:
            site, seen = place.site, place.seen
            value: Tensor | None = seen.value
            if site.kind in ("weight", "buffer"):
                value = self.weights.values.get(site.name)
            cut = None
            wanted = self.keep.outputs == "values" or site.kind != "activation"
            if value is not None and wanted and self.keep.wants(*place.names):
                if site.kind == "activation":
                    cut = cut_for(site, value, self.keep, self.keep.samples)
                    value = cut.of(value) if cut.note else value
                array = array_of(value)
                if array is None:
                    self._leave("numbers of a kind that a trace cannot hold", site.name)
                elif spent + array.nbytes > self.keep.budget_bytes:
                    self._leave(f"more than the budget of {self.keep.budget}", site.name)
                else:
                    spent += array.nbytes
                    self.values[site.name] = array
            elif seen.left_out:
                reason = seen.left_out.replace(
                    "budget", f"more than the budget of {self.keep.budget}"
                )
                self._leave(reason, site.name)
            if cut is not None and cut.note:
                site = _with_cut(site, cut.entries, cut.note)
            self.sites.append(site)
            gradient = self.gradient_of.get(id(seen))
            if gradient is None and site.kind == "weight":
                gradient = self.slopes.get(site.name)
            if (
                gradient is not None
                and self.keep.gradients == "values"
                and self.keep.wants(*place.names)
            ):
                self.sites.append(gradient_site(site))
                array = array_of(cut.of(gradient) if cut is not None and cut.note else gradient)
                if array is not None and spent + array.nbytes <= self.keep.budget_bytes:
                    spent += array.nbytes
                    self.values[f"{site.name}.gradient"] = array
                else:
                    self._leave(
                        f"more than the budget of {self.keep.budget}", f"{site.name}.gradient"
                    )
        if self.loss is not None:
            self.sites.append(Site("loss", "metric"))
            self.values["loss"] = self.loss.cpu().numpy()
        weights = [place for place in self.places if place.site.kind in ("weight", "buffer")]
        if weights and not self.weights.values and self.keep.weights == "values":
            size = f"together {self.weights.nbytes / 2**20:,.0f} MiB, more than 16"
            reason = f"{size}: ask for them with keep=Keep(weights='values')"
            self._leave(reason, *(place.site.name for place in weights))

    def _summarise(self) -> None:
        """Summaries where they were asked for instead of values."""
        if self.keep.outputs == "summary":
            rows = [(p.site.name, p.seen.value) for p in self.places if p.site.kind == "activation"]
            self._summary("summary of outputs", rows)
        if self.keep.gradients == "summary" and self.gradient_of:
            rows = [(p.site.name, self.gradient_of.get(id(p.seen))) for p in self.places]
            self._summary("summary of gradients", rows)
        if self.weights.summary is not None:
            names, values = self.weights.summary
            self._add_summary("summary of weights", names, values)

    def _summary(self, name: str, rows: list[tuple[str, Tensor | None]]) -> None:
        there = [(site, value) for site, value in rows if value is not None]
        names = tuple(site for site, _ in there)
        self._add_summary(name, names, statistics_of([value for _, value in there]))

    def _add_summary(self, name: str, names: tuple[str, ...], values: Array) -> None:
        entries: dict[str, tuple[int | str, ...]] = {"layer": names, "statistic": STATISTICS}
        self.sites.append(Site(name, "summary", ("layer", "statistic"), entries=entries))
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
            "versions": {"layerwise": __version__, "torch": torch.__version__},
        }
        return Header(title, tuple(self.sites), about=about, notes=tuple(notes))

    def store(self) -> Store:
        """One moment with every value."""
        store = MemoryStore()
        store.put(Moment("pass", {"pass": 0}), self.values, copy=False)
        return store


def _with_cut(site: Site, entries: dict[str, tuple[int | str, ...]], note: str) -> Site:
    return Site(site.name, site.kind, site.axes, site.inputs, site.unit, note, entries, site.about)
