"""Signs of illness while a network learns: fading and growing gradients, dead and saturated units.

Definitions, each read off without changing anything of the training:

- *vanishing*: the layer nearest the input gets gradients whose root mean square (RMS) is below
  1/10,000 of the last layer's; all layers from the input on that are below are counted. (Hochreiter
  1991; Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
  networks", 2010.)
- *exploding*: that layer gets more than 10,000 times the last layer's; or the gradient of all
  weights together is more than 100 times as long as the weights. (Pascanu, Mikolov & Bengio, "On
  the difficulty of training recurrent neural networks", 2013.)
- *dead*: a ReLU unit that is zero for every sample of the probe; named where at least a tenth of a
  layer is dead. (Lu et al., "Dying ReLU and Initialization", 2019.)
- *saturated*: a unit with |tanh| > 0.99, or a sigmoid outside 0.01 to 0.99, for most samples of the
  probe; named from a tenth of a layer on. The model's own output is left out: there it is an
  answer.

The probe is up to 256 samples, the same each time (with a loader: the batch at hand), seen in
evaluation mode. Looked at in the steps 1, 10, 30, 100 and every 250th.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor, nn

from .randomness import random_numbers_kept
from .unit_watch import UnitWatch

EARLY: Final = (1, 10, 30, 100)
EVERY: Final = 250
FADED: Final = 1e-4
GROWN: Final = 1e4
LONGER_THAN_WEIGHTS: Final = 100.0
MOST_LAYERS: Final = 8  # named one by one in one look
SHARE: Final = 0.1  # of a layer's units, from which on it is named


@dataclass(frozen=True)
class Finding:
    """One sign of illness: its kind, the layer, when, and how many of how many units or layers.

    `kind`: "vanishing", "exploding", "dead" or "saturated". `step` and `epoch` count from 1.
    """

    kind: str
    layer: str
    step: int
    epoch: int
    count: int
    of: int
    text: str

    def __str__(self) -> str:
        """The finding as a sentence."""
        return self.text


class Health:
    """Looks at a model now and then, and tells what is new."""

    def __init__(self, model: nn.Module, probe: Tensor | None) -> None:
        self._model, self._probe = model, probe
        self._told: dict[str, int] = {}

    @staticmethod
    def due(step: int) -> bool:
        """Whether this step is looked at."""
        return step in EARLY or step % EVERY == 0

    def look(self, step: int, epoch: int, inputs: Tensor) -> list[Finding]:
        """What is newly wrong after this step's gradients; `inputs` are its batch."""
        found = [*gradients_found(self._model), *self._units_found(inputs)]
        new = []
        for kind, layer, count, of, text in found:
            key = f"{kind} {layer}"
            before = self._told.get(key, 0)
            if count > before and count - before >= SHARE * of:
                self._told[key] = count
                new.append(Finding(kind, layer, step, epoch, count, of, f"step {step}: {text}"))
        return gathered(new)

    def _units_found(self, inputs: Tensor) -> Iterator[tuple[str, str, int, int, str]]:
        probe = inputs if self._probe is None else self._probe
        watch = UnitWatch(self._model)
        with evaluating(self._model), random_numbers_kept(), torch.no_grad(), watch:
            output = self._model(probe)
        samples = "all" if self._probe is None else f"all {len(probe)} probe"
        whole = f"{samples} samples" + (" of the batch" if self._probe is None else "")
        for units in watch.units:
            if units.kind == "relu":
                count = units.dead
                text = f"are dead (zero for {whole})"
            elif units.is_from(output):
                continue
            else:
                count = units.saturated
                text = f"are saturated ({units.limit} for most of the {len(probe)} samples)"
            if count and count >= SHARE * units.count:
                kind = "dead" if units.kind == "relu" else "saturated"
                of = units.count
                yield kind, units.layer, count, of, f"{_many(count, of)} of {units.layer} {text}"

    def state_dict(self) -> dict[str, Any]:
        """What was told already, for a checkpoint."""
        return dict(self._told)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._told = dict(state)


