"""Restarts in minimize and train: the runs from each start, the best of them, and max_time for all together."""

import time

import numpy as np
import pytest

import steep

RNG = np.random.default_rng(42)
X = RNG.normal(size=(60, 2))
Y = np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] ** 2


def net_of(seed=5, dtype="float64"):
    return steep.MLP([2, 6, 1], activation="tanh", dtype=dtype, seed=seed)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_minimize_runs_each_start(n_threads, dtype):
    net = net_of(dtype=dtype)
    f = steep.Risk(net, X, Y)
    before = net.parameters.copy()
    res = steep.minimize(
        f, net.parameters, steep.LevenbergMarquardt(restarts=4), max_iter=15, n_threads=n_threads, return_all=True
    )
    np.testing.assert_array_equal(net.parameters, before)
    assert len(res.restarts) == 4
    funs = [one.fun for one in res.restarts]
    assert len(set(funs)) == 4
    assert res.fun == min(funs)
    assert res.message.startswith(f"Best of 4 starts (number {int(np.argmin(funs))}). ")
    for number, found in enumerate(res.restarts):
        start = net_of(5 + number, dtype).parameters
        alone = steep.minimize(f, start, steep.LevenbergMarquardt(), max_iter=15)
        np.testing.assert_array_equal(found.x, alone.x)
        assert len(found.allvecs) == found.nit + 1
        np.testing.assert_array_equal(found.allvecs[0], start.astype(np.float64))


def test_minimize_starts_at_x0():
    x0 = RNG.normal(size=net_of().parameters.size)
    f = steep.Risk(net_of(), X, Y)
    res = steep.minimize(f, x0, steep.LevenbergMarquardt(restarts=2), max_iter=5)
    np.testing.assert_array_equal(res.restarts[0].x, steep.minimize(f, x0, "levenberg_marquardt", max_iter=5).x)


def test_minimize_and_train_find_the_same():
    net, method = net_of(), steep.LevenbergMarquardt(restarts=3)
    res = steep.minimize(steep.Risk(net, X, Y), net.parameters, method, max_iter=20)
    steep.train(net, X, Y, optimizer=method, epochs=20)
    np.testing.assert_array_equal(net.parameters, res.x)


def test_the_best_by_evidence():
    y = Y + 0.1 * RNG.normal(size=60)
    f = steep.Risk(net_of(), X, y)
    res = steep.minimize(f, net_of().parameters, steep.BayesianRegularization(restarts=3), max_iter=100)
    assert res.log_evidence == max(one.log_evidence for one in res.restarts)
    assert len({one.log_evidence for one in res.restarts}) == 3


@pytest.mark.parametrize("call", ["minimize", "train"])
def test_max_time_is_for_all_starts(call):
    x = RNG.normal(size=(4000, 5))
    y = np.abs(x).sum(axis=1)
    net = steep.MLP([5, 20, 1], activation="tanh", dtype="float64", seed=0)
    method = steep.LevenbergMarquardt(restarts=6)
    began = time.perf_counter()
    if call == "minimize":
        res = steep.minimize(
            steep.Risk(net, x, y), net.parameters, method, tol=0.0, max_iter=10**6, max_time=0.4, n_threads=1
        )
    else:
        res = steep.train(net, x, y, optimizer=method, epochs=10**6, tol=0.0, max_time=0.4, n_threads=1)
    assert time.perf_counter() - began < 0.4 + 0.3
    assert res.status == "max_time"
    assert [one.status for one in res.restarts] == ["max_time"] * 6


def test_no_time_at_all():
    net = net_of()
    other = net_of()
    other.initialize(net.seed + 1)
    starts = [net.parameters.copy(), other.parameters.copy()]
    run = steep.train(net, X, Y, optimizer=steep.LevenbergMarquardt(restarts=2), max_time=0.0)
    assert run.status == "max_time"
    values = [steep.Risk(net, X, Y).value(start) for start in starts]  # each is evaluated, and the better kept
    np.testing.assert_array_equal(net.parameters, starts[int(np.argmin(values))])


def test_where_no_other_start_is_known():
    method = steep.LevenbergMarquardt(restarts=8)
    text = "restarts must be 1 with .*: other starts are known for networks only.* got 8"
    residuals = steep.ResidualFunction(lambda x: [x[0] - 1], [0.0], jac="cs")
    with pytest.raises(ValueError, match=text):
        steep.minimize(residuals, method=method)
    with pytest.raises(ValueError, match=text):
        steep.least_squares(lambda x: x - 1, [0.0], method=method)
    with pytest.raises(ValueError, match=text):
        steep.curve_fit(lambda x, a: a * x, X[:, 0], Y, method=method)


def test_a_start_that_is_optimal_already_is_kept():
    net = net_of()
    steep.train(net, X, Y, optimizer=steep.LevenbergMarquardt(restarts=4), epochs=3000)
    best = steep.Risk(net, X, Y).value(net.parameters)
    for validation in (None, (X, Y)):
        run = steep.train(
            net, X, Y, optimizer=steep.LevenbergMarquardt(restarts=3), epochs=2, tol=1e-3, validation=validation
        )
        assert run.epochs == 0
        assert steep.Risk(net, X, Y).value(net.parameters) == best


@pytest.mark.parametrize("call", ["minimize", "train"])
def test_a_draw_that_is_no_start_is_passed_over(call):
    net = steep.MLP([2, 3, 1], activation="tanh", output="exp", dtype="float64", seed=1, input_scale=1e-3)
    net.parameters[...] = 0.0
    rows, target = 1e6 * X, np.abs(Y)
    initialize = type(net).initialize

    def wild(self, seed=None):
        initialize(self, seed)
        self.parameters *= 1e4

    method = steep.LevenbergMarquardt(restarts=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(net), "initialize", wild)
        if call == "minimize":
            res = steep.minimize(steep.Risk(net, rows, target), net.parameters, method, max_iter=5)
            assert len(res.restarts) == 1
        else:
            run = steep.train(net, rows, target, optimizer=method, epochs=5)
            assert [one is None for one in run.restarts] == [False, True, True]
        net.parameters[...] = 1e4
        with pytest.raises(ValueError, match=r"^(net\.parameters must give a finite loss|.*must be finite at x0)"):
            steep.train(net, rows, target, optimizer=method, epochs=5)


def test_evidence_decides_for_large_networks_too():
    nets = [steep.MLP([2, width, 1], activation="tanh", dtype="float64", seed=0) for width in (4, 260)]
    fits = steep.fit_many(nets, X, Y, optimizer=steep.BayesianRegularization(), epochs=12)
    assert nets[1].parameters.size > 1000
    assert fits.monitor == "-log_evidence"
    np.testing.assert_array_equal(fits.scores, [-run.log_evidence for run in fits.runs])
    with pytest.raises(ValueError, match="loss must be a likelihood with bayesian_regularization"):
        steep.train(net_of(), X, Y, loss=steep.Huber(0.1), optimizer=steep.BayesianRegularization())
    for scale in ([1.0, 2.0], np.ones(40)):
        with pytest.raises(ValueError, match="x_scale must have 25 entries"):
            steep.train(net_of(), X, Y, optimizer=steep.LevenbergMarquardt(x_scale=scale))
