"""Least squares, logistic and softmax regression, and the squared hinge: minima against outside numbers."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import datasets
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.svm import LinearSVC

import steep
from reference.linear_risk import risk
from steep.linear import LinearObjective

SMOOTH_METHODS = ["auto", "newton", "lbfgs", "newton_cg", "trust_region", "bfgs", "conjugate_gradient"]


def breast_cancer():
    X, y = datasets.load_breast_cancer(return_X_y=True)
    return (X - X.mean(0)) / X.std(0), y


@pytest.mark.parametrize("method", [*SMOOTH_METHODS, steep.LBFGS(precondition=True)])
def test_logistic_on_breast_cancer(method):
    """0.5 ||w||^2 + sum of losses, free intercept: 37.7589459619."""
    X, y = breast_cancer()
    n = len(y)
    f = steep.problems.logistic(X, y, l2=1 / n, intercept=True)
    res = steep.minimize(f, method=method)
    assert res.success, res.message
    assert n * res.fun == pytest.approx(37.7589459619, abs=1e-9)
    assert np.abs(f.gradient(res.x)).max() <= 1e-8


@pytest.mark.parametrize("labels", [(0, 1), (-1, 1)])
def test_both_spellings_of_binary_labels(labels):
    X, y = breast_cancer()
    f = steep.problems.logistic(X, np.where(y, labels[1], labels[0]), l2=0.1)
    assert steep.minimize(f).fun == pytest.approx(steep.minimize(steep.problems.logistic(X, y, l2=0.1)).fun, rel=1e-12)


@pytest.mark.parametrize("method", ["auto", "newton", "lbfgs", "newton_cg"])
def test_softmax_agrees_with_scikit_learn(method):
    X, y = datasets.load_iris(return_X_y=True)
    f = steep.problems.softmax(X, y, l2=1 / len(y), intercept=True)
    res = steep.minimize(f, method=method)
    assert res.success, res.message
    other = LogisticRegression(C=1.0, tol=1e-10, max_iter=10000, solver="newton-cholesky").fit(X, y)
    coefficients, intercept = f.unpack(res.x)
    np.testing.assert_allclose(coefficients, other.coef_, atol=1e-6)
    np.testing.assert_allclose(intercept - intercept.mean(), other.intercept_ - other.intercept_.mean(), atol=1e-6)


def test_poisson_agrees_with_scikit_learn():
    rng = np.random.default_rng(42)
    X = rng.standard_normal((300, 4))
    y = rng.poisson(np.exp(X @ [0.5, -0.2, 0.1, 0.0] + 0.3))
    f = LinearObjective(X, y, "poisson", intercept=True, penalty=steep.L2(0.01))
    res = steep.minimize(f)
    assert res.success, res.message
    other = PoissonRegressor(alpha=0.01, tol=1e-12, max_iter=1000, solver="newton-cholesky").fit(X, y)
    np.testing.assert_allclose(res.x[:4], other.coef_, atol=1e-7)
    assert res.x[4] == pytest.approx(other.intercept_, abs=1e-7)


@pytest.mark.parametrize("method", ["auto", "newton", "lbfgs"])
def test_squared_hinge_agrees_with_liblinear(method):
    X, y = breast_cancer()
    f = steep.problems.svm(X, y, l2=1 / len(y), loss="squared_hinge")
    res = steep.minimize(f, method=method)
    assert res.success, res.message
    other = LinearSVC(C=1.0, fit_intercept=False, tol=1e-10, max_iter=100000, dual=False).fit(X, y)
    # ||w - w*|| <= ||gradient|| / l2
    np.testing.assert_allclose(res.x, other.coef_.ravel(), atol=len(y) * 1e-8 * np.sqrt(30))
    assert res.fun <= f.value(other.coef_.ravel()) + 1e-12


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ridge_agrees_with_scikit_learn(intercept, dtype):
    rng = np.random.default_rng(42)
    X = (rng.standard_normal((400, 30)) + 2).astype(dtype)
    y, weights = rng.standard_normal(400), rng.uniform(0.1, 2, 400)
    f = steep.problems.least_squares(X, y, l2=0.5 / weights.sum(), intercept=intercept, sample_weight=weights)
    res = steep.minimize(f)
    assert res.success, res.message
    assert res.method == "direct"
    assert "Cholesky" in res.message
    other = Ridge(alpha=0.5, fit_intercept=intercept, solver="svd").fit(X.astype(float), y, weights)
    tolerance = 1e-10 if dtype == np.float64 else 2e-4
    coefficients, shift = f.unpack(res.x)
    np.testing.assert_allclose(coefficients, other.coef_, atol=tolerance)
    assert shift == pytest.approx(other.intercept_, abs=5 * tolerance)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("shape", [(50, 20), (10, 30), (1, 6)])
@pytest.mark.parametrize("outputs", [1, 3])
def test_rank_deficient_least_squares_gives_the_least_norm(shape, intercept, outputs):
    rng = np.random.default_rng(42)
    n, d = shape
    X = rng.standard_normal((n, d))
    X[:, -3] = 2 * X[:, 0] - X[:, 1]  # dependent
    X[:, -1] = 4.0  # constant
    Y = rng.standard_normal((n, outputs))
    f = steep.problems.least_squares(X, Y if outputs > 1 else Y[:, 0], intercept=intercept)
    res = steep.minimize(f)
    assert res.success, res.message
    assert ("QR" if n >= d else "space of the rows") in res.message
    assert "least norm" in res.message
    if intercept:  # W of least norm, with the intercept free
        center = X.mean(0)
        W = np.linalg.pinv(X - center) @ (Y - Y.mean(0))
        expected = np.concatenate([W.T.ravel(), Y.mean(0) - center @ W])
    else:
        expected = (np.linalg.pinv(X) @ Y).T.ravel()
    np.testing.assert_allclose(res.x, expected, atol=1e-10)


def test_ill_conditioned_least_squares_keeps_the_digits_of_qr():
    """The condition of X is 1e7: normal equations would lose all digits beyond 2."""
    rng = np.random.default_rng(42)
    U = np.linalg.qr(rng.standard_normal((200, 8)))[0]
    V = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    X = U * np.geomspace(1, 1e-7, 8) @ V.T
    w = rng.standard_normal(8)
    res = steep.minimize(steep.problems.least_squares(X, X @ w))
    assert "QR" in res.message
    np.testing.assert_allclose(res.x, w, atol=1e-7)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_scaling_of_least_squares(scale):
    rng = np.random.default_rng(42)
    X, y = rng.standard_normal((60, 7)), rng.standard_normal(60)
    res = steep.minimize(steep.problems.least_squares(X * scale, y, intercept=True), tol=0, rtol=1e-8)
    assert res.success, res.message
    other = LinearRegression().fit(X, y)
    np.testing.assert_allclose(res.x[:7] * scale, other.coef_, rtol=1e-8)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
@pytest.mark.parametrize("method", ["auto", "newton", "lbfgs"])
def test_scaling_of_logistic(scale, method):
    X, y = breast_cancer()
    plain = steep.minimize(steep.problems.logistic(X, y, l2=1e-3), method="newton")
    f = steep.problems.logistic(X * scale, y, l2=1e-3 * scale**2)
    res = steep.minimize(f, method=method, tol=0, rtol=1e-8)
    assert res.success, res.message
    assert res.fun == pytest.approx(plain.fun, rel=1e-10)
    np.testing.assert_allclose(res.x * scale, plain.x, rtol=1e-4, atol=1e-5)


def test_columns_of_very_different_scales():
    X, y = breast_cancer()
    scales = np.geomspace(1e-6, 1e6, X.shape[1])
    plain = steep.minimize(steep.problems.logistic(X[:, :10], y, intercept=True), method="newton")
    for method in ("auto", "newton", steep.LBFGS(precondition=True)):
        f = steep.problems.logistic(X[:, :10] * scales[:10], y, intercept=True)
        res = steep.minimize(f, method=method, tol=0, rtol=1e-10, max_iter=500)
        assert res.fun == pytest.approx(plain.fun, rel=1e-9)


def test_worked_scalar_and_matrix_least_squares():
    x, y = np.array([1.0, 2.0, 2.0]), np.array([3.0, 0.0, 3.0])
    res = steep.minimize(steep.problems.least_squares(x[:, None], y, average=False))
    assert res.x == pytest.approx([x @ y / (x @ x)])
    assert res.fun > 0.1  # y is no multiple of x
    res = steep.minimize(steep.problems.least_squares(x[:, None], -3 * x, average=False))
    assert res.fun == pytest.approx(0, abs=1e-28)
    f = steep.problems.matrix_least_squares(x, [1.0, -1.0, 2.0])
    res = steep.minimize(f)
    np.testing.assert_allclose(res.x, f.minimizer, atol=1e-14)
    assert res.fun == pytest.approx(0, abs=1e-28)
    assert f.minimum == 0
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((30, 4)), rng.standard_normal((30, 2))
    g = steep.problems.matrix_least_squares(X, Y)
    W = np.linalg.lstsq(X, Y, rcond=None)[0].T
    res = steep.minimize(g)
    np.testing.assert_allclose(res.x.reshape(2, 4), W, atol=1e-12)
    assert res.fun == pytest.approx(0.5 * np.sum((X @ W.T - Y) ** 2))


def test_separable_data_without_a_penalty():
    """There is no minimizer; f comes down to nearly 0 and the run ends with a status, not an exception."""
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    for method in ("auto", "newton", "lbfgs", steep.LBFGS(precondition=True)):
        res = steep.minimize(steep.problems.logistic(X, [0, 0, 1, 1]), method=method)
        assert res.fun < 1e-7
        assert res.x[0] > 10


def test_single_row_and_constant_column():
    f = steep.problems.logistic([[1.0, 2.0]], [1], l2=1.0)
    res = steep.minimize(f)
    assert res.success
    margin = res.x @ [1, 2]
    np.testing.assert_allclose(res.x, np.array([1, 2]) / (1 + np.exp(margin)), atol=1e-8)
    X, y = breast_cancer()
    X = np.column_stack([X, np.full(len(y), 3.0)])
    res = steep.minimize(steep.problems.logistic(X, y, l2=1 / len(y), intercept=True))
    assert res.success
    assert res.x[-2] == pytest.approx(0, abs=1e-6)  # the free intercept does its work
    assert len(y) * res.fun == pytest.approx(37.7589459619, abs=1e-8)


def test_float32_reaches_its_tolerance():
    X, y = breast_cancer()
    f = steep.problems.logistic(X.astype(np.float32), y, l2=1 / len(y), intercept=True)
    for method in ("auto", "newton", "lbfgs", "newton_cg"):
        res = steep.minimize(f, method=method)
        assert res.success, res.message
        assert res.certificate.value <= 1e-4
        assert len(y) * res.fun == pytest.approx(37.7589459619, rel=1e-4)


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
def test_auto_at_size_begins_on_a_sample_and_is_right(loss):
    rng = np.random.default_rng(42)
    X = rng.standard_normal((20000, 40)) @ np.diag(np.geomspace(0.01, 10, 40))
    y = (X @ rng.standard_normal(40) + rng.standard_normal(20000) > 0).astype(int)
    f = LinearObjective(X, y, loss, intercept=True, penalty=steep.L2(1e-5))
    res = steep.minimize(f)
    assert res.success, res.message
    assert "begun on a sample" in res.reason
    assert res.nit < 40
    newton = steep.minimize(f, method="newton")
    assert res.fun == pytest.approx(newton.fun, rel=1e-10)
    # The certificate's bound holds against the best value known, for an objective without the intercept.
    g = LinearObjective(X, y, loss, penalty=steep.L2(1e-5))
    rough, best = steep.minimize(g, tol=1e-3), steep.minimize(g, tol=1e-10, method="newton")
    assert 0 <= rough.fun - best.fun <= rough.certificate.bound


def test_threads_give_the_same_run():
    rng = np.random.default_rng(42)
    X = rng.standard_normal((20000, 30))
    y = (X[:, 0] + rng.standard_normal(20000) > 0).astype(int)
    runs = [steep.minimize(steep.problems.logistic(X, y, l2=1e-4), n_threads=threads) for threads in (1, 2, 4)]
    for other in runs[1:]:
        np.testing.assert_array_equal(runs[0].x, other.x)
        np.testing.assert_array_equal(runs[0].trace["fun"], other.trace["fun"])


def test_sparse_problems_solve():
    rng = np.random.default_rng(42)
    X = sp.random(500, 60, 0.1, random_state=rng, format="csr")
    y = (X @ rng.standard_normal(60) + 0.1 * rng.standard_normal(500) > 0).astype(int)
    sparse, dense = (steep.problems.logistic(A, y, l2=1e-3, intercept=True) for A in (X, X.toarray()))
    best = steep.minimize(dense, method="newton")
    for method in ("auto", "newton", "lbfgs", "newton_cg"):
        res = steep.minimize(sparse, method=method)
        assert res.success, res.message
        np.testing.assert_allclose(res.x, best.x, atol=1e-4)
    target = X @ rng.standard_normal(60)
    res = steep.minimize(steep.problems.least_squares(X, target, l2=1e-6))
    assert "Cholesky" in res.message or "QR" in res.message
    assert np.abs(X @ res.x - target).max() < 1e-3


def test_hinge_value_at_a_known_optimum():
    """liblinear's hinge solution has the value it claims."""
    X, y = breast_cancer()
    f = steep.problems.svm(X, y, l2=1 / len(y))
    other = LinearSVC(C=1.0, loss="hinge", fit_intercept=False, tol=1e-9, max_iter=1000000, random_state=0).fit(X, y)
    w = other.coef_.ravel()
    value, _, _ = risk(w, X, y[:, None].astype(float), "hinge", l2=1 / len(y))
    assert f.value(w) == pytest.approx(value, rel=1e-12)
    assert f.value(w) <= f.value(1.01 * w)
    assert f.value(w) <= f.value(0.99 * w)


