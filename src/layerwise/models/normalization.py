"""Normalization by name, for features and for images."""

from __future__ import annotations

from typing import Final

from torch import nn

from ..errors import InputError, unknown_name

NORMS: Final = ("none", "batch", "layer")


def norm_name(name: str | None) -> str:
    """The one spelling of a normalization's name; None is "none"."""
    if name is None:
        return "none"
    if name not in NORMS:
        raise unknown_name("normalization", str(name), NORMS)
    return name


def norm_layers(name: str | None, label: str, channels: int, *, images: bool) -> list[_Named]:
    """The normalization as a list of none or one (label, module), to join to others.

    "batch" normalizes each channel over the batch (Ioffe and Szegedy, 2015), "layer" each sample
    over its channels (Ba et al., 2016), for images over rows and columns too.
    """
    match norm_name(name), images:
        case "batch", True:
            return [(label, nn.BatchNorm2d(channels))]
        case "batch", False:
            return [(label, nn.BatchNorm1d(channels))]
        case "layer", True:
            return [(label, nn.GroupNorm(1, channels))]
        case "layer", False:
            return [(label, nn.LayerNorm(channels))]
    return []


def dropout_layers(share: float, label: str) -> list[_Named]:
    """Dropout of that share as a list of none or one (label, module), to join to others."""
    return [(label, nn.Dropout(share))] if check_dropout(share) > 0 else []


def check_dropout(share: float) -> float:
    """The share as it is, if it is one: 0 ≤ share < 1. Raises `InputError` otherwise."""
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share < 1:
        raise InputError(
            "Dropout is the share of neurons left out",
            received=repr(share),
            allowed="0 (none) up to, not including, 1",
        )
    return float(share)


_Named = tuple[str, nn.Module]
