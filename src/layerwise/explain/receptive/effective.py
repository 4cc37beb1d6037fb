"""Which part of its receptive field a unit really listens to: the size of its slopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError
from ...record.calls import Modules
from ...record.probe import Probe
from ...types import FloatArray
from .watched import output_numbers

SHARE = 0.95


def slopes(
    model: nn.Module,
    images: Tensor,
    units: Sequence[tuple[str, tuple[int, ...]]],
    modules: Modules,
) -> list[FloatArray]:
    """The mean |derivative| of units by the input, over images, each (…axes of one image).

    `units`: the name of an output and which number of it. Each image goes
    through alone, so that none can influence another. Raises `InputError` where a unit has no
    derivative by the input.
    """
    totals = [np.zeros(tuple(images.shape[1:])) for _ in units]
    numbers = output_numbers(model, images[:1].detach().clone().requires_grad_(), modules)
    for name, _ in units:
        if name not in numbers:
            raise _no_slope(f"{name!r} is not computed where derivatives are wanted")
    chosen = [(numbers[name], index) for name, index in units]
    wanted = {number for number, _ in chosen}
    for image in images:
        source = image[None].detach().clone().requires_grad_()
        made: dict[int, Tensor] = {}

        def keep(number: int, tensor: Tensor, made: dict[int, Tensor] = made) -> None:
            if number in wanted:  # as it is now, before anything is written into it
                made[number] = tensor.clone()

        with torch.inference_mode(False), torch.enable_grad():
            given = source.clone()  # a leaf must not be written into
            with Probe(model, 0, keep, modules=modules):
                model(given)
            for place, (number, index) in enumerate(chosen):
                totals[place] += np.abs(_slope(made[number], index, source))
    return [total / len(images) for total in totals]


def _slope(tensor: Tensor, index: tuple[int, ...], source: Tensor) -> Any:
    found = None
    if tensor.requires_grad:
        one = tensor[index]
        try:
            found = torch.autograd.grad(one, source, retain_graph=True, allow_unused=True)[0]
        except (RuntimeError, NotImplementedError) as error:
            raise _no_slope(str(error).split("\n")[0]) from error
    if found is None:
        raise _no_slope("an operation between them cuts the derivative")
    return found[0].detach().double().cpu().numpy()


def _no_slope(reason: str) -> InputError:
    return InputError(
        "This unit has no derivative by the input, so its effective field is not defined",
        received=reason,
        do="Pass effective=False for the theoretical field alone",
    )


def smallest_share(values: FloatArray, share: float = SHARE) -> int:
    """The least number of positions that together hold that share of the sum; 0 where it is 0."""
    ordered = np.sort(values.ravel())[::-1]
    total = float(ordered.sum())
    if not total > 0:
        return 0
    return int(np.searchsorted(np.cumsum(ordered) / total, share - 1e-12) + 1)
