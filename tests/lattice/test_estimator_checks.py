"""Scikit-learn's own checks of the estimators, all of them."""

from __future__ import annotations

from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from layerwise.lattice.classifier import LatticeClassifier
from layerwise.lattice.ensemble.classifier import LatticeEnsembleClassifier


@parametrize_with_checks(
    [
        LatticeClassifier(),
        LatticeClassifier(grid=(8, 8, 8)),
        LatticeEnsembleClassifier(),
        LatticeEnsembleClassifier(missing="ignore"),
    ]
)
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


def test_the_checks_are_there():
    names = {check.func.__name__ for _, check in estimator_checks_generator(LatticeClassifier())}
    assert len(names) > 40
    assert {"check_classifiers_train", "check_sample_weight_equivalence_on_dense_data"} <= names
