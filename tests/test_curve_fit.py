"""Curve fitting: NIST's certified values, SciPy's covariance and signature."""

import inspect

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse

import steep
from reference.nist import LOWER, MODELS, load

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # overflow in trial points of the models
CASES = [(name, start) for name in MODELS for start in (0, 1)]


def fit(problem, start, **options):
    options.setdefault("jac", lambda x, *b: problem.jacobian(np.array(b)))
    return steep.curve_fit(
        lambda x, *b: problem.model(np.array(b)),
        problem.x,
        problem.y,
        problem.starts[start],
        full_output=True,
        **options,
    )


@pytest.mark.parametrize(("name", "start"), CASES)
def test_nist_certified_values(name, start):
    problem = load(name)
    b, _, info, message, ier = fit(problem, start)
    assert ier == 1, message
    # Eight digits at least (ENSO's 8.9 is the fewest); the problems of lower difficulty reach ten.
    assert problem.digits(b) >= (10 if name in LOWER else 8.5)
    if name != "Lanczos1":  # its residuals are the rounding of its data
        np.testing.assert_allclose(info["standard_errors"], problem.standard_errors, rtol=1e-6)
        np.testing.assert_allclose(info["fvec"] @ info["fvec"], problem.sum_of_squares, rtol=1e-7)


def test_nist_average_of_correct_digits():
    digits = [load(name).digits(fit(load(name), start)[0]) for name, start in CASES]
    assert np.mean(digits) > 10


@pytest.mark.parametrize("jac", ["2-point", "cs"])
def test_nist_lower_difficulty_without_a_jacobian(jac):
    for name in LOWER:
        for start in (0, 1):
            problem = load(name)
            assert problem.digits(fit(problem, start, jac=jac)[0]) > (7 if jac == "2-point" else 10), name


def data(seed=42):
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 4, 40)
    return x, 2.5 * np.exp(-1.3 * x) + 0.05 * rng.standard_normal(40), rng.uniform(0.02, 0.1, 40)


def model(x, a, b):
    return a * np.exp(-b * x)


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("kind", ["none", "vector", "matrix"])
def test_covariance_as_scipy(kind, absolute):
    x, y, s = data()
    sigma = {"none": None, "vector": s, "matrix": np.diag(s**2) + 1e-4}[kind]
    popt, pcov = steep.curve_fit(model, x, y, sigma=sigma, absolute_sigma=absolute)
    expected, covariance = scipy.optimize.curve_fit(
        model, x, y, sigma=sigma, absolute_sigma=absolute, xtol=1e-12, ftol=1e-12
    )
    np.testing.assert_allclose(popt, expected, rtol=1e-6)
    np.testing.assert_allclose(pcov, covariance, rtol=1e-5)


def test_linear_fit_against_the_closed_form():
    x, y, s = data()
    A = np.stack([np.ones_like(x), x], axis=1)
    popt, pcov, info, _, _ = steep.curve_fit(
        lambda x, a, b: a + b * x, x, y, sigma=s, absolute_sigma=True, full_output=True
    )
    W = A / s[:, None]
    np.testing.assert_allclose(popt, np.linalg.solve(W.T @ W, W.T @ (y / s)), rtol=1e-9)
    np.testing.assert_allclose(pcov, np.linalg.inv(W.T @ W), rtol=1e-7)  # of a Jacobian by forward differences
    popt, _, info, _, _ = steep.curve_fit(lambda x, a, b: a + b * x, x, y, full_output=True)
    np.testing.assert_allclose(info["r_squared"], np.corrcoef(x, y)[0, 1] ** 2, rtol=1e-9)
    assert info["trace"]["fun"][-1] <= info["trace"]["fun"][0]


def test_intervals_cover_the_truth():
    """Nominal 95 % intervals of 400 simulated fits: 92 to 98 % hold the truth (3 standard errors are 3.3 %)."""
    x = np.linspace(0, 4, 40)
    inside = []
    for seed in range(400):
        y = model(x, 2.5, 1.3) + 0.05 * np.random.default_rng(seed).standard_normal(40)
        popt, pcov = steep.curve_fit(model, x, y)
        inside.append(np.abs(popt - [2.5, 1.3]) <= 2.024 * np.sqrt(np.diag(pcov)))  # t(38), 97.5 %
    assert (np.abs(np.mean(inside, axis=0) - 0.95) < 0.033).all()


def test_the_results_jacobian_costs_no_further_call():
    x, y, _ = data()
    calls = []

    def slopes(x, a, b):
        calls.append((a, b))
        return np.stack([np.exp(-b * x), -a * x * np.exp(-b * x)], axis=1)

    popt, _, info, _, _ = steep.curve_fit(model, x, y, jac=slopes, full_output=True)
    assert len(calls) == info["result"].njev
    np.testing.assert_array_equal(info["result"].jac, slopes(x, *popt))


