"""Any classifier as one function of rows: probabilities, and every neuron's output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...errors import InputError, LayerwiseError
from ...types import Array, Float32Array, FloatArray

MOST_CLASSES: Final = 20
MOST_LAYERS: Final = 12
MOST_NEURONS: Final = 32


@dataclass(frozen=True, eq=False)
class Look:
    """What a classifier answers to rows.

    `probabilities` (row, class); `layers` the values that enter each dense layer in turn, (row,
    neuron), the inputs first; `scores` (row, output) are a network's own outputs.
    """

    probabilities: FloatArray
    layers: tuple[Float32Array, ...] = ()
    scores: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Reader:
    """A classifier that can be asked about rows (row, input), made ready once and asked often.

    `classes` are its own names or numbers, () where it has none; `certain` says that it gives
    answers alone, drawn as probabilities of 0 and 1; `dense` are the dense layers of a network
    whose maps are shown, `dense_names` their names and `after` the activation behind each.
    `unseen` says which neurons have no map, and why: a reason and a count of layers. `predict`
    are an estimator's own answers, which need not be its likeliest classes.
    """

    ready: Callable[[FloatArray], Any]
    ask: Callable[[Any], Look]
    classes: tuple[Any, ...] = ()
    certain: bool = False
    kind: str = ""
    dense: tuple[Any, ...] = ()
    dense_names: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    unseen: tuple[str, int] | None = None
    predict: Callable[[Any], Any] | None = None

    def look(self, rows: FloatArray) -> Look:
        """What it answers to rows."""
        return self.ask(self.ready(rows))

    def weights(self) -> list[Float32Array]:
        """The weights of the dense layers, (neuron, input) each."""
        return [layer.weight.detach().cpu().float().numpy().copy() for layer in self.dense]

    def biases(self) -> list[Float32Array]:
        """Their biases, (neuron,) each; zeros where a layer has none."""
        return [
            np.zeros(layer.out_features, np.float32)
            if layer.bias is None
            else layer.bias.detach().cpu().float().numpy().copy()
            for layer in self.dense
        ]


def reader_of(model: Any, shape: tuple[int, ...], *, outputs: str = "auto") -> Reader:
    """How that model is asked: a run, a network, an estimator, or a function of rows.

    `shape` is that of one sample; rows come flat and are given to the model in it. `outputs` says
    what a network's numbers are: "logits", "probabilities", or "auto", which takes them for
    probabilities where the last module is a softmax, a logistic function or a step.
    Raises `InputError` for what answers nothing.
    """
    if outputs not in ("auto", "logits", "probabilities"):
        raise InputError(
            'The outputs of a network are "logits", "probabilities" or "auto"',
            received=repr(outputs),
        )
    if hasattr(model, "preparation") and hasattr(model, "loss"):
        return _run(model, shape)
    if hasattr(model, "named_modules") and hasattr(model, "parameters"):
        return _network(model, shape, outputs)
    if callable(getattr(model, "predict_proba", None)):
        classes = tuple(np.asarray(getattr(model, "classes_", ())).tolist())
        own = getattr(model, "predict", None)
        return Reader(
            lambda rows: _as_fitted(model, rows, shape),
            lambda rows: Look(checked(_told(model.predict_proba, rows), len(rows))),
            classes, kind=type(model).__name__,
            predict=(lambda rows: _told(own, rows)) if classes and callable(own) else None,
        )  # fmt: skip
    if callable(getattr(model, "predict", None)):
        return _answers_alone(model, shape)
    if callable(model):
        return Reader(
            lambda rows: rows.reshape(-1, *shape),
            lambda rows: Look(checked(_told(model, rows), len(rows))),
            kind=getattr(model, "__name__", type(model).__name__),
        )
    raise InputError(
        "A decision map needs a classifier", received=f"a {type(model).__name__}",
        allowed="A run, a torch network, an estimator with predict_proba or predict, or a "
        "function from rows to probabilities",
    )  # fmt: skip


def checked(given: Any, count: int) -> FloatArray:
    """Probabilities (row, class) as they must be; one column is that of the second of two classes.

    Raises `InputError` for another shape, for NaN, and for what is no probability.
    """
    found = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
    if found.dtype.kind not in "biuf" or found.ndim not in (1, 2) or len(found) != count:
        raise InputError(
            f"A classifier gives a probability for each class of {count} rows",
            received=f"shape {found.shape} of type {found.dtype}",
        )
    found = found.astype(np.float64)
    if found.ndim == 1 or found.shape[1] == 1:
        second = found.reshape(-1)
        found = np.stack([1 - second, second], 1)
    if not np.isfinite(found).all():
        raise InputError(
            "The classifier gives numbers that are not finite",
            received=f"{int((~np.isfinite(found)).any(1).sum())} of {count} points",
        )
    if found.min() < -1e-6 or np.abs(found.sum(1) - 1).max() > 1e-3:
        raise InputError(
            "The classifier's numbers are no probabilities: they must be 0 or more and add up to 1",
            received=f"{found.min():.3g} at the least, sums up to {found.sum(1).max():.3g}",
            do='For a network say outputs="logits", or give a function that turns scores '
            "into probabilities",
        )
    if found.shape[1] > MOST_CLASSES:
        raise InputError(
            f"A decision map tells up to {MOST_CLASSES} classes apart",
            received=f"{found.shape[1]}", do="Merge rare classes",
        )  # fmt: skip
    return found


def _answers_alone(model: Any, shape: tuple[int, ...]) -> Reader:
    classes = tuple(np.asarray(getattr(model, "classes_", ())).tolist())
    if not classes:
        raise InputError(
            "This estimator says neither probabilities nor which classes it knows",
            received=f"a {type(model).__name__}",
            allowed="One with predict_proba, or with predict and classes_ (fit it first)",
        )

    def ask(rows: Array) -> Look:
        given = np.asarray(_told(model.predict, rows))
        answers = np.array(classes)
        return Look(checked((given[:, None] == answers).astype(np.float64), len(rows)))

    return Reader(
        lambda rows: _as_fitted(model, rows, shape), ask, classes, True, type(model).__name__
    )


def _as_fitted(model: Any, rows: FloatArray, shape: tuple[int, ...]) -> Any:
    """Rows as the estimator learned from them: a table with named columns where it knows names."""
    names = getattr(model, "feature_names_in_", None)
    if names is None or len(names) != rows.shape[1]:
        return rows.reshape(-1, *shape)
    import pandas

    return pandas.DataFrame(rows, columns=list(names))


def _told(call: Callable[[Any], Any], rows: Any) -> Any:
    """What somebody's classifier answers; `InputError` where it raises anything at all."""
    try:
        return call(rows)
    except LayerwiseError:
        raise
    except Exception as error:
        said = str(error).split("\n")[0][:200]
        raise InputError(
            "The classifier cannot answer at points of this plane",
            received=f"{type(error).__name__}: {said}",
            do="Lay another plane, give limits=, or give a function that answers at every point",
        ) from error


