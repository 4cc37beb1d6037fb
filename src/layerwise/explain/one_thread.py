"""Small networks are trained in one thread: faster, and the same figures on every computer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, torch computes in one thread; afterwards in as many as before.

    How many threads share a sum decides the order of adding, and so its last bits.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
