"""BFGS and L-BFGS with gradients by differences: evaluations beside SciPy's, and what differences cannot tell."""

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import rosen, rosen_der

import steep
from reference.mgh import problems

PEERS = {"bfgs": ("BFGS", {}), "lbfgs": ("L-BFGS-B", {"maxfun": 10**6, "maxiter": 10**5, "ftol": 0})}


def peer(f, x0, method):
    name, options = PEERS[method]
    return scipy.optimize.minimize(f, x0, method=name, options={"gtol": 1e-5} | options)


@pytest.mark.parametrize("method", PEERS)
@pytest.mark.parametrize("d", [2, 5, 10, 50])
def test_evaluations_on_rosenbrock(method, d):
    x0 = np.resize([-1.2, 1.0], d)
    res, other = steep.minimize(rosen, x0, method), peer(rosen, x0, method)
    assert res.success, res.message
    assert np.abs(rosen_der(res.x)).max() <= 2e-5
    assert res.nfev <= 1.15 * other.nfev


@pytest.mark.parametrize("method", PEERS)
def test_evaluations_on_more_garbow_and_hillstroms_problems(method):
    ratios, solved, solved_by_peer = [], 0, 0
    for p in problems():

        def f(x, p=p):
            return 0.5 * float(np.sum(np.square(p.residuals(x))))

        def norm(x, p=p):
            return float(np.abs(p.jacobian(x).T @ p.residuals(x)).max())

        with np.errstate(all="ignore"):
            res, other = steep.minimize(f, p.x0, method), peer(f, p.x0, method)
            ours, theirs = norm(res.x) <= 2e-5, norm(other.x) <= 2e-5
        solved, solved_by_peer = solved + ours, solved_by_peer + theirs
        if ours and theirs:
            ratios.append(res.nfev / other.nfev)
    assert solved >= solved_by_peer
    assert np.median(ratios) <= 1
    assert max(ratios) < 6


@pytest.mark.parametrize("method", [*PEERS, "conjugate_gradient"])
@pytest.mark.parametrize("shift", [1e4, 1e6, 1e8, 1e12])
def test_differences_of_large_values_prove_nothing(method, shift):
    res = steep.minimize(lambda x: shift + rosen(x), [-1.2, 1.0, 0.5], method)
    assert not res.success or np.abs(rosen_der(res.x)).max() <= 2e-5
    if shift >= 1e6:
        assert not res.success
        assert "tell a gradient to" in res.message
    if shift <= 1e6:
        assert np.abs(rosen_der(res.x)).max() < 1e-2


def test_a_run_leaves_the_objective_as_it_was():
    f = steep.objectives.FunctionObjective(rosen, dim=2)
    for _ in range(2):
        res = steep.minimize(f, [-1.2, 1.0], "bfgs", tol=1e-8)
        assert "3-point" in res.message
        assert f._core.central is False


def test_a_small_gradient_by_differences_is_found_exactly():
    """Forward differences are off by h f'' / 2, here 7e-3: they cannot tell that the gradient is 1e-5."""
    A = np.diag([1.0, 1e6])
    res = steep.minimize(lambda x: 0.5 * x @ A @ x, [1.0, 1.0], "bfgs", tol=1e-5)
    assert res.success
    assert np.abs(A @ res.x).max() <= 2e-5
