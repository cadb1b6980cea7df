"""Roots of systems: against SciPy's, order of convergence, statuses."""

import numpy as np
import pytest
import scipy.optimize

import steep
from reference.mgh import problems

SYSTEMS = [
    "broyden_tridiagonal",
    "broyden_banded",
    "discrete_boundary_value",
    "discrete_integral_equation",
    "rosenbrock",
]


@pytest.mark.parametrize("name", SYSTEMS)
def test_roots_against_scipy(name):
    p = next(p for p in problems() if p.name == name)
    res = steep.root(p.residuals, p.x0, jac=p.jacobian)
    peer = scipy.optimize.root(p.residuals, p.x0, jac=p.jacobian, tol=1e-14)
    assert res.success, res.message
    np.testing.assert_allclose(res.x, peer.x, atol=1e-9)
    assert np.abs(res.fun).max() < 1e-13


def test_roots_converge_quadratically():
    found = []
    steep.root(
        lambda x: [np.exp(x[0]) - 2], [1.0], jac=lambda x: [[np.exp(x[0])]], callback=lambda x: found.append(x[0])
    )
    errors = np.abs(np.array(found) - np.log(2))
    assert (errors[1:4] <= 0.6 * errors[:3] ** 2 + 1e-15).all()  # g'' / (2 g') = 1/2


def test_damped_newton_where_pure_newton_diverges():
    pure = steep.root(np.arctan, [3.0], jac=lambda x: np.diag(1 / (1 + x**2)), options={"pure": True, "maxiter": 8})
    assert not pure.success
    res = steep.root(np.arctan, [3.0], jac=lambda x: np.diag(1 / (1 + x**2)))
    assert res.success
    assert abs(res.x[0]) < 1e-12


def test_singular_jacobian_has_a_status():
    res = steep.root(lambda x: [x[0] + x[1] - 1, 2 * x[0] + 2 * x[1] - 3], [0.3, 0.2])
    assert (res.status, res.success) == ("singular", False)
    res = steep.root(lambda x: [x[0] + x[1] - 1, 2 * x[0] + 2 * x[1] - 3], [0.3, 0.2], method="lm")
    assert res.status == "singular"
    with pytest.raises(ValueError, match="fun must return 2 values"):
        steep.root(lambda x: x[:1], [0.3, 0.2])


@pytest.mark.parametrize(
    ("function", "start"),
    [
        (lambda x: [x[0] - 1e6, np.exp(x[1] * 1e6) - np.exp(1.0)], [1e6, 3e-6]),
        (
            lambda x: [x[0] / 1e4 - 1 + 0.1 * np.sin(x[0] / 1e4 - 1), (x[1] * 1e4) ** 2 - 2 + x[0] / 1e4 - 1],
            [1.2e4, 3e-4],
        ),
        (lambda x: [x[0] - 1e9, x[1] ** 2 - 2], [1e9, 3.0]),
    ],
)
def test_a_small_step_of_a_large_variable_is_no_root(function, start):
    res = steep.root(function, start)  # the test was the step's length beside that of x: residuals of 5.7
    assert res.success
    assert np.abs(res.fun).max() < 1e-6
