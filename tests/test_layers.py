"""Every kind of layer: values against NumPy, derivatives against differences, equal bits."""

import numpy as np
import pytest

import layer_cases
import steep as s
from layer_cases import CASES
from reference import dropout as reference_dropout
from reference.conv2d import conv2d
from reference.normalization import batch_norm, layer_norm, running_statistics
from reference.pool2d import pool2d

EPS = np.finfo(np.float64).eps
TOLERANCES = {"float32": 4e-6, "float64": 1e-12}  # sums of at most 150 terms of size one, 5 sqrt(150) roundings


def differences(f, x, h=2e-4):
    """Return the gradient of f by central differences of fourth order."""
    out = np.zeros(x.size)
    for i in range(x.size):
        e = np.zeros(x.size)
        e[i] = h
        e = e.reshape(x.shape)
        out[i] = (8 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12 * h)
    return out


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("training", [True, False])
def test_gradients(name, training):
    net, X = layer_cases.network(name)
    W = np.random.default_rng(0).normal(size=(len(X), net.n_outputs))
    start = net.state.copy()

    def value(w, X):
        net.parameters, net.state[...], net._loop = w, start, None  # the same masks and statistics each time
        return float((net.forward(X, training) * W).sum())

    w = net.parameters.copy()
    value(w, X)
    gradient, dX = net.backward(W)
    # Rounding 3 eps |f| / h and truncation f^(5) h^4 / 30, with the fifth derivatives of these small nets below 1e4.
    size = np.abs(net.predict(X) * W).sum() + np.abs(W).sum()
    tolerance = 30 * EPS * size / 2e-4 + 1e4 * 2e-4**4 / 30 + 1e-8
    np.testing.assert_allclose(dX.ravel(), differences(lambda x: value(w, x), X), rtol=1e-6, atol=tolerance)
    np.testing.assert_allclose(gradient, differences(lambda v: value(v, X), w), rtol=1e-6, atol=tolerance)


