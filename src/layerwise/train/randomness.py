"""Random numbers of training: its own, from a seed; the caller's stay where they were."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """Where all global generators stand: Python's, NumPy's, torch's on the CPU and on each GPU."""
    kind, keys, *rest = np.random.get_state(legacy=True)
    on_gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    return {
        "python": random.getstate(),
        "numpy": [kind, torch.from_numpy(np.array(keys, np.uint32)), *rest],
        "torch": torch.get_rng_state(),
        "cuda": on_gpus,
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Put all global generators where they stood."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy(), *rest))
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])


@contextmanager
def random_numbers_kept() -> Iterator[None]:
    """Whatever is drawn inside, the global generators stand afterwards where they stood before."""
    before = random_state()
    try:
        yield
    finally:
        set_random_state(before)


def seed_all(seed: int) -> None:
    """Start all global generators from one seed, as `torch.manual_seed(seed)` does for torch."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)


def sample_order(samples: int, seed: int, epoch: int) -> torch.Tensor:
    """The order of the samples in an epoch, (sample,): a permutation that needs no memory.

    It is ``torch.randperm(samples, generator=g)`` with ``g`` seeded by seed · 1,000,003 + epoch, so
    that an epoch broken off can be taken up again, and anyone can write the same loop by hand.
    """
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    return torch.randperm(samples, generator=generator)
