"""The range test of learning rates."""

import numpy as np
import pytest

import steep as s


@pytest.mark.parametrize(
    ("output", "outputs", "loss"),
    [("softmax", 3, None), ("identity", 1, "squared_error"), ("sigmoid", 1, None), ("exp", 1, "poisson")],
)
def test_range_test_finds_a_rate_that_trains(output, outputs, loss):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 4))
    y = np.digitize(X[:, 0] + X[:, 1], [-0.7, 0.7]) if outputs == 3 else (X[:, 0] + X[:, 1] > 0).astype(float)
    net = s.MLP([4, 16, outputs], "tanh", output, seed=1)
    before = net.parameters.copy()
    found = s.learning_rate_range(net, X, y, loss=loss, low=1e-5, high=10.0, steps=120)
    np.testing.assert_array_equal(net.parameters, before)
    assert found.rates.shape == found.losses.shape
    np.testing.assert_allclose(found.rates[1] / found.rates[0], 1e6 ** (1 / 119))
    first = s.train(net, X, y, loss=loss, optimizer=s.Adam(found.suggestion), epochs=20, progress=False).history["loss"]
    assert first[-1] < 0.8 * first[0]
    with pytest.raises(ValueError, match="low must be less than high"):
        s.learning_rate_range(net, X, y, loss=loss, low=1.0, high=0.1)


def test_range_test_plots():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    X = np.random.default_rng(0).normal(size=(50, 2))
    figure = s.learning_rate_range(s.MLP([2, 1]), X, X[:, 0], steps=20).plot()
    assert figure.axes[0].get_xscale() == "log"
    matplotlib.pyplot.close(figure)


def test_range_test_of_losses_below_zero_goes_on():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 1))
    y = rng.poisson(np.exp(2 + 0.3 * X[:, 0]))
    net = s.MLP([1, 1], output="exp", seed=1)
    s.train(net, X, y, optimizer=s.Adam(0.05), epochs=50, progress=False)
    found = s.learning_rate_range(net, X, y)
    assert found.losses[0] < 0
    assert len(found.losses) > 50


def test_range_test_sees_targets_in_the_networks_units():
    X = np.random.default_rng(0).normal(size=(200, 3))
    plain, scaled = (s.MLP([3, 8, 1], "tanh", seed=1) for _ in range(2))
    scaled.output_scale, scaled.output_shift = 1000.0, 5.0
    a = s.learning_rate_range(plain, X, X[:, 0], optimizer="sgd")
    b = s.learning_rate_range(scaled, X, 1000 * X[:, 0] + 5, optimizer="sgd")
    np.testing.assert_allclose(a.losses, b.losses, rtol=1e-3)
    assert a.suggestion == b.suggestion


def test_range_test_refuses():
    net, X = s.MLP([3, 1]), np.ones((9, 3))
    for value in (1.0, -1.0, 2.0):
        with pytest.raises(ValueError, match=r"smoothing must be in \[0, 1\)"):
            s.learning_rate_range(net, X, X[:, 0], smoothing=value)
    normed = s.Network([s.BatchNorm(), s.Dense(1)], 3)
    with pytest.raises(ValueError, match="batch_size must be at least 2 with batch normalization, got 1"):
        s.learning_rate_range(normed, X, X[:, 0], batch_size=1)
    with pytest.raises(TypeError, match="smoothing must be"):
        s.learning_rate_range(net, X, X[:, 0], smoothing="a")
    net.parameters[...] = 1e30  # its square is infinite in float32
    with pytest.raises(ValueError, match="net must have a finite loss at its parameters, got inf"):
        s.learning_rate_range(net, X, X[:, 0])
