"""Activation checkpointing: the same gradients, running means and random numbers."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from layerwise.errors import InputError
from layerwise.models import mlp
from layerwise.train import fit
from layerwise.train.segments import in_segments, longest_chain


def chain(count=10):
    torch.manual_seed(0)
    block = lambda: nn.Sequential(  # noqa: E731
        nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.2)
    )
    return nn.Sequential(nn.Linear(6, 6), nn.Sequential(*(block() for _ in range(count))),
                         nn.Linear(6, 2))  # fmt: skip


def samples():
    numbers = torch.Generator().manual_seed(1)
    return torch.randn(40, 6, generator=numbers), torch.arange(40) % 2


@pytest.mark.parametrize("make", [chain, lambda: mlp([6, 8, 8, 8, 2], dropout=0.3, seed=1)])
def test_training_has_the_same_bits(make):
    first = make()
    second = copy.deepcopy(first)
    fit(first, samples(), epochs=2, batch_size=16)
    fit(second, samples(), epochs=2, batch_size=16, activation_checkpoints=True)
    for (name, one), other in zip(
        first.state_dict().items(), second.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name
    assert type(first) is type(second)
    assert type(second[1]) is type(first[1])


def test_activations_are_dropped_and_made_again():
    model = chain(16)
    calls = []
    for block in model[1]:
        block.register_forward_hook(lambda *_: calls.append(1))
    with in_segments(model) as count:
        model(samples()[0]).sum().backward()
    assert count == 4
    assert len(calls) > 16  # those of all segments but the last ran twice


def test_the_longest_chain_is_found():
    assert longest_chain(chain(12))[0] == "1"
    assert longest_chain(nn.Linear(2, 2)) is None


def test_a_model_without_a_chain_is_told_so():
    with pytest.raises(InputError, match=r"cuts a chain of blocks, and the model has none"):
        fit(nn.Linear(6, 2), samples(), epochs=1, activation_checkpoints=True)
