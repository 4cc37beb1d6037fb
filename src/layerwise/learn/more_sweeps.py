"""The sweeps behind the chapter on more neurons and more layers: recipes, and what they measured.

They take minutes, so they were made once by `examples/more_sweeps.py` and lie beside this file as
traces. Anyone can make them again; a test makes some of their trainings anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from ..data.load import load
from ..data.parts import Parts
from ..errors import unknown_name
from ..explain.one_thread import one_thread
from ..explain.sweep import sweep
from ..trace import Trace


@dataclass(frozen=True)
class Recipe:
    """How a sweep is made: networks in words by value, data, values, seeds, options of `fit`."""

    network: Callable[[int], str]
    data: Callable[[], Parts]
    values: tuple[int, ...]
    seeds: int
    options: Mapping[str, Any]
    name: str


def _spirals() -> Parts:
    return load("spirals", size=1000, turns=1.5, noise=0.05).parts(control=0.5, test=0.1, seed=0)


def _digits() -> Parts:
    return load("digits").parts(control=0.3, test=0.1, seed=0)


_FULL: Final = {"epochs": 300, "batch_size": "full", "learning_rate": 0.02}

RECIPES: Final[Mapping[str, Recipe]] = {
    "width": Recipe(
        lambda width: f"mlp {width} tanh", _spirals, (1, 2, 4, 8, 16, 32, 64), 10, _FULL,
        "neurons in one hidden layer",
    ),
    "depth": Recipe(
        lambda depth: f"mlp {'-'.join(['8'] * depth)} tanh", _spirals, (1, 2, 3, 4, 6, 8, 12), 10,
        _FULL, "hidden layers of 8 neurons",
    ),
    "digits": Recipe(
        lambda width: f"mlp {width}", _digits, (1, 2, 4, 8, 16, 32, 64, 128), 5, {"epochs": 15},
        "neurons in one hidden layer",
    ),
}  # fmt: skip


def measured(key: str) -> Trace:
    """What the sweep of that key measured, from its file. Raises `UnknownNameError` for another."""
    if key not in RECIPES:
        raise unknown_name("sweep", key, RECIPES)
    place = files(__package__).joinpath("sweeps", f"{key}.trace")
    with as_file(place) as path, Trace.open(path) as stored:
        # Into memory: the file may be a temporary one.
        found = Trace(stored.header)
        for number, moment in enumerate(stored.moments):
            names = [site.name for site in stored.sites if (site.name, number) in stored]
            found.append(moment, {name: stored[name, number] for name in names})
    return found


def measure(
    key: str, *, values: Sequence[int] | None = None, seeds: int | Iterable[int] | None = None,
    path: Path | None = None, progress: Any = None,
) -> Trace:  # fmt: skip
    """Make that sweep anew, or some of its values and seeds; `path` and `progress` as in `sweep`.

    torch works in one thread meanwhile, so that the figures do not depend on how many there are.
    """
    from sklearn.neighbors import KNeighborsClassifier

    if key not in RECIPES:
        raise unknown_name("sweep", key, RECIPES)
    recipe = RECIPES[key]
    with one_thread():
        return sweep(
            recipe.network, recipe.data(), values or recipe.values,
            seeds=recipe.seeds if seeds is None else seeds, name=recipe.name,
            known=KNeighborsClassifier(5, algorithm="kd_tree"), path=path, progress=progress,
            **recipe.options,
        )  # fmt: skip
