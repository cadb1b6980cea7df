"""Sample weights of zero: the rows count as absent, also where "balanced" divides by them."""

import inspect

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.utils.class_weight import compute_class_weight

import steep.sklearn as ours

X, Y = load_iris(return_X_y=True)
WITHOUT = (Y > 0) * 1.0  # of the first of three classes
counts_weights = "sample_weight" in inspect.signature(compute_class_weight).parameters
ESTIMATORS = {
    "logistic": lambda: ours.LogisticRegression(class_weight="balanced", max_iter=1000, tol=1e-8),
    "squared hinge": lambda: ours.LinearSVC(class_weight="balanced"),
    "hinge": lambda: ours.LinearSVC(class_weight="balanced", loss="hinge"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_class_without_weight(name):
    model = ESTIMATORS[name]().fit(X, Y, sample_weight=WITHOUT)
    rows = Y > 0
    assert model.classes_.tolist() == [0, 1, 2]
    assert (model.predict(X[rows]) == Y[rows]).mean() > 0.9


@pytest.mark.skipif(not counts_weights, reason='"balanced" counted rows, whatever they weigh, before 1.7')
@pytest.mark.parametrize("name", ESTIMATORS)
def test_balanced_is_of_the_classes_that_have_weight(name):
    weight = WITHOUT * np.where((Y == 2) & (np.arange(len(Y)) % 3 > 0), 0.0, 1.0)
    totals = np.bincount(Y, weight)
    given = {0: 1.0} | {k: totals.sum() / (2 * totals[k]) for k in (1, 2)}
    balanced = ESTIMATORS[name]().fit(X, Y, sample_weight=weight)
    same = ESTIMATORS[name]().set_params(class_weight=given).fit(X, Y, sample_weight=weight)
    np.testing.assert_allclose(balanced.decision_function(X), same.decision_function(X), rtol=1e-6, atol=1e-6)


def test_two_classes_one_without_weight():
    rows = Y < 2
    for model in (ESTIMATORS["logistic"](), ESTIMATORS["squared hinge"]()):
        model.fit(X[rows], Y[rows], sample_weight=(Y[rows] == 1) * 1.0)
        assert (model.predict(X[rows]) == 1).all()
