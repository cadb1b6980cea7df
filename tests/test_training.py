"""Training: every rule against the reference for hundreds of steps, history, weights, penalties, validation, stopping."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Lasso, LogisticRegression

import steep
from reference import rule as rule_reference
from reference import training as reference
from reference.network import Network as Reference

RULES = {
    "sgd": (steep.SGD(0.05), {}),
    "momentum": (steep.Momentum(0.05, beta=0.8), {"beta1": 0.8}),
    "momentum_classical": (steep.Momentum(0.01, form="classical"), {}),
    "momentum_velocity": (steep.Momentum(0.01, form="velocity"), {}),
    "nesterov": (steep.Nesterov(0.05), {}),
    "nesterov_reformulated": (steep.Nesterov(0.01, form="reformulated"), {}),
    "nesterov_velocity": (steep.Nesterov(0.01, form="velocity"), {}),
    "adagrad": (steep.AdaGrad(0.05), {"eps": 1e-10}),
    "rmsprop": (steep.RMSProp(0.003), {"beta2": 0.9}),
    "adam": (steep.Adam(0.01), {}),
    "adamw": (steep.AdamW(0.01, weight_decay=0.0), {}),
    "nadam": (steep.NAdam(0.01), {}),
    "amsgrad": (steep.AMSGrad(0.01), {}),
    "lion": (steep.Lion(0.001), {"beta2": 0.99}),
    "rprop": (steep.Rprop(0.01), {}),
}
PROXIMAL = [name for name in RULES if name not in ("lion", "rprop")]


def problem(n=90, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)
    return X, y


def pair(activations=("tanh", "gelu", "softmax"), widths=(4, 8, 6, 3), seed=1):
    net = steep.MLP(widths, activation=list(activations[:-1]), output=activations[-1], dtype="float64", seed=seed)
    return net, Reference(list(widths), list(activations))


def check(net, run, w, record, rtol=1e-8):
    """Rounding errors of 1e-16 grow along a trajectory, by less than 1e7 in these problems."""
    np.testing.assert_allclose(net.parameters, w, rtol=rtol, atol=rtol)
    for name in ("loss", "objective", "gradient_norm", "layer_gradient_norm"):
        np.testing.assert_allclose(run.history[name], getattr(record, name), rtol=rtol, atol=1e-12, err_msg=name)


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


@pytest.mark.parametrize("name", PROXIMAL)
def test_l1_against_the_reference(name):
    X, y = problem()
    net, twin = pair()
    start = net.parameters.copy()
    rule, values = RULES[name]
    run = steep.train(net, X, y, optimizer=rule, batch_size=32, epochs=60, penalty=steep.ElasticNet(l1=0.02, l2=0.01))
    h = rule_reference.hyper(**values)
    w, _, record = reference.train(
        twin, start, X, np.eye(3)[y], "cross_entropy", name, h, rule.rate, epochs=60, batch_size=32, l1=0.02, l2=0.01
    )
    check(net, run, w, record)
    assert (net.parameters[twin.is_weight()] == 0).sum() > 5
    np.testing.assert_array_equal(net.parameters == 0, w == 0)


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


def test_validation_set_and_metrics():
    X, y = problem(200)
    s = np.random.default_rng(0).uniform(0, 2, 80)
    net, twin = pair()
    names = ["accuracy", "log_loss"]

    def worst(y, prediction):
        return np.abs(np.eye(3)[y] - prediction).max()

    run = steep.train(
        net, X[:120], y[:120], validation=(X[120:], y[120:], s), metrics=[*names, worst], epochs=7, batch_size=50
    )
    assert {"accuracy", "val_accuracy", "log_loss", "val_log_loss", "worst", "val_worst", "val_loss"} < set(run.history)
    for name, column in run.history.items():
        assert len(column) == 7, name
        assert column.dtype == np.float64
    assert run.history["layer_gradient_norm"].shape == (7, 3)
    assert (np.diff(run.history["seconds"]) > 0).all()
    w = net.parameters
    value, _ = twin.loss_and_gradient(w, X[120:], np.eye(3)[y[120:]], "cross_entropy", 1.0, s)
    assert run.history["val_loss"][-1] == pytest.approx(value, rel=1e-12)
    p = twin.predict(w, X[:120])
    assert run.history["accuracy"][-1] == pytest.approx(np.mean(p.argmax(1) == y[:120]))
    assert run.history["worst"][-1] == pytest.approx(np.abs(np.eye(3)[y[:120]] - p).max())
    p = twin.predict(w, X[120:])
    assert run.history["val_accuracy"][-1] == pytest.approx(np.average(p.argmax(1) == y[120:], weights=s))
    # Looking does not change what is seen.
    blind = pair()[0]
    steep.train(blind, X[:120], y[:120], epochs=7, batch_size=50)
    np.testing.assert_array_equal(blind.parameters, w)


def test_validation_fraction_is_stratified_and_by_seed():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [180, 20])
    X = np.hstack([rng.normal(size=(200, 2)), np.arange(200.0).reshape(-1, 1)])
    seen = []

    def record(y, prediction):
        seen.append(y)
        return 0.0

    def split(seed):
        seen.clear()
        steep.train(steep.MLP([3, 2], output="softmax"), X, y, validation=0.25, metrics=record, epochs=1, seed=seed)
        return seen[0], seen[1]

    train, held = split(0)
    assert (len(train), len(held)) == (150, 50)
    assert (train.sum(), held.sum()) == (15, 5)
    np.testing.assert_array_equal(split(0)[1], held)
    # A real target that tells the rows apart: other rows with another seed, and every row in one of the two parts.
    y = np.arange(200.0)
    X = X[:, :2]

    def rows(seed):
        seen.clear()
        steep.train(steep.MLP([2, 1]), X, y, validation=0.25, metrics=record, epochs=1, seed=seed)
        return seen[0][:, 0], seen[1][:, 0]

    train, held = rows(0)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, held])), y)
    assert set(rows(1)[1]) != set(held)


def test_early_stopping():
    X, y = problem(60)
    X = X + np.random.default_rng(9).normal(size=X.shape)
    net = pair()[0]
    stopping = steep.EarlyStopping(patience=5)
    run = steep.train(net, X, y, validation=0.4, epochs=2000, optimizer=steep.Adam(0.02), early_stopping=stopping)
    assert run.status == "early_stopped"
    val = run.history["val_loss"]
    best = int(val.argmin())
    assert run.best_epoch == best + 1
    assert len(val) == best + 1 + 5
    assert "val_loss was best at epoch" in run.message
    # The best parameters are in the network, the last ones in the state.
    same = pair()[0]
    steep.train(same, X, y, validation=0.4, epochs=best + 1, optimizer=steep.Adam(0.02))
    np.testing.assert_array_equal(net.parameters, same.parameters)
    assert (run.state.parameters != net.parameters).any()
    last = pair()[0]
    keep = steep.EarlyStopping(patience=5, restore_best=False)
    other = steep.train(last, X, y, validation=0.4, epochs=2000, optimizer=steep.Adam(0.02), early_stopping=keep)
    np.testing.assert_array_equal(last.parameters, run.state.parameters)
    np.testing.assert_array_equal(other.history["val_loss"], val)


@pytest.mark.parametrize(("monitor", "mode", "best"), [("val_accuracy", "auto", np.argmax), ("loss", "auto", np.argmin),
                                                        ("val_accuracy", "min", np.argmin)])  # fmt: skip
def test_early_stopping_on_anything(monitor, mode, best):
    X, y = problem(100)
    run = steep.train(
        pair()[0], X, y, validation=0.3, metrics=["accuracy"], epochs=30,
        early_stopping=steep.EarlyStopping(monitor, patience=30, mode=mode),
    )  # fmt: skip
    assert run.best_epoch == best(run.history[monitor]) + 1


def test_min_delta():
    X, y = problem(100)
    rule = steep.EarlyStopping("loss", patience=3, min_delta=10.0)
    run = steep.train(pair()[0], X, y, epochs=50, early_stopping=rule)
    assert (run.status, run.epochs, run.best_epoch) == ("early_stopped", 4, 1)


def test_callbacks():
    X, y = problem()
    infos = []

    def look(info):
        infos.append((info.epoch, info.epochs, info.logs["loss"], info.network.parameters.copy()))

    net = pair()[0]
    run = steep.train(net, X, y, epochs=4, callbacks=[look, lambda info: None])
    assert [i[:2] for i in infos] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    np.testing.assert_array_equal([i[2] for i in infos], run.history["loss"])
    np.testing.assert_array_equal(infos[-1][3], net.parameters)
    same = pair()[0]
    steep.train(same, X, y, epochs=2)
    np.testing.assert_array_equal(infos[1][3], same.parameters)


def _stop(info):
    raise StopIteration


@pytest.mark.parametrize("stop", [lambda info: info.epoch == 3, _stop])
def test_a_callback_stops(stop):
    X, y = problem()
    run = steep.train(pair()[0], X, y, epochs=10, callbacks=stop)
    assert run.status == "interrupted"
    assert "A callback stopped the run" in run.message
    assert run.epochs == (1 if stop is _stop else 3)


def test_what_a_callback_writes_counts():
    X, y = problem()

    def reset(info):
        if info.epoch == 2:
            info.network.parameters[...] = 0.1

    run = steep.train(pair()[0], X, y, epochs=3, callbacks=reset, optimizer=steep.SGD(0.1))
    net = pair()[0]
    net.parameters[...] = 0.1
    assert run.history["loss"][2] == pytest.approx(steep.Risk(net, X, y).value(net.parameters), rel=1e-12)


def test_an_exception_of_a_callback_goes_through():
    def fail(info):
        raise RuntimeError("of the callback")

    with pytest.raises(RuntimeError, match="of the callback"):
        steep.train(pair()[0], *problem(), epochs=3, callbacks=fail)


def test_divergence():
    X, y = problem()
    net = steep.MLP([4, 5, 1], dtype="float32", seed=1)
    target = X[:, 0] * 1e3
    good = net.copy()
    steep.train(good, X, target, epochs=2, batch_size=30, optimizer=steep.SGD(1e-7))

    def rate(k):
        return 1e-7 if k < 7 else 1e30

    with np.errstate(all="ignore"):
        run = steep.train(net, X, target, epochs=9, batch_size=30, optimizer=steep.SGD(rate))
    assert run.status == "diverged"
    assert "epoch 3, step 3 of 3" in run.message
    assert len(run.history["loss"]) == 2
    np.testing.assert_array_equal(net.parameters, good.parameters)  # of the end of epoch 2
    with pytest.raises(ValueError, match="resume must be a run that did not diverge"):
        steep.train(net, X, target, epochs=9, batch_size=30, optimizer=steep.SGD(rate), resume=run)


def test_divergence_in_the_very_last_step():
    net = steep.MLP([4, 5, 1], dtype="float32", seed=1)
    start = net.parameters.copy()
    X, _ = problem()
    run = steep.train(net, X, X[:, 0], epochs=1, batch_size=90, optimizer=steep.SGD(3e38))
    assert run.status == "diverged"
    np.testing.assert_array_equal(net.parameters, start)


def test_tol():
    X, _ = problem()
    net = steep.MLP([4, 1], dtype="float64")
    run = steep.train(net, X, X @ [1, 2, 3, 4.0], epochs=5000, batch_size=90, optimizer=steep.SGD(0.3), tol=1e-6)
    assert run.status == "converged"
    assert run.history["gradient_norm"][-1] <= 1e-6 < run.history["gradient_norm"][-2]
    np.testing.assert_allclose(net.parameters, [1, 2, 3, 4, 0], atol=1e-5)


def test_max_time():
    X, y = problem(2000)
    run = steep.train(pair()[0], X, y, epochs=10**6, max_time=0.2)
    assert run.status == "max_time"
    assert 0.1 < run.history["seconds"][-1] < 0.4
    assert steep.train(pair()[0], X, y, epochs=5, max_time=0).epochs == 0


def test_no_epochs():
    net = pair()[0]
    start = net.parameters.copy()
    run = steep.train(net, *problem(), epochs=0)
    assert (run.status, run.epochs) == ("max_epochs", 0)
    np.testing.assert_array_equal(net.parameters, start)


def test_learning_rates():
    X, y = problem()
    seen = []

    def rate(k):
        seen.append(k)
        return 0.01 / (1 + k)

    run = steep.train(pair()[0], X, y, epochs=4, batch_size=30, optimizer=steep.SGD(rate))
    np.testing.assert_allclose(run.history["learning_rate"], [0.01, 0.01 / 4, 0.01 / 7, 0.01 / 10])
    assert sorted(set(seen)) == list(range(12))
    with pytest.raises(ValueError, match="learning_rate"):
        steep.train(pair()[0], X, y, epochs=4, optimizer=steep.SGD(lambda k: -1.0))


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
    np.testing.assert_allclose(scaled.parameters, nets[0].parameters, rtol=1e-4 if dtype == "float32" else 1e-11, atol=1e-6)


def test_strided_is_contiguous():
    X, y = problem()
    contiguous = pair()[0]
    steep.train(contiguous, X, y, epochs=5, batch_size=20)
    wide = np.zeros((180, 8))
    wide[::2, ::2] = X
    for other, labels in ((np.asfortranarray(X), y), (wide[::2, ::2], np.repeat(y, 2)[::2]), (np.hstack([X, X])[:, :4], y)):
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


def rows(rng, n=200):
    X = rng.normal(size=(n, 6)) * [1, 0.5, 2, 1, 1, 1]
    return X, X @ [1.5, 0, -2, 0, 0.3, 0] + 0.1 * rng.normal(size=n) + 0.7


L1_RATES = {
    "sgd": 0.1, "momentum": 0.1, "momentum_classical": 0.02, "momentum_velocity": 0.02, "nesterov": 0.1,
    "nesterov_reformulated": 0.02, "nesterov_velocity": 0.02, "adagrad": 0.5, "rmsprop": 0.01, "adam": 0.01, "adamw": 0.01,
    "nadam": 0.01, "amsgrad": 0.01,
}  # fmt: skip


def settled(name, epochs):
    """The rule with a rate that ends small: those that divide by a norm of the gradient never rest otherwise."""
    rate = L1_RATES[name]
    normalized = name in ("rmsprop", "adam", "adamw", "nadam", "amsgrad")
    return replace(RULES[name][0], learning_rate=steep.Cosine(rate, epochs) if normalized else rate)


@pytest.mark.parametrize("name", PROXIMAL)
def test_l1_reaches_the_true_minimizer(name):
    X, y = rows(np.random.default_rng(0))
    lasso = Lasso(alpha=0.3, tol=1e-12, max_iter=10**5).fit(X, y)
    net = steep.MLP([6, 1], dtype="float64", seed=2)
    steep.train(net, X, y, batch_size=200, epochs=8000, optimizer=settled(name, 8000), penalty=steep.L1(0.3))
    w, b = net.layers[0].weight[0], net.layers[0].bias[0]
    np.testing.assert_allclose(w, lasso.coef_, atol=2e-5)
    np.testing.assert_array_equal(w == 0, lasso.coef_ == 0)
    assert b == pytest.approx(lasso.intercept_, abs=2e-5)


@pytest.mark.parametrize("name", ["sgd", "nesterov", "adam"])
def test_l1_logistic(name):
    X, y = rows(np.random.default_rng(1))
    y = (y > 0.7).astype(int)
    model = LogisticRegression(C=1 / (200 * 0.05), l1_ratio=1.0, solver="saga", tol=1e-12, max_iter=10**5).fit(X, y)
    net = steep.MLP([6, 1], output="sigmoid", dtype="float64", seed=2)
    steep.train(net, X, y, batch_size=200, epochs=12000, optimizer=settled(name, 12000), penalty=steep.L1(0.05))
    np.testing.assert_allclose(net.layers[0].weight[0], model.coef_[0], atol=1e-4)
    np.testing.assert_array_equal(net.layers[0].weight[0] == 0, model.coef_[0] == 0)


@pytest.mark.parametrize("rule", [steep.Lion(), steep.Rprop()])
def test_rules_without_a_scale_refuse_l1(rule):
    with pytest.raises(ValueError, match=f"penalty must have no l1 part with {type(rule).__name__}"):
        steep.train(pair()[0], *problem(), optimizer=rule, penalty=steep.L1(0.1))


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


def test_progress(capsys):
    steep.train(pair()[0], *problem(), epochs=3)
    assert capsys.readouterr().err == ""  # not a terminal
    steep.train(pair()[0], *problem(), epochs=3, progress=True)
    assert "3/3" in capsys.readouterr().err


def test_full_batch_method():
    X, y = problem()
    net = pair()[0]
    run = steep.train(net, X, y, optimizer="lbfgs", epochs=40, validation=(X, y), metrics="accuracy")
    assert run.history["loss"][-1] < 0.5 * run.history["loss"][0]
    assert len(run.history["val_accuracy"]) == run.epochs
    f = steep.Risk(net, X, y)
    assert f.value(net.parameters) == pytest.approx(run.history["val_loss"][-1], rel=1e-9)
