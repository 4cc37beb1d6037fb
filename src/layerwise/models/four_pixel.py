"""The network of four pixels, with weights set by hand: what each layer does can be read off."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import torch
from torch import Tensor, nn

from ..errors import InputError
from .activations import activation as make_activation
from .activations import activation_name
from .perceptron import set_values
from .spec import Spec, labelled

FOUR_PIXEL_CLASSES: Final = ("solid", "vertical", "diagonal", "horizontal")


class FourPixel(nn.Sequential):
    """Four pixels, clockwise from the upper left → four patterns, through h, k and parts.

    Images (sample, 1, 2, 2) are read clockwise too.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(sample, 4) or (sample, 1, row, column) → (sample, pattern)."""
        if x.dim() > 2:
            x = x.flatten(1)[:, [0, 1, 3, 2]]  # upper left, upper right, lower right, lower left
        y: Tensor = super().forward(x)  # type: ignore[no-untyped-call]
        return y


def four_pixel(activation: str = "tanh", *, k4_sign: int = -1) -> FourPixel:
    """The network that names the pattern of four pixels: solid, vertical, diagonal or horizontal.

    Inputs (sample, 4): upper left, upper right, lower right, lower left; white is 1, black −1.
    Layers, none with a bias: `h` compares or adds the pixels of a side, `k` the sides, `parts`
    splits each k into its positive and negative half (`relu`), `out` adds them: |k1| … |k4|.

    `k4_sign` −1 or 1 draws the weights of k4 as −,− or +,+: the answers are the same. `activation`
    after h and k is tanh; with another (sigmoid, say) the network fails. Each clean pattern gets
    .9586 for its class and 0 elsewhere, a pattern with one odd pixel four times .7461, grey 0.
    """
    if k4_sign not in (-1, 1):
        raise InputError("The sign of k4's weights is −1 or 1", received=repr(k4_sign))
    weights = {
        "h": [[1, 0, 0, 1], [0, 1, 1, 0], [1, 0, 0, -1], [0, 1, -1, 0]],
        "k": [[1, 1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, -1], [0, 0, k4_sign, k4_sign]],
        "parts": [[sign if k == j else 0 for j in range(4)] for k in range(4) for sign in (1, -1)],
        "out": [[1 if j // 2 == k else 0 for j in range(8)] for k in range(4)],
    }
    dense = {name: nn.Linear(len(rows[0]), len(rows), bias=False) for name, rows in weights.items()}
    for name, rows in weights.items():
        set_values(dense[name].weight, name, rows)
    model = FourPixel(
        OrderedDict[str, nn.Module](
            h=dense["h"],  # (sample, 4): left sum, right sum, left difference, right difference
            h_act=make_activation(activation),
            k=dense["k"],  # (sample, 4): sum of sums, difference of sums, and so on
            k_act=make_activation(activation),
            parts=dense["parts"],  # (sample, 8): k1, −k1, k2, −k2 …
            relu=nn.ReLU(),
            out=dense["out"],  # (sample, 4): solid, vertical, diagonal, horizontal
        )
    )
    return labelled(model, Spec("four-pixel", activation=activation_name(activation)))


def four_pixel_patterns() -> tuple[Tensor, Tensor]:
    """The eight clean patterns, clockwise pixels (pattern, 4), and their classes (pattern,)."""
    signs = [[1, 1, 1, 1], [1, -1, -1, 1], [1, -1, 1, -1], [1, 1, -1, -1]]
    pixels = torch.tensor([[s * t for s in row] for row in signs for t in (1, -1)])
    return pixels.float(), torch.arange(4).repeat_interleave(2)
