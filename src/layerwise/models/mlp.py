"""The multilayer perceptron: dense layers, each followed by an activation, the last by none."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from ..errors import InputError
from .activations import activation as make_activation
from .activations import activation_name
from .initialization import draw_weights, seeded
from .normalization import check_dropout, dropout_layers, norm_layers, norm_name
from .spec import Spec, labelled


class MLP(nn.Sequential):
    """Dense layers in order: fc1, norm1, act1, drop1, fc2 … The last gives logits.

    Images are flattened first: (sample, channel, row, column) → (sample, feature).
    """

    def forward(self, x: Tensor) -> Tensor:
        """(sample, feature …) → logits (sample, class)."""
        y: Tensor = super().forward(x.flatten(1))  # type: ignore[no-untyped-call]
        return y


def mlp(
    sizes: str | Sequence[int],
    activation: str = "relu",
    dropout: float = 0.0,
    norm: str | None = None,
    *,
    seed: int | None = None,
) -> MLP:
    """A multilayer perceptron with those sizes: inputs, hidden layers, classes.

    `sizes` is "784-64-32-4" or [784, 64, 32, 4]. A hidden layer is a dense layer, then `norm`
    ("batch", "layer" or None), the `activation`, and `dropout` (the share of neurons left out in
    training). With a `seed` the weights follow from it alone; without, from torch's global random
    numbers. How they are drawn: `initialization.draw_weights`.

    Raises `InputError` for fewer than two sizes, sizes that are no positive whole numbers, or a
    dropout outside 0 to 1, `UnknownNameError` for an unknown activation or norm.
    """
    widths = _widths(sizes)
    layers: list[tuple[str, nn.Module]] = []
    with seeded(seed):
        for k, (before, after) in enumerate(pairwise(widths), start=1):
            layers += [(f"fc{k}", nn.Linear(before, after))]  # (sample, after)
            if k < len(widths) - 1:
                layers += norm_layers(norm, f"norm{k}", after, images=False)
                layers += [(f"act{k}", make_activation(activation))]
                layers += dropout_layers(dropout, f"drop{k}")
        model = MLP(OrderedDict(layers))
        draw_weights(model, activation)
    said = Spec(
        "mlp", widths, True, activation=activation_name(activation),
        dropout=check_dropout(dropout), norm=norm_name(norm),
    )  # fmt: skip
    return labelled(model, said)


def _widths(sizes: str | Sequence[int]) -> tuple[int, ...]:
    received = repr(sizes)
    if isinstance(sizes, str):
        text = sizes.strip()
        sizes = [int(size) for size in text.split("-")] if re.fullmatch(r"\d+(-\d+)+", text) else []
    try:
        widths = tuple(sizes)
    except TypeError:
        widths = ()
    whole = all(hasattr(size, "__index__") and not isinstance(size, bool) for size in widths)
    if len(widths) < 2 or not whole or min(widths) < 1:
        raise InputError(
            "An mlp needs two sizes or more, inputs first and classes last",
            received=received[:80],
            allowed='Such as "784-64-32-4" or [784, 64, 32, 4]',
        )
    return tuple(int(size) for size in widths)
