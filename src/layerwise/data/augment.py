"""Images turned, moved and changed a little each time they are seen, by chance that is written."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ..types import Float32Array, FloatArray, WordArray
from .generated import whole

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_DRAWS: Final = 12
"""So many random numbers each sample has in an epoch; noise has its own, one for each pixel."""

(_TURN, _SHEAR, _SCALE, _DOWN, _ACROSS, _FLIP, _BRIGHT, _CONTRAST) = range(8)
(_AREA, _ASPECT, _TOP, _LEFT) = range(8, 12)


@dataclass(frozen=True)
class Augment:
    """Random changes that leave the class of an image as it is; each amount 0 means none.

    `rotate` and `shear` are degrees, either way; `shift` is a share of the side, either way, down
    and across; `scale` .1 makes larger or smaller by up to 1.1 times. `flip` mirrors half of the
    images: "columns" left to right, "rows" upside down. `brightness` is added or taken away;
    `contrast` .1 stretches or shrinks the distance to the image's mean by up to 1.1 times; `noise`
    is the standard deviation of what is added to every pixel; `erase` hides a rectangle of up to
    that share of the area under the image's mean colour. Values stay within 0 to 1.

    Amounts are uniform (factors: their logarithms). The image moves about its middle; between
    pixels values are bilinear; beyond the border the nearest border pixel goes on.

    What happens to a sample depends on seed, epoch and its key alone, not on the batch it comes in
    or on what came before. Raises `InputError` for amounts out of range.
    """

    rotate: float = 10.0
    shift: float = 0.1
    scale: float = 0.1
    shear: float = 0.0
    flip: Literal["columns", "rows", False] = False
    brightness: float = 0.0
    contrast: float = 0.0
    noise: float = 0.0
    erase: float = 0.0

    def __post_init__(self) -> None:
        """Check each amount."""
        most = {"rotate": 180, "shear": 80, "scale": 9, "contrast": 9}
        for field in fields(self):
            if field.name == "flip":
                continue
            value = getattr(self, field.name)
            number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
            limit = most.get(field.name, 1)
            if not number or not 0 <= value <= limit:
                raise InputError(
                    f"The amount {field.name!r} must be a number from 0 to {limit}",
                    received=repr(value),
                )
        if self.flip not in ("columns", "rows", False):
            raise InputError(
                'flip must be "columns" (left to right), "rows" (upside down) or False',
                received=repr(self.flip),
            )

    @property
    def moves(self) -> bool:
        """Whether pixels change their place."""
        return bool(self.rotate or self.shift or self.scale or self.shear or self.flip)

    @property
    def shades(self) -> bool:
        """Whether pixels change their value."""
        return bool(self.brightness or self.contrast or self.noise or self.erase)

    def __call__(
        self, batch: Float32Array, keys: ArrayLike, epoch: int = 0, seed: int = 0
    ) -> Float32Array:
        """The changed images, (sample, channel, row, column); the batch itself if nothing changes.

        `keys` is (sample,): a whole number that names each sample, such as its row in the data
        set. Raises `InputError` for a batch of another shape.
        """
        images = np.ascontiguousarray(batch, np.float32)
        names = np.asarray(keys)
        if images.ndim != 4 or names.shape != images.shape[:1] or names.dtype.kind not in "iu":
            raise InputError(
                "A batch to augment is (sample, channel, row, column), with a whole number as key "
                "for each sample",
                received=f"shape {images.shape} and {names.dtype} keys of shape {names.shape}",
            )
        if not (self.moves or self.shades) or not images.size:
            return batch
        start = _streams(names.astype(np.uint64), whole("epoch", epoch, 0), whole("seed", seed, 0))
        draws = _uniform(start, _DRAWS)
        from .augment_kernels import shade, warp

        if self.moves:
            rows, columns = images.shape[2:]
            images = warp(images, self._matrices(draws, rows, columns))
        if self.shades:
            shaded = np.empty_like(images)
            shade(images, self._shades(draws, *images.shape[2:]), self.noise, start, shaded)
            images = shaded
        return images

    def _matrices(self, draws: FloatArray, rows: int, columns: int) -> FloatArray:
        """For each sample where a pixel's value comes from: (sample, 2, 3), rows before columns.

        The source of pixel p is A·(p − middle − shift) + middle, A the inverse of
        rotation · shear · scale · mirror.
        """
        either = 2 * draws - 1
        angle = np.deg2rad(self.rotate) * either[:, _TURN]
        shear = np.tan(np.deg2rad(self.shear) * either[:, _SHEAR])
        factor = np.exp(math.log1p(self.scale) * either[:, _SCALE])
        down = self.shift * rows * either[:, _DOWN]
        across = self.shift * columns * either[:, _ACROSS]
        mirrored = np.where(draws[:, _FLIP] < 0.5, -1.0, 1.0)
        cos, sin = np.cos(angle) / factor, np.sin(angle) / factor
        matrix = np.empty((len(draws), 2, 3))
        matrix[:, 0, 0], matrix[:, 0, 1] = cos, sin
        matrix[:, 1, 0], matrix[:, 1, 1] = -sin - shear * cos, cos - shear * sin
        if self.flip:
            matrix[:, 0 if self.flip == "rows" else 1, :2] *= mirrored[:, None]
        middle = np.array([(rows - 1) / 2, (columns - 1) / 2])
        place = np.column_stack([middle[0] + down, middle[1] + across])
        matrix[:, :, 2] = middle - np.einsum("nij,nj->ni", matrix[:, :, :2], place)
        return matrix

    def _shades(self, draws: FloatArray, rows: int, columns: int) -> FloatArray:
        """For each sample: what is added, the factor, and top, left, bottom, right of what is hid.

        The rectangle's sides are those of a square of that area, stretched by up to two to one.
        """
        found = np.zeros((len(draws), 6))
        found[:, 0] = self.brightness * (2 * draws[:, _BRIGHT] - 1)
        found[:, 1] = np.exp(math.log1p(self.contrast) * (2 * draws[:, _CONTRAST] - 1))
        if self.erase:
            area = self.erase * draws[:, _AREA] * rows * columns
            aspect = np.exp2(draws[:, _ASPECT] - 0.5)
            high = np.minimum(np.round(np.sqrt(area) * aspect), rows)
            wide = np.minimum(np.round(np.sqrt(area) / aspect), columns)
            found[:, 2] = np.floor(draws[:, _TOP] * (rows - high + 1))
            found[:, 3] = np.floor(draws[:, _LEFT] * (columns - wide + 1))
            found[:, 4], found[:, 5] = found[:, 2] + high, found[:, 3] + wide
        return found


def _streams(keys: WordArray, epoch: int, seed: int) -> WordArray:
    """A word for each sample that its random numbers start from: hashes of seed, epoch, key."""
    word = _mixed(np.uint64(seed) * np.ones(1, np.uint64) + _GOLDEN)
    word = _mixed((word ^ np.uint64(epoch)) + _GOLDEN)
    return _mixed((word ^ keys) + _GOLDEN)


def _uniform(streams: WordArray, count: int) -> FloatArray:
    """Numbers from 0 up to 1, (sample, count): the top 53 bits of splitmix64 from each stream."""
    steps = np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN
    bits = _mixed(streams[:, None] + steps) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53


def _mixed(words: WordArray) -> WordArray:
    """The finalizer of splitmix64 (Steele, Lea and Flood, 2014), modulo 2⁶⁴."""
    mixed = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
