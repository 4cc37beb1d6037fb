"""The training loop: batches in, updates made, every epoch judged, everything kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import torch
from torch import nn

from ..errors import DivergedError, InputError
from ..record.keep import Keep
from .batches import Augmentation
from .divergence import finite_weights
from .evaluation import mean_scores
from .interruption import Interruption, TrainingInterrupted
from .losses import LossChoice
from .opening import open_training
from .optimizers import OptimizerChoice, learning_rate_of
from .options import DEFAULT_KEEP, Clip, Options, read_clip
from .progress import Progress, Teller, teller_for
from .randomness import random_numbers_kept
from .run import Run
from .schedules import ScheduleChoice
from .segments import in_segments
from .training import Training
from .updates import divergence, make_update


def fit(
    model: nn.Module | str,
    data: Any,
    *,
    epochs: int = 10,
    optimizer: OptimizerChoice = "adam",
    learning_rate: float | None = None,
    momentum: float | None = None,
    weight_decay: float | None = None,
    loss: LossChoice = "auto",
    label_smoothing: float = 0.0,
    schedule: ScheduleChoice = None,
    batch_size: int | Literal["full"] = 64,
    clip: Clip = None,
    early_stopping: int | None = None,
    augment: Augmentation | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    precision: str = "float32",
    activation_checkpoints: bool = False,
    keep: Keep | None = DEFAULT_KEEP,
    folder: str | Path | None = None,
    resume: bool = False,
    checkpoint_every_s: float = 30.0,
    health: bool = True,
    progress: bool | Callable[[Progress], object] | None = None,
    on_epoch: Callable[[Run], object] | None = None,
) -> Run:
    """Train a network, and keep what happened: the model, its history and its trace.

    `model` is any `torch.nn.Module`, trained in place, or words that build one ("mlp 64-32").
    `data` is a Dataset or ImageDataset (cut by its own `parts(seed=seed)`), Parts, a pair (X, y),
    a torch Dataset or DataLoader, or a tuple of these: training, control, test. The control part
    makes curves and stops early; the test part is looked at by `run.test()` alone. How each option
    is written: `optimizers`, `losses`, `schedules`, `options.read_clip`, `precision`.

    `batch_size` is a number or "full". `early_stopping` is how many epochs may bring no lower
    control loss; then the weights of the best epoch come back. `augment` changes training images
    (see `layerwise.data.Augment`). `activation_checkpoints` trades time for memory in long chains.
    `keep` says what the trace holds of the layers beside losses (None: nothing); arrays are of a
    few fixed samples, those of the control part where there is one. `health` looks for fading
    gradients and dead units. `progress` is True for a bar or a function of a `Progress`; `on_epoch`
    is called with the run after each epoch.

    With `folder`, checkpoints are written at each epoch's end and every `checkpoint_every_s`
    seconds, and the trace as it grows; with `resume` a training goes on from there, or begins if
    there is none yet (a note says so). More `epochs` than before are taken where the schedule does
    not depend on how many there are. Ctrl-C finishes the step, writes a checkpoint and raises
    `TrainingInterrupted`, which has the run.

    Updates are those of plain torch, bit for bit: `torch.manual_seed(seed)`, then for each batch
    (in the order of `randomness.sample_order` for data in memory) zero_grad, forward, loss,
    backward, clip, step. Same seed, same bits; a training broken off at any moment and resumed ends
    with the same bits (CPU, same number of threads). The caller's random numbers are untouched.

    Raises `InputError` for options and data that cannot be, `DivergedError` (with the run) where
    a loss or weight stops being finite, `OutputError` for a folder that cannot be written,
    `FileError` for a broken checkpoint.
    """
    options = Options(
        epochs=epochs, optimizer=optimizer, learning_rate=learning_rate, momentum=momentum,
        weight_decay=weight_decay, loss=loss, label_smoothing=label_smoothing, schedule=schedule,
        batch_size=batch_size, clip=clip, early_stopping=early_stopping, augment=augment,
        seed=seed, device=device, precision=precision,
        activation_checkpoints=activation_checkpoints, keep=keep, folder=folder, resume=resume,
        checkpoint_every_s=checkpoint_every_s, health=health, progress=progress,
        on_epoch=on_epoch,
    )  # fmt: skip
    with random_numbers_kept():
        training, run = open_training(model, data, options)
        network = training.model
        steps = None if training.batches.steps is None else int(epochs) * training.batches.steps
        bar, teller = teller_for(progress, int(epochs), steps)
        chain = in_segments(network) if activation_checkpoints else nullcontext()
        try:
            with chain, bar, training.recording.watching(), Interruption() as interruption:
                _learn(training, run, options, teller, interruption)
            run.finished = True
        except DivergedError as error:
            error.run = run
            raise
        finally:
            network.eval()
            run.settle()
    return run


def _learn(
    training: Training, run: Run, options: Options, teller: Teller, interruption: Interruption
) -> None:
    """Epoch after epoch, step after step, from where the training stands."""
    update = make_update(training, read_clip(options.clip))
    rate = learning_rate_of(training.optimizer)
    if not training.step:
        training.save()  # a folder that cannot be written shows itself before the first step
    while training.epoch < options.epochs and not training.stopped:
        training.model.train()
        began = perf_counter() - training.seconds
        for inputs, targets in training.batches.epoch(training.epoch, training.batch):
            told = len(training.findings)
            training.step += 1
            loss = update(inputs, targets)
            training.batch += 1
            rate = learning_rate_of(training.optimizer)
            training.recording.step(training.step, training.epoch + 1, loss, rate)
            training.schedule.after_step()
            teller.step(training.epoch + 1, training.step, loss, training.findings[told:])
            if interruption.asked or training.save_is_due:
                training.seconds = perf_counter() - began
                _keep(training, run, interruption)
        _end_epoch(training, rate, perf_counter() - began)
        _keep(training, run, interruption)
        teller.epoch(training.epoch, training.step, training.history.last)
        if options.on_epoch is not None:
            options.on_epoch(run)
    if training.stopping is not None:
        training.stopping.restore(training.model)


def _end_epoch(training: Training, rate: float, seconds: float) -> None:
    """Judge the epoch, write its row, and stand before the next one."""
    tally, number = training.tally, training.epoch + 1
    if not tally.samples:
        raise InputError(f"The training part gave no batches in epoch {number}")
    if not finite_weights(training.model):
        raise divergence(training, None, tally.mean_loss, after=True)
    row = {
        "epoch": float(number), "training loss": tally.mean_loss,
        "training accuracy": tally.accuracy, "learning rate": rate, "seconds": seconds,
    }  # fmt: skip
    score = tally.mean_loss
    if training.control is not None:
        score, right = mean_scores(training.model, training.control, training.loss)
        row |= {"control loss": score, "control accuracy": right}
    training.history.append(row)
    training.recording.epoch(training.step, number, row)
    training.schedule.after_epoch(score)
    if training.stopping is not None:
        training.stopping.see(number, score, training.model)
    training.next_epoch()


def _keep(training: Training, run: Run, interruption: Interruption) -> None:
    """Write a checkpoint; if someone asked to stop, stop now."""
    training.save()
    if interruption.asked:
        kept = "" if training.folder is None else "; resume=True goes on from here"
        raise TrainingInterrupted(f"Training was stopped after step {training.step}{kept}", run)
