"""Training loops as people write them; each gives the losses it saw, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

STEPS = 6


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Dropout(0.2), nn.Linear(8, 3)
    )


def batches(steps: int = STEPS) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(5)
    for _ in range(steps):
        yield (torch.randn(10, 6, generator=generator),
               torch.randint(0, 3, (10,), generator=generator))  # fmt: skip


def plain(model: nn.Module) -> list[float]:
    optimizer = torch.optim.Adam(model.parameters())
    losses = []
    for x, y in batches():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def accumulating(model: nn.Module) -> list[float]:
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    losses = []
    for number, (x, y) in enumerate(batches()):
        loss = F.cross_entropy(model(x), y) / 2
        loss.backward()
        if number % 2:
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
    return losses


def clipping(model: nn.Module) -> list[float]:
    optimizer = torch.optim.AdamW(model.parameters())
    losses = []
    for x, y in batches():
        optimizer.zero_grad(set_to_none=False)
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        losses.append(loss.item())
    return losses


def two_optimizers(model: nn.Module) -> list[float]:
    first = torch.optim.SGD(model[0].parameters(), 0.1)
    second = torch.optim.Adam([*model[1].parameters(), *model[4].parameters()])
    losses = []
    for x, y in batches():
        first.zero_grad()
        second.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        first.step()
        second.step()
        losses.append(loss.item())
    return losses


def second_order(model: nn.Module) -> list[float]:
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)
    losses = []
    for x, y in batches():
        last = 0.0

        def closure(x: Tensor = x, y: Tensor = y) -> Tensor:
            nonlocal last
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            last = loss.item()
            return loss

        optimizer.step(closure)
        losses.append(last)
    return losses


def two_models(model: nn.Module) -> list[float]:
    """The other one makes what this one judges; both learn, in turn."""
    other = nn.Linear(6, 6)
    ours = torch.optim.Adam(model.parameters())
    theirs = torch.optim.Adam(other.parameters())
    losses = []
    for x, y in batches():
        loss = F.cross_entropy(model(other(x).detach()), y)
        ours.zero_grad()
        loss.backward()
        ours.step()
        losses.append(loss.item())
        theirs.zero_grad()
        (-F.cross_entropy(model(other(x)), y)).backward()
        theirs.step()
    return losses


def stranger_in_between(model: nn.Module) -> list[float]:
    """Another model's backward pass comes between ours and our step."""
    other = nn.Linear(6, 3)
    optimizer = torch.optim.Adam(model.parameters())
    losses = []
    for x, y in batches():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        F.cross_entropy(other(x), y).backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def skipping(model: nn.Module) -> list[float]:
    """A scaler leaves out the steps whose gradients are not finite."""
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=1)
    losses = []
    for number, (x, y) in enumerate(batches()):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        if number == 2:
            loss = loss * float("inf")
        scaled = scaler.scale(loss)
        scaled.backward()
        scaler.step(optimizer)
        scaler.update()
        if number != 2:
            losses.append(scaled.item())
    return losses


def functional_backward(model: nn.Module) -> list[float]:
    optimizer = torch.optim.Adam(model.parameters())
    losses = []
    for x, y in batches():
        optimizer.zero_grad()
        output = model(x)
        parts = [F.cross_entropy(output, y), output.square().mean()]
        torch.autograd.backward(parts)
        optimizer.step()
        losses.append((parts[0] + parts[1]).item())
    return losses


def evaluating(model: nn.Module) -> list[float]:
    """Every step is followed by a look at how good the model is."""
    optimizer = torch.optim.Adam(model.parameters())
    losses = []
    for x, y in batches():
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            model(x)
    return losses


def by_keyword(model: nn.Module) -> list[float]:
    optimizer = torch.optim.Adam(model.parameters())
    losses = []
    for x, y in batches():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(input=x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


LOOPS: dict[str, Callable[[Any], list[float]]] = {
    function.__name__.replace("_", " "): function
    for function in (plain, accumulating, clipping, two_optimizers, second_order, two_models,
                     stranger_in_between, skipping, functional_backward, evaluating, by_keyword)
}  # fmt: skip
