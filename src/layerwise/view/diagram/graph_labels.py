"""What is written beside a layer: its shape in words, and what is done to it."""

from __future__ import annotations

from collections.abc import Sequence

from ...trace import Site
from ..style import format_count


def label_of(kind: str, shape: tuple[int, ...], words: Sequence[str], shown: Site) -> str:
    """ "64 maps 14 × 14, batch norm, ReLU": the shape of one sample, then what makes it.

    What has no weights of its own is named first: "max pooling, 64 maps 7 × 7".
    """
    size = shape_in_words(kind, shape, shown)
    if kind in ("dense", "convolution", "input"):
        return ", ".join([size, *words])
    return ", ".join([*words[:1], size, *words[1:]])


def shape_in_words(kind: str, shape: tuple[int, ...], site: Site) -> str:
    """The shape of one sample: "32 maps 28 × 28", "12 neurons", "17 × 48"."""
    own = shape
    if kind == "input":
        return _input_in_words(own, site)
    if not own:
        return "1 value"
    if is_map(site, own) or (kind == "convolution" and len(own) > 1):
        maps = "map" if own[0] == 1 else "maps"
        return f"{format_count(own[0])} {maps} {sides(own[1:])}"
    if len(own) == 1:
        unit = "neuron" if kind == "dense" else "value"
        return f"{format_count(own[0])} {unit}{'' if own[0] == 1 else 's'}"
    if kind == "dense":
        return f"{sides(own)} neurons"
    return sides(own)


def is_map(site: Site, own: tuple[int, ...]) -> bool:
    """Whether the output is channels of pictures, volumes or signals."""
    return len(own) > 1 and site.axes[:2] == ("sample", "channel")


def sides(lengths: Sequence[int]) -> str:
    """Lengths of axes: "28 × 28"."""
    return " × ".join(format_count(length) for length in lengths)


def _input_in_words(own: tuple[int, ...], site: Site) -> str:
    whole = str(site.about.get("dtype", "")).startswith(("int", "uint"))
    if not own:
        return "1 value"
    if is_map(site, own):
        channels = f"{format_count(own[0])} channels, " if own[0] > 1 else ""
        return f"{channels}{sides(own[1:])}"
    if len(own) == 1:
        name = "whole numbers" if whole else "values"
        return f"{format_count(own[0])} {name if own[0] != 1 else name[:-1]}"
    return sides(own)
