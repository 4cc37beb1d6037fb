"""Exclusive or: one neuron, then four of them in a hidden layer."""

import numpy as np

from layerwise.explain import decision
from layerwise.models.perceptron import perceptron
from layerwise.train.fit import fit

corners = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
classes = ["same", "same", "different", "different"]

one = perceptron(2, "identity", seed=1)
for name, model in (("one neuron", one), ("four in a hidden layer", "mlp 4 tanh")):
    run = fit(model, (corners, classes), epochs=100, learning_rate=0.1, seed=1)
    trace = decision(run, (corners, classes))
    loss = run.history.last["training loss"]
    print(f"{name}: {trace['accuracy', 0]:.0%} right, loss {loss:.3f}")
