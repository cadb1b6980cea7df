"""The unconstrained test problems of Moré, Garbow and Hillstrom, against their known minima and against SciPy."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

import steep
from reference.mgh import problems

PROBLEMS = problems()
NAMES = [p.name for p in PROBLEMS]
# Minima at which the gradient's rounding is above the tolerance: f is of order 1e2 to 1e5 with terms of 1e4.
BEYOND_ROUNDING = {"meyer"}


@pytest.mark.parametrize("p", PROBLEMS, ids=NAMES)
def test_derivatives(p):
    rng = np.random.default_rng(0)
    x = p.x0 + 1e-3 * rng.standard_normal(p.n) * np.maximum(np.abs(p.x0), 1e-2)
    jacobian = p.jacobian(x)
    differences = approx_fprime(x, p.residuals, 1e-7 * np.maximum(np.abs(x), 1e-2)).reshape(jacobian.shape)
    # Forward differences: relative 1e-7 from the step, and the residuals' rounding over a step of at least 1e-9.
    rounding = 1e-15 * np.abs(p.residuals(x)).max() / 1e-9
    np.testing.assert_allclose(jacobian, differences, rtol=1e-4, atol=1e-5 * np.abs(jacobian).max() + rounding)
    check = steep.check_gradient(p.fun, x, p.grad, tol=1e-4)
    assert check.ok, check.message


def relative_gap(p, fun):
    return min(abs(fun - m) / (m if m > 1e-8 else 1.0) for m in p.minima)


@pytest.mark.parametrize("method", [steep.BFGS(), steep.LBFGS(), steep.Newton(), steep.TrustRegion(), steep.NewtonCG()])
@pytest.mark.parametrize("p", PROBLEMS, ids=NAMES)
def test_reaches_a_known_minimum(p, method):
    hess = p.hess if method.name in ("newton", "trust_region", "newton_cg") else None
    with np.errstate(all="ignore"):
        res = steep.minimize(p.fun, p.x0, method, jac=p.grad, hess=hess, tol=1e-6, max_iter=3000)
    if p.name in BEYOND_ROUNDING:
        assert res.status in ("converged", "line_search_failed")
    else:
        assert res.success, res.message
        assert np.abs(res.jac).max() <= 1e-6
    # Flat minima (1e-6 in the gradient of a quartic is 1e-8 in f) and printed minima of six digits.
    assert relative_gap(p, res.fun) < 1e-4
    assert res.fun == p.fun(res.x)
    assert res.nit + 1 == len(res.trace["fun"])


def test_no_more_evaluations_than_scipy_in_total():
    ours = dict.fromkeys(("BFGS", "L-BFGS-B"), 0)
    theirs = dict(ours)
    with np.errstate(all="ignore"):
        for p in PROBLEMS:
            if p.name in BEYOND_ROUNDING:
                continue
            for name, method in (("BFGS", steep.BFGS()), ("L-BFGS-B", steep.LBFGS())):
                extra = {"ftol": 0.0, "maxfun": 10000} if name == "L-BFGS-B" else {}
                peer = minimize(p.fun, p.x0, jac=p.grad, method=name, options={"gtol": 1e-6, "maxiter": 3000} | extra)
                if np.abs(peer.jac).max() > 1e-6:
                    continue  # the peer gave up
                res = minimize(p.fun, p.x0, jac=p.grad, method=method, tol=1e-6)
                assert res.success
                ours[name] += res.nfev
                theirs[name] += peer.nfev
    assert ours["BFGS"] <= theirs["BFGS"]
    assert ours["L-BFGS-B"] <= theirs["L-BFGS-B"]


@pytest.mark.parametrize("factor", [1e-8, 1e8])
@pytest.mark.parametrize("name", ["rosenbrock", "wood", "beale", "brown_dennis", "osborne1", "broyden_tridiagonal"])
@pytest.mark.parametrize("method", [steep.BFGS(), steep.LBFGS(), steep.Newton(), steep.TrustRegion(), steep.NewtonCG()])
def test_scaled_objectives(name, factor, method):
    p = PROBLEMS[NAMES.index(name)]
    with np.errstate(all="ignore"):
        res = steep.minimize(
            lambda x: factor * p.fun(x),
            p.x0,
            method,
            jac=lambda x: factor * p.grad(x),
            hess=lambda x: factor * p.hess(x),
            tol=0,
            rtol=1e-10,  # wood has a saddle, near which a gradient of 1e-8 times the first is passed
        )
    assert res.success, res.message
    assert relative_gap(p, res.fun / factor) < 1e-4
