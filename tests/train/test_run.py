"""What comes of a training: answers, scores, files, early stopping, the trace."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss
from torch import nn
from torch.nn import functional as F  # noqa: N812

from layerwise import data as lw_data
from layerwise.errors import FileError, InputError, UnknownNameError
from layerwise.record import Keep
from layerwise.train import Run, fit


@pytest.fixture(scope="module")
def wine():
    return fit("mlp 16 tanh", lw_data.load("wine"), epochs=15, learning_rate=0.01)


def test_it_learns(wine):
    assert wine.test().accuracy > 0.9
    assert wine.finished
    assert not wine.model.training


def test_scores_are_those_of_scikit_learn(wine):
    test = wine.parts.test
    found = wine.test()
    chances = wine.predict_proba(test)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-6)
    assert found.accuracy == accuracy_score(test.y, wine.predict(test))
    assert found.log_loss == pytest.approx(log_loss(test.labels, chances), rel=1e-5)
    np.testing.assert_array_equal(
        found.confusion, confusion_matrix(test.y, wine.predict(test), labels=list(wine.classes))
    )
    control = wine.parts.control
    assert wine.history["control accuracy"][-1] == accuracy_score(control.y, wine.predict(control))
    assert wine.history["control loss"][-1] == pytest.approx(
        log_loss(control.labels, wine.predict_proba(control)), rel=1e-5
    )


def test_raw_rows_and_data_sets_are_answered_alike(wine):
    test = wine.parts.test
    np.testing.assert_array_equal(wine.predict(test.features), wine.predict(test))
    assert set(wine.predict(test)) <= set(wine.classes)
    with pytest.raises(InputError, match=r"Received shape \(2, 3\). \(sample, 13\)"):
        wine.predict(np.zeros((2, 3)))
    assert wine.predict(np.empty((0, 13))).shape == (0,)


def test_the_history(wine):
    history = wine.history
    assert history["epoch"].tolist() == list(range(1, 16))
    assert history.best["control loss"] == history["control loss"].min()
    assert history.last == history.rows[-1]
    with pytest.raises(UnknownNameError, match="Did you mean 'control loss'"):
        history["control los"]
    assert "15 epochs" in repr(history)


def test_the_trace_has_every_step_and_every_epoch(wine):
    steps = [moment for moment in wine.trace if moment.kind == "step"]
    ends = [moment for moment in wine.trace if moment.kind == "epoch"]
    assert [moment.at["step"] for moment in steps] == list(range(1, len(steps) + 1))
    assert [moment.at["epoch"] for moment in ends] == list(range(1, 16))
    np.testing.assert_array_equal(
        wine.trace.series("control loss")[1], wine.history["control loss"]
    )
    losses = wine.trace.series("loss")[1]
    size = len(wine.parts.training)
    first = np.average(losses[: len(losses) // 15], weights=[64] * (size // 64) + [size % 64])
    assert first == pytest.approx(wine.history["training loss"][0])


def test_a_short_training_keeps_its_layers_at_many_steps_and_a_long_one_within_bounds():
    inputs = np.random.default_rng(0).normal(size=(40, 3))
    targets = (inputs[:, 0] > 0).astype(int)

    def kept(epochs, **options):
        run = fit("mlp 3", (inputs, targets), epochs=epochs, batch_size=10, **options)
        return [run.trace.moments[at].at["step"] for at in run.trace.where("fc1")]

    assert kept(5) == list(range(1, 21))  # all 20 steps
    assert kept(50) == list(range(1, 201, 3))  # 200 steps: every third
    assert kept(5, keep=Keep(every=7)) == [1, 8, 15]


def test_a_saved_run_answers_the_same(wine, tmp_path):
    path = wine.save(tmp_path / "wine.safetensors")
    again = Run.load(path)
    test = wine.parts.test
    np.testing.assert_array_equal(again.predict_proba(test), wine.predict_proba(test))
    np.testing.assert_array_equal(again.predict(test), wine.predict(test))
    assert again.history.rows == wine.history.rows
    assert path.read_bytes() == wine.save(tmp_path / "again.safetensors").read_bytes()
    with pytest.raises(InputError, match="This run has no test part"):
        again.test()


def test_a_module_of_ones_own_is_saved_too(tmp_path):
    inputs = np.random.default_rng(1).normal(size=(50, 3))
    run = fit(nn.Sequential(nn.Linear(3, 1)), (inputs, inputs @ [1.0, 2.0, 3.0]), epochs=2)
    path = run.save(tmp_path / "own.safetensors")
    with pytest.raises(FileError, match="not built by Layerwise"):
        Run.load(path)
    again = Run.load(path, nn.Sequential(nn.Linear(3, 1)))
    np.testing.assert_array_equal(again.predict(inputs), run.predict(inputs))


def test_a_network_that_was_not_trained_here(tmp_path):
    from layerwise.models.network_file import NetworkDocument, save_network

    document = NetworkDocument("mlp 3-4-2", (3,), ("a", "b"))
    path = save_network(tmp_path / "plain.safetensors", nn.Linear(3, 2), document)
    with pytest.raises(FileError, match="not one that was trained by layerwise"):
        Run.load(path, nn.Linear(3, 2))


def test_numbers_are_learned_too():
    inputs = np.random.default_rng(0).normal(size=(200, 3))
    targets = inputs @ [1.0, -2.0, 0.5]
    run = fit(nn.Linear(3, 1), (inputs, targets), epochs=40, optimizer="sgd")
    np.testing.assert_allclose(run.predict(inputs), targets, atol=1e-3)
    assert run.classes == ()
    assert np.isnan(run.history["training accuracy"]).all()
    with pytest.raises(InputError, match="gives numbers, not probabilities"):
        run.predict_proba(inputs)
    several = fit("mlp 4", (inputs, np.stack([targets, -targets], 1)), epochs=1)
    assert several.predict(inputs).shape == (200, 2)


def test_one_output_for_two_classes():
    inputs = np.random.default_rng(0).normal(size=(200, 3))
    labels = (inputs[:, 0] > 0).astype(int)
    run = fit(nn.Linear(3, 1), (inputs, labels, ), epochs=20, optimizer="sgd")  # fmt: skip
    chances = run.predict_proba(inputs)
    assert chances.shape == (200, 2)
    np.testing.assert_array_equal(chances.argmax(1), run.predict(inputs))
    assert (run.predict(inputs) == labels).mean() > 0.95


def test_a_picture_of_labels_is_learned_point_by_point():
    inputs = np.random.default_rng(0).normal(size=(30, 1, 5, 5)).astype(np.float32)
    labels = (inputs[:, 0] > 0).astype(int)
    run = fit(nn.Conv2d(1, 2, 1), (inputs, labels), epochs=30, learning_rate=0.05)
    assert run.predict(inputs).shape == (30, 5, 5)
    assert run.history["training accuracy"][-1] > 0.95


def test_early_stopping_brings_the_best_weights_back():
    inputs = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
    noise = torch.randint(0, 2, (120,), generator=torch.Generator().manual_seed(1))
    states = []

    def keep(run):
        states.append({name: value.clone() for name, value in run.model.state_dict().items()})

    run = fit(
        "mlp 32", ((inputs, noise[:60]), (inputs, noise[60:])), epochs=100, early_stopping=3,
        learning_rate=0.01, on_epoch=keep,
    )  # fmt: skip
    best = int(run.history.best["epoch"])
    assert len(run.history) == best + 3 < 100
    for name, value in run.model.state_dict().items():
        assert torch.equal(value, states[best - 1][name])
    control = (inputs, noise[60:])
    with torch.no_grad():
        loss = float(F.cross_entropy(run.model(control[0]), control[1]))
    assert loss == pytest.approx(run.history["control loss"].min(), rel=1e-6)


def test_no_epoch_at_all():
    run = fit("mlp 4", (np.eye(4), [0, 1, 0, 1]), epochs=0)
    assert len(run.history) == 0
    assert len(run.trace) == 0
    with pytest.raises(InputError, match="No epoch is over yet"):
        _ = run.history.last


def test_the_run_in_words(wine):
    assert wine.summary().startswith("mlp 16 tanh: 275 parameters, ")
    assert "15 epochs" in repr(wine)
    assert "accuracy" in repr(wine.test())


def test_the_bar_shows_itself(capsys):
    fit("mlp 4", (np.eye(4), [0, 1, 0, 1]), epochs=2, progress=True)
    assert "epoch 2/2" in capsys.readouterr().out
