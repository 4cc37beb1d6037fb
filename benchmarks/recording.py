"""What recording costs: one pass of a ResNet-152, and every step of a training.

    python benchmarks/recording.py

Each ratio is of runs that alternate in one process, the smallest time of each side. `record` keeps
every operation's output; what it costs to read the trace for the first time stands beside it.
Torchlens, the best tracer there is, keeps every output too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from results import keep
from torch import nn

import layerwise as lw

ROUNDS = 9
STEPS = {"mlp": 150, "cnn": 25}
SUMMARY = lw.Keep(outputs="summary", gradients="summary", weights="summary")


def least(runs: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The smallest time of each in seconds; all take turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            kept = run()
            times[name].append(time.perf_counter() - start)
            del kept
    return {name: min(each) for name, each in times.items()}


def one_pass(side: int) -> dict[str, float]:
    """`record` of a ResNet-152 beside its forward pass, and beside torchlens."""
    import torchlens

    model = lw.models.build("resnet-152", (3, 224, 224), 1000, seed=0).eval()
    batch = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))

    def plain() -> Any:
        with torch.no_grad():
            return model(batch)

    def recorded() -> Any:
        return lw.record(model, batch)

    def read() -> Any:
        trace = lw.record(model, batch)
        return trace, len(trace.sites)

    plain(), recorded(), read()
    seconds = least({"plain": plain, "recorded": recorded, "read": read}, ROUNDS)
    start = time.perf_counter()
    with torch.no_grad():
        torchlens.trace(model, batch)
    lens = time.perf_counter() - start
    trace = recorded()
    operations = [site for site in trace.sites if site.kind == "activation"]
    return {
        "forward pass ms": 1e3 * seconds["plain"],
        "operations": len(operations),
        "megabytes kept": sum(trace[site.name, 0].nbytes for site in operations) / 1e6,
        "record, times the forward pass": seconds["recorded"] / seconds["plain"],
        "record and its first reading": seconds["read"] / seconds["plain"],
        "torchlens": lens / seconds["plain"],
    }


def networks() -> dict[str, tuple[nn.Module, torch.Tensor]]:
    """A dense network of width 64 and the four-layer ConvNet, with a batch for each."""
    generator = torch.Generator().manual_seed(0)
    dense = lw.models.build("mlp 64-64-64-64", (64,), 10, seed=0)
    conv = lw.models.build("cnn", (1, 28, 28), 10, seed=0)
    return {
        "mlp": (dense, torch.randn(256, 64, generator=generator)),
        "cnn": (conv, torch.randn(64, 1, 28, 28, generator=generator)),
    }


def every_step(name: str, model: nn.Module, inputs: torch.Tensor) -> dict[str, float]:
    """A plain loop with and without a recording around it."""
    targets = torch.arange(len(inputs)) % 10
    optimizer = torch.optim.Adam(model.parameters())

    def loop(steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            loss.item()

    def run(chosen: lw.Keep | None) -> Callable[[], float]:
        def timed() -> float:
            with nullcontext() if chosen is None else lw.recording(model, chosen):
                loop(3)
                start = time.perf_counter()
                loop(STEPS[name])
                return time.perf_counter() - start

        return timed

    runs = {"plain": run(None), "summary": run(SUMMARY), "usual": run(lw.Keep())}
    times: dict[str, list[float]] = {kind: [] for kind in runs}
    for _ in range(ROUNDS):
        for kind, timed in runs.items():
            times[kind].append(timed())
    seconds = {kind: min(each) for kind, each in times.items()}
    return {
        "plain step ms": 1e3 * seconds["plain"] / STEPS[name],
        "every layer's summary": seconds["summary"] / seconds["plain"],
        "as recorded by default": seconds["usual"] / seconds["plain"],
    }


def main() -> None:
    figures: dict[str, Any] = {"threads": torch.get_num_threads()}
    for side in (64, 224):
        figures[f"ResNet-152, {side} px"] = one_pass(side)
    for name, (model, inputs) in networks().items():
        figures[f"{name}, each step"] = every_step(name, model, inputs)
    for name, values in figures.items():
        print(name, values)
    keep("recording", figures, ("torch", "torchlens", "numba"))


if __name__ == "__main__":
    main()
