"""Functions that return float32: differences are as wide as what rounds their values asks for."""

import numpy as np
import pytest
from scipy.optimize import rosen

import steep


def rounded(x):
    return np.float32(rosen(x))


def computed(x):
    return rosen(x.astype(np.float32))


@pytest.mark.parametrize("function", [rounded, computed])
@pytest.mark.parametrize("method", ["auto", "bfgs", "lbfgs", "conjugate_gradient", "newton", "trust_region"])
def test_minimize_moves_and_gets_near(function, method):
    res = steep.minimize(function, [-1.2, 1.0], method)  # a step of 1e-8 changes no float32: "the start is stationary"
    assert rosen(res.x) < 1e-2
    assert res.nit > 5


def test_the_steps_of_float64_are_as_they_were():
    points = []
    steep.minimize(lambda x: (points.append(x.copy()), float(x @ x))[1], [3.0], "bfgs", max_iter=1)
    assert abs(points[1][0] - 3.0) < 1e-7


def test_roots():
    res = steep.root(lambda z: np.array([z[0] ** 2 + z[1] ** 2 - 2, z[0] - z[1]], dtype=np.float32), [2.0, 0.5])
    assert res.success
    np.testing.assert_allclose(res.x, [1, 1], atol=1e-6)
