"""What network is to be built, and its one canonical spelling. `grammar` reads the spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import InputError, unknown_name

if TYPE_CHECKING:
    from torch import nn

ModuleT = TypeVar("ModuleT", bound="nn.Module")
_LABEL: Final = "layerwise_spec"

KINDS: Final = ("convolutional", "dense")
RESIDUALS: Final = ("plain", "batch-norm", "pre-norm", "rezero", "none")
NAMED_DEPTHS: Final = (18, 34, 50, 101, 152)
"""Depths of a convolutional ResNet with four stages; all others are 6n + 2, with three."""

FAMILIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "perceptron": {"activation": "identity"},
    "mlp": {"sizes": (64, 32), "activation": "relu", "dropout": 0.0, "norm": "none"},
    "cnn": {"width": 32, "activation": "relu", "dropout": 0.0, "norm": "none"},
    "nin": {"width": 96, "activation": "relu", "dropout": 0.0, "norm": "batch"},
    "resnet": {
        "depth": 18,
        "kind": "convolutional",
        "residual": "batch-norm",
        "width": 64,
        "activation": "relu",
    },
    "four-pixel": {"activation": "tanh"},
}
"""The families with the options that each takes and what they are unless said otherwise."""


@dataclass(frozen=True)
class Spec:
    """What is to be built, apart from the data's shape. `str` gives the canonical spelling.

    An option left None takes the family's default, or stays None where the family lacks it.
    `sizes` are an mlp's hidden widths, or where `whole` all its sizes from inputs to classes.
    """

    family: str
    sizes: tuple[int, ...] = ()
    whole: bool = False
    depth: int | None = None
    width: int | None = None
    kind: str | None = None
    residual: str | None = None
    activation: str | None = None
    dropout: float | None = None
    norm: str | None = None

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise unknown_name("model", self.family, FAMILIES)
        for name, value in defaults(self.family, self.kind, self.depth).items():
            if getattr(self, name) in (None, ()):
                object.__setattr__(self, name, value)

    def __str__(self) -> str:
        usual = defaults(self.family, self.kind, self.depth)
        said = {name: getattr(self, name) for name in usual if getattr(self, name) != usual[name]}
        words = [self._head()]
        if "width" in said and self.family != "resnet":
            words.append(str(said.pop("width")))
        words += [str(said[name]) for name in ("kind", "residual", "activation") if name in said]
        words += [f"{name}={said[name]}" for name in ("dropout", "norm", "width") if name in said]
        return " ".join(words)

    def _head(self) -> str:
        if self.family == "mlp":
            sizes = "-".join(map(str, self.sizes))
            return sizes if self.whole else f"mlp {sizes}"
        return f"resnet-{self.depth}" if self.family == "resnet" else self.family


def defaults(family: str, kind: str | None, depth: int | None) -> dict[str, Any]:
    """A family's options with their defaults: a ResNet's depend on its kind and depth."""
    usual = dict(FAMILIES[family])
    if family == "resnet":
        if kind == "dense":
            usual["residual"] = "rezero"
        elif depth is not None and depth not in NAMED_DEPTHS:
            usual["width"] = 16
    return usual


def nearest_depth(depth: int) -> int:
    """The depth nearest to this one that a convolutional ResNet can have, 8 to 1,202."""
    below = min(max((depth - 2) // 6 * 6 + 2, 8), 1202)
    return min((*NAMED_DEPTHS, below, min(below + 6, 1202)), key=lambda able: abs(able - depth))


def residual_name(name: str) -> str:
    """The one spelling of a residual's name: "batch norm" → "batch-norm"."""
    if not isinstance(name, str):
        raise InputError("A residual is given by its name", received=repr(name))
    spelled = name.casefold().replace(" ", "-").replace("_", "-")
    if spelled not in RESIDUALS:
        raise unknown_name("residual", name, RESIDUALS)
    return spelled


def labelled(model: ModuleT, spec: Spec) -> ModuleT:
    """The model, which now carries its spelling, so that a file can hold it."""
    setattr(model, _LABEL, str(spec))
    return model


def spec_of(model: nn.Module) -> str | None:
    """The spelling by which `build` makes this model again; None for a model from elsewhere."""
    said = getattr(model, _LABEL, None)
    return said if isinstance(said, str) else None
