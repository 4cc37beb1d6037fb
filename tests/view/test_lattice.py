"""The film of a lattice: its numbers are those of the trace, and every word can be read."""

from __future__ import annotations

import os
import re
import zlib
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from chart_checks import box_of, texts
from sklearn.datasets import make_blobs, make_moons

import layerwise as lw
from layerwise import view
from layerwise.errors import InputError, UnknownNameError
from layerwise.lattice.classifier import LatticeClassifier
from layerwise.scene import Discs, Image, Rectangles, Segments, Text
from layerwise.trace import Header, Moment, Site, Trace
from layerwise.typeface import text_width
from layerwise.types import UNCLASSIFIED
from layerwise.view.palette import class_colors
from layerwise.view.style import DARK, LIGHT, SMALLEST_SIZE

GOLDEN = Path(__file__).parents[1] / "golden" / "lattice-film.txt"
MOONS = make_moons(120, noise=0.25, random_state=0)
CONTROL = make_moons(200, noise=0.25, random_state=1)
BASELINES = (("always the largest class", 0.5), ("25 nearest neighbours", 0.92))
LONG = "an unusually long name of a class that nobody could ever have meant to fit anywhere"


@cache
def film_of(name):
    """A trace of that name, and its scene."""
    X, y = MOONS
    options = {"grid": (20, 30), "fuzzy_from": "filled", "fuzzy_layers": 25}
    shown = {"data": "moons", "class_names": ["lower", "upper"], "baselines": BASELINES}
    control = CONTROL
    if name == "points":
        options["fuzzy_from"] = "points"
    elif name == "chosen":
        options |= {"fuzzy_from": "auto", "fuzzy_layers": "auto"}
    elif name == "vote":
        options |= {"rule": "vote", "window": 2, "anchored": True}
    elif name == "no control":
        control, shown = (None, None), {}
    elif name == "no fuzzy layers":
        options["fuzzy_layers"] = 0
    elif name in ("nine classes", "thirty classes"):
        count = 9 if name == "nine classes" else 30
        points, numbers = make_blobs(8 * count, centers=count, random_state=0)
        X, y = points[::2], numbers[::2]
        control = points[1::2], numbers[1::2]
        kinds = [chr(97 + k % 26) * (1 + k // 26) for k in range(count)]
        shown |= {"class_names": kinds}
        options["fuzzy_from"] = "points"
    elif name == "long names":
        shown = {
            "data": "a table whose name goes on and on " * 8,
            "class_names": [LONG, LONG[::-1]],
            "baselines": (*BASELINES, ("gradient boosting", 0.921), ("Bayes", 0.9205)),
        }
        X = np.column_stack([X, X[:, 0] * X[:, 1]])
        control = np.column_stack([CONTROL[0], CONTROL[0].prod(axis=1)]), CONTROL[1]
    elif name == "great depth":
        options |= {"grid": (6, 9), "fuzzy_layers": 100_000, "fuzzy_from": "points"}
    elif name == "great and filled":
        options |= {"grid": (6, 9), "fuzzy_layers": 100_000}
    elif name == "large grid":
        options |= {"grid": (450, 810), "fuzzy_layers": 3}
        shown |= {"filling_moments": 3}
    trace = LatticeClassifier(**options).fit(X, y).record(*control, **shown)
    return trace, view.lattice(trace)


NAMES = [
    "filled",
    "points",
    "chosen",
    "vote",
    "no control",
    "no fuzzy layers",
    "nine classes",
    "thirty classes",
    "long names",
    "great depth",
    "great and filled",
    "large grid",
]
LAYOUTS = ["wide", "tall"]


def laid_out(name, layout):
    trace, scene = film_of(name)
    return trace, scene if layout == "wide" else scene.portrait


def some_stops(scene):
    """The first and last stops, those around the turn, and some between."""
    count, turn = len(scene.stops), scene.poster
    chosen = {0, 1, turn - 1, turn, turn + 1, turn + 2, count - 2, count - 1}
    chosen |= set(range(0, count, max(1, count // 12)))
    return sorted(stop for stop in chosen if 0 <= stop < count)


# Where the words stand


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_too_small_or_beyond_the_frame(name, layout):
    trace, scene = laid_out(name, layout)
    width, height = scene.size
    baselines = [baseline["name"] for baseline in trace.about["baselines"]]
    for stop in some_stops(scene):
        for text in texts(scene, stop):
            left, top, right, bottom = box_of(text)
            assert text.size >= SMALLEST_SIZE
            if text.string.startswith(tuple(baselines)):
                continue  # see the next test
            assert left >= 0 and top >= 0, text.string
            assert right <= width and bottom <= height, text.string


@pytest.mark.parametrize("layout", ["wide", "tall"])
def test_names_of_baselines_end_within_the_frame(layout):
    _, scene = laid_out("filled", layout)
    labels = [text for text in texts(scene, 0) if text.string.startswith(("always", "25 nearest"))]
    assert len(labels) == 2
    assert max(box_of(label)[2] for label in labels) <= scene.size[0]


def test_a_long_class_in_the_name_of_a_baseline_ends_within_the_frame():
    X, y = MOONS
    model = LatticeClassifier(grid=20, fuzzy_layers=3, fuzzy_from="filled").fit(X, y)
    scene = view.lattice(model.record(*CONTROL, baselines=[(f"always {LONG}", 0.5)]))
    (name,) = (text for text in texts(scene, 0) if text.string.startswith("always"))
    assert box_of(name)[2] <= scene.size[0]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_no_two_texts_overlap(name, layout):
    _, scene = laid_out(name, layout)
    for stop in some_stops(scene):
        for one, other in combinations(texts(scene, stop), 2):
            a, b = box_of(one), box_of(other)
            wide = min(a[2], b[2]) - max(a[0], b[0])
            high = min(a[3], b[3]) - max(a[1], b[1])
            assert wide <= 0.5 or high <= 0.5, (stop, one.string, other.string)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_no_text_lies_on_a_picture_but_a_class_in_its_own_region(name, layout):
    trace, scene = laid_out(name, layout)
    classes = [str(name) for name in trace.about["classes"]]
    for stop in some_stops(scene):
        marks = scene.stop_marks(stop)
        images = [mark.box for mark in marks if isinstance(mark, Image)]
        assert len(images) == (3 if stop > scene.poster else 2)
        for x, y, width, height in images:
            assert x >= 0 and y >= 0
            assert x + width <= scene.size[0] and y + height <= scene.size[1]
        for text in texts(scene, stop):
            left, top, right, bottom = box_of(text)
            if text.anchor == "middle" and text.weight == 600 and len(classes) > 6:
                x, y, width, height = max(images, key=lambda box: box[2])
                assert x <= left and right <= x + width and y <= top and bottom <= y + height
                assert any(name.startswith(text.string.rstrip("…")) for name in classes)
                continue
            for x, y, width, height in images:
                apart = right <= x or left >= x + width or bottom <= y or top >= y + height
                assert apart, text.string


# What they say


def numbers_in(string):
    return re.findall(r"\d[\d,]*(?:\.\d+)?", string)


def known_numbers(trace, stop):
    """Every number that the frame of a stop may show, and those that hold for the whole film."""
    about, recipe = trace.about, trace.header.replays["labels"]["layers"]
    cells = recipe["rows"] * recipe["columns"]
    known = [about[key] for key in ("points", "control_points", "depth", "fuzzy_layers")]
    known += [*about["class_points"], recipe["rows"], recipe["columns"], int(recipe["seed"])]
    known += [100 * baseline["accuracy"] for baseline in about["baselines"]]
    known += [2 * recipe["window"] + 1]
    known += [float(digits) for name in about["axes"] for digits in re.findall(r"\d+", name)]
    # The ends of the axis, and its turn.
    layers = [moment.at["layer"] for moment in trace.moments]
    known += [layers[0], layers[-1], about["depth"]]
    known += list(trace.moments[stop].at.values())
    exact = trace.where("probabilities")
    near = [moment for moment in exact if moment <= stop] or [exact[-1]]
    for moment in {near[-1], exact[-1]}:
        known.append(trace.moments[moment].at["fuzzy"])
        likeliest = trace["probabilities", moment].argmax(axis=0)
        shares = np.bincount(likeliest.reshape(-1), minlength=len(about["classes"])) / cells
        known += (100 * shares).tolist()
        known += summed(shares, about)
        known += compared(trace, moment)
        for site in ("exact accuracy", "exact log-loss", "exact calibration error"):
            if trace.about["control_points"]:
                known.append(float(trace[site, moment]) * (100 if "acc" in site else 1))
    counts = trace["counts", stop] / cells
    known += [*(100 * counts).tolist(), 100 * counts.sum(), 100 * (1 - counts.sum())]
    known += summed(counts, about)
    if about["control_points"]:
        known.append(100 * float(trace["control accuracy", stop]))
    names = [baseline["name"] for baseline in about["baselines"]]
    for words in (*trace.notes, about["projection"], *names):
        known += [float(number.replace(",", "")) for number in numbers_in(words)]
    longer = max(recipe["rows"], recipe["columns"])
    return [*known, -(-longer // 400), -(-longer // 200), about["simulated_runs"], 0.0]


@cache
def compared(trace, moment):
    """How far the runs lie from the exact probabilities, what is expected, cells not reached."""
    counts, exact = trace["simulated", moment].astype(float), trace["probabilities", moment]
    times = counts.sum(axis=0)
    seen = times > 0
    shares, exact = counts[:, seen] / times[seen], exact[:, seen].astype(float)
    apart = np.sqrt(np.mean((shares - exact) ** 2))
    expected = np.sqrt(np.mean(exact * (1 - exact) / times[seen]))
    return [apart, expected, 100 * (1 - seen.mean())]


def summed(shares, about):
    """Of many classes all but the largest few are summed in one row: how many, and how much."""
    order = np.argsort(-np.array(about["class_points"]), kind="stable")
    found = []
    for shown in (8, 10):
        rest = order[shown:]
        if len(order) > shown + 1:
            found += [len(rest), 100 * float(shares[rest].sum())]
            found.append(int(np.array(about["class_points"])[rest].sum()))
    return found


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_one_of_the_trace(name, layout):
    trace, scene = laid_out(name, layout)
    for stop in some_stops(scene):
        known = known_numbers(trace, stop)
        strings = [text.string for text in texts(scene, stop)]
        seen = 0
        for string in strings:
            for number in numbers_in(string):
                digits = len(number.partition(".")[2])
                plain = number.replace(",", "")
                assert any(f"{value:.{digits}f}" == plain for value in known), (stop, string)
                seen += 1
        assert seen > 8


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_layer_shares_and_pictures_are_those_of_the_stop(name, layout):
    trace, scene = laid_out(name, layout)
    restart = trace.about["fuzzy_from"] == "points"
    exact = trace.where("probabilities")
    for stop in some_stops(scene):
        strings = [text.string for text in texts(scene, stop)]
        moment = trace.moments[stop]
        largest = max(texts(scene, stop), key=lambda text: text.size)
        assert largest.string == f"{moment.at['layer']:,}"
        turned = stop > scene.poster
        assert ("Fuzzy layers" in strings) == turned
        assert ("Filling" in strings) != turned
        images = {
            mark.refers.site: mark for mark in scene.stop_marks(stop) if isinstance(mark, Image)
        }
        labels = images["labels"]
        assert labels.refers.moment == stop
        assert np.array_equal(labels.pixels, trace["labels", stop])
        shown = images["probabilities"].refers.moment
        if turned:
            assert shown == max(number for number in exact if number <= stop)
        elif stop < scene.poster:
            assert shown == exact[-1]
        assert ("simulated" in images) == turned
        if turned:
            assert images["simulated"].refers.moment == shown
        # The larger picture is what the table speaks of.
        cells = labels.pixels.size
        if turned and restart:
            assert images["probabilities"].box[2] > labels.box[2]
            likeliest = trace["probabilities", shown].argmax(axis=0).reshape(-1)
            counts = np.bincount(likeliest, minlength=len(trace.about["classes"]))
        else:
            assert labels.box[2] > images["probabilities"].box[2]
            counts = trace["counts", stop]
        ends = [text.string for text in texts(scene, stop) if text.anchor == "end"]
        if len(counts) <= 4:
            for count in counts:
                assert f"{100 * count / cells:.1f}\u2009%" in ends
        assert f"{100 * (1 - counts.sum() / cells):.1f}\u2009%" in ends


def test_the_colours_are_those_of_the_classes():
    trace, scene = film_of("filled")
    labels = next(
        mark for mark in scene.stop_marks(0) if isinstance(mark, Image) and mark.palette is not None
        and mark.refers.site == "labels"
    )  # fmt: skip
    assert np.array_equal(labels.palette[:2, :3], class_colors(2, "layerwise"))
    assert tuple(labels.palette[UNCLASSIFIED].tolist()) == DARK.unclassified
    swatches = [mark for mark in scene.stop_marks(0) if isinstance(mark, Rectangles)]
    assert np.array_equal(swatches[0].fill[:2, :3], class_colors(2, "layerwise"))
    assert trace.about["classes"] == ["lower", "upper"]


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("palette", ["layerwise", "original"])
def test_themes_and_palettes(theme, palette):
    trace, _ = film_of("filled")
    scene = view.lattice(trace, theme=theme.name, palette=palette)
    other = view.lattice(trace, theme=theme, palette=palette)
    for one in (scene, scene.portrait, other):
        assert one.ground == theme.ground
        marks = one.stop_marks(3)
        allowed = {theme.ink, theme.grey}
        assert {mark.color for mark in marks if isinstance(mark, Text)} == allowed
        labels = [m for m in marks if isinstance(m, Image) and m.refers.site == "labels"]
        assert np.array_equal(labels[0].palette[:2, :3], class_colors(2, palette))
        assert tuple(labels[0].palette[UNCLASSIFIED].tolist()) == theme.unclassified


def test_the_foot_says_what_is_seen():
    def foot(name):
        _, scene = film_of(name)
        lowest = sorted(texts(scene, 0), key=lambda text: text.at[1])[-2:]
        return " · ".join(text.string for text in lowest)

    assert (
        "moons · 120 training points · 20 × 30 cells · "
        "each cell copies one random neighbour, or stays (½) · seed 0" in foot("filled")
    )
    assert "each cell takes the majority of its 5 × 5 window" in foot("vote")
    assert "training cells never change" in foot("vote")
    trace, _ = film_of("great depth")
    assert trace.notes[-1] in foot("great depth")
    trace, _ = film_of("long names")
    assert "variance between classes" in trace.about["projection"]


# The film


@pytest.mark.parametrize("name", NAMES)
def test_a_stop_is_a_layer(name):
    trace, scene = film_of(name)
    assert len(scene.stops) == len(trace)
    for stop, moment in zip(scene.stops, trace.moments, strict=True):
        assert stop.label == f"layer {moment.at['layer']:,}"
    starts = [stop.start for stop in scene.stops]
    assert all(later > earlier for earlier, later in pairwise(starts))
    assert scene.fps == 30
    assert scene.duration == pytest.approx(starts[-1] + scene.stops[-1].rest)
    assert len(scene) == pytest.approx(scene.duration * 30, abs=1)
    chapters = [(chapter.stop, chapter.name) for chapter in scene.chapters]
    if name == "no fuzzy layers":
        assert chapters == [(0, "Filling")]
    else:
        assert chapters == [(0, "Filling"), (scene.poster + 1, "Fuzzy layers")]
    assert trace.moments[scene.poster].at["layer"] == trace.about["depth"]
    assert scene.portrait.size == (560, 1466)
    assert scene.portrait.stops == scene.stops
    assert scene.replays["labels"]["moments"] == [m.at["layer"] for m in trace.moments]


def test_speed_and_rests():
    trace, _ = film_of("filled")
    scene = view.lattice(trace, layers_per_second=60)
    rests = [stop.rest for stop in scene.stops]
    assert (rests[0], rests[scene.poster], rests[-1]) == (0.8, 0.6, 2.5)
    between = set(rests) - {0.8, 0.6, 2.5}
    assert between == {1 / 60}
    assert scene.fps == 60
    assert view.lattice(trace, layers_per_second=2).fps == 10


def test_between_two_layers_nothing_moves():
    _, scene = film_of("filled")
    stop = scene.stops[4]
    assert compact(scene.marks(stop.start)) == compact(scene.marks(stop.start + 0.9 * stop.rest))


def test_a_reading_gives_the_final_probabilities():
    trace, scene = film_of("points")
    (reading,) = scene.readings()
    last = trace.where("probabilities")[-1]
    exact = trace["probabilities", last]
    assert np.abs(reading.percent / 100 - exact).max() <= 0.005 + 1e-6
    assert reading.column_values.tolist() == trace.about["column_values"]
    assert reading.row_values.tolist() == trace.about["row_values"]
    assert (reading.column_axis, reading.row_axis) == ("column 1", "column 2")
    assert reading.classes == ("lower", "upper")
    grid = next(m for m in scene.stop_marks(0) if isinstance(m, Image) and m.box == reading.box)
    assert grid.refers.site == "labels"


def test_a_recording_without_runs_shows_the_exact_probabilities_alone():
    trace, scene = film_of("filled")
    header = trace.header
    about = {name: value for name, value in header.about.items() if name != "simulated_runs"}
    replays = {name: rule for name, rule in header.replays.items() if name != "simulated"}
    sites = tuple(site for site in header.sites if site.name != "simulated")
    older = Trace(replace(header, sites=sites, about=about, replays=replays))
    for number, moment in enumerate(trace.moments):
        stored = {site.name: trace.stored(site.name, number) for site in sites}
        older.append(moment, {name: value for name, value in stored.items() if value is not None})
    marks = view.lattice(older).stop_marks(len(scene.stops) - 1)
    assert [mark.refers.site for mark in marks if isinstance(mark, Image)] == [
        "probabilities",
        "labels",
    ]
    assert any("exact" in mark.string for mark in marks if isinstance(mark, Text))


def test_what_a_dot_stands_for_is_said():
    X, y = MOONS
    for start, said in (
        ("filled", "a dot is 3 × 3 cells"),
        ("points", "left: exact, a dot is 2 × 2 cells"),
    ):
        model = LatticeClassifier(grid=(12, 450), fuzzy_from=start, fuzzy_layers=2).fit(X, y)
        scene = view.lattice(model.record(filling_moments=2))
        strings = [text.string for text in texts(scene, len(scene.stops) - 1)]
        assert any(said in string for string in strings)
        assert not any(string.endswith("…") for string in strings if "dot" in string)


def test_another_recording_is_refused():
    trace = Trace(Header("a loss", (Site("loss", "metric"), Site("counts", "metric"))))
    trace.append(Moment("step"), {"loss": 1.0})
    with pytest.raises(InputError) as caught:
        view.lattice(trace)
    assert str(caught.value) == (
        "This view shows the recording of a lattice network. "
        "Received <Trace 'a loss': 2 sites × 1 moments>. "
        "Record one with LatticeClassifier.record."
    )


@pytest.mark.parametrize(
    ("film", "model"),
    [
        (view.lattice, LatticeClassifier()),
        (view.lattice_pairs, lw.LatticeEnsembleClassifier()),
        (view.clusters, lw.LatticeClusterer()),
    ],
)
def test_a_model_is_not_its_recording(film, model):
    name = type(model).__name__
    with pytest.raises(InputError, match=f"Received {name}. Give the trace_ of a fitted {name}"):
        film(model)


def test_what_stands_beside_the_counter_and_below_the_curve_has_room():
    X = np.random.default_rng(0).normal(size=(300, 1))
    model = LatticeClassifier(fuzzy_from="points", fuzzy_layers=123_456)
    model.fit(X, X[:, 0] > 0)
    trace = model.record(filling_moments=60)
    scene = view.lattice(trace)
    last = texts(scene, len(scene.stops) - 1)
    beside = next(text for text in last if " fuzzy" in text.string and " of " in text.string)
    left = min(text.at[0] for text in last)
    assert beside.at[0] + text_width(beside.string, beside.size) <= scene.size[0] - left + 4
    # The layer that filled the grid is named below the axis though it is near the end.
    number = f"{trace.moments[-1].at['layer']:,}"
    (end,) = (text for text in last if text.anchor == "end" and text.string == number)
    (full,) = (text for text in last if text.string == f"{model.depth_:,}")
    assert full.anchor == "middle"
    room = end.at[0] - text_width(end.string, end.size)
    assert full.at[0] + text_width(full.string, full.size) / 2 < room - 10


def test_wrong_options_are_refused():
    trace, _ = film_of("filled")
    with pytest.raises(UnknownNameError, match="Did you mean 'dark'"):
        view.lattice(trace, theme="darker")
    with pytest.raises(UnknownNameError, match="Did you mean 'original'"):
        view.lattice(trace, palette="orginal")
    for speed in (0, -1):
        with pytest.raises(InputError) as caught:
            view.lattice(trace, layers_per_second=speed)
        assert str(caught.value) == f"A film needs a positive speed. Received {speed}."


# The written form


def rounded(values):
    return " ".join(f"{value:.1f}" for value in np.asarray(values, float).reshape(-1))


def compact(marks):
    """Marks as lines of text: kind, places to a tenth of a pixel, colours, words."""
    lines = []
    for mark in marks:
        match mark:
            case Text():
                color = "#" + bytes(mark.color[:3]).hex()
                form = f"{mark.size:g}/{mark.weight} {mark.anchor} {color}"
                lines.append(f"text {rounded(mark.at)} {form} {mark.string!r}")
            case Image():
                refers = f"{mark.refers.site}@{mark.refers.moment}"
                line = f"image {rounded(mark.box)} {mark.sampling} {refers}"
                lines.append(f"{line} {'×'.join(map(str, mark.pixels.shape))}")
                if mark.refers.site == "labels":
                    lines[-1] += f" {zlib.crc32(mark.pixels.tobytes()):08x}"
            case Discs():
                start = f"discs {len(mark.centers)} from {rounded(mark.centers[0])}"
                lines.append(f"{start} to {rounded(mark.centers[-1])} r {mark.radii[0]:.1f}")
            case Segments():
                start = f"segments {len(mark.ends)} from {rounded(mark.ends[0])}"
                lines.append(f"{start} to {rounded(mark.ends[-1])} w {mark.widths[0]:.1f}")
            case Rectangles():
                fills = " ".join("#" + bytes(fill[:3]).hex() for fill in mark.fill)
                lines.append(f"rectangles {rounded(mark.boxes)} {fills}")
    return lines


def test_three_stops_as_text():
    lines = []
    for name in ("filled", "points"):
        _, scene = film_of(name)
        for stop in (0, scene.poster, len(scene.stops) - 1):
            lines += [f"== {name}, {scene.stops[stop].label}", *compact(scene.stop_marks(stop))]
    written = "\n".join(lines) + "\n"
    if os.environ.get("LAYERWISE_WRITE_GOLDEN"):
        GOLDEN.write_text(written, encoding="utf-8")
    assert written == GOLDEN.read_text(encoding="utf-8")
