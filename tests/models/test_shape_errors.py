"""A batch that does not fit is answered with the layer, what it got and what it wants."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from layerwise.errors import InputError
from layerwise.models import cnn, mlp
from layerwise.models.shape_errors import explain

CASES = [
    (mlp("784-64-4"), torch.zeros(32, 1, 8, 8), "(32, 1, 8, 8)",
     "layer fc1 (Linear 784 → 64) got (32, 64) = 64 features, wants 784"),
    (cnn(), torch.zeros(2, 3, 28, 28), "(2, 3, 28, 28)",
     "layer conv1 (Conv2d 3×3, 1 → 32) got (2, 3, 28, 28) = 3 channels, wants 1"),
    (cnn(), torch.zeros(2, 784), "(2, 784)",
     "layer conv1 (Conv2d 3×3, 1 → 32) got shape (2, 784) and wants "
     "(sample, channel, row, column)"),
    (cnn(), torch.zeros(2, 1, 8, 8), "(2, 1, 8, 8)",
     "layer fc1 (Linear 3136 → 128) got (2, 256) = 256 features, wants 3,136"),
    (mlp("4-3-2"), torch.zeros(2, 4).long(), "(2, 4)",
     "layer fc1 (Linear 4 → 3) got int64 numbers and its weights are float32"),
    (mlp("4-3-2", norm="batch"), torch.zeros(1, 4), "(1, 4)",
     "layer norm1 (BatchNorm1d 3) got (1, 3), one value a channel, and wants two or more to train"),
    (nn.Sequential(nn.BatchNorm2d(3)), torch.zeros(2, 4, 5, 5), "(2, 4, 5, 5)",
     "layer 0 (BatchNorm2d 3) got (2, 4, 5, 5) = 4 channels, wants 3"),
    (nn.LayerNorm(4), torch.zeros(2, 3), "(2, 3)",
     "the model itself (LayerNorm 4) got (2, 3) and wants (4,) at its end"),
    (nn.Embedding(3, 4), torch.zeros(3), "(3,)",
     "the model itself (Embedding 3 × 4) got float32 numbers and wants whole numbers, "
     "the rows of its table"),
    (nn.Embedding(3, 4), torch.tensor([5]), "(1,)",
     "the model itself (Embedding 3 × 4) got indices up to 5 and wants 0 to 2"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "batch", "shape", "message"), CASES)
def test_the_layer_is_named(model, batch, shape, message):
    error = RuntimeError("as it was first")
    with pytest.raises((RuntimeError, ValueError, IndexError)):
        model(batch)
    told = explain(model, batch, error)
    assert isinstance(told, InputError)
    assert str(told) == (
        f"A batch of shape {shape} does not fit the model: {message}. Give inputs of the shape "
        "that the model was made for, or make a model for these."
    )


def test_an_error_of_the_model_itself_keeps_its_words():
    class Broken(nn.Module):
        def forward(self, x, y):
            return x @ y

    told = explain(Broken(), (torch.zeros(2, 3), torch.zeros(2, 3)), RuntimeError("first"))
    assert "the model itself (Broken) got shape (2, 3), shape (2, 3): mat1 and mat2" in str(told)


def test_an_error_that_does_not_come_again_keeps_its_words():
    told = explain(mlp("4-2"), torch.zeros(2, 4), RuntimeError("the moon was full\nmore"))
    assert "Received the moon was full. " in str(told)


def test_named_inputs():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 2)

        def forward(self, pixels):
            return self.fc(pixels)

    told = explain(Named(), {"pixels": torch.zeros(2, 3)}, RuntimeError("first"))
    assert "pixels: shape (2, 3)" in str(told)
    assert "layer fc (Linear 4 → 2) got (2, 3) = 3 features, wants 4" in str(told)


def test_running_means_and_chance_stay_as_they_were():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(3, 2))
    batch = torch.rand(8, 4) + 5
    chance, mean = torch.get_rng_state(), model[0].running_mean.clone()
    told = explain(model, batch, RuntimeError("first"))
    assert "layer 2 (Linear 3 → 2) got (8, 4) = 4 features, wants 3" in str(told)
    assert torch.equal(torch.get_rng_state(), chance)
    assert torch.equal(model[0].running_mean, mean)
    assert model[0].num_batches_tracked == 0
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
