"""`fit` side by side with the same loop written by hand: what keeping the history costs.

    python benchmarks/training.py

Both run in turns in one process, one thread, the same updates to the last bit; time is that of the
processor in this thread, the least of all turns, as what else runs can only add to it.
"""

from __future__ import annotations

import copy
import gc
import statistics
from collections.abc import Callable
from pathlib import Path
from time import thread_time

import torch
from results import keep as keep_figures
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

import layerwise as lw
from layerwise.record.keep import Keep
from layerwise.train.randomness import sample_order

TURNS, BATCH, RATE = 5, 64, 1e-3
KEEPS = {
    "nothing": None,
    "a summary of every layer": Keep("summary", "summary", "summary"),
    "default": Keep(),
}
NETWORKS = {
    "mlp 64-64-64-64-4": ((64,), 600, 2),
    "cnn": ((1, 28, 28), 250, 1),
}
"""Spelling → shape of a sample, steps an epoch, epochs: no shorter than what people train, as the
looks at a network's health are closest together in the first hundred steps."""


def by_hand(model: nn.Module, inputs: Tensor, targets: Tensor, epochs: int) -> float:
    """The loop as anyone writes it, with a running loss and accuracy; seconds."""
    start = thread_time()
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    for epoch in range(epochs):
        order = sample_order(len(inputs), 0, epoch)
        running, right = 0.0, 0
        for first in range(0, len(inputs), BATCH):
            rows = order[first : first + BATCH]
            x, y = inputs.index_select(0, rows), targets.index_select(0, rows)
            optimizer.zero_grad()
            outputs = model(x)
            loss = F.cross_entropy(outputs, y)
            loss.backward()
            optimizer.step()
            running += loss.item()
            right += (outputs.argmax(1) == y).sum().item()
    return thread_time() - start


def compared(words: str, shape: tuple[int, ...], steps: int, epochs: int) -> dict[str, float]:
    """Milliseconds a step by hand, and the ratio of `fit` to it for each way to keep."""
    numbers = torch.Generator().manual_seed(0)
    inputs = torch.randn(steps * BATCH, *shape, generator=numbers)
    targets = torch.randint(0, 4, (len(inputs),), generator=numbers)
    first = lw.models.build(words, shape, 4)

    def fitted(keep: Keep | None) -> Callable[[nn.Module], float]:
        def run(model: nn.Module) -> float:
            start = thread_time()
            lw.fit(model, (inputs, targets), epochs=epochs, learning_rate=RATE, keep=keep)
            return thread_time() - start

        return run

    ways = {"by hand": lambda model: by_hand(model, inputs, targets, epochs)}
    ways |= {name: fitted(keep) for name, keep in KEEPS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(TURNS + 1):
        trained = []
        for name, way in ways.items():
            trained.append(copy.deepcopy(first))
            gc.collect()
            took = way(trained[-1])
            if turn:  # the first turn compiles
                seconds[name].append(took)
        for model in trained[1:]:
            pairs = zip(model.parameters(), trained[0].parameters(), strict=True)
            if not all(torch.equal(ours, theirs) for ours, theirs in pairs):
                raise SystemExit(f"{words}: the weights differ from those of the loop by hand")
    row = {"by_hand_ms_a_step": 1e3 * min(seconds["by hand"]) / (steps * epochs)}
    for name in KEEPS:
        key = name.replace(" ", "_")
        row[f"fit_keeping_{key}_over_by_hand"] = min(seconds[name]) / min(seconds["by hand"])
        row[f"fit_keeping_{key}_median_of_ratios"] = statistics.median(
            ours / theirs for ours, theirs in zip(seconds[name], seconds["by hand"], strict=True)
        )
    return row


def main() -> None:
    """Measure, print, keep."""
    torch.set_num_threads(1)
    figures = {words: compared(words, *plan) for words, plan in NETWORKS.items()}
    for words, row in figures.items():
        print(words)
        for key, value in row.items():
            print(f"  {key:60} {value:.3f}")
    keep_figures("training", figures, ("numpy", "torch"))
    print("kept", Path("benchmarks/results/training.json"))


if __name__ == "__main__":
    main()
