"""From a `Spec` to a network that fits the data."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from ..errors import InputError, TooLargeError
from .cnn import cnn
from .four_pixel import four_pixel
from .grammar import no_such_model, parse
from .mlp import mlp
from .nin import nin
from .perceptron import perceptron
from .resnet import resnet
from .shapes import positive, sample_shape
from .spec import Spec, labelled

SURELY_FITS = 10**8
"""Up to as many parameters (400 MB) nothing is counted before a network is built."""


def build(
    spec: str | Spec, inputs: Sequence[int], classes: int, *, seed: int | None = None
) -> nn.Module:
    """The network that `spec` says (see `parse`), for samples of that shape and number of classes.

    `inputs` is (feature,) for tables, (channel, row, column) for images; the network takes
    (sample, *inputs) and gives logits (sample, class). "perceptron" is one layer of neurons, one
    a class, that gives their sums unless an activation is said. With a `seed` the weights follow
    from it alone; without, from torch's global random numbers.

    Raises `InputError` for words that cannot be and for a network that does not fit the data,
    each with the nearest that can; `TooLargeError` before it would take more memory than there is.
    """
    shape, classes = sample_shape(inputs), positive("number of classes", classes)
    said = fitted(parse(spec) if isinstance(spec, str) else spec, shape, classes)
    _check_memory(said, shape, classes)
    return labelled(_built(said, shape, classes, seed), said)


def fitted(spec: Spec, shape: tuple[int, ...], classes: int) -> Spec:
    """The spec, if a network of it fits such data; raises `InputError` with the nearest if not."""
    features = math.prod(shape)
    if spec.family == "mlp":
        ends = (spec.sizes[0], spec.sizes[-1]) == (features, classes)
        if spec.whole and not ends:
            nearest = replace(spec, sizes=(features, *spec.sizes[1:-1], classes))
            raise InputError(
                f"{spec} does not fit data of {features:,} inputs and {_count(classes)}",
                allowed=f"Nearest: {nearest}",
            )
        return replace(spec, whole=True) if ends and len(spec.sizes) > 1 else spec
    if spec.family == "four-pixel" and (shape not in ((4,), (1, 2, 2)) or classes != 4):
        raise no_such_model(
            str(spec),
            f"it takes 4 pixels and knows 4 classes, the data has shape {shape} and "
            + _count(classes),
            Spec("mlp"),
        )
    convolutional = spec.family in ("cnn", "nin") or spec.kind == "convolutional"
    least = 4 if spec.family == "cnn" else 1
    if convolutional and (len(shape) != 3 or min(shape[1:]) < least):
        dense = Spec("resnet", depth=spec.depth, kind="dense", activation=spec.activation)
        smaller = Spec("nin") if len(shape) == 3 else Spec("mlp")
        raise no_such_model(
            str(spec),
            f"it needs images (channel, row, column){f' from {least} × {least} on' * (least > 1)}, "
            f"the data has shape {shape}",
            dense if spec.family == "resnet" else smaller,
        )
    return spec


def _built(spec: Spec, shape: tuple[int, ...], classes: int, seed: int | None) -> nn.Module:
    activation = spec.activation or "identity"
    match spec:
        case Spec(family="perceptron"):
            return perceptron(math.prod(shape), activation, outputs=classes, seed=seed)
        case Spec(family="mlp"):
            sizes = spec.sizes if spec.whole else (math.prod(shape), *spec.sizes, classes)
            return mlp(sizes, activation, spec.dropout or 0.0, spec.norm, seed=seed)
        case Spec(family="cnn" | "nin"):
            build_images = cnn if spec.family == "cnn" else nin
            return build_images(
                shape, classes, spec.width or 1, activation, spec.dropout or 0.0, spec.norm,
                seed=seed,
            )  # fmt: skip
        case Spec(family="resnet"):
            return resnet(
                shape, classes, spec.depth or 1, spec.width, spec.kind or "", spec.residual,
                activation, seed=seed,
            )  # fmt: skip
    return four_pixel(activation)


def _check_memory(spec: Spec, shape: tuple[int, ...], classes: int) -> None:
    grown = 1 if spec.kind == "dense" else 32  # a ResNet's last stage is as many times as wide
    widest = max(*spec.sizes, (spec.width or 1) * grown, classes)
    layers = max(len(spec.sizes) + 1, spec.depth or 4)
    if widest * max(widest, math.prod(shape)) * layers < SURELY_FITS:
        return
    with torch.device("meta"):
        network = _built(spec, shape, classes, None)
    count = sum(parameter.numel() for parameter in network.parameters())
    memory = _memory()
    if 4 * count > memory:
        raise TooLargeError(
            f"{spec} has {count:,} parameters, {4 * count / 2**30:,.1f} GiB",
            allowed=f"This computer has {memory / 2**30:,.1f} GiB of memory",
            do="Make its layers narrower",
        )


def _memory() -> float:
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return math.inf  # systems that do not say


def _count(classes: int) -> str:
    return f"{classes:,} class" if classes == 1 else f"{classes:,} classes"
