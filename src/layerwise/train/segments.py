"""Activation checkpointing: a long chain keeps only every √n-th output and computes the rest again.

Memory for n blocks falls from n outputs to about 2·√n, for one more forward pass. Gradients have
the same bits, as the same operations run on the same numbers. Source: Chen et al., "Training Deep
Nets with Sublinear Memory Cost", 2016.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.checkpoint import checkpoint

from ..errors import InputError


def longest_chain(model: nn.Module) -> tuple[str, nn.Sequential] | None:
    """The name and the `nn.Sequential` with the most children in a model; None if there is none."""
    chains = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.Sequential)
    ]
    return max(chains, key=lambda pair: len(pair[1])) if chains else None


@contextmanager
def in_segments(model: nn.Module) -> Iterator[int]:
    """Inside, the longest chain of the model runs in √n segments that are computed again.

    Gives the number of segments. Running statistics of batch norm are taken once, in the first
    pass; dropout draws the same numbers again. Raises `InputError` for a model without a chain of
    at least four.
    """
    found = longest_chain(model)
    if found is None or len(found[1]) < 4:
        raise InputError(
            "Activation checkpointing cuts a chain of blocks, and the model has none",
            received="no nn.Sequential of four or more"
            if found is None
            else f"{found[0] or 'the model'} with {len(found[1])}",
            do="Put the blocks into one nn.Sequential, or leave activation_checkpoints out",
        )
    chain = found[1]
    blocks = list(chain)
    length = math.ceil(math.sqrt(len(blocks)))
    parts = [blocks[start : start + length] for start in range(0, len(blocks), length)]
    runs = [_run_of(part) for part in parts]
    contexts = [_contexts_of(part) for part in parts]

    def pieces(self: nn.Sequential) -> Iterator[Any]:
        """What the chain's own forward goes through, one after the other."""
        if not self.training:
            yield from blocks
            return
        for run, context in zip(runs[:-1], contexts[:-1], strict=True):
            yield partial(checkpoint, run, use_reentrant=False, context_fn=context)
        yield runs[-1]  # its activations are needed at once: nothing is won by dropping them

    # The chain's forward, its own too, walks through the chain: for now that gives the pieces.
    kind = type(chain)
    chain.__class__ = type(kind.__name__, (kind,), {"__iter__": pieces})
    try:
        yield len(parts)
    finally:
        chain.__class__ = kind


def _run_of(blocks: list[nn.Module]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        for block in blocks:
            x = block(x)
        return x

    return run


def _contexts_of(
    blocks: list[nn.Module],
) -> Callable[[], tuple[AbstractContextManager[Any], AbstractContextManager[Any]]]:
    """What the first pass and the second one run inside."""
    norms = [
        module
        for block in blocks
        for module in block.modules()
        if isinstance(module, _NormBase) and module.track_running_stats
    ]

    @contextmanager
    def untracked() -> Iterator[None]:
        """Running statistics stay: a batch that was seen counts with the weight 0."""
        before = [(norm, norm.momentum, _seen(norm).clone()) for norm in norms]
        for norm in norms:
            norm.momentum = 0.0
        try:
            yield
        finally:
            for norm, momentum, seen in before:
                norm.momentum = momentum
                _seen(norm).copy_(seen)

    return lambda: (nullcontext(), untracked())


def _seen(norm: _NormBase) -> Tensor:
    """How many batches a norm has counted."""
    counted = norm.num_batches_tracked
    return torch.zeros(()) if counted is None else counted
