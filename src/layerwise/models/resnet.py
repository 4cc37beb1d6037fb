"""Residual networks of any depth: each block adds its change to what it was given."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..errors import InputError, unknown_name
from .activations import activation as make_activation
from .activations import activation_name
from .dense_resnet import DenseResNet
from .initialization import draw_first_biases, draw_weights, seeded
from .shapes import image_shape, positive, sample_shape
from .spec import KINDS, Spec, labelled, nearest_depth, residual_name

FOUR_STAGES = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
LARGE_IMAGE = 64
"""Images with as many rows and columns start with a 7 × 7 stem that makes them four times less."""


class Block(nn.Module):
    """Two 3 × 3 convolutions, or 1 × 1, 3 × 3, 1 × 1 (a bottleneck), and the way around them.

    `residual` says how the change f(x) joins x: "plain" and "batch-norm" x + f(x), "pre-norm"
    x + f(x) / √blocks, "rezero" x + α f(x) with α learned from 0 on, "none" f(x) alone.
    """

    def __init__(
        self, channels: int, width: int, stride: int, bottleneck: bool, residual: str,
        activation: str, blocks: int,
    ) -> None:  # fmt: skip
        super().__init__()
        out = 4 * width if bottleneck else width
        plan = (
            [(channels, width, 1, 1), (width, width, 3, stride), (width, out, 1, 1)]
            if bottleneck
            else [(channels, width, 3, stride), (width, out, 3, 1)]
        )
        self.residual, self.convolutions = residual, len(plan)
        normed = residual in ("batch-norm", "pre-norm", "none")
        for k, (before, after, size, step) in enumerate(plan, start=1):
            convolution = nn.Conv2d(before, after, size, step, size // 2, bias=not normed)
            self.add_module(f"conv{k}", convolution)
            if normed:
                self.add_module(f"bn{k}", nn.BatchNorm2d(before if self.pre else after))
            self.add_module(f"act{k}", make_activation(activation))
        if residual == "rezero":
            self.alpha = nn.Parameter(torch.zeros(1))
        self.scale = 1 / math.sqrt(blocks) if self.pre else 1.0
        self.downsample: nn.Module | None = None
        if residual != "none" and (stride > 1 or channels != out):
            around: list[nn.Module] = [nn.Conv2d(channels, out, 1, stride, bias=False)]
            around += [nn.BatchNorm2d(out)] if residual == "batch-norm" else []
            self.downsample = nn.Sequential(*around)

    @property
    def pre(self) -> bool:
        """Whether normalization and activation come before each convolution."""
        return self.residual == "pre-norm"

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, row, column) → (sample, out, row/stride, column/stride)."""
        change = self.change(x)
        if self.residual == "none":
            return self._pass("act", self.convolutions, change)
        if self.downsample is not None:
            x = self.downsample(x)
        if self.residual == "rezero":
            change = self.alpha * change
        elif self.pre:
            return x + self.scale * change
        return self._pass("act", self.convolutions, x + change)

    def change(self, x: Tensor) -> Tensor:
        """f(x): the convolutions; each but the last is followed (pre-norm: preceded) by its act."""
        for k in range(1, self.convolutions + 1):
            if self.pre:
                x = self._pass("act", k, self._pass("bn", k, x))
                x = self._pass("conv", k, x)
                continue
            x = self._pass("bn", k, self._pass("conv", k, x))
            if k < self.convolutions:
                x = self._pass("act", k, x)
        return x

    def _pass(self, name: str, k: int, x: Tensor) -> Tensor:
        part = self._modules.get(f"{name}{k}")
        return x if part is None else part(x)


