"""Linear estimators: fitted attributes and predictions of scikit-learn's types, labels of every kind."""

import numpy as np
import pytest
import sklearn
import sklearn.linear_model as linear_model
import sklearn.svm as svm

import steep.sklearn as ours

sklearn_version = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
REAL = X @ [1.0, 2.0, 3.0] + RNG.normal(size=40)
TARGETS = {
    "real": REAL, "columns": np.c_[REAL, -REAL], "positive": np.exp(REAL / 3), "two": REAL > 0,
    "three": np.digitize(REAL, [-1, 1]),
}  # fmt: skip
KINDS = {
    "HuberRegressor": ["real"], "PoissonRegressor": ["positive"], "Ridge": ["real", "columns"],
    "Lasso": ["real", "columns"], "ElasticNet": ["real", "columns"], "LinearSVR": ["real"],
    "LinearSVC": ["two", "three"], "LogisticRegression": ["two", "three"], "Perceptron": ["two", "three"],
}  # fmt: skip
CASES = [(name, target) for name, targets in KINDS.items() for target in targets]


def kind(value):
    return (str(value.dtype), value.shape) if isinstance(value, np.ndarray) else type(value)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("name", "target"), CASES)
def test_types(name, target, dtype, fit_intercept):
    if name == "PoissonRegressor" and dtype == np.float32 and sklearn_version < (1, 9):
        pytest.skip("scikit-learn's was float64 before 1.9")
    y = TARGETS[target]
    rows, y = X.astype(dtype), y.astype(dtype) if y.dtype.kind == "f" else y
    original = getattr(linear_model, name, None) or getattr(svm, name)
    theirs, mine = (module(fit_intercept=fit_intercept).fit(rows, y) for module in (original, getattr(ours, name)))
    for attribute in ("coef_", "intercept_", "scale_", "dual_gap_", "classes_", "outliers_"):
        assert hasattr(mine, attribute) == hasattr(theirs, attribute), attribute
        if hasattr(theirs, attribute):
            assert kind(getattr(mine, attribute)) == kind(getattr(theirs, attribute)), attribute
    for method in ("predict", "decision_function", "predict_proba"):
        if hasattr(theirs, method):
            assert kind(getattr(mine, method)(rows)) == kind(getattr(theirs, method)(rows)), method


@pytest.mark.parametrize("seed", range(3))
def test_single_precision_converges_under_l1(seed):
    rng = np.random.default_rng(seed)
    rows = (rng.normal(size=(300, 20)) + 1).astype(np.float32)
    y = (rows @ rng.normal(size=(20, 3))).argmax(axis=1)
    named = {"l1_ratio": 1.0} if sklearn_version >= (1, 8) else {"penalty": "l1"}
    model = ours.LogisticRegression(C=0.5, solver="saga", tol=1e-8, max_iter=1000, **named).fit(rows, y)
    assert model.n_iter_[0] < 1000
    exact = ours.LogisticRegression(C=0.5, solver="saga", tol=1e-8, max_iter=10000, **named).fit(rows.astype(float), y)
    np.testing.assert_allclose(model.coef_, exact.coef_, atol=1e-3 * np.abs(exact.coef_).max())


def test_intercepts_of_deviations_round():
    for model in (ours.LADRegressor(), ours.ChebyshevRegressor()):
        assert isinstance(model.fit(X, REAL).intercept_.round(2), np.float64)
        assert isinstance(model.fit([[0.0], [1.0]], [1.0, 3.0]).intercept_, np.float64)


NAMES = np.where(REAL > 0, "yes", "no")
LABELS = {
    "objects": NAMES.astype(object), "list": list(NAMES), "longer strings": NAMES.astype("U9"), "bool": REAL > 0,
    "bytes": (REAL > 0).astype(np.int8), "floats": (REAL > 0) * 1.0,
    "objects of numbers": (REAL > 0).astype(int).astype(object),
    "real numbers": REAL, "objects of real numbers": REAL.astype(object),
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_the_perceptron(name):
    found = []
    for model in (linear_model.Perceptron(), ours.Perceptron()):
        try:
            model.fit(X, LABELS[name])
            found.append((model.classes_.dtype, model.classes_.tolist(), model.predict(X).dtype))
        except ValueError as error:
            found.append(str(error))
    assert found[0] == found[1]
