"""Which samples of a recording are looked at: chosen ones in turn, or always the hardest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from ...errors import InputError, unknown_name
from ...trace import Trace
from ...types import FloatArray, IntArray
from ..diagram.graph import NetworkGraph
from ..style import format_count, format_number
from .reading import Reading

Samples: TypeAlias = int | Sequence[int] | Literal["hardest"]
CLOSE: Final = 1e-2  # of the largest of a gradient: how far it may be from what a loss would give


@dataclass(frozen=True, eq=False)
class Hardness:
    """How wrong each sample of one moment was: `sizes` (sample,), the larger the harder.

    Where the loss is found to be a cross-entropy, `sizes` are losses and `targets` (sample,) the
    right classes, both told by the outputs and the loss's gradient at them. Otherwise `sizes` are
    the lengths of that gradient, and `targets` is None.
    """

    sizes: FloatArray
    targets: IntArray | None

    @property
    def hardest(self) -> int:
        """The sample with the largest size; not a number is harder than any."""
        return int(np.nan_to_num(self.sizes, nan=np.inf).argmax())


def readings_of(trace: Trace, graph: NetworkGraph, sample: Samples) -> list[Reading]:
    """A reading for each chosen sample, or one that follows the hardest; scales are in common.

    Raises `InputError` for samples that were not kept, and where the hardest cannot be told.
    """
    if isinstance(sample, str):
        if sample != "hardest":
            raise unknown_name("choice of samples", sample, ["hardest"])
        whole = Reading(trace, graph)
        found = {m: h for m in whole.moments if (h := hardness(whole, m)) is not None}
        if not found:
            raise InputError(
                "Which sample is the hardest is not known: no gradient of the answer was kept",
                do="Record with backward=True and a target, or with Keep(gradients='values')",
            )
        said = {moment: _said(own) for moment, own in found.items()}
        chosen = {moment: own.hardest for moment, own in found.items()}
        readings = [Reading(trace, graph, chosen, said=said)]
    else:
        readings = [Reading(trace, graph, number) for number in _numbers(sample)]
    for reading in readings:
        reading.alike = tuple(readings)
    return readings


def hardness(reading: Reading, moment: int) -> Hardness | None:
    """How wrong each sample was; None where the gradient of the answer was not kept."""
    layer = reading.graph.layers[-1]
    outputs = reading.batch(layer.shown, moment)
    sites = (f"{site}.gradient" for site in (layer.shown, *reversed(layer.sites)))
    slopes = next((s for site in sites if (s := reading.batch(site, moment)) is not None), None)
    if outputs is None or slopes is None or slopes.shape != outputs.shape:
        return None
    outputs, slopes = (each.reshape(len(each), -1) for each in (outputs, slopes))
    return _cross_entropy(outputs, slopes) or Hardness(np.sqrt((slopes**2).sum(axis=1)), None)


def _cross_entropy(outputs: FloatArray, slopes: FloatArray) -> Hardness | None:
    """Losses and classes, if the gradients are those of a cross-entropy to one class each.

    By logits its gradient is a multiple of softmax − 1 at the class and softmax elsewhere; by
    log-probabilities it is negative at the class and zero elsewhere.
    """
    if outputs.shape[1] < 2 or not np.isfinite(outputs).all() or not np.isfinite(slopes).all():
        return None
    rows, targets = np.arange(len(outputs)), slopes.argmin(axis=1)
    raised = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    total = raised.sum(axis=1, keepdims=True)
    of_logits = raised / total
    of_logits[rows, targets] -= 1
    of_logs = np.zeros_like(slopes)
    of_logs[rows, targets] = -1
    scale = np.log(total[:, 0]) + outputs.max(axis=1)
    losses: FloatArray = scale - outputs[rows, targets]
    told = np.abs(slopes).max(axis=1) > 1e-6 * np.abs(slopes).max()
    forms = [of_logits, of_logs] if (np.abs(scale) < CLOSE).all() else [of_logits]
    if told.any() and any(_alike(slopes[told], form[told]) for form in forms):
        return Hardness(losses, targets)
    return None


def _alike(slopes: FloatArray, expected: FloatArray) -> bool:
    """Whether each row is a positive multiple of what is expected."""
    factor = (slopes * expected).sum(axis=1) / np.maximum((expected**2).sum(axis=1), 1e-300)
    off = np.abs(slopes - factor[:, None] * expected).max(axis=1)
    return bool((factor > 0).all() and (off <= CLOSE * np.abs(slopes).max(axis=1)).all())


def _said(found: Hardness) -> tuple[str, int | None, str]:
    """What is said of the hardest: in front, its class if it is known, and behind."""
    at = found.hardest
    front = f"hardest of {format_count(len(found.sizes))}: sample {format_count(at + 1)}"
    size = format_number(float(found.sizes[at]), 3)
    if found.targets is None:
        return front, None, f"gradient of its loss {size}"
    return front, int(found.targets[at]), f"loss {size}"


def _numbers(sample: Any) -> list[int]:
    """The chosen samples, each once."""
    given = list(sample) if isinstance(sample, (list, tuple, range, np.ndarray)) else [sample]
    whole = [
        number for number in given
        if isinstance(number, (int, np.integer)) and not isinstance(number, bool)
    ]  # fmt: skip
    if not given or len(whole) < len(given):
        raise InputError(
            "A sample is chosen by its number, several by a list of numbers",
            received=repr(sample), allowed="Such as 0, [0, 5, 7] or 'hardest'",
        )  # fmt: skip
    return list(dict.fromkeys(int(number) for number in whole))
