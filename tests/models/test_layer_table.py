"""The table of layers: published multiply-adds, every parameter once, the model left as it was."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from layerwise.errors import InputError
from layerwise.models import LayerRow, cnn, layers, mlp, resnet


def totals(rows):
    return sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows)


def test_the_convnet_row_by_row():
    rows = layers(cnn((1, 8, 8), 3, 4, dropout=0.1), (1, 8, 8))
    assert rows == [
        LayerRow("conv1", "Conv2d 3×3, 1 → 4", (4, 8, 8), 40, 9 * 4 * 64),
        LayerRow("act1", "ReLU", (4, 8, 8), 0, 0),
        LayerRow("pool1", "MaxPool2d 2×2", (4, 4, 4), 0, 0),
        LayerRow("conv2", "Conv2d 3×3, 4 → 8", (8, 4, 4), 37 * 8, 36 * 8 * 16),
        LayerRow("act2", "ReLU", (8, 4, 4), 0, 0),
        LayerRow("pool2", "MaxPool2d 2×2", (8, 2, 2), 0, 0),
        LayerRow("flatten", "Flatten", (32,), 0, 0),
        LayerRow("fc1", "Linear 32 → 16", (16,), 33 * 16, 32 * 16),
        LayerRow("act3", "ReLU", (16,), 0, 0),
        LayerRow("drop", "Dropout 0.1", (16,), 0, 0),
        LayerRow("fc2", "Linear 16 → 3", (3,), 17 * 3, 16 * 3),
    ]


@pytest.mark.parametrize(
    ("depth", "giga"), [(18, 1.81), (50, 4.09)]  # published, in units of 10⁹
)  # fmt: skip
def test_published_work_of_residual_networks(depth, giga):
    with torch.device("meta"):
        model = resnet(depth=depth)
        rows = layers(model, (3, 224, 224))
    parameters, work = totals(rows)
    assert parameters == sum(parameter.numel() for parameter in model.parameters())
    assert round(work / 1e9, 2) == giga


class Odd(nn.Module):
    """Parameters of its own, a part that runs twice, one that never does, tied weights."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))
        self.twice = nn.Linear(4, 4)
        self.never = nn.Linear(4, 5)
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.twice.weight

    def forward(self, x):
        x = self.tied(self.twice(self.twice(x)))
        return {"logits": x @ torch.ones(4, 3) * self.scale}


def test_odd_modules():
    rows = layers(Odd(), (4,))
    assert rows == [
        LayerRow("Odd", "Odd", (3,), 3, 12),
        LayerRow("twice", "Linear 4 → 4", (4,), 20, 16),
        LayerRow("twice", "Linear 4 → 4", (4,), 0, 16),
        LayerRow("tied", "Linear 4 → 4", (4,), 4, 16),
        LayerRow("never", "Linear 4 → 5", None, 25, 0),
    ]


def test_attention_is_counted():
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    rows = layers(model, torch.zeros(3, 5, 8))
    assert totals(rows)[0] == sum(parameter.numel() for parameter in model.parameters())
    work = {row.name: row.multiply_adds for row in rows}
    assert work["self_attn"] == 4 * 5 * 8 * 8 + 2 * 5 * 5 * 8  # projections, then scores and sums
    assert torch.backends.mha.get_fastpath_enabled()


def test_the_model_is_left_as_it_was():
    model = mlp("6-5-4-3", dropout=0.5, norm="batch", seed=0).train()
    model.norm1.eval()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    batch = torch.rand(4, 6)
    chance = torch.get_rng_state()
    layers(model, batch)
    assert torch.equal(torch.get_rng_state(), chance)
    assert model.training
    assert model.drop1.training
    assert not model.norm1.training
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_inputs_that_do_not_fit():
    model = mlp("6-5-3")
    with pytest.raises(InputError) as caught:
        layers(model, (1, 8, 8))
    assert "layer fc1 (Linear 6 → 5) got (1, 64) = 64 features, wants 6." in str(caught.value)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
