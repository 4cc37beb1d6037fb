"""A network's file gives the same answers; broken, foreign and other models' files are refused."""

from __future__ import annotations

import json
import pickle
import resource
import stat
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from layerwise.errors import FileError, InputError, LayerwiseError, OutputError
from layerwise.models import build, mlp
from layerwise.models.network_file import (
    KEY,
    NetworkDocument,
    document_of,
    read_document,
    read_network,
    save_network,
)

CLASSES = ("circle", "square", "Dreieck ▲")


def saved(path, spec="mlp 5-4 norm=batch dropout=0.5", inputs=(6,)):
    model = build(spec, inputs, 3, seed=1)
    save_network(path, model, document_of(model, inputs, CLASSES, {"mean": [0.5]}, {"seed": 1}))
    return model


@pytest.mark.parametrize(
    ("spec", "inputs"),
    [
        ("perceptron", (6,)),
        ("mlp 5-4 prelu norm=batch dropout=0.5", (6,)),
        ("6-5-3 tanh", (6,)),
        ("cnn 4 norm=layer", (1, 8, 8)),
        ("nin 4", (1, 8, 8)),
        ("resnet-8", (3, 8, 8)),
        ("resnet-40 dense", (6,)),
    ],
)
def test_a_loaded_network_answers_alike(tmp_path, spec, inputs):
    model = saved(tmp_path / "m.lw", spec, inputs)
    x = torch.randn(9, *inputs)
    model.train()(x)  # running means move
    document = document_of(model, inputs, CLASSES, {"mean": [0.5]}, {"seed": 1})
    assert save_network(tmp_path / "m.lw", model, document) == tmp_path / "m.lw"
    chance = torch.get_rng_state()
    loaded, told = read_network(tmp_path / "m.lw")
    assert torch.equal(torch.get_rng_state(), chance)
    assert told == document == read_document(tmp_path / "m.lw")
    assert not loaded.training
    assert torch.equal(loaded(x), model.eval()(x))
    loaded.train()(x).sum().backward()  # it can learn on
    assert all(p.grad is not None for p in loaded.parameters())


def test_same_network_same_bytes_and_rights(tmp_path):
    for name in ("one", "two"):
        saved(tmp_path / name)
    (tmp_path / "plain").touch()
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    rights = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("one", "plain")]
    assert rights[0] == rights[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "plain", "two"]


def test_values_that_are_no_numbers_and_half_precision_survive(tmp_path):
    model = mlp("4-3-2").to(torch.bfloat16)
    with torch.no_grad():
        model.fc1.weight[0, :3] = torch.tensor([float("nan"), float("inf"), -float("inf")])
    save_network(tmp_path / "m.lw", model, document_of(model, (4,), ("a", "b")))
    loaded, _ = read_network(tmp_path / "m.lw")
    assert loaded.fc1.weight.dtype is torch.bfloat16
    torch.testing.assert_close(loaded.fc1.weight, model.fc1.weight, equal_nan=True, rtol=0, atol=0)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.into = nn.Linear(4, 4, bias=False)
        self.out = nn.Linear(4, 4, bias=False)
        self.out.weight = self.into.weight
        whole = torch.arange(10.0)
        self.register_buffer("left", whole[:6])
        self.register_buffer("right", whole[4:])

    def forward(self, x):
        return self.out(self.into(x))


def test_tied_weights_and_shared_memory_survive(tmp_path):
    model = Tied()
    path = save_network(tmp_path / "m.lw", model, document_of(model, (4,), CLASSES))
    loaded, document = read_network(path, Tied())
    assert document.spec is None
    assert loaded.out.weight is loaded.into.weight
    assert torch.equal(loaded.out.weight, model.into.weight)
    assert loaded.right.tolist() == [4, 5, 6, 7, 8, 9]
    with safetensors.safe_open(path, "pt") as opened:
        assert sorted(opened.keys()) == ["into.weight", "left", "right"]


