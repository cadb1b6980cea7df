"""What a run says where the data leave no good answer: separable classes, unbounded programs, wrong gradients."""

import warnings

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, OptimizeWarning

import steep

rng = np.random.default_rng(0)
X = rng.standard_normal((40, 4))
SIDES = (X[:, 0] > 0).astype(int)
OVERLAPPING = ((X[:, 0] + rng.standard_normal(40)) > 0).astype(int)
THIRDS = np.digitize(X[:, 0], [-0.5, 0.5])


@pytest.mark.parametrize("method", ["auto", "newton", "lbfgs", "bfgs", "trust_region", "newton_cg"])
@pytest.mark.parametrize("intercept", [False, True])
def test_separable_classes_are_named(method, intercept):
    f = steep.problems.logistic(X, SIDES, intercept=intercept)
    assert "The classes are separable" in steep.minimize(f, method=method).message
    f = steep.problems.softmax(X, THIRDS, intercept=True)
    assert "The classes are separable" in steep.minimize(f, method=method).message
    weight = np.where(OVERLAPPING == SIDES, 1.0, 0.0)
    f = steep.problems.logistic(X, OVERLAPPING, intercept=intercept, sample_weight=weight)
    assert "The classes are separable" in steep.minimize(f, method=method).message


@pytest.mark.parametrize("method", ["newton", "lbfgs"])
def test_classes_that_are_not_separable_are_not(method):
    for f in (
        steep.problems.logistic(X, OVERLAPPING, intercept=True),
        steep.problems.logistic(X, SIDES, l2=1e-3, intercept=True),
        steep.problems.softmax(X, (THIRDS + OVERLAPPING) % 3, intercept=True),
    ):
        res = steep.minimize(f, method=method)
        assert res.success
        assert "separable" not in res.message


def test_unbounded_linear_program_given_as_a_quadratic():
    f = steep.problems.quadratic(np.zeros((2, 2)), [1.0, 1.0])
    res = steep.minimize(f, constraints=[LinearConstraint([[1.0, 0.0]], -np.inf, 1.0)])
    assert res.status == "unbounded"
    assert res.direction @ [1.0, 1.0] < 0
    assert res.direction[0] <= 1e-9


@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "newton", "newton_cg", "conjugate_gradient", "gradient_descent"])
def test_a_gradient_of_another_function_is_suspected(method):
    res = steep.minimize(lambda x: x @ x, [1.0, 2.0], method, jac=lambda x: -2 * x, hess=lambda x: 2 * np.eye(2))
    assert res.status == "line_search_failed"
    assert "check_gradient" in res.message


def test_redundant_parameters_warn_of_the_covariance_alone():
    x = np.arange(5.0)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        _, covariance = steep.curve_fit(lambda x, a, b: (a + b) * x, x, 2 * x)
    assert [w.category for w in seen] == [OptimizeWarning]
    assert np.isposinf(covariance).all()


def test_hinge_without_penalty_names_the_penalty():
    with pytest.raises(ValueError, match="l2 must be positive to minimize the hinge loss, got 0"):
        steep.minimize(steep.problems.svm(X, SIDES, l2=0))


@pytest.mark.parametrize("method", ["newton", "newton_cg", "bfgs", "lbfgs"])
def test_a_tolerance_beyond_float32_ends_with_a_status(method):
    for seed in range(8):  # the rescue by trust regions began with vectors that had been moved away
        draw = np.random.default_rng(seed)
        A = draw.normal(size=(60, 5)).astype(np.float32)
        y = (A @ draw.normal(size=(5, 3)) + draw.normal(size=(60, 3))).argmax(1)
        f = steep.problems.softmax(A + 1, y, l2=1 / 60, intercept=True)
        res = steep.minimize(f, method=method, tol=1e-10, max_iter=200)
        assert res.status in ("converged", "line_search_failed", "max_iter")
        assert res.certificate.value < 1e-4  # the tolerance of float32


def test_newton_leaves_a_saddle_that_it_was_led_to():
    """From equal variables Newton's steps keep them equal, and the least of these points is a saddle of the whole."""
    powers = np.arange(1, 5)[:, None]
    sums = (np.array([1.0, 2.0, 2.0, 3.0]) ** powers).sum(axis=1)

    def f(x):
        r = (x**powers).sum(axis=1) - sums
        J = powers * x ** (powers - 1)
        H = J.T @ J + np.diag((r[:, None] * powers * (powers - 1) * x ** np.maximum(powers - 2, 0)).sum(axis=0))
        return r @ r, 2 * J.T @ r, 2 * H

    res = steep.minimize(
        lambda x: f(x)[0], np.full(4, 2.0), "newton", gradient=lambda x: f(x)[1], hessian=lambda x: f(x)[2]
    )
    assert res.success
    assert np.linalg.eigvalsh(f(res.x)[2]).min() > -1e-6
    assert res.fun < 1e-10
