"""Certificates of linear models with a free intercept: never below the true gap, and small at the end."""

import numpy as np
import pytest
from scipy.optimize import minimize

import steep
from steep.penalties import L2

L2_WEIGHTS = (1e-4, 1e-2, 1.0)


def data(seed, n=120, d=6, classes=2):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * rng.uniform(0.3, 3, d) + rng.uniform(-1, 1, d)
    score = X @ rng.standard_normal((d, classes)) + 2 * rng.standard_normal((n, classes)) + np.arange(classes)
    return X, score, score.argmax(axis=1), rng.uniform(0.2, 3, n)


def logistic(seed, l2):
    X, _, y, _ = data(seed)
    return steep.problems.logistic(X, y, l2=l2, intercept=True)


def weighted_logistic(seed, l2):
    X, _, y, weight = data(seed)
    return steep.problems.logistic(X, y, l2=l2, intercept=True, sample_weight=weight)


def soft_logistic(seed, l2):
    X, score, _, _ = data(seed)
    net = steep.Network([steep.Dense(1)], input_shape=X.shape[1], dtype="float64")
    return steep.Risk(net, X, 1 / (1 + np.exp(-score[:, 0])), loss="logistic", penalty=L2(l2))


def squared_hinge(seed, l2):
    X, _, y, _ = data(seed)
    return steep.problems.svm(X, y, l2=l2, loss="squared_hinge", intercept=True)


def least_squares(seed, l2):
    X, score, _, _ = data(seed)
    return steep.problems.least_squares(X, score[:, 0], l2=l2, intercept=True)


def two_outputs(seed, l2):
    X, score, _, _ = data(seed)
    net = steep.Network([steep.Dense(2)], input_shape=X.shape[1], dtype="float64")
    return steep.Risk(net, X, score, loss="squared_error", penalty=L2(l2))


def poisson(seed, l2):
    X, score, _, _ = data(seed)
    net = steep.Network([steep.Dense(1, "exp")], input_shape=X.shape[1], dtype="float64")
    return steep.Risk(net, X / 3, np.floor(np.abs(score[:, 0])), penalty=L2(l2))


def softmax(seed, l2):
    X, _, y, _ = data(seed, classes=4)
    return steep.problems.softmax(X, y, l2=l2, intercept=True)


def weighted_softmax(seed, l2):
    X, _, y, weight = data(seed, classes=3)
    net = steep.Network([steep.Dense(3, "softmax")], input_shape=X.shape[1], dtype="float64")
    return steep.Risk(net, X, y, penalty=L2(l2), sample_weight=weight)


PROBLEMS = (
    logistic,
    weighted_logistic,
    soft_logistic,
    squared_hinge,
    least_squares,
    two_outputs,
    poisson,
    softmax,
    weighted_softmax,
)


def least_value(f):
    w = minimize(f.value_and_gradient, np.zeros(f.dim), jac=True, hess=f.hessian, method="trust-exact").x
    for _ in range(5):  # SciPy's ends where the decrease is rounding: the rest by plain Newton steps
        w = w - np.linalg.lstsq(f.hessian(w), f.gradient(w))[0]  # softmax: the intercepts move together freely
    assert np.abs(f.gradient(w)).max() < 1e-12
    return f.value(w)


@pytest.mark.parametrize("l2", L2_WEIGHTS)
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.__name__)
def test_bounds_the_true_gap(problem, l2):
    for seed in range(2):
        f = problem(seed, l2)
        least = least_value(f)
        rounding = 1e-14 * max(1.0, abs(least))
        starts = np.random.default_rng(seed).standard_normal((2, f.dim))
        gaps, bounds = [], []
        for x0 in (np.zeros(f.dim), *starts):
            for method in (steep.LBFGS(), steep.BFGS()):
                for max_iter in (0, 1, 3, 8, 16):
                    res = steep.minimize(f, x0, method, max_iter=max_iter)
                    gaps.append(res.fun - least)
                    bounds.append(res.certificate.bound)
        gaps, bounds = np.array(gaps), np.array(bounds)
        assert np.isfinite(bounds).all()
        assert (gaps <= bounds + rounding).all()
        near = (gaps < 1e-3 * l2) & (gaps > 1e3 * rounding)
        if near.any():  # no worse than the condition number explains: L is at most 20 here
            assert (bounds[near] / gaps[near]).max() < 2 * (1 + 40 / l2)
        end = steep.minimize(f, method="newton", tol=1e-10)
        assert end.certificate.bound < 1e-16 / l2 + rounding


def test_balances_far_from_the_optimal_intercept():
    f = logistic(0, 0.1)
    least = least_value(f)
    best = steep.minimize(f, method="newton").x
    for shift in (1e-6, 1e-3, 0.1, 1.0, 10.0):
        x = best.copy()
        x[-1] += shift
        res = steep.minimize(f, x, "lbfgs", max_iter=0)
        # The weights are optimal given another intercept; most of the gap is its, and the bound is of its size.
        assert res.fun - least <= res.certificate.bound + 1e-15 < 30 * (res.fun - least) + 1e-14


