"""The Triton kernel: interpreted on the processor, bit for bit, and made into machine code.

Triton reads whether it shall interpret when it is loaded: so both happen in processes of their own.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest
import torch

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="the optional package triton is missing"
)

INTERPRETED = """
import itertools
import numpy as np, torch
from layerwise.lattice import planes
from layerwise.lattice.device.engine import DeviceLayers, trouble_with_triton
from layerwise.lattice.random_bits import stream_starts
from layerwise.lattice.reference import copy_layer

assert trouble_with_triton(torch.device("cpu")) == ""
random = np.random.default_rng(0)
shapes = [(1, 1), (70, 1), (5, 64), (9, 130), (1, 1, 1), (3, 4, 70), (9, 70, 64)]
checked = 0
for shape, lazy, mode in itertools.product(shapes, (False, True), ("fill", "copy", "anchored")):
    if lazy and len(shape) == 3:
        continue
    labels = random.integers(0, 5, shape).astype(np.uint8)
    labels[random.random(shape) < 0.6] = 255
    labels.flat[0] = 0
    held = labels != 255 if mode == "anchored" else None
    there = DeviceLayers(torch.device("cpu"), shape, lazy=lazy, held=held, kernel="triton")
    state, left = there.run(
        there.upload(planes.pack(labels, 5)), stream_starts(3, range(5, 8)), fill=mode == "fill"
    )
    expected_left = []
    for layer in range(5, 8):
        labels = copy_layer(labels, 3, layer, fill=mode == "fill", lazy=lazy, anchored=held)
        expected_left.append(np.count_nonzero(labels == 255))
    assert np.array_equal(there.download(state), planes.pack(labels, 5)), (shape, mode)
    assert mode != "fill" or left.tolist() == expected_left, (shape, lazy)
    checked += 1
print(checked)
"""

COMPILED = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from layerwise.lattice.device.triton_layer import BLOCK, WARPS, _layer

pointers = dict.fromkeys(("source", "target", "starts", "held", "known"), "*i64")
for volume, fill in ((False, True), (True, False)):
    sizes = dict(
        SLICES=40 if volume else 1, ROWS=300, WORDS=7, TAIL=5, PLANES=3, VOLUME=volume, FILL=fill,
        LAZY=True, HELD=not fill, KNOWN=fill, BLOCK=BLOCK,
    )
    source = ASTSource(
        fn=_layer, signature={**pointers, **dict.fromkeys(sizes, "constexpr")}, constexprs=sizes
    )
    for capability in (80, 90):
        made = triton.compile(
            source, target=GPUTarget("cuda", capability, 32), options={"num_warps": WARPS}
        )
        assert len(made.asm["cubin"]) > 1000
        print(capability)
"""


def run(code, **environment):
    """What a Python process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_its_bits_are_those_of_the_reference():
    assert run(INTERPRETED, TRITON_INTERPRET="1") == ["33"]


def test_it_becomes_machine_code_of_nvidia_devices():
    assert run(COMPILED) == ["80", "90"] * 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is there")
def test_where_it_cannot_run_it_says_why():
    trouble = "import torch; from layerwise.lattice.device.engine import trouble_with_triton as t"
    said = " ".join(run(f"{trouble}; print(t(torch.device('cpu')))"))
    assert said.startswith("Triton does not run (")
