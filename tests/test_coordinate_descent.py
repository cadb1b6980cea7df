"""Coordinate descent on working sets: known optima, optimality conditions for every loss, duality gaps, hard data."""

import numpy as np
import pytest
import scipy.sparse
from sklearn import datasets, linear_model

import steep
from reference.coordinate_descent import elastic_net, lasso_gap
from reference.proximal_gradient import prox_gradient_norm
from steep.linear import LinearObjective

P = steep.problems
LOSSES = ["squared_error", "logistic", "huber", "squared_hinge", "squared_epsilon_insensitive", "poisson"]


def standardized(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return (X - X.mean(0)) / X.std(0), y


def problem(loss, X, y, **options):
    return LinearObjective(X, y, loss, **options)


def data(loss, n=80, d=30, seed=42):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    score = X[:, :4] @ np.array([1.0, -1.0, 0.5, 0.5]) + 0.3 + 0.5 * rng.standard_normal(n)
    if loss in ("logistic", "squared_hinge"):
        return X, np.where(score > 0, 1, -1)
    return X, rng.poisson(np.exp(0.5 * score)) if loss == "poisson" else score


def check_optimal(f, res, l1, intercept):
    weights = np.full(f.dim, l1)
    if intercept:
        weights[-1] = 0
    assert res.success, res.message
    assert prox_gradient_norm(res.x, f.gradient(res.x), weights) < 1e-5  # gap 1e-12: its root, times L


@pytest.mark.parametrize(("alpha", "fun", "nonzeros"), [(10, 2125.72039414, 4), (1, 1533.76871696, 7)])
def test_known_lasso_optima(alpha, fun, nonzeros):
    X, y = standardized("diabetes")
    res = steep.minimize(P.least_squares(X, y, intercept=True, penalty=steep.L1(alpha)))
    assert res.method == "coordinate_descent"
    assert res.fun == pytest.approx(fun, rel=1e-11)
    assert np.count_nonzero(res.x[:-1]) == nonzeros
    assert res.certificate.kind == "duality_gap"
    assert res.certificate.value <= 1e-8 * res.fun


def test_known_l1_logistic_optimum():
    X, y = standardized("breast_cancer")
    n = len(y)
    res = steep.minimize(P.logistic(X, y, intercept=True, penalty=steep.L1(1 / n)), tol=1e-12)
    assert n * res.fun == pytest.approx(46.08168566, abs=1e-7)
    assert np.count_nonzero(res.x[:-1]) == 16


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_optimality_conditions(loss, intercept, l2):
    X, y = data(loss)
    f = problem(loss, X, y, intercept=intercept, penalty=steep.ElasticNet(l1=0.05, l2=l2))
    res = steep.minimize(f, None, "coordinate_descent", tol=1e-12)
    check_optimal(f, res, 0.05, intercept)
    assert 0 < np.count_nonzero(res.x) < f.dim
    assert res.fun == pytest.approx(f.value(res.x), rel=1e-13)


@pytest.mark.parametrize("loss", LOSSES)
def test_gap_bounds_the_distance_to_the_optimum(loss):
    """At every iteration, against the value that a far tighter run of another method finds."""
    X, y = data(loss)
    f = problem(loss, X, y, intercept=True, penalty=steep.L1(0.05))
    best = steep.minimize(f, None, steep.ProximalGradient(), tol=1e-11, max_iter=100000).fun
    res = steep.minimize(f, None, "coordinate_descent", tol=1e-12)
    gaps = res.trace["gradient_norm"] * np.maximum(1, np.abs(res.trace["fun"]))
    assert (res.trace["fun"] - best <= gaps + 1e-12).all()
    assert gaps[0] > 1e-3


@pytest.mark.parametrize("method", ["coordinate_descent", "proximal_gradient"])
@pytest.mark.parametrize(
    ("loss", "targets"), [("huber", [-5.0, -6.0]), ("logistic", [1, 1]), ("logistic", [0, 0]), ("poisson", [0.0, 0.0])]
)
def test_gap_where_all_slopes_have_one_sign(loss, targets, method):
    """Beside an intercept the dual point is then 0 in every row, which costs most of the objective."""
    f = problem(loss, [[1.0], [2.0]], targets, intercept=True, penalty=steep.ElasticNet(l1=0.1, l2=0.1))
    best = 0.0 if loss != "huber" else steep.minimize(f, None, "proximal_gradient", tol=1e-10, max_iter=100000).fun
    for max_iter in (0, 1, 2, 1000):
        res = steep.minimize(f, None, method, max_iter=max_iter)
        assert res.fun - best <= res.certificate.bound + 1e-12
    if loss == "huber" or method == "coordinate_descent":
        assert res.success
        assert res.fun - best < 1e-7


def test_gap_is_the_textbook_one():
    X, y = standardized("diabetes")
    f = P.least_squares(X, y, penalty=steep.L1(2.0))
    w = np.random.default_rng(42).standard_normal(10)
    res = steep.minimize(f, w, "coordinate_descent", max_iter=0)
    assert res.status == "max_iter"
    assert res.certificate.value == pytest.approx(lasso_gap(X, y, w, 2.0), rel=1e-10)


@pytest.mark.parametrize("intercept", [False, True])
def test_elastic_net_against_the_reference(intercept):
    X, y = data("squared_error")
    w, b = elastic_net(X, y, 0.1, 0.05, 500, intercept)
    f = P.least_squares(X, y, intercept=intercept, penalty=steep.ElasticNet(l1=0.1, l2=0.05))
    res = steep.minimize(f, None, "coordinate_descent", tol=1e-14)
    np.testing.assert_allclose(res.x[: X.shape[1]], w, atol=1e-6)  # (2 gap / l2) ** 0.5
    if intercept:
        assert res.x[-1] == pytest.approx(b, abs=1e-6)


def test_more_columns_than_rows_against_scikit_learn():
    rng = np.random.default_rng(42)
    X = rng.standard_normal((50, 400))
    y = X[:, :5].sum(1) + 0.1 * rng.standard_normal(50)
    res = steep.minimize(P.least_squares(X, y, penalty=steep.L1(0.02)), None, "coordinate_descent", tol=1e-13)
    theirs = linear_model.Lasso(0.02, fit_intercept=False, tol=1e-12, max_iter=100000).fit(X, y)
    np.testing.assert_allclose(res.x, theirs.coef_, atol=1e-6)
    assert res.trace["working_set"][-1] < 400


def test_largest_penalty_gives_exact_zeros():
    X, y = standardized("diabetes")
    top = np.abs(X.T @ (y - y.mean())).max() / len(y)
    f = P.least_squares(X, y, intercept=True, penalty=steep.L1(top * (1 + 1e-9)))
    res = steep.minimize(f, None, "coordinate_descent")
    np.testing.assert_array_equal(res.x[:-1], 0)
    assert res.x[-1] == pytest.approx(y.mean(), rel=1e-12)
    f = P.least_squares(X, y, intercept=True, penalty=steep.L1(top * 0.99))
    assert np.count_nonzero(steep.minimize(f, None, "coordinate_descent").x[:-1]) == 1


def test_without_penalty_it_is_an_ordinary_method():
    X, y = standardized("breast_cancer")
    f = P.logistic(X, y, intercept=True, penalty=steep.L2(1 / len(y)))
    res = steep.minimize(f, None, "coordinate_descent", tol=1e-12)
    assert len(y) * res.fun == pytest.approx(37.7589459619, abs=1e-8)
    free = P.least_squares(X[:, :5], y.astype(float), intercept=True)
    res = steep.minimize(free, None, "coordinate_descent", tol=1e-10)
    assert res.certificate.kind == "gradient_norm"
    expected = np.linalg.lstsq(np.c_[X[:, :5], np.ones(len(y))], y, rcond=None)[0]
    np.testing.assert_allclose(res.x, expected, atol=1e-8)


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_are_repetitions(loss):
    X, y = data(loss)
    s = np.random.default_rng(42).integers(0, 4, len(y))
    options = {"intercept": True, "penalty": steep.L1(0.05)}
    first = steep.minimize(problem(loss, X, y, sample_weight=s, **options), None, "coordinate_descent", tol=1e-13)
    again = problem(loss, np.repeat(X, s, 0), np.repeat(y, s), **options)
    second = steep.minimize(again, None, "coordinate_descent", tol=1e-13)
    np.testing.assert_allclose(first.x, second.x, atol=1e-5)
    assert first.fun == pytest.approx(second.fun, rel=1e-11)


@pytest.mark.parametrize("loss", LOSSES)
def test_csr_equals_dense(loss):
    X, y = data(loss)
    X = X * (np.random.default_rng(42).random(X.shape) < 0.3)
    options = {"intercept": True, "penalty": steep.L1(0.03)}
    dense = steep.minimize(problem(loss, X, y, **options), None, "coordinate_descent", tol=1e-13)
    sparse = problem(loss, scipy.sparse.csr_array(X), y, **options)
    res = steep.minimize(sparse, None, "coordinate_descent", tol=1e-13)
    np.testing.assert_allclose(res.x, dense.x, atol=1e-6)


@pytest.mark.parametrize("loss", ["squared_error", "logistic"])
def test_float32(loss):
    X, y = data(loss)
    f = problem(loss, X.astype(np.float32), y, intercept=True, penalty=steep.L1(0.05))
    res = steep.minimize(f, None, "coordinate_descent", tol=1e-5)
    exact = steep.minimize(problem(loss, X, y, intercept=True, penalty=steep.L1(0.05)), tol=1e-12)
    assert res.success, res.message
    assert res.fun == pytest.approx(exact.fun, rel=2e-5)


def test_same_bits_for_every_number_of_threads():
    rng = np.random.default_rng(42)
    X = rng.standard_normal((20000, 40))
    y = np.where(X[:, :3].sum(1) + rng.standard_normal(20000) > 0, 1, -1)
    f = P.logistic(X, y, intercept=True, penalty=steep.L1(0.01))
    runs = [steep.minimize(f, None, "coordinate_descent", n_threads=k) for k in (1, 2, 3)]
    for run in runs[1:]:
        np.testing.assert_array_equal(run.x, runs[0].x)
        np.testing.assert_array_equal(run.trace["fun"], runs[0].trace["fun"])


@pytest.mark.parametrize("loss", LOSSES)
def test_hard_data(loss):
    """Constant, duplicate and zero columns, and one row."""
    X, y = data(loss, d=6)
    X = np.c_[X, np.full(len(y), 3.0), X[:, 0], np.zeros(len(y))]
    f = problem(loss, X, y, intercept=True, penalty=steep.L1(0.05))
    res = steep.minimize(f, None, "coordinate_descent", tol=1e-12)
    check_optimal(f, res, 0.05, True)
    assert res.x[8] == 0
    one = problem(loss, X[:1], y[:1], penalty=steep.L1(0.01))
    res = steep.minimize(one, None, "coordinate_descent", tol=1e-12)
    check_optimal(one, res, 0.01, False)


@pytest.mark.parametrize("intercept", [False, True])
def test_huber_from_far_away(intercept):
    """Every row starts in the linear part of the loss, where Newton's model has no curvature."""
    X, y = data("huber")
    y = 1000 * y + 300
    X = X + 5
    f = problem("huber", X, y, intercept=intercept, penalty=steep.L1(0.05))
    res = steep.minimize(f, None, "coordinate_descent", tol=1e-8)
    assert res.success, res.message
    assert res.nit < 200


def test_separable_data():
    X = np.linspace(-1, 1, 40)[:, None]
    f = P.logistic(X, np.sign(X[:, 0]), penalty=steep.L1(1e-3))
    res = steep.minimize(f, None, "coordinate_descent", tol=1e-12)
    check_optimal(f, res, 1e-3, False)
    assert res.x[0] > 10


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_scaling(scale):
    """X scaled with l1: the same problem in other units."""
    X, y = standardized("diabetes")
    f = P.least_squares(X, y, intercept=True, penalty=steep.L1(1.0))
    g = P.least_squares(X * scale, y, intercept=True, penalty=steep.L1(1.0 * scale))
    a, b = (steep.minimize(h, None, "coordinate_descent", tol=1e-12) for h in (f, g))
    np.testing.assert_allclose(b.x[:-1] * scale, a.x[:-1], rtol=1e-7, atol=1e-7)


def test_start_does_not_matter():
    X, y = data("logistic")
    f = P.logistic(X, y, intercept=True, penalty=steep.L1(0.05))
    runs = [steep.minimize(f, x0, "coordinate_descent", tol=1e-13).fun for x0 in (None, np.full(31, 5.0))]
    assert runs[0] == pytest.approx(runs[1], rel=1e-12)


def test_impossible_tolerance_ends():
    X, y = standardized("diabetes")
    res = steep.minimize(P.least_squares(X, y, penalty=steep.L1(1.0)), None, "coordinate_descent", tol=0.0)
    assert res.status in ("converged", "line_search_failed")
    assert res.certificate.value < 1e-9


def test_refusals():
    X, y = data("logistic")
    for f in (P.svm(X, y, l2=0.1), P.softmax(X, (y > 0).astype(int)), P.quadratic(np.eye(2), np.zeros(2))):
        with pytest.raises(ValueError, match="coordinate_descent needs"):
            steep.minimize(f, None, "coordinate_descent")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("offset", [0, 3, 30, 1e3, 1e6])
def test_columns_far_from_zero_are_centered(offset, dtype):
    """With an intercept an offset of the columns moves the intercept alone; scikit-learn's lasso is the oracle."""
    rng = np.random.default_rng(42)
    X = rng.integers(-40, 40, (300, 8)) / 8  # exact in both types at every offset
    X[:, 3] = 1
    y = X[:, 0] - 0.3 * X[:, 1] + rng.integers(-20, 20, 300) / 8
    moved = (X + offset).astype(dtype)
    weight = rng.uniform(0.5, 2, 300).astype(dtype)
    f = P.least_squares(moved, y.astype(dtype), intercept=True, penalty=steep.L1(0.1), sample_weight=weight)
    res = steep.minimize(f, tol=1e-8 if dtype == "float64" else 1e-6)
    oracle = linear_model.Lasso(0.1, tol=1e-12, max_iter=100000).fit(X, y, sample_weight=weight)
    assert res.success, res.message
    assert res.nit < 20
    accuracy = 1e-5 if dtype == "float64" else 1e-3
    np.testing.assert_allclose(res.x[:-1], oracle.coef_, atol=accuracy)
    if dtype == "float64":
        assert res.x[-1] + offset * res.x[:-1].sum() == pytest.approx(oracle.intercept_, abs=accuracy)
        assert res.fun == pytest.approx(f.value(res.x), abs=1e-8)
        np.testing.assert_allclose(res.jac, f.gradient(res.x), atol=1e-15 * offset**2 + 1e-9)


@pytest.mark.parametrize("offset", [0, 30, 1e3, 1e6])
def test_l1_logistic_with_columns_far_from_zero(offset):
    rng = np.random.default_rng(42)
    X = rng.integers(-40, 40, (300, 8)) / 8
    y = X[:, 0] - X[:, 1] + 3 * rng.standard_normal(300) > 0
    res = steep.minimize(P.logistic(X + offset, y, intercept=True, penalty=steep.L1(0.05)), tol=1e-10)
    oracle = linear_model.LogisticRegression(
        C=1 / (0.05 * 300), l1_ratio=1.0, solver="saga", tol=1e-10, max_iter=100000
    ).fit(X, y)
    assert res.success, res.message
    np.testing.assert_allclose(res.x[:-1], oracle.coef_[0], atol=1e-5)


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_path_with_columns_far_from_zero(offset):
    rng = np.random.default_rng(42)
    X = rng.standard_normal((300, 8))
    y = X[:, 0] + rng.standard_normal(300)
    near, far = (
        steep.regularization_path(P.least_squares(Z, y, intercept=True), n=10, tol=1e-10) for Z in (X, X + offset)
    )
    assert set(far.status) == {"converged"}
    np.testing.assert_allclose(far.x[:, :-1], near.x[:, :-1], atol=1e-4)
