"""The fully connected residual network: thousands of dense layers on a few features."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .activations import activation as make_activation


class DenseBlock(nn.Module):
    """One dense layer with its activation, and the way around it.

    `residual` says how the change f(x) = act(fc(x)) joins x: "plain" x + f(x); "batch-norm" the
    same with normalization before the activation; "pre-norm" x + f(norm(x)) / √blocks; "rezero"
    x + α f(x) with α learned from 0 on; "none" f(x) alone.
    """

    def __init__(self, width: int, residual: str, activation: str, blocks: int) -> None:
        super().__init__()
        self.residual = residual
        if residual == "pre-norm":
            self.norm: nn.Module = nn.LayerNorm(width)
        self.fc = nn.Linear(width, width)
        if residual == "batch-norm":
            self.norm = nn.BatchNorm1d(width)
        self.act = make_activation(activation)
        self.scale = 1 / math.sqrt(blocks)
        if residual == "rezero":
            self.alpha = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(sample, width) → (sample, width)."""
        before = self.norm(x) if self.residual == "pre-norm" else x
        change: Tensor = self.fc(before)
        if self.residual == "batch-norm":
            change = self.norm(change)
        change = self.act(change)
        match self.residual:
            case "none":
                return change
            case "pre-norm":
                return x + self.scale * change
            case "rezero":
                return x + self.alpha * change
        return x + change


class DenseResNet(nn.Module):
    """A dense layer in, blocks of one dense layer each, a dense layer out.

    All blocks are in one `nn.Sequential`, so that `torch.utils.checkpoint` can cut it.
    """

    def __init__(
        self, features: int, classes: int, depth: int, width: int, residual: str, activation: str
    ) -> None:
        super().__init__()
        count = depth - 2
        self.fc_in = nn.Linear(features, width)
        self.act_in = make_activation(activation)
        self.blocks = nn.Sequential(
            *(DenseBlock(width, residual, activation, count) for _ in range(count))
        )
        self.norm = nn.LayerNorm(width) if residual == "pre-norm" else None
        self.fc_out = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(sample, feature …) → logits (sample, class)."""
        x = self.act_in(self.fc_in(x.flatten(1)))  # (sample, width)
        x = self.blocks(x)  # (sample, width)
        x = x if self.norm is None else self.norm(x)
        return self.fc_out(x)  # type: ignore[no-any-return]
