"""Saddles, maxima, singular and unbounded problems: left, or named for what they are."""

import numpy as np
import pytest

import steep


def test_trust_region_leaves_a_saddle():
    """Start where the gradient has no part along the negative curvature: x = (0, 1), f = y^2 + x^4 / 4 - x^2 / 2."""
    f = steep.objectives.FunctionObjective(
        lambda x: x[1] ** 2 + x[0] ** 4 / 4 - x[0] ** 2 / 2,
        gradient=lambda x: [x[0] ** 3 - x[0], 2 * x[1]],
        hessian=lambda x: [[3 * x[0] ** 2 - 1, 0], [0, 2]],
        dim=2,
    )
    res = steep.minimize(f, [0.0, 1.0], "trust_region")
    assert res.success
    assert res.fun == pytest.approx(-0.25)


def test_newton_cg_meets_negative_curvature():
    f = steep.problems.rosenbrock(10)
    for method in (steep.NewtonCG(), steep.NewtonCG(trust_region=True)):
        res = steep.minimize(f, np.full(10, -1.0) ** np.arange(10) * 1.5, method)
        assert res.success
        assert res.nhev > 0
        assert "cg_iterations" in res.trace


def test_pure_newton_goes_to_any_stationary_point():
    f = steep.problems.quadratic([[1.0, 0.0], [0.0, -1.0]], [0.0, 0.0])
    res = steep.minimize(f, [1.0, 1.0], steep.Newton("pure"))
    assert (res.status, res.success, res.nit) == ("not_positive_definite", False, 1)
    np.testing.assert_allclose(res.x, 0, atol=1e-15)
    assert "no minimum" in res.message
    flat = steep.problems.quadratic([[1.0, 0.0], [0.0, 0.0]], [0.0, 1.0])
    assert steep.minimize(flat, [1.0, 1.0], steep.Newton("pure")).status == "singular"


@pytest.mark.parametrize("method", ["auto", "newton", "trust_region", "newton_cg"])
def test_a_stationary_start_that_is_no_minimum_is_left(method):
    res = steep.minimize(
        lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4,
        [0.0, 0.0],
        method,
        jac=lambda x: [2 * x[0], -2 * x[1] + 4 * x[1] ** 3],
        hess=lambda x: [[2, 0], [0, -2 + 12 * x[1] ** 2]],
    )
    assert res.success
    assert res.fun == pytest.approx(-0.25)
    assert res.nit > 0
    down = steep.problems.quadratic(-np.eye(2), [0.0, 0.0])
    assert steep.minimize(down, [0.0, 0.0], method).status == "unbounded"


def test_stationary_is_not_called_optimal():
    res = steep.minimize(lambda x: x[0] ** 3, [0.0], "lbfgs", jac=lambda x: 3 * x**2)
    assert "stationary" in res.message
    assert "optimal" not in res.message
    assert "optimal" in steep.minimize(steep.problems.quadratic([[2.0]], [0.0]), [0.0], "lbfgs").message


def test_a_hessian_that_is_not_finite_is_named():
    hess = lambda x: [[2.0, np.nan], [0.0, 2.0]]  # noqa: E731
    res = steep.minimize(lambda x: x @ x, [1.0, 2.5], "newton", jac=lambda x: 2 * x, hess=hess)
    assert res.status == "diverged"
    assert "nan in entry (0, 1) at [1, 2.5]" in res.message


def test_divergence_is_named():
    f = steep.problems.quadratic([[4.0, 1.0], [1.0, 2.0]], [-6.0, -5.0])
    res = steep.minimize(f, [0.0, 0.0], steep.GradientDescent(0.9))
    assert res.status == "diverged"
    assert np.isfinite(res.fun)
    assert res.fun <= f.value([0.0, 0.0])  # the best point seen


@pytest.mark.parametrize(
    ("H", "g"),
    [
        ([[1, 0], [0, -1.0]], [1, 1.0]),
        ([[1, 0], [0, 0.0]], [1, 1.0]),
        ([[1, 0], [0, -1.0]], [0, 0.0]),
    ],  # last: a saddle
)
def test_unbounded_quadratics_have_a_direction(H, g):
    f = steep.problems.quadratic(H, g)
    res = steep.minimize(f)
    assert res.status == "unbounded"
    d = res.direction
    assert f.value(1e6 * d) < f.value(1e3 * d) < f.value([0, 0])


def test_singular_quadratic_gives_the_least_norm():
    res = steep.minimize(steep.problems.quadratic([[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0]), [5.0, -3.0])
    assert res.success
    np.testing.assert_allclose(res.x, [-0.5, -0.5], atol=1e-14)
    assert "least norm" in res.message


@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "newton_cg", "conjugate_gradient"])
def test_unbounded_functions(method):
    res = steep.minimize(lambda x: x[0] - x[1], [0.0, 0.0], method, jac=lambda x: np.array([1.0, -1.0]))
    assert res.status == "unbounded"
