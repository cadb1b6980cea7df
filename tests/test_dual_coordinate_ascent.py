"""Dual coordinate ascent and the interior point for hinges: known optima, duality, LIBLINEAR, hard data."""

import numpy as np
import pytest
import scipy.sparse
from sklearn import datasets, svm

import steep
from reference.dual_coordinate_ascent import dual_coordinate_ascent, values

P = steep.problems
METHODS = ["dual_coordinate_ascent", "hinge_interior_point"]


@pytest.fixture(scope="module")
def cancer():
    X, y = datasets.load_breast_cancer(return_X_y=True)
    return (X - X.mean(0)) / X.std(0), np.where(y == 1, 1, -1)


def blobs(n=120, d=5, seed=42):
    rng = np.random.default_rng(seed)
    y = np.where(rng.random(n) < 0.4, 1, -1)
    return rng.standard_normal((n, d)) + 0.6 * y[:, None], y


@pytest.mark.parametrize("method", METHODS)
def test_known_hinge_optimum(method, cancer):
    X, y = cancer
    n = len(y)
    res = steep.minimize(P.svm(X, y, l2=1 / n, intercept=True), None, method, tol=1e-10)
    assert res.success, res.message
    assert n * res.fun == pytest.approx(26.52545516, abs=n * 2e-10)
    assert res.certificate.kind == "duality_gap"
    assert res.certificate.bound <= 1e-10


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_against_the_reference(loss):
    X, y = blobs()
    squared = loss == "squared_hinge"
    a, w = dual_coordinate_ascent(X, y, 0.1, 400, squared)
    primal, dual = values(X, y, 0.1, a, w, squared)
    assert primal - dual < 1e-10
    res = steep.minimize(P.svm(X, y, l2=0.1, loss=loss), None, "dual_coordinate_ascent", tol=1e-11)
    assert res.fun == pytest.approx(primal, abs=2e-10)
    np.testing.assert_allclose(res.x, w, atol=1e-4)  # (2 gap / l2) ** 0.5


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("intercept", [False, True])
def test_gap_bounds_the_distance_to_the_optimum(method, intercept):
    X, y = blobs()
    f = P.svm(X, y, l2=0.01, intercept=intercept)
    best = steep.minimize(f, None, "hinge_interior_point", tol=1e-11).fun
    res = steep.minimize(f, None, method)
    gaps = res.trace["gradient_norm"] * np.maximum(1, res.trace["fun"])
    assert (res.trace["fun"] - best <= gaps + 1e-12).all()
    assert gaps[0] > 0.1
    assert res.fun == pytest.approx(f.value(res.x), rel=1e-13)


def test_squared_hinge_against_newton(cancer):
    X, y = cancer
    for intercept in (False, True):
        f = P.svm(X, y, l2=1 / len(y), loss="squared_hinge", intercept=intercept)
        newton = steep.minimize(f, None, "newton", tol=1e-11)
        res = steep.minimize(f, None, "dual_coordinate_ascent", tol=1e-10)
        assert res.success, res.message
        assert res.fun == pytest.approx(newton.fun, abs=2e-10)


def test_against_liblinear(cancer):
    X, y = cancer
    n = len(y)
    theirs = svm.LinearSVC(C=1.0, loss="hinge", fit_intercept=False, tol=1e-8, max_iter=1000000).fit(X, y)
    f = P.svm(X, y, l2=1 / n)
    res = steep.minimize(f, None, "dual_coordinate_ascent")
    assert abs(res.fun - f.value(theirs.coef_.ravel())) < 1e-7


def test_auto_chooses_by_shape():
    X, y = blobs(600, 5)
    res = steep.minimize(P.svm(X, y, l2=0.01, intercept=True))
    assert res.method == "hinge_interior_point"
    assert steep.minimize(P.svm(X[:6], y[:6], l2=0.01)).method == "hinge_interior_point"
    wide = np.tile(X[:6], 101)
    assert steep.minimize(P.svm(wide, y[:6], l2=0.01)).method == "dual_coordinate_ascent"


