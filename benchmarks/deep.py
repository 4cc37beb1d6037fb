"""Ten thousand layers learn two spirals: accuracy, seconds, memory.

    python benchmarks/deep.py [LAYERS]

Three processes, one after the other, one thread each: the whole training as it is; one epoch with
activation checkpoints; and one epoch of these with an allocator that gives memory back at once
(MALLOC_MMAP_THRESHOLD_, glibc). Peak memory is the largest resident size of the process, Python and
torch included; it is reached in the first steps.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from results import keep

import layerwise as lw

LAYERS, EPOCHS = 10_000, 2
SIZE, FEW = 3000, 1000  # points; few where only memory is asked for
TURNS = 1.0
RECIPE: dict[str, Any] = {
    "batch_size": 128, "optimizer": "adam betas=(0.9,0.99)", "learning_rate": 1e-3,
    "schedule": "one-cycle", "keep": None,
}  # fmt: skip
WAYS = {
    "plain": ("plain", {}),
    "checkpoints": ("checkpoints", {}),
    "checkpoints, memory given back": ("checkpoints", {"MALLOC_MMAP_THRESHOLD_": "32768"}),
}


def learn(layers: int, checkpoints: bool) -> dict[str, float]:
    """One training in this process; a single epoch where only memory is asked for."""
    torch.set_num_threads(1)
    size = FEW if checkpoints else SIZE
    parts = lw.data.load("spirals", size=size, turns=TURNS).parts(seed=0)
    start, worked = time.perf_counter(), time.process_time()
    run = lw.fit(
        f"resnet-{layers} dense rezero width=64", parts, epochs=1 if checkpoints else EPOCHS,
        activation_checkpoints=checkpoints, **RECIPE,
    )  # fmt: skip
    took, work = time.perf_counter() - start, time.process_time() - worked
    steps = len(run.trace.series("loss")[0])
    return {
        "control_accuracy": run.history.last["control accuracy"],
        "test_accuracy": run.test().accuracy,
        "steps": steps,
        "seconds": took,
        "processor_seconds": work,
        "processor_seconds_a_step": work / steps,
        "peak_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }


def main() -> None:
    """Measure each way in a process of its own, print, keep."""
    layers = int(sys.argv[1]) if len(sys.argv) > 1 else LAYERS
    if len(sys.argv) > 2:
        print(json.dumps(learn(layers, sys.argv[2] == "checkpoints")))
        return
    figures: dict[str, Any] = {}
    for name, (way, environment) in WAYS.items():
        command = [sys.executable, __file__, str(layers), way]
        told = subprocess.run(
            command, env=os.environ | environment, check=True, capture_output=True, text=True
        )
        figures[name] = json.loads(told.stdout.splitlines()[-1])
        print(name)
        for key, value in figures[name].items():
            print(f"  {key:20} {value:.4g}", flush=True)
    if layers == LAYERS:
        keep("deep", figures, ("numpy", "torch"))
        print("kept", Path("benchmarks/results/deep.json"))


if __name__ == "__main__":
    main()
