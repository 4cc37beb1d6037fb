"""Finding the ink: a photograph or scan of a drawing becomes a small, centred, clean picture of it.

The paper's brightness is what a closing leaves: a moving maximum and then minimum over a window
wider than any pen, which fills the lines and keeps folds and shadows. Ink is how much darker than
the paper a place is, as a share of the paper's own brightness there, so that uneven light drops
out. For light ink on a dark ground minimum and maximum change places.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ..types import Array, BoolArray, ByteArray, FloatArray
from .generated import whole
from .images import ImageDataset
from .wording import counted, listed

LONGEST: Final = 320
"""Larger photographs are shrunk to so many pixels on the longer side before ink is looked for."""

FAINTEST: Final = 0.08
"""Ink must differ from its ground by this share of the brightest possible."""

MARGIN: Final = 0.07
"""The share of the side that stays free around a drawing."""

_FLAT = 0.4  # a value that so many pixels have is the ground, exactly
_COARSE = 72
_MOSTLY_GROUND = 0.4  # of the shorter side: a window that is mostly ground, wherever it lies
_WINDOW = 0.25  # of the shorter side: no pen is wider
_MOST = 10.0  # times is a side stretched: a plain line does not become a square
_SPECK = 0.02  # of all ink: less in one piece is dirt
_CORE = 0.25  # of all ink: if so much lies clear of the frame, what touches the frame is clutter


class NoInkError(InputError):
    """A picture in which nothing is drawn."""


def drawing_from_image(
    pixels: ArrayLike, size: int = 28, *, margin: float = MARGIN, stretch: float = 1.0
) -> ByteArray:
    """The drawing in a picture, (row, column), `size` pixels square: ink bright, ground black.

    `pixels` is (row, column), (row, column, channel) with 3 or 4 channels (the fourth is opacity),
    or (channel, row, column) with 1 or 3, bytes 0 to 255 or numbers 0 to 1; dark ink on light or
    light on dark, which of the two is found out. Ink is cropped, centred by its box and scaled to
    leave `margin` of the side free all around. `stretch` says what becomes of flat drawings: 1
    stretches them to a square, which leaves a network most to see; 0 keeps their proportions; 0.5
    goes half the way (a box of 9 to 1 becomes 3 to 1). Grey levels are kept; dirt and what hangs
    on the frame are left out.

    Raises `NoInkError` where nothing stands out, `InputError` for pixels of another form.
    """
    size, margin, stretch = _checked(size, margin, stretch)
    ink = ink_of(_channels(pixels))
    if ink is None:
        raise NoInkError(
            "There is no ink in this picture",
            received=f"a picture of {' × '.join(map(str, np.shape(pixels)))}",
            allowed=f"Lines must differ from their ground by {FAINTEST:.0%} of full brightness",
            do="Take the picture nearer, in more light, with a darker pen",
        )
    return framed(ink, size, margin, stretch)


def prepare_drawings(
    images: ImageDataset, size: int = 28, *, margin: float = MARGIN, stretch: float = 1.0
) -> ImageDataset:
    """The same drawings as `drawing_from_image` gives them: one channel, ink bright on black.

    Pictures without ink are left out, counted and named in a note. Give drawings for training and
    drawings to be judged through the same door, with the same options.
    """
    size, margin, stretch = _checked(size, margin, stretch)
    found, rows, lost = [], [], []
    for row in range(len(images)):
        ink = ink_of(np.moveaxis(images.pixels[row], 0, -1) / 255.0)
        if ink is None:
            lost.append(images.names[row] if images.names is not None else f"number {row + 1}")
        else:
            found.append(framed(ink, size, margin, stretch))
            rows.append(row)
    if not found:
        raise NoInkError(
            f"There is no ink in any picture of {images.card.name!r}",
            received=counted(len(images), "picture"),
        )
    kept = images if not lost else images.take(rows, [_loss(lost)])
    return replace(kept, pixels=np.stack(found)[:, None])


def _loss(lost: Sequence[str]) -> str:
    verb = "was" if len(lost) == 1 else "were"
    return f"{counted(len(lost), 'picture')} without ink {verb} left out: {listed(lost, 5)}"


def ink_of(channels: FloatArray) -> FloatArray | None:
    """How much ink is at each place, (row, column), 0 to 1; None where nothing stands out.

    `channels` is (row, column, channel), 0 to 1. A place has the ink of the channel in which it
    stands out most, so that pens of any colour are seen.
    """
    channels = _shrunk(channels, LONGEST)
    lean = np.array([_lean(channels[..., k]) for k in range(channels.shape[2])])
    light = bool(lean.sum() > 0)
    telling = np.flatnonzero(lean * (1 if light else -1) >= 0.05 * np.abs(lean).max())
    strength = np.max([_off_ground(channels[..., k], light) for k in telling], axis=0)
    noise = 1.4826 * float(np.median(np.abs(strength - np.median(strength))))
    low = float(np.median(strength)) + 3 * noise
    level = float(np.quantile(strength, 1 - min(0.01, 24 / strength.size)))
    if level < max(FAINTEST, low + 3 * noise):
        return None
    mask = strength > max((low + level) / 2, low, 0.35 * level)
    mask = _drawing_only(mask, strength)
    if not mask.any():
        return None
    level = float(np.median(strength[mask]))
    from scipy.ndimage import binary_dilation

    near = binary_dilation(mask, np.ones((3, 3), np.bool_), iterations=2)
    low = min(max(low, 0.02), 0.5 * level)
    ink: FloatArray = np.where(near, np.clip((strength - low) / (level - low), 0, 1), 0.0)
    return ink


def _lean(grey: FloatArray) -> float:
    """Above 0 where ink is lighter than its ground, below where darker: the larger, the clearer.

    Most of any large window is ground, so its median is; ink stands far to one side of that, which
    the cube of the difference brings out. A median keeps the edges of shadows.
    """
    flat = _flat_ground(grey)
    if flat is not None:
        return float(((grey - flat) ** 3).sum())
    small = _shrunk(grey[..., None], _COARSE)[..., 0]
    return float(((small - _median(small)) ** 3).sum())


def _flat_ground(grey: FloatArray) -> float | None:
    """The ground of a clean scan, which is one colour; None for a photograph."""
    counts = np.bincount(np.round(grey * 255).astype(np.uint8).ravel(), minlength=256)
    return float(counts.argmax()) / 255 if counts.max() >= _FLAT * grey.size else None


def _median(small: FloatArray) -> FloatArray:
    from scipy.ndimage import median_filter

    window = max(3, round(_MOSTLY_GROUND * min(small.shape)))
    ground: FloatArray = median_filter(small, size=window, mode="nearest")
    return ground


def _off_ground(grey: FloatArray, light: bool) -> FloatArray:
    """By what share of the ground's brightness each place is darker (or lighter) than it."""
    flat = _flat_ground(grey)
    if flat is not None:
        return np.abs(np.maximum(grey - flat, 0.0) if light else np.minimum(grey - flat, 0.0))
    # At the frame a window cannot see where a slope goes on; taking the slope out bends the rest
    # where a shadow ends. Ink stands out both ways.
    both: FloatArray = np.minimum(_hat(grey, light), _hat(_evened(grey), light))
    return both


