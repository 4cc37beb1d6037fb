"""The room for training: the loop, its options, and the run that comes of it."""

from .confusion import ConfusionRecorder
from .evaluation import TestResult
from .fit import fit
from .health import Finding
from .history import History
from .interruption import TrainingInterrupted
from .losses import LOSSES
from .open_set import OpenSet
from .optimizers import OPTIMIZERS
from .preparation import Preparation
from .progress import Progress
from .run import Run
from .schedules import SCHEDULES

__all__ = [
    "LOSSES",
    "OPTIMIZERS",
    "SCHEDULES",
    "ConfusionRecorder",
    "Finding",
    "History",
    "OpenSet",
    "Preparation",
    "Progress",
    "Run",
    "TestResult",
    "TrainingInterrupted",
    "fit",
]
