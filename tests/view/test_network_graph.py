"""Layers of recorded networks, against PyTorch's own tracer and modules."""

from __future__ import annotations

import pytest
import torch
from torch import fx, nn
from torch.nn import functional

import layerwise as lw
from layerwise.errors import InputError
from layerwise.trace import Header, Site, Trace
from layerwise.view.diagram.counts import parameters_in
from layerwise.view.diagram.folding import blocks_of, gathered
from layerwise.view.diagram.graph import Layer, NetworkGraph, network_graph


class UNet(nn.Module):
    """Two levels down and up, joined by skips."""

    def __init__(self):
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.middle = nn.Conv2d(8, 8, 3, padding=1)
        self.up2, self.dec2 = nn.ConvTranspose2d(8, 8, 2, 2), nn.Conv2d(16, 4, 3, padding=1)
        self.up1, self.dec1 = nn.ConvTranspose2d(4, 4, 2, 2), nn.Conv2d(8, 2, 3, padding=1)

    def forward(self, x):
        a = functional.relu(self.down1(x))
        b = functional.relu(self.down2(self.pool(a)))
        x = self.up2(self.middle(self.pool(b)))
        x = functional.relu(self.dec2(torch.cat([x, b], 1)))
        return self.dec1(torch.cat([self.up1(x), a], 1))


class Branches(nn.Module):
    """Two inputs, a shared layer, arithmetic with numbers, a gate."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(6, 8), nn.Linear(3, 8)
        self.shared, self.out = nn.Linear(8, 8), nn.Linear(16, 2)

    def forward(self, one, other):
        left = torch.tanh(self.left(one)) * 0.5
        right = self.shared(functional.gelu(self.right(other)))
        gate = torch.sigmoid(self.shared(left))
        return self.out(torch.cat([left + right, left * gate], 1)).softmax(1)


class Attention(nn.Module):
    """One block of a transformer, its heads written out."""

    def __init__(self):
        super().__init__()
        self.norm, self.qkv = nn.LayerNorm(8), nn.Linear(8, 24)
        self.proj, self.out = nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x):
        parts = self.qkv(self.norm(x)).chunk(3, 2)
        q, k, v = (parts[n].unflatten(2, (2, 4)).transpose(1, 2) for n in range(3))
        weights = (q @ k.transpose(-2, -1) / 2).softmax(-1)
        x = x + self.proj((weights @ v).transpose(1, 2).flatten(2))
        return self.out(x[:, 0])


class Recurrent(nn.Module):
    """An LSTM whose last state is read."""

    def __init__(self):
        super().__init__()
        self.embed, self.lstm = nn.Embedding(20, 8), nn.LSTM(8, 6, batch_first=True)
        self.drop, self.out = nn.Dropout(0.2), nn.Linear(6, 2)

    def forward(self, words):
        _, (state, _) = self.lstm(self.embed(words))
        return self.out(self.drop(state[-1]))


def build(words, shape, classes):
    return lambda: (lw.models.build(words, shape, classes), (torch.randn(2, *shape),))


CASES = {
    "four pixel": build("four_pixel", (1, 2, 2), 4),
    "perceptron": build("perceptron", (4,), 3),
    "mlp": build("mlp 16-8", (12,), 3),
    "cnn": build("cnn", (1, 12, 12), 4),
    "nin": build("nin", (3, 16, 16), 4),
    "resnet-18": build("resnet-18", (3, 64, 64), 5),
    "rezero": build("resnet-12 dense rezero width=4", (2,), 2),
    "u-net": lambda: (UNet(), (torch.randn(2, 1, 8, 8),)),
    "branches": lambda: (Branches(), (torch.randn(2, 6), torch.randn(2, 3))),
    "attention": lambda: (Attention(), (torch.randn(2, 5, 8),)),
    "recurrent": lambda: (Recurrent(), (torch.randint(0, 20, (2, 7)),)),
}


def record(name):
    torch.manual_seed(0)
    model, batch = CASES[name]()
    return model, lw.record(model, batch if len(batch) > 1 else batch[0])


def reached(edges):
    """Pairs (one, other) where a way leads from one to the other."""
    after = {}
    for node in reversed(list(edges)):
        after[node] = set().union(*({n} | after[n] for n in edges[node] if n in after), set())
    return {(one, other) for one, others in after.items() for other in others}


class Leaves(fx.Tracer):
    """PyTorch's tracer, through all modules but its own and those whose loops it cannot see."""

    def is_leaf_module(self, m, module_qualified_name):
        return not list(m.children()) and type(m).__module__.startswith("torch.nn")


