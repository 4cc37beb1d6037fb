"""From what a person has to what a model takes: rows standardised, pixels from 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

import numpy as np
import torch
from torch import Tensor, nn

from ..data.dataset import Dataset
from ..data.images import ImageDataset
from ..errors import InputError
from ..types import FloatArray

Kind: TypeAlias = Literal["as given", "standardised"]
KINDS: Final = ("as given", "standardised")


@dataclass(frozen=True, eq=False)
class Preparation:
    """What is done to inputs before a model sees them; learned from the training part alone.

    "standardised": each column less its mean, divided by its standard deviation (`mean`, `scale`:
    (feature,); a constant column is divided by 1), in double precision. In either case bytes
    (uint8) with three axes or more are pixels and divided by 255. `shape` is that of one sample;
    None where nobody knows it.
    """

    kind: Kind = "as given"
    shape: tuple[int, ...] | None = None
    mean: FloatArray | None = None
    scale: FloatArray | None = None

    @classmethod
    def of_table(cls, features: FloatArray) -> Preparation:
        """Standardising, learned from (sample, feature)."""
        mean, scale = features.mean(0), features.std(0)
        scale[~(scale > 0)] = 1.0
        return cls("standardised", features.shape[1:], mean, scale)

    def apply(self, inputs: Any) -> Tensor:
        """Inputs (sample, …) as a tensor of floats or whole numbers.

        Pixels stay bytes here: `Taken.inputs` scales them. Raises `InputError` for what is not
        numbers, has another shape than the samples of training, or is not finite.
        """
        if isinstance(inputs, Dataset):
            inputs = inputs.features
        elif isinstance(inputs, ImageDataset):
            inputs = inputs.pixels
        if self.kind == "standardised":
            rows = _numbers(inputs)
            self._check(tuple(rows.shape))
            with np.errstate(over="ignore"):
                rows = ((rows.astype(np.float64) - self.mean) / self.scale).astype(np.float32)
            return _finite(torch.from_numpy(rows))
        tensor = inputs.detach() if isinstance(inputs, Tensor) else _tensor(_numbers(inputs))
        self._check(tuple(tensor.shape))
        return _finite(tensor)

    def _check(self, shape: tuple[int, ...]) -> None:
        if len(shape) < 1 or (self.shape is not None and shape[1:] != self.shape):
            wanted = "" if self.shape is None else ", ".join(map(str, self.shape))
            raise InputError(
                "Inputs must have the shape of the samples that were learned from",
                received=f"shape {shape}",
                allowed=f"(sample, {wanted})",
            )

    def facts(self, reading: Mapping[str, Any]) -> dict[str, Any]:
        """What a picture needs to show inputs as a person knows them, as JSON can hold it.

        `reading` is how samples are read: the names of a table's columns.
        """
        found: dict[str, Any] = {}
        if reading.get("columns"):
            found["columns"] = list(reading["columns"])
        if self.mean is not None and self.scale is not None:
            found["standardised"] = {"mean": self.mean.tolist(), "scale": self.scale.tolist()}
        return found

    def document(self) -> dict[str, Any]:
        """JSON values that hold all of it, exactly."""
        return {
            "kind": self.kind,
            "shape": None if self.shape is None else list(self.shape),
            "mean": None if self.mean is None else self.mean.tolist(),
            "scale": None if self.scale is None else self.scale.tolist(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Preparation:
        """The preparation that `document` gave. Raises `ValueError` or `KeyError` if broken."""
        if document["kind"] not in KINDS:
            raise ValueError(f"unknown preparation {document['kind']!r}")
        arrays = [
            None if document[name] is None else np.asarray(document[name], np.float64)
            for name in ("mean", "scale")
        ]
        shape = None if document["shape"] is None else tuple(int(n) for n in document["shape"])
        kind = cast("Kind", document["kind"])
        if kind == "standardised" and any(a is None or a.shape != shape for a in arrays):
            raise ValueError("means and scales do not fit the shape of a sample")
        return cls(kind, shape, *arrays)


@dataclass(frozen=True)
class Taken:
    """What a model takes: floats of a type, or whole numbers that index an embedding; where."""

    dtype: torch.dtype
    whole: bool
    device: torch.device

    @classmethod
    def by(cls, model: nn.Module, device: torch.device) -> Taken:
        """Read from the model's parameters and modules."""
        floats = (each.dtype for each in model.parameters() if each.is_floating_point())
        embeds = any(isinstance(each, (nn.Embedding, nn.EmbeddingBag)) for each in model.modules())
        return cls(next(floats, torch.get_default_dtype()), embeds, device)

    def inputs(self, tensor: Tensor) -> Tensor:
        """The inputs as the model takes them; bytes of three axes or more become 0 to 1."""
        tensor = tensor.to(self.device)
        if tensor.dtype == torch.uint8 and tensor.ndim >= 3:
            return tensor.to(self.dtype).div_(255)
        if tensor.is_floating_point() or tensor.is_complex():
            return tensor if tensor.is_complex() else tensor.to(self.dtype)
        return tensor.long() if self.whole else tensor.to(self.dtype)

    def targets(self, tensor: Tensor) -> Tensor:
        """Whole numbers as classes; other numbers in the model's own precision."""
        tensor = tensor.to(self.device)
        return tensor.to(self.dtype) if tensor.is_floating_point() else tensor.long()


def _numbers(values: Any) -> Any:
    """An array of numbers, or an `InputError`."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InputError("Inputs must be an array", received=str(error)) from error
    if array.dtype == object:
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(
                "Inputs must be numbers",
                received=str(error),
                do="Code words as numbers first, or load the table with layerwise.data.load",
            ) from error
    if array.dtype.kind not in "biufc":
        raise InputError("Inputs must be numbers", received=f"type {array.dtype}")
    return array


def _tensor(array: Any) -> Tensor:
    if array.dtype.kind == "u" and array.dtype.itemsize > 1:
        array = array.astype(np.int64)
    if array.dtype.kind == "f" and array.dtype.itemsize > 4:
        with np.errstate(over="ignore"):
            array = array.astype(np.float32 if array.dtype.itemsize != 8 else np.float64)
    # A copy: the caller may change the array later, and torch asks for one that can be written.
    return torch.from_numpy(np.array(array, order="C"))


def _finite(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point() or bool(tensor.sum().isfinite()):
        return tensor  # what is not finite makes their sum so
    if not bool(torch.isfinite(tensor).all()):
        where = (~torch.isfinite(tensor)).nonzero()
        first = ", ".join(str(int(n)) for n in where[0])
        raise InputError(
            "Inputs must be finite numbers",
            received=f"{len(where):,} that are not, the first at ({first})",
            do="Leave such samples out, or fill them in",
        )
    return tensor
