"""Copies in large blocks, and runs of which everything is copied at once, are the same numbers."""

from __future__ import annotations

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


def test_copies_do_not_overlap(monkeypatch):
    monkeypatch.setattr(copies, "BLOCK", 1 << 16)
    maker = copies.Copies()
    sources = [torch.full((5000 + 999 * number,), float(number)) for number in range(40)]
    sources.append(torch.full((1 << 18,), 77.0))  # larger than a block
    made_of = [maker.of(source) for source in sources]
    for copy, source in zip(made_of, sources, strict=True):
        assert torch.equal(copy, source)
        copy.add_(1)
    for copy, source in zip(made_of, sources, strict=True):
        assert torch.equal(copy, source + 1)


def test_a_block_is_used_again_when_its_last_copy_is_gone(monkeypatch):
    reserve = copies.Reserve()
    monkeypatch.setattr(copies, "RESERVED", reserve)
    sources = [torch.full((10_000,), float(number)) for number in range(3)]

    def copied():
        maker = copies.Copies()
        return [maker.of(source) for source in sources]

    first = copied()
    where = first[0].data_ptr()
    array = first[2].numpy()
    del first
    second = copied()  # the first block is still looked into
    assert second[0].data_ptr() != where
    np.testing.assert_array_equal(array, 2)
    del array
    third = copied()
    assert third[0].data_ptr() == where
    for copy, source in zip(second + third, sources + sources, strict=True):
        assert torch.equal(copy, source)


def test_blocks_that_wait_have_a_limit(monkeypatch):
    monkeypatch.setattr(copies, "BLOCK", 1 << 16)
    monkeypatch.setattr(copies, "RESERVE", 3 << 16)
    reserve = copies.Reserve()
    blocks = [reserve.block(100) for _ in range(5)]
    assert reserve.waiting == 0
    del blocks
    assert reserve.waiting == 3 << 16
    large = reserve.block(1 << 17)
    assert len(large) == 1 << 17  # none that waits is large enough
    assert reserve.waiting == 3 << 16


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
