"""Metrics against scikit-learn, with and without weights."""

import numpy as np
import pytest
from sklearn import metrics as theirs

import steep
from steep.metrics import METRICS, lower_is_better, resolve_metrics

RNG = np.random.default_rng(0)
N = 200
WEIGHTS = RNG.uniform(0, 2, N) * (RNG.uniform(size=N) > 0.1)
LABELS = RNG.integers(0, 3, N)
P3 = RNG.dirichlet(np.ones(3), N) * 0.7 + 0.3 * np.eye(3)[LABELS]
BINARY = RNG.integers(0, 2, N)
P1 = np.clip(RNG.normal(0.4 + 0.2 * BINARY, 0.2), 0.01, 0.99).round(2)  # with ties
REAL = RNG.normal(size=(N, 2))
FITTED = REAL + RNG.normal(size=(N, 2))

weights = pytest.mark.parametrize("w", [None, WEIGHTS])


@weights
def test_several_classes(w):
    labels = P3.argmax(1)
    expected = {
        "accuracy": theirs.accuracy_score(LABELS, labels, sample_weight=w),
        "balanced_accuracy": theirs.balanced_accuracy_score(LABELS, labels, sample_weight=w),
        "log_loss": theirs.log_loss(LABELS, P3, sample_weight=w),
    }
    for name, value in expected.items():
        for y in (LABELS, np.eye(3)[LABELS]):
            assert METRICS[name](y, P3, "softmax", w) == pytest.approx(value, rel=1e-12)
    auc = np.mean([theirs.roc_auc_score(c == LABELS, P3[:, c], sample_weight=w) for c in range(3)])
    assert METRICS["roc_auc"](LABELS, P3, "softmax", w) == pytest.approx(auc, rel=1e-12)


@weights
def test_one_probability(w):
    expected = {
        "accuracy": theirs.accuracy_score(BINARY, P1 > 0.5, sample_weight=w),
        "balanced_accuracy": theirs.balanced_accuracy_score(BINARY, P1 > 0.5, sample_weight=w),
        "log_loss": theirs.log_loss(BINARY, P1, sample_weight=w),
        "roc_auc": theirs.roc_auc_score(BINARY, P1, sample_weight=w),
    }
    for name, value in expected.items():
        found = METRICS[name](BINARY.reshape(-1, 1).astype(float), P1[:, None], "sigmoid", w)
        assert found == pytest.approx(value, rel=1e-12)


def test_raw_scores():
    s = np.log(P1 / (1 - P1))
    assert METRICS["accuracy"](BINARY, s[:, None], "identity") == np.mean((P1 > 0.5) == BINARY)
    assert METRICS["log_loss"](BINARY, s[:, None], "identity") == pytest.approx(theirs.log_loss(BINARY, P1), rel=1e-9)
    raw = np.log(P3) + 5
    assert METRICS["log_loss"](LABELS, raw, "identity") == pytest.approx(theirs.log_loss(LABELS, P3), rel=1e-9)
    signs = 2.0 * BINARY - 1
    assert METRICS["accuracy"](signs, s[:, None], "identity") == np.mean((P1 > 0.5) == BINARY)


@weights
def test_real_targets(w):
    options = {"sample_weight": w}
    mse = theirs.mean_squared_error(REAL, FITTED, **options)
    expected = {
        "mse": mse,
        "rmse": np.sqrt(mse),
        "mae": theirs.mean_absolute_error(REAL, FITTED, **options),
        "r2": theirs.r2_score(REAL, FITTED, **options),
    }
    for name, value in expected.items():
        assert METRICS[name](REAL, FITTED, "identity", w) == pytest.approx(value, rel=1e-12)


def test_constant_target():
    y, p = np.ones((5, 1)), np.zeros((5, 1))
    assert METRICS["r2"](y, p, "identity") == theirs.r2_score(y, p) == 0
    assert METRICS["r2"](y, y, "identity") == theirs.r2_score(y, y) == 1


def test_one_class():
    assert np.isnan(METRICS["roc_auc"](np.ones(5, int), np.arange(5.0)[:, None], "identity"))


def test_probabilities_of_zero():
    p = np.array([[1.0, 0.0], [0.5, 0.5]])
    assert METRICS["log_loss"](np.array([1, 0]), p, "softmax") == pytest.approx(theirs.log_loss([1, 0], p), rel=1e-9)


def test_names():
    assert [lower_is_better(name) for name in ("val_loss", "val_mse", "objective")] == [True] * 3
    assert [lower_is_better(name) for name in ("val_accuracy", "r2", "roc_auc", "my_metric")] == [False] * 4
    assert list(resolve_metrics("accuracy")) == ["accuracy"]

    def mine(y, prediction):
        return len(y)

    assert resolve_metrics(["mse", mine])["mine"](REAL, FITTED, "identity", None) == N


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "roc_auc", "log_loss"])
@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_metrics_of_classes_are_refused_for_real_targets(metric, loss):
    net = steep.MLP([2, 3, 1])
    start = net.parameters.copy()
    with pytest.raises(ValueError, match=f"metrics must be r2, mae, mse or rmse with the loss {loss} .* got {metric}:"):
        steep.train(net, REAL, REAL[:, 0], loss=loss, metrics=["r2", metric], epochs=1)
    with pytest.raises(ValueError, match="metrics must be r2"):
        steep.train(steep.MLP([2, 2]), REAL, REAL, loss=loss, metrics=metric, epochs=1)
    np.testing.assert_array_equal(net.parameters, start)


@pytest.mark.parametrize("y", [BINARY, 2 * BINARY - 1, 0.9 * (2 * BINARY - 1), np.eye(3)[LABELS], P3])
def test_metrics_of_classes_go_with_classes_as_real_targets(y):
    net = steep.MLP([2, 1 if y.ndim == 1 else y.shape[1]])
    run = steep.train(net, REAL, y, loss="squared_error", metrics="accuracy", epochs=1)
    assert 0 <= run.history["accuracy"][0] <= 1


@pytest.mark.parametrize("value", ["0.5", None, 1j, np.complex128(1), np.ones(3), [1.0], np.array("a")])
def test_a_metric_must_return_one_number(value):
    def mine(y, prediction):
        return value

    with pytest.raises(TypeError, match=r"metrics must return a number, got .* from mine"):
        steep.train(steep.MLP([2, 2]), REAL, REAL, metrics=["r2", mine], epochs=1)


@pytest.mark.parametrize("value", [1, True, 0.5, np.float32(0.5), np.array(0.5), float("nan")])
def test_numbers_that_a_metric_may_return(value):
    run = steep.train(steep.MLP([2, 2]), REAL, REAL, metrics=lambda y, prediction: value, epochs=1)
    np.testing.assert_array_equal(run.history["<lambda>"], [float(value)])


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_parameters_to_start_from_must_be_finite(optimizer, value):
    net = steep.MLP([2, 2])
    net.parameters[3] = value
    with pytest.raises(ValueError, match=f"net.parameters must be finite, got {value} at entry 3"):
        steep.train(net, REAL, REAL, optimizer=optimizer, epochs=1)