def test_softmax_counts_no_class_that_never_occurs():
    X = np.eye(3)
    with pytest.raises(ValueError, match=r"every class from 0 to 3 .* got none of class 0.*np\.unique"):
        steep.problems.softmax(X, [1, 2, 3])
    with pytest.raises(ValueError, match="at least 2 classes"):
        steep.problems.softmax(X, [0, 0, 0])
    for bad in ([0.0, np.nan, 1.0], [0.0, 1.0, 1e300], [0.5, 0.0, 1.0], [-1, 0, 1], ["a", "b", "a"]):
        with pytest.raises(ValueError, match=r"y must be class indices.*np\.unique"):
            steep.problems.softmax(X, bad)
    assert steep.problems.softmax(X, [1, 2, 3], n_classes=4).dim == 12


def test_fista_is_a_name():
    f = steep.problems.least_squares([[1.0, 0.0], [0.0, 1.0]], [3.0, 0.5], penalty=steep.L1(0.5))
    res = steep.minimize(f, method="fista")
    assert res.method == "proximal_gradient"
    np.testing.assert_allclose(res.x, [2, 0], atol=1e-6)


def test_a_wrong_number_of_classes_is_named():
    with pytest.raises(ValueError, match="n_classes must be an integer of at least 1, got 0"):
        steep.problems.softmax([[1.0], [2.0]], [0, 1], n_classes=0)