class ResNet(nn.Module):
    """Stem, stages of residual blocks, the mean over rows and columns, and a dense layer.

    Parameters of "batch-norm" networks are named as in torchvision: conv1, bn1, layer1.0.conv1 …
    fc, so that a checkpoint from there fits networks of depth 18 to 152 for large images.
    """

    def __init__(
        self, shape: tuple[int, int, int], classes: int, depth: int, width: int, residual: str,
        activation: str,
    ) -> None:  # fmt: skip
        super().__init__()
        counts = FOUR_STAGES.get(depth, ((depth - 2) // 6,) * 3)
        bottleneck = depth in FOUR_STAGES and depth >= 50
        large = min(shape[1:]) >= LARGE_IMAGE
        normed = residual in ("batch-norm", "none")
        size, stride = (7, 2) if large else (3, 1)
        self.conv1 = nn.Conv2d(
            shape[0], width, size, stride, size // 2, bias=residual in ("plain", "rezero")
        )
        self.bn1 = nn.BatchNorm2d(width) if normed else None
        self.relu = make_activation(activation) if residual != "pre-norm" else None
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if large else None
        self.stages = len(counts)
        channels = width
        for stage, count in enumerate(counts):
            blocks: list[nn.Module] = []
            for k in range(count):
                stride = 2 if stage > 0 and k == 0 else 1
                block = Block(
                    channels, width << stage, stride, bottleneck, residual, activation, sum(counts)
                )
                blocks.append(block)
                channels = (width << stage) * (4 if bottleneck else 1)
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.bn = nn.BatchNorm2d(channels) if residual == "pre-norm" else None
        self.act = make_activation(activation) if residual == "pre-norm" else None
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, row, column) → logits (sample, class)."""
        for part in (self.conv1, self.bn1, self.relu, self.maxpool):
            x = x if part is None else part(x)  # (sample, width, row/4, column/4)
        for stage in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{stage}")(x)  # (…, width × 2^stage, half as large)
        for part in (self.bn, self.act):
            x = x if part is None else part(x)
        x = self.avgpool(x).flatten(1)  # (sample, channel)
        return self.fc(x)  # type: ignore[no-any-return]


def resnet(
    shape: Sequence[int] = (3, 224, 224),
    classes: int = 1000,
    depth: int = 18,
    width: int | None = None,
    kind: str = "convolutional",
    residual: str | None = None,
    activation: str = "relu",
    *,
    seed: int | None = None,
) -> ResNet | DenseResNet:
    """A residual network of any depth, for images or, fully connected, for tables; gives logits.

    `kind` "convolutional": depth 18 and 34 (two convolutions a block), 50, 101 and 152
    (bottlenecks), in four stages from `width` 64 on, as published (He et al., 2016); any other
    depth 6n + 2 in three stages from width 16 on, as for small images there. Images from 64 × 64
    on get the 7 × 7 stem and pooling, smaller ones a 3 × 3 convolution.
    `kind` "dense": inputs are flattened; `depth` dense layers of `width` 64, the first and last
    without a way around, every other one a block in `blocks`, one `nn.Sequential`. Biases start at
    0 but those of the first layer, which are drawn as its weights are (`draw_first_biases`).

    `residual` is how a block f joins its input x: "plain" x + f(x); "batch norm" the same with
    normalization after each layer; "pre-norm" normalization first, x + f(x) / √blocks; "rezero"
    x + α f(x), α learned from 0 on (Bachlechner et al., 2021); "none" f(x), no way around, with
    batch normalization where convolutional. Default: batch norm, for dense networks rezero.

    Raises `InputError` for a depth that cannot be (with the nearest) or another shape,
    `UnknownNameError` for an unknown kind, residual or activation.
    """
    if kind not in KINDS:
        raise unknown_name("kind of resnet", str(kind), KINDS)
    classes, depth = positive("number of classes", classes), positive("depth", depth)
    said = Spec(
        "resnet", depth=depth, width=None if width is None else positive("width", width),
        kind=kind, residual=None if residual is None else residual_name(residual),
        activation=activation_name(activation),
    )  # fmt: skip
    how, wide = said.residual or "", said.width or 0
    if kind == "dense":
        if depth < 3:
            raise InputError("A dense resnet has 3 layers or more", received=f"depth {depth}")
        features = math.prod(sample_shape(shape))
        with seeded(seed):
            dense = DenseResNet(features, classes, depth, wide, how, activation)
            draw_weights(dense, activation)
            draw_first_biases(dense.fc_in, activation)
        return labelled(dense, said)
    if (near := nearest_depth(depth)) != depth:
        raise InputError(
            f"No convolutional resnet has {depth} layers",
            allowed=f"Depths are {', '.join(map(str, FOUR_STAGES))} and 6n + 2. Nearest: {near}",
        )
    images = image_shape(shape, "convolutional resnet")
    with seeded(seed):
        model = ResNet(images, classes, depth, wide, how, activation)
        draw_weights(model, activation)
    return labelled(model, said)
