"""A classifier that can say *unknown*, with a stated rate of false alarms.

A network trained to tell A from B says A or B of everything, and is often sure: how sure it is says
little about whether it has seen such a thing. So a copy of the network, the *guard*, learns one
answer more, from samples that are none of the classes: given ones, or ones made up from the
training data (`open_set_others`). Its score for "none of these", log p/(1 − p), is compared with
the scores of control samples, which nothing was learned from: the threshold is the score that at
most the wanted share of them passes.

Rows of numbers need no guard unless others are given: their score is how far they lie from the
nearest class (`open_set_distance`), and a guard's is added to it.

Sources: outlier exposure (Hendrycks et al., 2019, https://arxiv.org/abs/1812.04606); conformal
calibration (Vovk, Gammerman, Shafer, Algorithmic Learning in a Random World, 2005); the baseline
that `compare` shows (Hendrycks and Gimpel, 2017, https://arxiv.org/abs/1610.02136).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..data.dataset import Dataset
from ..data.images import ImageDataset
from ..errors import FileError, InputError
from ..models.builder import build
from ..types import Array, FloatArray, IntArray
from .batches import Augmentation
from .evaluation import forward
from .fit import fit
from .health import evaluating
from .open_set_distance import ClassDistances
from .open_set_file import read_open_set, save_open_set
from .open_set_guard import widened
from .open_set_judged import Comparison, FalseAlarms, area_under_roc, passed, threshold_for
from .open_set_others import made_up
from .preparation import Preparation, Taken
from .randomness import random_numbers_kept
from .run import Run

UNKNOWN: Final = "unknown"
FEWEST_CONTROL: Final = 20
_BATCH = 512
_FEWEST_STEPS = 300  # of 64 samples each, however few samples there are


class OpenSet:
    """A trained classifier with the answer *unknown*.

    `model` is what `fit` gave, or any classifying `torch.nn.Module` with logits (sample, class).
    `known` and `control` are samples of the classes, for learning and for calibration: data sets or
    pairs (X, y); a run has its own, `run.parts`. `others` are samples of none of the classes, the
    more various the better: a data set or an array, labels not looked at. Without any, some are
    made up from the known images, which works less well. For drawings,
    ``layerwise.data.drawings(("other",), 3000)`` gives good ones.

    `false_alarms` is the share of known samples that may be called unknown. `guard` is the network
    that learns the answer: a copy of the model with one output more, or words that build another
    ("cnn"). It trains for `epochs` (more
    where samples are few) with that `learning_rate`, which takes about as long as that
    many epochs of the model on twice its data; `augment` and `seed` are as in `fit`. `classes`
    names the outputs of a module of one's own.

    Raises `InputError` for data that do not fit the model or are too few to calibrate
    (`FEWEST_CONTROL`, and 1/`false_alarms`), and for a model whose last layer cannot be widened.
    """

    classes: tuple[str, ...]
    guard: nn.Module | None
    threshold: float
    false_alarm_rate: FalseAlarms

    _ends_in_log: bool
    _distances: ClassDistances | None
    _shape: tuple[int, ...]

    def __init__(
        self,
        model: Run | nn.Module,
        known: Any = None,
        control: Any = None,
        *,
        others: Any = None,
        false_alarms: float = 0.05,
        guard: str | None = None,
        classes: Sequence[str] | None = None,
        augment: Augmentation | None = None,
        epochs: int = 6,
        learning_rate: float = 2e-3,
        seed: int = 0,
    ) -> None:
        self._take_model(model, classes)
        self.false_alarms_wanted = _share(false_alarms)
        parts = model.parts if isinstance(model, Run) else None
        known = known if known is not None else getattr(parts, "training", None)
        control = control if control is not None else getattr(parts, "control", None)
        if known is None or control is None:
            raise InputError(
                "To learn what is unknown, samples of the classes are needed",
                received=f"{'no ' if known is None else ''}training samples and "
                f"{'no ' if control is None else ''}control samples",
                do="Give known=(X, y) and control=(X, y)",
            )
        inputs, labels = self._labelled(known)
        aside, _ = self._labelled(control)
        count = len(self.classes) or int(labels.max()) + 1
        if not self.classes:
            self.classes = tuple(str(number) for number in range(count))
        self.guard_words, self.guard = guard, None
        self._shape = tuple(inputs.shape[1:])
        self._distances = None
        if len(self._shape) == 1:
            self._distances = ClassDistances.of(_rows(inputs), labels)
        if self._distances is None or others is not None:
            self.guard = self._new_guard(inputs, count)
            outside = self._others(inputs, others, seed)
            everything = torch.cat([inputs, outside])
            targets = np.concatenate([labels, np.full(len(outside), count)])
            fit(
                self.guard,
                (everything, targets),
                epochs=max(epochs, math.ceil(_FEWEST_STEPS * 64 / len(everything))),
                optimizer="adamw",
                learning_rate=learning_rate,
                weight_decay=1e-4,
                schedule="one-cycle",
                loss="nll" if self._ends_in_log else "cross-entropy",
                seed=seed,
                augment=augment,
                health=False,
                progress=False,
            )
        self._calibrate(self._scores(aside), self._doubts(aside))

    def predict(self, inputs: Any) -> NDArray[np.str_]:
        """The class of every sample by name, or "unknown": (sample,)."""
        ready = self._preparation.apply(inputs)
        named = np.array([*self.classes, UNKNOWN], np.str_)
        likeliest = self._outputs(self.model, ready).argmax(1).numpy()
        likeliest[self._scores(ready) > self.threshold] = len(self.classes)
        found: NDArray[np.str_] = named[likeliest]
        return found

    def scores(self, inputs: Any) -> FloatArray:
        """How unknown every sample looks, (sample,): the guard's log p/(1 − p) of "none of these".

        For rows of numbers, half the squared distance to the nearest class is added, or stands
        alone.
        """
        return self._scores(self._preparation.apply(inputs))

    def compare(self, known: Any, unknown: Any) -> Comparison:
        """How well known and unknown samples are told apart, beside a threshold on softmax.

        Both are judged at thresholds calibrated on the same control samples for the same rate of
        false alarms.
        """
        inside = self._preparation.apply(_inputs(known))
        outside = self._preparation.apply(_inputs(unknown))
        ours = self._scores(inside), self._scores(outside)
        softmax = self._doubts(inside), self._doubts(outside)
        return Comparison(
            len(inside),
            len(outside),
            area_under_roc(*ours),
            area_under_roc(*softmax),
            passed(ours[1], self.threshold),
            passed(softmax[1], self.softmax_threshold),
            passed(ours[0], self.threshold),
            passed(softmax[0], self.softmax_threshold),
        )

    def save(self, path: str | Path) -> Path:
        """Write what was learned as one file; the model is saved by itself. Returns the path."""
        return save_open_set(self, path)

    @classmethod
    def load(cls, path: str | Path, model: Run | nn.Module) -> OpenSet:
        """What `save` wrote, around the same model.

        Raises `FileError` for a file that is missing, broken, foreign, or of another model.
        """
        return cls.from_document(model, *read_open_set(path, model))

    def to_document(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """All that was learned: arrays by name, and JSON values. The model itself is not in it."""
        arrays: dict[str, Array] = {
            f"guard.{name}": value.detach().cpu().numpy()
            for name, value in (self.guard.state_dict() if self.guard else {}).items()
        }
        if self._distances is not None:
            arrays["means"] = self._distances.means
            arrays["precision"] = self._distances.precision
        arrays["control_scores"] = self._control_scores
        arrays["control_doubts"] = self._control_doubts
        about = {
            "classes": list(self.classes),
            "false_alarms": self.false_alarms_wanted,
            "guard": self.guard_words,
            "guarded": self.guard is not None,
            "shape": list(self._shape),
        }
        return arrays, about

    @classmethod
    def from_document(
        cls, model: Run | nn.Module, arrays: Mapping[str, Array], about: Mapping[str, Any]
    ) -> OpenSet:
        """What `to_document` gave, around the same model. Raises `FileError` if broken."""
        made = cls.__new__(cls)
        try:
            made._take_model(model, tuple(str(name) for name in about["classes"]))
            made.false_alarms_wanted = _share(float(about["false_alarms"]))
            made.guard_words = None if about["guard"] is None else str(about["guard"])
            example = torch.zeros((2, *(int(side) for side in about["shape"])))
            made._shape = tuple(example.shape[1:])
            made.guard = made._distances = None
            if len(made._shape) == 1:
                means, precision = (
                    np.asarray(arrays[name], np.float64).reshape(-1, *made._shape)
                    for name in ("means", "precision")
                )
                made._distances = ClassDistances(means, precision)
            if about["guarded"]:
                made.guard = made._new_guard(example, len(made.classes))
                prefix = "guard."
                made.guard.load_state_dict({
                    name.removeprefix(prefix): torch.from_numpy(np.array(values))
                    for name, values in arrays.items() if name.startswith(prefix)
                })  # fmt: skip
            scores, doubts = (
                np.asarray(arrays[name], np.float64).reshape(-1)
                for name in ("control_scores", "control_doubts")
            )
            made._calibrate(scores, doubts)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise FileError(
                "This is not what an OpenSet of this model was written to",
                received=str(error).splitlines()[0][:200],
            ) from None
        return made

    def __repr__(self) -> str:
        """The classes, the rate of false alarms, and what it was measured on."""
        return f"<OpenSet of {len(self.classes)} classes: {self.false_alarm_rate}>"

    # What follows is how it is done.

    def _take_model(self, model: Run | nn.Module, classes: Sequence[str] | None) -> None:
        if isinstance(model, Run):
            self.model, self._preparation = model.model, model.preparation
            self.classes = tuple(classes or model.classes)
            self._ends_in_log = model.loss.meaning == "log-probabilities"
        elif isinstance(model, nn.Module):
            self.model, self._preparation = model, Preparation()
            self.classes, self._ends_in_log = tuple(classes or ()), False
        else:
            raise InputError(
                "OpenSet takes what fit gave, or a torch.nn.Module", received=type(model).__name__
            )
        if UNKNOWN in self.classes:
            raise InputError(
                f"One of the classes is itself called {UNKNOWN!r}", do="Give it another name"
            )

    def _labelled(self, data: Any) -> tuple[Tensor, IntArray]:
        """Inputs as the model takes them, and the index of each one's class."""
        if isinstance(data, (Dataset, ImageDataset)):
            given: Array = data.y if self.classes else data.require_labels()
        elif isinstance(data, tuple) and len(data) == 2:
            given = np.asarray(data[1])
        else:
            raise InputError(
                "Samples of the classes are a data set or a pair (X, y)",
                received=type(data).__name__,
            )
        inputs = self._preparation.apply(_inputs(data))
        if given.shape != (len(inputs),):
            raise InputError(
                "There must be one label for each sample",
                received=f"{len(inputs)} samples and labels of shape {given.shape}",
            )
        if given.dtype.kind in "iu" and (not len(given) or given.min() >= 0):
            labels = given.astype(np.int64)
            if not self.classes or (len(given) and given.max() < len(self.classes)):
                return inputs, labels
        places = {name: place for place, name in enumerate(self.classes)}
        strange = sorted({str(name) for name in given} - places.keys())
        if strange:
            raise InputError(
                "Some labels are none of the model's classes",
                received=", ".join(strange[:5]),
                allowed=f"Known: {', '.join(self.classes[:20])}",
                do="Give samples of other things as others=",
            )
        return inputs, np.array([places[str(name)] for name in given], np.int64)

    def _others(self, known: Tensor, others: Any, seed: int) -> Tensor:
        """What the guard learns as unknown: as many as are known, those given as often as it needs.

        Made-up ones are a quarter of it even where others are given: nobody gives all kinds.
        """
        count = len(known)
        samples = known.numpy()
        if others is None:
            return torch.from_numpy(made_up(samples, count, seed))
        given = self._preparation.apply(_inputs(others)).numpy()
        if not len(given):
            raise InputError("There are no samples in others", do="Leave it out, or give some")
        share = 0.25
        rows = np.arange(max(len(given), round((1 - share) * count))) % len(given)
        more = made_up(samples, max(round(share * count), 1), seed)
        return torch.from_numpy(np.concatenate([given[rows].astype(samples.dtype), more]))

    def _new_guard(self, inputs: Tensor, count: int) -> nn.Module:
        if self.guard_words is not None:
            return build(self.guard_words, self._shape, count + 1, seed=0)
        place = next(self.model.parameters(), torch.empty(0)).device
        return widened(self.model, Taken.by(self.model, place).inputs(inputs[:2]), count)

    def _outputs(self, model: nn.Module, ready: Tensor) -> Tensor:
        place = next(model.parameters(), torch.empty(0)).device
        taken = Taken.by(model, place)
        with evaluating(model), random_numbers_kept(), torch.no_grad():
            found = [
                forward(model, taken.inputs(ready[start : start + _BATCH])).cpu()
                for start in range(0, max(len(ready), 1), _BATCH)
            ]
        return torch.cat(found).double()

    def _scores(self, ready: Tensor) -> FloatArray:
        found = np.zeros(len(ready))
        if self._distances is not None:
            found = found + self._distances.half_squares(_rows(ready))
        if self.guard is not None:
            logarithms = torch.log_softmax(self._outputs(self.guard, ready), 1)
            none_of_them = logarithms[:, -1] - torch.logsumexp(logarithms[:, :-1], 1)
            found = found + none_of_them.numpy()
        return found

    def _doubts(self, ready: Tensor) -> FloatArray:
        """One less the largest softmax of the model itself: the baseline's score."""
        return np.asarray(1 - torch.softmax(self._outputs(self.model, ready), 1).amax(1).numpy())

    def _calibrate(self, scores: FloatArray, doubts: FloatArray) -> None:
        needed = max(FEWEST_CONTROL, math.ceil(1 / self.false_alarms_wanted) - 1)
        if len(scores) < needed or scores.shape != doubts.shape:
            raise InputError(
                f"Too few control samples for {self.false_alarms_wanted:.3%} of false alarms",
                received=f"{len(scores)}",
                allowed=f"{needed} or more",
                do="Set more samples aside, or allow more false alarms",
            )
        if not (np.isfinite(scores).all() and np.isfinite(doubts).all()):
            raise InputError("The scores of the control samples are not finite")
        self._control_scores, self._control_doubts = scores, doubts
        self.threshold = threshold_for(scores, self.false_alarms_wanted)
        self.softmax_threshold = threshold_for(doubts, self.false_alarms_wanted)
        self.false_alarm_rate = FalseAlarms.at(scores, self.threshold)


def _rows(inputs: Tensor) -> FloatArray:
    return np.asarray(inputs.detach().cpu().numpy(), np.float64)


def _inputs(data: Any) -> Any:
    """X of a pair (X, y); anything else as it is."""
    return data[0] if isinstance(data, tuple) and len(data) == 2 else data


def _share(value: float) -> float:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not 0 < value < 1:
        raise InputError(
            "The share of false alarms must be a number between 0 and 1", received=repr(value)
        )
    return float(value)
