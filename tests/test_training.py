"""Training: every rule against the reference for hundreds of steps, losses, batches, weights, forms of data."""

from dataclasses import replace

import numpy as np
import pytest

import steep
from reference import rule as rule_reference
from reference import training as reference
from reference.network import Network as Reference
from training_cases import RULES, check, pair, problem


@pytest.mark.parametrize("name", RULES)
def test_rule(name):
    """300 steps with shuffles, a short last batch, weights with zeros, an l2 penalty and a schedule."""
    X, y = problem()
    s = np.random.default_rng(1).integers(0, 4, 90) * 0.5
    rule, values = RULES[name]
    if name != "rprop":
        rule = replace(rule, learning_rate=steep.Cosine(rule.learning_rate, 300))
    net, twin = pair()
    start = net.parameters.copy()
    counted = int((s > 0).sum())
    epochs = 300 // -(-counted // 16)
    run = steep.train(
        net, X, y, optimizer=rule, batch_size=16, epochs=epochs, sample_weight=s, penalty=steep.L2(0.01), seed=7
    )
    w, slots, record = reference.train(
        twin, start, X, np.eye(3)[y], "cross_entropy", name, rule_reference.hyper(**values), rule.rate, epochs=epochs,
        batch_size=16, seed=7, l2=0.01, weights=s,
    )  # fmt: skip
    check(net, run, w, record)
    for slot, expected in zip(run.state.slots, slots, strict=True):
        np.testing.assert_allclose(slot, expected, rtol=1e-8, atol=1e-10)
    assert run.state.step == epochs * -(-counted // 16)


@pytest.mark.parametrize("name", ["sgd", "adam", "nesterov", "adamw"])
def test_clipping(name):
    X, y = problem()
    net, twin = pair()
    start = net.parameters.copy()
    rule, values = RULES[name]
    run = steep.train(net, X, y, optimizer=rule, batch_size=32, epochs=60, clip_norm=0.3, penalty=steep.L2(0.1))
    h = rule_reference.hyper(**values)
    w, _, record = reference.train(
        twin, start, X, np.eye(3)[y], "cross_entropy", name, h, rule.rate, epochs=60, batch_size=32, l2=0.1, clip=0.3
    )
    check(net, run, w, record)
    assert run.history["gradient_norm"].max() > 0.3  # it is the norm before clipping


@pytest.mark.parametrize(
    ("output", "loss", "make"),
    [
        ("sigmoid", "binary_cross_entropy", lambda r: r.integers(0, 2, (50, 2))),
        ("identity", "logistic", lambda r: r.integers(0, 2, (50, 2))),
        ("identity", "hinge", lambda r: r.integers(0, 2, (50, 2)) * 2 - 1),
        ("identity", "squared_hinge", lambda r: r.integers(0, 2, (50, 2))),
        ("exp", "poisson", lambda r: r.poisson(1.0, (50, 2))),
        ("identity", "squared_error", lambda r: r.normal(size=(50, 2))),
        ("tanh", "absolute_error", lambda r: r.normal(size=(50, 2))),
        ("identity", "huber", lambda r: 3 * r.normal(size=(50, 2))),
        ("identity", "softmax_cross_entropy", lambda r: r.dirichlet([1, 1], 50)),
    ],
)
def test_loss(output, loss, make):
    rng = np.random.default_rng(3)
    X, Y = rng.normal(size=(50, 3)), make(rng)
    net = steep.MLP([3, 5, 2], activation="silu", output=output, dtype="float64", seed=2)
    twin = Reference([3, 5, 2], ["silu", output])
    start = net.parameters.copy()
    run = steep.train(net, X, Y, loss=loss, optimizer=steep.Adam(0.01), batch_size=20, epochs=40)
    rows = (Y + 1) / 2 if Y.min() == -1 else Y
    h = rule_reference.hyper()
    w, _, record = reference.train(
        twin, start, X, np.asarray(rows, float), loss, "adam", h, lambda t: 0.01, epochs=40, batch_size=20
    )
    check(net, run, w, record)
    if loss != "logistic":
        return
    signs = steep.MLP([3, 5, 2], activation="silu", output=output, dtype="float64", seed=2)
    steep.train(signs, X, 2 * Y - 1, loss=loss, optimizer=steep.Adam(0.01), batch_size=20, epochs=40)
    np.testing.assert_array_equal(signs.parameters, net.parameters)


@pytest.mark.parametrize("batch", [1, 7, 90, 1000])
@pytest.mark.parametrize("shuffle", [True, False])
def test_batches(batch, shuffle):
    """Single samples, a short last batch, all rows at once, more than there are."""
    X, y = problem()
    net, twin = pair()
    start = net.parameters.copy()
    run = steep.train(net, X, y, optimizer=steep.SGD(0.05), batch_size=batch, epochs=3, shuffle=shuffle, seed=5)
    w, _, record = reference.train(
        twin, start, X, np.eye(3)[y], "cross_entropy", "sgd", rule_reference.hyper(), lambda t: 0.05, epochs=3,
        batch_size=min(batch, 90), shuffle=shuffle, seed=5,
    )  # fmt: skip
    check(net, run, w, record, 1e-10)


def test_large_full_batch():
    """More rows than go through a pass at once."""
    X, y = problem(2500)
    net, twin = pair()
    start = net.parameters.copy()
    s = np.random.default_rng(0).uniform(0.5, 2, 2500)
    run = steep.train(net, X, y, optimizer=steep.SGD(0.5), batch_size=2500, epochs=5, sample_weight=s)
    w, _, record = reference.train(
        twin, start, X, np.eye(3)[y], "cross_entropy", "sgd", rule_reference.hyper(), lambda t: 0.5, epochs=5,
        batch_size=2500, weights=s,
    )  # fmt: skip
    check(net, run, w, record, 1e-11)


def test_float32_is_near_float64():
    X, y = problem()
    double, _ = pair()
    single = double.astype("float32")
    steep.train(double, X, y, epochs=20, batch_size=10)
    run = steep.train(single, X, y, epochs=20, batch_size=10)
    assert single.parameters.dtype == np.float32
    assert run.state.slots[0].dtype == np.float32
    np.testing.assert_allclose(single.parameters, double.parameters, atol=2e-4)


def test_default_batch():
    X, y = problem(300)
    assert steep.train(pair()[0], X, y, epochs=1).state.step == 3
    assert steep.train(pair()[0], X[:50], y[:50], epochs=1).state.step == 1


def test_targets_in_every_form():
    X, y = problem()
    nets = [pair()[0] for _ in range(4)]
    for net, Y in zip(nets, (y, np.eye(3)[y], y.astype(float), y.reshape(-1, 1)), strict=True):
        steep.train(net, X, Y, epochs=5)
        np.testing.assert_allclose(net.parameters, nets[0].parameters, rtol=1e-13)
    flat, column = (steep.MLP([4, 3, 1], seed=1) for _ in range(2))
    steep.train(flat, X, X[:, 0], epochs=5)
    steep.train(column, X, X[:, :1], epochs=5)
    np.testing.assert_array_equal(flat.parameters, column.parameters)


def test_weight_two_is_the_row_twice():
    X, y = problem()
    times = np.random.default_rng(0).integers(0, 4, 90)
    weighted, repeated = pair()[0], pair()[0]
    steep.train(weighted, X, y, batch_size=90, epochs=200, sample_weight=times, optimizer=steep.SGD(0.2))
    again = np.repeat(np.arange(90), times)
    steep.train(repeated, X[again], y[again], batch_size=len(again), epochs=200, optimizer=steep.SGD(0.2))
    np.testing.assert_allclose(weighted.parameters, repeated.parameters, rtol=1e-9, atol=1e-11)


def test_class_weights_are_row_weights():
    X, y = problem()
    counts = np.bincount(y)
    each = 90 / (3 * counts)
    nets = [pair()[0] for _ in range(4)]
    given = [
        {"class_weight": "balanced"},
        {"class_weight": dict(enumerate(each))},
        {"class_weight": list(each)},
        {"sample_weight": each[y]},
    ]
    for net, options in zip(nets, given, strict=True):
        steep.train(net, X, y, epochs=10, **options)
    for net in nets[:3]:
        np.testing.assert_array_equal(net.parameters, nets[3].parameters)
    both = pair()[0]
    s = np.random.default_rng(0).uniform(1, 2, 90)
    steep.train(both, X, y, epochs=10, class_weight=list(each), sample_weight=s)
    product = pair()[0]
    steep.train(product, X, y, epochs=10, sample_weight=s * each[y])
    np.testing.assert_array_equal(both.parameters, product.parameters)


def test_output_scaling():
    """A network that scales its outputs learns the targets in its own units."""
    X, _ = problem()
    y = 1e4 + 500 * np.tanh(X[:, 0])
    scaled = steep.MLP([4, 6, 1], activation="tanh", dtype="float64", seed=3, output_scale=500.0, output_shift=1e4)
    plain = steep.MLP([4, 6, 1], activation="tanh", dtype="float64", seed=3)
    run = steep.train(scaled, X, y, epochs=50, metrics=["rmse", "r2"])
    steep.train(plain, X, (y - 1e4) / 500, epochs=50)
    np.testing.assert_allclose(scaled.parameters, plain.parameters, rtol=1e-8, atol=1e-10)
    p = scaled.predict(X)[:, 0]
    assert run.history["rmse"][-1] == pytest.approx(np.sqrt(np.mean((p - y) ** 2)))
    assert run.history["r2"][-1] == pytest.approx(1 - np.var(p - y) / np.var(y), abs=0.02)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uint8_is_float(dtype, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (200, 8, 8), dtype=np.uint8)
    y = rng.integers(0, 3, 200)
    mapped = np.memmap(tmp_path / "X", np.uint8, "w+", shape=X.shape)
    mapped[...] = X
    nets = []
    for data, scale in ((X, 1 / 255), (X.astype(dtype), 1 / 255), (mapped, 1 / 255), (X.astype(np.int64), 1 / 255)):
        net = steep.MLP([64, 10, 3], output="softmax", dtype=dtype, input_scale=scale)
        steep.train(net, data, y, epochs=3, validation=0.2)
        nets.append(net)
    for net in nets[1:]:
        np.testing.assert_array_equal(net.parameters, nets[0].parameters)
    scaled = steep.MLP([64, 10, 3], output="softmax", dtype=dtype)
    steep.train(scaled, X.reshape(200, 64).astype(dtype) * np.dtype(dtype).type(1 / 255), y, epochs=3, validation=0.2)
    np.testing.assert_allclose(
        scaled.parameters, nets[0].parameters, rtol=1e-4 if dtype == "float32" else 1e-11, atol=1e-6
    )


def test_strided_is_contiguous():
    X, y = problem()
    contiguous = pair()[0]
    steep.train(contiguous, X, y, epochs=5, batch_size=20)
    wide = np.zeros((180, 8))
    wide[::2, ::2] = X
    for other, labels in (
        (np.asfortranarray(X), y),
        (wide[::2, ::2], np.repeat(y, 2)[::2]),
        (np.hstack([X, X])[:, :4], y),
    ):
        net = pair()[0]
        steep.train(net, other, labels, epochs=5, batch_size=20)
        np.testing.assert_array_equal(net.parameters, contiguous.parameters)


def test_inputs_are_untouched():
    X, y = problem()
    s = np.ones(90)
    kept = X.copy(), y.copy()
    for array in (X, y, s):
        array.flags.writeable = False
    steep.train(pair()[0], X, y, epochs=2, sample_weight=s, validation=(X, y, s))
    np.testing.assert_array_equal(X, kept[0])
    np.testing.assert_array_equal(y, kept[1])


def test_weight_decay_leaves_biases():
    net, twin = pair()
    net.parameters[...] = 1.0
    X, y = problem()
    rule = steep.SGD(0.1, weight_decay=1.0)
    plain = pair()[0]
    plain.parameters[...] = 1.0
    steep.train(plain, X, y, optimizer=steep.SGD(0.1), batch_size=90, epochs=1)
    steep.train(net, X, y, optimizer=rule, batch_size=90, epochs=1)
    np.testing.assert_allclose(plain.parameters - net.parameters, 0.1 * twin.is_weight(), atol=1e-14)
