"""Options, limits and differences of a run: what is refused, what is heeded, and what stays within bounds."""

import numpy as np
import pytest
import scipy.optimize as so
from scipy.optimize import rosen, rosen_der, rosen_hess

import steep

F = steep.objectives.FunctionObjective


def test_nan_in_constraints_is_refused():
    f = steep.problems.quadratic([[2.0]], [-4.0])
    for low, high in ((-np.inf, np.nan), (np.nan, 1.0), (np.inf, np.inf), (2.0, 1.0), (-np.inf, -np.inf)):
        with pytest.raises(ValueError, match="lb and ub of a constraint must be numbers with lb <= ub"):
            steep.minimize(f, constraints=so.LinearConstraint([[1.0]], low, high))
        with pytest.raises(ValueError, match="lb and ub of a constraint must be numbers with lb <= ub"):
            steep.minimize(f, constraints=so.NonlinearConstraint(lambda x: x, low, high))
    with pytest.raises(ValueError, match="A of a constraint must be finite, got nan at row 0, column 0"):
        steep.minimize(f, constraints=so.LinearConstraint([[np.nan]], -np.inf, 1.0))
    with pytest.raises(ValueError, match=r"bounds must have low < inf and high > -inf, got \(inf, inf\)"):
        steep.problems.linear_program([1.0], bounds=[(np.inf, np.inf)])
    with pytest.raises(ValueError, match="bounds must have low < inf"):
        steep.minimize(lambda x: x @ x, [0.0], bounds=[(np.inf, np.inf)])


def test_equalities_of_nothing_but_zeros():
    res = steep.minimize(steep.problems.linear_program([1.0, 1.0], A_eq=[[0.0, 0.0]], b_eq=[0.0]))
    assert (res.status, round(res.fun, 6)) == ("converged", 0.0)
    res = steep.minimize(steep.problems.linear_program([1.0, 1.0], A_eq=[[0.0, 0.0]], b_eq=[1.0]))
    assert res.status == "infeasible"


@pytest.mark.parametrize("method", ["lbfgs", "interior_point"])
def test_differences_stay_within_bounds(method):
    seen = []

    def fun(x):
        seen.append(x.copy())
        return (x[0] - 1) ** 2 + x[1] ** 2 + 0.1 * x[0] * x[2]

    low, high = np.array([-np.inf, 2.0, 0.0]), np.array([np.inf, 2.0, 1e-9])
    if method == "interior_point":
        low, high = np.array([-np.inf, 1.0, 0.0]), np.array([np.inf, 2.0, 1.0])
    res = steep.minimize(fun, [3.0, 2.0, 0.0], method, bounds=so.Bounds(low, high))
    assert res.x[0] == pytest.approx(1, abs=1e-3)
    x = np.array(seen)
    assert ((low <= x) & (x <= high)).all()


@pytest.mark.parametrize("given", ["value", "gradient"])
def test_second_differences_stay_within_bounds(given):
    seen = []
    low, high = np.array([0.0, 2.0, -1.0]), np.array([1.0, 2.0, 1e9])
    M = np.array([[2.0, 0.5, 0.3], [0.5, 4.0, 0.2], [0.3, 0.2, 6.0]])

    def keep(x, value):
        seen.append(x.copy())
        return value

    f = F(
        lambda x: keep(x, 0.5 * x @ M @ x),
        gradient=None if given == "value" else lambda x: keep(x, M @ x),
        dim=3,
        bounds=(low, high),
    )
    tolerance = 5e-2 if given == "value" else 1e-4  # differences of differences
    free = np.ix_([0, 2], [0, 2])
    v = np.array([1.0, 0.0, -2.0])
    for point in ([1.0, 2.0, -1.0], [1 - 1.5e-4, 2.0, 5.0], [0.0, 2.0, 0.0]):
        np.testing.assert_allclose(f.hessian(point)[free], M[free], atol=1e-5)
        np.testing.assert_allclose(f.hessian_product(point, v)[[0, 2]], (M @ v)[[0, 2]], atol=tolerance)
        assert f.hessian_product(point, [0.0, 1.0, 0.0]).shape == (3,)
    x = np.array(seen)
    assert ((low <= x) & (x <= high)).all()


