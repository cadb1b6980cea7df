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


BOX = [(-5, 5)] * 4


@pytest.mark.parametrize("shift", [1e4, 1e6])
@pytest.mark.parametrize(
    ("method", "bounds"),
    [("lbfgs", BOX), ("newton", None), ("newton_cg", None), ("trust_region", None), ("interior_point", BOX)],
)
def test_the_other_methods_heed_them_too(method, bounds, shift):
    """Of 1e6 central differences tell gradients to 2e-5; of 1e4, where forward ones fail, to 2e-7."""
    for seed in range(3):
        x0 = np.random.default_rng(seed).uniform(-2, 2, 4)
        res = steep.minimize(lambda x: shift + rosen(x), x0, method, bounds=bounds)
        norm = np.abs(rosen_der(res.x)).max()
        assert norm <= 1e-3
        assert "3-point" in res.message
        if shift == 1e6:
            assert not res.success
            assert "tell a gradient to" in res.message
            assert "minimum" not in res.message
        else:
            assert res.success, res.message
            assert norm <= 2e-5


@pytest.mark.parametrize("method", ["lbfgs", "proximal_gradient"])
def test_the_run_by_central_differences_measures_as_the_first(method):
    """The way to the bounds, 6, is far below rtol times the gradient, 1e2: it must not count as a small gradient."""
    seconds = 0
    for seed in range(8):
        x0 = np.random.default_rng(seed).uniform(-2, 2, 3)
        res = steep.minimize(lambda x: 1e12 * (rosen(x) + 10), x0, method, tol=0, rtol=1e-13, bounds=[(-3, 3)] * 3,
                             max_iter=1000)  # fmt: skip
        seconds += "3-point" in res.message
        assert not res.success or np.abs(rosen_der(res.x)).max() <= 1e-11 * np.abs(rosen_der(x0)).max()
    assert seconds > 0


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
