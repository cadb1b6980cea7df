"""Diagnostics: gradients, classes of points, convexity, rates, inequalities."""

import numpy as np
import pytest
import scipy.optimize

import steep
from steep.diagnostics import check_cocoercivity, check_polyak_lojasiewicz, condition_number
from steep.objectives import FunctionObjective


def make(fun, grad, hess, dim):
    return FunctionObjective(fun, gradient=grad, hessian=hess, dim=dim)


def deep_linear():
    """The course's example: W1 (1, 2), W2 (1), W3 (2, 1), target [[0, 0], [0, 1]]; x = (W1, W2, W3)."""
    target = np.array([[0.0, 0.0], [0.0, 1.0]])

    def fun(x):
        return 0.5 * ((np.outer(x[3:], x[:2]) * x[2] - target) ** 2).sum()

    def grad(x):
        u, a, v = x[:2], x[2], x[3:]
        E = np.outer(v, u) * a - target
        return np.concatenate([a * E.T @ v, [v @ E @ u], a * E @ u])

    def hess(x):
        u, a, v = x[:2], x[2], x[3:]
        E = np.outer(v, u) * a - target
        H = np.zeros((5, 5))
        H[:2, :2] = a * a * (v @ v) * np.eye(2)
        H[3:, 3:] = a * a * (u @ u) * np.eye(2)
        H[2, 2] = (u @ u) * (v @ v)
        H[:2, 2] = H[2, :2] = E.T @ v + a * (v @ v) * u
        H[3:, 2] = H[2, 3:] = E @ u + a * (u @ u) * v
        H[:2, 3:] = a * E.T + a * a * np.outer(u, v)
        H[3:, :2] = H[:2, 3:].T
        return H

    return make(fun, grad, hess, 5)


def test_check_gradient_names_the_worst_entry():
    f = steep.problems.rosenbrock(5)
    assert steep.check_gradient(f, f.x0).error < 1e-9

    def wrong(x):
        g = f.gradient(x)
        g[3] *= 1.01
        return g

    check = steep.check_gradient(f.value, f.x0, wrong)
    assert not check
    assert check.worst == 3
    assert check.error == pytest.approx(0.01, rel=0.02)
    assert "entry 3" in check.message


def test_check_gradient_at_scales():
    for scale in (1e-8, 1e8):
        check = steep.check_gradient(
            lambda x, s=scale: s * np.exp(x).sum(), [0.5, -1.0], lambda x, s=scale: s * np.exp(x)
        )
        assert check.ok, check.message


@pytest.mark.parametrize(
    ("diagonal", "kind"),
    [([2, 1], "minimum"), ([-2, -1], "maximum"), ([2, -1], "saddle"), ([2, 0], "degenerate"), ([0, 0], "degenerate")],
)
def test_quadratics_are_classified(diagonal, kind):
    f = steep.problems.quadratic(np.diag(np.array(diagonal, dtype=float)), np.zeros(2), 1.0)
    found = steep.classify_point(f, [0.0, 0.0])
    assert found.kind == kind
    np.testing.assert_allclose(found.eigenvalues, sorted(diagonal))
    assert found.curve is None
    assert found.undecided == (kind == "degenerate")


def test_not_stationary():
    assert steep.classify_point(steep.problems.rosenbrock(2), [0.0, 0.0]).kind == "not_stationary"


def test_quartic_minimum_stays_undecided():
    f = make(
        lambda x: x[0] ** 4 + x[1] ** 2, lambda x: [4 * x[0] ** 3, 2 * x[1]], lambda x: [[12 * x[0] ** 2, 0], [0, 2]], 2
    )
    found = steep.classify_point(f, [0.0, 0.0])
    assert found.undecided
    assert "undecided" in found.message


def test_cubic_and_quartic_descent():
    cubic = make(
        lambda x: x[0] ** 3 + x[1] ** 2, lambda x: [3 * x[0] ** 2, 2 * x[1]], lambda x: [[6 * x[0], 0], [0, 2]], 2
    )
    found = steep.classify_point(cubic, [0.0, 0.0])
    assert found.curve is not None
    assert found.curve.order == 3
    quartic = make(
        lambda x: x[1] ** 2 - x[0] ** 4,
        lambda x: [-4 * x[0] ** 3, 2 * x[1]],
        lambda x: [[-12 * x[0] ** 2, 0], [0, 2]],
        2,
    )
    found = steep.classify_point(quartic, [0.0, 0.0])
    assert found.curve is not None
    assert found.curve.order == 4


@pytest.mark.parametrize("shift", [0.0, 1e3])
@pytest.mark.parametrize(
    "fun",
    [
        lambda x: x[0] ** 2 + x[1] ** 3,
        lambda x: x[0] ** 2 - x[1] ** 3,
        lambda x: x[1] ** 3,
        lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2,
        lambda x: x[0] ** 4 + x[1] ** 4,
        lambda x: 100 * x[0] ** 2 + x[1] ** 4,
    ],
)
def test_degenerate_points_by_differences(fun, shift):
    """What is not known of a Hessian by differences decides nothing, when all of it is not known either."""
    found = steep.classify_point(FunctionObjective(lambda x: shift + fun(x), dim=2), [0.0, 0.0])
    assert found.kind == "degenerate"


def test_a_degenerate_point_of_one_variable():
    cubic = FunctionObjective(lambda x: x[0] ** 3, gradient=lambda x: [3 * x[0] ** 2], dim=1)
    assert steep.classify_point(cubic, [0.0]).curve is not None
    # Near a degenerate minimum the Hessian is positive, and changes by half on the way to where it vanishes.
    quartic = make(lambda x: x[0] ** 4, lambda x: 4 * x**3, lambda x: [[12 * x[0] ** 2]], 1)
    assert steep.classify_point(quartic, [1e-3]).kind == "degenerate"