def test_the_traces_own_column_after_a_rescue():
    for method, column in (("newton_cg", "cg_iterations"), ("newton", "shift")):
        res = steep.minimize(rosen, [-1.2, 1, 0.5, 2.0], method, jac=rosen_der, hess=rosen_hess, tol=0)
        values = res.trace[column][1:]
        known = values[np.isfinite(values)]
        if method == "newton_cg":
            np.testing.assert_array_equal(known, np.round(known))
        else:
            assert (np.abs(known[-2:]) < 1e-6).all()


@pytest.mark.parametrize("seed", range(5))
def test_convexity_of_quadratics(seed):
    rng = np.random.default_rng(seed)
    for n in (1, 3, 30):
        A = rng.normal(size=(max(n - 1, 1), n)) * 10.0 ** rng.integers(-8, 9)
        S = A.T @ A
        assert steep.problems.quadratic(S, np.ones(n)).is_convex
        assert steep.problems.quadratic(0 * S, np.ones(n)).is_convex
        shift = 1e-9 * np.linalg.norm(S, 2)
        values, vectors = np.linalg.eigh(S)
        bad = S - (values[0] + shift) * np.outer(vectors[:, 0], vectors[:, 0])
        assert not steep.problems.quadratic(bad, np.ones(n)).is_convex


def test_numbers_that_functions_return():
    assert F(lambda x: [3.0], dim=1).value([1.0]) == 3.0
    assert F(lambda x: 10**5, dim=1).value([1.0]) == 1e5
    for wrong in (10**400, [1.0, 2.0], []):
        with pytest.raises(ValueError, match="the function must return one real number, got"):
            F(lambda x, wrong=wrong: wrong, dim=1).value([1.0])


def test_options_of_scipys_solvers():
    x0 = [-1.2, 1.0]
    with pytest.warns(so.OptimizeWarning, match="Unknown solver options: ftol, iprint"):
        res = so.minimize(rosen, x0, jac=rosen_der, method=steep.LBFGS(), options={"ftol": 1e-9, "iprint": 1})
    assert res.success
    for name in ("maxfun", "maxfev"):
        res = so.minimize(rosen, x0, jac=rosen_der, method=steep.LBFGS(), options={name: 10})
        assert res.status_name == "max_iter"
        assert 10 <= res.nfev < 14
        assert "maxfun being 10" in res.message
    kept = []
    so.minimize(rosen, x0, jac=rosen_der, method=steep.LBFGS(), callback=kept.append, options={"maxfun": 10})
    assert len(kept) > 2


def test_a_class_in_place_of_a_method():
    res = so.minimize(rosen, [-1.2, 1.0], jac=rosen_der, method=steep.BFGS)
    assert res.success
    assert isinstance(steep.BFGS(), steep.BFGS)


def test_complex_steps():
    res = steep.minimize(lambda x: np.sum(np.exp(x) - 2 * x), [0.0, 1e-3, -2.0], "bfgs", jac="cs")
    np.testing.assert_allclose(res.x, np.log(2), atol=1e-8)
    assert "Approximated" not in res.message
    with pytest.raises(ValueError, match="jac must be another than 'cs' for a function that is not complex"):
        steep.minimize(lambda x: float(np.real(x[0])) ** 2, [1.0], jac="cs")
    with pytest.raises(TypeError, match="hess must be callable"):
        steep.minimize(rosen, [0.0, 0.0], hess=so.BFGS())


def test_starts_are_vectors():
    with pytest.raises(ValueError, match=r"x0 must be a vector, got shape \(2, 2\)"):
        steep.minimize(rosen, np.zeros((2, 2)))


def test_bounds_of_objectives_without_a_gradient():
    X = np.random.default_rng(0).normal(size=(30, 2))
    f = steep.problems.svm(X, np.sign(X[:, 0]), l2=0.1)
    with pytest.raises(ValueError, match=r"bounds must be None for .*, which has no gradient everywhere"):
        steep.minimize(f, bounds=[(0, 1)] * f.dim)


def test_times_without_end():
    f = steep.problems.least_squares(np.eye(3), [1.0, 2.0, 3.0])
    assert len(steep.regularization_path(f, [0.5], max_time=np.inf).status) == 1
