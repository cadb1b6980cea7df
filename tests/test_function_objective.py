"""Python functions as objectives: differences, shapes, NaN, exceptions, Ctrl-C."""

import os
import re
import signal
import threading
import time

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der, rosen_hess, rosen_hess_prod

import steep
from steep.objectives import FunctionObjective

X0 = np.array([-1.2, 1.0, 0.5])
METHODS = ["bfgs", "lbfgs", "newton", "trust_region", "newton_cg", "conjugate_gradient"]


def test_exact_derivatives_pass_through():
    f = FunctionObjective(rosen, gradient=rosen_der, hessian=rosen_hess, hessian_product=rosen_hess_prod, dim=3)
    v = np.array([1.0, 2.0, 3.0])
    assert f.value(X0) == rosen(X0)
    np.testing.assert_array_equal(f.gradient(X0), rosen_der(X0))
    np.testing.assert_array_equal(f.hessian(X0), rosen_hess(X0))
    np.testing.assert_array_equal(f.hessian_product(X0, v), rosen_hess_prod(X0, v))
    assert f._core.approximated == ""


# Errors of the formulas: h f'' for 2-point (1.5e-8 * 1e3), h^2 f''' for 3-point, and rounding over h.
@pytest.mark.parametrize(("differences", "tolerance"), [("2-point", 1e-4), ("3-point", 1e-6)])
def test_differences(differences, tolerance):
    f = FunctionObjective(rosen, dim=3, differences=differences)
    np.testing.assert_allclose(f.gradient(X0), rosen_der(X0), atol=tolerance)
    g = FunctionObjective(rosen, gradient=rosen_der, dim=3, differences=differences)
    np.testing.assert_allclose(g.hessian(X0), rosen_hess(X0), atol=100 * tolerance)
    v = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(g.hessian_product(X0, v), rosen_hess_prod(X0, v), atol=1e-4)
    # Second differences of values alone: eps^(1/4) = 1e-4 steps.
    np.testing.assert_allclose(f.hessian(X0), rosen_hess(X0), atol=2.0)
    assert differences in f._core.approximated


def test_the_result_says_what_was_approximated():
    res = steep.minimize(rosen, X0, "bfgs")
    assert res.success
    assert re.search("gradient by [23]-point differences", res.message)
    assert len(res.trace["fun"]) == res.nit + 1
    res = steep.minimize(rosen, X0, "newton", gradient=rosen_der)
    assert "Hessian by 2-point" in res.message
    assert "gradient by" not in res.message.replace("gradient norm", "")
    res = steep.minimize(rosen, X0, "bfgs", gradient="3-point", tol=1e-7)
    assert res.success
    assert "3-point" in res.message
    assert "Approximated" not in steep.minimize(rosen, X0, "bfgs", gradient=rosen_der).message


def test_differences_stay_within_bounds():
    def fun(x):
        assert (x <= 1).all()
        assert (x >= 0).all()
        return float(((x - 2) ** 2).sum())

    for kind in ("2-point", "3-point"):
        res = steep.minimize(fun, [0.5, 0.0], gradient=kind, bounds=[(0, 1)] * 2)
        np.testing.assert_array_equal(res.x, 1)


def test_evaluations_are_those_of_the_function():
    calls = []

    def fun(x):
        calls.append(x)
        return rosen(x)

    res = steep.minimize(fun, X0, "bfgs")
    assert res.nfev == len(calls)


def test_value_and_gradient_in_one():
    res = steep.minimize(lambda x: (rosen(x), rosen_der(x)), X0, "bfgs", gradient=True)
    assert res.success
    with pytest.raises(ValueError, match=r"must return \(value, gradient\)"):
        steep.minimize(rosen, X0, "bfgs", gradient=True)


def test_args_and_kept_arrays():
    kept = []

    def fun(x, a, b):
        kept.append(x)
        return a * x @ x + b

    res = steep.minimize(fun, [1.0, 2.0], "bfgs", jac=lambda x, a, b: 2 * a * x, args=(3.0, 1.0))
    assert res.fun == pytest.approx(1)
    np.testing.assert_array_equal(kept[0], [1.0, 2.0])  # not overwritten by later points


def test_functions_may_change_their_argument():
    def fun(x):
        value = x @ x
        x[:] = np.nan
        return value

    res = steep.minimize(fun, [1.0, 2.0], "bfgs", jac=lambda x: 2 * x)
    assert res.success


@pytest.mark.parametrize("value", [np.float32(2.0), 2, True, np.array([2.0]), np.array(2.0), np.int64(2)])
def test_kinds_of_numbers(value):
    assert FunctionObjective(lambda x: value, dim=1).value([0.0]) == float(np.asarray(value).item())


@pytest.mark.parametrize("value", ["2", None, np.zeros(2), 1j, np.array([1j]), pytest.param(10**400, id="huge")])
def test_what_is_no_number(value):
    with pytest.raises(ValueError, match=r"the function must return one real number, got .* at x = \[0\.\]"):
        FunctionObjective(lambda x: value, dim=1).value([0.0])


@pytest.mark.parametrize("value", [np.zeros(3), np.zeros((2, 1)), 1.0, None, "ab", [1, [2, 3]]])
def test_wrong_gradients_name_the_point(value):
    with pytest.raises(ValueError, match=r"the gradient must return a vector of length 2.* at x = \[1\. 2\.\]"):
        steep.minimize(lambda x: x @ x, [1.0, 2.0], "bfgs", jac=lambda x: value)