@pytest.mark.parametrize("name", [n for n in CASES if n != "four pixel"])
def test_ways_between_weighted_layers_are_those_of_fx(name):
    model, trace = record(name)
    graph = network_graph(trace)
    wanted = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.Embedding, nn.LSTM)
    kinds = {n: m for n, m in model.named_modules() if isinstance(m, wanted)}
    traced = Leaves().trace(model)
    calls, called = {}, {}
    for node in traced.nodes:
        if node.op == "call_module" and node.target in kinds:
            called[node.target] = called.get(node.target, 0) + 1
            again = called[node.target]
            calls[node] = node.target if again == 1 else f"{node.target}:{again}"
    expected = {
        (calls[a], calls[b])
        for a, b in reached({node: list(node.users) for node in traced.nodes})
        if a in calls and b in calls
    }
    users = {number: [] for number in range(len(graph.layers))}
    for number, layer in enumerate(graph.layers):
        for source in layer.inputs:
            users[source].append(number)
    names = [layer.name for layer in graph.layers]
    own = set(calls.values())
    found = {(names[a], names[b]) for a, b in reached(users)}
    assert {pair for pair in found if set(pair) <= own} == expected
    assert own <= set(names)
    assert expected or len(own) < 2


@pytest.mark.parametrize("name", CASES)
def test_layers_hold_together(name):
    model, trace = record(name)
    graph = network_graph(trace)
    taken = [site for layer in graph.layers for site in layer.sites]
    assert len(taken) == len(set(taken)), "a site belongs to one layer"
    for number, layer in enumerate(graph.layers):
        assert all(source < number for source in layer.inputs)
        assert layer.shown == layer.sites[-1]
        assert trace[layer.shown, 0].shape == layer.shape
        assert layer.axes == trace.site(layer.shown).axes
        assert layer.kind == "input" or layer.inputs
        if layer.weight:
            assert trace.site(layer.weight).kind == "weight"
    counted = parameters_in(graph, range(len(graph.layers)))
    assert counted == sum(parameter.numel() for parameter in model.parameters())


def test_activation_norm_and_dropout_join_their_layer():
    layers = {layer.name: layer for layer in network_graph(record("resnet-18")[1]).layers}
    assert layers["conv1"].sites == ("conv1", "bn1", "relu")
    assert layers["conv1"].label == "64 maps 32 × 32, batch norm, ReLU"
    assert layers["conv1"].activation == "ReLU"
    total = layers["layer2.0.add"]
    assert total.kind == "addition"
    fed = [network_graph(record("resnet-18")[1]).layers[n].name for n in total.inputs]
    assert fed == ["layer2.0.downsample.0", "layer2.0.conv2"]


def test_what_reshapes_joins_the_next_layer():
    layers = {layer.name: layer for layer in network_graph(record("cnn")[1]).layers}
    assert layers["fc1"].sites[:2] == ("flatten", "fc1")
    assert "flatten" not in layers["pool2"].sites
    assert [layer.kind for layer in layers.values()] == [
        "input", "convolution", "pooling", "convolution", "pooling", "dense", "dense",
    ]  # fmt: skip


