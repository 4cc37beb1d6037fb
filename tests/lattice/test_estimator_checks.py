"""Scikit-learn's own checks of an estimator, all of them, with the default parameters."""

from __future__ import annotations

from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from layerwise.lattice.classifier import LatticeClassifier


@parametrize_with_checks([LatticeClassifier()])
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


def test_the_checks_are_there():
    names = {check.func.__name__ for _, check in estimator_checks_generator(LatticeClassifier())}
    assert len(names) > 40
    assert {"check_classifiers_train", "check_sample_weight_equivalence_on_dense_data"} <= names