@pytest.mark.parametrize("gradient", [None, scipy.optimize.rosen_der])
def test_plain_points_by_differences_keep_their_class(gradient):
    f = FunctionObjective(scipy.optimize.rosen, gradient=gradient, dim=4)
    found = steep.classify_point(f, np.ones(4))
    assert found.kind == "minimum"
    np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh(scipy.optimize.rosen_hess(np.ones(4))), rtol=1e-6)
    saddle = FunctionObjective(lambda x: 1e3 + np.cos(x[0]) + 1e-3 * np.cosh(x[1]), dim=2)
    assert steep.classify_point(saddle, [0.0, 0.0]).kind == "saddle"
    bounded = FunctionObjective(lambda x: (np.sqrt(x) - 1) @ (np.sqrt(x) - 1), bounds=([0.999, 0], [9, 9]), dim=2)
    assert steep.classify_point(bounded, [1.0, 1.0]).kind == "minimum"


def test_peano_needs_a_curve():
    """(y - x^2)(y - 3 x^2): every line through 0 rises, the curve y = 2 x^2 descends."""
    f = make(
        lambda x: (x[1] - x[0] ** 2) * (x[1] - 3 * x[0] ** 2),
        lambda x: [-8 * x[0] * x[1] + 12 * x[0] ** 3, 2 * x[1] - 4 * x[0] ** 2],
        lambda x: [[-8 * x[1] + 36 * x[0] ** 2, -8 * x[0]], [-8 * x[0], 2]],
        2,
    )
    curve = steep.classify_point(f, [0.0, 0.0]).curve
    assert curve is not None
    assert curve.order == 4
    x, y = curve(0.1)
    assert x**2 < y < 3 * x**2
    assert f.value(curve(0.1)) == pytest.approx(-(0.1**4), rel=1e-3)


def test_deep_linear_example():
    f = deep_linear()
    w = np.array([1.0, 0, 0, 1, 0])
    assert steep.check_gradient(f, w + 0.1).ok
    blind = steep.classify_point(f, w, search=False)
    assert blind.kind == "degenerate"
    assert blind.undecided
    found = steep.classify_point(f, w)
    assert found.kind == "degenerate"
    assert not found.undecided
    assert found.curve.order == 4
    for t in (0.1, 0.05):
        assert f.value(found.curve(t)) < 0.5
    # The course's own curve: -t^4 / 2 + t^6 + t^8 / 2.
    t = 0.1
    assert f.value([1, t, t * t, 1, t]) - 0.5 == pytest.approx(-4.8995e-05, rel=1e-4)


def test_convexity():
    assert steep.check_convexity(steep.problems.quadratic([[2.0, 0.0], [0.0, 1.0]], [0.0, 0.0])).convex is True
    for f in (steep.problems.quadratic([[2.0, 0.0], [0.0, -1.0]], [0.0, 0.0]), steep.problems.rosenbrock(3)):
        check = steep.check_convexity(f)
        assert check.convex is False
        x, y, excess = check.counterexample
        assert f.value((x + y) / 2) - (f.value(x) + f.value(y)) / 2 == pytest.approx(excess)
        assert excess > 0
    undecided = steep.check_convexity(FunctionObjective(lambda x: np.exp(x).sum(), dim=3))
    assert undecided.convex is None
    assert "no counterexample" in undecided.message


def test_condition_number():
    H = np.diag([1.0, 10.0, 1000.0])
    assert condition_number(steep.problems.quadratic(H, np.zeros(3))) == pytest.approx(1000)
    f = steep.problems.rosenbrock(2)
    assert condition_number(f, [1.0, 1.0]) == pytest.approx(2508, rel=1e-3)
    with pytest.raises(ValueError, match="w must be given"):
        condition_number(f)


def test_inequalities_along_a_trajectory():
    H, g = np.diag([1.0, 3.0, 10.0]), np.array([1.0, 1.0, -1.0])
    f = steep.problems.quadratic(H, g)
    least = -0.5 * float((g**2 / np.diag(H)).sum())
    res = steep.minimize(f, [3.0, -2.0, 1.0], steep.GradientDescent("1/L"), return_all=True)
    assert check_polyak_lojasiewicz(f, res.allvecs, minimum=least, mu=1.0)
    assert not check_polyak_lojasiewicz(f, res.allvecs, minimum=least, mu=2.0)
    assert check_cocoercivity(f, res.allvecs, lipschitz=10.0)
    assert not check_cocoercivity(f, res.allvecs, lipschitz=5.0)
    assert check_cocoercivity(f, res.allvecs)
    with pytest.raises(ValueError, match="minimum must be given"):
        check_polyak_lojasiewicz(f, res.allvecs)
    f.minimum = least
    assert check_polyak_lojasiewicz(f, res.allvecs)


def test_modules_show_what_they_export():
    for module in (steep, steep.diagnostics, steep.plot):
        names = {name for name in dir(module) if not name.startswith("__")}
        assert names == set(module.__all__) - {"__version__"}


@pytest.mark.parametrize("method", [steep.GradientDescent("1/L"), steep.GradientDescent("exact")])
def test_rates_against_theory(method):
    f = steep.problems.quadratic(np.diag([1.0, 5.0, 20.0]), np.zeros(3))
    f.minimum = 0.0
    res = steep.minimize(f, [20.0, 1.0, 1.0], method)
    found = steep.convergence_rate(res, f)
    assert found.measure == "objective gap"
    assert 0 < found.rate <= found.predicted + 1e-6
    assert found.order == pytest.approx(1, abs=0.3)
