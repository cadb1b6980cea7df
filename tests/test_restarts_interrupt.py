"""Ctrl-C while restarts run side by side: the best of what they have, and no thread that runs on."""

import signal
import threading
import time

import numpy as np
import pytest

import steep
from steep.sklearn import MLPRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3000, 20))
Y = np.sin(X).sum(1)
OPTIONS = {"max_iter": 10**6, "tol": 0, "max_time": 30}


class Stop(Exception):
    pass


@pytest.fixture
def press():
    """Press Ctrl-C once the runs are at work."""
    threads = threading.active_count()

    def go():
        while threading.active_count() < threads + 2:
            time.sleep(0.01)
        time.sleep(0.3)
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    yield
    thread.join()
    end = time.monotonic() + 5
    while threading.active_count() > threads and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() == threads


def minimize(callback=None):
    net = steep.Network([steep.Dense(10, "tanh"), steep.Dense(1)], 20, seed=0)
    risk = steep.Risk(net, X, Y, loss="squared_error")
    start = net.parameters.astype(float)
    return steep.minimize(risk, start, steep.LevenbergMarquardt(restarts=3), callback=callback, **OPTIONS)


@pytest.mark.parametrize("callback", [None, lambda x: None, lambda intermediate_result: None])
def test_minimize(press, callback):
    result = minimize(callback)
    assert result.nit > 0
    assert "Interrupted after" in result.message
    assert np.isfinite(result.fun)


def test_a_handler_that_raises(press):
    def handler(*_):
        raise Stop

    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(Stop):
            minimize()
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("callbacks", [(), lambda info: False])
def test_scikit_learn(press, callbacks):
    model = MLPRegressor(
        hidden_layer_sizes=(10,), activation="tanh", solver=steep.LevenbergMarquardt(restarts=3), random_state=0,
        callbacks=callbacks, **OPTIONS,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="Training interrupted by user."):
        model.fit(X, Y)
    assert model.n_iter_ == len(model.loss_curve_) > 0
    assert model.score(X, Y) > 0.5
    assert "Interrupted after" in model.result_.message