def test_gradients_of_other_types():
    for convert in (list, tuple, lambda g: g.astype(np.float32), lambda g: np.repeat(g, 2)[::2]):
        f = FunctionObjective(lambda x: x @ x, gradient=lambda x, convert=convert: convert(2 * x), dim=2)
        np.testing.assert_allclose(f.gradient([1.0, 2.0]), [2, 4])


def test_wrong_hessian():
    with pytest.raises(ValueError, match=r"the Hessian must return an array of shape \(2, 2\), got shape \(3, 3\)"):
        steep.minimize(lambda x: x @ x, [1.0, 2.0], "newton", jac=lambda x: 2 * x, hess=lambda x: np.eye(3))


def test_sparse_hessian():
    from scipy.sparse import csr_array

    res = steep.minimize(
        lambda x: x @ x, [1.0, 2.0], "newton", jac=lambda x: 2 * x, hess=lambda x: csr_array(2 * np.eye(2))
    )
    assert res.success


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_at_the_start(bad):
    with pytest.raises(ValueError, match=r"the objective must be finite at x0, got .* at \[1, 2\]"):
        steep.minimize(lambda x: bad, [1.0, 2.0], "bfgs", jac=lambda x: x)
    with pytest.raises(ValueError, match=r"the gradient must be finite at x0, got .* in entry 1 at \[1, 2\]"):
        steep.minimize(lambda x: x @ x, [1.0, 2.0], "bfgs", jac=lambda x: np.array([1.0, bad]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("method", METHODS)
def test_not_finite_on_the_way(method, bad):
    """-log(x) + x beyond its domain: trials outside are refused, the minimum at 1 is found."""

    def inside(value, x):
        return value if (x > 0).all() else (np.full_like(value, bad) if np.ndim(value) else bad)

    with np.errstate(all="ignore"):
        res = steep.minimize(
            lambda x: inside((x - np.log(x)).sum(), x),
            [1e-3, 4.0],
            method,
            jac=lambda x: inside(1 - 1 / x, x),
            hess=lambda x: np.diag(1 / x**2),
        )
    assert res.success, res.message
    np.testing.assert_allclose(res.x, 1, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_exceptions_pass_through(method):
    class Mine(Exception):
        pass

    error = Mine("here")
    calls = 0

    def fun(x):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise error
        return rosen(x)

    with pytest.raises(Mine) as caught:
        steep.minimize(fun, X0, method, jac=rosen_der, hess=rosen_hess)
    assert caught.value is error
    # And the objective works again.
    assert steep.minimize(fun, X0, method, jac=rosen_der, hess=rosen_hess).success

    def broken(x):
        raise error

    with pytest.raises(Mine):
        steep.minimize(fun, X0, method, jac=rosen_der, hess=rosen_hess, callback=broken)


@pytest.mark.parametrize("where", ["python", "core"])
def test_ctrl_c_returns_the_best_so_far(where):
    def slow(x):
        if where == "python":
            time.sleep(0.001)
        return float(np.sqrt(1 + (x - 1) ** 2 * 1e-3).sum()), 1e-3 * (x - 1) / np.sqrt(1 + (x - 1) ** 2 * 1e-3)

    sent = []

    def send():
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.15, send)
    timer.start()
    try:
        if where == "python":
            res = steep.minimize(
                slow, np.full(3, 1e3), steep.GradientDescent(1e-2), gradient=True, max_iter=10**7, tol=0
            )
        else:
            f = steep.problems.quadratic(np.diag(np.geomspace(1e-12, 1, 500)), np.ones(500))
            res = steep.minimize(f, np.zeros(500), steep.GradientDescent(1e-3), max_iter=10**9, tol=0)
        answered = time.perf_counter()
    finally:
        timer.join()
    assert res.status == "interrupted"
    assert answered - sent[0] < 0.2
    assert res.fun <= res.trace["fun"][0]


def test_an_objective_may_minimize_another():
    def outer(a):
        inner = steep.minimize(lambda x: (x - a) @ (x - a) + x @ x, [0.0], "bfgs", jac=lambda x: 2 * (x - a) + 2 * x)
        return inner.fun

    res = steep.minimize(outer, [3.0], "bfgs")
    assert abs(res.x[0]) < 1e-4


def test_threads_side_by_side():
    f = FunctionObjective(rosen, gradient=rosen_der, dim=10)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(steep.minimize(f, np.zeros(10), "bfgs").x)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(results) == 4
    for x in results:
        np.testing.assert_array_equal(x, results[0])


def test_bad_arguments():
    with pytest.raises(ValueError, match="x0 must be given for a function"):
        steep.minimize(rosen)
    with pytest.raises(ValueError, match="x0 must be finite, got nan in entry 1"):
        steep.minimize(rosen, [0, np.nan])
    with pytest.raises(TypeError, match="f must be an Objective or a function"):
        steep.minimize(3, [0.0])
    with pytest.raises(ValueError, match="gradient must be given once"):
        steep.minimize(rosen, X0, gradient=rosen_der, jac=rosen_der)
    with pytest.raises(ValueError, match=r"bounds must have low <= high, got \(1.0, 0.0\) in entry 2"):
        steep.minimize(rosen, X0, bounds=[(0, 1), (0, 1), (1, 0)])
    with pytest.raises(ValueError, match="x0 must be given for function"):
        steep.minimize(FunctionObjective(rosen, dim=2, name="function"))
