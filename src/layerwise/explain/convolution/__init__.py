"""A kernel slides over a picture: every product and sum, pooling, and the softmax at the end."""

from __future__ import annotations

from .kernels import kernel, kernel_names
from .layer import convolution_layer
from .picture import picture_array, picture_crop
from .pooling import pooling
from .softmax import softmax
from .walk import convolution

__all__ = [
    "convolution", "convolution_layer", "kernel", "kernel_names", "picture_array",
    "picture_crop", "pooling", "softmax",
]  # fmt: skip
