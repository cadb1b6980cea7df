"""The course's worked numbers about functions, derivatives and minimizers."""

import numpy as np

import steep
from steep.objectives import FunctionObjective


def test_chain_rule():
    """h = g o f with f = (x1^2, x2^3) and g = y1 + y2: grad h = J_f' (1, 1) = (2 x1, 3 x2^2)."""
    inner = steep.ResidualFunction(lambda x: np.array([x[0] ** 2, x[1] ** 3]), [1.0, 1.0], jac="cs")
    h = FunctionObjective(lambda x: x[0] ** 2 + x[1] ** 3, dim=2, differences="3-point")
    for x in ([1.0, 2.0], [-0.5, 0.3], [3.0, -1.0]):
        np.testing.assert_allclose(inner.jacobian(x).T @ np.ones(2), [2 * x[0], 3 * x[1] ** 2], rtol=1e-14)
        np.testing.assert_allclose(h.gradient(x), [2 * x[0], 3 * x[1] ** 2], rtol=1e-8, atol=1e-9)


def test_scalar_least_squares():
    """1/2 ||w x - y||^2: w* = x'y / x'x; the least value is 0 only where y is a multiple of x."""
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 7.0])
    res = steep.minimize(steep.problems.least_squares(x[:, None], y, average=False))
    np.testing.assert_allclose(res.x, [x @ y / (x @ x)], rtol=1e-14)
    np.testing.assert_allclose(res.fun, 0.5 * np.sum((res.x * x - y) ** 2), rtol=1e-12)
    assert res.fun > 0.1
    assert abs(steep.minimize(steep.problems.least_squares(x[:, None], -1.5 * x, average=False)).fun) < 1e-28


def test_quadratic_lower_model():
    """z -> f(w) + g'(z - w) + mu/2 ||z - w||^2 has the minimizer w - g/mu and the minimum f(w) - ||g||^2 / (2 mu)."""
    f = steep.problems.quadratic([[4.0, 1.0], [1.0, 2.0]], [-6.0, -5.0])
    mu, w = f.strong_convexity().value, np.array([3.0, -1.0])
    fun, g = f.value_and_gradient(w)
    model = steep.problems.quadratic(mu * np.eye(2), g - mu * w, fun - g @ w + mu / 2 * w @ w)
    res = steep.minimize(model)
    np.testing.assert_allclose(res.x, w - g / mu, rtol=1e-12)
    np.testing.assert_allclose(res.fun, fun - g @ g / (2 * mu), rtol=1e-12)
    assert res.fun <= steep.minimize(f).fun  # it bounds f from below


def test_derivatives_of_one_variable():
    for function, slope in (
        (lambda x: 3 * x[0] ** 2 - x[0], lambda x: 6 * x - 1),
        (lambda x: np.exp(-2 * x[0]), lambda x: -2 * np.exp(-2 * x)),
    ):
        f = FunctionObjective(function, dim=1, differences="3-point")
        for x in (-1.0, 0.2, 2.0):
            np.testing.assert_allclose(f.gradient([x])[0], slope(x), rtol=1e-8)


def test_maximum_and_equalities_as_inequalities():
    """max f = -min -f, and h = 0 as h <= 0 and h >= 0."""
    f = steep.problems.quadratic([[2.0, 0.0], [0.0, 2.0]], [0.0, 0.0])
    rows = {"type": "eq", "fun": lambda x: x[0] + x[1] - 1, "jac": lambda x: np.ones(2)}
    pair = [
        {"type": "ineq", "fun": lambda x: x[0] + x[1] - 1, "jac": lambda x: np.ones(2)},
        {"type": "ineq", "fun": lambda x: 1 - x[0] - x[1], "jac": lambda x: -np.ones(2)},
    ]
    once = steep.minimize(f, constraints=rows)
    np.testing.assert_allclose(once.x, [0.5, 0.5], atol=1e-8)
    np.testing.assert_allclose(steep.minimize(f, constraints=pair, tol=1e-6).x, once.x, atol=1e-4)
    best = steep.minimize(lambda x: -(1 - (x[0] - 2) ** 2), [0.0], gradient=lambda x: 2 * (x - 2))
    np.testing.assert_allclose(-best.fun, 1.0, rtol=1e-12)
