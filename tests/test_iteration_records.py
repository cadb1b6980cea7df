"""The history of full-batch methods: recorded many iterations at once or one by one, it is the same."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import steep
from steep import full_batch

RNG = np.random.default_rng(42)
X = RNG.normal(size=(60, 2))
Y = np.column_stack([np.sin(X[:, 0]), X[:, 1] ** 2])
METHODS = ["levenberg_marquardt", "lbfgs", "newton_cg", "trust_region", "bayesian_regularization", "bfgs"]


def net_of(dtype="float64"):
    return steep.MLP([2, 6, 2], activation="tanh", dtype=dtype, seed=0)


@pytest.mark.parametrize(
    ("method", "penalty"),
    [(m, p) for m in METHODS for p in (None, steep.L2(1e-3)) if p is None or m != "bayesian_regularization"],
)
def test_batched_and_single_records_are_identical(method, penalty, monkeypatch):
    histories, calls = [], []
    several = full_batch._Loop.after_iterations
    for interval in (10.0, 0.0):  # all at the end; one by one
        monkeypatch.setattr(full_batch, "_INTERVAL", interval)
        monkeypatch.setattr(
            full_batch._Loop, "after_iterations", lambda self, *rows: (calls.append(len(rows[0])), several(self, *rows))
        )
        run = steep.train(net_of(), X, Y, optimizer=method, epochs=40, penalty=penalty)
        assert len(run.history["loss"]) == run.epochs
        histories.append(run.history)
    batched, single = histories
    n = len(batched["loss"])
    assert n > 5
    assert calls == [n] + [1] * n
    assert list(batched) == list(single)
    for name in batched:
        if name != "seconds":
            np.testing.assert_array_equal(batched[name], single[name], err_msg=name)
    assert (np.diff(batched["seconds"]) >= 0).all()


def test_records_are_those_a_callback_sees():
    """Loss, norms and the layers' norms against the risk's own values at the callback's parameters."""
    penalty, rows = steep.L2(1e-2), []
    net = net_of()
    f = steep.Risk(net, X, Y, penalty=penalty)
    plain = steep.Risk(net, X, Y)

    def look(info):
        w = info.network.parameters.copy()
        rows.append((plain.value(w), f.value(w), f.gradient(w)))

    steep.train(net, X, Y, optimizer="lbfgs", epochs=15, penalty=penalty, callbacks=look)
    history = steep.train(net_of(), X, Y, optimizer="lbfgs", epochs=15, penalty=penalty).history
    loss, objective, gradient = (np.array(column) for column in zip(*rows, strict=True))
    np.testing.assert_allclose(history["loss"], loss, rtol=1e-12)
    np.testing.assert_allclose(history["objective"], objective, rtol=1e-12)
    np.testing.assert_allclose(history["gradient_norm"], np.linalg.norm(gradient, axis=1), rtol=1e-9)
    cut = 2 * 6 + 6  # parameters of the first layer
    layers = [np.linalg.norm(gradient[:, :cut], axis=1), np.linalg.norm(gradient[:, cut:], axis=1)]
    np.testing.assert_allclose(history["layer_gradient_norm"], np.transpose(layers), rtol=1e-9)


def long_fit(**options):
    x = RNG.normal(size=(3000, 5))
    net = steep.MLP([5, 20, 1], activation="tanh", dtype="float64", seed=0)
    began = time.perf_counter()
    run = steep.train(
        net, x, np.abs(x).sum(axis=1), optimizer=steep.LevenbergMarquardt(), epochs=10**6, tol=0.0, **options
    )
    return run, time.perf_counter() - began


def test_time_stops_a_run_that_nothing_looks_at():
    run, spent = long_fit(max_time=0.3)
    assert run.status == "max_time"
    assert 0.25 < spent < 0.3 + 0.2
    assert len(run.history["loss"]) == run.epochs > 3
    assert run.history["seconds"][-1] < spent


def test_ctrl_c_stops_a_run_that_nothing_looks_at():
    sent = []

    def press():
        time.sleep(0.4)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=press)
    thread.start()
    try:
        run, _ = long_fit()
        answered = time.perf_counter() - sent[0]
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)
    assert run.status == "interrupted"
    assert "after" in run.message
    assert "callback" not in run.message
    assert answered < 0.2 + 0.1  # a loaded machine
    assert len(run.history["loss"]) == run.epochs > 0


def test_ctrl_c_stops_fits_that_nothing_looks_at():
    x = RNG.normal(size=(3000, 5))
    nets = [steep.MLP([5, 20, 1], activation="tanh", dtype="float64", seed=s) for s in range(4)]
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer.start()
    try:
        fits = steep.fit_many(
            nets, x, np.abs(x).sum(axis=1), optimizer=steep.LevenbergMarquardt(), epochs=10**6, tol=0.0, n_threads=2
        )
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert list(fits.table["status"]) == ["interrupted"] * 2 + ["not_started"] * 2


@pytest.mark.parametrize("method", ["levenberg_marquardt", "lbfgs", "bayesian_regularization"])
def test_ctrl_c_loses_no_iteration_whenever_it_comes(method):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for k in range(12):
            timer = threading.Timer(0.02 + 0.0113 * k, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            try:
                run = steep.train(net_of(), X, Y, optimizer=method, epochs=10**7, tol=0.0, max_time=2.0)
                timer.join()
            except KeyboardInterrupt:  # it came when the run had ended
                continue
            assert len(run.history["loss"]) == run.epochs, (k, run.message)
    finally:
        signal.signal(signal.SIGINT, before)
