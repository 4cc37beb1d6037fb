"""A kernel over a picture, pooling and softmax, with their numbers."""

from __future__ import annotations

from .film import convolution
from .gallery import convolutions
from .numbers import picture_numbers
from .pooling import pooling
from .softmax import softmax

__all__ = ["convolution", "convolutions", "picture_numbers", "pooling", "softmax"]
