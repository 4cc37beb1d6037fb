"""Which device is chosen, and what is said where there is none or it is too small."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from layerwise.errors import InputError, TooLargeError
from layerwise.lattice import planes
from layerwise.lattice.device import engine, place
from layerwise.lattice.device.engine import DeviceLayers, best_kernel
from layerwise.lattice.device.place import check_memory, chosen_device, memory_of

LARGE, SMALL = (4000, 4000), (3999, 4000)


def with_devices(monkeypatch, *names):
    monkeypatch.setattr(place, "devices_there", lambda: [torch.device(name) for name in names])
    monkeypatch.setattr(place, "_driver_there", lambda: any("cuda" in name for name in names))


def test_the_processor_needs_no_torch():
    code = (
        "import sys, layerwise.lattice.device.place as place\n"
        "place._driver_there = lambda: False\n"
        "assert place.chosen_device('cpu', (9, 9)) is None\n"
        "assert place.chosen_device('auto', (800, 800)) is None\n"
        "assert place.chosen_device('auto', (9000, 9000)) is None\n"
        "from layerwise.lattice.classifier import LatticeClassifier\n"
        "LatticeClassifier(grid=9, device='auto').fit([[0, 0], [1, 1]], [0, 1])\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_auto_takes_a_cuda_device_for_large_grids_only(monkeypatch):
    with_devices(monkeypatch, "cuda:0", "cuda:1")
    assert chosen_device("auto", LARGE) == torch.device("cuda:0")
    assert chosen_device("auto", (256, 256, 256)) == torch.device("cuda:0")
    assert chosen_device("auto", SMALL) is None
    with_devices(monkeypatch)
    assert chosen_device("auto", LARGE) is None
    with_devices(monkeypatch, "mps:0")
    assert chosen_device("auto", LARGE) is None


def test_torchs_own_name_of_the_processor_is_the_processor():
    assert chosen_device("cpu:0", SMALL) is None


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "", "meta", "Cuda"])
def test_a_device_that_is_not_there(monkeypatch, name):
    with_devices(monkeypatch, "cuda:0")
    with pytest.raises(InputError) as caught:
        chosen_device(name, SMALL)
    assert str(caught.value) == (
        f"That device is not there. Received device={name!r}. "
        'Here there are "auto", "cpu" and "cuda:0".'
    )


def test_a_grid_that_does_not_fit_is_refused_before_it_moves(monkeypatch):
    monkeypatch.setattr(place, "free_memory", lambda _: 3 << 20)
    there = DeviceLayers(torch.device("cpu"), (2048, 2048), lazy=True)
    with pytest.raises(TooLargeError):
        there.upload(planes.pack(np.zeros((2048, 2048), np.uint8), 4))
    with pytest.raises(TooLargeError) as caught:
        check_memory(torch.device("cuda:1"), (512, 512, 512), 5 << 29)
    assert str(caught.value) == (
        "A grid of 512 × 512 × 512 cells needs 2.5 GiB of the memory of cuda:1. "
        'Received a device with 0.0 GiB free. Choose a smaller grid, or device="cpu".'
    )


def test_memory_that_ends_on_the_way_is_an_error_of_size():
    with (
        pytest.raises(TooLargeError, match="3,999 × 4,000 cells needs more of the memory of cpu"),
        memory_of(torch.device("cpu"), SMALL),
    ):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")


def test_triton_is_for_cuda_where_it_works(monkeypatch):
    best = best_kernel.__wrapped__  # not what is remembered
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setattr(engine, "trouble_with_triton", lambda place: "")
    assert best(torch.device("cuda:0")) == "triton"
    assert best(torch.device("cpu")) == "plain"
    monkeypatch.setattr(engine, "trouble_with_triton", lambda place: "no compiler")
    with pytest.warns(RuntimeWarning, match="slower operations of torch: no compiler"):
        assert best(torch.device("cuda:0")) == "plain"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert best(torch.device("cuda:0")) == "plain"


def test_a_kernel_with_other_bits_is_not_used(monkeypatch):
    place = torch.device("cpu")
    layer = engine._layer

    def wrong(kernel, *rest):
        compute = layer("plain", *rest)
        if kernel == "plain":
            return compute
        return lambda source, target, *more: (
            compute(source, target, *more),
            target[0, 0, 0].add_(1),
        )

    monkeypatch.setattr(engine, "_layer", lambda kernel, *rest: layer("plain", *rest))
    assert engine.trouble_with_triton(place) == ""
    monkeypatch.setattr(engine, "_layer", wrong)
    assert engine.trouble_with_triton(place) == "Triton gives other bits there"
