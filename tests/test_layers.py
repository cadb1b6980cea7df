"""Every kind of layer: values against NumPy, derivatives against differences, equal bits, and what is refused."""

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


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": "same"},
        {"padding": (2, 1), "strides": (1, 2)},
        {"padding": "same", "strides": 3, "dilation": (2, 1)},
        {"padding": 1, "groups": 2},
        {"padding": "same", "groups": 12},
        {"kernel": (4, 2), "padding": "same"},
        {"kernel": 1, "use_bias": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("channels", [12, 2])
def test_convolution(options, channels):
    if channels % options.get("groups", 1):
        pytest.skip("groups must divide channels")
    net = s.Network([s.Conv2D(12, **options)], (8, 9, channels), dtype="float64")
    layer = net.layers[0]
    X = np.random.default_rng(0).normal(size=(9, 8, 9, channels))
    bias = None
    if options.get("use_bias", True):
        layer.bias = bias = np.arange(12.0)
    wanted = conv2d(X, layer.weight, bias, layer.strides, layer.padding, layer.dilation, layer.groups)
    np.testing.assert_allclose(net.predict(X), wanted.reshape(9, -1), rtol=1e-12, atol=1e-12)
    assert net.output_shape == wanted.shape[1:]


@pytest.mark.parametrize("padding", ["valid", "same", 1])
@pytest.mark.parametrize("strides", [None, 1, (3, 2)])
@pytest.mark.parametrize("channels", [1, 19])
def test_pooling(padding, strides, channels):
    X = np.random.default_rng(0).normal(size=(4, 7, 8, channels))
    for kind, reduce in ((s.MaxPool2D, np.max), (s.AveragePool2D, np.mean)):
        layer = kind((2, 3), strides=strides, padding=padding)
        wanted = pool2d(X, layer.pool, layer.strides, layer.padding, reduce)
        net = s.Network([layer], X.shape[1:], dtype="float64")
        np.testing.assert_allclose(net.predict(X), wanted.reshape(4, -1), rtol=1e-14, atol=1e-15)


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
def test_layer_norm(all_axes):
    X = np.random.default_rng(0).normal(5, 2, size=(6, 3, 4, 37))
    net = s.Network([s.LayerNorm(all_axes=all_axes)], X.shape[1:], dtype="float64")
    gamma, beta = net.layers[0].gamma, net.layers[0].beta
    gamma[...] = np.random.default_rng(1).normal(size=gamma.shape)
    beta[...] = np.random.default_rng(2).normal(size=beta.shape)
    wanted = layer_norm(X, gamma, beta, 1e-5, (1, 2, 3) if all_axes else -1)
    np.testing.assert_allclose(net.predict(X), wanted.reshape(6, -1), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [0.0, 0.25, 0.9])
def test_dropout_masks_are_philox(rate, dtype):
    seed, units = 2**40 + 7, 300
    net = s.Network([s.Activation("identity"), s.Dropout(rate)], units, dtype=dtype)
    X = np.random.default_rng(0).normal(size=(5, units)).astype(dtype)
    for epoch in range(2):
        mask = reference_dropout.kept(rate, seed, epoch, 1001, range(5), units)
        found = net.forward(X, seed=seed)
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
    """Batches cut otherwise and shuffled otherwise see the same masks: full gradients of a linear net agree."""
    X = np.random.default_rng(0).normal(size=(40, 6))
    y = X[:, :1]
    ends = []
    for shuffle in (False, True):
        net = s.Network([s.Dropout(0.5), s.Dense(1)], 6, dtype="float64", seed=1)
        s.train(net, X, y, optimizer=s.SGD(0.1), batch_size=40, epochs=3, shuffle=shuffle, progress=False)
        ends.append(net.parameters.copy())
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-12)


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


@pytest.mark.parametrize(
    ("layers", "shape", "message"),
    [
        ([s.Dense(4), s.Conv2D(3)], 5, r"layer 1 \(conv2d\): input must be an image .*, got shape \(4,\)"),
        ([s.Conv2D(3, 5)], (4, 9, 1), r"layer 0 \(conv2d\): kernel must fit .* kernel \(5, 5\), input \(4, 9, 1\)"),
        ([s.Conv2D(3, 3, dilation=2)], (4, 9, 1), r"with dilation \(2, 2\)"),
        ([s.Conv2D(3, 2, strides=(3, 5))], (4, 4, 1), r"strides must be at most .* \(4, 4, 1\), got \(3, 5\)"),
        ([s.Conv2D(4, groups=3)], (4, 4, 3), "groups must divide the 3 channels of the input and the 4 filters, got 3"),
        ([s.MaxPool2D(5)], (4, 4, 1), r"layer 0 \(max_pool2d\): pool must fit .* pool \(5, 5\), input \(4, 4, 1\)"),
        ([s.MaxPool2D(5, strides=1)], (4, 4, 1), "would leave an output without entries"),
        ([s.AveragePool2D(2, padding=2)], (4, 4, 1), "padding must be at most half the window"),
        ([s.Reshape((3, 5))], 16, r"shape must hold the 16 entries of the input \(16,\), got \(3, 5\)"),
        ([s.Reshape((-1, -1))], 16, "one of them -1"),
        ([s.Residual([s.Dense(3)])], 4, r"shape of the skip connection, \(4,\), got \(3,\): give a shortcut"),
        ([s.Residual([s.Dense(4), s.Conv2D(3)])], 4, r"layer 0 \(residual\): layers\[1\] \(conv2d\): input must"),
        ([s.LayerNorm()], (4, 4, 1), "at least 2 entries to normalize over"),
    ],
)
def test_what_does_not_fit_is_refused_when_the_network_is_built(layers, shape, message):
    with pytest.raises(ValueError, match=message):
        s.Network(layers, shape)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: s.Dropout(1.0), r"rate must be in \[0, 1\), got 1.0"),
        (lambda: s.Dropout(-0.1), "rate must be in"),
        (lambda: s.BatchNorm(eps=0), "eps must be"),
        (lambda: s.BatchNorm(momentum=1.5), r"momentum must be in \[0, 1\], got 1.5"),
        (lambda: s.Conv2D(0), "filters must be"),
        (lambda: s.Conv2D(3, (1, 2, 3)), "kernel must be an integer or two"),
        (lambda: s.Conv2D(3, padding="full"), "padding must be"),
        (lambda: s.Conv2D(3, strides=0), "strides must be"),
        (lambda: s.Residual([]), "layers must be at least one"),
        (lambda: s.Activation("relo"), "activation must be"),
    ],
)
def test_bad_options(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_batch_norm_refuses_batches_of_one_row():
    net = s.Network([s.BatchNorm(), s.Dense(1)], 3)
    X, y = np.ones((9, 3), np.float32), np.ones(9, np.float32)
    with pytest.raises(ValueError, match=r"batch_size must leave .* 2 rows .* layer 0 \(batch_norm\)"):
        s.train(net, X, y, batch_size=4, progress=False)
    with pytest.raises(ValueError, match="X must have at least 2 rows in training"):
        net.forward(X[:1])
    assert net.forward(X[:1], training=False).shape == (1, 1)


def test_loops_refuse_what_does_not_fit():
    net = s.MLP([3, 2])
    with pytest.raises(ValueError, match="backward must come after forward"):
        net.backward(np.ones((1, 2)))
    net.forward(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"dY must have shape \(4, 2\)"):
        net.backward(np.ones((3, 2)))
    with pytest.raises(ValueError, match="gradient must be an array like"):
        net.backward(np.ones((4, 2)), gradient=np.ones(3))


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
