"""Proximal gradient and FISTA: iterates, rates, exact zeros, bounds, refusals."""

import numpy as np
import pytest
from sklearn import datasets, linear_model

import steep
from reference.proximal_gradient import prox_gradient_norm, proximal_gradient
from steep.linear import LinearObjective

P = steep.problems


@pytest.fixture(scope="module")
def diabetes():
    X, y = datasets.load_diabetes(return_X_y=True)
    return (X - X.mean(0)) / X.std(0), y


def random_lasso(n=60, d=20, seed=42):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) @ np.diag(np.geomspace(1, 10, d))
    w = rng.standard_normal(d) * (rng.random(d) < 0.3)
    return X, X @ w + 0.1 * rng.standard_normal(n)


@pytest.mark.parametrize("accelerate", [False, True])
def test_iterates_are_those_of_the_reference(accelerate):
    X, y = random_lasso()
    n, step = len(y), 1 / np.linalg.eigvalsh(X.T @ X / len(y))[-1]
    f = P.least_squares(X, y, penalty=steep.L1(0.5))
    method = steep.ProximalGradient(accelerate=accelerate, restart=False, step_size=step)
    res = steep.minimize(f, np.ones(20), method, max_iter=30, return_all=True)
    path = proximal_gradient(lambda w: X.T @ (X @ w - y) / n, 0.5, np.ones(20), step, 30, accelerate)
    np.testing.assert_allclose(res.allvecs, path, rtol=0, atol=1e-11 * np.abs(path).max())


def test_known_lasso_optima(diabetes):
    X, y = diabetes
    for alpha, fun, nonzeros in ((10, 2125.72039414, 4), (1, 1533.76871696, 7)):
        res = steep.minimize(P.least_squares(X, y, intercept=True, penalty=steep.L1(alpha)), None, "proximal_gradient")
        assert res.success, res.message
        assert res.fun == pytest.approx(fun, rel=1e-11)
        assert np.count_nonzero(res.x[:-1]) == nonzeros
        assert -6e-9 < res.fun - fun <= res.certificate.bound + 6e-9 < 1e-5  # the known value has 8 decimals


def test_rates():
    """F(x_k) - F* <= 2 L ||x0 - x*||^2 / (k + 1)^2 with acceleration, L ||x0 - x*||^2 / (2 k) without."""
    X, y = random_lasso()
    f = P.least_squares(X, y, penalty=steep.L1(0.5))
    best = steep.minimize(f, None, "coordinate_descent", tol=1e-14)
    L, x0 = float(f.lipschitz()), np.full(20, 3.0)
    far = np.sum((x0 - best.x) ** 2)
    for accelerate in (False, True):
        res = steep.minimize(f, x0, steep.ProximalGradient(accelerate=accelerate, restart=False), max_iter=200)
        k = np.arange(1, res.nit + 1)
        bound = 2 * L * far / (k + 1) ** 2 if accelerate else L * far / (2 * k)
        assert (res.trace["fun"][1:] - best.fun <= bound * (1 + 1e-9)).all()


def test_plain_steps_descend():
    X, y = random_lasso()
    f = P.least_squares(X, y, penalty=steep.L1(0.5))
    fun = steep.minimize(f, np.ones(20), steep.ProximalGradient(accelerate=False), max_iter=100).trace["fun"]
    assert (np.diff(fun) <= 1e-13 * fun[0]).all()


def test_restart_pays():
    X, y = random_lasso()
    f = P.least_squares(X, y, penalty=steep.L1(0.01))
    nit = [steep.minimize(f, None, steep.ProximalGradient(restart=restart)).nit for restart in (True, False)]
    assert nit[0] < nit[1]


def test_backtracking_where_no_constant_is_known():
    rng = np.random.default_rng(42)
    X = rng.standard_normal((200, 10))
    y = rng.poisson(np.exp(X[:, 0] * 0.5))
    f = LinearObjective(X, y, "poisson", intercept=True, penalty=steep.L1(0.05))
    with pytest.raises(ValueError, match="Lipschitz"):
        f.lipschitz()
    res = steep.minimize(f, None, "proximal_gradient")
    other = steep.minimize(f, None, "coordinate_descent", tol=1e-13)
    assert res.success, res.message
    np.testing.assert_allclose(res.x, other.x, atol=1e-6)
    assert set(np.flatnonzero(res.x)) == set(np.flatnonzero(other.x))


def test_bounds_with_l1_are_a_positive_lasso(diabetes):
    X, y = diabetes
    f = P.least_squares(X, y - y.mean(), penalty=steep.L1(1.0))
    res = steep.minimize(f, None, "proximal_gradient", bounds=[(0, None)] * X.shape[1])
    theirs = linear_model.Lasso(1.0, positive=True, fit_intercept=False, tol=1e-12, max_iter=100000).fit(
        X, y - y.mean()
    )
    assert res.success, res.message
    np.testing.assert_allclose(res.x, theirs.coef_, atol=1e-6)
    assert (res.x >= 0).all()


def test_bounds_without_l1():
    f = P.quadratic([[4.0, 1.0], [1.0, 2.0]], [-6.0, -5.0])
    res = steep.minimize(f, [0.0, 0.0], "proximal_gradient", bounds=[(None, 0.5), (None, None)])
    np.testing.assert_allclose(res.x, [0.5, 2.25], atol=1e-8)


def test_softmax_with_l1_is_optimal():
    X, y = datasets.load_iris(return_X_y=True)
    X = (X - X.mean(0)) / X.std(0)
    f = P.softmax(X, y, intercept=True, penalty=steep.L1(0.02))
    res = steep.minimize(f, None)
    assert res.method == "proximal_gradient"
    assert res.success, res.message
    l1 = np.where(np.arange(15) < 12, 0.02, 0.0)
    assert prox_gradient_norm(res.x, f.gradient(res.x), l1) <= 1e-8
    assert 0 < np.count_nonzero(res.x[:12]) < 12


def test_a_step_too_long_diverges():
    X, y = random_lasso()
    f = P.least_squares(X, y, penalty=steep.L1(0.01))
    step = 3 / float(f.lipschitz())
    res = steep.minimize(f, np.ones(20), steep.ProximalGradient(step_size=step, accelerate=False))
    assert res.status == "diverged"
    assert np.isfinite(res.fun)


def test_bad_arguments():
    for bad in ({"accelerate": 1}, {"restart": None}, {"step_size": "1/L"}):
        with pytest.raises(TypeError, match="must be"):
            steep.ProximalGradient(**bad)
    with pytest.raises(ValueError, match="step_size must be a positive number"):
        steep.ProximalGradient(step_size=0)
