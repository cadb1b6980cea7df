"""SciPy's door without a tolerance: 1e-8 is aimed at, and what meets SciPy's own 1e-5 on the way there is converged."""

import time

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

import steep

X0 = np.array([-1.2, 1.0] * 5)
GRADIENT = 1e-5  # the default gtol of SciPy's gradient methods
POWERS = np.array([1.0, 2.0, 3.0])
TARGETS = np.array([0.032, 0.056, 0.099])
TIMES = np.arange(24) * 0.05


def hatfldfl(x):
    """Of CUTEst: the paths to the solution go to infinity and back, past points with a gradient of 1e-6."""
    r = x[0] + x[1] * x[2] ** POWERS - TARGETS
    slopes = POWERS * x[1] * x[2] ** (POWERS - 1)
    return r @ r, 2 * np.array([r.sum(), r @ x[2] ** POWERS, r @ slopes])


def lanczos(b):
    """NIST's Lanczos1: three exponentials that are hard to tell apart."""
    decays = np.exp(-np.outer(TIMES, b[1::2]))
    r = decays @ b[::2] - np.exp(-np.outer(TIMES, [1.0, 3.0, 5.0])) @ [0.0951, 0.8607, 1.5576]
    gradient = np.empty(6)
    gradient[::2] = 2 * r @ decays
    gradient[1::2] = -2 * (r * TIMES) @ decays * b[::2]
    return r @ r, gradient


STARTS = {hatfldfl: [1.2, -1.2, 0.98], lanczos: [1.2, 0.3, 5.6, 5.5, 6.5, 7.6]}


@pytest.mark.parametrize(
    ("f", "method", "peer"),
    [
        (hatfldfl, steep.BFGS(), "BFGS"),
        (hatfldfl, steep.LBFGS(), "L-BFGS-B"),
        (hatfldfl, steep.ConjugateGradient(), "CG"),
        (lanczos, steep.ConjugateGradient(), "CG"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or getattr(value, "name", value),
)
def test_what_scipys_method_solves_is_solved(f, method, peer):
    x = np.array(STARTS[f])
    assert steep.check_gradient(lambda x: f(x)[0], x, lambda x: f(x)[1]).ok
    with np.errstate(all="ignore"):
        res = minimize(f, x, jac=True, method=method)
        assert minimize(f, x, jac=True, method=peer).success
    assert res.success, res.message
    assert np.abs(f(res.x)[1]).max() <= GRADIENT
    assert res.fun == f(res.x)[0]
    np.testing.assert_array_equal(res.jac, f(res.x)[1])
    assert res.certificate.value == np.abs(res.jac).max()


@pytest.mark.parametrize("option", ["maxiter", "maxfun"])
@pytest.mark.parametrize("method", [steep.BFGS(), steep.LBFGS(), steep.ConjugateGradient()])
def test_a_limit_between_the_two(method, option):
    whole = minimize(rosen, X0, jac=rosen_der, method=method)
    assert whole.success
    assert np.abs(whole.jac).max() <= 1e-8
    brief = minimize(rosen, X0, jac=rosen_der, method=method, tol=GRADIENT)
    assert brief.nit < whole.nit
    limit = {option: brief.nit if option == "maxiter" else brief.nfev}
    res = minimize(rosen, X0, jac=rosen_der, method=method, options=limit)
    assert res.success
    assert res.status_name == "converged"
    assert 1e-8 < np.abs(rosen_der(res.x)).max() <= GRADIENT
    assert "the 1e-08 first aimed at takes more" in res.message
    # A tolerance that was asked for is the one that is judged.
    res = minimize(rosen, X0, jac=rosen_der, method=method, tol=1e-8, options=limit)
    assert res.status_name == "max_iter"
    assert not res.success


@pytest.mark.parametrize("method", [steep.BFGS(), steep.LBFGS()])
def test_differences_that_tell_nothing_prove_nothing(method):
    # Steps of 1e-8 do not change 1e12: the gradient by differences is 0, and the true one 4.
    res = minimize(lambda x: 1e12 + ((x - [1.0, 2.0]) ** 2).sum(), [0.0, 0.0], method=method)
    assert not res.success
    assert "tell a gradient to" in res.message


def test_time_up_after_what_is_enough():
    def slow(x):
        gradient = rosen_der(x)
        if np.abs(gradient).max() <= GRADIENT:
            time.sleep(1.1)
        return gradient

    res = minimize(rosen, X0, jac=slow, method=steep.BFGS(), options={"max_time": 1.0})
    assert res.success
    assert "takes more time than allowed" in res.message