def test_branches_sums_and_gates_are_layers():
    graph = network_graph(record("branches")[1])
    layers = {layer.name: layer for layer in graph.layers}
    names = [layer.name for layer in graph.layers]

    def fed(name):
        return [names[n] for n in layers[name].inputs]

    assert fed("add") == ["left", "shared"]
    assert fed("mul:2") == ["left", "shared:2"]
    assert fed("cat") == ["add", "mul:2"]
    assert (layers["left"].activation, layers["left"].shown) == ("tanh", "mul")
    assert layers["shared:2"].weight == layers["shared"].weight == "shared.weight"
    assert layers["out"].label == "2 neurons, softmax"
    assert [layer.kind for layer in graph.layers[:2]] == ["input", "input"]


def test_products_of_attention_are_layers():
    graph = network_graph(record("attention")[1])
    names = [layer.name for layer in graph.layers]
    products = [layer for layer in graph.layers if layer.kind == "attention"]
    assert len(products) == 2
    assert products[0].activation == "softmax"
    assert [names[n] for n in products[1].inputs] == [products[0].name, "qkv"]


def test_what_is_not_used_twice_only_joins():
    """An activation whose input somebody else reads too is a layer of its own."""

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x):
            x = self.fc(x)
            return torch.relu(x) + x

    graph = network_graph(lw.record(Twice(), torch.randn(2, 4)))
    assert [layer.name for layer in graph.layers] == ["input", "fc", "relu", "add"]
    assert [layer.inputs for layer in graph.layers] == [(), (0,), (1,), (2, 1)]


def test_activation_written_in_arithmetic_joins():
    class Swish(nn.Module):
        def forward(self, x):
            return x * torch.sigmoid(x)

    model = nn.Sequential(nn.Linear(4, 6), Swish(), nn.Linear(6, 2))
    graph = network_graph(lw.record(model, torch.randn(2, 4)))
    assert [layer.label for layer in graph.layers] == ["4 values", "6 neurons, Swish", "2 neurons"]


def test_recordings_of_training_give_the_same_layers():
    model, batch = lw.models.mlp([6, 40, 3]), torch.randn(8, 6)
    with lw.recording(model, lw.Keep(neurons=5)) as recorder:
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for _ in range(2):
            optimizer.zero_grad()
            model(batch).square().mean().backward()
            optimizer.step()
    layers = network_graph(recorder.trace).layers
    assert [layer.label for layer in layers] == ["6 values", "40 neurons, ReLU", "3 neurons"]
    assert recorder.trace.site(layers[1].shown).entries, "only some neurons were kept"
    assert layers[1].shape[1] == 40


def test_a_trace_without_network_is_refused():
    with pytest.raises(InputError, match="no network to draw"):
        network_graph(Trace(Header("loss alone", (Site("loss", "metric"),))))


def repeats(block):
    return [part.repeats for part in block.walk() if part.repeats > 1]


def test_equal_blocks_fold_as_often_as_there_are():
    torch.manual_seed(0)
    model = lw.models.build("resnet-152", (3, 32, 32), 10)
    graph = network_graph(lw.record(model, torch.randn(1, 3, 32, 32)))
    root = blocks_of(graph)
    folded = {part.name: part.repeats for part in root.walk() if part.repeats > 1}
    lengths = [len(getattr(model, f"layer{number}")) for number in (1, 2, 3, 4)]
    assert lengths == [3, 8, 36, 3]
    assert folded == {
        f"layer{n}.1": length - 1 for n, length in zip((1, 2, 3, 4), lengths, strict=True)
    }
    assert covered(root) == len(graph.layers)
    assert len(root.parts) == 8


def covered(block):
    """How many layers a tree stands for."""
    own = sum(covered(part) for part in block.parts) if block.parts else 1
    return own * block.repeats


def test_a_thousand_blocks_are_one():
    model = lw.models.build("resnet-1000 dense rezero width=2", (2,), 2)
    root = blocks_of(network_graph(lw.record(model, torch.randn(2, 2))))
    assert repeats(root) == [998]
    assert root.boxes() == 5


