"""Networks: predictions and gradients against the reference, views, copies, shapes, dtypes, classes."""

import copy
import itertools
import pickle
import threading

import numpy as np
import pytest

import steep
from reference import activation, philox
from reference.network import Network as Reference
from steep.layers import ACTIVATIONS

SMOOTH = [name for name in ACTIVATIONS if name not in ("step", "relu", "leaky_relu")]
WIDTHS = [5, 7, 4, 3]
EPS = {"float32": 2.0**-24, "float64": 2.0**-53}


def reference_of(net):
    activations = [layer.activation for layer in net.layers]
    widths = [net.n_inputs, *(layer.units for layer in net.layers)]
    return Reference(widths, activations, net.layers[0].slope)


def test_lists_agree():
    assert list(ACTIVATIONS) == steep._core.activation_names()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_predict(name, dtype):
    net = steep.MLP(WIDTHS, activation=[name, "tanh"], output=name, dtype=dtype, slope=0.2, seed=3)
    net.layers[0].bias = np.linspace(-1, 1, 7)
    X = np.random.default_rng(0).normal(size=(150, 5)).astype(dtype)
    expected = reference_of(net).predict(net.parameters.astype(np.float64), X.astype(np.float64))
    found = net.predict(X)
    assert found.dtype == dtype
    if name == "step":  # the sign of a sum near zero may differ
        assert (found != expected).mean() < (0.01 if dtype == "float32" else 1e-3)
    else:
        # Each of three layers adds a relative error of its length and a few units for the activation.
        np.testing.assert_allclose(found, expected, rtol=100 * EPS[dtype] * 8, atol=100 * EPS[dtype])
    for rows in (1, 3, 7, 8, 9, 65):  # other paths
        np.testing.assert_allclose(
            net.predict(X[:rows]), found[:rows], rtol=100 * EPS[dtype] * 8, atol=100 * EPS[dtype]
        )


def test_predict_raw():
    net = steep.MLP([4, 5, 3], output="softmax", dtype="float64", output_scale=None)
    X = np.random.default_rng(0).normal(size=(20, 4))
    np.testing.assert_allclose(activation.softmax(net.predict(X, raw=True)), net.predict(X), rtol=1e-13)


def test_scaling_is_part_of_the_network():
    rng = np.random.default_rng(0)
    net = steep.MLP([4, 5, 2], activation="tanh", dtype="float64", input_scale=0.5, input_shift=[1, 2, 3, 4.0])
    net.output_scale, net.output_shift = [10.0, 20.0], -3.0
    plain = steep.MLP([4, 5, 2], activation="tanh", dtype="float64")
    X = rng.normal(size=(30, 4))
    expected = plain.predict(0.5 * X + [1, 2, 3, 4]) * [10, 20] - 3
    np.testing.assert_allclose(net.predict(X), expected, rtol=1e-12)
    np.testing.assert_allclose(net.predict(X, raw=True), plain.predict(0.5 * X + [1, 2, 3, 4]), rtol=1e-12)
    assert (net.input_scale, net.output_shift) == (0.5, -3.0)
    with pytest.raises(ValueError, match=r"output_scale must have no zero, got one at entry 1"):
        net.output_scale = [1.0, 0.0]


@pytest.mark.parametrize("source", [np.uint8, np.int64, np.bool_, np.float16, np.float32, np.float64, ">f8", "list"])
def test_inputs_of_any_type(source):
    net = steep.MLP([6, 4, 2], dtype="float32", input_scale=1 / 255)
    whole = np.random.default_rng(0).integers(0, 2 if source is np.bool_ else 256, (40, 6))
    expected = net.predict(whole.astype(np.float32))
    X = whole.tolist() if source == "list" else whole.astype(source)
    np.testing.assert_array_equal(net.predict(X), expected)


def test_strided_is_contiguous():
    net = steep.MLP([6, 9, 2], output="softmax")
    X = np.random.default_rng(0).normal(size=(41, 6)).astype(np.float32)
    expected = net.predict(X)
    wide = np.zeros((82, 12), np.float32)
    wide[::2, ::2] = X
    for other in (np.asfortranarray(X), wide[::2, ::2], X[::-1][::-1], X.reshape(41, 2, 3), wide[::2, ::2][:, :6]):
        np.testing.assert_array_equal(net.predict(other), expected)
    padded = np.hstack([X, X])[:, :6]  # rows of another stride, read in place
    np.testing.assert_array_equal(net.predict(padded), expected)
    np.testing.assert_array_equal(net.predict(pickle.loads(pickle.dumps(X))), expected)
    X.flags.writeable = False
    np.testing.assert_array_equal(net.predict(X), expected)


