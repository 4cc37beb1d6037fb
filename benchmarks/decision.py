"""Frames of a decision film at the largest size of TensorFlow Playground: computing, by four ways.

    python benchmarks/decision.py

Seven inputs made of two, six hidden layers of eight neurons, one answer; a frame is the map of
every input and every neuron and of the answer at 100 × 100 points, 56 maps. Compared in one run:
`DecisionRecorder`, with everything it keeps; a loop by hand that does the same matrix products in
torch and keeps the maps; NumPy layer by layer; and the Playground's own way, which is a forward
pass for one point at a time through objects that stand for nodes and links (written here in
Python after its `nn.ts` and `playground.ts`, so that only its shape and not its speed in a browser
is compared). All maps are checked to be the same to 1e-5. Medians over rounds, one thread.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from results import keep
from torch import Tensor, nn

from layerwise.explain import DecisionRecorder
from layerwise.trace import Moment

SIDE, DEPTH, WIDTH, ROUNDS, FRAMES = 100, 6, 8, 7, 30


class Inputs(nn.Module):
    """The seven inputs of the Playground: x, y, x², y², xy, sin x, sin y."""

    def forward(self, points: Tensor) -> Tensor:
        """(sample, 2) → (sample, 7)."""
        x, y = points[:, 0], points[:, 1]
        return torch.stack([x, y, x * x, y * y, x * y, x.sin(), y.sin()], 1)


def network() -> nn.Sequential:
    """The network, its weights from one seed."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [Inputs(), nn.Linear(7, WIDTH), nn.Tanh()]
    for _ in range(DEPTH - 1):
        layers += [nn.Linear(WIDTH, WIDTH), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(WIDTH, 1))


def by_hand(model: nn.Sequential, points: Tensor) -> list[np.ndarray]:
    """The maps of every layer by a plain loop over its modules."""
    maps = []
    with torch.no_grad():
        values = points
        for number, module in enumerate(model):
            values = module(values)
            if not isinstance(module, nn.Linear) or number == len(model) - 1:
                maps.append(values.T.reshape(-1, SIDE, SIDE).numpy().copy())
    return maps


def by_numpy(model: nn.Sequential, points: np.ndarray) -> list[np.ndarray]:
    """The same in NumPy."""
    x, y = points.T
    values = np.stack([x, y, x * x, y * y, x * y, np.sin(x), np.sin(y)], 1)
    maps = [values.T.reshape(-1, SIDE, SIDE).copy()]
    dense = [module for module in model if isinstance(module, nn.Linear)]
    for number, layer in enumerate(dense):
        values = values @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        values = np.tanh(values) if number < len(dense) - 1 else values
        maps.append(values.T.reshape(-1, SIDE, SIDE).copy())
    return maps


def by_point(model: nn.Sequential, points: np.ndarray) -> list[np.ndarray]:
    """The same one point at a time, node by node, link by link."""
    dense = [module for module in model if isinstance(module, nn.Linear)]
    layers: list[Any] = [
        (layer.weight.detach().tolist(), layer.bias.detach().tolist()) for layer in dense
    ]
    columns: list[list[list[float]]] = [[] for _ in range(len(dense) + 1)]
    for x, y in points.tolist():
        values = [x, y, x * x, y * y, x * y, math.sin(x), math.sin(y)]
        columns[0].append(values)
        for number, (weights, biases) in enumerate(layers):
            sums = []
            for row, bias in zip(weights, biases, strict=True):
                total = bias
                for weight, value in zip(row, values, strict=True):
                    total += weight * value
                sums.append(total)
            last = number == len(layers) - 1
            values = sums if last else [math.tanh(total) for total in sums]
            columns[number + 1].append(values)
    return [np.array(column).T.reshape(-1, SIDE, SIDE) for column in columns]


def per_second(frame: Callable[[], object], frames: int, rounds: int = ROUNDS) -> float:
    """The median rate over rounds of so many frames, after one round that does not count."""
    rates = []
    for number in range(rounds + 1):
        began = time.perf_counter()
        for _ in range(frames):
            frame()
        if number or rounds == 1:
            rates.append(frames / (time.perf_counter() - began))
    return statistics.median(rates)


def main() -> None:
    """Check that all ways agree, then measure."""
    torch.set_num_threads(1)
    model = network()
    corners = np.array([[-6.0, -6.0], [6.0, 6.0]])
    recorder = DecisionRecorder(corners, limits=(-6, 6, -6, 6), resolution=SIDE)
    recorder.see(model, Moment("step", {"step": 0}))
    trace = recorder.trace
    x, y = np.meshgrid(trace["across", 0], trace["up", 0])
    points = np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)
    tensor = torch.from_numpy(points)
    ours = [trace[f"maps {number}", 0] for number in range(DEPTH + 1)]
    for other in (by_hand(model, tensor), by_numpy(model, points), by_point(model, points)):
        for one, theirs in zip(ours, other, strict=False):
            np.testing.assert_allclose(one, theirs, rtol=1e-5, atol=1e-5)
        answer = 1 / (1 + np.exp(-other[-1][0].astype(np.float64)))
        np.testing.assert_allclose(trace["probabilities", 0][1], answer, atol=1e-5)

    def frame() -> None:
        recorder.see(model, Moment("step", {"step": 1}))

    figures = {
        "DecisionRecorder": per_second(frame, FRAMES, rounds=3),
        "loop by hand, torch": per_second(lambda: by_hand(model, tensor), FRAMES),
        "loop by hand, NumPy": per_second(lambda: by_numpy(model, points), FRAMES),
        "a point at a time, Python": per_second(lambda: by_point(model, points), 1, rounds=1),
    }
    for name, rate in figures.items():
        print(f"{name:28} {rate:8.1f} frames a second")
    keep("decision", {"frames a second": figures}, ("numpy", "torch"))


if __name__ == "__main__":
    main()