def _run(run: Any, shape: tuple[int, ...]) -> Reader:
    if not run.classes:
        raise InputError("This run answers with numbers, not classes: there is no map of them")
    place = next(run.model.parameters())

    def ready(rows: FloatArray) -> Any:
        return run.preparation.apply(rows.reshape(-1, *shape)).to(place.device, place.dtype)

    def probabilities(outputs: Any) -> Any:
        return run.loss.probabilities_of(outputs)

    return _asked(run.model, ready, probabilities, tuple(run.classes), _said(run.model))


def _network(model: Any, shape: tuple[int, ...], outputs: str) -> Reader:
    import torch

    place = next(iter(model.parameters()), torch.empty(0))
    given = outputs == "probabilities" or (outputs == "auto" and _ends_in_probabilities(model))

    def ready(rows: FloatArray) -> Any:
        found = torch.from_numpy(rows.reshape(-1, *shape))
        return found.to(place.device, place.dtype if place.is_floating_point() else torch.float32)

    def probabilities(found: Any) -> Any:
        if given:
            return found
        one = found.ndim == 1 or found.shape[1] == 1
        return torch.sigmoid(found) if one else torch.softmax(found, 1)

    return _asked(model, ready, probabilities, (), _said(model))


def _asked(
    model: Any, ready: Callable[[FloatArray], Any], probabilities: Callable[[Any], Any],
    classes: tuple[Any, ...], kind: str,
) -> Reader:  # fmt: skip
    import torch

    from ...train.health import evaluating
    from ...train.randomness import random_numbers_kept

    names, dense, after, unseen = _dense_layers(model)

    def ask(inputs: Any) -> Look:
        with evaluating(model), random_numbers_kept(), torch.no_grad(), _entering(dense) as seen:
            outputs = _told(model, inputs)
            if not isinstance(outputs, torch.Tensor) or outputs.ndim not in (1, 2):
                raise InputError(
                    "A decision map needs one row of numbers for each sample",
                    received=str(getattr(outputs, "shape", type(outputs).__name__)),
                )
            found = probabilities(outputs.double())
        whole = all(layer in seen and seen[layer].ndim == 2 for layer in dense)
        layers = [seen[layer].cpu().float().numpy() for layer in dense] if whole else []
        answers = checked(found.cpu().numpy(), len(inputs))
        return Look(answers, tuple(layers), outputs.cpu().double().numpy().reshape(len(inputs), -1))

    return Reader(
        ready, ask, classes, False, kind, tuple(dense), tuple(names), tuple(after), unseen
    )