def test_a_loop_over_one_layer_folds():
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x):
            for _ in range(9):
                x = x + torch.tanh(self.cell(x))
            return self.out(x)

    graph = network_graph(lw.record(Loop(), torch.randn(2, 4)))
    root = blocks_of(graph)
    assert repeats(root) == [9]
    assert parameters_in(graph, range(len(graph.layers))) == 4 * 4 + 4 + 4 * 2 + 2


def chain(widths, extra=()):
    """Layers in a row, with more links (from, to)."""
    layers = []
    for number, width in enumerate(widths):
        inputs = [number - 1] if number else []
        inputs += [a for a, b in extra if b == number]
        layers.append(
            Layer(f"l{number}", "dense" if number else "input", (f"l{number}",), f"l{number}",
                  (1, width), ("sample", "unit"), str(width), "", "", "", tuple(inputs))
        )  # fmt: skip
    return NetworkGraph(tuple(layers))


@pytest.mark.parametrize(
    ("widths", "extra", "expected"),
    [
        ([1, 5, 5, 5, 2], (), [3]),
        ([1, 5, 6, 7, 2], (), []),
        ([1, 5, 3, 5, 3, 5, 3, 2], (), [3]),
        ([1, 5, 5, 5, 2], ((2, 4),), [2]),  # the end reads from the second: it must be seen
        ([1, 5, 5, 5, 5, 2], ((0, 1), (0, 2), (0, 3), (0, 4)), [4]),  # all read one source too
        ([1, 5, 5, 5, 2], ((1, 4), (2, 4)), [3]),  # the end reads all of them
        ([1, 5, 5, 5, 2], ((1, 4),), [2]),  # of the first only: it stands alone
        ([1, 5, 5, 5, 5, 2], ((1, 3),), [2]),  # the third reads both before it
    ],
)
def test_what_folds(widths, extra, expected):
    root = blocks_of(chain(widths, extra))
    assert repeats(root) == expected
    assert covered(root) == len(widths)
    assert repeats(blocks_of(chain(widths, extra), fold=False)) == []


def test_gathered_covers_everything_in_few_blocks():
    root = blocks_of(chain(list(range(1, 60))))
    few = gathered(root, 7)
    assert len(few.parts) == 7
    assert covered(few) == covered(root) == 59
    assert gathered(few, 7) is few


def test_a_type_changed_to_itself_does_not_hide_a_norm():
    """As in language models: the norm works in float32, and the skip goes around it."""

    class RMSNorm(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(6))

        def forward(self, x):
            x = x.to(torch.float32)
            return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.fc = RMSNorm(), nn.Linear(6, 6)

        def forward(self, x):
            return x + self.fc(self.norm(x))

    model = nn.Sequential(nn.Linear(4, 6), Block(), Block())
    graph = network_graph(lw.record(model, torch.randn(2, 4)))
    kinds = [layer.kind for layer in graph.layers]
    assert kinds == ["input", "dense", *["normalisation", "dense", "addition"] * 2]
    assert graph.layers[2].parameters == ("1.norm.weight",)
    assert repeats(blocks_of(graph)) == [2]


def test_steps_of_a_loop_that_all_feed_the_end_fold():
    class Steps(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.GRUCell(3, 5), nn.Linear(5, 2)

        def forward(self, x):
            state, outputs = x.new_zeros(len(x), 5), []
            for step in range(x.shape[1]):
                state = self.cell(x[:, step], state)
                outputs.append(self.out(state))
            return torch.stack(outputs, 1)

    graph = network_graph(lw.record(Steps(), torch.randn(2, 6, 3)))
    assert 5 <= max(repeats(blocks_of(graph))) <= 6
    assert graph.layers[-1].kind == "joining"


def test_new_numbers_of_an_inputs_type_are_fed_by_nothing():
    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.GRUCell(3, 5), nn.Linear(5, 2)

        def forward(self, x):
            return self.out(self.cell(x, x.new_zeros(len(x), 5)))

    graph = network_graph(lw.record(Cell(), torch.randn(2, 3)))
    assert [layer.kind for layer in graph.layers] == ["input", "recurrent", "dense"]
    assert graph.layers[1].inputs == (0,)
