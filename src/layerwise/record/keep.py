"""What a recording stores, and within how many bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Literal

from ..errors import InputError, unknown_name

Way = Literal["values", "summary", "nothing"]
WAYS: Final = ("values", "summary", "nothing")
EVERY: Final = 20
"""At every which step values are taken, unless that is chosen or a training has few steps."""
PASSES: Final = ("training", "all")
UNITS: Final = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9,
                "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}  # fmt: skip


@dataclass(frozen=True)
class Keep:
    """What to store of a network that runs or learns.

    `outputs`, `gradients` and `weights` (with their own gradients): "values" stores arrays and a
    summary, "summary" six statistics of each layer (mean, standard deviation, ends, share of
    zeros, how many are not finite), "nothing" nothing. `layers`: only those names; `*` stands for
    anything.

    In training, summaries are taken at every `summary_every`-th step, values at every `every`-th
    (None: every 20th; `fit` takes 60 to 120 of fewer than 1,200 steps, or all of fewer than 60), of
    the first `samples` of the batch and of `neurons` units or channels of each layer: those with
    the largest mean |output| when first seen, named in the site's `entries`. None: all of them.

    `budget`, in bytes or as "256 MB", is for all arrays before compression. Where it is about to be
    passed, every second of the moments that have values gives them up and the interval doubles, so
    that a run of any length is covered evenly; in a single pass, what comes later is left out. A
    quarter of it is for summaries. What is left out is told in the trace's notes.

    `passes`: "training" records what runs with gradients, "all" evaluation too.

    Raises `InputError` and `UnknownNameError` where a value cannot be.
    """

    outputs: Way = "values"
    gradients: Way = "values"
    weights: Way = "values"
    layers: Sequence[str] | None = None
    every: int | None = None
    summary_every: int = 1
    neurons: int | None = 32
    samples: int | None = 4
    budget: int | str = "256 MB"
    passes: Literal["training", "all"] = "training"
    budget_bytes: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check every value."""
        for name in ("outputs", "gradients", "weights"):
            if getattr(self, name) not in WAYS:
                raise unknown_name(f"way to keep {name}", str(getattr(self, name)), WAYS)
        if self.passes not in PASSES:
            raise unknown_name("kind of passes to keep", str(self.passes), PASSES)
        if isinstance(self.layers, str):
            object.__setattr__(self, "layers", (self.layers,))
        for name in ("every", "summary_every", "neurons", "samples"):
            value = getattr(self, name)
            if value is None and name != "summary_every":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(
                    f"{name} of Keep is a whole number from 1 on", received=f"{name}={value!r}"
                )
        object.__setattr__(self, "budget_bytes", byte_count(self.budget))

    @property
    def is_empty(self) -> bool:
        """Whether nothing but metrics is to be stored."""
        return self.outputs == self.gradients == self.weights == "nothing"

    def has_values(self) -> bool:
        """Whether any arrays are to be stored."""
        return "values" in (self.outputs, self.gradients, self.weights)

    def wants(self, *names: str) -> bool:
        """Whether one of these names of a layer is among `layers`."""
        if self.layers is None:
            return True
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.layers)


def byte_count(budget: int | str) -> int:
    """A number of bytes, also from text such as "256 MB"; `InputError` where it is none."""
    if isinstance(budget, int) and not isinstance(budget, bool) and budget >= 0:
        return budget
    found = (
        re.fullmatch(r"\s*([\d.,_]+)\s*([A-Za-z]*)\s*", budget) if isinstance(budget, str) else None
    )
    if found and found[2].upper() in UNITS:
        try:
            return int(float(found[1].replace(",", "").replace("_", "")) * UNITS[found[2].upper()])
        except ValueError:
            pass
    raise InputError(
        "A budget is a number of bytes",
        received=repr(budget),
        allowed="Such as 64000000 or '64 MB'",
    )
