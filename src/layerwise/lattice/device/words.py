"""Words of 64 cells on any torch device: whole numbers modulo 2⁶⁴ in signed clothes.

Torch counts in signed 64-bit numbers only. Addition, multiplication, shifts to the left and the
logical operations give the same bits either way; a shift to the right is masked.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...types import Array, WordArray
from ..random_bits import FIRST_FACTOR, GOLDEN, SECOND_FACTOR


def signed(word: int) -> int:
    """The signed number, −2⁶³ … 2⁶³ − 1, with the same 64 bits."""
    return (word + 2**63) % 2**64 - 2**63


STEP: Final = signed(int(GOLDEN))
FIRST: Final = signed(int(FIRST_FACTOR))
SECOND: Final = signed(int(SECOND_FACTOR))
PAIRS: Final = signed(0x5555555555555555)
FOURS: Final = signed(0x3333333333333333)
EIGHTS: Final = signed(0x0F0F0F0F0F0F0F0F)
BYTES: Final = signed(0x0101010101010101)


def to_device(words: Array, device: torch.device) -> Tensor:
    """Words of any shape, on the device."""
    plain = np.ascontiguousarray(words, np.uint64).view(np.int64)
    return torch.from_numpy(plain.copy()).to(device)


def to_host(words: Tensor) -> WordArray:
    """The same words as an array of their own."""
    return words.detach().cpu().contiguous().numpy().view(np.uint64).copy()


def shifted(words: Tensor, by: int) -> Tensor:
    """Each word shifted to the right by 1 … 63 places, zeros moving in."""
    return (words >> by) & ((1 << (64 - by)) - 1)


def mix(words: Tensor) -> Tensor:
    """The SplitMix64 finalizer, as `random_bits.mix`."""
    words = (words ^ shifted(words, 30)) * FIRST
    words = (words ^ shifted(words, 27)) * SECOND
    return words ^ shifted(words, 31)


def counters(shape: tuple[int, ...], device: torch.device) -> Tensor:
    """What each word of a grid adds to the start of a stream: `GOLDEN` times its number from 1."""
    count = 1
    for side in shape:
        count *= side
    return (torch.arange(1, count + 1, dtype=torch.int64, device=device) * STEP).reshape(shape)


def ones(words: Tensor) -> Tensor:
    """How many bits of each word are 1."""
    words = words - (shifted(words, 1) & PAIRS)
    words = (words & FOURS) + (shifted(words, 2) & FOURS)
    words = (words + shifted(words, 4)) & EIGHTS
    return shifted(words * BYTES, 56)


def count_classes(state: Tensor, classes: int) -> Tensor:
    """How many cells each class has: state (plane, …, word) gives (class,)."""
    counts = []
    for label in range(classes):
        match = state[-1]
        for digit in range(state.shape[0] - 1):
            match = match & (state[digit] if label >> digit & 1 else ~state[digit])
        counts.append(ones(match).sum())
    return torch.stack(counts)
