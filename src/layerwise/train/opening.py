"""From what was given to a training that is ready: everything is checked before the first step."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..data.wording import counted
from ..errors import InputError, OutputError
from ..models.builder import build
from ..record.keep import EVERY
from ..record.recorder import Recorder
from .batches import Batches, MemoryBatches, make_batches
from .checkpoint import NAME, model_identity
from .evaluation import forward, one_tensor
from .health import Health, evaluating, probe_size
from .losses import Loss, make_loss
from .optimizers import make_optimizer, needs_closure
from .options import DEFAULT_KEEP, Options, described
from .precision import Precision
from .prediction import reading_of
from .preparation import Taken
from .randomness import random_numbers_kept, seed_all
from .recording import NAME as TRACE
from .recording import Recording
from .run import Run
from .schedules import make_schedule
from .source import Memory, Source, open_source
from .stopping import EarlyStopping
from .training import Training

FILMED: Final = 60
"""At how many steps arrays are kept at least, where a training has so many and nobody says."""


def open_training(model: nn.Module | str, data: Any, options: Options) -> tuple[Training, Run]:
    """A training at its beginning, or where its checkpoint stands, and the run that shows it."""
    source = open_source(data, int(options.seed))
    device = options.on(model if isinstance(model, nn.Module) else None)
    network, spec = _network(model, source, int(options.seed))
    network.to(device)
    taken = Taken.by(network, device)
    size = None if options.batch_size == "full" else int(options.batch_size)
    normalised = any(isinstance(module, _BatchNorm) for module in network.modules())
    training, control, test = (
        None if part is None else make_batches(
            part, taken, size=size, seed=int(options.seed),
            augment=options.augment if part is source.training else None, merge_single=normalised,
        )
        for part in (source.training, source.control, source.test)
    )  # fmt: skip
    if training is None:
        raise InputError("There are no samples to learn from")
    outputs = _first_look(network, training, source)
    _check_classes(source, outputs, options)
    loss = make_loss(
        options.loss, source.target or "class", tuple(outputs.shape),
        label_smoothing=options.label_smoothing,
    )  # fmt: skip
    for name, part in (("training", source.training), ("control", source.control),
                       ("test", source.test)):  # fmt: skip
        _check_targets(part, name, outputs, loss, source)
    if options.early_stopping is not None and control is None:
        raise InputError(
            "early_stopping needs a control part to look at",
            do="Give data as a pair (training, control), or a data set that can be cut into parts",
        )
    state = _assembled(network, training, control, loss, options, source)
    state.recorder = _recorder(state, options)
    seed_all(int(options.seed))  # a model built here or given: the same numbers from here on
    moments = _settle(state, options)
    about = {
        "seed": int(options.seed), "data": source.title, "model": spec or type(network).__name__,
        "classes": list(source.classes), "options": state.identity["options"],
        "answers": loss.meaning,
        **source.preparation.facts(reading_of(source.parts.training) if source.parts else {}),
        "torch": str(torch.__version__),
    }  # fmt: skip
    trace = None if state.folder is None else state.folder / TRACE
    title = f"{about['model']} learns {source.title}"
    state.recording = Recording(trace, title, about, moments, state.recorder)
    state.notes[:0] = _notes(source, outputs, loss)
    return state, Run(state, source, taken, test)


def _network(model: nn.Module | str, source: Source, seed: int) -> tuple[nn.Module, str]:
    """The model, and its spelling where it is built from one."""
    if isinstance(model, nn.Module):
        return model, ""
    if not isinstance(model, str):
        raise InputError(
            "The model is a torch.nn.Module or words that build one",
            received=type(model).__name__,
            allowed='For instance "mlp 64-32"',
        )
    shape, count = source.preparation.shape, len(source.classes)
    if source.target == "number" and isinstance(source.training, Memory):
        targets = source.training.targets
        count = 1 if targets.ndim == 1 else targets.shape[1]
    if shape is None or not count:
        raise InputError(
            "Words build a model for data in memory, whose shape and classes are known",
            received=repr(model),
            do="Build it with layerwise.models.build(words, inputs, classes)",
        )
    seed_all(seed)
    return build(model, shape, count), model


def _first_look(network: nn.Module, batches: Batches, source: Source) -> Tensor:
    """What the model gives for a few samples; nothing is changed or used up by looking."""
    with random_numbers_kept(), evaluating(network), torch.no_grad():
        if isinstance(batches, MemoryBatches):
            inputs, targets = batches.sample(4), None
        else:
            batch = next(batches.fixed(), None)
            if batch is None:
                raise InputError("The loader of the training part gives no batches")
            inputs, targets = batch
        outputs = forward(network, inputs)
    if source.target is None and targets is not None:
        source.target = "number" if targets.is_floating_point() else "class"
        source.preparation = dataclasses.replace(source.preparation, shape=tuple(inputs.shape[1:]))
    if outputs.ndim < 1 or len(outputs) != len(inputs):
        raise InputError(
            "The model must give one output for each sample, (sample, …)",
            received=f"{tuple(outputs.shape)} for {len(inputs)} samples",
        )
    return outputs


def _check_classes(source: Source, outputs: Tensor, options: Options) -> None:
    """Whether the model's outputs and the classes belong together; names for those without."""
    if source.target != "class":
        return
    single = outputs.ndim == 1 or outputs.shape[1] == 1
    count = 2 if single else int(outputs.shape[1])
    names = source.classes
    if not source.named and isinstance(source.training, Memory):
        names = ()
    dataset: Any = getattr(source.training, "dataset", source.training)
    listed = getattr(dataset, "classes", None)
    if not names and isinstance(listed, (list, tuple)) and len(listed) == count:
        names, source.named = tuple(map(str, listed)), True
    if names and len(names) != count:
        raise InputError(
            "The model's outputs are not as many as the classes",
            received=f"{count} outputs and {len(names)} classes ({', '.join(names[:8])})",
            do=f"Give the model {len(names)} outputs",
        )
    source.classes = names or tuple(map(str, range(count)))


