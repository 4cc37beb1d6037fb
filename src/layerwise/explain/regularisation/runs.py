"""Regularisation seen: the same small network trained with and without, on too few samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ...data import Augment, ImageDataset, Parts, load_parts
from ...errors import InputError, unknown_name
from ...trace import Header, Moment, Site, Trace
from ...types import FloatArray

if TYPE_CHECKING:
    from torch import nn

WAYS: Final = ("nothing", "dropout", "batch norm", "weight decay", "augmentation")
CURVES: Final = ("training loss", "control loss", "training accuracy", "control accuracy")
DROPOUT: Final = 0.5
DECAY: Final = 3.0
AUGMENT: Final = Augment(rotate=15, shift=0.1, scale=0.15)
HIDDEN: Final = 128
_MOST_SEEDS, _MOST_EPOCHS = 20, 2000


@dataclass(frozen=True, eq=False)
class FewSamples:
    """What the trainings share: few samples to learn from, many to judge by."""

    training: ImageDataset
    control: ImageDataset

    @property
    def features(self) -> int:
        """Numbers of one sample."""
        return int(np.prod(self.training.shape))

    def arrays(self) -> dict[str, tuple[Any, Any]]:
        """Pixels from 0 to 1 and labels, of either part."""
        return {
            name: (part.pixels.astype(np.float32) / 255, part.labels)
            for name, part in (("training", self.training), ("control", self.control))
        }


def few_samples(
    data: Any = "digits", samples: int | None = None, wrong: float = 0.15, seed: int = 0
) -> FewSamples:
    """The first `samples` of the training part of images, and the whole control part.

    None: 100 samples, or as many as there are.

    A share `wrong` of the training labels is replaced by the next class (chosen by `seed`), as
    labels given by people are in part; those of the control part stay as they are.

    `data` is what `layerwise.data.load_parts` reads as images. Raises `InputError` for tables and
    for fewer samples than classes or more than there are.
    """
    parts: Parts = load_parts(data, seed=seed)
    training, control = parts.training, parts.control
    if not isinstance(training, ImageDataset) or not isinstance(control, ImageDataset):
        raise InputError(
            "Regularisation is shown on images, as augmentation needs them",
            received=repr(parts), do="Give images, such as 'digits'",
        )  # fmt: skip
    if samples is None:
        samples = min(100, len(training))
    whole = isinstance(samples, int) and not isinstance(samples, bool)
    if not whole or not len(parts.classes) <= samples <= len(training):
        raise InputError(
            "There must be at least one sample for each class",
            received=f"{samples!r} samples",
            allowed=f"From {len(parts.classes)} to {len(training):,}",
        )
    if not isinstance(wrong, (int, float)) or not 0 <= wrong <= 0.5:
        raise InputError("The share of wrong labels is from 0 to 0.5", received=repr(wrong))
    few = training.take(range(samples))
    chosen = np.random.default_rng(seed).permutation(samples)[: round(wrong * samples)]
    labels = np.array(few.labels)
    labels[chosen] = (labels[chosen] + 1) % len(parts.classes)
    return FewSamples(replace(few, labels=labels), control)


def batch_size(samples: int) -> int:
    """20, or the next size of which no single sample is left over: batch norm needs two."""
    return next(size for size in range(20, samples + 21) if samples % size != 1)


def regularisation(
    data: Any = "digits",
    *,
    ways: Sequence[str] = WAYS,
    samples: int | None = None,
    wrong: float = 0.15,
    epochs: int = 100,
    seeds: int = 5,
    seed: int = 0,
) -> Trace:
    """The same network trained in several ways on few samples, each with several seeds.

    A network of one hidden layer of 128 ReLUs learns `samples` images (None: 100, or as many as
    there are), a share `wrong` of them with a wrong label, with AdamW at .003 for `epochs` epochs:
    plainly ("nothing"), with "dropout" (.5 of the hidden neurons), with "batch norm", with "weight
    decay" (AdamW's, 3: each step shrinks every weight by .9 %), or with "augmentation" (turned,
    moved, scaled anew in each epoch).

    A moment for each way, in the order given; sites "training loss", "control loss", "training
    accuracy", "control accuracy" (seed, epoch), all measured after the epoch in evaluation mode
    (dropout off, no augmentation), and "weights", every weight of the first layer (weight,) of the
    first seed. Real trainings by `layerwise.fit`; equal arguments give equal bits on one machine.

    Raises `UnknownNameError` for an unknown way, `InputError` for numbers out of range.
    """
    from ..one_thread import one_thread

    names = tuple(map(str, ways))
    for name in names:
        if name not in WAYS:
            raise unknown_name("way to regularise", name, WAYS)
    if not names or len(set(names)) < len(names):
        raise InputError("The ways are one or more different names", received=repr(ways))
    for what, given, most in (("seeds", seeds, _MOST_SEEDS), ("epochs", epochs, _MOST_EPOCHS)):
        if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= most:
            raise InputError(
                f"The number of {what} is a whole number from 1 to {most:,}", received=repr(given)
            )
    few = few_samples(data, samples, wrong, seed)
    count = len(few.training)
    about = {
        "ways": list(names), "data": few.training.card.name, "samples": count,
        "wrong": round(wrong * count),
        "control samples": len(few.control), "epochs": epochs, "seeds": seeds, "seed": seed,
        "hidden": HIDDEN, "dropout": DROPOUT, "weight decay": DECAY, "rate": 0.003,
        "optimizer": "adamw",
    }  # fmt: skip
    axes = ("seed", "epoch")
    sites = [Site(name, "metric", axes) for name in CURVES] + [
        Site("weights", "weight", ("weight",))
    ]
    trace = Trace(Header("regularisation", tuple(sites), about))
    for place, name in enumerate(names):
        with one_thread():
            runs = [_trained(few, name, epochs, seed + number) for number in range(seeds)]
        values: dict[str, Any] = {
            curve: np.stack([curves[curve] for curves, _ in runs]) for curve in CURVES
        }
        values["weights"] = runs[0][1]
        trace.append(Moment("way", {"way": place}), values)
    return trace


def _trained(
    few: FewSamples, way: str, epochs: int, seed: int
) -> tuple[dict[str, FloatArray], FloatArray]:
    """The four curves of one training, and the first layer's weights at its end."""
    from ...models import mlp
    from ...train import fit

    model = mlp(
        [few.features, HIDDEN, len(few.training.classes)],
        dropout=DROPOUT if way == "dropout" else 0.0,
        norm="batch" if way == "batch norm" else None,
        seed=seed,
    )
    found: dict[str, list[float]] = {name: [] for name in CURVES}
    arrays = few.arrays()

    def judge(run: Any) -> None:
        for part, (inputs, labels) in arrays.items():
            loss, right = judged(run.model, inputs, labels)
            found[f"{part} loss"].append(loss)
            found[f"{part} accuracy"].append(right)

    fit(
        model, (few.training, few.control), epochs=epochs, optimizer="adamw", learning_rate=0.003,
        weight_decay=DECAY if way == "weight decay" else 0.0,
        batch_size=batch_size(len(few.training)),
        augment=AUGMENT if way == "augmentation" else None, seed=seed, keep=None, health=False,
        on_epoch=judge,
    )  # fmt: skip
    weights = model.fc1.weight.detach().numpy().ravel().copy()  # type: ignore[union-attr,operator]
    return {name: np.array(values) for name, values in found.items()}, weights


def judged(model: nn.Module, inputs: Any, labels: Any) -> tuple[float, float]:
    """Mean cross-entropy and share of right answers in evaluation mode; the mode is put back."""
    import torch

    was = model.training
    model.eval()
    with torch.no_grad():
        logits = model(torch.tensor(inputs)).double()
        aims = torch.tensor(labels)
        loss = float(torch.nn.functional.cross_entropy(logits, aims))
        right = float((logits.argmax(1) == aims).double().mean())
    model.train(was)
    return loss, right
