"""The error of an answer, squared or by cross-entropy, with the term of each output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError, unknown_name

ERRORS: Final = ("squared", "cross-entropy")


@dataclass(frozen=True, eq=False)
class AnswerError:
    """How wrong outputs are: `kind` is "squared" or "cross-entropy", `target` (sample, output).

    For cross-entropy the target of a sample is 1 at its class and 0 elsewhere.
    """

    kind: str
    target: Tensor

    def terms(self, outputs: Tensor) -> Tensor:
        """What each output adds to its sample's error: (…, sample, output).

        Squared: (output − target)². Cross-entropy: −target · ln softmax(outputs).
        """
        if self.kind == "squared":
            return (outputs - self.target) ** 2
        return -(self.target * outputs.log_softmax(-1))

    def loss(self, outputs: Tensor) -> Tensor:
        """Terms added over outputs, their mean over samples: (…)."""
        return self.terms(outputs).sum(-1).mean(-1)


def prepared(
    model: nn.Module, inputs: Any, target: Any, error: str | None, dtype: torch.dtype
) -> tuple[Tensor, AnswerError]:
    """Inputs as a batch (sample, …) and the error of what the model answers to them.

    A target of whole numbers names classes (cross-entropy), one of other numbers holds the outputs
    that should come (squared), unless `error` says which. Raises `InputError` for what does not
    fit together, `UnknownNameError` for another error.
    """
    if error is not None and error not in ERRORS:
        raise unknown_name("error", str(error), ERRORS)
    if not any(True for _ in model.parameters()):
        raise InputError(
            "This model has no weights, so that there is nothing to learn",
            received=type(model).__name__, do="Give a model with parameters",
        )  # fmt: skip
    x, wanted = _numbers(inputs, "inputs"), _numbers(target, "target")
    first = next(model.parameters()).device
    batch = torch.tensor(x, dtype=dtype, device=first)  # a copy: a data set's arrays are read-only
    if batch.ndim == 1:
        batch = batch[None]
    with torch.no_grad():
        try:
            outputs = model(batch)
        except RuntimeError as problem:
            raise InputError(
                "The model cannot take these inputs",
                received=f"shape {tuple(batch.shape)}: {str(problem).splitlines()[0][:120]}",
            ) from None
    if not isinstance(outputs, Tensor) or outputs.ndim != 2:
        found = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        raise InputError(
            "The model must give a row of outputs for each sample",
            received=str(found), allowed="An array (sample, output)",
        )  # fmt: skip
    kind = error or ("cross-entropy" if wanted.dtype.kind in "iub" else "squared")
    samples, count = outputs.shape
    if kind == "squared":
        shape = (samples, count)
        if wanted.size != samples * count:
            raise InputError(
                f"The target needs a number for each of {samples} × {count} outputs",
                received=f"shape {wanted.shape}",
            )
        told = torch.as_tensor(wanted.reshape(shape), dtype=dtype, device=first)
        return batch, AnswerError(kind, told)
    classes = wanted.reshape(-1)
    if len(classes) != samples or (classes != np.floor(classes)).any():
        raise InputError(
            "The target is the number of a class for each sample",
            received=f"shape {wanted.shape} for {samples} samples",
        )
    if ((classes < 0) | (classes >= count)).any():
        raise InputError(
            f"The target names a class that is not there: classes are 0 to {count - 1}",
            received=f"{classes.min():g} to {classes.max():g}",
        )
    index = torch.as_tensor(classes.astype(np.int64), device=first)
    told = nn.functional.one_hot(index, count).to(dtype)
    return batch, AnswerError(kind, told)


def _numbers(values: Any, what: str) -> np.ndarray[Any, np.dtype[Any]]:
    try:
        given = np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values)
    except (TypeError, ValueError):
        raise InputError(f"The {what} must be numbers", received=repr(values)[:80]) from None
    said = repr(values) if given.size <= 8 and given.ndim < 2 else f"shape {given.shape}"
    if given.dtype.kind not in "biuf" or not given.size:
        raise InputError(f"The {what} must be numbers", received=said[:80])
    if not np.isfinite(given).all():
        if given.size > 8 or given.ndim > 1:
            said += f", {int((~np.isfinite(given)).sum()):,} of them not"
        raise InputError(f"The {what} must be finite numbers", received=said[:80])
    return given
