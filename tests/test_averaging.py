"""Averages of parameters over epochs."""

import numpy as np
import pytest

import steep as s


@pytest.mark.parametrize("decay", [None, 0.7])
def test_average_of_parameters(decay):
    X = np.random.default_rng(0).normal(size=(60, 3))
    net = s.MLP([3, 5, 1], dtype="float64")
    seen = []
    average = s.WeightAverage(start=2, decay=decay)
    calls = [average, lambda info: seen.append(info.network.parameters.copy())]
    s.train(net, X, X[:, 0], batch_size=10, epochs=6, callbacks=calls, progress=False)
    wanted = seen[2]
    for w in seen[3:]:
        wanted = 0.7 * wanted + 0.3 * w
    average.install(net)
    np.testing.assert_allclose(net.parameters, np.mean(seen[2:], axis=0) if decay is None else wanted, rtol=1e-12)


def test_average_takes_running_statistics_anew():
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, size=(512, 4))
    net = s.Network([s.Dense(6), s.BatchNorm(momentum=0.2), s.Dense(1)], 4, dtype="float64")
    average = s.WeightAverage()
    s.train(net, X, X[:, 0], epochs=3, callbacks=average, progress=False)
    with pytest.raises(ValueError, match="X must be given"):
        average.install(net)
    average.install(net, X, batch_size=256)
    Z = X @ net.layers[0].weight.T + net.layers[0].bias
    halves = Z[:256], Z[256:]
    np.testing.assert_allclose(net.layers[1].mean, np.mean([h.mean(0) for h in halves], axis=0), rtol=1e-9)
    np.testing.assert_allclose(net.layers[1].variance, np.mean([h.var(0, ddof=1) for h in halves], axis=0), rtol=1e-9)
    with pytest.raises(ValueError, match="start must be less"):
        s.WeightAverage(start=5).install(net, X)


def test_a_failed_install_changes_nothing():
    X = np.random.default_rng(0).normal(size=(64, 4))
    net = s.Network([s.Dense(6), s.BatchNorm(), s.Dense(1)], 4, dtype="float64")
    average = s.WeightAverage()
    s.train(net, X, X[:, 0], epochs=3, callbacks=average, progress=False)
    parameters, state = net.parameters.copy(), net.state.copy()
    for rows, message in ((X[:1], "X must have at least 2 rows"), (X[:0], "X must have"), (X[:, :2], "X must be")):
        with pytest.raises(ValueError, match=message):
            average.install(net, rows)
        np.testing.assert_array_equal(net.parameters, parameters)
        np.testing.assert_array_equal(net.state, state)
