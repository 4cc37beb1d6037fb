"""The exact average on a device: the cosine transform by Fourier transforms, in double precision.

Rounding differs from the processor's: probabilities agree to 1e−12, not to the last bit.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ...types import FloatArray, IntArray
from ..diffusion import eigenvalues
from .place import memory_of


class DeviceDiffusion:
    """The T-fold average over neighbours of maps (map, …, row, column), as `diffusion.Diffusion`.

    The maps' cosines stay on the device; only what is asked for comes back.
    """

    def __init__(self, maps: FloatArray, *, lazy: bool, place: torch.device) -> None:
        self._place, self._shape = place, maps.shape[1:]
        numbers = torch.from_numpy(eigenvalues(self._shape, lazy))
        with memory_of(place, self._shape):
            spectrum = torch.from_numpy(np.ascontiguousarray(maps)).to(place)
            for axis in range(1, spectrum.ndim):
                spectrum = dct(spectrum, axis)
            self._spectrum = spectrum
            self._logarithms = numbers.abs().log().to(place)
            self._negative = (numbers < 0).to(place)

    def after(self, layers: int) -> FloatArray:
        """The maps after that many layers: (map, …, row, column), each value 0 to 1."""
        with memory_of(self._place, self._shape):
            return np.asarray(self._after(layers).cpu().numpy())

    def at(self, layers: int, cells: IntArray) -> FloatArray:
        """The same at single cells (cell, axis) only: (map, cell)."""
        with memory_of(self._place, self._shape):
            where = torch.from_numpy(np.ascontiguousarray(cells.T, np.int64)).to(self._place)
            return np.asarray(self._after(layers)[:, *where].cpu().numpy())

    def _after(self, layers: int) -> Tensor:
        power = (layers * self._logarithms).exp() if layers > 0 else 1.0
        maps = self._spectrum * power
        if layers % 2 == 1:
            maps = torch.where(self._negative, -maps, maps)
        for axis in range(1, maps.ndim):
            maps = idct(maps, axis)
        return maps.clamp_(0, 1)


def dct(maps: Tensor, dim: int) -> Tensor:
    """The discrete cosine transform of type II along one axis, scaled as `scipy.fft.dct` scales it.

    By one Fourier transform of the same length: even places first, then the odd ones backwards.
    Source: Makhoul, "A fast cosine transform in one and two dimensions", 1980.
    """
    maps = maps.movedim(dim, -1)
    size = maps.shape[-1]
    folded = torch.cat([maps[..., ::2], maps[..., 1::2].flip(-1)], -1)
    turned = torch.fft.rfft(folded) * _turns(size, maps.device, -1)
    mirrored = turned[..., 1 : (size + 1) // 2].imag.flip(-1)
    return (2 * torch.cat([turned.real, -mirrored], -1)).movedim(-1, dim)


def idct(spectrum: Tensor, dim: int) -> Tensor:
    """The inverse of `dct`."""
    spectrum = spectrum.movedim(dim, -1)
    size = spectrum.shape[-1]
    half = size // 2 + 1
    mirrored = torch.cat([torch.zeros_like(spectrum[..., :1]), spectrum.flip(-1)], -1)[..., :half]
    turned = torch.complex(spectrum[..., :half], -mirrored) / 2
    folded = torch.fft.irfft(turned * _turns(size, spectrum.device, 1), n=size)
    maps = torch.empty_like(folded)
    maps[..., ::2] = folded[..., : (size + 1) // 2]
    maps[..., 1::2] = folded[..., (size + 1) // 2 :].flip(-1)
    return maps.movedim(-1, dim)


def _turns(size: int, device: torch.device, sign: int) -> Tensor:
    """By how much each frequency is turned, a complex number of length 1: (frequency,)."""
    angles = torch.arange(size // 2 + 1, dtype=torch.float64, device=device)
    return torch.polar(torch.ones_like(angles), sign * math.pi / (2 * size) * angles)
