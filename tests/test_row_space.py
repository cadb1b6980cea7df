"""Least squares with fewer rows than features, in the space of the rows; NumPy's singular values are the oracle."""

import numpy as np
import pytest
import scipy.sparse as sp

import steep


def filtered(X, Y, s, l2, intercept):
    """Minimizer (W, b) of the weighted mean loss with l2/2 ||W||^2, of least norm, by singular values."""
    s = s / s.sum()
    x_mean, y_mean = (s @ X, s @ Y) if intercept else (np.zeros(X.shape[1]), np.zeros(Y.shape[1]))
    root = np.sqrt(s)[:, None]
    U, S, V = np.linalg.svd(root * (X - x_mean), full_matrices=False)
    counts = max(1e-12 * S[0], 1e-300) < S
    inverse = np.where(counts, S / np.where(counts, S**2 + l2, 1), 0)
    W = (V.T * inverse) @ (U.T @ (root * (Y - y_mean)))
    return W.T, y_mean - x_mean @ W


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("l2", [0.0, 1e-18, 1e-6, 0.1, 1e6])
@pytest.mark.parametrize("rows", ["plain", "weighted", "twice", "a weight of zero"])
@pytest.mark.parametrize(("n", "d", "k"), [(1, 3, 1), (2, 5, 2), (20, 50, 1), (64, 300, 3), (30, 31, 2)])
def test_minimizer(n, d, k, rows, l2, intercept):
    rng = np.random.default_rng(42)
    X, Y = rng.standard_normal((n, d)) + 3, rng.standard_normal((n, k))
    s = np.ones(n) if rows == "plain" else rng.uniform(0.5, 2, n)
    if rows == "twice" and n > 2:  # with other targets: the fit of a row is their mean
        X[1] = X[0]
    if rows == "a weight of zero" and n > 2:
        s[2] = 0
    f = steep.problems.least_squares(X, Y, l2=l2, intercept=intercept, sample_weight=s)
    res = steep.minimize(f)
    assert res.success, res.message
    assert res.method == "direct"
    W, b = filtered(X, Y, s, l2, intercept)
    found, shift = f.unpack(res.x)
    np.testing.assert_allclose(np.reshape(found, (k, d)), W, atol=1e-9 * np.abs(W).max() + 1e-12)
    np.testing.assert_allclose(np.ravel(shift), b if intercept else 0, atol=1e-8)
    assert ("least norm" in res.message) == (l2 == 0)


def test_a_penalty_below_rounding_keeps_all_digits():
    """Directions without data are damped to zero, not divided by it."""
    rng = np.random.default_rng(42)
    X, w = rng.standard_normal((50, 100)), rng.standard_normal(100)
    res = steep.minimize(steep.problems.least_squares(X, X @ w, l2=1e-18, intercept=True))
    np.testing.assert_allclose(res.x[:100], np.linalg.pinv(X - X.mean(axis=0)) @ (X @ w - (X @ w).mean()), atol=1e-12)


def test_sparse_rows_and_float32():
    rng = np.random.default_rng(42)
    X, y = rng.standard_normal((20, 60)) * (rng.random((20, 60)) < 0.3), rng.standard_normal(20)
    dense = steep.minimize(steep.problems.least_squares(X, y, l2=0.1, intercept=True))
    sparse = steep.minimize(steep.problems.least_squares(sp.csr_matrix(X), y, l2=0.1, intercept=True))
    np.testing.assert_allclose(sparse.x, dense.x, atol=1e-14)
    assert "space of the rows" in sparse.message
    single = steep.minimize(steep.problems.least_squares(X.astype(np.float32), y, l2=0.1, intercept=True))
    assert single.success
    np.testing.assert_allclose(single.x, dense.x, atol=2e-6)


def test_equal_bits_for_any_number_of_threads():
    rng = np.random.default_rng(42)
    X, y = rng.standard_normal((150, 1500)), rng.standard_normal(150)
    found = [
        steep.minimize(steep.problems.least_squares(X, y, l2=0.1, intercept=True, n_threads=k)).x for k in (1, 2, 3, 4)
    ]
    for x in found[1:]:
        np.testing.assert_array_equal(x, found[0])


def test_many_features_are_no_reason_for_an_iteration():
    rng = np.random.default_rng(42)
    X, y = rng.standard_normal((40, 20_000)), rng.standard_normal(40)
    f = steep.problems.least_squares(X, y, l2=0.1)
    res = steep.minimize(f)
    assert res.method == "direct"
    dual = np.linalg.solve(X @ X.T / 40 + 0.1 * np.eye(40), y / 40)
    np.testing.assert_allclose(res.x, X.T @ dual, atol=1e-14)
