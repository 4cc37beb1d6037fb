"""Slopes by nudging and by backpropagation, and every path of one weight."""

from layerwise.explain import chain_rule, nudges
from layerwise.models.mlp import mlp

network = mlp("2-3-3-2", "tanh", seed=1)

slopes = nudges(network, [0.5, -1.0], 1, widths=())
print("largest difference", slopes["largest difference", 1])

paths = chain_rule(network, [0.5, -1.0], 1, weight="fc1.weight[0, 1]")
for number in paths.where("product"):
    print(paths["neurons", number], paths["product", number])
print("sum", paths["partial sum", len(paths) - 2])
print("autograd", paths["gradient", len(paths) - 1])
