"""Between epochs and at the end of a run: validation, metrics, early stopping, callbacks, divergence, limits."""

import numpy as np
import pytest

import steep
from training_cases import pair, problem


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


@pytest.mark.parametrize("optimizer", [steep.Adam(), steep.LBFGS()])
@pytest.mark.parametrize("stop", [lambda info: info.epoch == 3, lambda info: np.int64(info.epoch) == 3, _stop])
def test_a_callback_stops(stop, optimizer):
    X, y = problem()
    run = steep.train(pair()[0], X, y, epochs=10, callbacks=stop, optimizer=optimizer)
    assert run.status == "interrupted"
    assert "A callback stopped the run" in run.message
    assert run.epochs == (1 if stop is _stop else 3)


@pytest.mark.parametrize("value", [None, "0.5", np.ones(2), 1j])
def test_a_metric_must_be_a_number(value):
    def own(y, prediction):
        return value

    with pytest.raises(TypeError, match=r"metrics must return a number, got .* from own"):
        steep.train(pair()[0], *problem(), epochs=1, metrics=own)


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
    X, _ = problem()
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


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "levenberg_marquardt"])
def test_no_epochs_leave_a_history_of_none(optimizer):
    X, y = problem()
    options = {"optimizer": optimizer, "validation": (X, y), "metrics": "accuracy"}
    one = steep.train(pair()[0], X, y, epochs=1, **options).history
    none = steep.train(pair()[0], X, y, epochs=0, **options).history
    assert set(none) == set(one)
    assert {"loss", "val_loss", "val_accuracy", "gradient_norm", "layer_gradient_norm", "learning_rate"} < set(one)
    for name, column in one.items():
        assert none[name].shape == (0, *column.shape[1:]), name
        assert column.shape[0] == 1


def test_norms_and_rates_of_a_full_batch_method():
    X, y = problem()
    net = pair()[0]
    run = steep.train(net, X, y, optimizer="lbfgs", epochs=5, penalty=steep.L2(0.01), tol=0)
    f = steep.Risk(net, X, y, penalty=steep.L2(0.01))
    g = f.gradient(net.parameters)
    sizes = [layer.weight.size + layer.bias.size for layer in net.layers]
    norms = [np.linalg.norm(part) for part in np.split(g, np.cumsum(sizes)[:-1])]
    np.testing.assert_allclose(run.history["layer_gradient_norm"][-1], norms, rtol=1e-9)
    assert run.history["gradient_norm"][-1] == pytest.approx(np.linalg.norm(g), rel=1e-9)
    np.testing.assert_array_equal(run.history["learning_rate"], run.history["step_size"])


def test_early_stopping_on_the_gradient_norm():
    X, y = problem()
    for optimizer in ("adam", "lbfgs"):
        rule = steep.EarlyStopping("gradient_norm", patience=1000)
        run = steep.train(pair()[0], X, y, epochs=12, early_stopping=rule, optimizer=optimizer)
        assert run.best_epoch == run.history["gradient_norm"].argmin() + 1  # less is better


@pytest.mark.parametrize("optimizer", [steep.SGD(0.1), "lbfgs"])
def test_a_run_not_stopped_early_says_whose_parameters_are_left(optimizer):
    X, y = problem(60)
    X = X + np.random.default_rng(9).normal(size=X.shape)
    rule = steep.EarlyStopping("val_loss", patience=1000)
    options = {"validation": 0.4, "epochs": 200, "optimizer": optimizer, "tol": 0}
    run = steep.train(pair()[0], X, y, early_stopping=rule, **options)
    assert run.best_epoch < run.epochs
    assert f"The network has the parameters of epoch {run.best_epoch}, the best by val_loss (" in run.message
    rule = steep.EarlyStopping("val_loss", patience=1000, restore_best=False)
    assert "The network" not in steep.train(pair()[0], X, y, early_stopping=rule, **options).message


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


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "levenberg_marquardt"])
def test_no_time_at_all(optimizer):
    net = steep.MLP([4, 3, 1], dtype="float64")
    start = net.parameters.copy()
    X, _ = problem()
    run = steep.train(net, X, X[:, 0], optimizer=optimizer, max_time=0)
    assert (run.status, run.epochs) == ("max_time", 0)
    np.testing.assert_array_equal(net.parameters, start)


def test_full_batch_method_stops_early_and_by_callback():
    X, _ = problem()
    y = np.tanh(X[:, 0]) + 0.3 * np.random.default_rng(0).normal(size=90)
    net = steep.MLP([4, 20, 1], activation="tanh", seed=2)
    stopping = steep.EarlyStopping(patience=5)
    options = {"optimizer": steep.LevenbergMarquardt(), "validation": 0.3, "epochs": 500}
    run = steep.train(net, X, y, early_stopping=stopping, **options)
    val = run.history["val_loss"]
    assert run.status == "early_stopped"
    assert run.best_epoch == val.argmin() + 1
    assert net.parameters.dtype == np.float32
    seen = []

    def look(info):
        seen.append((info.epoch, info.logs["val_loss"]))
        return info.epoch == 3

    again = steep.train(steep.MLP([4, 20, 1], activation="tanh", seed=2), X, y, callbacks=look, **options)
    assert again.status == "interrupted"
    np.testing.assert_array_equal([value for _, value in seen], val[:3])
