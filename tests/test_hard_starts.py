"""Levenberg-Marquardt from bad starts: what the message says, and that what it advises helps."""

import numpy as np
import pytest

import steep

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = np.sin(X[:, 0]) + X[:, 1] ** 2
METHOD = steep.LevenbergMarquardt()


def net_of(activation="tanh", **options):
    return steep.MLP([3, 8, 1], activation=activation, dtype="float64", seed=0, **options)


def loss_of(net, X=X):
    return 0.5 * np.mean((net.predict(X)[:, 0] - Y) ** 2)


def dead(net):
    net.layers[0].bias[...] = -100


def saturated(net):
    net.layers[0].weight[...] *= 1000


def saturated_by_biases(net):
    net.layers[0].bias[...] = 1e3


STARTS = {"relu": dead, "tanh": saturated_by_biases, "sigmoid": saturated}


@pytest.mark.parametrize("activation", STARTS)
def test_units_that_do_not_respond_are_named(activation):
    net = net_of(activation)
    STARTS[activation](net)
    run = steep.train(net, X, Y, optimizer=METHOD, epochs=50)
    assert "units of layer 0 respond to less than a tenth of the rows" in run.message
    assert "Standardize" in run.message
    assert loss_of(net) > 0.1
    # What it advises: several starts, or other parameters.
    STARTS[activation](net)
    run = steep.train(net, X, Y, optimizer=steep.LevenbergMarquardt(restarts=4), epochs=200)
    assert loss_of(net) < 0.05
    assert "respond to less" not in run.message


def test_wide_inputs():
    wide = X * [1e6, 1.0, 1.0]
    net = net_of()
    run = steep.train(net, wide, Y, optimizer=METHOD, epochs=100)
    assert "of the 8 units of layer 0 respond to less" in run.message
    ends = steep.Standardize().fit(wide)
    net = net_of(input_scale=ends.scale, input_shift=ends.shift)
    run = steep.train(net, wide, Y, optimizer=METHOD, epochs=200)
    assert loss_of(net, wide) < 0.01
    assert "respond to less" not in run.message


def test_offset_inputs():
    net = net_of()
    run = steep.train(net, X + 1e4, Y, optimizer=METHOD, epochs=100)
    assert "respond to less" in run.message


def test_kinks_are_named():
    net = net_of("relu")
    run = steep.train(net, X, Y, optimizer=METHOD, epochs=500)
    assert run.status == "line_search_failed"
    assert "kinks of relu" in run.message


@pytest.mark.parametrize("size", [1e200, np.finfo(float).max])
def test_parameters_without_a_finite_loss(size):
    net = net_of()
    net.parameters[...] = size
    before = net.parameters.copy()
    with pytest.raises(ValueError, match=r"net.parameters must give a finite loss.*net.initialize\(seed\), or scale"):
        steep.train(net, X, Y, optimizer=METHOD)
    np.testing.assert_array_equal(net.parameters, before)


def test_good_fits_get_no_advice():
    net = net_of(initialization="nguyen_widrow")
    run = steep.train(net, X, Y, optimizer=METHOD, epochs=300)
    assert loss_of(net) < 1e-3
    assert run.message.endswith((".", f"{run.history['loss'][-1]:.6g}."))
    assert "respond" not in run.message
    linear = steep.MLP([3, 1], dtype="float64")
    assert "respond" not in steep.train(linear, X, Y, optimizer=METHOD).message
