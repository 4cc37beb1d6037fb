"""Network in network: each convolution is followed by a small mlp at every pixel (1 × 1)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from .activations import activation as make_activation
from .activations import activation_name
from .initialization import draw_weights, seeded
from .normalization import check_dropout, dropout_layers, norm_layers, norm_name
from .shapes import image_shape, positive
from .spec import Spec, labelled


def nin(
    shape: Sequence[int] = (3, 32, 32),
    classes: int = 10,
    width: int = 96,
    activation: str = "relu",
    dropout: float = 0.0,
    norm: str | None = "batch",
    *,
    seed: int | None = None,
) -> nn.Sequential:
    """A network in network for images of `shape` (channel, row, column), any size; gives logits.

    Three blocks (5 × 5, 5 × 5, 3 × 3), each a convolution and two 1 × 1 convolutions, with pooling
    and `dropout` between them. The last block ends in one map a class, whose mean is the class's
    logit: no dense layer. `norm` is "batch", "layer" or None. With a `seed` the weights follow
    from it alone.

    Raises `InputError` for another shape and for numbers out of range, `UnknownNameError` for an
    unknown activation or norm. Source: Lin, Chen and Yan, 2014; batch normalization is newer, and
    the class maps here have no activation.
    """
    channels, _, _ = image_shape(shape, "nin")
    classes, width = positive("number of classes", classes), positive("width", width)
    with seeded(seed):
        model = nn.Sequential(
            OrderedDict(
                [  # (sample, channel, row, column)
                    ("block1", _block(channels, width, width, 5, activation, norm)),
                    ("pool1", nn.MaxPool2d(3, stride=2, padding=1)),  # (…, width, row/2, column/2)
                    *dropout_layers(dropout, "drop1"),
                    ("block2", _block(width, width, width, 5, activation, norm)),
                    ("pool2", nn.MaxPool2d(3, stride=2, padding=1)),  # (…, width, row/4, column/4)
                    *dropout_layers(dropout, "drop2"),
                    ("block3", _block(width, width, classes, 3, activation, norm, last=True)),
                    ("mean", nn.AdaptiveAvgPool2d(1)),  # (sample, class, 1, 1)
                    ("flatten", nn.Flatten()),  # (sample, class)
                ]
            )
        )
        draw_weights(model, activation)
    said = Spec(
        "nin", width=width, activation=activation_name(activation),
        dropout=check_dropout(dropout), norm=norm_name(norm),
    )  # fmt: skip
    return labelled(model, said)


def _block(
    channels: int, width: int, out: int, kernel: int, activation: str, norm: str | None,
    *, last: bool = False,
) -> nn.Sequential:  # fmt: skip
    """A convolution, then an mlp over the channels of each pixel; `last` leaves its end bare."""
    plan = [("conv", channels, width, kernel), ("mix1", width, width, 1), ("mix2", width, out, 1)]
    layers: list[tuple[str, nn.Module]] = []
    for k, (name, before, after, size) in enumerate(plan, start=1):
        layers += [(name, nn.Conv2d(before, after, size, padding=size // 2))]
        if not (last and name == "mix2"):
            layers += norm_layers(norm, f"norm{k}", after, images=True)
            layers += [(f"act{k}", make_activation(activation))]
    return nn.Sequential(OrderedDict(layers))