def gradients_found(model: nn.Module) -> Iterator[tuple[str, str, int, int, str]]:
    """Whether the gradients that the parameters hold now fade or grow towards the input."""
    weights = _weights_of(model)
    gradients = [weight.grad for _, weight in weights if weight.grad is not None]
    if not gradients:
        return
    names = [name for name, weight in weights if weight.grad is not None]
    held = [weight.detach() for _, weight in weights if weight.grad is not None]
    lengths = torch.stack(torch._foreach_norm([*gradients, *held])).tolist()
    slopes, sizes = lengths[: len(names)], lengths[len(names) :]
    rms = [
        length / gradient.numel() ** 0.5 for length, gradient in zip(slopes, gradients, strict=True)
    ]
    last = rms[-1]
    if len(rms) > 2 and last > 0:
        low = next((n for n, value in enumerate(rms) if value >= FADED * last), len(rms))
        if low:
            yield (
                "vanishing",
                names[0],
                low,
                len(rms),
                (
                    f"gradients vanish: RMS {last:.1e} in {names[-1]}, {rms[0]:.1e} in {names[0]}; "
                    f"{_layers(low)} of {len(rms)} get less than 1/10,000 of the last layer's"
                ),
            )
        if rms[0] > GROWN * last:
            high = sum(value > GROWN * last for value in rms)
            yield (
                "exploding",
                names[0],
                high,
                len(rms),
                (
                    f"gradients explode towards the input: RMS {last:.1e} in {names[-1]}, "
                    f"{rms[0]:.1e} in {names[0]}"
                ),
            )
    slope, size = _length(slopes), _length(sizes)
    if size > 0 and slope > LONGER_THAN_WEIGHTS * size:
        largest = max(range(len(rms)), key=rms.__getitem__)
        yield (
            "exploding",
            "all weights",
            len(rms),
            len(rms),
            (
                f"gradients explode: together {slope / size:,.0f} times as long as the weights, "
                f"largest in {names[largest]}"
            ),
        )


def gathered(found: Sequence[Finding]) -> list[Finding]:
    """The same findings; of more than `MOST_LAYERS` of one kind only the worst, with how many."""
    kept = []
    for kind in dict.fromkeys(finding.kind for finding in found):
        alike = [finding for finding in found if finding.kind == kind]
        if len(alike) > MOST_LAYERS:
            worst = max(alike, key=lambda finding: finding.count / finding.of)
            more = f"{worst.text}; {len(alike) - 1:,} more layers have {kind} units"
            alike = [replace(worst, text=more)]
        kept += alike
    return kept


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Inside, the model is in evaluation mode; afterwards each module is as it was."""
    training = [module for module in model.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True


def probe_size(sample: Tensor) -> int:
    """How many samples like this one the probe holds: up to 256, fewer of large ones."""
    return max(8, min(256, (1 << 16) // max(1, sample.numel())))


def finding_documents(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as JSON values."""
    return [asdict(finding) for finding in findings]


def findings_from(documents: Sequence[dict[str, Any]]) -> list[Finding]:
    """Findings from JSON values."""
    return [Finding(**document) for document in documents]


def _weights_of(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """The weight of every layer that has one, in the order of the model; no look-up tables."""
    found = []
    seen: set[int] = set()
    for name, module in model.named_modules():
        if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
            continue
        for key, weight in module.named_parameters(recurse=False):
            fits = weight.requires_grad and weight.ndim >= 2 and id(weight) not in seen
            if fits and (weight.grad is None or not weight.grad.is_sparse):
                seen.add(id(weight))
                found.append((name or key, weight))
    return found


def _length(parts: Sequence[float]) -> float:
    return math.hypot(*parts)


def _many(count: int, of: int) -> str:
    return f"all {of} units" if count == of else f"{count} of {of} units"


def _layers(count: int) -> str:
    return "1 layer" if count == 1 else f"{count} layers"
