"""curve_fit and least_squares beside SciPy's, argument by argument: values, covariances, errors, warnings."""

import warnings

import numpy as np
import pytest
import scipy.optimize

import steep
from reference.nist import load

RNG = np.random.default_rng(0)
X = np.linspace(0.1, 4, 40)
WIDE = RNG.normal(size=(2, 40))
SIGMA = 0.02 + 0.05 * RNG.random(40)
COVARIANCE = 0.05**2 * (np.eye(40) + 0.5 * np.eye(40, k=1) + 0.5 * np.eye(40, k=-1))


def decay(x, a, b, c):
    return a * np.exp(-b * x) + c


def slopes(x, a, b, c):
    return np.column_stack([np.exp(-b * x), -a * x * np.exp(-b * x), np.ones_like(x)])


def plane(x, a, b):
    return a * x[0] + b * x[1] ** 2


def keyword_only(x, a, b, *, power=1.0):
    return a * x**power + b


Y = decay(X, 2.5, 1.3, 0.5) + 0.05 * RNG.normal(size=40)
OUTLIERS = Y + 3.0 * (np.arange(40) % 7 == 0)
HOLES = np.where(np.arange(40) == 3, np.nan, Y)
HOLED_X = np.where(np.arange(40) == 5, np.nan, X)


class Line:
    def value(self, x, a, b):
        return a * x + b


ROBUST = {"method": "trf", "f_scale": 0.1}
CASES = {
    "plain": ((decay, X, Y), {}),
    "p0": ((decay, X, Y, [1, 1, 0]), {}),
    "one parameter": ((lambda x, a: np.exp(-a * x), X, np.exp(-1.3 * X) + 0.01 * SIGMA, 2.0), {}),
    "constant": ((lambda x, a: a, X, Y), {}),
    "sigma": ((decay, X, Y), {"sigma": SIGMA}),
    "sigma absolute": ((decay, X, Y), {"sigma": list(SIGMA), "absolute_sigma": True}),
    "sigma number": ((decay, X, Y), {"sigma": 0.05, "absolute_sigma": True}),
    "covariance": ((decay, X, Y), {"sigma": COVARIANCE}),
    "covariance absolute": ((decay, X, Y), {"sigma": COVARIANCE, "absolute_sigma": True}),
    "covariance and jac": ((decay, X, Y), {"sigma": COVARIANCE, "jac": slopes}),
    "bounds": ((decay, X, Y), {"bounds": (0, [3.0, 5.0, 1.0])}),
    "Bounds": ((decay, X, Y), {"bounds": scipy.optimize.Bounds([0, 0, 0], [3, 2, 2])}),
    "trf": ((decay, X, Y), {"method": "trf"}),
    "dogbox": ((decay, X, Y), {"method": "dogbox"}),
    "jac": ((decay, X, Y), {"jac": slopes}),
    "2-point": ((decay, X, Y), {"jac": "2-point", "method": "trf"}),
    "3-point": ((decay, X, Y), {"jac": "3-point", "method": "trf"}),
    "cs": ((decay, X, Y), {"jac": "cs", "method": "trf"}),
    "(k, M)": ((plane, WIDE, plane(WIDE, 1.0, 2.0) + SIGMA), {}),
    "soft_l1": ((decay, X, OUTLIERS), ROBUST | {"loss": "soft_l1"}),
    "huber": ((decay, X, OUTLIERS), ROBUST | {"loss": "huber"}),
    "cauchy": ((decay, X, OUTLIERS), ROBUST | {"loss": "cauchy"}),
    "arctan": ((decay, X, OUTLIERS), {"method": "trf", "f_scale": 0.5, "loss": "arctan"}),
    "omit": ((decay, X, HOLES), {"nan_policy": "omit"}),
    "omit in x, sigma": ((decay, HOLED_X, Y), {"nan_policy": "omit", "sigma": SIGMA}),
    "omit, covariance": ((decay, X, HOLES), {"nan_policy": "omit", "sigma": COVARIANCE}),
    "method of an object": ((Line().value, X, Y), {}),
    "keyword-only": ((keyword_only, X, Y), {}),
    "any number": ((lambda x, *p: p[0] * x + p[1], X, Y, [1.0, 1.0]), {}),
    "as many as parameters": ((lambda x, a, b: a * x + b, X[:2], Y[:2]), {}),
    "epsfcn": ((decay, X, Y), {"epsfcn": 1e-10}),
    "diag": ((decay, X, Y), {"diag": [1.0, 1.0, 2.0]}),
    "tolerances": ((decay, X, Y), {"ftol": 1e-10, "xtol": 1e-10, "gtol": 1e-10, "maxfev": 0}),
    "x_scale": ((decay, X, Y), {"method": "trf", "x_scale": "jac", "tr_solver": "lsmr", "max_nfev": 100}),
    "lists": ((decay, list(X), list(Y)), {}),
    "integers": ((lambda x, a, b: a * x + b, [1, 2, 3, 4], [2, 3, 5, 8]), {}),
    "float32": ((decay, X.astype("float32"), Y.astype("float32")), {}),
}