def test_auto_minimizes_sparse_and_wide_data_of_uneven_size():
    data = datasets.load_breast_cancer()
    X, y = scipy.sparse.csr_matrix(data.data), 2 * data.target - 1
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(60, 350)) * 10.0 ** rng.uniform(-4, 4, size=(60, 1))
    for f in (
        P.svm(X, y, l2=1e-4, intercept=True),
        P.svr(X, y + 0.1, l2=1e-8, intercept=True),
        P.svm(wide, np.where(rng.random(60) > 0.5, 1, -1), l2=1e-3, intercept=True),
    ):
        res = steep.minimize(f)
        assert res.status == "converged", res.message


def test_auto_minimizes_few_rows_of_uneven_columns():
    rng = np.random.default_rng(42)
    for n, d in [(12, 9), (60, 107), (72, 80), (35, 64)]:
        X = rng.standard_normal((n, d)) * np.exp(2 * rng.standard_normal(d)) + 30 * rng.standard_normal(d)
        y = np.where(rng.random(n) < 0.5, -1, 1)
        for f in (P.svm(X, y, l2=1e-3), P.svr(X, X[:, 0] + rng.standard_normal(n), l2=1e-3, intercept=True)):
            res = steep.minimize(f)
            assert res.status == "converged", res.message
            assert res.certificate.bound <= 1e-8 * max(1, res.fun)


@pytest.mark.parametrize("method", METHODS)
def test_weights_are_repetitions(method):
    X, y = blobs()
    s = np.random.default_rng(42).integers(0, 4, len(y))
    weighted = P.svm(X, y, l2=0.05, intercept=True, sample_weight=s)
    repeated = P.svm(np.repeat(X, s, 0), np.repeat(y, s), l2=0.05, intercept=True)
    runs = [steep.minimize(f, None, method, tol=1e-9).fun for f in (weighted, repeated)]
    assert runs[0] == pytest.approx(runs[1], abs=3e-9)


@pytest.mark.parametrize("method", METHODS)
def test_csr_equals_dense(method):
    X, y = blobs()
    X = X * (np.abs(X) > 0.5)
    runs = [
        steep.minimize(P.svm(A, y, l2=0.05, intercept=True), None, method, tol=1e-9).fun
        for A in (X, scipy.sparse.csr_array(X))
    ]
    assert runs[0] == pytest.approx(runs[1], abs=3e-9)


@pytest.mark.parametrize("method", METHODS)
def test_float32(method):
    X, y = blobs()
    res = steep.minimize(P.svm(X.astype(np.float32), y, l2=0.05, intercept=True), None, method, tol=1e-4)
    best = steep.minimize(P.svm(X, y, l2=0.05, intercept=True), None, "hinge_interior_point").fun
    assert res.success, res.message
    assert res.fun == pytest.approx(best, abs=2e-4)


