"""A run that goes on from another is the run that was never stopped, bit for bit."""

import pickle

import numpy as np
import pytest

import steep
from steep._safetensors import FileFormatError

OPTIONS = {
    "plain": {},
    "nesterov, l1": {"optimizer": steep.Nesterov(0.05), "penalty": steep.L1(0.01)},
    "amsgrad, schedule": {"optimizer": steep.AMSGrad(steep.OneCycle(0.01, 60)), "clip_norm": 0.5},
    "rprop": {"optimizer": steep.Rprop(), "batch_size": 10**6},
    "callable": {"optimizer": steep.SGD(lambda k: 0.1 / (1 + k))},
    "metrics, stopping": {
        "validation": 0.25, "metrics": ["accuracy", "log_loss"], "early_stopping": steep.EarlyStopping(patience=4),
    },
    "weights": {"sample_weight": np.random.default_rng(3).integers(0, 3, 120), "class_weight": "balanced"},
}  # fmt: skip


def problem():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 5))
    return X, (X[:, 0] * X[:, 1] + 0.5 * rng.normal(size=120) > 0).astype(int)


def network(dtype="float64"):
    return steep.MLP([5, 12, 2], activation="tanh", output="softmax", dtype=dtype, seed=4)


def same(a, b, run_a, run_b):
    np.testing.assert_array_equal(a.parameters, b.parameters)
    assert run_a.history.keys() == run_b.history.keys()
    for name, column in run_a.history.items():
        if name != "seconds":
            np.testing.assert_array_equal(column, run_b.history[name], err_msg=name)
    assert (np.diff(run_b.history["seconds"]) > 0).all()
    for x, y in zip(run_a.state.slots, run_b.state.slots, strict=True):
        np.testing.assert_array_equal(x, y)
    assert (run_a.status, run_a.best_epoch, run_a.state.step) == (run_b.status, run_b.best_epoch, run_b.state.step)


