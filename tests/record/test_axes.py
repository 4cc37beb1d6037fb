"""What the axes of outputs are called."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import layerwise as lw

POSITION = ("sample", "channel", "position")
PICTURE = ("sample", "channel", "row", "column")


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (nn.Conv1d(2, 3, 3), (2, 2, 8), POSITION),
        (nn.Conv2d(2, 3, 3), (2, 2, 8, 8), PICTURE),
        (nn.Conv3d(2, 3, 3), (2, 2, 8, 8, 8), ("sample", "channel", "depth", "row", "column")),
        (nn.ConvTranspose1d(2, 3, 3), (2, 2, 8), POSITION),
        (nn.ConvTranspose2d(2, 3, 3), (2, 2, 8, 8), PICTURE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_of_convolutions(layer, shape, axes):
    trace = lw.record(nn.Sequential(layer, nn.ReLU()), torch.randn(shape))
    assert trace.site("0").axes == axes
    assert trace.site("1").axes == axes


def test_a_parameter_added_does_not_name_them():
    class Placed(nn.Module):
        def __init__(self):
            super().__init__()
            self.places = nn.Parameter(torch.randn(1, 5, 4))

        def forward(self, x):
            return x + self.places

    trace = lw.record(Placed(), torch.randn(1, 5, 4))
    assert trace.site("add").axes == trace.site("input").axes == ("sample", "position", "unit")


def test_turned_axes_keep_their_names():
    torch.manual_seed(0)

    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            self.att = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x):
            return x + self.att(x, x, x, need_weights=False)[0]

    model, x = Attending(), torch.randn(6, 5, 8)
    trace = lw.record(model, x)
    sites = {site.name: site for site in trace.sites}
    inner = next(site for name, site in sites.items() if name.endswith("attention_forward"))
    assert inner.axes == ("position", "sample", "unit")  # the module works along positions
    assert sites["att"].axes == ("sample", "position", "unit")
    with torch.no_grad():
        expected = model.att(x, x, x, need_weights=False)[0]
    kept = torch.from_numpy(trace["att", 0].copy())  # its own output, though it only turns one
    torch.testing.assert_close(kept, expected[: len(kept)])
    permuted = lw.record(Permuting(), torch.randn(2, 5, 4))
    assert permuted.site("permute").axes == ("sample", "unit", "position")


class Permuting(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 3, 1)

    def forward(self, x):
        return self.conv(x.permute(0, 2, 1))


def test_what_the_network_gives_is_kept_though_it_is_only_reshaped():
    class Drawing(nn.Module):
        def __init__(self):
            super().__init__()
            self.dense = nn.Linear(3, 8)

        def forward(self, x):
            return self.dense(x).view(-1, 2, 4)

    model, x = Drawing(), torch.randn(2, 3)
    trace = lw.record(model, x)
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(trace["view", 0].copy()), model(x))
