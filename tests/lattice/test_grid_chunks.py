"""Grids in Dask's chunks: the bits of one array, in threads and in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import dask
import dask.array
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.errors import InputError
from layerwise.lattice.big import chunks
from layerwise.lattice.big.chunks import ChunkedGrid
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.types import UNCLASSIFIED


@pytest.fixture(autouse=True)
def here():
    """Everything in this thread, unless a test says otherwise."""
    with dask.config.set(scheduler="synchronous"):
        yield


def frame_of(shape, classes=3, points=12, seed=0):
    random = np.random.default_rng(seed)
    frame = np.full(shape, UNCLASSIFIED, np.uint8)
    where = random.choice(frame.size, min(points, frame.size), replace=False)
    frame.flat[where] = random.integers(0, classes, len(where))
    return frame


def filled(frame, classes=3, seed=11, lazy=True):
    stack = LayerStack(Recipe(frame, classes, seed, lazy=lazy))
    stack.fill()
    return stack


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (90, 65), (20, 6, 70)], ids=str)
def test_every_layer_is_that_of_one_array(shape, lazy, monkeypatch):
    monkeypatch.setattr(chunks, "PASS_LAYERS", 13)
    frame = frame_of(shape)
    stack = filled(frame, lazy=lazy)
    grid = ChunkedGrid.from_labels(frame, classes=3, seed=11, lazy=lazy, chunk_lines=8)
    assert grid.shape == shape
    assert np.array_equal(grid.labels.compute(), frame)
    full = grid.fill()
    depth = stack.recipe.depth
    assert (full.layer, full.depth) == (depth, depth)
    assert np.array_equal(full.labels.compute(), stack.labels(depth))
    later = full.advance(20)
    assert np.array_equal(later.labels.compute(), stack.labels(depth + 20))
    assert np.array_equal(later.counts(), stack.counts(depth + 20))


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=6),
    st.integers(1, 140),
    st.integers(1, 40),
    st.sampled_from([2, 255]),
)
def test_any_chunks_give_the_same(heights, columns, layers, classes):
    frame = frame_of((sum(heights), columns), classes, 9)
    pieces = dask.array.from_array(frame, chunks=(tuple(heights), -1))
    with dask.config.set(scheduler="synchronous"):
        grid = ChunkedGrid.from_labels(pieces, classes=classes, seed=5).advance(layers)
        assert grid.planes.chunks[1] == tuple(heights)
        found = grid.labels.compute()
    stack = LayerStack(Recipe(frame, classes, 5))
    if grid.depth is not None:
        stack.fill()
        assert grid.depth == stack.recipe.depth
    assert np.array_equal(found, stack.labels(grid.layer))


def test_two_processes_give_the_bits_of_one_array(monkeypatch):
    from distributed import Client, LocalCluster

    monkeypatch.setattr(chunks, "PASS_LAYERS", 8)
    frame = frame_of((64, 130), points=300)
    stack = filled(frame)
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
        dask.config.set(scheduler=client),
    ):
        # Each half lies in another process, so that lines have to travel.
        halves = [
            client.scatter(half, workers=[worker], hash=False)
            for half, worker in zip(
                np.split(frame, 2), client.scheduler_info()["workers"], strict=True
            )
        ]
        held = client.who_has(halves)
        assert len({worker for workers in held.values() for worker in workers}) == 2
        labels = dask.array.concatenate(
            [dask.array.from_delayed(half, (32, 130), np.uint8) for half in halves]
        )
        grid = ChunkedGrid.from_labels(labels, classes=3, seed=11).fill().advance(9)
        assert np.array_equal(grid.labels.compute(), stack.labels(stack.recipe.depth + 9))
    assert grid.depth == stack.recipe.depth


def test_progress_is_told():
    seen = []
    grid = ChunkedGrid.from_labels(frame_of((40, 70)), classes=3, chunk_lines=9)
    grid = grid.fill(lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2800, 2800)
    assert seen == sorted(seen)
    grid.advance(100, lambda done, total: seen.append((done, total)))
    assert seen[-2:] == [(64, 100), (100, 100)]


def test_what_is_no_grid_is_refused():
    frame = frame_of((6, 70))
    for work, message in [
        (lambda: ChunkedGrid.from_labels(frame.astype(int), classes=3), "Labels are bytes"),
        (lambda: ChunkedGrid.from_labels(frame[0], classes=3), "Labels are bytes"),
        (lambda: ChunkedGrid.from_labels(frame, classes=0), "1 to 255 classes"),
        (lambda: ChunkedGrid.from_labels(frame, classes=3, seed=-1), "A seed is"),
        (ChunkedGrid.from_labels(frame, classes=1).labels.compute, "labels 0 to 0"),
        (lambda: ChunkedGrid.from_labels(frame, classes=3).advance(-1), "cannot go back"),
        (
            lambda: ChunkedGrid.from_labels(np.full((3, 3), 255, np.uint8), classes=3).fill(),
            "at least one classified cell",
        ),
    ]:
        with pytest.raises(InputError, match=message):
            work()


def test_without_dask_it_is_said_what_to_install():
    code = """
import sys
sys.modules["dask"] = sys.modules["dask.array"] = None
import numpy as np
from layerwise.errors import LayerwiseError
from layerwise.lattice.big import ChunkedGrid, GridFile
try:
    ChunkedGrid.from_labels(np.zeros((3, 3), np.uint8), classes=2)
except LayerwiseError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == (
        "A grid in chunks needs Dask. Install it: pip install 'layerwise[dask]'.\n"
    )
