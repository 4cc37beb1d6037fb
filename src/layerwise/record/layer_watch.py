"""What runs at every step: each layer's output and its gradient, summed up as cheaply as can be.

A hook on a tensor's gradient costs more than a small layer's own work, `retain_grad` a tenth of it.
So small outputs are set aside with their gradients retained, and all of them are summed in one
compiled pass after the backward pass. Where an output is overwritten in place before that, which
the first step shows, and where it is large, sums are made at once and by hooks.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import torch
from torch import Tensor, nn

from ..trace import Site
from ..types import Array, FloatArray
from .calls import named_tensors
from .hooks import FUSED, fused_parts, watch_outputs
from .keep import Keep
from .summary import STATISTICS, Summary

OUTPUTS, GRADIENTS = "summary of outputs", "summary of gradients"
WEIGHTS, WEIGHT_GRADIENTS = "summary of weights", "summary of weight gradients"
SMALL: Final = 1 << 18  # numbers; a larger output costs more than its hooks


class LayerWatch:
    """Sums of every layer's outputs, their gradients, and the parameters with theirs."""

    def __init__(self, model: nn.Module, keep: Keep) -> None:
        self.model, self.keep = model, keep
        self.layers = tuple(
            name for name, module in model.named_modules()
            if is_layer(module) and keep.wants(name)
        )  # fmt: skip
        self.parameters = tuple(
            name for name, _ in model.named_parameters()
            if keep.wants(name, name.rpartition(".")[0])
        )  # fmt: skip
        sizes = {
            OUTPUTS: len(self.layers) * (keep.outputs != "nothing"),
            GRADIENTS: len(self.layers) * (keep.gradients != "nothing"),
            WEIGHTS: len(self.parameters) * (keep.weights != "nothing"),
            WEIGHT_GRADIENTS: len(self.parameters) * (keep.weights != "nothing" != keep.gradients),
        }
        self._first: dict[str, int] = {}
        rows = 0
        for name, size in sizes.items():
            if size:
                self._first[name] = rows
                rows += size
        self._sizes = {name: size for name, size in sizes.items() if size}
        self._outputs, self._gradients = self._first.get(OUTPUTS), self._first.get(GRADIENTS)
        self.summary = Summary(rows)
        self.active = False
        self._always = keep.passes == "all"
        # layer → output, its version, and whether its gradient is retained for us alone
        self._set_aside: dict[int, tuple[Tensor, int, bool]] = {}
        self._learning: dict[int, tuple[Tensor, int]] = {}
        self._safe: dict[int, bool] = {}  # layer → whether nothing overwrites its output
        self._own: list[Tensor] = []
        self._hooks: list[Any] = []

    def start(self) -> None:
        """Put one hook on every layer."""
        self.refresh()
        if self._outputs is None and self._gradients is None:
            return
        numbers = {name: number for number, name in enumerate(self.layers)}
        fused = fused_parts(self.model)
        for name, module in self.model.named_modules():
            if name in numbers:
                hook = partial(self._see, numbers[name])
                self._hooks.append(watch_outputs(module, hook, fused))

    def stop(self) -> None:
        """Take the hooks away."""
        for hook in self._hooks:
            hook.remove()
        self._hooks, self._own = [], []
        self._set_aside, self._learning = {}, {}

    def refresh(self) -> None:
        """Look the parameters up again, as somebody may have put others in their places."""
        found = dict(self.model.named_parameters())
        self._own = [found[name] for name in self.parameters if name in found]

    def _see(self, layer: int, module: nn.Module, args: Any, output: Any) -> None:
        # This runs for every layer in every step.
        if not self.active or not (torch.is_grad_enabled() or self._always):
            return
        if not isinstance(output, Tensor):
            found = named_tensors(output, "")
            if not found:
                return
            output = found[0][1]
        if self._safe.get(layer) and output.numel() <= SMALL:
            if layer in self._set_aside:  # the layer runs again in the same step
                if torch._C._current_graph_task_id() != -1:
                    return  # only to have its numbers once more, for a checkpoint
                self._sum_at_once(layer)
            ours = self._gradients is not None and output.requires_grad and not output.retains_grad
            if ours:
                output.retain_grad()
            self._set_aside[layer] = output, output._version, ours
            return
        if not output.is_floating_point():
            return
        if self._outputs is not None:
            self.summary.add(self._outputs + layer, output)
        if self._gradients is not None and output.requires_grad:
            hook = partial(self.summary.add, self._gradients + layer)
            output.register_hook(hook)
        if layer in self._learning:
            self._safe[layer] = False  # it runs several times in a step
        elif layer not in self._safe and output.numel() <= SMALL:
            self._learning[layer] = output, output._version

    def capture(self, again: bool) -> None:
        """Sum what was set aside, and the parameters; `again` if this step was captured before."""
        for layer, (output, version) in self._learning.items():
            if layer not in self._safe:
                self._safe[layer] = output._version == version and not output.is_leaf
        self._learning = {}
        rows, tensors = self._brought_back()
        for name in (WEIGHTS, WEIGHT_GRADIENTS):
            first = self._first.get(name)
            if first is None:
                continue
            if again:
                self.summary.clear(first, first + self._sizes[name])
            for number, weight in enumerate(self._own):
                tensor = weight if name == WEIGHTS else weight.grad
                if tensor is not None:
                    rows.append(first + number)
                    tensors.append(tensor)
        self.summary.add_each(rows, tensors)

    def take(self) -> FloatArray:
        """The raw sums of the step, (row, column); starts anew."""
        if self._set_aside:  # by passes after the last capture
            self.summary.add_each(*self._brought_back())
        return self.summary.take()

    def _brought_back(self) -> tuple[list[int], list[Tensor]]:
        """What was set aside: rows, and the tensors that belong to them."""
        rows: list[int] = []
        tensors: list[Tensor] = []
        for layer, (output, version, ours) in self._set_aside.items():
            if output._version != version:
                self._safe[layer] = False  # its numbers are gone: this step has none of it
                continue
            if self._outputs is not None:
                rows.append(self._outputs + layer)
                tensors.append(output)
            if self._gradients is not None and output.requires_grad and output.grad is not None:
                rows.append(self._gradients + layer)
                tensors.append(output.grad)
                if ours:
                    output.grad = None  # as the loop would find it without us
        self._set_aside = {}
        return rows, tensors

    def _sum_at_once(self, layer: int) -> None:
        """Sum an output that was set aside before its gradient is known, which a hook will see."""
        output, version, ours = self._set_aside.pop(layer)
        self._safe[layer] = False
        if output._version != version:
            return
        if self._outputs is not None:
            self.summary.add(self._outputs + layer, output)
        if self._gradients is None or not output.requires_grad:
            return
        if output.grad is None:
            output.register_hook(partial(self.summary.add, self._gradients + layer))  # type: ignore[no-untyped-call]
            return
        self.summary.add(self._gradients + layer, output.grad)
        if ours:
            output.grad = None

    def split(self, statistics: Array) -> dict[str, Array]:
        """The statistics of one or more steps, (…, row, statistic), by site."""
        return {
            name: statistics[..., first : first + self._sizes[name], :]
            for name, first in self._first.items()
        }

    def sites(self) -> list[Site]:
        """The sites of the summaries."""
        sites = []
        for name in self._first:
            of = "parameter" if name in (WEIGHTS, WEIGHT_GRADIENTS) else "layer"
            names = self.parameters if of == "parameter" else self.layers
            entries: dict[str, tuple[int | str, ...]] = {of: names, "statistic": STATISTICS}
            sites.append(Site(name, "summary", (of, "statistic"), entries=entries))
        return sites


def is_layer(module: nn.Module) -> bool:
    """Whether a module is a layer of its own: without parts, or with parameters itself."""
    return not module._modules or bool(module._parameters) or isinstance(module, FUSED)