def test_images():
    net = steep.Network([steep.Dense(3)], input_shape=(4, 5, 1))
    X = np.random.default_rng(0).normal(size=(7, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(net.predict(X), net.predict(X.reshape(7, 20)))
    with pytest.raises(ValueError, match=r"X must be an array of shape \(n, 4, 5, 1\), got shape \(7, 5, 4\)"):
        net.predict(X.transpose(0, 2, 1))


@pytest.mark.parametrize("rows", [1, 5, 300])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predict_names_the_row_that_is_not_finite(rows, value, dtype):
    net = steep.MLP([6, 4, 2], activation="relu")
    X = np.zeros((rows, 6), dtype)
    X[rows // 2, 4] = value
    with pytest.raises(ValueError, match=rf"X must be finite, got {value} at row {rows // 2}, column 4"):
        net.predict(X)


def test_predict_refuses_what_float32_cannot_hold():
    net = steep.MLP([2, 3, 1])
    X = np.array([[1.0, 2.0], [1.0, 1e300]])
    with pytest.raises(
        ValueError, match="X must be finite and, scaled, within the range of the network's dtype, got row 1"
    ):
        net.predict(X)


@pytest.mark.parametrize(("shape", "match"), [((6,), "for one sample pass"), ((3, 5), r"\(n, 6\), got shape \(3, 5\)")])
def test_predict_shapes(shape, match):
    with pytest.raises(ValueError, match=match):
        steep.MLP([6, 4, 2]).predict(np.zeros(shape, np.float32))


def test_one_flat_vector():
    net = steep.MLP([4, 3, 2], seed=1)
    assert net.parameters.shape == (4 * 3 + 3 + 3 * 2 + 2,)
    net.layers[0].weight[1, 2] = 7
    assert net.parameters[1 * 4 + 2] == 7
    net.layers[1].bias[...] = [5, 6]
    np.testing.assert_array_equal(net.parameters[-2:], [5, 6])
    before = net.parameters
    net.parameters = np.arange(23)
    assert before is net.parameters
    np.testing.assert_array_equal(net.layers[0].bias, [12, 13, 14])
    net.layers[0].weight = np.ones((3, 4))
    np.testing.assert_array_equal(net.parameters[:12], 1)
    with pytest.raises(ValueError, match=r"parameters must have shape \(23,\), got shape \(22,\)"):
        net.parameters = np.zeros(22)
    with pytest.raises(ValueError, match="parameters must be finite"):
        net.parameters = np.full(23, np.nan)
    with pytest.raises(AttributeError, match="units of a layer cannot be set"):
        net.layers[0].units = 4
    assert dict(net.layers[0].arrays()).keys() == {"weight", "bias"}


def test_without_bias():
    net = steep.Network([steep.Dense(3, use_bias=False)], input_shape=2, dtype="float64")
    assert net.parameters.size == 6
    X = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_allclose(net.predict(X), X @ net.layers[0].weight.T, rtol=1e-14)
    assert not hasattr(net.layers[0], "bias")


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n)), steep.Network.copy])
def test_copies_are_independent(how):
    net = steep.MLP([4, 3, 2], activation="leaky_relu", slope=0.3, dtype="float64", seed=9, input_scale=0.25)
    net.parameters[0] = 3
    other = how(net)
    X = np.ones((2, 4))
    np.testing.assert_array_equal(other.predict(X), net.predict(X))
    assert other.config() == net.config()
    other.parameters[...] = 0
    assert net.parameters[0] == 3
    other.input_scale = None
    assert net.input_scale == 0.25


def test_texts():
    net = steep.MLP([784, 256, 10], output="softmax")
    assert repr(net) == "<Network 784 -> [Dense(256, 'relu'), Dense(10, 'softmax')], 203,530 parameters, float32>"
    summary = net.summary()
    for text in ("784 inputs, float32", "dense relu", "dense softmax", "200,960", "2,570", "203,530 parameters"):
        assert text in summary


