"""Runs on one objective from several threads, their number of threads, Ctrl-C outside a run, and runs out of time."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import steep


def linear_problem(n=4000, d=200, **options):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    return steep.problems.logistic(X, X[:, 0] + rng.normal(size=n) > 0, l2=1e-4, **options)


CROWD = """
import threading, numpy as np, steep
rng = np.random.default_rng(0)
X = rng.normal(size=(3000, 20))
net = steep.MLP([20, 64, 64, 1], activation="tanh", dtype="float64")
f = steep.Risk(net, X, np.sin(X[:, 0]))
first = threading.Thread(target=lambda: steep.minimize(f, net.parameters, "lbfgs", max_time=1.0))
first.start()
others, n = [], 2
while first.is_alive():
    run = lambda n=n: steep.minimize(f, net.parameters, "lbfgs", max_iter=1, n_threads=n)
    others.append(threading.Thread(target=run))
    others[-1].start()
    n = n % 7 + 2
    first.join(0.02)
for other in others:
    other.join()
print(f._core.threads == steep.get_num_threads())
"""


def test_a_run_with_n_threads_waits_for_the_others():
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", CROWD], env=env, capture_output=True, text=True, timeout=200)
    assert done.stdout == "True\n", done.stderr or done.returncode


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="counts Linux's threads")
@pytest.mark.parametrize("kind", ["problem", "risk"])
def test_n_threads_holds_for_one_run(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50000, 60))
    y = (X[:, 0] > 0) * 1.0
    if kind == "problem":
        f = steep.problems.logistic(X, y, l2=1e-3)
    else:
        f = steep.Risk(steep.MLP([60, 5, 1], dtype="float64"), X, y, loss="logistic")
    own = f._core.threads

    def new_threads(n):
        before = len(os.listdir("/proc/self/task"))
        steep.minimize(f, np.zeros(f.dim), "lbfgs", max_iter=3, n_threads=n)
        return len(os.listdir("/proc/self/task")) - before

    assert new_threads(1) == 0
    assert new_threads(3) == 2
    assert f._core.threads == own
    assert new_threads(1) == 0


def test_a_path_leaves_the_objective_alone():
    f = linear_problem()
    path = threading.Thread(target=lambda: steep.regularization_path(f, n=30, ratio=1e-2))
    path.start()
    count = 0
    while path.is_alive():
        assert f._core.l1() is None
        time.sleep(0.001)
        count += 1
    path.join()
    assert count > 3
    assert steep.minimize(f, method="newton", max_iter=1).nit == 1


def test_a_path_without_time_ends_at_a_point():
    f = linear_problem(2000, 50)
    path = steep.regularization_path(f, max_time=0.0)
    assert path.status[-1] == "max_time"
    assert path.x.shape == (len(path.status), f.dim)
    assert not path.x[:, :-1].any()
    assert path.fun[-1] == pytest.approx(np.log(2), rel=1e-2)
    whole = steep.regularization_path(f, n=40, ratio=1e-3)
    for part in (0.2, 0.5):
        path = steep.regularization_path(f, n=40, ratio=1e-3, max_time=part * 0.05)
        assert np.isfinite(path.fun).all()
        assert (path.fun >= whole.fun[: len(path.fun)] - 1e-8).all()


def test_ctrl_c_outside_a_run_is_a_keyboard_interrupt():
    def stop(x, *_):
        raise KeyboardInterrupt

    F = steep.objectives.FunctionObjective
    f = F(stop, gradient=stop, hessian=stop, dim=1)
    calls = [
        lambda: f.value([1.0]),
        lambda: f.value_and_gradient([1.0]),
        lambda: f.hessian([1.0]),
        lambda: f.hessian_product([1.0], [1.0]),
        lambda: steep.least_squares(stop, [1.0]),
        lambda: steep.root(stop, [1.0]),
        lambda: steep.check_gradient(stop, [1.0], lambda x: x),
        lambda: steep.curve_fit(lambda x, a: stop(x), [1.0, 2.0], [1.0, 2.0]),
    ]
    for call in calls:
        with pytest.raises(KeyboardInterrupt):
            call()


def test_the_jacobian_of_residuals_waits_without_the_gil():
    f = steep.ResidualFunction(lambda x: np.array([x[0] - 1, x[1] * x[0]]), [0.5, 2.0])
    inside = threading.Event()

    def report(x):
        inside.set()
        time.sleep(0.05)

    method = steep.LevenbergMarquardt(damping="nielsen", initial_damping=1.0)
    run = threading.Thread(target=lambda: steep.minimize(f, [0.5, 2.0], method, callback=report, max_iter=5))
    run.start()
    assert inside.wait(30)
    ask = threading.Thread(target=lambda: f._core.weighted_jacobian(np.ones(2)), daemon=True)
    ask.start()
    run.join(30)
    ask.join(30)
    assert not run.is_alive()
    assert not ask.is_alive()


@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "newton", "trust_region", "newton_cg", "gradient_descent"])
def test_without_time_the_start_is_evaluated(method):
    res = steep.minimize(lambda x: x @ x, [1.0, 2.0], method, gradient=lambda x: 2 * x, max_time=0)
    assert res.status == "max_time"
    assert res.fun == 5.0
    np.testing.assert_array_equal(res.jac, [2.0, 4.0])
    assert res.certificate.value == 4.0
    assert len(res.trace["fun"]) == 1


def test_without_time_everything_made_of_a_result_works():
    res = steep.minimize(lambda x: x @ x, [1.0, 2.0], "bfgs", max_time=0)
    assert res.fun == 5.0
    pytest.importorskip("matplotlib").use("Agg")
    res.plot()
    above = {"type": "ineq", "fun": lambda x: x[0] - 0.5}
    res = steep.minimize(lambda x: x @ x, [1.0, 2.0], constraints=above, max_time=0)
    assert (res.status, res.fun) == ("max_time", 5.0)
    res = steep.least_squares(lambda x: x - 3, [1.0, 2.0], max_time=0)
    assert (res.cost, res.optimality) == (2.5, 2.0)
    for f in (linear_problem(100, 5), linear_problem(100, 5, penalty=steep.L1(0.01))):
        for method in ("auto", "lbfgs") if f._core.l1() is None else ("auto", "proximal_gradient"):
            res = steep.minimize(f, method=method, max_time=0)
            assert res.fun == pytest.approx(np.log(2))
            assert res.jac.shape == res.x.shape


def test_time_up_within_a_draft_keeps_what_it_found():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100000, 50))
    y = (X @ rng.normal(size=50) + rng.normal(size=100000) > 0) * 1.0
    f = steep.problems.logistic(X, y, l2=1e-8)
    method = steep.LBFGS(draft=True)
    first = steep.minimize(f, method=method, tol=1e-9).trace["seconds"][1]
    found = [steep.minimize(f, method=method, tol=1e-9, max_time=first * part) for part in (0.3, 0.5, 0.7)]
    assert max(res.fun for res in found) < 0.69


@pytest.mark.parametrize("where", [2, 4])
def test_ctrl_c_within_the_first_gradient_keeps_the_value(where):
    calls = 0

    def fun(x):
        nonlocal calls
        calls += 1
        if calls == where:
            raise KeyboardInterrupt
        return x @ x

    res = steep.minimize(fun, [1.0, 2.0, 3.0], "bfgs")
    assert (res.status, res.fun) == ("interrupted", 14.0)
    np.testing.assert_array_equal(res.x, [1.0, 2.0, 3.0])
    assert np.isnan(res.jac).all()
    assert np.isnan(res.certificate.value)
    assert res.certificate.bound == np.inf
    calls = where - 1
    res = steep.minimize(fun, [1.0, 2.0, 3.0], "bfgs")
    assert (res.status, res.fun) == ("interrupted", np.inf)


def test_geodesic_acceleration_needs_the_jacobian():
    f = steep.ResidualFunction(
        lambda x: np.array([10 * (x[1] - x[0] ** 2), 1 - x[0], x[0] * x[1] - 1]), [-1.2, 1.0], jac="cs"
    )
    with pytest.raises(ValueError, match="geodesic must be False where the Jacobian of residuals is not stored"):
        steep.minimize(f, method=steep.LevenbergMarquardt(geodesic=True, factorization="cholesky"))
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    net = steep.MLP([3, 6, 1], dtype="float64")
    with pytest.raises(ValueError, match=r"geodesic must be False .* network .* fewer parameters"):
        steep.minimize(steep.Risk(net, X, X[:, 0]), net.parameters, steep.LevenbergMarquardt(geodesic=True))
    few = steep.Risk(net, X[:5], X[:5, 0])
    res = steep.minimize(few, net.parameters, steep.LevenbergMarquardt(geodesic=True), max_iter=200)
    assert res.fun < 1e-10


def test_max_nfev_is_a_limit():
    calls = 0

    def residuals(x):
        nonlocal calls
        calls += 1
        far = abs(x[0] - 1) > 1e-9 and calls > 2
        return np.array([np.nan if far else x[0] - 2.0, 1.0])

    res = steep.least_squares(residuals, [1.0], jac=lambda x: np.array([[1.0], [0.0]]), max_nfev=4)
    assert (res.nfev, res.status) == (4, "max_iter")
    for geodesic in (False, True):
        for limit in range(1, 12):
            method = steep.LevenbergMarquardt(geodesic=geodesic, polish=True, xtol=1e-8, max_evaluations=limit)
            fun = lambda x: np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])  # noqa: E731
            res = steep.least_squares(fun, [-1.2, 1.0], jac="cs", method=method)
            assert res.nfev <= limit


def test_ctrl_c_in_the_last_evaluations_keeps_the_run():
    calls, last = 0, np.inf

    def residuals(x):
        nonlocal calls
        calls += 1
        if calls == last:
            raise KeyboardInterrupt
        return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])

    steep.least_squares(residuals, [-1.2, 1.0])
    whole, costs = calls, []
    for last in range(whole - 4, whole + 1):  # noqa: B007 (the residuals read it)
        calls = 0
        res = steep.least_squares(residuals, [-1.2, 1.0])
        assert (res.status, res.success) == ("interrupted", False)
        costs.append(res.cost)
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 2e-3  # that of the last step but one
