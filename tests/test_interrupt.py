"""Ctrl-C: the parameters and the history so far within 0.2 s; and the run can go on."""

import signal
import threading
import time

import numpy as np
import pytest

import steep


def interrupt_after(seconds):
    """Send SIGINT to this process; return when it was sent."""
    sent = []

    def send():
        time.sleep(seconds)
        sent.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    return sent, thread


def problem(n=20000, d=100):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)).astype(np.float32), rng.integers(0, 10, n)


SITUATIONS = {
    "small steps": {"batch_size": 8},
    "one step an epoch": {"batch_size": 20000},
    "validation": {"batch_size": 20000, "validation": problem()},
    "metrics": {"batch_size": 2000, "metrics": "accuracy"},
    "callbacks": {"callbacks": lambda info: time.sleep(0.05)},
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_first_interrupt_returns(name):
    X, y = problem()
    net = steep.MLP([100, 200, 10], output="softmax")
    start = net.parameters.copy()
    sent, thread = interrupt_after(0.4)
    run = steep.train(net, X, y, epochs=10**6, **SITUATIONS[name])
    waited = time.perf_counter() - sent[0]
    thread.join()
    assert run.status == "interrupted"
    assert run.message.startswith("Interrupted in epoch")
    assert waited < 0.2 + 0.1  # a loaded machine
    assert (net.parameters != start).any()
    assert len(run.history["loss"]) == run.epochs


def test_an_interrupted_run_goes_on():
    X, y = problem(3000)

    def train(net, **options):
        return steep.train(net, X, y, epochs=12, batch_size=1, validation=0.1, **options)

    whole, parts = (steep.MLP([100, 30, 10], output="softmax") for _ in range(2))
    begin = time.perf_counter()
    expected = train(whole)
    _, thread = interrupt_after(0.4 * (time.perf_counter() - begin))
    run = train(parts)
    thread.join()
    assert run.status == "interrupted"
    run = train(parts, resume=run)
    np.testing.assert_array_equal(parts.parameters, whole.parameters)
    np.testing.assert_array_equal(run.history["val_loss"], expected.history["val_loss"])


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_interrupt_in_a_callback(optimizer):
    X, y = problem(200)

    def look(info):
        if info.epoch == 2:
            raise KeyboardInterrupt

    net = steep.MLP([100, 5, 10], output="softmax", dtype="float64")
    run = steep.train(net, X, y, epochs=9, optimizer=optimizer, callbacks=look)
    assert (run.status, run.epochs, len(run.history["loss"])) == ("interrupted", 2, 2)
    np.testing.assert_array_equal(net.parameters, run.state.parameters)


def test_predict_raises():
    net = steep.MLP([100, 1000, 1000, 10])
    X, _ = problem(60000)
    X = np.repeat(X, 10, axis=0)  # some seconds of work
    sent, thread = interrupt_after(0.3)
    with pytest.raises(KeyboardInterrupt):
        net.predict(X)
    assert time.perf_counter() - sent[0] < 0.3
    thread.join()


def test_another_signal_handler_is_heard():
    """An exception of a handler of the user's goes through."""

    class Enough(Exception):
        pass

    def handler(*_):
        raise Enough

    X, y = problem()
    before = signal.signal(signal.SIGUSR1, handler)
    timer = threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(Enough):
            steep.train(steep.MLP([100, 20, 10], output="softmax"), X, y, epochs=10**6)
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("shape", [(3000, 2200), (2200, 3000)])
def test_a_rank_deficient_direct_solve_is_interrupted(shape):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(shape[0], 700)) @ rng.normal(size=(700, shape[1]))
    f = steep.problems.least_squares(X, X[:, 0] + rng.normal(size=shape[0]))
    sent, thread = interrupt_after(0.5)
    res = steep.minimize(f, method="direct")
    waited = time.perf_counter() - sent[0]
    thread.join()
    assert res.status == "interrupted"
    assert waited < 1.0  # the old way: until the whole decomposition was done, 5 s and more


def long_eigenvalues():
    A = np.random.default_rng(0).normal(size=(2500, 2500))
    return steep.problems.quadratic(A @ A.T / 2500, np.ones(2500)), None, "accelerated_gradient"


def long_eigenvectors():
    A = np.random.default_rng(0).normal(size=(1200, 1199))
    A = A @ A.T
    return steep.problems.quadratic(A, A.sum(1)), None, "direct"


def long_pivoted_factor():
    A = np.random.default_rng(0).normal(size=(2500, 1200))
    f = steep.ResidualFunction(lambda x: A @ x - 1, np.zeros(1200), jac=lambda x: A)
    return f, None, steep.LevenbergMarquardt(factorization="qr")


@pytest.mark.parametrize("make", [long_eigenvalues, long_eigenvectors, long_pivoted_factor])
def test_a_long_decomposition_is_interrupted(make):
    problem = make()
    sent, thread = interrupt_after(0.3)
    res = steep.minimize(*problem)
    waited = time.perf_counter() - sent[0]
    thread.join()
    assert res.status == "interrupted", res.message
    assert waited < 0.2 + 0.1
