"""Least squares by one factorization: wide ones factor products of single precision and answer in double."""

import numpy as np
import pytest

import steep

WIDTHS = (20, 300)  # the second is wide enough for single precision


def problem(n, d, outputs=1, seed=42):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 0.3
    Y = X @ rng.standard_normal((d, outputs)) + rng.standard_normal((n, outputs))
    return X, Y if outputs > 1 else Y.ravel()


def solution(X, y, l2, weight=None):
    """Normal equations of the mean loss with a free intercept, refined with residuals in long double."""
    n, d = X.shape
    c = (np.ones(n) if weight is None else weight).astype(np.longdouble)
    c /= c.sum()
    A = np.column_stack([X, np.ones(n)]).astype(np.longdouble)
    y = np.reshape(y, (n, -1)).astype(np.longdouble)
    ridge = l2 * (np.arange(d + 1) < d)
    H = np.float64(np.float64(A.T) * np.float64(c)) @ np.float64(A) + np.diag(ridge)
    w = np.zeros((d + 1, y.shape[1]), np.longdouble)
    for _ in range(4):
        g = A.T @ (c[:, None] * (A @ w - y)) + ridge[:, None] * w
        w -= np.linalg.solve(H, np.float64(g))
    return np.float64(w)


@pytest.mark.parametrize("d", WIDTHS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_answer_is_that_of_long_double(d, weighted, outputs):
    X, y = problem(1500, d, outputs)
    weight = np.random.default_rng(1).uniform(0.1, 2, len(X)) if weighted else None
    f = steep.problems.least_squares(X, y, l2=1e-2, intercept=True, sample_weight=weight)
    exact = solution(X, y, 1e-2, weight)
    for x0 in (None, np.random.default_rng(2).standard_normal(f.dim)):
        res = steep.minimize(f, x0)
        assert res.success, res.message
        assert "Cholesky" in res.message
        w = np.vstack([res.x[: d * outputs].reshape(outputs, d).T, res.x[d * outputs :]])
        # the gradient is below 1e-8, and the smallest curvature 1e-2 or more
        np.testing.assert_allclose(w, exact, atol=1e-6, rtol=0)
        assert np.abs(res.jac).max() <= 1e-8
        tight = steep.minimize(f, x0, tol=1e-14)
        w = np.vstack([tight.x[: d * outputs].reshape(outputs, d).T, tight.x[d * outputs :]])
        np.testing.assert_allclose(w, exact, atol=1e-12 * np.abs(exact).max() * d, rtol=0)


@pytest.mark.parametrize("d", WIDTHS)
def test_the_first_evaluation_is_that_of_the_objective(d):
    X, y = problem(1100, d)
    x0 = np.random.default_rng(2).standard_normal(d + 1)
    for start in (np.zeros(d + 1), x0):
        res = steep.minimize(steep.problems.least_squares(X, y, l2=0.1, intercept=True), start)
        f = steep.problems.least_squares(X, y, l2=0.1, intercept=True)
        value, gradient = f.value_and_gradient(start)
        assert res.trace["fun"][0] == pytest.approx(value, rel=1e-13)
        assert res.trace["gradient_norm"][0] == pytest.approx(np.abs(gradient).max(), rel=1e-12)
        assert value == pytest.approx(
            0.5 * np.mean((X @ start[:-1] + start[-1] - y) ** 2) + 0.05 * start[:-1] @ start[:-1], rel=1e-12
        )


@pytest.mark.parametrize("condition", [1e3, 1e6])
def test_ill_conditioned_columns_are_factored_in_double(condition):
    rng = np.random.default_rng(42)
    d = 300
    X, _ = np.linalg.qr(rng.standard_normal((1500, d)))
    X = X * np.geomspace(1, 1 / np.sqrt(condition), d) @ np.linalg.qr(rng.standard_normal((d, d)))[0] * np.sqrt(1500)
    y = X @ rng.standard_normal(d) + rng.standard_normal(len(X))
    res = steep.minimize(steep.problems.least_squares(X, y), tol=1e-11)
    assert res.success, res.message
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    assert "Cholesky" in res.message
    np.testing.assert_allclose(X @ res.x, X @ best, atol=1e-7 * np.abs(y).max())


def test_means_far_from_zero_do_not_cost_digits():
    X, y = problem(2000, 300)
    X = X + 1e3
    f = steep.problems.least_squares(X, y, l2=1e-2, intercept=True)
    res = steep.minimize(f)
    exact = solution(X, y, 1e-2)[:, 0]
    assert res.success, res.message
    np.testing.assert_allclose(X @ res.x[:-1] + res.x[-1], X @ exact[:-1] + exact[-1], atol=1e-6 * np.abs(y).max())


@pytest.mark.parametrize("d", WIDTHS)
def test_bits_do_not_depend_on_threads(d):
    X, y = problem(3000, d)
    answers = [
        steep.minimize(steep.problems.least_squares(X, y, l2=1e-3, intercept=True), n_threads=k).x for k in (1, 2, 3, 4)
    ]
    assert all(np.array_equal(answers[0], answer) for answer in answers[1:])


def test_another_start_reuses_the_factor():
    X, y = problem(1500, 300)
    f = steep.problems.least_squares(X, y, l2=1e-2)
    first = steep.minimize(f)
    for start in (first.x, first.x + 1e-3, np.full(f.dim, 5.0)):
        res = steep.minimize(f, start)
        assert res.success, res.message
        np.testing.assert_allclose(res.x, first.x, atol=1e-7)
