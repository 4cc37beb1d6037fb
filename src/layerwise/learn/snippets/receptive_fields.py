"""The receptive field of a unit in a network of one's own."""

import torch
from torch import nn

from layerwise.explain import receptive_field

torch.manual_seed(0)
network = nn.Sequential(
    nn.Conv2d(3, 8, kernel_size=5, stride=2),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(8, 8, kernel_size=3, dilation=2),
)
picture = torch.rand(1, 3, 64, 64)

trace = receptive_field(network, picture, layer="3")
for moment, layer in enumerate(trace.about["layers"]):
    size, count = trace["size", moment], int(trace["count", moment])
    share = float(trace["share95", moment])
    print(f"layer {layer}: {size[0]:2} x {size[1]:2}, {count:4} positions,", end=" ")
    print(f"95 % of the effect in {share:.0%} of them")
