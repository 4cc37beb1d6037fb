"""Which layer a batch does not fit, what the layer got and what it wants."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from ..errors import InputError
from .description import describe


def explain(model: nn.Module, batch: Any, error: Exception) -> InputError:
    """The error of a forward pass, said by the layer where it arose: what it got, what it wants.

    `batch` is what the model was called with: a tensor, a tuple of arguments or a dict of named
    ones. The pass runs once more under hooks; the model's buffers and the random numbers are
    afterwards as before. An error that does not arise again is given in its own words.

    >>> explain(mlp([784, 64, 4]), torch.zeros(32, 1, 8, 8), error)
    A batch of shape (32, 1, 8, 8) does not fit the model: layer fc1 (Linear 784 → 64) got
    (32, 64), which has 64 features, and wants 784 features. …
    """
    return _told(model, batch, error)[0]


def misfit(model: nn.Module, batch: Any, error: Exception) -> InputError | None:
    """The same where a layer is known to want another shape; None for errors of any other kind."""
    told, is_misfit = _told(model, batch, error)
    return told if is_misfit else None


@contextmanager
def misfits_told(model: nn.Module, batch: Any) -> Iterator[None]:
    """Where a layer gets another shape than it wants, say so; all other errors stay as they are."""
    try:
        yield
    except RuntimeError as error:
        told = misfit(model, batch, error)
        if told is None:
            raise
        raise told from error


def _told(model: nn.Module, batch: Any, error: Exception) -> tuple[InputError, bool]:
    """The error in words, and whether it is a layer's wish that was not met."""
    entered: list[tuple[str, nn.Module, tuple[Any, ...]]] = []
    with _entered_by(model, entered), _kept_as_it_was(model):
        try:
            _call(model, batch)
        except Exception as again:
            error = again
        else:
            entered.clear()
    said = f"A batch of {_shapes(batch)} does not fit the model"
    advice = "Give inputs of the shape that the model was made for, or make a model for these"
    if not entered:
        return InputError(said, received=_first_line(error), do=advice), False
    name, module, args = entered[-1]
    label = f"layer {name}" if name else "the model itself"
    got = next((arg for arg in args if isinstance(arg, Tensor)), None)
    wish = _wish(module, got) if got is not None else None
    if wish is None:
        given = f" got {_shapes(args)}" if args else " failed"
        words = f"{said}: {label} ({describe(module)}){given}: {_first_line(error)}"
        return InputError(words, do=advice), False
    return InputError(f"{said}: {label} ({describe(module)}) {wish}", do=advice), True


def _wish(module: nn.Module, got: Tensor) -> str | None:
    """What a layer got and wants, in words; None where its wish is not known or was met."""
    weight = next((p for p in module.parameters(recurse=False)), None)
    if isinstance(module, nn.Embedding):
        if got.is_floating_point():
            return f"got {_kind(got)} numbers and wants whole numbers, the rows of its table"
        return f"got indices up to {_largest(got)} and wants 0 to {module.num_embeddings - 1}"
    if weight is not None and weight.device != got.device:
        return f"got a batch on {got.device} and its weights are on {weight.device}"
    shape = tuple(got.shape)
    match module:
        case nn.Linear() if not shape or shape[-1] != module.in_features:
            return _said(shape, shape[-1] if shape else 0, module.in_features, "features")
        case _ConvNd():
            axes = len(module.kernel_size)
            if len(shape) not in (axes + 1, axes + 2):
                places = "(sample, channel, row, column)" if axes == 2 else f"{axes + 2} axes"
                return f"got shape {shape} and wants {places}"
            if shape[-axes - 1] != module.in_channels:
                return _said(shape, shape[-axes - 1], module.in_channels, "channels")
        case _BatchNorm():
            if len(shape) > 1 and shape[1] != module.num_features:
                return _said(shape, shape[1], module.num_features, "channels")
            if module.training and math.prod((*shape[:1], *shape[2:])) == 1:
                return f"got {shape}, one value a channel, and wants two or more to train"
        case nn.LayerNorm() if shape[-len(module.normalized_shape) :] != module.normalized_shape:
            return f"got {shape} and wants {tuple(module.normalized_shape)} at its end"
    if weight is not None and weight.dtype != got.dtype:
        return f"got {_kind(got)} numbers and its weights are {_kind(weight)}"
    return None


def _said(shape: tuple[int, ...], got: int, wanted: int, what: str) -> str:
    return f"got {shape} = {got:,} {what}, wants {wanted:,}"


@contextmanager
def _entered_by(
    model: nn.Module, entered: list[tuple[str, nn.Module, tuple[Any, ...]]]
) -> Iterator[None]:
    """Keeps in `entered` the modules that were entered and not left: the last one failed."""

    def enter(name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        return lambda module, args: entered.append((name, module, args))

    def leave(module: nn.Module, args: Any, output: Any) -> None:
        entered.pop()

    handles = []
    try:
        for name, module in model.named_modules():
            handles += [module.register_forward_pre_hook(enter(name))]
            handles += [module.register_forward_hook(leave)]
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _kept_as_it_was(model: nn.Module) -> Iterator[None]:
    """No gradients inside; buffers (running means) and random numbers afterwards as before."""
    before = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            yield
    finally:
        with torch.no_grad():
            for buffer, kept in before:
                buffer.copy_(kept)


def _call(model: nn.Module, batch: Any) -> Any:
    if isinstance(batch, Mapping):
        return model(**batch)
    return model(*batch) if isinstance(batch, tuple) else model(batch)


def _shapes(batch: Any) -> str:
    if isinstance(batch, Tensor):
        return f"shape {tuple(batch.shape)}"
    if isinstance(batch, Mapping):
        return ", ".join(f"{name}: {_shapes(part)}" for name, part in batch.items())
    if isinstance(batch, (tuple, list)):
        return ", ".join(_shapes(part) for part in batch)
    return type(batch).__name__


def _largest(got: Tensor) -> int:
    return int(got.max()) if got.numel() else 0


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
