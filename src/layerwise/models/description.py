"""One layer in a few words: its operation and sizes."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.dropout import _DropoutNd


def describe(layer: nn.Module) -> str:
    """A layer's operation and sizes: "Linear 784 → 64", "Conv2d 3×3, 1 → 32, stride 2", "ReLU"."""
    name = type(layer).__name__
    match layer:
        case nn.Linear():
            return f"{name} {layer.in_features} → {layer.out_features}"
        case _ConvNd():
            text = f"{name} {_sides(layer.kernel_size)}, {layer.in_channels} → {layer.out_channels}"
            text += f", stride {_step(layer.stride)}" if set(layer.stride) != {1} else ""
            return text + (f", {layer.groups} groups" if layer.groups > 1 else "")
        case nn.Embedding():
            return f"{name} {layer.num_embeddings} × {layer.embedding_dim}"
        case _BatchNorm():
            return f"{name} {layer.num_features}"
        case nn.GroupNorm():
            return f"{name} {layer.num_channels}"
        case nn.LayerNorm():
            return f"{name} {'×'.join(map(str, layer.normalized_shape))}"
        case nn.MaxPool2d() | nn.AvgPool2d():
            return f"{name} {_sides(_pair(layer.kernel_size))}"
        case _DropoutNd():
            return f"{name} {layer.p:g}"
    return name


def _sides(sides: tuple[int, ...]) -> str:
    return "×".join(map(str, sides))


def _step(stride: tuple[int, ...]) -> str:
    return str(stride[0]) if len(set(stride)) == 1 else _sides(stride)


def _pair(size: Any) -> tuple[int, ...]:
    return size if isinstance(size, tuple) else (size, size)
