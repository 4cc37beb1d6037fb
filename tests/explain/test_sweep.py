"""Sweeps: every training is one of `fit`, judged by scikit-learn's scores; files go on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss

import layerwise as lw
from layerwise.errors import InputError
from layerwise.explain.sweep import SweepProgress, sweep

MOONS = lw.data.load("moons", size=80, seed=2)
OPTIONS = {"epochs": 3, "batch_size": 16}


def words(width: int) -> str:
    return f"mlp {width} tanh"


def test_each_training_is_one_of_fit() -> None:
    trace = sweep(words, MOONS, [2, 5], seeds=[1, 4], known=LogisticRegression(), **OPTIONS)
    parts = MOONS.parts(seed=0)
    assert [dict(moment.at) for moment in trace.moments] == [
        {"place": place, "seed": seed, "value": value}
        for place, value in enumerate([2, 5]) for seed in (1, 4)
    ]  # fmt: skip
    for number, moment in enumerate(trace.moments):
        run = lw.fit(words(moment.at["value"]), parts, seed=moment.at["seed"], **OPTIONS)
        for name in ("training", "control"):
            part = getattr(parts, name)
            chances = run.predict_proba(part).astype(np.float64)
            right = accuracy_score(part.labels, chances.argmax(1))
            assert trace[f"{name} accuracy", number] == pytest.approx(right)
            loss = log_loss(part.labels, chances / chances.sum(1, keepdims=True))
            assert trace[f"{name} loss", number] == pytest.approx(loss, rel=1e-5)
        count = sum(each.numel() for each in run.model.parameters())
        assert trace["parameters", number] == count
    known = LogisticRegression().fit(parts.training.features, parts.training.labels)
    score = known.score(parts.control.features, parts.control.labels)
    assert trace.about["known accuracy"] == pytest.approx(score)
    assert trace.about["known"] == "LogisticRegression"
    assert trace.about["guess"] == pytest.approx(0.5, abs=0.05)


def test_a_network_of_ones_own_follows_from_the_seed() -> None:
    def own(width: int) -> torch.nn.Module:
        return torch.nn.Sequential(
            torch.nn.Linear(2, width), torch.nn.Tanh(), torch.nn.Linear(width, 2)
        )

    torch.manual_seed(99)
    first = sweep(own, (MOONS.features, MOONS.y), [3], seeds=2, **OPTIONS)
    state = torch.random.get_rng_state()
    torch.manual_seed(7)
    again = sweep(own, (MOONS.features, MOONS.y), [3], seeds=2, **OPTIONS)
    one, other = (each.series("training loss")[1] for each in (first, again))
    np.testing.assert_array_equal(one, other)
    assert one[0] != one[1]
    assert not again.where("control loss")
    torch.manual_seed(99)
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_file_goes_on_where_it_stood(tmp_path: Path) -> None:
    path = tmp_path / "widths.trace"
    told: list[SweepProgress] = []

    def stop(now: SweepProgress) -> None:
        told.append(now)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(words, MOONS, [2, 3], seeds=2, path=path, progress=stop, **OPTIONS)
    assert [(now.done, now.total, now.value, now.seed) for now in told] == [
        (1, 4, 2, 0), (2, 4, 2, 1),
    ]  # fmt: skip
    told.append(told[0])
    with sweep(words, MOONS, [2, 3], seeds=2, path=path, progress=told.append, **OPTIONS) as trace:
        assert len(trace) == 4
        assert [now.done for now in told[3:]] == [3, 4]
        whole = sweep(words, MOONS, [2, 3], seeds=2, **OPTIONS)
        for site in ("training loss", "control accuracy"):
            np.testing.assert_array_equal(trace.series(site)[1], whole.series(site)[1])
    with pytest.raises(InputError, match="another sweep"):
        sweep(words, MOONS, [2, 4], seeds=2, path=path, **OPTIONS)


def test_a_training_that_diverges_is_a_gap() -> None:
    trace = sweep(
        lambda width: f"mlp {width}", MOONS, [4], seeds=1, epochs=9, optimizer="sgd",
        learning_rate=1e30,
    )  # fmt: skip
    assert np.isnan(trace["training loss", 0])
    assert trace["parameters", 0] == 4 * 3 + 5 * 2


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([], {}, "needs values"),
        ([2, 2], {}, "each once"),
        ("23", {}, "needs values"),
        ([2], {"seeds": 0}, "seeds of a sweep"),
        ([2], {"seeds": [1, 1]}, "seeds of a sweep"),
        ([2], {"seeds": [-1]}, "seeds of a sweep"),
        ([2], {"known": 3}, "known method"),
        ([2], {"progress": 3}, "progress is True"),
    ],
)
def test_what_cannot_be(values: list[int], options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        sweep(words, MOONS, values, **{**OPTIONS, **options})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="trains on a data set"):
        sweep(words, 5, [2])
