"""The basic ConvNet of four layers: two convolutions that find features, two dense that decide."""

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


def cnn(
    shape: Sequence[int] = (1, 28, 28),
    classes: int = 10,
    width: int = 32,
    activation: str = "relu",
    dropout: float = 0.0,
    norm: str | None = None,
    *,
    seed: int | None = None,
) -> nn.Sequential:
    """A ConvNet for images of `shape` (channel, row, column): conv, pool, conv, pool, dense, dense.

    Convolutions are 3 × 3 with `width` and 2 × `width` maps, pools take the maximum of 2 × 2, the
    dense layer has 4 × `width` neurons, the answer is logits (sample, class). After each layer but
    the last stand `norm` ("batch", "layer" or None) and the activation; `dropout` is before the
    last. Layers: conv1, norm1, act1, pool1, conv2, norm2, act2, pool2, flatten, fc1, norm3, act3,
    drop, fc2. With a `seed` the weights follow from it alone.

    Raises `InputError` for images under 4 × 4 and for numbers out of range, `UnknownNameError`
    for an unknown activation or norm. Source: LeCun et al., 1998, with ReLU and maxima.
    """
    channels, rows, columns = image_shape(shape, "cnn", least=4)
    classes, width = positive("number of classes", classes), positive("width", width)
    features = 2 * width * (rows // 4) * (columns // 4)
    with seeded(seed):
        layers: list[tuple[str, nn.Module]] = [  # (sample, channel, row, column)
            ("conv1", nn.Conv2d(channels, width, 3, padding=1)),  # (…, width, row, column)
            *norm_layers(norm, "norm1", width, images=True),
            ("act1", make_activation(activation)),
            ("pool1", nn.MaxPool2d(2)),  # (…, width, row/2, column/2)
            ("conv2", nn.Conv2d(width, 2 * width, 3, padding=1)),  # (…, 2 width, row/2, column/2)
            *norm_layers(norm, "norm2", 2 * width, images=True),
            ("act2", make_activation(activation)),
            ("pool2", nn.MaxPool2d(2)),  # (…, 2 width, row/4, column/4)
            ("flatten", nn.Flatten()),  # (sample, feature)
            ("fc1", nn.Linear(features, 4 * width)),  # (sample, 4 width)
            *norm_layers(norm, "norm3", 4 * width, images=False),
            ("act3", make_activation(activation)),
            *dropout_layers(dropout, "drop"),
            ("fc2", nn.Linear(4 * width, classes)),  # (sample, class)
        ]
        model = nn.Sequential(OrderedDict(layers))
        draw_weights(model, activation)
    said = Spec(
        "cnn", width=width, activation=activation_name(activation),
        dropout=check_dropout(dropout), norm=norm_name(norm),
    )  # fmt: skip
    return labelled(model, said)
