"""Depth: which networks learn when they are 50, 200, 1,000 and 10,000 layers deep, and why.

    python examples/depth.py [FOLDER] [--small]

Plain, batch-norm, residual and ReZero networks learn two spirals, few steps where they are deep;
the film shows the gradient that reaches each layer, and the accuracy on test points. All networks
of one depth get the same rate and, but for those of 10,000 layers that fail, the same number of
steps. Both were chosen for ReZero by the control points; each network is trained once, from one
seed. Some minutes on one processor core; with --small networks of 10 and 50 layers, in seconds.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

import layerwise as lw

STEPS = {50: 200, 200: 100, 1_000: 40, 10_000: 36}
SMALL_STEPS = {10: 12, 50: 12}
FAILING = 4  # steps of a network of 10,000 layers whose first step shows that nothing reaches it
RATES = {10_000: 1e-3}  # of Adam; others 2e-3
WIDTH, BATCH = 32, 128
JUDGE = "test accuracy"  # on points that nothing is learned from or chosen by
JUDGED = 8  # how often the test accuracy is taken while a network learns
KINDS = ("plain", "batch norm", "residual", "ReZero")
KEEP = lw.Keep(
    outputs="nothing", weights="nothing", gradients="summary", layers=("fc*", "*.fc*")
)  # the outputs of the dense layers


def network(kind: str, layers: int) -> nn.Module:
    """A network of so many dense layers for points in the plane and two classes."""
    if kind in ("plain", "batch norm"):
        norm = "batch" if kind == "batch norm" else None
        return lw.models.mlp([2, *[WIDTH] * (layers - 1), 2], norm=norm, seed=0)
    residual = "rezero" if kind == "ReZero" else "plain"
    return lw.models.build(f"resnet-{layers} dense {residual} width={WIDTH}", (2,), 2, seed=0)


def spirals() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Points and classes to learn from, and others to judge by; coordinates standardised."""
    parts = lw.data.load("spirals", size=3000, turns=1.0).parts(seed=0)
    train = torch.tensor(parts.training.features, dtype=torch.float32)
    test = torch.tensor(parts.test.features, dtype=torch.float32)
    mean, spread = train.mean(dim=0), train.std(dim=0)
    return (
        (train - mean) / spread,
        torch.tensor(parts.training.labels),
        (test - mean) / spread,
        torch.tensor(parts.test.labels),
    )


def learn(kind: str, layers: int, steps: int, data: tuple[Tensor, ...]) -> tuple[lw.Trace, str]:
    """Train one network, and say how it ended; it stops where its loss is no number any more."""
    inputs, targets, test, answers = data
    model = network(kind, layers)
    rate = RATES.get(layers, 2e-3)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=max(steps, 10))
    order = torch.Generator().manual_seed(0)

    def accuracy() -> float:
        model.eval()
        with torch.no_grad():
            outputs = model(test)
        model.train()
        if not bool(outputs.isfinite().all()):
            return math.nan
        return float((outputs.argmax(dim=1) == answers).float().mean())

    with lw.recording(model, KEEP, title=f"{kind}, {layers:,} layers") as rec:
        for step in range(steps):
            batch = torch.randint(0, len(inputs), (BATCH,), generator=order)
            if step % max(steps // JUDGED, 1) == 0:
                rec.note(**{JUDGE: accuracy()})
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(inputs[batch]), targets[batch])
            loss.backward()
            optimizer.step()
            schedule.step()
            if not math.isfinite(loss.item()):
                break
    final = accuracy()
    rec.trace.append(lw.Moment("end", {"step": step + 1}), {JUDGE: final})
    if math.isnan(final):
        made = f"after {step} step{'s' * (step > 1)}" if step else "from the start"
        return rec.trace, f"not finite {made}"
    chance = 0.5 + 2 * math.sqrt(0.25 / len(answers))  # two standard errors above a coin's
    word = "learned" if final > 0.95 else "chance" if final < chance else "partly learned"
    return rec.trace, f"{word} after {steps} steps"


def main(words: list[str]) -> None:
    """Train all networks, film them."""
    small = "--small" in words
    folder = Path(next((word for word in words if not word.startswith("--")), "out"))
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    data = spirals()
    traces: dict[str, lw.Trace] = {}
    ends: dict[str, str] = {}
    for kind in KINDS:
        for layers, steps in (SMALL_STEPS if small else STEPS).items():
            hopeless = layers == 10_000 and kind != "ReZero"
            trace, end = learn(kind, layers, FAILING if hopeless else steps, data)
            traces[trace.title], ends[trace.title] = trace, end
            print(f"{trace.title}: {end}", flush=True)
    film = lw.view.depth(
        traces, score=JUDGE, in_step="share", remarks=ends, columns=len(traces) // len(KINDS),
        limits=(1e-15, 1e15), title="Two spirals: which depth learns, and what reaches its layers",
        note="one training each" + ("" if small else ", rates and steps chosen for ReZero"),
    )  # fmt: skip
    print("wrote", film.save(folder / "depth.mp4"), film.save(folder / "depth.png"))


if __name__ == "__main__":
    main(sys.argv[1:])