def test_a_persons_own_module_is_asked_for(tmp_path):
    save_network(tmp_path / "m.lw", Tied(), NetworkDocument(None, (4,), CLASSES))
    with pytest.raises(FileError) as caught:
        read_network(tmp_path / "m.lw")
    assert str(caught.value) == (
        "m.lw holds the numbers of a module that was not built by Layerwise. "
        "Make that module and give it as model=, so that they can be put into it."
    )


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("6-5-4-3", "the file has 'norm1.bias', for which this model has no place."),
        ("6-7-4-3 norm=batch", "'fc1.weight' does not fit. Received shape (5, 6). This model"),
        ("6-5-4-9-3 norm=batch", "'fc3.weight' does not fit. Received shape (3, 4). This model"),
        ("6-5-4-3-3 norm=batch", "the file has no 'norm3.weight', which this model needs."),
    ],
)
def test_a_file_of_another_model_names_the_first_misfit(tmp_path, other, message):
    saved(tmp_path / "m.lw")
    model = mlp(*other.split()[:1], norm="batch" if "norm" in other else None)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(FileError) as caught:
        read_network(tmp_path / "m.lw", model)
    assert str(caught.value).startswith(f"m.lw is of another model: {message}")
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def rewritten(path, change, tensors=None):
    """The file again with another document or other tensors."""
    with safetensors.safe_open(path, "pt") as opened:
        document = json.loads(opened.metadata()[KEY])
        kept = {name: opened.get_tensor(name) for name in list(opened.keys())}
    change(document)
    kept.update(tensors or {})
    safetensors.torch.save_file(kept, path, {KEY: json.dumps(document)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "lattice classifier"}, "m.lw holds no network. Received kind 'lattice classi"),
        ({"version": 2}, "m.lw was written by a later Layerwise. Received model version 2. This"),
        ({"version": "new"}, "m.lw is not a Layerwise model, or it is broken: invalid literal"),
        ({"spec": "resnet-99999 dense"}, "m.lw is not a Layerwise model, or it is broken: it has"),
        ({"spec": "mlp 1000000-1000000"}, "m.lw is not a Layerwise model, or it is broken: "),
        ({"spec": "mlp 5"}, "m.lw is of another model: "),
        ({"spec": "exec"}, "m.lw is not a Layerwise model, or it is broken: 'exec' is no model"),
        ({"spec": 7}, "m.lw is not a Layerwise model, or it is broken: its spelling is no text"),
        ({"inputs": [10**30]}, "m.lw is "),
        ({"inputs": []}, "m.lw is not a Layerwise model, or it is broken: The shape of a sample"),
        ({"classes": ["a"]}, "m.lw is of another model: "),
        ({"classes": [1, 2, 3]}, "m.lw is not a Layerwise model, or it is broken: its classes"),
        ({"preparation": 1}, "m.lw is not a Layerwise model, or it is broken: its preparation"),
        ({"tied": {"a": "b"}}, "m.lw is not a Layerwise model, or it is broken: its tensor 'a'"),
        ({"tied": [["fc1.bias"]]}, "m.lw is not a Layerwise model, or it is broken: "),
    ],
)
def test_changed_documents_are_refused(tmp_path, change, message):
    saved(tmp_path / "m.lw")
    rewritten(tmp_path / "m.lw", lambda document: document.update(change))
    with pytest.raises(FileError) as caught:
        read_network(tmp_path / "m.lw")
    assert str(caught.value).startswith(message)


def test_numbers_of_another_kind_are_refused(tmp_path):
    saved(tmp_path / "m.lw")
    whole = {"fc1.bias": torch.zeros(5, dtype=torch.int64)}
    rewritten(tmp_path / "m.lw", lambda document: None, whole)
    with pytest.raises(FileError) as caught:
        read_network(tmp_path / "m.lw")
    assert str(caught.value) == (
        "m.lw is of another model: 'fc1.bias' does not fit. Received numbers of type int64. "
        "This model wants float32."
    )


@pytest.mark.parametrize("keep", [0, 1, 8, 100, 0.5, 0.99])
def test_truncated_files(tmp_path, keep):
    path = tmp_path / "m.lw"
    saved(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep if keep >= 1 else keep * len(whole))])
    for read in (read_network, read_document):
        with pytest.raises(FileError, match=r"^m\.lw is not a Layerwise model, or it is broken: "):
            read(path)


def test_foreign_and_missing_files(tmp_path):
    path = tmp_path / "m.lw"
    with pytest.raises(FileError, match=r"^There is no model file .*m\.lw\. Check the name\.$"):
        read_network(path)

    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    for content in (b"hello", pickle.dumps(Trap()), b"\xff" * 5000, b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(FileError, match=r"^m\.lw is not a Layerwise model"):
            read_network(path)
    torch.save(mlp("4-2").state_dict(), path)
    with pytest.raises(FileError, match=r"^m\.lw is not a Layerwise model"):
        read_network(path)
    safetensors.torch.save_file({"x": torch.zeros(3)}, path)
    with pytest.raises(FileError, match=r"^m\.lw is not a Layerwise model"):
        read_network(path)
    assert not (tmp_path / "sprung").exists()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_changed_bytes_load_or_are_refused(tmp_path, changes):
    path = tmp_path / "m.lw"
    saved(path)
    content = np.frombuffer(path.read_bytes(), np.uint8).copy()
    for place, value in changes:
        content[place % len(content)] = value
    path.write_bytes(content.tobytes())
    with suppress(LayerwiseError):
        read_network(path)


def test_places_that_cannot_be_written(tmp_path):
    model = mlp("4-2")
    document = document_of(model, (4,), ("a", "b"))
    with pytest.raises(OutputError, match="there is no folder"):
        save_network(tmp_path / "none" / "m.lw", model, document)
    with pytest.raises(OutputError, match="it is a folder"):
        save_network(tmp_path, model, document)


def test_a_full_disk_leaves_the_older_file(tmp_path):
    path = tmp_path / "m.lw"
    saved(path)
    older = path.read_bytes()
    large = mlp("400-400-3")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"^Cannot write .*m\.lw: the file would be larger"):
            save_network(path, large, document_of(large, (400,), CLASSES))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == older
    assert [path.name for path in tmp_path.iterdir()] == ["m.lw"]


def test_states_and_documents_that_cannot_be_kept(tmp_path):
    with torch.device("meta"):
        empty = mlp("4-2")
    with pytest.raises(InputError, match="has a shape and no numbers"):
        save_network(tmp_path / "m.lw", empty, document_of(empty, (4,), ("a", "b")))
    model = mlp("4-2")
    with pytest.raises(InputError, match=r"^What goes into a model file must be JSON"):
        save_network(tmp_path / "m.lw", model, document_of(model, (4,), ("a",), {"at": Path()}))

    class Extra(nn.Module):
        def get_extra_state(self):
            return {"mood": 1}

    with pytest.raises(InputError, match=r"^A model file keeps plain tensors, and '_extra_state'"):
        save_network(tmp_path / "m.lw", Extra(), document_of(Extra(), (4,), ("a",)))
    assert not (tmp_path / "m.lw").exists()
