"""The page's lattice against a plain reference written from the rule's description."""

import base64
import json
import zlib
from importlib.resources import files

import jsonschema
import numpy as np
import pytest

from layerwise.lattice.classifier import LatticeClassifier
from layerwise.render.page_source import joined_modules
from layerwise.scene_json import document_text, scene_document
from layerwise.view.lattice.film import lattice

pytestmark = pytest.mark.browser
UNCLASSIFIED = 255


@pytest.fixture(scope="module")
def page(chromium):
    page = chromium.new_page()
    for module in ("lattice.js", "frames.js"):
        name = {"lattice.js": "LatticeReplay", "frames.js": "FramesReplay"}[module]
        script = f"{{ {joined_modules(module)}\nglobalThis.{name} = {name}; }}"
        page.add_script_tag(content=script)
    yield page
    page.close()


def mixed(z):
    """SplitMix64's finalizer on whole arrays (Steele, Lea and Flood 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def random_bits(seed, layer, plane, rows, columns):
    words = -(-columns // 64)
    stream = mixed(np.array([seed], np.uint64)) + np.uint64(3 * layer + plane)
    counters = np.arange(1, rows * words + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    values = mixed(mixed(stream) + counters).reshape(rows, words, 1)
    bits = (values >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    return bits.reshape(rows, words * 64)[:, :columns].astype(bool)


def layers(recipe, count):
    """The labels of layers 0 … count − 1, by the rule as it is described."""
    rows, columns = recipe["rows"], recipe["columns"]
    phases = recipe["phases"]

    def started(phase):
        state = np.full(rows * columns, UNCLASSIFIED)
        state[phase["cells"]] = phase["labels"]
        return state.reshape(rows, columns)

    anchors = np.zeros(rows * columns, bool)
    anchors[recipe.get("anchors", phases[0]["cells"])] = True
    anchors = anchors.reshape(rows, columns)
    states = [started(phases[0])]
    for layer in range(1, count):
        before = states[-1]
        phase = [phase for phase in phases if phase["first"] < layer][-1]
        a, b = (random_bits(int(recipe["seed"]), layer, j, rows, columns) for j in (0, 1))
        padded = np.pad(before, 1, mode="edge")
        up, down = padded[:-2, 1:-1], padded[2:, 1:-1]
        left, right = padded[1:-1, :-2], padded[1:-1, 2:]
        chosen = np.where(b, np.where(a, left, down), np.where(a, right, up))
        keeps = np.zeros_like(anchors)
        if recipe["lazy"]:
            keeps |= random_bits(int(recipe["seed"]), layer, 2, rows, columns)
        if phase["mode"] == "fill":
            keeps |= before != UNCLASSIFIED
        elif phase.get("anchors"):
            keeps |= anchors
        after = np.where(keeps, before, chosen)
        for restart in phases:
            if restart["first"] == layer and "cells" in restart:
                after = started(restart)
        states.append(after)
    return states


def recipe(rows, columns, classes, *, lazy, seed, phases, share=0.2):
    rng = np.random.default_rng(rows * 1000 + columns)
    made = []
    for first, mode, restarts, anchors in phases:
        phase = {"first": first, "mode": mode}
        if restarts:
            count = max(1, int(share * rows * columns))
            cells = rng.choice(rows * columns, count, replace=False)
            phase |= {
                "cells": cells.tolist(),
                "labels": rng.integers(0, classes, count).tolist(),
            }
        if anchors:
            phase["anchors"] = True
        made.append(phase)
    return {
        "rule": "copy", "rows": rows, "columns": columns, "classes": classes, "seed": str(seed),
        "lazy": lazy, "phases": made, "moments": list(range(0, 2000, 2)),
    }  # fmt: skip


def encoded(numbers, dtype):
    data = np.asarray(numbers, dtype).tobytes()
    return {"dtype": dtype, "shape": [len(numbers)], "base64": base64.b64encode(data).decode()}


SHOWN = """async ([name, recipe, wanted]) => {
  const replay = new globalThis[name](recipe);
  const shown = [];
  for (const layer of wanted) {
    const {values, stride} = await replay.labels(layer);
    const rows = [];
    for (let row = 0; row < recipe.rows; row++) {
      rows.push(Array.from(values.subarray(row * stride, row * stride + recipe.columns)));
    }
    shown.push(rows);
  }
  return shown;
}"""

FILL = [(0, "fill", True, False)]
FILL_THEN_COPY = [*FILL, (9, "copy", False, False)]
RESTART = [*FILL, (9, "copy", True, False)]
ANCHORED = [*FILL, (9, "copy", False, True)]


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("rows", "columns", "classes", "phases"),
    [
        (1, 1, 1, FILL_THEN_COPY),
        (1, 1, 2, FILL_THEN_COPY),
        (3, 130, 4, FILL_THEN_COPY),
        (40, 64, 3, RESTART),
        (17, 33, 255, ANCHORED),
        (5, 128, 2, [(0, "copy", True, True)]),
        (70, 31, 5, [*FILL, (4, "copy", False, True), (11, "copy", True, False)]),
        (64, 1, 16, FILL_THEN_COPY),
        (9, 97, 17, [*FILL, (0, "copy", False, False)]),
    ],
)
def test_layers_are_those_of_the_rule(page, rows, columns, classes, phases, lazy):
    asked = recipe(
        rows, columns, classes, lazy=lazy, seed=0xFEDC_BA98_7654_3210 + columns, phases=phases
    )
    expected = layers(asked, 40)
    wanted = [0, 1, 2, 3, 8, 9, 10, 39, 17, 5, 38, 0, 16, 25]
    shown = page.evaluate(SHOWN, ["LatticeReplay", asked, wanted])
    for layer, labels in zip(wanted, shown, strict=True):
        np.testing.assert_array_equal(labels, expected[layer], err_msg=f"layer {layer}")
    assert len({np.asarray(state).tobytes() for state in expected}) > 1 or rows * columns == 1


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 1])
def test_every_seed_of_64_bits_counts(page, seed):
    asked = recipe(6, 70, 3, lazy=True, seed=seed, phases=FILL_THEN_COPY)
    expected = layers(asked, 12)
    shown = page.evaluate(SHOWN, ["LatticeReplay", asked, [11]])
    np.testing.assert_array_equal(shown[0], expected[11])


def test_seeds_and_layers_give_other_bits():
    one, two = (random_bits(seed, 1, 0, 8, 64) for seed in (1, 2))
    assert 0.3 < (one ^ two).mean() < 0.7
    assert 0.3 < (one ^ random_bits(1, 2, 0, 8, 64)).mean() < 0.7


def test_splitmix_is_the_published_one():
    # The first outputs of Vigna's splitmix64.c started at 1234567.
    states = np.uint64(1234567) + np.arange(1, 4, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert mixed(states).tolist() == expected


def test_cells_may_come_as_bytes(page):
    asked = recipe(20, 70, 4, lazy=False, seed=7, phases=RESTART)
    expected = layers(asked, 14)
    for phase in asked["phases"]:
        phase["cells"] = encoded(phase["cells"], "<u4")
        phase["labels"] = encoded(phase["labels"], "<u1")
    shown = page.evaluate(SHOWN, ["LatticeReplay", asked, [13, 9]])
    np.testing.assert_array_equal(shown[0], expected[13])
    np.testing.assert_array_equal(shown[1], expected[9])


def test_keyframes_keep_within_their_memory(page):
    asked = recipe(8, 70, 4, lazy=True, seed=3, phases=FILL_THEN_COPY)
    expected = layers(asked, 700)
    shown, kept, spacing = page.evaluate(
        """async (recipe) => {
          const replay = new LatticeReplay(recipe);
          const state = replay.state;
          Object.defineProperty(state, "byteLength", {value: 2 ** 24});
          Object.defineProperty(replay.next, "byteLength", {value: 2 ** 24});
          replay.approach(699);
          const kept = replay.keyframes.size;
          const shown = [];
          for (const layer of [650, 333, 699, 3]) {
            replay.approach(layer);
            const {values, stride} = replay.unpack();
            shown.push([layer, Array.from(values.subarray(7 * stride, 7 * stride + 70))]);
          }
          return [shown, kept, replay.spacing];
        }""",
        asked,
    )
    assert kept <= 6
    assert spacing > 16
    for layer, row in shown:
        np.testing.assert_array_equal(row, expected[layer][7])


def test_stored_frames_are_unpacked(page):
    rng = np.random.default_rng(5)
    labels = rng.choice([0, 1, 2, UNCLASSIFIED], (40, 6, 9)).astype(np.uint8)
    changes = labels ^ np.concatenate([np.zeros((1, 6, 9), np.uint8), labels[:-1]])
    frames = [base64.b64encode(zlib.compress(change.tobytes())).decode() for change in changes]
    asked = {"rule": "frames", "rows": 6, "columns": 9, "frames": frames}
    wanted = [0, 1, 39, 20, 21, 5, 32]
    shown = page.evaluate(SHOWN, ["FramesReplay", asked, wanted])
    np.testing.assert_array_equal(shown, labels[wanted])


@pytest.mark.parametrize("restarts", [False, True])
def test_copying_goes_on_from_stored_layers(page, restarts):
    rows, columns, last = 7, 70, 5
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 3, (last + 1, rows, columns)).astype(np.uint8)
    labels[:last][rng.random((last, rows, columns)) < 0.5] = UNCLASSIFIED
    anchors = rng.choice(rows * columns, 60, replace=False)
    changes = labels ^ np.concatenate([np.zeros((1, rows, columns), np.uint8), labels[:-1]])
    frames = [base64.b64encode(zlib.compress(change.tobytes())).decode() for change in changes]
    first = {"cells": anchors.tolist(), "labels": rng.integers(0, 3, 60).tolist()}
    copy = {"first": last, "mode": "copy", "anchors": True}
    if restarts:
        copy |= {"first": last + 1, **first}
    asked = {
        "rule": "copy", "rows": rows, "columns": columns, "classes": 3, "seed": "11", "lazy": True,
        "phases": [{"first": 0, "mode": "frames", "frames": frames, **first}, copy],
        "moments": list(range(20)),
    }  # fmt: skip
    # The same from the last stored layer on, by the reference: it begins there as if it were 0.
    whole = {"cells": np.arange(rows * columns), "labels": labels[last].reshape(-1)}
    plain = {**asked, "phases": [{"first": 0, "mode": "fill", **whole}, copy]}
    plain["phases"].insert(1, {"first": last, "mode": "copy", **whole})
    anchored = {**plain, "anchors": anchors}
    expected = [*labels[:last], *layers(anchored, 20)[last:]]
    wanted = [0, 3, last, last + 1, 19, last + 2, 1, 12]
    shown = page.evaluate(SHOWN, ["LatticeReplay", asked, wanted])
    for layer, found in zip(wanted, shown, strict=True):
        np.testing.assert_array_equal(found, expected[layer], err_msg=f"layer {layer}")


def test_moments_name_their_layers(page):
    asked = json.loads(json.dumps(recipe(2, 3, 2, lazy=False, seed=1, phases=FILL)))
    assert page.evaluate("recipe => new LatticeReplay(recipe).layerOf(7)", asked) == 14


@pytest.mark.parametrize(
    "options",
    [
        {"rule": "copy", "lazy": True, "fuzzy_from": "filled"},
        {"rule": "copy", "lazy": False, "fuzzy_from": "points"},
        {"rule": "copy", "lazy": True, "fuzzy_from": "filled", "anchored": True},
        {"rule": "vote", "lazy": True, "fuzzy_from": "filled"},
        {"rule": "vote", "lazy": False, "fuzzy_from": "points", "window": 2},
    ],
)
def test_a_page_computes_the_layers_of_the_network_itself(page, options):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(150, 2))
    y = (X[:, 0] > 0) + 2 * (X[:, 1] > 0.3)
    network = LatticeClassifier(grid=(40, 70), fuzzy_layers=12, random_state=3, **options).fit(X, y)
    scene = lattice(network.trace_)
    document = json.loads(document_text(scene_document(scene)))
    schema = json.loads((files("layerwise") / "scene.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    asked = document["replays"]["labels"]
    moments = list(range(len(network.trace_.moments)))
    wanted = [asked["moments"][moment] for moment in [*moments, *moments[::-7]]]
    shown = page.evaluate(SHOWN, ["LatticeReplay", asked, wanted])
    for moment, found in zip([*moments, *moments[::-7]], shown, strict=True):
        expected = network.trace_["labels", moment]
        np.testing.assert_array_equal(found, expected, err_msg=f"moment {moment}")
