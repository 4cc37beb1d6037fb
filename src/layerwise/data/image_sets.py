"""The image sets that come with the package: digits and drawings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

import numpy as np

from ..errors import InputError, unknown_name
from .bundled import DIGITS
from .images import ImageDataset


def digits() -> ImageDataset:
    """Handwritten digits: 1,797 images of 8 × 8, bright on black, 10 classes.

    The 17 levels of the original, 0 to 16, are stretched to 0 to 255 and rounded (8 becomes 128).
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return ImageDataset(
        pixels=np.round(bunch.images * (255 / 16)).astype(np.uint8)[:, None],
        labels=bunch.target,
        classes=tuple(map(str, bunch.target_names)),
        card=DIGITS,
        notes=("levels 0 to 16 stretched to 0 to 255",),
    )


def drawings(**options: Any) -> ImageDataset:
    """Generated hand drawings; `layerwise.data.drawings` says what the options mean."""
    from .generated_drawings import drawings as draw

    known = signature(draw).parameters
    for option in options:
        if option not in known:
            raise unknown_name("option", option, known, where="the image set 'drawings'")
    return draw(**options)


IMAGE_SETS: Mapping[str, Callable[..., ImageDataset]] = {"digits": digits, "drawings": drawings}


def build_image_set(name: str, size: object, options: Mapping[str, Any]) -> ImageDataset:
    """The image set of that name. One that is drawn is drawn in the size asked for."""
    if name == "digits" and options:
        raise InputError(f"The image set {name!r} takes no options", received=", ".join(options))
    if name == "drawings" and isinstance(size, int):
        options = {**options, "size": size}
    return IMAGE_SETS[name](**options)
