"""Whatever holds data can be learned from; what cannot is refused in words."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from torch.utils.data import Dataset as TorchDataset

from layerwise import data as lw_data
from layerwise.errors import InputError
from layerwise.train import Preparation, fit


def arrays(count=60):
    draws = np.random.default_rng(2)
    inputs = draws.normal(size=(count, 4))
    return inputs, (inputs[:, 0] > 0).astype(int)


def tensors(count=60):
    inputs, labels = arrays(count)
    return torch.tensor(inputs, dtype=torch.float32), torch.tensor(labels)


class Rows(TorchDataset):
    def __init__(self, pair):
        self.pair = pair

    def __len__(self):
        return len(self.pair[0])

    def __getitem__(self, row):
        return self.pair[0][row], self.pair[1][row]


class Stream(IterableDataset):
    def __iter__(self):
        yield from zip(*tensors(), strict=True)


SOURCES = {
    "arrays": arrays,
    "tensors": tensors,
    "lists": lambda: tuple(part.tolist() for part in arrays()),
    "names": lambda: (arrays()[0], np.array(["no", "yes"])[arrays()[1]]),
    "booleans": lambda: (arrays()[0], arrays()[1] == 1),
    "column of labels": lambda: (arrays()[0], arrays()[1][:, None]),
    "pair of pairs": lambda: (arrays(), arrays(20)),
    "three pairs": lambda: (arrays(), arrays(20), arrays(30)),
    "tensor data set": lambda: TensorDataset(*tensors()),
    "torch data set": lambda: Rows(tensors()),
    "loader": lambda: DataLoader(Rows(tensors()), batch_size=10, shuffle=True),
    "pair of loaders": lambda: (DataLoader(Rows(tensors())), DataLoader(Rows(tensors(20)))),
    "stream": lambda: DataLoader(Stream(), batch_size=10),
    "data set": lambda: lw_data.load("iris"),
    "parts": lambda: lw_data.load("iris").parts(seed=1),
    "pair of data sets": lambda: lw_data.load("iris").split(),
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_can_be_learned_from(name):
    outputs = 3 if name in ("data set", "parts", "pair of data sets") else 2
    run = fit(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, outputs)), SOURCES[name]())
    assert run.history["training loss"][-1] < run.history["training loss"][0]
    assert len(run.classes) == outputs
    has_control = name in ("pair of pairs", "three pairs", "pair of loaders", "data set", "parts",
                           "pair of data sets")  # fmt: skip
    assert np.isfinite(run.history["control accuracy"]).all() == has_control
    if name in ("three pairs", "data set", "parts"):
        assert run.test().samples == (30 if name == "three pairs" else len(run.parts.test))
    else:
        with pytest.raises(InputError, match="This run has no test part"):
            run.test()


def test_arrays_and_tensors_and_doubles_give_the_same():
    runs = [fit(nn.Linear(4, 2), source, seed=1) for source in ()]
    for source in (arrays(), tensors()):
        torch.manual_seed(0)
        runs.append(fit(nn.Linear(4, 2), source, epochs=2))
    torch.manual_seed(0)
    double = fit(nn.Linear(4, 2).double(), arrays(), epochs=2)
    np.testing.assert_array_equal(runs[0].model.weight.detach(), runs[1].model.weight.detach())
    assert double.model.weight.dtype == torch.float64
    assert double.history["training loss"][-1] == pytest.approx(
        runs[0].history["training loss"][-1], rel=1e-5
    )


def test_tables_are_standardised_by_their_training_part():
    parts = lw_data.load("wine").parts()
    run = fit("mlp 8", parts, epochs=1)
    scaler = StandardScaler().fit(parts.training.features)
    wanted = scaler.transform(parts.test.features).astype(np.float32)
    np.testing.assert_allclose(run.preparation.apply(parts.test), wanted, rtol=1e-6)
    again = Preparation.from_document(run.preparation.document())
    assert torch.equal(again.apply(parts.test), run.preparation.apply(parts.test))


def test_pixels_become_zero_to_one_as_the_data_set_says():
    images = lw_data.load_images("digits")
    run = fit("cnn 4", images.take(range(200)), epochs=1)
    ready = run._taken.inputs(run.preparation.apply(images))
    assert np.array_equal(ready.numpy(), images.batch(range(len(images))))


def test_whole_numbers_go_to_an_embedding_as_they_are():
    model = nn.Sequential(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(12, 2))
    inputs = np.random.default_rng(0).integers(0, 10, (50, 3))
    run = fit(model, (inputs, inputs[:, 0] % 2), epochs=2)
    assert run.predict(inputs).shape == (50,)


def test_a_last_batch_of_one_is_joined_for_batch_norm():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    run = fit(model, tensors(33), epochs=1, batch_size=16)
    assert len(run.trace.series("loss")[0]) == 2
    plain = fit(nn.Linear(4, 2), tensors(33), epochs=1, batch_size=16)
    assert len(plain.trace.series("loss")[0]) == 3


def test_augmentation_is_given_the_samples_it_changes():
    seen = []

    def note(batch, rows, epoch, seed):
        seen.append((rows.copy(), epoch, seed))
        return batch

    images = lw_data.load_images("digits").take(range(60))
    pair = (images.batch(range(60)), np.arange(60) % 10)
    fit("cnn 2", pair, epochs=2, batch_size=25, augment=note, seed=5)
    for epoch in (0, 1):
        rows = np.concatenate([rows for rows, number, _ in seen if number == epoch])
        assert sorted(rows.tolist()) == list(range(60))
    assert {seed for *_, seed in seen} == {5}


def test_augment_of_the_data_room_fits():
    from layerwise.data.augment import Augment

    images = lw_data.load_images("digits").take(range(300))
    run = fit("cnn 4", images, epochs=1, augment=Augment(rotate=10, shift=0.1))
    assert len(run.history) == 1


def lone(model=None, pair=None, **options):
    return fit(nn.Linear(4, 2) if model is None else model, arrays() if pair is None else pair,
               epochs=1, **options)  # fmt: skip


class TwoThings(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 2)

    def forward(self, x):
        return self.a(x), x


HOLED = arrays()[0].copy()
HOLED[3, 2] = np.nan


@pytest.mark.parametrize(
    ("model", "pair", "message"),
    [
        (None, (HOLED, arrays()[1]), "Inputs must be finite numbers. Received 1 that are not, the "
         "first at (3, 2). Leave such samples out, or fill them in."),
        (None, (arrays()[0], arrays()[1] + 5), "Labels of the training part are outside the "
         "classes. Received 6 at sample"),
        (None, (arrays()[0], -arrays()[1]), "Labels of the training part are outside the classes. "
         "Received -1 at sample"),
        (None, (arrays(), (arrays()[0], arrays()[1] + 5)), "Labels of the control part are outside "
         "the classes"),
        (None, (arrays()[0], np.zeros(60, int)), "All training samples are of one class: there is "
         "nothing to tell apart. Received 60 samples of '0'."),
        (None, (arrays()[0], arrays()[1][:50]), "Each sample of the training part needs one "
         "target. Received 60 samples and 50 targets."),
        (None, (np.empty((0, 4)), np.empty(0, int)), "There are no samples in the training part"),
        (None, (arrays()[0][:, :3], arrays()[1]), "A batch of shape (4, 3) does not fit the model: "
         "the model itself (Linear 4 → 2) got (4, 3) = 3 features, wants 4"),
        (None, (np.full((60, 4), "a"), arrays()[1]), "Inputs must be numbers. Received type <U1"),
        (None, (arrays()[0], np.full(60, 1 + 1j)), "Targets must be numbers or names"),
        (None, (arrays()[0], np.full(60, np.nan)), "Targets must be finite numbers"),
        (None, ((arrays()[0], np.array(["a", "b"] * 30)), (arrays()[0], np.array(["c"] * 60))),
         "The class 'c' is not in the training part. Its classes are a, b."),
        (None, [1, 2, 3], "The training data cannot be learned from. Received list. A Dataset"),
        (None, "iris", "The training data cannot be learned from. Received str. A Dataset"),
        (TwoThings(), None, "The model must give one tensor, (sample, class). Received a tuple"),
        (nn.Identity(), None, "The model has no parameters to train"),
        (3, None, "The model is a torch.nn.Module or words that build one. Received int"),
        ("mpl 3", None, "'mpl 3' is no model that can be built"),
        (nn.Linear(4, 3), (arrays()[0], np.array(["a", "b"] * 30)), "The model's outputs are not "
         "as many as the classes. Received 3 outputs and 2 classes (a, b). Give the model 2"),
        (nn.Linear(4, 1), (arrays()[0], arrays()[1] * 2), "Labels of the training part are outside "
         "the classes"),
        (None, DataLoader(Rows(tensors()), collate_fn=lambda rows: rows[0][0]), "A loader must "
         "give pairs of tensors, (inputs, targets). Received Tensor"),
        (None, DataLoader(Rows((tensors()[0], tensors()[1] + 9))), "The loss cross-entropy cannot "
         "be computed: Target"),
        (nn.BatchNorm1d(4), DataLoader(Rows(tensors())), "A batch of shape (1, 4) does not fit the "
         "model: the model itself (BatchNorm1d"),
        (None, (arrays()[0], np.zeros((60, 7))), "Outputs and targets must have the same shape. "
         "Received outputs (60, 2) and targets (60, 7)"),
        (None, DataLoader(Rows((tensors()[0][:0], tensors()[1][:0]))), "There are no samples in "
         "the training part"),
        (None, (arrays(), arrays(), arrays(), arrays()), "The training data cannot be learned from."
         " Received a tuple of 4"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_from(model, pair, message):
    with pytest.raises(InputError) as caught:
        lone(model, pair)
    assert str(caught.value).startswith(message)


def test_labels_that_are_missing_are_asked_for():
    unlabelled = lw_data.load(arrays()[0])
    with pytest.raises(InputError, match="has no classes to learn"):
        fit("mlp 4", unlabelled)


def test_outputs_that_are_probabilities_already_are_noted():
    run = lone(nn.Sequential(nn.Linear(4, 2), nn.Softmax(1)))
    assert "leave the softmax at its end out" in run.notes[0]
