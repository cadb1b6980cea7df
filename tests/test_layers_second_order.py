"""Hessian products and Jacobians of every kind of layer, in inference mode, against differences."""

import numpy as np
import pytest

import layer_cases
import steep as s
from layer_cases import CASES


def along(f, x, v, h=1e-3):
    """Return the derivative of f at x along v by central differences of fourth order."""
    return (8 * (f(x + h * v) - f(x - h * v)) - (f(x + 2 * h * v) - f(x - 2 * h * v))) / (12 * h)


def risk(name):
    net, X = layer_cases.network(name)
    net.state[...] = np.random.default_rng(5).uniform(0.5, 1.5, size=net.state.size)
    y = np.random.default_rng(6).normal(size=(len(X), net.n_outputs))
    return net, X, s.Risk(net, X, y, loss="squared_error", penalty=s.L2(0.1), inference=True)


@pytest.mark.parametrize("name", CASES)
def test_hessian_product(name):
    net, _, f = risk(name)
    w = net.parameters.copy()
    if w.size == 0:
        assert f.hessian_product(w, w).shape == (0,)
        return
    v = np.random.default_rng(7).normal(size=w.size)
    v /= np.linalg.norm(v)
    wanted = along(f.gradient, w, v)
    np.testing.assert_allclose(f.hessian_product(w, v), wanted, rtol=1e-6, atol=1e-7 * np.abs(wanted).max())


@pytest.mark.parametrize(
    "first", [s.LayerNorm(), s.BatchNorm(), s.MaxPool2D(2), s.AveragePool2D(2), s.Conv2D(3, 2, "tanh")]
)
def test_hessian_product_through_a_layer_behind_others(first):
    """With parameters in front, the tangents of a layer's inputs are not zero."""
    layers = [s.Conv2D(3, 2, "tanh"), first, s.Activation("softplus"), s.Dense(2, "tanh")]
    net = s.Network(layers, (5, 5, 2), dtype="float64", seed=1)
    X, y = np.random.default_rng(0).normal(size=(9, 50)), np.random.default_rng(1).normal(size=(9, 2))
    f = s.Risk(net, X, y, loss="squared_error", inference=True)
    w = net.parameters + 0.1 * np.random.default_rng(2).normal(size=net.parameters.size)
    v = np.random.default_rng(3).normal(size=w.size)
    v /= np.linalg.norm(v)
    wanted = along(f.gradient, w, v, 1e-4)
    np.testing.assert_allclose(f.hessian_product(w, v), wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max())


@pytest.mark.parametrize("name", CASES)
def test_jacobians(name):
    net, X, _ = risk(name)
    X = X[:3]
    rng = np.random.default_rng(8)
    for wrt, size in (("parameters", net.parameters.size), ("inputs", net.n_inputs)):
        if size == 0:
            continue
        v = rng.normal(size=size)
        v /= np.linalg.norm(v)
        w = net.parameters.copy()

        def outputs(point, wrt=wrt):
            if wrt == "inputs":
                return net.predict(X.reshape(3, -1) + point)
            net.parameters = point
            return net.predict(X)

        wanted = along(outputs, w if wrt == "parameters" else np.zeros(size), v, 2e-4)
        net.parameters = w
        found = net.jacobian(X, wrt) @ v
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)


def test_levenberg_marquardt_trains_a_convolution():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 6, 6, 1))
    teacher = s.Network([s.Conv2D(1, 3, "tanh"), s.GlobalAveragePool2D()], (6, 6, 1), dtype="float64", seed=3)
    net = s.Network([s.Conv2D(1, 3, "tanh"), s.GlobalAveragePool2D()], (6, 6, 1), dtype="float64", seed=4)
    run = s.train(net, X, teacher.predict(X), optimizer="levenberg_marquardt", epochs=100, progress=False)
    assert run.history["loss"][-1] < 1e-12


def test_residual_blocks_of_more_rows_than_a_block():
    """Rows are taken through a block of layers in parts; what they keep must not be mixed up."""
    layers, shape = CASES["residual, projection"]
    net = s.Network([s.Flatten(), s.Dense(48, "tanh"), s.Reshape(shape), *layers], 7, dtype="float64", seed=2)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(700, 7)), rng.normal(size=(700, 2))
    f = s.Risk(net, X, y, inference=True)
    w = net.parameters.copy()
    v = rng.normal(size=w.size)
    v /= np.linalg.norm(v)
    np.testing.assert_allclose(f.hessian_product(w, v), along(f.gradient, w, v, 1e-4), rtol=1e-6, atol=1e-8)
    some = rng.choice(700, 5, replace=False)
    one_by_one = np.concatenate([net.jacobian(X[i : i + 1]) for i in some])
    np.testing.assert_allclose(net.jacobian(X)[some], one_by_one, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(f.gradient(w) @ v, along(f.value, w, v), rtol=1e-7)


@pytest.mark.parametrize("layer", [s.Dropout(0.1), s.BatchNorm(), s.Residual([s.BatchNorm()])])
def test_risks_that_training_changes_ask_for_inference(layer):
    net = s.Network([layer, s.Dense(1)], 3)
    with pytest.raises(ValueError, match=r"inference must be True for a network with a (dropout|batch_norm) layer"):
        s.Risk(net, np.ones((4, 3)), np.ones(4))
    with pytest.raises(ValueError, match="optimizer must be an update rule"):
        s.train(net, np.ones((4, 3)), np.ones(4), optimizer="lbfgs")
    s.Risk(s.Network([s.Dropout(0.0), s.Dense(1)], 3), np.ones((4, 3)), np.ones(4))
