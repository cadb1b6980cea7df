"""How the methods for Python functions end where functions are not finite, units are odd, or matrices are too large."""

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der, rosen_hess

import steep

FIRST_ORDER = [steep.BFGS(), steep.LBFGS(), steep.ConjugateGradient()]
SECOND_ORDER = [steep.NewtonCG(), steep.NewtonCG(trust_region=True), steep.Newton(), steep.TrustRegion()]


def named(method):
    return method.name + ("_by_regions" if getattr(method, "trust_region", False) else "")


@pytest.mark.parametrize("method", FIRST_ORDER[1:] + SECOND_ORDER, ids=named)
def test_no_finite_step_is_named(method):
    calls = []

    def f(x):
        calls.append(x)
        return np.nan if len(calls) > 4 else ((x - 3) ** 4).sum()

    hessian = {"hess": lambda x: np.diag(12 * (x - 3) ** 2)} if method in SECOND_ORDER else {}
    res = steep.minimize(f, [0.0, 1.0], method, jac=lambda x: 4 * (x - 3) ** 3, **hessian)
    assert res.status == "line_search_failed"
    assert "not finite at any of the" in res.message
    assert np.isfinite(res.fun)


@pytest.mark.parametrize("method", FIRST_ORDER, ids=named)
def test_a_rescue_without_a_finite_hessian_ends(method):
    def gradient(x):
        return np.where(x > 2, np.nan, 4 * (x - 3) ** 3)

    res = steep.minimize(lambda x: ((x - 3) ** 4).sum(), [0.0, 1.0], method, jac=gradient)
    assert res.status == "line_search_failed"
    assert res.nfev < 1000


@pytest.mark.parametrize("unit", [1e-8, 1e8])
@pytest.mark.parametrize("method", SECOND_ORDER, ids=named)
def test_second_order_steps_do_not_depend_on_the_unit(method, unit):
    start = np.array([-1.2, 1.0])
    plain = steep.minimize(rosen, start, method, jac=rosen_der, hess=rosen_hess, tol=1e-6)
    res = steep.minimize(
        lambda x: rosen(x / unit),
        start * unit,
        method,
        jac=lambda x: rosen_der(x / unit) / unit,
        hess=lambda x: rosen_hess(x / unit) / unit**2,
        tol=1e-6 / unit,
    )
    assert res.success
    assert res.nit <= plain.nit + 5


@pytest.mark.parametrize("method", [steep.BFGS(), steep.Newton(), steep.TrustRegion()], ids=named)
def test_matrices_beyond_the_memory_are_refused(method):
    with pytest.raises(MemoryError, match=r"method must be one that fits into memory, got .* lbfgs and newton_cg"):
        steep.minimize(rosen, np.zeros(2_000_000), method, jac=rosen_der)


def test_a_bounded_orbit_from_a_maximum_has_not_diverged():
    """The gradient at a start beside a maximum is tiny: growth over it says nothing once f has been lower."""
    start = [np.arcsin(1e-3) + 1e-12]
    res = steep.minimize(
        lambda x: np.cos(x[0]) + 1e-3 * x[0], start, steep.GradientDescent(100.0),
        jac=lambda x: 1e-3 - np.sin(x), tol=0, max_iter=300,
    )  # fmt: skip
    assert max(res.trace["fun"]) > res.trace["fun"][0]
    assert res.status == "max_iter", res.message
    growing = steep.minimize(lambda x: x @ x, [1e-3], steep.GradientDescent(2.0), jac=lambda x: 2 * x)
    assert growing.status == "diverged"


def test_rtol_counts_from_the_start_of_all_stages():
    """Central differences take over where forward ones are too coarse; what is small is measured at x0 still."""
    res = steep.minimize(rosen, [-1.2, 1.0, 0.5], "conjugate_gradient", tol=0, rtol=3e-11)
    assert res.success, res.message
    assert "3-point" in res.message
    assert np.abs(rosen_der(res.x)).max() <= 1e-10 * res.trace["gradient_norm"][0]
