"""tol=0 with rtol, under bounds and l1: multiples of the objective and of the data have the same answers."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear

import steep


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("method", ["lbfgs", "proximal_gradient", "interior_point"])
@pytest.mark.parametrize("seed", range(8))
def test_bounds(seed, method, scale):
    """The width of the bounds does not grow with the objective, as its gradient does."""
    rng = np.random.default_rng(seed)
    A, y = rng.standard_normal((12, 6)), 3 * rng.standard_normal(12)
    low = rng.standard_normal(6) - 1
    high = low + rng.choice([0.5, 3.0], 6)
    want = lsq_linear(A, y, (low, high), tol=1e-14, method="bvls").x
    res = steep.minimize(
        lambda x: 0.5 * scale * ((A @ x - y) @ (A @ x - y)), np.clip(np.ones(6), low, high), method,
        gradient=lambda x: scale * (A.T @ (A @ x - y)), bounds=list(zip(low, high, strict=True)), tol=0, rtol=1e-9,
    )  # fmt: skip
    assert res.success, res.message
    np.testing.assert_allclose(res.x, want, atol=1e-6)


@pytest.mark.parametrize(("bound", "multiplier", "x0"), [(100, 1e-2, 1e5), (1, 1e-7, 10), (1e6, 10, 1e7)])
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("method", ["lbfgs", "proximal_gradient"])
def test_small_multipliers(method, side, bound, multiplier, x0):
    """At the bound the gradient is far below that of x0, its step below the rounding of x: it still counts as 0."""
    low, high = (bound, None) if side == 1 else (None, -bound)
    res = steep.minimize(
        lambda x: (0.5 * (x - side * (bound - multiplier)) ** 2).sum(), [side * x0], method,
        gradient=lambda x: x - side * (bound - multiplier), bounds=[(low, high)], tol=0, rtol=1e-9,
    )  # fmt: skip
    assert res.success, res.message
    assert res.x[0] == side * bound
    assert res.certificate.value == 0


def test_a_start_at_its_bounds_is_optimal():
    res = steep.minimize(lambda x: (x @ x, 2 * x), [1e6, 3.0], "lbfgs", gradient=True, bounds=[(1e6, 1e7), (3, 4)],
                         tol=0, rtol=1e-9)  # fmt: skip
    assert res.success, res.message
    assert res.nit == 0


@pytest.mark.parametrize("scale", [1e-8, 1e8])
@pytest.mark.parametrize("seed", range(3))
def test_lasso_on_data_of_any_size(seed, scale):
    """Weights of 1e-8 are no nearer to 0 than their gradients are small."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((60, 5))
    y = X @ rng.standard_normal(5) + rng.standard_normal(60)
    plain = steep.minimize(steep.problems.least_squares(X, y, penalty=steep.L1(0.1)))
    f = steep.problems.least_squares(scale * X, y, penalty=steep.L1(0.1 * scale))
    res = steep.minimize(f, None, "proximal_gradient", tol=0, rtol=1e-9)
    assert res.success, res.message
    np.testing.assert_allclose(res.x * scale, plain.x, atol=1e-6)
    assert res.fun == pytest.approx(plain.fun, rel=1e-8)