def _check_targets(part: Any, name: str, outputs: Tensor, loss: Loss, source: Source) -> None:
    """Whether every target in memory is one of the classes."""
    if not isinstance(part, Memory):
        return
    targets = part.targets
    if (loss.target == "number") != targets.is_floating_point():
        raise InputError(
            f"The targets of the {name} part are of another kind than those of the training part"
        )
    if loss.target == "number":
        return
    count = len(source.classes)
    wrong = ((targets < 0) | (targets >= count)).nonzero()
    if len(wrong):
        first = tuple(int(n) for n in wrong[0])
        raise InputError(
            f"Labels of the {name} part are outside the classes",
            received=f"{int(targets[first])} at sample {first[0]}, {len(wrong):,} such in all",
            allowed=f"0 to {count - 1}: the model has {counted(count, 'output')}",
        )
    if name == "training" and targets.numel() and bool((targets == targets.flatten()[0]).all()):
        only = source.classes[int(targets.flatten()[0])]
        raise InputError(
            "All training samples are of one class: there is nothing to tell apart",
            received=f"{len(targets):,} samples of {only!r}",
        )


def _assembled(
    network: nn.Module, training: Batches, control: Batches | None, loss: Loss, options: Options,
    source: Source,
) -> Training:  # fmt: skip
    optimizer = make_optimizer(
        options.optimizer, network, learning_rate=options.learning_rate,
        momentum=options.momentum, weight_decay=options.weight_decay,
    )  # fmt: skip
    precision = Precision(options.precision, next(network.parameters()).device)
    if needs_closure(optimizer) and precision.scales:
        raise InputError("L-BFGS does not go with float16", do="Use precision='bfloat16'")
    settings = {"class": type(optimizer).__name__, "groups": [
        {key: described(value) for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    ]}  # fmt: skip
    schedule = make_schedule(
        options.schedule, optimizer, epochs=int(options.epochs), steps=training.steps
    )
    patience = options.early_stopping
    identity = {
        "model": model_identity(network),
        "data": {
            "training": training.identity(),
            "control": None if control is None else control.identity(),
        },
        "options": options.document(settings, length_free=schedule.length_free),
    }
    probe = None
    if options.health and isinstance(control or training, MemoryBatches):
        looked: Any = control or training
        probe = looked.sample(probe_size(looked.sample(1)))
    return Training(
        network, training, control, loss, optimizer, schedule, precision,
        None if patience is None else EarlyStopping(int(patience)),
        Health(network, probe) if options.health else None,
        Recording(None, "", {}), identity,
        None if options.folder is None else Path(options.folder).expanduser(),
        float(options.checkpoint_every_s),
    )  # fmt: skip


def _recorder(state: Training, options: Options) -> Recorder | None:
    """Who watches the layers; None where nobody is to, or nobody can."""
    keep = options.keep
    if keep is None:
        return None
    if options.activation_checkpoints:
        state.notes.append("layers are not recorded while their activations are made twice")
        return None
    steps = state.batches.steps
    if keep.every is None and steps is not None:
        every = steps * int(options.epochs) // FILMED
        keep = dataclasses.replace(keep, every=min(max(every, 1), EVERY))
    probe = None
    looked = state.control or state.batches
    if isinstance(looked, MemoryBatches):
        inputs, targets = looked.pairs(keep.samples or 4)
        probe = (inputs, lambda output: state.loss.judge(one_tensor(output), targets))
    try:
        return Recorder(state.model, keep, probe=probe)
    except InputError as error:
        if options.keep is not DEFAULT_KEEP:
            raise
        state.notes.append(f"only losses are recorded. {error}")
        return None


def _settle(state: Training, options: Options) -> int | None:
    """Make the folder, or take up what is in it; the moments its trace keeps."""
    folder = state.folder
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot make the folder {folder}: {error.strerror}", do="Choose another place"
        ) from error
    if options.resume:
        moments = state.resume()
        if moments is None:
            state.notes.append(f"there was no checkpoint in {folder.name} yet: begun anew")
        else:
            state.notes.append(f"taken up after step {state.step:,}")
        return moments
    if (folder / NAME).exists():
        raise OutputError(
            f"There is a training in {folder} already",
            do="Go on with it (resume=True), or choose another folder",
        )
    return None


def _notes(source: Source, outputs: Tensor, loss: Loss) -> list[str]:
    said = list(source.notes)
    adds_up = (
        outputs.ndim == 2
        and outputs.shape[1] > 1
        and bool((outputs >= 0).all())
        and torch.allclose(outputs.sum(1), torch.ones_like(outputs[:, 0]), atol=1e-4)
    )
    if loss.name == "cross-entropy" and adds_up:
        said.append(
            "the model's outputs look like probabilities, but cross-entropy takes logits: leave "
            "the softmax at its end out"
        )
    return said
