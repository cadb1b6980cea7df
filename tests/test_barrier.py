"""Smooth constraints by the barrier: known optima, SciPy's SLSQP, multipliers, infeasible problems named."""

import numpy as np
import pytest
from scipy.optimize import (
    Bounds,
    LinearConstraint,
    NonlinearConstraint,
    minimize,
    rosen,
    rosen_der,
    rosen_hess,
)

import steep
from steep.problems import quadratic

DISC = NonlinearConstraint(lambda x: x @ x, -np.inf, 1, jac=lambda x: 2 * x)


@pytest.mark.parametrize("derivatives", ["hessian", "gradient", "none"])
def test_rosenbrock_on_a_disc(derivatives):
    given = {
        "hessian": {"gradient": rosen_der, "hessian": rosen_hess},
        "gradient": {"gradient": rosen_der},
        "none": {},
    }[derivatives]
    res = steep.minimize(rosen, [0.0, 0.0], constraints=DISC, tol=1e-6, **given)
    assert res.success, res.message
    assert (res.method, res.certificate.kind) == ("interior_point", "kkt_residual")
    np.testing.assert_allclose(res.x, [0.78641515, 0.61769831], atol=2e-5)  # SciPy's documentation
    assert res.x @ res.x <= 1 + 1e-6


@pytest.mark.parametrize("through_scipy", [False, True])
def test_hock_schittkowski_71(through_scipy):
    def fun(x):
        return x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]

    constraints = [{"type": "ineq", "fun": lambda x: np.prod(x) - 25}, {"type": "eq", "fun": lambda x: x @ x - 40}]
    given = {"constraints": constraints, "bounds": Bounds(np.ones(4), np.full(4, 5.0))}
    if through_scipy:
        res = minimize(fun, [1.0, 5, 5, 1], method=steep.InteriorPoint(), tol=1e-7, **given)
    else:
        res = steep.minimize(fun, [1.0, 5, 5, 1], tol=1e-7, **given)
    assert res.success, res.message
    np.testing.assert_allclose(res.fun, 17.0140173, rtol=1e-6)
    np.testing.assert_allclose(res.x, [1, 4.743, 3.82115, 1.379408], atol=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_convex_problems_against_slsqp(seed):
    """Logistic loss on an ellipsoid, a half-space and a box."""
    rng = np.random.default_rng(seed)
    X, s = rng.standard_normal((50, 4)), np.sign(rng.standard_normal(50))
    center = rng.standard_normal(4)

    def fun(w):
        return np.logaddexp(0, -s * (X @ w)).mean()

    def jac(w):
        return -(X * s[:, None]).T @ (1 / (1 + np.exp(s * (X @ w)))) / 50

    constraints = [
        {"type": "ineq", "fun": lambda w: 1 - (w - center) @ (w - center), "jac": lambda w: -2 * (w - center)},
        LinearConstraint(np.ones((1, 4)), -np.inf, center.sum() - 0.5),
    ]
    bounds = [(c - 0.9, c + 0.4) for c in center]
    res = steep.minimize(fun, center - 0.2, gradient=jac, constraints=constraints, bounds=bounds, tol=1e-8)
    assert res.success, res.message
    peer = minimize(
        fun, center - 0.2, jac=jac, constraints=constraints, bounds=bounds, method="SLSQP", options={"ftol": 1e-14}
    )
    np.testing.assert_allclose(res.fun, peer.fun, rtol=1e-6)
    np.testing.assert_allclose(res.x, peer.x, atol=1e-4)


def test_objectives_of_the_package_with_constraints():
    rng = np.random.default_rng(42)
    X = rng.normal(size=(60, 4))
    y = X @ rng.normal(size=4) + rng.normal(size=60)
    f = steep.problems.least_squares(X, y)
    res = steep.minimize(f, constraints=LinearConstraint(np.ones((1, 4)), 1, 1), bounds=[(0, None)] * 4)
    assert res.success, res.message
    assert abs(res.x.sum() - 1) < 1e-7
    assert res.x.min() > -1e-7
    peer = minimize(f.value, np.full(4, 0.25), jac=f.gradient, method="SLSQP", bounds=[(0, None)] * 4, tol=1e-14,
                    constraints=LinearConstraint(np.ones((1, 4)), 1, 1))  # fmt: skip
    np.testing.assert_allclose(res.fun, peer.fun, rtol=1e-7)
    labels = (y > 0).astype(int)
    f = steep.problems.logistic(X, labels, l2=0.1)
    res = steep.minimize(f, method="interior_point", constraints=DISC)
    assert res.success, res.message
    assert res.x @ res.x <= 1 + 1e-7


def test_multipliers_are_the_slopes_of_the_optimum():
    f = quadratic([[2.0, 0.0], [0.0, 2.0]], [-2.0, -5.0])

    def best(level):
        return steep.minimize(f, constraints=LinearConstraint([[1.0, 1.0]], -np.inf, level), tol=1e-12)

    slope = (best(2 + 1e-4).fun - best(2 - 1e-4).fun) / 2e-4
    np.testing.assert_allclose(best(2).multipliers["inequality"], -slope, rtol=1e-6)


def test_contradictory_smooth_constraints():
    constraints = [{"type": "ineq", "fun": lambda x: x[0] - 1}, {"type": "ineq", "fun": lambda x: -1 - x[0]}]
    res = steep.minimize(lambda x: x @ x, [1.0, 1.0], gradient=lambda x: 2 * x, constraints=constraints)
    assert res.status == "infeasible"


def sphere(x):
    return x @ x - 1


EQUALITIES = {  # start, objective, constraints, optimum
    "circle": ([-0.1, 0.3], lambda x: x[0] + x[1], [sphere], -np.sqrt(2)),
    "circle from its center": ([0.1, 0.0], lambda x: x[0] + x[1], [sphere], -np.sqrt(2)),
    "hs6": ([-1.2, 1.0], lambda x: (1 - x[0]) ** 2, [lambda x: 10 * (x[1] - x[0] ** 2)], 0.0),
    "hs7": (
        [2.0, 2.0],
        lambda x: np.log1p(x[0] ** 2) - x[1],
        [lambda x: (1 + x[0] ** 2) ** 2 + x[1] ** 2 - 4],
        -np.sqrt(3),
    ),
    "hs26": (
        [-2.6, 2.0, 2.0],
        lambda x: (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4,
        [lambda x: (1 + x[1] ** 2) * x[0] + x[2] ** 4 - 3],
        0.0,
    ),
    "hs27": (
        [2.0, 2.0, 2.0],
        lambda x: 0.01 * (x[0] - 1) ** 2 + (x[1] - x[0] ** 2) ** 2,
        [lambda x: x[0] + x[2] ** 2 + 1],
        0.04,
    ),
    "hs39": (
        [2.0, 2.0, 2.0, 2.0],
        lambda x: -x[0],
        [lambda x: x[1] - x[0] ** 3 - x[2] ** 2, lambda x: x[0] ** 2 - x[1] - x[3] ** 2],
        -1.0,
    ),
    "hs40": (
        [0.8] * 4,
        lambda x: -np.prod(x),
        [lambda x: x[0] ** 3 + x[1] ** 2 - 1, lambda x: x[0] ** 2 * x[3] - x[2], lambda x: x[3] ** 2 - x[1]],
        -0.25,
    ),
    "hs77": (
        [2.0] * 5,
        lambda x: (x[0] - 1) ** 2 + (x[0] - x[1]) ** 2 + (x[2] - 1) ** 2 + (x[3] - 1) ** 4 + (x[4] - 1) ** 6,
        [
            lambda x: x[0] ** 2 * x[3] + np.sin(x[3] - x[4]) - 2 * np.sqrt(2),
            lambda x: x[1] + x[2] ** 4 * x[3] ** 2 - 8 - np.sqrt(2),
        ],
        0.24150513,
    ),
}


@pytest.mark.parametrize("name", EQUALITIES)
def test_nonlinear_equalities(name):
    """Hock and Schittkowski's equality-constrained problems, by differences alone."""
    x0, fun, constraints, least = EQUALITIES[name]
    res = steep.minimize(fun, x0, constraints=[{"type": "eq", "fun": c} for c in constraints])
    assert res.success, res.message
    assert res.fun == pytest.approx(least, abs=1e-5)
    assert max(abs(c(res.x)) for c in constraints) < 1e-7
    assert res.nit < 100


@pytest.mark.parametrize("derivatives", [{}, {"gradient": lambda x: 2 * x}])
def test_smooth_infeasible_constraints_are_named(derivatives):
    constraint = {"type": "ineq", "fun": lambda x: -1 - x @ x}
    res = steep.minimize(lambda x: x @ x, [1.0, 1.0], constraints=constraint, **derivatives)
    assert res.status == "infeasible", res.message
    assert res.nit < 60
    res = steep.minimize(rosen, [-1.2, 1.0], gradient=rosen_der, constraints=constraint)
    assert res.status == "infeasible", res.message
    res = steep.minimize(lambda x: x[0], [1.0, 1.0], constraints={"type": "eq", "fun": lambda x: x @ x + 1})
    assert res.status == "infeasible", res.message


def test_a_far_bound_is_not_unbounded():
    far = {"type": "ineq", "fun": lambda x: 1e20 - x @ x, "jac": lambda x: -2 * x}
    res = steep.minimize(lambda x: -(x[0] ** 3), [1.0], gradient=lambda x: -3 * x**2, constraints=far)
    assert res.status != "unbounded"
    res = steep.minimize(lambda x: -x[0] ** 3, [1.0], gradient=lambda x: -3 * x**2,
                         constraints={"type": "ineq", "fun": lambda x: x[0]})  # fmt: skip
    assert res.status == "unbounded"


def test_active_constraints_are_exact_with_difference_gradients():
    res = steep.minimize(lambda x: x @ x, [3.0, 3.0], bounds=[(1, None), (0.5, None)])
    np.testing.assert_allclose(res.x, [1, 0.5], atol=1e-8)
    res = steep.minimize(lambda x: x @ x, [3.0, 3.0], constraints={"type": "ineq", "fun": lambda x: x[0] - 1})
    np.testing.assert_allclose(res.x, [1, 0], atol=1e-7)