def test_parameters_are_counted_as_the_signature_says():
    import functools

    x, y, _ = data()
    expected, _ = steep.curve_fit(model, x, y)

    @functools.wraps(model)
    def wrapped(*args):
        return model(*args)

    class Callable:
        def __call__(self, x, a, b):
            return model(x, a, b)

        def method(self, x, a, b=1.0):
            return model(x, a, b)

    for f in (
        wrapped,
        Callable(),
        Callable().method,
        functools.partial(model),
        lambda x, a, b=2.0, *, c=1: model(x, a, b),
    ):
        np.testing.assert_array_equal(steep.curve_fit(f, x, y)[0], expected)


def test_bounds_and_default_start():
    x, y, _ = data()
    popt, _ = steep.curve_fit(model, x, y, bounds=(0, [2.0, 5.0]))
    expected, _ = scipy.optimize.curve_fit(model, x, y, bounds=(0, [2.0, 5.0]))
    np.testing.assert_allclose(popt, expected, rtol=1e-5)
    assert popt[0] == 2.0


def test_undetermined_covariance_is_infinite_and_warns():
    x, y, _ = data()
    with pytest.warns(scipy.optimize.OptimizeWarning, match="could not be estimated"):
        _, pcov = steep.curve_fit(lambda x, a, b: (a + b) * np.exp(-x), x, y)
    assert np.isinf(pcov).all()
    with pytest.warns(scipy.optimize.OptimizeWarning):
        steep.curve_fit(model, x[:2], y[:2])


@pytest.mark.parametrize("full_output", [False, True])
def test_failure_raises_as_in_scipy(full_output):
    x, y, _ = data()
    for curve_fit in (steep.curve_fit, scipy.optimize.curve_fit):
        with pytest.raises(RuntimeError, match="Optimal parameters not found"):
            curve_fit(model, x, y, maxfev=1, full_output=full_output)


def test_data_are_checked():
    x, y, s = data()
    bad = y.copy()
    bad[3] = np.nan
    with pytest.raises(ValueError, match="ydata must be finite, got nan at row 3"):
        steep.curve_fit(model, x, bad)
    popt, _ = steep.curve_fit(model, x, bad, sigma=s, nan_policy="omit")
    keep = np.arange(40) != 3
    np.testing.assert_allclose(popt, steep.curve_fit(model, x[keep], y[keep], sigma=s[keep])[0], rtol=1e-12)
    with pytest.raises(ValueError, match="p0 must be given"):
        steep.curve_fit(lambda x, *b: b[0] * x, x, y)
    with pytest.raises(ValueError, match="f must return 40 values"):
        steep.curve_fit(lambda x, a: a * x[:5], x, y)
    with pytest.raises(ValueError, match="sigma must have shape"):
        steep.curve_fit(model, x, y, sigma=s[:5])


@pytest.mark.parametrize("name", ["curve_fit", "least_squares"])
def test_scipys_signature(name):
    ours = list(inspect.signature(getattr(steep, name)).parameters)
    theirs = [
        p for p in inspect.signature(getattr(scipy.optimize, name)).parameters if p != "kwargs" or name != "curve_fit"
    ]
    ours = [p for p in ours if p in theirs]
    assert ours == theirs


LINE_X = np.linspace(0, 1, 6)
LINE_Y = 2 * LINE_X + 1


def fit_line(**options):
    return steep.curve_fit(lambda x, a, b: a * x + b, LINE_X, LINE_Y, **options)


def test_a_transposed_jacobian_is_refused():
    with pytest.raises(ValueError, match=r"jac must return shape \(6, 2\), got shape \(2, 6\)"):
        fit_line(jac=lambda x, a, b: np.array([x, np.ones_like(x)]))


def test_a_sparse_jacobian_is_that_of_its_dense_array():
    found, _ = fit_line(jac=lambda x, a, b: scipy.sparse.csr_array(np.column_stack([x, np.ones_like(x)])))
    np.testing.assert_allclose(found, [2, 1], rtol=1e-12)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_sigma_must_be_positive(bad):
    with pytest.raises(ValueError, match=f"sigma must be positive, got {bad} in entry 2"):
        fit_line(sigma=[1, 1, bad, 1, 1, 1])


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_a_covariance_must_be_positive_definite(bad):
    with pytest.raises(ValueError, match="sigma must be"):
        fit_line(sigma=np.diag([1, 1, bad, 1, 1, 1]))


@pytest.mark.parametrize("bounds", [([0, 0, 0], [9, 9, 9]), (0, [9, 9, 9]), (0, 1, 2), 3])
@pytest.mark.parametrize("p0", [None, [1.0, 1.0]])
def test_bounds_of_another_length_are_refused(bounds, p0):
    with pytest.raises(ValueError, match="bounds must be"):
        fit_line(bounds=bounds, p0=p0)
