"""Copies in large blocks, and runs of which everything is copied at once, are the same numbers."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from zoo import MODELS, made

from layerwise.record import copies, probe, record

pytestmark = pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(100, 100),
        torch.randn(3, 7),
        torch.randn(64, 128).t(),
        torch.randn(80, 80, dtype=torch.float64),
        torch.randint(0, 9, (5000,)),
        torch.randn(90, 90, dtype=torch.bfloat16),
        torch.randn(70, 70, dtype=torch.complex64).conj(),
        torch.zeros(0, 4),
        torch.tensor(3.0).expand(9000),
        torch.randn(9000, requires_grad=True),
    ],
    ids=lambda tensor: f"{tuple(tensor.shape)} {tensor.dtype}",
)
def test_a_copy_has_the_numbers_and_no_memory_of_the_original(tensor):
    copy = copies.Copies().of(tensor)
    before = tensor.detach().clone()
    assert torch.equal(copy, before)
    assert not copy.requires_grad
    if tensor.numel() and tensor.is_contiguous() and not tensor.is_conj():
        tensor.detach().zero_()
        assert torch.equal(copy, before)


def test_copies_do_not_overlap_and_blocks_grow(monkeypatch):
    monkeypatch.setattr(copies, "FIRST_BLOCK", 1 << 16)
    monkeypatch.setattr(copies, "LAST_BLOCK", 1 << 18)
    maker = copies.Copies()
    sources = [torch.full((5000 + 999 * number,), float(number)) for number in range(40)]
    sources.append(torch.full((1 << 18,), 77.0))  # larger than any block
    made_of = [maker.of(source) for source in sources]
    for copy, source in zip(made_of, sources, strict=True):
        assert torch.equal(copy, source)
        copy.add_(1)
    for copy, source in zip(made_of, sources, strict=True):
        assert torch.equal(copy, source + 1)


def test_a_block_is_given_back_with_its_last_copy():
    maker = copies.Copies()
    copy = maker.of(torch.randn(10_000))
    block = weakref.ref(maker._block) if hasattr(maker._block, "__weakref__") else None
    array = copy.numpy()
    del copy, maker
    gc.collect()
    assert np.isfinite(array).all()
    assert block is None or block() is not None


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize("name", MODELS)
def test_everything_copied_at_once_is_the_same_trace(name, training, monkeypatch):
    traces = []
    for large in (probe.LARGE, 0):
        monkeypatch.setattr(probe, "LARGE", large)
        model, batch = made(name, training)
        torch.manual_seed(1)
        traces.append(record(model, batch))
    held, copied = traces
    assert held.notes == copied.notes
    assert [site.name for site in held.sites] == [site.name for site in copied.sites]
    assert [site.inputs for site in held.sites] == [site.inputs for site in copied.sites]
    for site in held.sites:
        assert ((site.name, 0) in held) == ((site.name, 0) in copied), site.name
        if (site.name, 0) in held:
            assert held[site.name, 0].tobytes() == copied[site.name, 0].tobytes(), site.name
