"""From a few words to a `Spec`: `parse`, which offers the nearest valid words for invalid ones."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from ..errors import InputError, nearest_name
from .activations import ACTIVATIONS, activation_name, is_activation
from .normalization import NORMS
from .spec import (
    FAMILIES,
    KINDS,
    NAMED_DEPTHS,
    RESIDUALS,
    Spec,
    nearest_depth,
)

OPTIONS: Final = ("activation", "depth", "dropout", "kind", "norm", "residual", "width")
LARGEST_WIDTH: Final = 1_000_000
LARGEST_DEPTH: Final = 100_000
MOST_SIZES: Final = 1_000
LONGEST_TEXT: Final = 10_000

_SIZES = re.compile(r"[0-9]+(-[0-9]+)*")
_HEAD = re.compile(r"([a-z][a-z-]*?)-?([0-9]+(?:-[0-9]+)*)?")
_LIST = "`layerwise models` lists what can be built"


def parse(text: str) -> Spec:
    """The network that a few words say.

    | words | network |
    |---|---|
    | `784-64-32-4` | an mlp with all its sizes: inputs, hidden layers, classes |
    | `perceptron`, `four-pixel` | one layer of neurons; the network of four pixels |
    | `mlp`, `mlp 64-32` | hidden layers; the ends follow from the data |
    | `cnn`, `cnn 64`, `nin 192` | width of the first layers |
    | `resnet-50` | depth: 18, 34, 50, 101, 152 or any 6n + 2 up to 1,202 |
    | `resnet-1000 dense rezero width=64` | fully connected, of any depth up to 100,000 |

    Further words, in any order: an activation (`tanh`, `leaky relu` …); for a resnet its kind
    (`convolutional`, `dense`) and residual (`plain`, `batch-norm`, `pre-norm`, `rezero`, `none`);
    `name=value` for activation, depth, dropout, kind, norm (`none`, `batch`, `layer`), residual,
    width. Letter case does not matter; spaces, commas or hyphens join sizes. `str` of the result
    is the canonical spelling, which parses to the same `Spec`. Sizes after `mlp` are the hidden
    layers, unless they begin with the inputs and end with the classes of the data (see `build`).

    Raises `InputError` for words that cannot be; it offers the nearest that can.
    """
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        received = f"{len(text):,} letters" if isinstance(text, str) else repr(text)
        raise InputError("A model is said in a few words", received=received, do=_LIST)
    reading = _Reading(text)
    spec = reading.spec()
    if reading.problems:
        raise no_such_model(text, reading.problems[0], spec)
    return spec


def no_such_model(text: str, problem: str, nearest: Spec) -> InputError:
    """The error for words that cannot be a model, with the nearest that can."""
    return InputError(
        f"{text[:80]!r} is no model that can be built: {problem}",
        allowed=f"Nearest: {nearest}",
        do=_LIST,
    )


class _Reading:
    """Words read one by one: what they say, what is wrong, and the nearest that is right."""

    def __init__(self, text: str) -> None:
        self.problems: list[str] = []
        self.said: dict[str, Any] = {}
        self.sizes: list[int] = []
        self.whole = False
        words = _words(text)
        self.family = self._head(words.pop(0) if words else "")
        for word in words:
            self._word(word)

    def spec(self) -> Spec:
        """The nearest `Spec`; what was wrong is in `problems`."""
        self._place_sizes()
        spec = Spec(self.family, tuple(self.sizes), self.whole, **self.said)
        return self._within_bounds(spec)

    def _head(self, word: str) -> str:
        if _SIZES.fullmatch(word):
            self.sizes += map(_number, word.split("-"))
            self.whole = True
            return "mlp"
        found = _HEAD.fullmatch(word)
        name = found[1] if found else word
        if found and found[2]:
            self.sizes += map(_number, found[2].split("-"))
        if name in FAMILIES:
            return name
        near = nearest_name(name, FAMILIES) or "mlp"
        known = ", ".join(FAMILIES)
        self._problem(f"{name!r} is none of {known}" if word else "it says nothing")
        return near

    def _word(self, word: str) -> None:
        name, equals, value = word.partition("=")
        if equals:
            self._option(name, value)
        elif _SIZES.fullmatch(word):
            self.sizes += map(_number, word.split("-"))
        elif (placed := self._placed(word)) is not None:
            self._say(*placed)
        else:
            self._problem(f"{word!r} is no word that fits {self.family}")
            near = nearest_name(word, self._vocabulary())
            placed = self._placed(near) if near else None
            if placed is not None:
                self._say(*placed)

    def _placed(self, word: str) -> tuple[str, str] | None:
        """The option that a bare word stands for, and its value."""
        takes = FAMILIES[self.family]
        if "kind" in takes and word in KINDS:
            return "kind", word
        if "residual" in takes and word in RESIDUALS:
            return "residual", word
        if "norm" in takes and word in ("batch-norm", "layer-norm"):
            return "norm", word.removesuffix("-norm")
        if is_activation(word):
            return "activation", activation_name(word)
        return None

    def _vocabulary(self) -> list[str]:
        takes = FAMILIES[self.family]
        words = [*ACTIVATIONS] if "activation" in takes else []
        words += [*KINDS, *RESIDUALS] if "residual" in takes else []
        return words + (["batch-norm", "layer-norm"] if "norm" in takes else [])

    def _option(self, name: str, value: str) -> None:
        if name not in OPTIONS:
            near = nearest_name(name, OPTIONS)
            self._problem(f"{name!r} is none of its options {', '.join(OPTIONS)}")
            if near is None or near not in FAMILIES[self.family]:
                return
            name = near
        read = _value(name, value)
        if read is None:
            self._problem(f"{value!r} is no {name}")
            allowed = {"activation": list(ACTIVATIONS), "kind": KINDS, "norm": NORMS}
            read = nearest_name(value, allowed.get(name, RESIDUALS if name == "residual" else ()))
        if read is not None:
            self._say(name, read)

    def _say(self, name: str, value: Any) -> None:
        if name not in FAMILIES[self.family]:
            self._problem(f"{self.family} takes no {name}")
        elif self.said.setdefault(name, value) != value:
            self._problem(f"it says {name} twice, {self.said[name]} and {value}")

    def _place_sizes(self) -> None:
        """Numbers are an mlp's sizes, a resnet's depth, another's width."""
        if self.family == "mlp":
            if self.whole and len(self.sizes) == 1:
                self._problem("one size is no network: it needs inputs and classes")
                self.whole = False
            if len(self.sizes) > MOST_SIZES:
                self._problem(
                    f"it has {len(self.sizes):,} sizes, and at most {MOST_SIZES:,} can be"
                )
                del self.sizes[MOST_SIZES:]
            return
        numbers, self.sizes = self.sizes, []
        if not numbers:
            return
        name = {"resnet": "depth", "cnn": "width", "nin": "width"}.get(self.family)
        if name is None:
            self._problem(f"{self.family} takes no number")
            return
        if len(numbers) > 1:
            self._problem(f"{self.family} takes one number, its {name}")
        self._say(name, numbers[0])

    def _within_bounds(self, spec: Spec) -> Spec:
        clipped = tuple(self._clip("size", size, LARGEST_WIDTH) for size in spec.sizes)
        changes: dict[str, Any] = {"sizes": clipped}
        if spec.width is not None:
            changes["width"] = self._clip("width", spec.width, LARGEST_WIDTH)
        if spec.dropout is not None and not 0 <= spec.dropout < 1:
            self._problem("dropout is a share, from 0 up to, not including, 1")
            changes["dropout"] = spec.dropout / 100 if 1 <= spec.dropout < 100 else 0.0
        if spec.depth is not None:
            if spec.kind == "dense":
                changes["depth"] = self._clip("depth", spec.depth, LARGEST_DEPTH, least=3)
            elif (near := nearest_depth(spec.depth)) != spec.depth:
                depths = ", ".join(map(str, NAMED_DEPTHS))
                self._problem(
                    f"a convolutional resnet has depth {depths} or 6n + 2 from 8 to 1,202"
                )
                changes["depth"] = near
                if "width" not in self.said:
                    changes["width"] = None
        return replace(spec, **changes)

    def _clip(self, what: str, value: int, most: int, *, least: int = 1) -> int:
        if not least <= value <= most:
            self._problem(f"a {what} is from {least} to {most:,}")
        return min(max(value, least), most)

    def _problem(self, text: str) -> None:
        self.problems.append(text)


