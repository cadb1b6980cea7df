"""Plain Python functions in the diagnostics and pictures, and arguments of theirs that mean nothing."""

import matplotlib as mpl
import numpy as np
import pytest
import scipy.optimize as so
from scipy.optimize import rosen, rosen_der

import steep
from steep.diagnostics import check_cocoercivity, check_polyak_lojasiewicz, condition_number

mpl.use("Agg")
D = np.array([4.0, 1.0])


def bowl(x):
    return 0.5 * x @ (D * x)


def test_diagnostics_take_functions():
    assert steep.classify_point(bowl, [0.0, 0.0]).kind == "minimum"
    assert steep.classify_point(lambda x: x[0] ** 2 - x[1] ** 2, [0.0, 0.0]).kind == "saddle"
    assert steep.classify_point(lambda x: x[0] ** 2 + x[1] ** 4, [0.0, 0.0]).undecided
    points = [[1.0, 1.0], [0.0, 2.0], [-1.0, 0.5]]
    check = check_polyak_lojasiewicz(bowl, points, minimum=0.0, mu=1.0)
    assert check.holds
    assert check.constant == pytest.approx(1, abs=1e-6)
    assert not check_polyak_lojasiewicz(bowl, points, minimum=0.0, mu=1.1)
    assert check_cocoercivity(bowl, points, lipschitz=4.0)
    assert not check_cocoercivity(bowl, points, lipschitz=3.0)
    assert condition_number(bowl, [1.0, 1.0]) == pytest.approx(4, rel=1e-5)
    with pytest.raises(TypeError, match="f must be an Objective"):
        condition_number(bowl)


def test_convexity_where_a_function_is_not_finite():
    def barrier(x):
        with np.errstate(all="ignore"):
            return -np.log(x).sum()

    check = steep.check_convexity(steep.objectives.FunctionObjective(barrier, dim=3))
    assert check.convex is None
    assert "had a value that is not finite" in check.message
    inside = steep.check_convexity(steep.objectives.FunctionObjective(barrier, dim=3), center=np.full(3, 9.0))
    assert inside.message == "no counterexample in 500 pairs of points"


def test_pictures_take_functions_and_what_scipy_returned():
    res = so.minimize(rosen, [-1.2, 1.0], jac=rosen_der, method=steep.BFGS(), options={"return_all": True})
    figure = steep.plot.compare({"door": res, "own": steep.minimize(rosen, [-1.2, 1.0], "bfgs", gradient=rosen_der)})
    assert len(figure.axes[0].lines) == 2
    lines = steep.plot.contour(rosen, {"door": res}).axes[0].lines
    np.testing.assert_allclose(lines[0].get_xydata(), res.allvecs)
    assert steep.plot.contour(rosen, res).axes[0].lines
    with pytest.raises(TypeError, match="dict of name -> result, got one result"):
        steep.plot.compare(res)


@pytest.mark.parametrize("bounds", [(0, 1), 3, [(0, 1), None], [(0, 1, 2), (0, 1)], [(0, 1)]])
def test_bounds_that_are_no_pairs(bounds):
    with pytest.raises(ValueError, match=r"bounds must be 2 pairs \(low, high\), got"):
        steep.minimize(rosen, [0.5, 0.5], bounds=bounds)


@pytest.mark.parametrize("gradient", [3, np.zeros(2), [1.0, 2.0]])
def test_gradients_that_are_no_functions(gradient):
    with pytest.raises(TypeError, match="gradient must be callable, True,"):
        steep.minimize(rosen, [0.5, 0.5], gradient=gradient)


def constraint(fun, jac=None):
    return {"type": "ineq", "fun": fun, **({} if jac is None else {"jac": jac})}


def test_jacobians_of_constraints_are_not_reshaped():
    """The transposed one has as many entries."""
    A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    for wrong in (A.T, np.eye(3), A[:2], A.ravel()):
        with pytest.raises(ValueError, match=r"jac of a constraint must return an array of shape \(3, 2\), got shape"):
            steep.minimize(bowl, [1.0, 1.0], constraints=constraint(lambda x: A @ x - 1, lambda x, wrong=wrong: wrong))
    for right in ([1.0, 1.0], [[1.0, 1.0]], np.ones((2, 1))):
        one = constraint(lambda x: x.sum() - 1, lambda x, right=right: right)
        np.testing.assert_allclose(steep.minimize(bowl, [2.0, 2.0], constraints=one).x, [0.2, 0.8], atol=1e-5)


def test_constraints_that_are_not_finite_are_named():
    with pytest.raises(ValueError, match=r"a constraint must be finite at x0, got nan in entry 1 at x = \[2. 3.\]"):
        steep.minimize(bowl, [2.0, 3.0], constraints=constraint(lambda x: np.array([x[0], np.nan])))


def test_gradient_at_the_edge_of_a_domain():
    """The usual step leads where the function is not finite."""

    def logarithm(x):
        with np.errstate(all="ignore"):
            return np.log(x[0])

    assert steep.check_gradient(logarithm, [1e-9], lambda x: 1 / x)
    assert not steep.check_gradient(logarithm, [1e-9], lambda x: 1.01 / x)


def test_a_small_gradient_of_a_smaller_function_is_not_stationary():
    """The minimizer is half a unit away."""
    assert steep.classify_point(lambda x: 1e-9 * (x @ x + x[0]), [0.0, 0.0]).kind == "not_stationary"
    assert steep.classify_point(lambda x: 1e-9 * (x @ x + x[0]), [-0.5, 0.0]).kind == "minimum"


@pytest.mark.parametrize(
    ("name", "own"),
    [("BFGS", "bfgs"), ("L-BFGS-B", "lbfgs"), ("Newton-CG", "newton_cg"), ("CG", "conjugate_gradient"),
     ("trust-exact", "trust_region")],
)  # fmt: skip
def test_names_of_scipy(name, own):
    assert steep.minimize(rosen, [-1.2, 1.0], name, gradient=rosen_der).method == own
    with pytest.raises(ValueError, match=r"method must be one of 'auto', .*, got 'Nelder-Mead'"):
        steep.minimize(rosen, [-1.2, 1.0], "Nelder-Mead")


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_nan_has_no_sign(sign):
    with pytest.raises(ValueError, match=r"the objective must be finite at x0, got nan at \[1\]"):
        steep.minimize(lambda x: np.copysign(np.nan, sign), [1.0])


def test_a_point_without_variables_is_named():
    for ask in (steep.classify_point, steep.diagnostics.condition_number):
        with pytest.raises(ValueError, match="w must hold the variables of a function, got none"):
            ask(lambda x: x @ x, [])


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_point_outside_the_domain_is_named():
    with pytest.raises(ValueError, match=r"the function and its gradient must be finite at w, got nan .* \[-1.  0.\]"):
        steep.classify_point(lambda x: np.log(x[0]) + x[1] ** 2, [-1.0, 0.0])
