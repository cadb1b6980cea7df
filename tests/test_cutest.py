"""Small problems of CUTEst that were once missed where SciPy solves them, coded by hand, through SciPy's door."""

import numpy as np
import pytest
from scipy.optimize import Bounds, minimize

import steep

GRADIENT = 1e-5  # what counts as solved


def helix(x):
    # Coordinates (100 (x3 - 10 theta)^2 + 100 (r - 1)^2 + x3^2), theta in turns; its start is behind the jump of theta.
    theta = np.arctan2(x[1], x[0]) / (2 * np.pi)
    if theta < -0.25:
        theta += 1
    r = np.hypot(x[0], x[1])
    a, b = x[2] - 10 * theta, r - 1
    turn = np.array([-x[1], x[0]]) / (2 * np.pi * r**2)
    gradient = np.empty(3)
    gradient[:2] = -2000 * a * turn + 200 * b * x[:2] / r
    gradient[2] = 200 * a + 2 * x[2]
    return 100 * (a**2 + b**2) + x[2] ** 2, gradient


TIMES = np.array([77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0])
VOLUMES = np.array([10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78])


def misra1b(b):
    root = 1 / (1 + b[1] * TIMES / 2)
    r = b[0] * (1 - root**2) - VOLUMES
    return r @ r, 2 * np.array([r @ (1 - root**2), r @ (b[0] * TIMES * root**3)])


def misra1c(b):
    inner = 1 + 2 * b[1] * TIMES
    r = b[0] * (1 - inner**-0.5) - VOLUMES
    return r @ r, 2 * np.array([r @ (1 - inner**-0.5), r @ (b[0] * TIMES * inner**-1.5)])


def arglinc(x):
    m, n = 2 * x.size, x.size
    A = np.zeros((m, n))
    A[1:-1, 1:-1] = np.outer(np.arange(1, m - 1), np.arange(2, n))
    r = A @ x - 1
    return r @ r, 2 * A.T @ r


STARTS = {
    helix: [-1.0, 0.0, 0.0],
    misra1b: [500.0, 1e-4],
    misra1c: [500.0, 1e-4],
    arglinc: np.ones(50),
}
LEAST = {helix: 0.0, misra1b: 7.54646815e-2, misra1c: 4.09668370e-2, arglinc: 26.1269035}
METHODS = [
    steep.BFGS(),
    steep.LBFGS(),
    steep.ConjugateGradient(),
    steep.NewtonCG(),
    steep.Newton(),
]


def test_a_difference_of_gradients_that_leaves_the_domain_is_said():
    with np.errstate(all="ignore"):
        res = minimize(misra1c, STARTS[misra1c], jac=True, method=steep.NewtonCG(), tol=GRADIENT)
    assert res.status_name == "diverged"
    assert res.message.startswith("A Hessian-vector product is not finite. Approximated: ")
    assert res.fun == misra1c(np.array(STARTS[misra1c]))[0]


@pytest.mark.parametrize(
    ("f", "method"),
    [(f, m) for f in STARTS for m in METHODS if f is not misra1c or m.name != "newton_cg"],
    ids=lambda value: getattr(value, "__name__", None) or value.name,
)
def test_close_to_rounding(f, method):
    with np.errstate(all="ignore"):
        res = minimize(f, STARTS[f], jac=True, method=method, tol=GRADIENT)
        assert res.success, res.message
        assert np.abs(f(res.x)[1]).max() <= GRADIENT
    assert res.fun == pytest.approx(LEAST[f], rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("high", [1e6, 1e-4])
def test_negative_curvature_runs_to_the_bounds(high):
    # DIAGNQB: 1/2 x'Dx + sum x with D < 0 but nearly 0 at its end, -1e5 <= x <= 1e6.
    n = 60
    i = np.arange(1, n + 1)
    D = i**2 / n - n - 1 / n
    bounds = Bounds(np.full(n, -1e5), np.full(n, high))
    res = minimize(
        lambda x: 0.5 * x @ (D * x) + x.sum(),
        np.minimum(np.ones(n), high),
        jac=lambda x: D * x + 1,
        method=steep.LBFGS(),
        bounds=bounds,
        tol=GRADIENT,
    )
    assert res.success, res.message
    assert res.nfev < 200
    assert (np.isclose(res.x, -1e5) | np.isclose(res.x, high)).all()


def sbrybnd(n):
    """Broyden's banded system in variables scaled by 1 to e^12: condition 1e10 from the units alone."""
    scales = np.exp(12 * np.arange(n) / (n - 1))
    middle = (np.arange(n) >= 5) & (np.arange(n) < n - 2)

    def residuals(x):
        s = x * scales
        squares, cubes = s**2, s**3
        r = 2 * s + 5 * np.where(middle, squares, cubes)
        for lag in range(1, 6):
            r[..., lag:] -= s[..., :-lag] + np.where(middle[lag:], cubes[..., :-lag], squares[..., :-lag])
        r[..., :-1] -= s[..., 1:] + squares[..., 1:]
        return r

    def f(x):
        r = residuals(x)
        h = 1e-30 / scales
        return r @ r, 2 * (residuals(x + 1j * np.diag(h)).imag / h[:, None]) @ r

    return f, 1 / scales


def test_units_far_apart():
    f, start = sbrybnd(60)
    res = minimize(f, start, jac=True, method=steep.BFGS(), tol=GRADIENT)
    assert res.success, res.message
    assert np.abs(f(res.x)[1]).max() <= GRADIENT
    assert res.nfev < 2000  # 9,664 where H starts from the inverse of the largest curvature


SECONDS = np.arange(16) * 0.1


def devgla2(x):
    """DeVilliers and Glasser: a valley that curves down by 1e-7 of the steepest way up."""

    def model(x):
        growth = x[1] ** SECONDS * np.tanh(x[2] * SECONDS + np.sin(x[3] * SECONDS))
        return x[0] * growth * np.cos(np.exp(x[4]) * SECONDS)

    r = model(x) - model(np.array([53.81, 1.27, 3.012, 2.13, 0.507]))
    slopes = np.stack([model(x + 1e-30j * row).imag / 1e-30 for row in np.eye(5)])
    return r @ r, 2 * slopes @ r


def test_slight_negative_curvature_is_followed_far():
    res = minimize(devgla2, [20.0, 2.0, 2.0, 2.0, 0.2], jac=True, method=steep.NewtonCG(), tol=GRADIENT)
    assert res.success, res.message
    assert res.fun < 1e-8
    assert res.nit < 100  # 1,000 were not enough where steps along it were no longer than Newton's