@pytest.mark.parametrize("name", CASES)
def test_accumulated_gradient_and_no_input_gradient(name):
    net, X = layer_cases.network(name)
    W = np.ones((len(X), net.n_outputs))
    net.forward(X)
    fresh, dX = net.backward(W)
    total = np.ones_like(fresh)
    found, nothing = net.backward(W, gradient=total, inputs=False)
    assert found is total
    assert nothing is None
    assert dX.shape == (len(X), net.n_inputs)
    np.testing.assert_allclose(total, fresh + 1, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_equal_bits_for_any_number_of_threads(name, dtype):
    layers, shape = CASES[name]
    X = np.random.default_rng(1).normal(size=(150, *shape)).astype(dtype)
    y = np.random.default_rng(2).normal(size=(150, s.Network(layers, shape).n_outputs)).astype(dtype)
    found = []
    for threads in (1, 2, 3):
        net = s.Network(layers, shape, dtype=dtype, seed=1)
        s.train(net, X, y, loss="squared_error", batch_size=61, epochs=2, n_threads=threads, progress=False)
        found.append((net.parameters.tobytes(), net.state.tobytes(), net.predict(X, n_threads=threads).tobytes()))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("name", CASES)
def test_predict_does_not_depend_on_the_other_rows(name):
    net, X = layer_cases.network(name)
    X = np.concatenate([X] * 12)
    whole = net.predict(X)
    # One row takes other products than many: equal to rounding of sums of at most 300 terms of size 10.
    np.testing.assert_allclose(net.predict(X[:1]), whole[:1], rtol=1e-12, atol=300 * 10 * EPS)
    np.testing.assert_array_equal(net.predict(X[:30]), whole[:30])
    np.testing.assert_allclose(net.forward(X, training=False), whole, rtol=1e-12, atol=300 * 10 * EPS)


@pytest.mark.parametrize("name", CASES)
def test_saved_and_copied(name, tmp_path):
    net, X = layer_cases.network(name)
    net.forward(X)  # moves the running statistics
    net.save(tmp_path / "net.safetensors")
    for other in (s.load(tmp_path / "net.safetensors"), net.copy()):
        assert other.config() == net.config()
        np.testing.assert_array_equal(other.predict(X), net.predict(X))


CONVOLUTIONS = [
    {},
    {"padding": "same"},
    {"padding": (2, 1), "strides": (1, 2)},
    {"padding": "same", "strides": 3, "dilation": (2, 1)},
    {"padding": 1, "groups": 2},
    {"padding": "same", "groups": 12},
    {"kernel": (4, 2), "padding": "same"},
    {"kernel": 1, "use_bias": False},
]


@pytest.mark.parametrize(
    ("options", "channels"),
    [(options, n) for options in CONVOLUTIONS for n in (12, 2) if n % options.get("groups", 1) == 0],
    ids=str,
)
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_convolution(options, channels, dtype):
    net = s.Network([s.Conv2D(12, **options)], (8, 9, channels), dtype=dtype)
    layer = net.layers[0]
    X = np.random.default_rng(0).normal(size=(9, 8, 9, channels)).astype(dtype)
    bias = None
    if options.get("use_bias", True):
        layer.bias = bias = np.arange(12.0)
    wanted = conv2d(X, layer.weight, bias, layer.strides, layer.padding, layer.dilation, layer.groups)
    np.testing.assert_allclose(net.predict(X), wanted.reshape(9, -1), rtol=TOLERANCES[dtype], atol=TOLERANCES[dtype])
    assert net.output_shape == wanted.shape[1:]


@pytest.mark.parametrize("padding", ["valid", "same", 1])
@pytest.mark.parametrize("strides", [None, 1, (3, 2)])
@pytest.mark.parametrize("channels", [1, 19])
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_pooling(padding, strides, channels, dtype):
    X = np.random.default_rng(0).normal(size=(4, 7, 8, channels)).astype(dtype)
    for kind, reduce in ((s.MaxPool2D, np.max), (s.AveragePool2D, np.mean)):
        layer = kind((2, 3), strides=strides, padding=padding)
        wanted = pool2d(X, layer.pool, layer.strides, layer.padding, reduce)
        net = s.Network([layer], X.shape[1:], dtype=dtype)
        tolerance = 4 * np.finfo(dtype).eps  # of a mean of six
        np.testing.assert_allclose(net.predict(X), wanted.reshape(4, -1), rtol=tolerance, atol=tolerance)


def test_max_pool_passes_nan_on_and_gives_equals_to_the_first():
    net = s.Network([s.Dense(4), s.Reshape((2, 2, 1)), s.MaxPool2D(2)], 1, dtype="float64")
    net.layers[0].bias = [1.0, np.nan, 3.0, 2.0]
    assert np.isnan(net.predict([[1.0]])).all()
    net = s.Network([s.MaxPool2D(2)], (2, 2, 1), dtype="float64")
    net.forward(np.ones((1, 2, 2, 1)))
    np.testing.assert_array_equal(net.backward([[5.0]])[1], [[5.0, 0, 0, 0]])


@pytest.mark.parametrize("shape", [(6,), (3, 4, 5)])
def test_batch_norm_and_its_running_statistics(shape):
    X = 1e3 + np.random.default_rng(0).normal(size=(50, *shape)) * np.arange(1, shape[-1] + 1)
    net = s.Network([s.BatchNorm(momentum=0.3, eps=1e-3)], shape, dtype="float64")
    layer = net.layers[0]
    layer.gamma, layer.beta = np.linspace(1, 2, shape[-1]), np.linspace(-1, 1, shape[-1])
    mean, variance = np.zeros(shape[-1]), np.ones(shape[-1])
    for _ in range(3):
        wanted = batch_norm(X, layer.gamma, layer.beta, 1e-3).reshape(50, -1)
        np.testing.assert_allclose(net.forward(X), wanted, rtol=1e-10, atol=1e-10)
        mean, variance = running_statistics(X, mean, variance, 0.3)
        np.testing.assert_allclose(layer.mean, mean, rtol=1e-12)
        np.testing.assert_allclose(layer.variance, variance, rtol=1e-11)
    wanted = layer.gamma * (X - mean) / np.sqrt(variance + 1e-3) + layer.beta
    np.testing.assert_allclose(net.predict(X), wanted.reshape(50, -1), rtol=1e-11)
    kept = net.state.copy()
    net.forward(X, training=False)
    np.testing.assert_array_equal(net.state, kept)


@pytest.mark.parametrize("all_axes", [False, True])
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_layer_norm(all_axes, dtype):
    X = np.random.default_rng(0).normal(5, 2, size=(6, 3, 4, 37)).astype(dtype)
    net = s.Network([s.LayerNorm(all_axes=all_axes)], X.shape[1:], dtype=dtype)
    gamma, beta = net.layers[0].gamma, net.layers[0].beta
    gamma[...] = np.random.default_rng(1).normal(size=gamma.shape)
    beta[...] = np.random.default_rng(2).normal(size=beta.shape)
    wanted = layer_norm(X, gamma, beta, 1e-5, (1, 2, 3) if all_axes else -1)
    np.testing.assert_allclose(net.predict(X), wanted.reshape(6, -1), rtol=TOLERANCES[dtype], atol=TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [0.0, 0.25, 0.9])
def test_dropout_masks_are_philox(rate, dtype):
    seed, units = 2**40 + 7, 300
    net = s.Network([s.Activation("identity"), s.Dropout(rate)], units, dtype=dtype, seed=3)
    X = np.random.default_rng(0).normal(size=(5, units)).astype(dtype)
    for epoch, given in ((0, seed), (0, seed), (0, None), (1, None)):
        mask = reference_dropout.kept(rate, given or 3, epoch, 1001, range(5), units)
        found = net.forward(X, seed=given)
        np.testing.assert_allclose(found, reference_dropout.dropout(X, rate, mask), rtol=1e-6)
    np.testing.assert_array_equal(net.predict(X), X)
    np.testing.assert_array_equal(net.forward(X, training=False), X)


def test_dropout_drops_its_share_and_keeps_the_mean():
    net = s.Network([s.Dropout(0.3)], 1000)
    ones = np.ones((1000, 1000), np.float32)
    found = net.forward(ones)
    share = (found == 0).mean()
    assert abs(share - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 1e6)
    assert abs(found.mean() - 1) < 5 * np.sqrt(0.3 / 0.7 / 1e6)
    assert (net.forward(ones) != found).any()  # every call its own masks
    assert abs((found == 0).mean(axis=0) - 0.3).max() < 6 * np.sqrt(0.3 * 0.7 / 1000)


def test_dropout_masks_belong_to_the_data_rows():
    """However batches are cut and shuffled, an epoch that moves nothing has the same mean loss."""
    X = np.random.default_rng(0).normal(size=(40, 6))
    losses = []
    for batch_size, shuffle, seed in ((40, False, 1), (7, True, 1), (13, False, 1), (40, False, 2)):
        net = s.Network([s.Dropout(0.5), s.Dense(1)], 6, dtype="float64", seed=1)
        run = s.train(
            net, X, X[:, :1], optimizer=s.SGD(1e-300), batch_size=batch_size, epochs=3, shuffle=shuffle, seed=seed,
            progress=False,
        )  # fmt: skip
        losses.append(run.history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-12)
    np.testing.assert_allclose(losses[2], losses[0], rtol=1e-12)
    assert (abs(losses[3] / losses[0] - 1) > 1e-3).all()
    assert abs(losses[0][1] / losses[0][0] - 1) > 1e-3


def test_resumed_training_with_state_and_masks_is_uninterrupted():
    layers = [s.Dense(12), s.BatchNorm(), s.Activation("relu"), s.Dropout(0.4), s.Dense(2, "softmax")]
    X = np.random.default_rng(0).normal(size=(90, 5)).astype(np.float32)
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    whole, parts = (s.Network(layers, 5, seed=2) for _ in range(2))
    s.train(whole, X, y, batch_size=16, epochs=6, progress=False)
    run = s.train(parts, X, y, batch_size=16, epochs=2, progress=False)
    s.train(parts, X, y, batch_size=16, epochs=6, resume=run, progress=False)
    np.testing.assert_array_equal(whole.parameters, parts.parameters)
    np.testing.assert_array_equal(whole.state, parts.state)


def test_parts_of_residual_blocks_are_initialized_and_reachable():
    block = s.Residual([s.Conv2D(4, padding="same"), s.BatchNorm()], [s.Conv2D(4, 1)])
    net = s.Network([block, s.Dense(2)], (6, 6, 3), seed=1)
    conv, norm, shortcut = net.layers[0].parts
    assert conv.weight.shape == (4, 3, 3, 3)
    assert np.ptp(conv.weight) > 0
    assert np.ptp(shortcut.weight) > 0
    np.testing.assert_array_equal(norm.gamma, 1)
    np.testing.assert_array_equal(norm.variance, 1)
    conv.weight = 0
    shortcut.weight = 0
    X = np.random.default_rng(0).normal(size=(3, 6, 6, 3)).astype(np.float32)
    np.testing.assert_array_equal(s.Network([block], (6, 6, 3)).predict(X).shape, (3, 144))
    np.testing.assert_array_equal(net.predict(X), 0)


def test_scaling_is_part_of_forward_and_backward():
    net = s.MLP(
        [3, 4, 2], "tanh", dtype="float64", input_scale=0.1, input_shift=0.3, output_scale=[2.0, 3.0], output_shift=1.0
    )
    X, W = np.random.default_rng(0).normal(size=(5, 3)), np.random.default_rng(1).normal(size=(5, 2))
    np.testing.assert_allclose(net.forward(X), net.predict(X), rtol=1e-13)
    gradient, dX = net.backward(W)
    np.testing.assert_allclose(dX.ravel(), differences(lambda x: (net.predict(x) * W).sum(), X), rtol=1e-7, atol=1e-9)

    def value(w):
        net.parameters = w
        return (net.predict(X) * W).sum()

    np.testing.assert_allclose(gradient, differences(value, net.parameters.copy()), rtol=1e-7, atol=1e-9)


def test_one_input_scale_a_channel():
    layers, scale, shift = [s.Conv2D(2, 3)], [0.5, 2.0, 0.1], [1.0, -1.0, 0.0]
    X = np.random.default_rng(0).normal(size=(4, 5, 5, 3))
    plain = s.Network(layers, (5, 5, 3), dtype="float64", seed=1)
    scaled = s.Network(layers, (5, 5, 3), dtype="float64", seed=1, input_scale=scale, input_shift=shift)
    np.testing.assert_allclose(scaled.predict(X), plain.predict(X * scale + shift), rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="input_scale must"):
        s.Network(layers, (5, 5, 3), input_scale=[1.0, 2.0])