def _dense_layers(
    model: Any,
) -> tuple[list[str], list[Any], list[str], tuple[str, int] | None]:
    """The dense layers in the order in which they are declared, what follows each, what is unseen.

    Normalisations are no layers of neurons; what else has weights and is not dense has no maps.
    """
    from torch import nn

    leaves = [(name, one) for name, one in model.named_modules() if not list(one.children())]
    names, dense, after = [], [], []
    for place, (name, module) in enumerate(leaves):
        if not isinstance(module, nn.Linear) or module in dense:
            continue
        names.append(name)
        dense.append(module)
        following = leaves[place + 1][1] if place + 1 < len(leaves) else None
        known = following is not None and not isinstance(following, nn.Linear)
        after.append(type(following).__name__ if known else "")
    if len(dense) > MOST_LAYERS:
        return [], [], [], ("deep", len(dense))
    others = sum(
        1 for _, one in leaves
        if not isinstance(one, nn.Linear) and any(own.ndim > 1 for own in one.parameters())
    )  # fmt: skip
    own = sum(own.ndim > 1 for part in model.modules() if list(part.children())
              for own in part.parameters(recurse=False))  # fmt: skip
    unseen = ("other", others + own) if others + own else None
    return names, dense, after, unseen


@contextmanager
def _entering(layers: Sequence[Any]) -> Iterator[dict[Any, Any]]:
    """Inside, what enters each of those layers is kept at its first call."""
    seen: dict[Any, Any] = {}

    def keep(module: Any, inputs: tuple[Any, ...]) -> None:
        # A copy: an operation in place behind it would change what was seen.
        seen.setdefault(module, inputs[0].detach().clone())

    handles = [layer.register_forward_pre_hook(keep) for layer in layers]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _ends_in_probabilities(model: Any) -> bool:
    from torch import nn

    from ...models.activations import Step

    leaves = [one for one in model.modules() if not list(one.children())]
    return bool(leaves) and isinstance(leaves[-1], (nn.Softmax, nn.Sigmoid, Step))


def _said(model: Any) -> str:
    from ...models.spec import spec_of

    return spec_of(model) or type(model).__name__