def outcome(curve_fit, given, options):
    """(popt, pcov, kinds of warnings)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        popt, pcov = curve_fit(*given, **options)[:2]
    return popt, pcov, [type(warning.message) for warning in caught]


@pytest.mark.parametrize("name", CASES)
def test_as_scipy(name):
    ours, theirs = (outcome(m.curve_fit, *CASES[name]) for m in (steep, scipy.optimize))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=2e-5, atol=1e-8)
    scale = np.sqrt(np.diag(theirs[1]))
    if np.isinf(theirs[1]).all():
        assert np.isinf(ours[1]).all()
    else:
        np.testing.assert_allclose(ours[1] / np.outer(scale, scale), theirs[1] / np.outer(scale, scale), atol=1e-3)
    assert ours[2] == theirs[2]


@pytest.mark.parametrize("name", ["Misra1a", "Chwirut2", "Lanczos3", "DanWood"])
def test_nist_as_scipy(name):
    problem = load(name)
    given = (lambda x, *b: problem.model(np.array(b)), problem.x, problem.y, problem.starts[1])
    for options in ({}, {"sigma": 1 + np.arange(len(problem.y)) % 3}):
        theirs = scipy.optimize.curve_fit(*given, ftol=1e-14, xtol=1e-14, maxfev=10000, **options)
        ours = steep.curve_fit(*given, **options)
        np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-4)
        scale = np.sqrt(np.diag(theirs[1]))
        np.testing.assert_allclose(ours[1] / np.outer(scale, scale), theirs[1] / np.outer(scale, scale), atol=1e-3)


ERRORS = {
    "NaN": ((decay, X, HOLES), {}, "ydata must be finite, got nan"),
    "NaN, raise": ((decay, X, HOLES), {"nan_policy": "raise"}, "must have no NaN, got one in observation 3"),
    "NaN, raise, unchecked": (
        (decay, HOLED_X, Y), {"nan_policy": "raise", "check_finite": False}, "no NaN, got one in observation 5",
    ),
    "NaN, omit, checked": ((decay, X, HOLES), {"nan_policy": "omit", "check_finite": True}, "ydata must be finite"),
    "propagate": ((decay, X, HOLES), {"nan_policy": "propagate"}, "nan_policy must be one of"),
    "empty": ((decay, [], []), {}, "ydata must not be empty"),
    "p0 outside": ((decay, X, Y, [9, 9, 9]), {"bounds": (0, 3)}, "p0 must be within the bounds"),
    "bounds": ((decay, X, Y), {"bounds": (1, 0)}, "bounds must have low < high"),
    "method": ((decay, X, Y), {"method": "nope"}, "method must be 'trf', 'dogbox', 'lm' or a method of steep's"),
    "sigma": ((decay, X, Y), {"sigma": SIGMA[1:]}, "sigma must have shape"),
    "indefinite": ((decay, X, Y), {"sigma": -COVARIANCE}, "sigma must be positive definite"),
    "args": ((decay, X, Y), {"args": (1,)}, "args must not be given"),
    "any number": ((lambda x, *p: p[0] * x, X, Y), {}, "p0 must be given"),
    "size": ((lambda x, a: a * x[:-1], X, Y), {}, "f must return 40 values"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_of_scipys_kind(name):
    given, options, text = ERRORS[name]
    with pytest.raises(ValueError, match=text):
        steep.curve_fit(*given, **options)
    with pytest.raises(ValueError):
        scipy.optimize.curve_fit(*given, **options)


def test_options_of_leastsq_that_have_another_name():
    with pytest.raises(TypeError, match=r"factor must be given as method=steep\.LevenbergMarquardt"):
        steep.curve_fit(decay, X, Y, factor=1.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'col_deriv'"):
        steep.curve_fit(decay, X, Y, col_deriv=1)


def test_full_output():
    popt, pcov, info, message, ier = steep.curve_fit(decay, X, Y, sigma=SIGMA, full_output=True)
    theirs = scipy.optimize.curve_fit(decay, X, Y, sigma=SIGMA, full_output=True)
    np.testing.assert_allclose(info["fvec"], theirs[2]["fvec"], atol=1e-4)
    assert ier in (1, 2, 3, 4)
    assert isinstance(message, str)
    assert isinstance(info["nfev"], int)
    np.testing.assert_allclose(info["standard_errors"], np.sqrt(np.diag(pcov)))
    np.testing.assert_allclose(popt, theirs[0], rtol=1e-5)


def rosenbrock(x):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


FIELDS = {
    "plain": {},
    "bounds": {"bounds": ([-3, -3], [0.5, 3])},
    "upper": {"bounds": (-np.inf, [0.25, 0.05])},
    "soft_l1": {"loss": "soft_l1", "f_scale": 0.5},
    "cauchy": {"loss": "cauchy", "f_scale": 0.1, "bounds": ([-3, -3], [0.5, 3])},
    "x_scale": {"x_scale": [1.0, 3.0]},
    "3-point": {"jac": "3-point"},
    "dogbox": {"method": "dogbox", "tr_solver": "exact", "tr_options": {}},
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_of_least_squares(name):
    options = FIELDS[name]
    ours = steep.least_squares(rosenbrock, [-1.2, 0.0], **options)
    theirs = scipy.optimize.least_squares(rosenbrock, [-1.2, 0.0], xtol=1e-12, ftol=1e-12, gtol=1e-12, **options)
    assert ours.success, ours.message
    np.testing.assert_allclose(ours.x, theirs.x, atol=1e-5)
    np.testing.assert_allclose(ours.cost, theirs.cost, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(ours.fun, theirs.fun, atol=1e-4)
    np.testing.assert_allclose(ours.jac, theirs.jac, atol=1e-3)
    np.testing.assert_allclose(ours.grad, theirs.grad, atol=1e-3)
    np.testing.assert_array_equal(ours.active_mask, theirs.active_mask)
    assert ours.optimality <= 1e-6
    for field in ("nfev", "njev"):
        assert isinstance(ours[field], int)
        assert 0 < ours[field] <= 4 * theirs[field]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"tr_solver": "qr"}, "tr_solver must be None, 'exact' or 'lsmr'"),
        ({"method": "simplex"}, "method must be 'trf', 'dogbox', 'lm'"),
        ({"max_nfev": 0}, "max_nfev must be"),
        ({"x_scale": -1.0}, "x_scale must be positive"),
        ({"loss": "tukey"}, "loss must be one of"),
        ({"bounds": ([2, 2], [3, 3])}, "x0 must be within the bounds"),
    ],
)
def test_what_least_squares_refuses(options, text):
    with pytest.raises(ValueError, match=text):
        steep.least_squares(rosenbrock, [-1.2, 0.0], **options)
    with pytest.raises(ValueError):
        scipy.optimize.least_squares(rosenbrock, [-1.2, 0.0], **options)