@pytest.mark.parametrize("how", ["run", "state", "pickle", "file"])
@pytest.mark.parametrize("name", OPTIONS)
def test_resumed_is_uninterrupted(name, how, tmp_path):
    options = {"batch_size": 32, "seed": 9} | OPTIONS[name]
    X, y = problem()
    whole, parts = network(), network()
    expected = steep.train(whole, X, y, epochs=20, **options)
    run = None
    for epochs in (3, 4, 20):
        source = run
        if run is not None and how == "state":
            source = run.state
        elif run is not None and how == "pickle":
            source = pickle.loads(pickle.dumps(run.state))
        elif run is not None and how == "file":
            run.state.save(tmp_path / "state")
            source = steep.TrainState.load(tmp_path / "state")
        if run is not None:
            parts.parameters[...] = 0  # it is the state that counts
        run = steep.train(parts, X, y, epochs=epochs, resume=source, **options)
    same(whole, parts, expected, run)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_from_the_middle_of_an_epoch(dtype, tmp_path):
    """max_time stops anywhere; what went before is not lost."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4000, 20)), rng.integers(0, 2, 4000)

    def make():
        return steep.MLP([20, 64, 2], output="softmax", dtype=dtype)

    def train(net, **options):
        return steep.train(net, X, y, epochs=3, batch_size=4, validation=0.2, metrics="accuracy", **options)

    whole, parts = make(), make()
    expected = train(whole)
    run, stops, limit = None, 0, float(expected.history["seconds"][-1]) / 30
    for _ in range(1000):
        run = train(parts, max_time=limit, resume=run)
        if run.status != "max_time":
            break
        stops += run.state.position > 0
        run.state.save(tmp_path / "state")
        run = steep.TrainState.load(tmp_path / "state")
    assert stops >= 1
    same(whole, parts, expected, run)


def test_divergence_after_a_stop_in_an_epoch_falls_back_to_the_epoch():
    X = np.random.default_rng(0).normal(size=(300, 5))
    y = X[:, 0]

    def rate(k):
        return 0.01 if k < 300 + 250 else 1e30

    def fresh():
        return steep.MLP([5, 6, 1], seed=1)

    good, net = fresh(), fresh()
    steep.train(good, X, y, epochs=1, batch_size=1, optimizer=steep.SGD(rate))
    run = steep.train(net, X, y, epochs=1, batch_size=1, optimizer=steep.SGD(rate))
    while run.status != "diverged":  # in pieces of some steps
        run = steep.train(net, X, y, epochs=2, batch_size=1, optimizer=steep.SGD(rate), resume=run, max_time=1e-4)
    np.testing.assert_array_equal(net.parameters, good.parameters)


def test_interrupted_while_metrics_are_measured():
    X, y = problem()
    calls = []

    def metric(y, prediction):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return float(prediction[0, 0])

    stopping = steep.EarlyStopping("metric", patience=50, mode="max")
    parts, whole = network(), network()
    run = steep.train(parts, X, y, epochs=6, metrics=metric, early_stopping=stopping)
    assert (run.status, run.epochs) == ("interrupted", 3)
    assert len(run.history["metric"]) == 2
    run = steep.train(parts, X, y, epochs=6, metrics=metric, early_stopping=stopping, resume=run)
    expected = steep.train(whole, X, y, epochs=6, metrics=metric, early_stopping=stopping)
    same(whole, parts, expected, run)


def test_without_resume_the_optimizer_starts_fresh():
    X, y = problem()
    twice, fresh = network(), network()
    steep.train(twice, X, y, epochs=2)
    fresh.parameters = twice.parameters
    steep.train(twice, X, y, epochs=2)
    steep.train(fresh, X, y, epochs=2)
    np.testing.assert_array_equal(twice.parameters, fresh.parameters)


X, Y = problem()
CHANGES = {
    "optimizer": {"optimizer": steep.Adam(beta1=0.8)},
    "learning_rate": {"optimizer": steep.Adam(0.01)},
    "batch_size": {"batch_size": 16},
    "seed": {"seed": 1},
    "shuffle": {"shuffle": False},
    "l1": {"penalty": steep.L1(0.1)},
    "clip_norm": {"clip_norm": 1.0},
    "loss": {"loss": "squared_error", "y": np.eye(2)[Y]},
    "data": {"X": X + 1},
    "metrics and validation": {"metrics": "accuracy"},
    "network": {"net": steep.MLP([5, 12, 2], activation="relu", output="softmax", dtype="float64", seed=4)},
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_run_is_refused(name):
    run = steep.train(network(), X, Y, epochs=2)
    given = {"net": network(), "X": X, "y": Y, "epochs": 4} | CHANGES[name]
    start = given["net"].parameters.copy()
    with pytest.raises(
        ValueError, match=f"resume must be a run with the same {name}, got (.* where this call has|other rows)"
    ):
        steep.train(**given, resume=run)
    np.testing.assert_array_equal(given["net"].parameters, start)


def test_other_targets_are_refused():
    one_hot = np.eye(2)[Y]
    first = int((Y == 0).argmax()), int((Y == 1).argmax())
    swapped = one_hot.copy()
    swapped[list(first)] = one_hot[list(first[::-1])]
    run = steep.train(network(), X, one_hot, epochs=2)
    for y in (swapped, one_hot[:, ::-1]):
        with pytest.raises(ValueError, match="resume must be a run with the same data"):
            steep.train(network(), X, y, epochs=4, resume=run)
    with pytest.raises(ValueError, match="resume must be a run with the same data"):
        steep.train(network(), X[:, ::-1], one_hot, epochs=4, resume=run)


def test_the_difference_is_named():
    run = steep.train(network(), X, Y, epochs=2)
    cases = {
        "data, got other targets$": {"y": 1 - Y},
        "data, got other weights$": {"sample_weight": np.ones(len(X))},
        f"data, got {len(X)} rows where this call has {len(X) - 1}$": {"X": X[1:], "y": Y[1:]},
        "data, got validation rows in only one of the two$": {"validation": (X, Y)},
        "optimizer, got beta1 0.9 where this call has 0.8$": {"optimizer": steep.Adam(beta1=0.8)},
        "optimizer, got rule Adam where this call has SGD$": {"optimizer": steep.SGD()},
    }
    for match, change in cases.items():
        with pytest.raises(ValueError, match=match):
            steep.train(**{"net": network(), "X": X, "y": Y, "epochs": 4, "resume": run} | change)


def test_one_changed_entry_and_a_swap_are_noticed():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 5))
    y = rng.integers(0, 2, 3000)
    run = steep.train(network(), x, y, epochs=1)
    changed, swapped = x.copy(), x.copy()
    changed[1234, 3] = np.nextafter(changed[1234, 3], 9)
    swapped[[7, 2001]] = x[[2001, 7]]
    for other in (changed, swapped):
        with pytest.raises(ValueError, match=r"same data, got other rows of X$"):
            steep.train(network(), other, y, epochs=2, resume=run)
    net = network()
    steep.train(net, np.asfortranarray(x), y, epochs=2, resume=run)


def test_other_things_are_refused(tmp_path):
    with pytest.raises(TypeError, match="resume must be a Run or a TrainState, got 3"):
        steep.train(network(), X, Y, resume=3)
    net = network()
    net.save(tmp_path / "net")
    with pytest.raises(FileFormatError, match="it holds no state of a training run"):
        steep.TrainState.load(tmp_path / "net")
    run = steep.train(net, X, Y, epochs=1)
    run.state.save(tmp_path / "state")
    data = (tmp_path / "state").read_bytes()
    (tmp_path / "state").write_bytes(data[:-9])
    with pytest.raises(FileFormatError):
        steep.TrainState.load(tmp_path / "state")


def test_an_early_stopped_run_stays_stopped():
    X, y = problem()
    rule = steep.EarlyStopping(patience=2)
    options = {"validation": 0.25, "seed": 9, "optimizer": steep.Adam(0.1)}
    net = network()
    run = steep.train(net, X, y, epochs=500, early_stopping=rule, **options)
    assert run.status == "early_stopped"
    left = net.parameters.copy()
    again = steep.train(net, X, y, epochs=500, early_stopping=rule, resume=run, **options)
    assert (again.status, again.epochs, again.message) == ("early_stopped", run.epochs, run.message)
    np.testing.assert_array_equal(net.parameters, left)
    # More patience goes on, as if it had been there from the start.
    more = steep.EarlyStopping(patience=7)
    whole = network()
    expected = steep.train(whole, X, y, epochs=500, early_stopping=more, **options)
    same(whole, net, expected, steep.train(net, X, y, epochs=500, early_stopping=more, resume=run, **options))


def test_fewer_epochs_than_made_are_refused():
    X, y = problem()
    run = steep.train(network(), X, y, epochs=4)
    assert steep.train(network(), X, y, epochs=4, resume=run).epochs == 4
    with pytest.raises(ValueError, match=r"epochs must be at least 4, what resume has made already .* got 3"):
        steep.train(network(), X, y, epochs=3, resume=run)
    with pytest.raises(ValueError, match="resume must be None with lbfgs, whose memory of earlier iterations"):
        steep.train(network(), X, y, epochs=9, optimizer="lbfgs", resume=run)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mixup", 0.2), ("constraint", steep.NonNegative()), ("penalty", steep.GroupLasso(0.01)), ("clip_norm", 1.0),
        ("label_smoothing", 0.1), ("augment", steep.Augment(shift=1)),
    ],
)  # fmt: skip
def test_an_option_left_out_is_noticed(name, value):
    X, y = problem()
    if name == "augment":
        X = X[:, :4].reshape(-1, 2, 2, 1)
    net = steep.Network([steep.Dense(2, "softmax")], X.shape[1:])
    run = steep.train(net, X, y, epochs=1, **{name: value})
    with pytest.raises(ValueError, match="resume must be a run with the same"):
        steep.train(net, X, y, epochs=2, resume=run)
