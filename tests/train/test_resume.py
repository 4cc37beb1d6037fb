"""A training that is killed at any moment and taken up again ends with the same bits."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors
import torch
from learner import WAYS, network, samples, shuffled, train
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from layerwise.errors import FileError, InputError, OutputError
from layerwise.trace import Trace
from layerwise.train import TrainingInterrupted, fit

EPOCHS = 4
LEARNER = Path(__file__).with_name("learner.py")


def state(run):
    return {name: value.clone() for name, value in run.model.state_dict().items()}


def without_clock(run):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in run.history.rows]


def assert_same(first, second):
    one, other = state(first), state(second)
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name
    np.testing.assert_equal(without_clock(first), without_clock(second))
    assert first.findings == second.findings
    assert first.trace.moments == second.trace.moments
    for site in first.trace.sites:
        where = first.trace.where(site.name)
        assert where == second.trace.where(site.name)
        for moment in where:
            one, other = first.trace[site.name, moment], second.trace[site.name, moment]
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("way", "times"), [("momentum", 3), ("loader", 2)])
def test_killed_at_random_moments(tmp_path, way, times):
    draws = random.Random(way)
    folder = tmp_path / "killed"
    killed = 0
    for _ in range(times):
        process = subprocess.Popen([sys.executable, LEARNER, folder, way, str(EPOCHS)])
        before = None
        while process.poll() is None:  # until this process has come further than the last
            found = written(folder)
            before = found if before is None else before
            if found is not None and found != before:
                break
            time.sleep(0.002)
        time.sleep(draws.random() * 0.1)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed
    taken_up = train(folder, way, EPOCHS, resume=True)
    assert any("taken up after step" in note for note in taken_up.notes)
    assert_same(taken_up, train(tmp_path / "whole", way, EPOCHS))


def written(folder):
    """What tells one checkpoint from the next."""
    try:
        return (folder / "checkpoint.safetensors").stat().st_mtime_ns
    except FileNotFoundError:
        return None


class Stop(Exception):  # noqa: N818
    """Breaks a training off where a test wants it to end."""


@pytest.mark.parametrize("way", WAYS)
def test_broken_off_in_the_middle_of_an_epoch_and_between_two(tmp_path, way):
    whole = train(None, way, EPOCHS)
    steps = int(whole.trace.moments[-1].at["step"])
    for number in (12 * 2, steps - 5):  # of 12 steps an epoch

        def stop(progress, number=number):
            if progress.step >= number:
                raise Stop

        folder = tmp_path / str(number)
        with pytest.raises(Stop):
            train(folder, way, EPOCHS, progress=every_step(stop))
        assert_same(train(folder, way, EPOCHS, resume=True), whole)


def test_broken_off_while_the_first_epoch_is_judged(tmp_path):
    def falls(batch):
        raise Stop

    training, control = samples(1), TensorDataset(*samples(2, 40))
    with pytest.raises(Stop):
        broken = (shuffled(training), DataLoader(control, 8, shuffle=True, collate_fn=falls))
        fit(network(), broken, epochs=EPOCHS, folder=tmp_path, seed=7, batch_size=8,
            checkpoint_every_s=0.0, **WAYS["loader"])  # fmt: skip
    taken_up = train(tmp_path, "loader", EPOCHS, resume=True)
    assert taken_up.notes == ("taken up after step 12",)
    assert_same(taken_up, train(None, "loader", EPOCHS))


def every_step(function):
    """A progress function cannot miss a step: the clock of the teller is taken out."""
    from layerwise.train import progress

    progress.PAUSE_S = 0.0
    return function


@pytest.fixture(autouse=True)
def the_clock_comes_back():
    from layerwise.train import progress

    before = progress.PAUSE_S
    yield
    progress.PAUSE_S = before


def test_a_finished_training_is_read_back(tmp_path):
    first = train(tmp_path / "a", "adam", 3)
    again = train(tmp_path / "a", "adam", 3, resume=True)
    assert_same(first, again)
    assert again.finished
    assert isinstance(Trace.open(tmp_path / "a" / "trace.lwt"), Trace)


def test_more_epochs_where_the_schedule_allows(tmp_path):
    train(tmp_path / "a", "own generator", 2)
    longer = train(tmp_path / "a", "own generator", 4, resume=True)
    assert_same(longer, train(None, "own generator", 4))
    train(tmp_path / "b", "momentum", 2)
    with pytest.raises(InputError, match=r"its options differ. Received epochs: 2 there, 3 now"):
        train(tmp_path / "b", "momentum", 3, resume=True)


def test_begins_where_there_is_nothing_to_go_on_with(tmp_path):
    run = train(tmp_path / "new", "adam", 1, resume=True)
    assert run.notes == ("there was no checkpoint in new yet: begun anew",)


def test_a_folder_with_a_training_is_not_written_over(tmp_path):
    train(tmp_path / "a", "adam", 1)
    with pytest.raises(OutputError, match=r"There is a training in .* already. Go on with it"):
        train(tmp_path / "a", "adam", 1)


def wider():
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 3), nn.Linear(3, 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": wider}, "its model differs. Received tensors 0.weight, which is only in"),
        (
            {"model": lambda: nn.Sequential(*network()[:4], nn.Dropout(0.9), *network()[5:])},
            "its model differs. Received modules 5: (4): Dropout(p=0.3, inplace=False) there, "
            "(4): Dropout(p=0.9, inplace=False) now",
        ),
        ({"samples": 3}, "its data differ. Received training checksum of the inputs:"),
        ({"seed": 8}, "its options differ. Received seed: 0 there, 8 now"),
        (
            {"optimizer": "adam lr=0.5"},
            "its options differ. Received optimizer groups 0 lr: 0.001 there, 0.5 now",
        ),
        ({"clip": 1.0}, "its options differ. Received clip: null there, 1.0 now"),
    ],
)
def test_a_checkpoint_of_another_training(tmp_path, change, message):
    fit(network(), samples(1), epochs=1, folder=tmp_path / "a")
    model = change.pop("model", network)()
    data = samples(change.pop("samples", 1))
    with pytest.raises(InputError) as caught:
        fit(model, data, epochs=1, folder=tmp_path / "a", resume=True, **change)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"no checkpoint", b"\xff" * 100, (2**40).to_bytes(8, "little") + b"{}"]
)
def test_a_broken_checkpoint(tmp_path, content):
    fit(network(), samples(1), epochs=1, folder=tmp_path / "a")
    (tmp_path / "a" / "checkpoint.safetensors").write_bytes(content)
    with pytest.raises(FileError, match="is no checkpoint of a training, or it is broken"):
        fit(network(), samples(1), epochs=1, folder=tmp_path / "a", resume=True)


def test_a_checkpoint_cut_short(tmp_path):
    fit(network(), samples(1), epochs=1, folder=tmp_path / "a")
    path = tmp_path / "a" / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FileError, match="it is broken"):
        fit(network(), samples(1), epochs=1, folder=tmp_path / "a", resume=True)


def test_a_checkpoint_whose_state_is_damaged(tmp_path):
    fit(network(), samples(1), epochs=1, folder=tmp_path / "a")
    path = tmp_path / "a" / "checkpoint.safetensors"
    with safetensors.safe_open(path, "pt") as opened:
        document = json.loads(opened.metadata()["layerwise"])
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    document["state"]["pairs"] = document["state"]["pairs"][:3]
    from safetensors.torch import save_file

    save_file(tensors, path, {"layerwise": json.dumps(document)})
    with pytest.raises(FileError, match="is broken"):
        fit(network(), samples(1), epochs=1, folder=tmp_path / "a", resume=True)


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path):
    folder = tmp_path / "a"

    def large():
        torch.manual_seed(1)
        return nn.Sequential(nn.Flatten(), nn.Linear(36, 4000), nn.Linear(4000, 2))

    fit(large(), samples(1), epochs=1, folder=folder)
    before = (folder / "checkpoint.safetensors").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(OutputError, match="larger than this file system allows"):
            fit(large(), samples(1), epochs=2, folder=folder, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert (folder / "checkpoint.safetensors").read_bytes() == before
    assert not [each for each in folder.iterdir() if each.name.startswith(".")]
    again = fit(large(), samples(1), epochs=2, folder=folder, resume=True)
    assert_same(again, fit(large(), samples(1), epochs=2))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_made(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Cannot make the folder"):
        fit(network(), samples(1), epochs=1, folder=tmp_path / "a")


def test_a_folder_where_a_file_is(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(OutputError, match="Cannot make the folder"):
        fit(network(), samples(1), epochs=1, folder=tmp_path / "a")


@pytest.fixture
def own_ctrl_c():
    """Python's own answer to Ctrl-C, also where what started the tests has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_finishes_the_step_and_keeps_all(tmp_path, own_ctrl_c):
    def interrupt(progress):
        if progress.step == 15:
            os.kill(os.getpid(), signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(TrainingInterrupted, match="resume=True goes on from here") as caught:
        train(tmp_path / "a", "adam", EPOCHS, progress=every_step(interrupt))
    run = caught.value.run
    assert isinstance(caught.value, KeyboardInterrupt)
    assert run.trace.moments[-1].at == {"step": 15, "epoch": 2}
    assert len(run.history) == 1
    assert not run.finished
    assert signal.getsignal(signal.SIGINT) is handler
    assert_same(train(tmp_path / "a", "adam", EPOCHS, resume=True), train(None, "adam", EPOCHS))


def test_state_that_cannot_be_kept_is_refused_at_once(tmp_path):
    class Odd(torch.optim.SGD):
        def state_dict(self):
            return {**super().state_dict(), "odd": object()}

    with pytest.raises(InputError, match=r"A checkpoint cannot hold state.optimizer.odd"):
        fit(network(), samples(1), epochs=1, folder=tmp_path / "a", optimizer=Odd)
