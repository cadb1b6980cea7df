"""Fits side by side: the same bits as alone, the best, errors, Ctrl-C."""

import os
import signal
import threading

import numpy as np
import pytest

import steep

RNG = np.random.default_rng(42)
X = RNG.normal(size=(200, 3))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]


def various():
    """Fits of different widths, optimizers, penalties and seeds."""
    nets = [steep.MLP([3, 4 + i, 1], activation="tanh", dtype="float64", seed=i) for i in range(6)]
    options = [
        {"optimizer": steep.Adam(1e-2), "epochs": 20},
        {"optimizer": steep.LevenbergMarquardt(), "epochs": 10},
        {"optimizer": "lbfgs", "epochs": 15, "penalty": steep.L2(1e-3)},
        {"optimizer": steep.SGD(0.05), "epochs": 8, "validation": 0.25, "seed": 3},
        {"optimizer": "newton_cg", "epochs": 5},
        {"optimizer": steep.RMSProp(1e-2), "epochs": 5, "batch_size": 17},
    ]
    return [{"net": net, **o} for net, o in zip(nets, options, strict=True)]


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_the_same_bits_as_alone(n_threads):
    together = various()
    fits = steep.fit_many(together, X, Y, n_threads=n_threads)
    for fit, run, alone in zip(together, fits, various(), strict=True):
        own = dict(alone)
        one = steep.train(own.pop("net"), X, Y, **own)
        np.testing.assert_array_equal(fit["net"].parameters, one.network.parameters)
        np.testing.assert_array_equal(run.history["loss"], one.history["loss"])
        assert run.status == one.status
        assert run.network is fit["net"]


def test_table_and_best():
    nets = [steep.MLP([3, 5, 1], activation="tanh", dtype="float64", seed=s) for s in range(3)]
    fits = steep.fit_many(nets, X, Y, optimizer=steep.LevenbergMarquardt(), epochs=10)
    last = [run.history["objective"][-1] for run in fits]
    assert fits.best is fits.runs[int(np.argmin(last))]
    np.testing.assert_array_equal(fits.table["objective"], last)
    np.testing.assert_array_equal(fits.table["epochs"], [10, 10, 10])
    assert "*" in repr(fits)
    held = steep.fit_many(
        [steep.MLP([3, 5, 1], activation="tanh", seed=s) for s in range(3)], X, Y, epochs=40, validation=0.3,
        early_stopping=steep.EarlyStopping(patience=3), optimizer=steep.Adam(0.1),
    )  # fmt: skip
    assert held.monitor == "val_loss"
    np.testing.assert_array_equal(held.scores, [run.history["val_loss"].min() for run in held])


def test_diverged_fits_are_never_the_best():
    nets = [steep.MLP([3, 5, 1], dtype="float64", seed=s) for s in range(2)]
    fits = steep.fit_many(
        [{"net": nets[0], "optimizer": steep.SGD(1e6)}, {"net": nets[1], "optimizer": steep.Adam()}], X, Y, epochs=5
    )
    assert fits.runs[0].status == "diverged"
    assert fits.best_index == 1


@pytest.mark.parametrize("n_threads", [1, 3])
def test_errors_name_the_fit(n_threads):
    fits = various()
    fits[2]["epochs"] = -1
    with pytest.raises(ValueError, match=r"^fits\[2\]: epochs must be"):
        steep.fit_many(fits, X, Y, n_threads=n_threads)
    net = steep.MLP([3, 1], seed=0)
    with pytest.raises(ValueError, match=r"fits\[1\] must have a network of its own"):
        steep.fit_many([net, net], X, Y)
    with pytest.raises(ValueError, match=r"fits\[0\] must have y, got none"):
        steep.fit_many([net], X)
    with pytest.raises(TypeError, match=r"fits\[0\] must be a network or a mapping"):
        steep.fit_many([3], X, Y)


@pytest.mark.parametrize("optimizer", [steep.Adam(1e-3), steep.LevenbergMarquardt(restarts=1)])
def test_ctrl_c_stops_all(optimizer):
    rows = RNG.normal(size=(2000, 3))
    y = np.abs(rows).sum(axis=1)
    nets = [steep.MLP([3, 20, 1], activation="tanh", dtype="float64", seed=s) for s in range(6)]
    running = set()

    def interrupt_when_both_run(info):
        if len(running) < 2:
            running.add(threading.get_ident())
            if len(running) == 2:
                os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        fits = steep.fit_many(
            nets, rows, y, optimizer=optimizer, epochs=10**6, n_threads=2, callbacks=interrupt_when_both_run
        )
    finally:
        signal.signal(signal.SIGINT, before)
    words = list(fits.table["status"])
    assert words.count("interrupted") == 2
    assert words.count("not_started") == 4


def test_a_network_alone_is_told_the_right_call():
    net = steep.MLP([3, 4, 1], dtype="float64", seed=0)
    for alone in (net, {"net": net}):
        with pytest.raises(TypeError, match=r"fit_many\(\[net, other, ...\], X, y\)"):
            steep.fit_many(alone, X, Y)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_callback_stops_its_own_fit_only(n_threads):
    nets = [steep.MLP([3, 4, 1], dtype="float64", seed=s) for s in range(3)]
    fits = steep.fit_many(
        nets, X, X[:, 0], n_threads=n_threads, epochs=4,
        callbacks=lambda info: info.network is nets[0],
    )  # fmt: skip
    assert list(fits.table["status"]) == ["interrupted", "max_epochs", "max_epochs"]
    with pytest.raises(ValueError, match="fits must be at least one, got none"):
        steep.fit_many([], X, X[:, 0])
