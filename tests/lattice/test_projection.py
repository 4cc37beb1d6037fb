"""Two axes out of many columns, against scikit-learn's discriminants and components."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import StandardScaler

from layerwise.errors import InputError, UnknownNameError
from layerwise.lattice.projection import fit_projection

SETS = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer}


def table(name):
    X, y = SETS[name](return_X_y=True)
    return X, y, tuple(f"column {number}" for number in range(X.shape[1]))


def projected(name, method, weights=None):
    X, y, names = table(name)
    mass = np.ones(len(X)) if weights is None else weights
    projection = fit_projection(X, y, mass, names, method)
    return projection, projection.apply(X)


def correlation(one, other):
    return abs(np.corrcoef(one, other)[0, 1])


@pytest.mark.parametrize("name", ["iris", "wine"])
def test_discriminants_are_those_of_scikit_learn(name):
    X, y, _ = table(name)
    _, points = projected(name, "lda")
    expected = LinearDiscriminantAnalysis(solver="eigen").fit(X, y).transform(X)[:, :2]
    for axis in (0, 1):
        assert correlation(points[:, axis], expected[:, axis]) > 0.999
        ours = [points[y == label, axis].mean() for label in range(3)]
        theirs = [expected[y == label, axis].mean() for label in range(3)]
        order = np.argsort(theirs).tolist()
        assert np.argsort(ours).tolist() in (order, order[::-1])


@pytest.mark.parametrize("name", ["iris", "wine"])
def test_three_classes_lie_in_two_discriminants(name):
    projection, _ = projected(name, "lda")
    assert projection.kept == pytest.approx(1, abs=1e-9)
    assert projection.note == "two discriminants keep 100.0 % of the variance between classes"
    assert projection.names == ("discriminant 1", "discriminant 2")


def test_the_variance_kept_between_more_classes():
    random = np.random.default_rng(0)
    y = np.repeat(np.arange(6), 200)
    X = random.normal(size=(1200, 5)) + random.normal(scale=3, size=(6, 5))[y]
    projection = fit_projection(X, y, np.ones(len(y)), tuple("abcde"), "lda")
    expected = LinearDiscriminantAnalysis(solver="eigen").fit(X, y).explained_variance_ratio_
    assert projection.kept == pytest.approx(expected[:2].sum(), abs=1e-3)
    assert f"{100 * projection.kept:.1f} %" in projection.note


@pytest.mark.parametrize("name", SETS)
def test_components_are_those_of_scikit_learn(name):
    X, _, _ = table(name)
    projection, points = projected(name, "pca")
    oracle = PCA(2).fit(StandardScaler().fit_transform(X))
    expected = oracle.transform(StandardScaler().fit_transform(X))
    for axis in (0, 1):
        sign = np.sign(points[:, axis] @ expected[:, axis])
        assert np.allclose(points[:, axis], sign * expected[:, axis], rtol=0, atol=1e-9)
    kept = oracle.explained_variance_ratio_.sum()
    assert projection.kept == pytest.approx(kept, abs=1e-12)
    assert projection.note == (f"two principal components keep {100 * kept:.1f} % of the variance")


def test_of_two_classes_the_first_axis_parts_and_the_second_spreads():
    X, y, _ = table("breast cancer")
    projection, points = projected("breast cancer", "lda")
    # The second parts no classes, and is not called a discriminant.
    assert projection.names == ("discriminant 1", "component 1")
    assert projection.note == (
        "one discriminant keeps 100.0 % of the variance between classes; "
        "component 1: most of the rest"
    )
    expected = LinearDiscriminantAnalysis(solver="eigen").fit(X, y).transform(X)[:, 0]
    assert correlation(points[:, 0], expected) > 0.98
    # Within the classes the second axis is not correlated with the first.
    rest = points - np.array([points[y == label].mean(axis=0) for label in (0, 1)])[y]
    assert correlation(rest[:, 0], rest[:, 1]) < 0.05
    # It does not part the classes' means: all of that is in the first.
    gaps = [
        abs(points[y == 0, axis].mean() - points[y == 1, axis].mean()) / rest[:, axis].std()
        for axis in (0, 1)
    ]
    assert gaps[0] > 3
    assert gaps[1] < 0.05


@pytest.mark.parametrize("method", ["lda", "pca"])
@pytest.mark.parametrize("name", SETS)
def test_the_largest_entry_of_an_axis_is_positive(name, method):
    X, _, _ = table(name)
    projection, points = projected(name, method)
    directions = projection.matrix * X.std(axis=0)[:, None]
    for axis in (0, 1):
        direction = directions[:, axis]
        assert direction[np.argmax(np.abs(direction))] > 0
    assert np.array_equal(projected(name, method)[1], points)


@pytest.mark.parametrize("method", ["lda", "pca"])
def test_weights_are_repetitions(method):
    X, y, names = table("wine")
    times = np.random.default_rng(0).integers(0, 4, len(X))
    weighted = fit_projection(X, y, times.astype(float), names, method)
    repeated = fit_projection(
        np.repeat(X, times, axis=0), np.repeat(y, times), np.ones(times.sum()), names, method
    )
    assert np.allclose(weighted.apply(X), repeated.apply(X), rtol=0, atol=1e-8)
    assert weighted.kept == pytest.approx(repeated.kept)


@pytest.mark.parametrize("method", ["lda", "pca"])
@pytest.mark.parametrize("constant", [0.0, 1e8, 1 / 3, -1e100])
def test_a_constant_column_adds_nothing(method, constant):
    X, y, names = table("wine")
    wider = np.column_stack([X, np.full(len(X), constant)])
    found = fit_projection(wider, y, np.ones(len(X)), (*names, "same"), method)
    assert (found.matrix[-1] == 0).all()
    plain = fit_projection(X, y, np.ones(len(X)), names, method)
    assert np.allclose(found.apply(wider), plain.apply(X), rtol=0, atol=1e-8)


@pytest.mark.parametrize("method", ["lda", "pca"])
def test_a_column_twice_is_no_obstacle(method):
    X, y, names = table("iris")
    twice = np.column_stack([X, X[:, 0]])
    found = fit_projection(twice, y, np.ones(len(X)), (*names, "again"), method)
    assert np.isfinite(found.matrix).all()


@pytest.mark.parametrize("method", ["lda", "pca"])
def test_points_far_away_stay_finite(method):
    projection, _ = projected("wine", method)
    far = np.random.default_rng(0).choice([-1e308, 1e308, 0], (50, 13))
    assert np.isfinite(projection.apply(far)).all()


@pytest.mark.parametrize("method", ["lda", "pca", None])
def test_two_columns_stay_as_they_are(method):
    X = np.random.default_rng(0).normal(size=(20, 2))
    y = np.arange(20) % 2
    projection = fit_projection(X, y, np.ones(20), ("width", "height"), method)
    assert np.array_equal(projection.apply(X), X)
    assert (projection.kept, projection.note) == (1.0, "")
    assert projection.names == ("width", "height")


def test_more_than_two_columns_need_a_projection():
    with pytest.raises(InputError) as caught:
        projected("iris", None)
    assert str(caught.value) == (
        "A lattice of rows and columns needs two columns. Received 4. "
        'Projections are "lda" and "pca". Choose two columns, or a projection.'
    )


@pytest.mark.parametrize("columns", [2, 3])
def test_an_unknown_projection_is_refused(columns):
    X = np.random.default_rng(0).normal(size=(20, columns))
    with pytest.raises(UnknownNameError) as caught:
        fit_projection(X, np.arange(20) % 2, np.ones(20), tuple("abc"[:columns]), "pcaa")
    assert str(caught.value) == "Unknown projection 'pcaa'. Did you mean 'pca'?"
