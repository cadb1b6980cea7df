"""Mixup: rows and shares read from one step of a linear model, against Philox and Beta numbers in Python and SciPy."""

import math

import numpy as np
import pytest
from scipy import stats

import steep as s
from reference.dropout import philox

STREAM, N = 4, 30


class Reader:
    """Random numbers of one row: a Philox stream whose key is the row's."""

    def __init__(self, seed, epoch, row):
        low, high, *_ = philox(seed, (row, 0, epoch, STREAM))
        self.key, self.epoch, self.words, self.count, self.spare = low | high << 32, epoch, [], 0, None

    def word(self):
        if not self.words:
            self.words = list(philox(self.key, (self.count, 0, self.epoch, STREAM)))
            self.count += 1
        return self.words.pop(0)

    def uniform(self):
        return ((self.word() >> 5) * 2**26 + (self.word() >> 6)) / 2**53

    def normal(self):
        if self.spare is not None:
            x, self.spare = self.spare, None
            return x
        radius = math.sqrt(-2 * math.log(1 - self.uniform()))
        angle = 2 * math.pi * self.uniform()
        self.spare = radius * math.sin(angle)
        return radius * math.cos(angle)

    def below(self, n):
        while True:
            product = self.word() * n
            if product % 2**32 >= 2**32 % n:
                return product >> 32

    def gamma(self, shape):
        d = shape - 1 / 3
        while True:
            x = self.normal()
            v = 1 + x / math.sqrt(9 * d)
            u = 1 - self.uniform()
            if v > 0 and math.log(u) < x * x / 2 + d - d * v**3 + d * math.log(v**3):
                return d * v**3


def partner(alpha, rows, seed, epoch, row):
    """Return the partner and the row's own share."""
    reader = Reader(seed, epoch, row)
    other = rows[reader.below(len(rows))]
    a, b = reader.gamma(alpha + 1), reader.gamma(alpha + 1)
    u, v = 1 - reader.uniform(), 1 - reader.uniform()
    a, b = a * u ** (1 / alpha), b * v ** (1 / alpha)
    return other, a / (a + b)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_shares_are_beta_and_partners_uniform(alpha):
    drawn = [partner(alpha, range(N), 5, 2, row) for row in range(1500)]
    assert stats.kstest([share for _, share in drawn], stats.beta(alpha, alpha).cdf).pvalue > 1e-3
    assert stats.chisquare(np.bincount([other for other, _ in drawn], minlength=N)).pvalue > 1e-3


def step(X, y, weight, loss, outputs, **options):
    """Return the weight of a linear model after one step from zero at rate 1: minus the gradient."""
    layer = s.Dense(outputs, initialization="zeros", use_bias=False)
    net = s.Network([layer], X.shape[1:], dtype="float64")
    options = {"batch_size": len(X), "epochs": 1, "progress": False} | options
    s.train(net, X, y, loss=loss, sample_weight=weight, optimizer=s.SGD(1.0), **options)
    return net.parameters.reshape(outputs, -1).copy()


@pytest.mark.parametrize("seed", [0, 2**40 + 7])
@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_rows_and_real_targets(alpha, seed):
    X, y = np.eye(N), np.arange(1.0, N + 1)
    for row in range(0, N, 3):
        weight = np.full(N, 1e-30)
        weight[row], weight[4] = 1, 0  # row 4 is no training row
        rows = [i for i in range(N) if weight[i]]
        if row in rows:
            other, share = partner(alpha, rows, seed, 0, row)
            x = share * X[row] + (1 - share) * X[other]
            wanted = (share * y[row] + (1 - share) * y[other]) * x
            got = step(X, y, weight, "squared_error", 1, mixup=alpha, seed=seed)[0]
            np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-25)