def _words(text: str) -> list[str]:
    """The words in small letters, with hyphens alike and names of two words joined."""
    for dash in "–—−‐‑_":
        text = text.replace(dash, "-")
    text = re.sub(r"\s*=\s*", "=", re.sub(r"\s*[,;]\s*", " ", text.casefold()))
    text = re.sub(r"(?<=\d)\s*-\s*(?=\d)", "-", text)
    words: list[str] = []
    for word in text.split():
        pair = f"{words[-1]}-{word}" if words else ""
        value = pair.partition("=")[2] or pair
        if value in _PAIRS:
            words[-1] = pair
        else:
            words.append(word)
    return words


_PAIRS: Final = frozenset(
    name
    for name in (*FAMILIES, *RESIDUALS, *ACTIVATIONS, "layer-norm", "hard-swish", "hard-tanh")
    if "-" in name
)


def _number(digits: str) -> int:
    return int(digits[:12])  # more than any width or depth that can be


def _value(name: str, text: str) -> Any:
    """An option's value out of its text; None where it cannot be one."""
    if name in ("depth", "width"):
        return _number(text) if re.fullmatch(r"[0-9]+", text) else None
    if name == "dropout":
        try:
            share = float(text)
        except ValueError:
            return None
        return share if share == share else None
    if name == "activation":
        return activation_name(text) if is_activation(text) else None
    allowed = {"kind": KINDS, "norm": NORMS, "residual": RESIDUALS}[name]
    return text if text in allowed else None