def many_rows(kind, order, n=3000):
    X, score, y, weight = data(5, n)
    if order == "sorted":  # the first rows are of one class: their slopes have one sign
        order = np.argsort(y, kind="stable")
        X, score, y, weight = X[order], score[order], y[order], weight[order]
    options = {"l2": 0.01, "intercept": True}
    net = steep.Network([steep.Dense(2)], input_shape=X.shape[1], dtype="float64")
    problems = {
        "logistic": lambda: steep.problems.logistic(X, y, **options),
        "weighted": lambda: steep.problems.logistic(X, y, sample_weight=weight, **options),
        "squared_hinge": lambda: steep.problems.svm(X, y, loss="squared_hinge", **options),
        "squared_tube": lambda: steep.problems.svr(X, score[:, 0], loss="squared_epsilon_insensitive", **options),
        "least_squares": lambda: steep.problems.least_squares(X, score[:, 0], **options),
        "two_outputs": lambda: steep.Risk(net, X, score, loss="squared_error", penalty=L2(0.01)),
    }
    return problems[kind]()


@pytest.mark.parametrize("order", ["mixed", "sorted"])
@pytest.mark.parametrize(
    "kind", ["logistic", "weighted", "squared_hinge", "squared_tube", "least_squares", "two_outputs"]
)
def test_bounds_the_gap_of_many_rows(kind, order):
    """Near a minimizer the balance of the intercept is borne by some of the rows."""
    f = many_rows(kind, order)
    best = steep.minimize(f, method="newton", tol=1e-13).x
    least = f.value(best)
    rng = np.random.default_rng(0)
    for size in (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0):
        for direction in (rng.standard_normal(f.dim), np.eye(f.dim)[-1], -np.eye(f.dim)[-1]):
            x = best + size * direction
            res = steep.minimize(f, x, "lbfgs", max_iter=0)
            gap = res.fun - least
            assert gap <= res.certificate.bound + 1e-14 * max(1, least)
            if gap > 1e-11 * max(1, least):
                # ||grad||^2 / (2 l2) is at most L / l2 times the gap, and a sixteenth of the rows bears the rest.
                assert res.certificate.bound < 4000 * gap
    end = steep.minimize(f, method="newton", tol=1e-10)
    assert end.certificate.bound < 1e-15


def test_sparse_and_single_precision():
    from scipy.sparse import csr_matrix

    X, _, y, _ = data(3)
    X[np.abs(X) < 0.5] = 0
    dense = steep.minimize(steep.problems.logistic(X, y, l2=0.1, intercept=True), method="lbfgs", max_iter=3)
    sparse = steep.minimize(
        steep.problems.logistic(csr_matrix(X), y, l2=0.1, intercept=True), method="lbfgs", max_iter=3
    )
    assert sparse.certificate.bound == pytest.approx(dense.certificate.bound, rel=1e-10)
    single = steep.problems.logistic(X.astype(np.float32), y, l2=0.1, intercept=True)
    res = steep.minimize(single, dense.x, method="lbfgs", max_iter=0)
    assert res.certificate.bound == pytest.approx(dense.certificate.bound, rel=1e-3)


def test_no_bound_without_a_penalty_or_with_a_class_that_never_occurs():
    X, _, y, _ = data(0)
    assert steep.minimize(steep.problems.logistic(X, y, intercept=True), method="newton").certificate.bound == np.inf
    net = steep.Network([steep.Dense(3, "softmax")], input_shape=X.shape[1], dtype="float64")
    f = steep.Risk(net, X, np.eye(3)[y], penalty=L2(0.1))
    assert steep.minimize(f, np.zeros(f.dim), "lbfgs", max_iter=2).certificate.bound == np.inf


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_quadratics_are_bounded_by_their_own_hessian(dtype):
    """1/2 g'H^-1 g is the gap itself, whatever was asked of the objective before."""
    rng = np.random.default_rng(42)
    A, b = rng.standard_normal((40, 6)) * [1, 1, 1, 1, 1, 0.01], rng.standard_normal(40)
    squares = [
        steep.problems.least_squares(A.astype(dtype), b.astype(dtype), intercept=intercept)
        for intercept in (False, True)
    ]
    for f in (steep.problems.quadratic(A.T @ A, A.T @ b), *squares):
        least = steep.minimize(f).fun
        for asked in (False, True):
            if asked:
                f.strong_convexity()
            res = steep.minimize(f, np.ones(f.dim), steep.GradientDescent("armijo"), max_iter=5)
            assert res.certificate.bound == pytest.approx(res.fun - least, rel=1e-2 if dtype == "float32" else 1e-6)
            assert steep.minimize(f).certificate.bound < 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_no_bound_on_quadratics_without_strong_convexity(seed):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((4, 5))
    q = steep.problems.quadratic(A.T @ A, rng.standard_normal(5))
    for _ in range(2):  # the second time its eigenvalues are known
        assert steep.minimize(q, np.ones(5), steep.GradientDescent("armijo"), max_iter=50).certificate.bound == np.inf
        assert q.strong_convexity().value == 0
    assert steep.diagnostics.condition_number(q) == np.inf
    for dtype in (np.float32, np.float64):
        B = rng.standard_normal((60, 4)).astype(dtype)
        f = steep.problems.least_squares(np.c_[B, B @ np.ones(4, dtype)], B[:, 0])
        assert f.strong_convexity().value == 0
        assert steep.minimize(f, method="lbfgs").certificate.bound == np.inf