def _hat(grey: FloatArray, light: bool) -> FloatArray:
    """What a closing fills (an opening takes away), as a share of the ground's brightness there."""
    from scipy.ndimage import gaussian_filter, grey_closing, grey_opening

    if min(grey.shape) >= 100:
        grey = gaussian_filter(grey, 0.7, mode="nearest")
    window = max(3, round(_WINDOW * min(grey.shape)))
    calm = gaussian_filter(grey, 1.0, mode="nearest")  # noise would move a maximum
    fill = grey_opening if light else grey_closing
    ground = fill(calm, size=(window, window), mode="nearest")
    difference = grey - ground if light else ground - grey
    off: FloatArray = np.maximum(difference, 0.0) / np.maximum(ground, 0.1)
    return off


def _evened(grey: FloatArray) -> FloatArray:
    """The picture with the broad slope of its light taken out: divided by a quadratic surface."""
    small = _median(_shrunk(grey[..., None], _COARSE)[..., 0])
    fit, *_ = np.linalg.lstsq(_quadratic(small.shape), small.ravel(), rcond=None)
    surface = (_quadratic(grey.shape) @ fit).reshape(grey.shape)
    even: FloatArray = grey * (surface.mean() / np.maximum(surface, 0.1 * surface.max()))
    return even


def _quadratic(shape: tuple[int, ...]) -> FloatArray:
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    y, x = (2 * (rows.ravel() + 0.5) / shape[0] - 1), (2 * (columns.ravel() + 0.5) / shape[1] - 1)
    return np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y])


def _drawing_only(mask: BoolArray, strength: FloatArray) -> BoolArray:
    """The ink without specks, and without what touches the frame if enough lies clear of it."""
    from scipy.ndimage import label

    pieces, count = label(mask, np.ones((3, 3), int))
    if count < 2:
        return mask
    mass = np.bincount(pieces.ravel(), strength.ravel() * mask.ravel(), count + 1)
    keep = mass >= _SPECK * mass[1:].sum()
    edge = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    clear = np.ones(count + 1, np.bool_)
    clear[edge] = False
    if mass[1:][clear[1:]].sum() >= _CORE * mass[1:].sum():
        keep &= clear
        keep[1:] &= mass[1:] >= _SPECK * mass[1:][clear[1:]].sum()
    keep[0] = False
    chosen: BoolArray = keep[pieces]
    return chosen