@pytest.mark.parametrize("batch", [7, N])
@pytest.mark.parametrize("outputs", [1, 3])
def test_labels_become_probabilities(outputs, batch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(N, 4)), rng.integers(0, max(outputs, 2), N)
    T = y[:, None] if outputs == 1 else np.eye(outputs)[y]
    W, losses, wanted = np.zeros((outputs, 4)), [], []
    for epoch in range(2):
        total = 0.0
        for start in range(0, N, batch):
            ids = range(start, min(start + batch, N))
            drawn = [(i, *partner(0.4, range(N), 3, epoch, i)) for i in ids]
            x = np.array([share * X[i] + (1 - share) * X[j] for i, j, share in drawn])
            t = np.array([share * T[i] + (1 - share) * T[j] for i, j, share in drawn])
            z = x @ W.T
            if outputs == 1:
                p = 1 / (1 + np.exp(-z))
                total -= (t * np.log(p) + (1 - t) * np.log(1 - p)).sum()
            else:
                p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
                total -= (t * np.log(p)).sum()
            W = W - (p - t).T @ x / len(x)
        wanted.append(total / N)
    net = s.Network(
        [s.Dense(outputs, "sigmoid" if outputs == 1 else "softmax", initialization="zeros", use_bias=False)], 4,
        dtype="float64",
    )  # fmt: skip
    run = s.train(
        net, X, y, optimizer=s.SGD(1.0), batch_size=batch, epochs=2, shuffle=False, seed=3, mixup=0.4, progress=False
    )
    losses = run.history["loss"]
    np.testing.assert_allclose(net.parameters.reshape(outputs, 4), W, rtol=1e-11)
    np.testing.assert_allclose(losses, wanted, rtol=1e-11)


def train(n_threads=2, batch_size=70, dtype="float32", epochs=4, **options):
    rng = np.random.default_rng(1)
    X, y = rng.integers(0, 256, (1500, 6, 6, 1)).astype("uint8"), rng.integers(0, 3, 1500)
    net = s.Network([s.Flatten(), s.Dense(20, "relu"), s.Dropout(0.2), s.Dense(3, "softmax")], (6, 6, 1), dtype=dtype)
    options = {"augment": s.Augment(shift=1, flip=True, rotate=10), "mixup": 0.3, "seed": 8} | options
    run = s.train(net, X, y, batch_size=batch_size, epochs=epochs, n_threads=n_threads, progress=False, **options)
    return net.parameters.copy(), run


@pytest.mark.parametrize("batch_size", [70, 1300])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_change_no_bit(dtype, batch_size):
    one, two, three = (train(threads, batch_size, dtype)[0] for threads in (1, 2, 3))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, three)
    assert (one != train(1, batch_size, dtype, mixup=None)[0]).any()


def test_resumed_is_uninterrupted():
    whole, run = train()
    _, half = train(epochs=2)
    parts, resumed = train(resume=half)
    np.testing.assert_array_equal(parts, whole)
    np.testing.assert_array_equal(resumed.history["loss"], run.history["loss"])
    with pytest.raises(ValueError, match="mixup"):
        train(resume=half, mixup=0.2)


def test_a_small_and_a_large_alpha():
    X, y, weight = np.eye(N), np.ones(N), np.full(N, 1e-30)
    weight[3] = 1
    for alpha in (1e-300, 1e300):
        found = np.sort(step(X, y, weight, "squared_error", 1, mixup=alpha, seed=1)[0])[::-1]
        np.testing.assert_allclose(found[:2], [1, 0] if alpha < 1 else [0.5, 0.5], atol=1e-12)


def test_validation_and_metrics_see_the_rows():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    net = s.MLP([3, 8, 1], dtype="float64")
    run = s.train(net, X, y, mixup=1.0, validation=(X, y), metrics="mse", epochs=3, progress=False)
    error = np.mean((net.predict(X).ravel() - y) ** 2)
    np.testing.assert_allclose([run.history["mse"][-1], 2 * run.history["val_loss"][-1]], error, rtol=1e-12)
    assert abs(2 * run.history["loss"][-1] / error - 1) > 0.01


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_refused_where_targets_are_signs(loss):
    with pytest.raises(ValueError, match=f"mixup must be None with the loss {loss}"):
        s.train(s.MLP([3, 1]), np.ones((4, 3)), np.array([0, 1, 0, 1]), loss=loss, mixup=0.2)


def test_refusals():
    X, y = np.ones((4, 3)), np.ones(4)
    for bad in (0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="mixup must be a positive number, got"):
            s.train(s.MLP([3, 1]), X, y, mixup=bad)
    with pytest.raises(TypeError, match="mixup must be a positive number, got"):
        s.train(s.MLP([3, 1]), X, y, mixup="much")
    with pytest.raises(ValueError, match=r"mixup must be None with lbfgs, got 0\.2"):
        s.train(s.MLP([3, 1]), X, y, optimizer="lbfgs", mixup=0.2)
