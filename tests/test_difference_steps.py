"""Jacobians by differences where entries are rounding of zero or tiny; what is called converged far from a root."""

import numpy as np
import pytest
import scipy.optimize

import steep


def scipys_example(x):
    return [x[0] + 0.5 * (x[0] - x[1]) ** 3 - 1, 0.5 * (x[1] - x[0]) ** 3 + x[1]]


@pytest.mark.parametrize("method", ["newton", "lm"])
@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs"])
def test_an_iterate_with_an_entry_that_is_rounding_of_zero(method, jac):
    """Newton's first iterate is (1, 1.1e-16): a step relative to that entry changes nothing."""
    res = steep.root(scipys_example, [0.0, 0.0], method=method, jac=jac)
    assert res.success, res.message
    np.testing.assert_allclose(res.x, [0.8411639, 0.1588361], rtol=1e-7)


@pytest.mark.parametrize("jac", ["2-point", "3-point"])
@pytest.mark.parametrize("tiny", [1e-16, 1e-20, 1e-320, -1e-18])
def test_jacobian_at_tiny_entries(tiny, jac):
    f = steep.ResidualFunction(
        lambda x: np.array([x[0] - 1 + x[1], np.sin(x[1]) - 2, x[0] * x[1] + 3 * x[0]]), [tiny, tiny], jac=jac
    )
    J = f._core.weighted_jacobian(np.full(2, tiny))
    np.testing.assert_allclose(J, [[1, 1], [0, 1], [3, 0]], atol=1e-7)


@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs"])
def test_entries_that_are_small_by_their_units_keep_their_relative_steps(jac):
    f = steep.ResidualFunction(lambda x: np.array([np.exp(1e19 * x[0]) - 2, 1e19 * x[0]]), [1.6e-19], jac=jac)
    J = f._core.weighted_jacobian(np.array([1.6e-19]))
    np.testing.assert_allclose(J[:, 0], [1e19 * np.exp(1.6), 1e19], rtol=1e-7)


def test_least_squares_from_tiny_starts():
    res = steep.least_squares(lambda x: [x[0] - 1 + x[1], x[1] - 2, x[0] * x[1]], [1e-20, 1e-20])
    assert res.success
    assert res.cost < 0.2084
    res = steep.least_squares(lambda x: x - 1.0, [1e-320])
    np.testing.assert_allclose(res.x, 1.0)


def test_curve_fit_from_a_start_of_rounding():
    t = np.linspace(0, 2, 20)
    found, _ = steep.curve_fit(lambda t, a, b: a * np.exp(-b * t) + 5, t, 2 * np.exp(-1.5 * t) + 5, p0=[1.0, 1e-20])
    np.testing.assert_allclose(found, [2, 1.5], rtol=1e-6)


@pytest.mark.parametrize("start", [20.0, 50.0, 100.0])
def test_residuals_are_not_rounding_because_they_were_enormous(start):
    res = steep.least_squares(lambda x: [np.exp(x[0]) - 1], [start], jac=lambda x: [[np.exp(x[0])]])
    assert res.success, res.message
    assert abs(res.x[0]) < 1e-8
    assert res.optimality < 1e-8


@pytest.mark.parametrize("scale", [1e-10, 1.0, 1e10])
def test_a_least_value_is_no_root_whatever_its_scale(scale):
    res = steep.root(lambda x: scale * (x**2 + 1), [1.0], method="lm")
    assert (res.status, res.success) == ("singular", False)
    res = steep.root(lambda x: scale * (np.exp(x) + 1), [50.0], method="lm")
    assert not res.success
    for g, x0, root in (
        (lambda x: x**2, [1.0], 0.0),
        (lambda x: (x - 5) ** 2, [1.0], 5.0),
        (lambda x: x - 3, [1e3], 3.0),
        (lambda x: np.sin(x) * x, [0.4], 0.0),
    ):
        res = steep.root(lambda x, g=g: scale * g(x), x0, method="lm")
        assert res.success, res.message
        np.testing.assert_allclose(res.x, root, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_steps_do_not_lengthen_where_they_need_not(seed):
    """Forward differences cost one evaluation a variable, as SciPy's do, at ordinary points."""
    rng = np.random.default_rng(seed)
    A, count = rng.standard_normal((9, 4)), []
    f = lambda x: (count.append(1), np.tanh(A @ x) - 0.1)[1]  # noqa: E731
    core = steep.ResidualFunction(f, np.ones(4))._core
    count.clear()
    x = rng.standard_normal(4)
    J = core.weighted_jacobian(x)
    assert len(count) == 5
    np.testing.assert_allclose(J, scipy.optimize.approx_fprime(x, lambda x: np.tanh(A @ x)), atol=1e-6)