@pytest.mark.parametrize(("output", "limit"), [("sigmoid", 0.5), ("identity", 0), ("tanh", 0), ("step", 0.5)])
def test_classes_of_one_output(output, limit):
    net = steep.MLP([3, 4, 1], output=output, seed=2)
    X = np.random.default_rng(0).normal(size=(50, 3))
    classes = net.predict_classes(X)
    assert classes.shape == (50,)
    assert 0 < classes.sum() < 50
    np.testing.assert_array_equal(classes, net.predict(X)[:, 0] > limit)


def test_classes_of_several_outputs():
    net = steep.MLP([3, 4, 5], output="softmax", seed=2)
    X = np.random.default_rng(0).normal(size=(50, 3))
    np.testing.assert_array_equal(net.predict_classes(X), net.predict(X).argmax(axis=1))


def test_predict_in_any_number_of_threads():
    net = steep.MLP([40, 50, 10], output="softmax")
    X = np.random.default_rng(0).normal(size=(5000, 40)).astype(np.float32)
    expected = net.predict(X, n_threads=1)
    for n in (2, 3, 4):
        np.testing.assert_array_equal(net.predict(X, n_threads=n), expected)
    found = [None] * 4

    def work(i):
        found[i] = net.predict(X, n_threads=2)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in found:
        np.testing.assert_array_equal(other, expected)


def test_astype():
    net = steep.MLP([4, 3, 2], seed=5)
    double = net.astype("float64")
    assert double.parameters.dtype == np.float64
    np.testing.assert_array_equal(double.parameters, net.parameters)
    assert double.predict(np.ones((1, 4))).dtype == np.float64


GOES_WITH = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid", "poisson": "exp"}


def pairs():
    """Every activation in a hidden layer, and every loss on every output it goes with."""
    for name in SMOOTH:
        yield name, "identity", "squared_error"
    for output, loss in itertools.product(ACTIVATIONS, steep._core.loss_names()):
        if output == "step":
            continue
        try:
            steep._core.resolve_loss(output, loss, 3)
        except ValueError:
            continue
        yield "tanh", output, loss


def targets(loss, rng, n, k):
    if loss in ("cross_entropy", "softmax_cross_entropy"):
        return rng.dirichlet(np.ones(k), n)
    if loss in ("binary_cross_entropy", "logistic"):
        return rng.uniform(size=(n, k))
    if loss in ("hinge", "squared_hinge", "perceptron"):
        return rng.integers(0, 2, (n, k)).astype(float)
    return rng.poisson(2.0, (n, k)).astype(float)


@pytest.mark.parametrize(("hidden", "output", "loss"), list(pairs()))
def test_gradient(hidden, output, loss):
    """By differences of 4th order of the library's own value, and against the reference."""
    rng = np.random.default_rng(5)
    net = steep.MLP([4, 6, 3], activation=hidden, output=output, dtype="float64", seed=4, slope=0.3)
    net.layers[0].bias = rng.normal(size=6)
    net.layers[1].bias = rng.normal(size=3)
    X, Y = rng.normal(size=(9, 4)), targets(loss, rng, 9, 3)
    f = steep.Risk(net, X, Y, loss=loss)
    w = net.parameters.copy()
    found = f.gradient(w)

    parameter = {"pinball": 0.5, "epsilon_insensitive": 0.1, "squared_epsilon_insensitive": 0.1}.get(loss, 1.0)
    value, gradient = reference_of(net).loss_and_gradient(w, X, Y, loss, parameter)
    np.testing.assert_allclose(f.value(w), value, rtol=1e-12)
    np.testing.assert_allclose(found, gradient, rtol=1e-9, atol=1e-12)

    # h^4 times a fifth derivative of about 100, and eps / h, are far below 1e-8; no kink is so near with this seed.
    h = 1e-4
    for i in range(w.size):
        e = np.zeros_like(w)
        e[i] = h
        values = [f.value(w + c * e) for c in (-2, -1, 1, 2)]
        difference = np.dot([1, -8, 8, -1], values) / (12 * h)
        assert abs(difference - found[i]) <= 1e-8 * max(1.0, np.abs(found).max()), i


def test_the_reference_generator():
    """Known answers of Random123's kat_vectors for philox4x32-10."""
    assert philox.block(0, (0, 0, 0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    ones = 2**32 - 1
    assert philox.block(2**64 - 1, (ones,) * 4) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    counter = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    assert philox.block(0x299F31D0A4093822, counter) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]