@pytest.mark.parametrize("method", METHODS)
def test_separable_data_end_with_the_widest_margin(method):
    """Two points at distance 2: w = 1, every slack zero, while l2 is small."""
    res = steep.minimize(P.svm([[1.0], [-1.0]], [1, -1], l2=1e-3, intercept=True), None, method, tol=1e-10)
    np.testing.assert_allclose(res.x, [1, 0], atol=1e-4)
    assert res.fun == pytest.approx(5e-4, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_one_class_and_one_row(method):
    X, _ = blobs()
    res = steep.minimize(P.svm(X, np.ones(len(X), dtype=int), l2=0.1, intercept=True), None, method)
    assert res.success, res.message
    assert res.fun == pytest.approx(0, abs=1e-8)
    res = steep.minimize(P.svm([[2.0, 0.0]], [1], l2=1.0), None, method, tol=1e-10)
    np.testing.assert_allclose(res.x, [0.5, 0], atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_rows_of_zeros_cost_one_each(method):
    X, y = blobs()
    X[:30] = 0
    res = steep.minimize(P.svm(X, y, l2=0.05), None, method)
    rest = steep.minimize(P.svm(X[30:], y[30:], l2=0.05 * 120 / 90), None, method)
    assert res.success, res.message
    assert res.fun == pytest.approx(0.25 + 0.75 * rest.fun, abs=3e-8)


def test_seed_and_threads():
    X, y = blobs()
    f = P.svm(X, y, l2=0.01, intercept=True)
    runs = [steep.minimize(f, None, steep.DualCoordinateAscent(seed=3), n_threads=k) for k in (1, 2)]
    np.testing.assert_array_equal(runs[0].x, runs[1].x)
    other = steep.minimize(f, None, steep.DualCoordinateAscent(seed=4))
    assert (other.x != runs[0].x).any()


def test_shrinking_changes_nothing_but_the_time(cancer):
    X, y = cancer
    f = P.svm(X, y, l2=1 / len(y))
    runs = [steep.minimize(f, None, steep.DualCoordinateAscent(shrink=shrink)).fun for shrink in (True, False)]
    assert runs[0] == pytest.approx(runs[1], abs=2e-8)


def test_hinge_has_subgradients_only():
    X, y = blobs()
    f = P.svm(X, y, l2=0.1)
    with pytest.raises(ValueError, match="use subgradient"):
        f.gradient(np.zeros(5))
    g, w = f.subgradient(np.zeros(5)), np.full(5, 0.3)
    assert f.value(w) >= f.value(np.zeros(5)) + g @ w
    with pytest.raises(ValueError, match="needs a gradient"):
        steep.minimize(f, None, "lbfgs")


def test_refusals():
    X, y = blobs()
    for f in (P.svm(X, y, l2=0.0), P.logistic(X, y, l2=0.1), P.quadratic(np.eye(2), np.zeros(2))):
        for method in METHODS:
            with pytest.raises(ValueError, match=f"{method} needs"):
                steep.minimize(f, None, method)
    with pytest.raises(ValueError, match="needs the hinge"):
        steep.minimize(P.svm(X, y, l2=0.1, loss="squared_hinge"), None, "hinge_interior_point")
    with pytest.raises(TypeError, match="shrink must be True or False"):
        steep.DualCoordinateAscent(shrink=1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("offset", [3, 10, 100, 1e3, 1e6])
def test_columns_far_from_zero(method, offset):
    """With a free intercept an offset moves the intercept alone; the bound says how far the end is from the best."""
    rng = np.random.default_rng(0)
    X = rng.integers(-1000, 1000, (300, 5)) / 512
    y = np.where(X[:, 0] + rng.standard_normal(300) > 0, 1, -1)
    best = steep.minimize(P.svm(X, y, l2=0.01, intercept=True), None, "hinge_interior_point", tol=1e-13)
    f = P.svm(X + offset, y, l2=0.01, intercept=True)
    res = steep.minimize(f, None, method)
    assert res.success, res.message
    assert res.fun - best.fun <= res.certificate.bound + 1e-13
    np.testing.assert_allclose(res.x[:-1], best.x[:-1], atol=1e-3)
    assert f.value(res.x) == pytest.approx(res.fun, abs=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_a_large_constant_column(method):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 3))
    y = np.where(X[:, 0] + rng.standard_normal(30) > 0, 1, -1)
    best = steep.minimize(P.svm(X, y, l2=1e-3, intercept=True)).fun
    res = steep.minimize(P.svm(np.c_[X, np.full(30, 1e6)], y, l2=1e-3, intercept=True), None, method)
    assert res.success, res.message
    assert res.fun == pytest.approx(best, abs=2e-8)


def test_the_intercept_of_a_squared_hinge_is_found_from_anywhere():
    """One point a class: Newton's method from zero alone would go to and fro between two intercepts forever."""
    f = steep.problems.svm([[0.0], [3.0]], [-1, 1], loss="squared_hinge", l2=1.0, intercept=True)
    res = steep.minimize(f, method="dual_coordinate_ascent")
    assert res.success, res.message
    assert res.fun == pytest.approx(steep.minimize(f, method="newton").fun, rel=1e-7)
    assert res.certificate.bound <= 1e-8
