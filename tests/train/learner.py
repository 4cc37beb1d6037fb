"""A training in a process of its own, to be killed: `python learner.py FOLDER WAY EPOCHS`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from layerwise.train import fit

SAMPLES = 90


def samples(seed, count=SAMPLES):
    numbers = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 1, 6, 6, generator=numbers)
    return inputs, (inputs[:, 0, 0, 0] + 0.5 * inputs[:, 0, 1, 1] > 0).long()


def network():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 2),
    )  # fmt: skip


def brightened(batch, rows, epoch, seed):
    """An augmentation that depends on the sample, the epoch and the seed alone."""
    factors = 1 + 0.1 * ((rows * 7 + epoch * 13 + seed) % 5)
    return (batch * factors[:, None, None, None]).astype("float32")


def slowly(batch):
    time.sleep(0.001)  # so that a kill falls into the training, not behind it
    return torch.utils.data.default_collate(batch)


def shuffled(part, generator=None):
    return DataLoader(
        TensorDataset(*part), batch_size=8, shuffle=True, generator=generator, collate_fn=slowly
    )


def slowing(batch, rows, epoch, seed):
    time.sleep(0.002)
    return brightened(batch, rows, epoch, seed)


WAYS = {
    "momentum": {
        "optimizer": "momentum", "schedule": "cosine", "augment": slowing, "early_stopping": 50,
        "weight_decay": 0.001,
    },
    "adam": {"schedule": "one-cycle", "augment": slowing, "clip": 0.5, "early_stopping": 2},
    "lbfgs": {"optimizer": "lbfgs max_iter=3 history_size=4", "schedule": "plateau patience=0",
              "augment": slowing},
    "loader": {"optimizer": "nadam", "schedule": "exponential"},
    "own generator": {"optimizer": "adamw"},
}  # fmt: skip


def train(folder, way, epochs, **more):
    training, control = samples(1), samples(2, 40)
    if way == "loader":
        data = (shuffled(training), shuffled(control))
    elif way == "own generator":
        data = (shuffled(training, torch.Generator().manual_seed(4)), control)
    else:
        data = (training, control)
    options = {"batch_size": 8, "seed": 7, "checkpoint_every_s": 0.0, **WAYS[way], **more}
    return fit(network(), data, epochs=epochs, folder=folder, **options)


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), resume=True)
