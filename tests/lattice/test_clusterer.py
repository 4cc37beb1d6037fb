"""Clusters: known labels, hills by flooding, the test of chance, and scikit-learn's contract."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from sklearn.base import clone
from sklearn.datasets import make_blobs, make_circles, make_moons
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from layerwise.errors import InputError, UnknownNameError
from layerwise.lattice.clusters.clusterer import LatticeClusterer
from layerwise.lattice.clusters.density import Density
from layerwise.lattice.clusters.peaks import find_hills, flow_layers

EIGHT = np.ones((3, 3), int)
CORNERS = [(-6, -6), (6, 6), (-6, 6)]


@parametrize_with_checks([LatticeClusterer()])
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


def test_the_checks_are_there():
    names = {check.func.__name__ for _, check in estimator_checks_generator(LatticeClusterer())}
    assert {"check_clustering", "check_clusterer_compute_labels_predict"} <= names


def density_of(points, side=48, layers=12, seed=0):
    cells = np.random.default_rng(seed).integers(0, side, (points, 2))
    counts = np.zeros((side, side))
    np.add.at(counts, (cells[:, 0], cells[:, 1]), 1)
    made = Density.of(counts, layers, (slice(0, side), slice(0, side)), 1 / 3)
    # The background set aside: here it is the hills that are looked at.
    return Density(made.map, layers, made.lone, made.spread, 0.0, 1 / 3)


# Hills


def test_peaks_are_the_cells_that_no_neighbour_tops():
    density = density_of(150)
    hills = find_hills(density, 3)
    top = (ndimage.maximum_filter(density.map, footprint=EIGHT) == density.map) & (
        density.map > density.floor
    )
    assert np.array_equal(np.argwhere(top), hills.peaks)
    assert np.array_equal(hills.basin >= 0, density.map > density.floor)
    for number, (row, column) in enumerate(hills.peaks):
        assert hills.basin[row, column] == number
        assert hills.heights[number] == density.map[row, column]


def test_every_cell_climbs_to_its_peak():
    density = density_of(150)
    hills = find_hills(density, 3)
    height, columns = density.map, density.map.shape[1]
    wait = flow_layers(hills.uphill)
    for row, column in np.argwhere(hills.basin >= 0)[::7]:
        at, steps = (int(row), int(column)), 0
        while True:
            near = [
                (height[r, c], -r * columns - c, r, c)
                for r in range(max(at[0] - 1, 0), min(at[0] + 2, columns))
                for c in range(max(at[1] - 1, 0), min(at[1] + 2, columns))
            ]
            best = max(near)[2:]
            if best == at:
                break
            at, steps = best, steps + 1
        assert tuple(hills.peaks[hills.basin[row, column]]) == at
        assert wait[row, column] == steps
    assert (wait[hills.basin < 0] == -1).all()


def flooded_saddle(height, one, other):
    """The highest level at which two cells are joined: by flooding."""
    levels = np.unique(height)
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high + 1) // 2
        parts, _ = ndimage.label(height >= levels[middle], EIGHT)
        joined = parts[one] == parts[other] > 0
        low, high = (middle, high) if joined else (low, middle - 1)
    return levels[low]


@pytest.mark.parametrize("seed", range(4))
def test_saddles_are_where_floods_part(seed):
    density = density_of(120, side=40, seed=seed)
    threshold = 1.5
    hills = find_hills(density, threshold)
    assert len(hills.order) > 3
    checked = 0
    for hill in range(len(hills.peaks)):
        if hills.neighbor[hill] < 0:
            continue
        own = tuple(hills.peaks[hill])
        # The best way to any higher peak, whichever it is.
        higher = [tuple(p) for p, h in zip(hills.peaks, hills.heights, strict=True)
                  if h > hills.heights[hill]]  # fmt: skip
        best = max(flooded_saddle(density.map, own, other) for other in higher)
        assert hills.saddle[hill] == pytest.approx(best)
        z = (np.sqrt(hills.heights[hill]) - np.sqrt(best)) / density.spread
        assert hills.z[hill] == pytest.approx(z)
        assert (hills.into[hill] != hill) == (z < threshold)
        checked += 1
    assert checked > 5


def test_merged_hills_end_in_one_that_stays():
    hills = find_hills(density_of(200), 2)
    final = hills.final()
    assert np.array_equal(final[final], final)
    stay = hills.into == np.arange(len(hills.into))
    assert set(final) == set(np.flatnonzero(stay))
    assert len(hills.order) == np.count_nonzero(~stay)


@pytest.mark.parametrize("draw", ["uniform", "normal"])
@pytest.mark.parametrize("points", [60, 1000])
def test_chance_alone_makes_no_two_clusters(draw, points):
    random = np.random.default_rng(7)
    for _ in range(12):
        found = LatticeClusterer(grid=128).fit(getattr(random, draw)(size=(points, 2)))
        assert found.n_clusters_ <= 1
        aside = Density(found.density_, found.layers_, found._density.lone,
                        found._density.spread, 0.0, 1 / 3)  # fmt: skip
        hills = find_hills(aside, 4.5)
        final = np.unique(hills.final())
        assert (np.sqrt(hills.heights[final]) >= 4.5 * aside.spread).sum() <= 1


# Labels


@pytest.mark.parametrize(
    "made",
    [
        make_moons(1000, noise=0.05, random_state=3),
        make_circles(1000, noise=0.05, factor=0.5, random_state=3),
        make_blobs(600, centers=CORNERS, cluster_std=[0.5, 1.5, 1.0], random_state=3),
    ],
    ids=["moons", "circles", "blobs"],
)
def test_known_clusters_are_found(made):
    X, y = made
    model = LatticeClusterer().fit(X)
    assert model.n_clusters_ == len(np.unique(y))
    assert adjusted_rand_score(y, model.labels_) > 0.99


def test_noise_is_told_from_clusters():
    X, y = make_blobs(900, centers=CORNERS, random_state=0)
    strewn = np.random.default_rng(0).uniform(-12, 12, (300, 2))
    model = LatticeClusterer().fit(np.concatenate([X, strewn]))
    assert model.n_clusters_ == 3
    assert model.background_ > 0
    assert adjusted_rand_score(y, model.labels_[:900]) > 0.95
    far = np.abs(strewn[:, None] - np.array(CORNERS)).max(axis=2).min(axis=1) > 4.5
    assert np.mean(model.labels_[900:][far] == -1) > 0.97


def test_labels_go_by_size_and_peaks_tell_the_same():
    X, _ = make_blobs([100, 400, 250], centers=CORNERS, random_state=1)
    model = LatticeClusterer().fit(X)
    sizes = np.bincount(model.labels_[model.labels_ >= 0])
    assert sizes.tolist() == sorted(sizes, reverse=True)
    assert [peak.points for peak in model.peaks_] == sizes.tolist()
    assert [peak.label for peak in model.peaks_] == [0, 1, 2]
    for peak in model.peaks_:
        assert model.cell_labels_[peak.cell] == peak.label
        assert model.density_[peak.cell] == peak.height
        assert model.predict([peak.position]).tolist() == [peak.label]
        assert peak.z >= 4.5
        base = peak.saddle if peak.neighbor is not None else model.background_
        spread = model._density.spread
        assert peak.z == pytest.approx((np.sqrt(peak.height) - np.sqrt(base)) / spread)


def test_points_predict_as_they_were_labelled_in_any_order():
    X, _ = make_blobs(500, centers=4, random_state=5)
    model = LatticeClusterer().fit(X)
    assert np.array_equal(model.predict(X), model.labels_)
    order = np.random.default_rng(0).permutation(len(X))
    again = clone(model).fit_predict(X[order])
    assert np.array_equal(again, model.labels_[order])
    assert model.predict([[1e9, 0], [-1e300, 1e300]]).tolist() == [-1, -1]


def test_a_given_number_of_layers_and_threshold_are_used():
    X, _ = make_moons(600, noise=0.08, random_state=0)
    assert LatticeClusterer(layers=9).fit(X).layers_ == 9
    found = [LatticeClusterer(layers=9, z=z).fit(X).n_clusters_ for z in (0.5, 2, 4.5, 1e6)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 5
    assert found[-1] == 0


def test_many_columns_are_projected_and_said():
    X, y = make_blobs(400, n_features=6, centers=3, random_state=2)
    model = LatticeClusterer().fit(X)
    assert adjusted_rand_score(y, model.labels_) > 0.95
    assert "principal components keep" in model.projection_.note
    with pytest.raises(InputError, match=r"needs two columns"):
        LatticeClusterer(projection=None).fit(X)


def test_it_stands_in_a_pipeline():
    X, y = make_blobs(300, centers=CORNERS, random_state=0)
    found = make_pipeline(StandardScaler(), LatticeClusterer(grid=100)).fit_predict(X)
    assert adjusted_rand_score(y, found) > 0.99


@pytest.mark.parametrize(
    "X", [np.zeros((30, 2)), np.arange(20.0).reshape(10, 2), [[0, 0], [1, 1]], [[3, 4]]]
)
def test_degenerate_data_get_labels(X):
    model = LatticeClusterer(grid=32).fit(X)
    assert model.labels_.shape == (len(X),)
    assert model.n_clusters_ <= 1
    assert len(model.trace_) > 4


@pytest.mark.parametrize(("points", "clusters"), [(2, 0), (3, 1)])
def test_a_cluster_needs_as_many_points_as_could_stand_out(points, clusters):
    # z = √(8 · points) for points in one cell: 4 for two of them, 4.9 for three.
    model = LatticeClusterer(grid=32, layers=4).fit(np.ones((points, 2)))
    assert model.n_clusters_ == clusters
    # In the corner of a grid a hill is thrown back on itself, four times as high.
    corner = np.array([[0, 0]] * points + [[9, 9]] * 40 + [[0, 9]])
    found = LatticeClusterer(grid=32, layers=4, margin=0).fit(corner)
    assert found.n_clusters_ == clusters + 1


def test_equal_points_are_one_cluster():
    model = LatticeClusterer(grid=32).fit(np.ones((50, 2)))
    assert model.labels_.tolist() == [0] * 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grid": 4}, "whole numbers of rows and columns"),
        ({"grid": (64, 64, 64)}, "whole numbers of rows and columns"),
        ({"grid": "big"}, "whole numbers of rows and columns"),
        ({"layers": 0}, "number of layers"),
        ({"layers": "many"}, "number of layers"),
        ({"layers": True}, "number of layers"),
        ({"z": 0}, "threshold z"),
        ({"z": float("nan")}, "threshold z"),
        ({"noise": 0}, "share of the background"),
        ({"noise": 1.5}, "share of the background"),
        ({"margin": 0.5}, "margin"),
        ({"margin": "x"}, "margin"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        LatticeClusterer(**options).fit([[0, 1], [2, 3]])


def test_wrong_names_are_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"Did you mean 'linear'"):
        LatticeClusterer(mapping="linaer").fit([[0, 1], [2, 3]])
    with pytest.raises(UnknownNameError, match=r"Did you mean 'pca'"):
        LatticeClusterer(projection="pcs").fit([[0, 1], [2, 3]])


def test_wrong_data_are_refused():
    with pytest.raises(InputError, match=r"needs two columns"):
        LatticeClusterer().fit([[1.0], [2.0]])
    with pytest.raises(InputError, match=r"too large to calculate"):
        LatticeClusterer().fit([[1e200, 0], [0, 1]])


# The recording


def test_the_recording_replays_the_way_to_the_labels():
    X, _ = make_moons(500, noise=0.05, random_state=0)
    model = LatticeClusterer(grid=80).fit(X)
    trace = model.record(data="moons", merging_moments=5, spreading_moments=4)
    assert np.array_equal(trace["density", 0], model.counts_)
    spreading = [n for n, m in enumerate(trace.moments) if m.kind == "layer" and "flow" not in m.at]
    assert np.allclose(trace["density", spreading[-1]], model.density_, rtol=1e-6)
    totals = [float(trace["density", n].sum()) for n in spreading]
    assert totals == pytest.approx([500] * len(totals), rel=1e-5)
    first = spreading[-1] + 1
    wait, last = trace["wait", first], len(trace) - 1
    flows = [n for n, m in enumerate(trace.moments) if "flow" in m.at]
    for moment in flows:
        step = trace.moments[moment].at["flow"]
        assert trace["colored", moment] == np.count_nonzero((wait >= 0) & (wait <= step))
    assert trace["colored", flows[-1]] == np.count_nonzero(wait >= 0)
    assert np.array_equal(trace["belongs", last - 1], model._hills.final())
    assert np.array_equal(trace["cell labels", last], model.cell_labels_)
    assert trace["cluster points", last].sum() + trace["noise points", last] == 500
    left = [int(trace["hills left", n]) for n, m in enumerate(trace.moments) if m.kind == "merge"]
    assert left[0] == len(model._hills.peaks)
    assert left == sorted(left, reverse=True)
    assert len(trace.notes) == 2
    with pytest.raises(InputError, match=r"merging_moments"):
        model.record(merging_moments=1)