def framed(ink: FloatArray, size: int, margin: float = MARGIN, stretch: float = 1.0) -> ByteArray:
    """The ink's box scaled and centred in a square picture, by a tent filter on each axis.

    `ink` is (row, column), 0 to 1, with some of it above 0; the rest is `drawing_from_image`'s.
    """
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    strong = ink > 0.3  # a box must not hang on the faintest pixel
    if strong.any():
        rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    height, width = float(bottom - top), float(right - left)
    longer, free = max(height, width), size * (1 - 2 * margin)
    scale_down = longer / free
    tall, wide = (
        min(free * (side / longer) ** (1 - stretch), _MOST * side / scale_down, free)
        for side in (height, width)
    )
    down = _tent(ink.shape[0], (top + bottom) / 2, height / tall, size)
    across = _tent(ink.shape[1], (left + right) / 2, width / wide, size)
    small = down @ ink @ across.T
    # A line thinner than a pixel would be faint: let the drawing's stronger half be full ink.
    lines = small[small > 0.3 * small.max()]
    small = small / max(float(np.quantile(lines, 0.75)), 1e-6)
    picture: ByteArray = np.round(255 * np.clip(small, 0, 1)).astype(np.uint8)
    return picture


def _tent(count: int, middle: float, step: float, size: int) -> FloatArray:
    """Weights (output, input) that sample an axis at `size` places `step` apart about `middle`.

    Each output is a mean over a tent as wide as the coarser of the two grids; outside lies nothing.
    """
    centers = middle + (np.arange(size) + 0.5 - size / 2) * step
    reach = max(step, 1.0)
    beyond = math.ceil(reach + max(-centers[0], centers[-1] - count, 0.0))
    places = np.arange(-beyond, count + beyond) + 0.5
    weights: FloatArray = np.maximum(0.0, 1 - np.abs(places - centers[:, None]) / reach)
    weights /= weights.sum(axis=1, keepdims=True)  # outside counts, as nothing
    return weights[:, beyond : beyond + count]


def _shrunk(channels: FloatArray, longest: int) -> FloatArray:
    """Whole blocks of pixels averaged until the longer side is within `longest`."""
    factor = math.ceil(max(channels.shape[:2]) / longest)
    if factor < 2:
        return channels
    rows, columns = (side // factor * factor for side in channels.shape[:2])
    if min(rows, columns) == 0:
        return channels[::factor, ::factor]
    blocks = channels[:rows, :columns].reshape(
        rows // factor, factor, columns // factor, factor, channels.shape[2]
    )
    mean: FloatArray = blocks.mean(axis=(1, 3))
    return mean


def _channels(pixels: ArrayLike) -> FloatArray:
    """A picture as (row, column, channel), 0 to 1, laid on white or black where transparent."""
    given: Array = np.asarray(pixels)
    if given.ndim == 2:
        given = given[..., None]
    elif given.ndim == 3 and given.shape[2] not in (1, 3, 4) and given.shape[0] in (1, 3):
        given = np.moveaxis(given, 0, -1)
    if given.ndim != 3 or given.shape[2] not in (1, 3, 4) or min(given.shape[:2]) < 4:
        raise InputError(
            "A picture is (row, column) or (row, column, channel) with 1, 3 or 4 channels, "
            "4 pixels or more on each side",
            received=f"shape {np.shape(pixels)}",
        )
    if given.dtype == np.bool_:
        given = given * np.uint8(255)
    if given.dtype == np.uint8:
        values = given / 255.0
    elif np.issubdtype(given.dtype, np.number) and np.isfinite(given).all():
        values = np.asarray(given, np.float64)
        if values.min() < 0 or values.max() > 1:
            raise InputError(
                "The pixels of a picture are bytes 0 to 255 (uint8) or numbers 0 to 1",
                received=f"{given.dtype} from {given.min():g} to {given.max():g}",
            )
    else:
        raise InputError("The pixels of a picture are finite numbers", received=str(given.dtype))
    if values.shape[2] == 4:
        color, alpha = values[..., :3], values[..., 3:]
        visible = color[alpha[..., 0] > 0.5]
        # Ink alone on nothing: dark ink was meant for white paper, light ink for black.
        ground = 0.0 if len(visible) and alpha.mean() < 0.5 and visible.mean() > 0.6 else 1.0
        values = color * alpha + ground * (1 - alpha)
    return values


def _checked(size: int, margin: float, stretch: float) -> tuple[int, float, float]:
    size = whole("size", size, 8, 512)
    for name, value, most in (("margin", margin, 0.4), ("stretch", stretch, 1.0)):
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not 0 <= value <= most:
            raise InputError(
                f"The option {name!r} must be a number from 0 to {most:g}", received=repr(value)
            )
    return size, float(margin), float(stretch)
