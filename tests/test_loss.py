"""Losses: the reference, derivatives by differences, other libraries, extreme scores, bits."""

import numpy as np
import pytest

from reference import loss as reference
from steep import _core

NAMES = list(reference.LOSSES)
PARAMETER = {
    "huber": 0.7, "pinball": 0.3, "epsilon_insensitive": 0.7, "squared_epsilon_insensitive": 0.7, "soft_l1": 0.6,
    "cauchy": 0.8,
}  # fmt: skip
PROBABILITIES = ("binary_cross_entropy", "cross_entropy")
TWO_CLASSES = ("binary_cross_entropy", "logistic", "hinge", "squared_hinge", "perceptron")
QUADRATIC = ("squared_error", "squared_hinge", "squared_epsilon_insensitive", "huber", "soft_l1", "cauchy")
DTYPES = [np.float32, np.float64]


def example(name, n, k, dtype=np.float64, seed=42):
    """Scores and targets at least 0.05 from every kink."""
    rng = np.random.default_rng(seed)
    away = np.where(rng.random((n, k)) < 0.5, rng.uniform(0.05, 0.6, (n, k)), rng.uniform(0.8, 3, (n, k)))
    away *= rng.choice([-1.0, 1.0], (n, k))  # kinks at 0, and at 0.7 with a parameter
    if name in TWO_CLASSES:
        target = rng.integers(0, 2, (n, k)).astype(float)
        score = (1 - away) * (2 * target - 1) if "hinge" in name else away
    elif "cross_entropy" in name:
        target = rng.dirichlet(np.ones(k), n)
        score = 2 * away
    elif name == "poisson":
        target, score = rng.poisson(2.0, (n, k)).astype(float), away
    else:
        target = rng.normal(size=(n, k))
        score = target.astype(dtype) + away
    if name in PROBABILITIES:
        score = rng.uniform(0.15, 0.85, (n, k))
    return score.astype(dtype), target.astype(dtype)


def call(name, score, target=None, label=None, weight=None):
    return _core.loss_value_and_gradient(name, PARAMETER.get(name, 1.0), score, target, label, weight)


def curvature(name, score, target, v, weight=None, label=None):
    return _core.loss_curvature(name, PARAMETER.get(name, 1.0), score, target, label, weight, v)


def sizes(name, score, target):
    """Bounds on the terms whose sum is l: their roundings are what remains when the sum cancels."""
    s, y = np.abs(score).astype(float), np.abs(target).astype(float)
    if name in PROBABILITIES:
        return y * (1 + np.abs(np.log(s))) + np.abs(1 - y) * (1 + np.abs(np.log(1 - s)))
    if name == "poisson":
        return np.exp(score.astype(float)) * (1 + s) + y * s
    return (1 + s + y) ** 2 if name in QUADRATIC else (1 + s + y) * (1 + y)


def test_lists_agree():
    in_core = set(_core.loss_names())
    assert in_core == set(NAMES), f"without a counterpart: {in_core ^ set(NAMES)}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", [1, 2, 3, 8, 10, 16, 17, 33, 100])
@pytest.mark.parametrize("name", NAMES)
def test_reference(name, k, dtype):
    """8 roundings of the largest term: 2 for an elementary function (2 ulp), 4 for the arithmetic, 2 for the weight."""
    score, target = example(name, 37, k, dtype)
    weight = np.random.default_rng(0).uniform(0.5, 2, 37).astype(dtype)
    v = np.random.default_rng(1).normal(size=score.shape).astype(dtype)
    eps = np.finfo(dtype).eps
    size = sizes(name, score, target)
    for w in (None, weight):
        losses, gradients, products = reference.rows(
            name, PARAMETER.get(name, 1.0), score, target, np.ones(37) if w is None else w, v
        )
        got, gradient = call(name, score, target, weight=w)
        assert got.dtype == np.float64
        assert gradient.dtype == dtype
        assert (np.abs(got - losses) <= 2 * 8 * eps * size.sum(axis=1)).all()
        # Of one row's terms: those of l over at most 1, or over a probability of at least 0.15.
        steep_terms = size / 0.15**2 if name in PROBABILITIES else size
        assert (np.abs(gradient - gradients) <= 2 * 8 * eps * steep_terms).all()
        row = np.abs(v).sum(axis=1, keepdims=True) if name == "softmax_cross_entropy" else np.abs(v)
        assert (np.abs(curvature(name, score, target, v, w) - products) <= 2 * 8 * eps * steep_terms * row).all()


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("name", NAMES)
def test_derivatives_by_differences(name, k):
    """f'(x) = (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12 h + h^4 f5 / 30, and 18 roundings of f over 12 h."""
    if name == "softmax_cross_entropy" and k == 1:
        k = 2
    score, target = example(name, 50, k)
    h, rng = 2.0**-11, np.random.default_rng(3)
    v = rng.uniform(-1, 1, score.shape)
    steps = [score + step * h * v for step in (-2, -1, 1, 2)]
    l, g = call(name, score, target)
    below2, below, above, above2 = (call(name, s, target) for s in steps)
    size = sizes(name, score, target)
    fifth = {"poisson": np.exp(4.0), **dict.fromkeys(PROBABILITIES, 2 * 120 / 0.14**6)}.get(name, 30.0)
    slack = 18 * 16 * 2.3e-16 / (12 * h), h**4 * fifth / 30
    along = (8 * (above[0] - below[0]) - (above2[0] - below2[0])) / (12 * h)
    assert (np.abs(along - (g * v).sum(axis=1)) <= slack[0] * size.sum(axis=1) + slack[1] * k).all()
    change = (8 * (above[1] - below[1]) - (above2[1] - below2[1])) / (12 * h)
    steep_terms = size / 0.14**2 if name in PROBABILITIES else size
    error = np.abs(change - curvature(name, score, target, v))
    assert (error <= slack[0] * steep_terms + slack[1]).all()
    convex = (curvature(name, score, target, v) * v).sum(axis=1)
    assert (convex >= -1e-15 * k).all() or name == "cauchy"
    assert (l >= 0).all() or name == "poisson"


HAND = [
    ("squared_error", [3.0, 1.0], [1.0, 2.0], 2.5, [2.0, -1.0]),
    ("absolute_error", [3.0, 2.0], [1.0, 2.0], 2.0, [1.0, 0.0]),
    ("huber", [0.5, 3.0], [0.0, 0.0], 0.125 + 0.7 * 2.65, [0.5, 0.7]),
    ("soft_l1", [0.8, 0.0], [0.0, 0.0], 0.36 * 2 / 3, [0.48, 0.0]),  # sqrt(1 + (4/3)^2) = 5/3
    ("cauchy", [0.8, 2.4], [0.0, 0.0], 0.32 * np.log(20.0), [0.4, 0.24]),  # r = c and 3 c
    ("pinball", [0.0, 2.0, 1.0], [1.0, 0.0, 1.0], 0.3 + 1.4, [-0.3, 0.7, 0.0]),
    ("epsilon_insensitive", [1.7, 0.0, 0.5], [0.0, 1.7, 0.0], 2.0, [1.0, -1.0, 0.0]),
    ("squared_epsilon_insensitive", [1.7, 0.0, 0.5], [0.0, 2.7, 0.0], 5.0, [2.0, -4.0, 0.0]),
    ("binary_cross_entropy", [0.25, 0.5], [1.0, 0.0], np.log(8.0), [-4.0, 2.0]),
    ("binary_cross_entropy", [0.0, 1.0], [1.0, 0.0], 200.0, [-1e12, 1e12]),
    ("binary_cross_entropy", [0.0, 1.0], [0.0, 1.0], 0.0, [0.0, 0.0]),
    ("cross_entropy", [0.25, 0.75], [1.0, 0.0], np.log(4.0), [-4.0, 0.0]),
    ("cross_entropy", [0.0, 1.0], [1.0, 0.0], 100.0, [-1e12, 0.0]),
    ("logistic", [0.0, np.log(3.0)], [1.0, 0.0], np.log(2.0) + np.log(4.0), [-0.5, 0.75]),
    ("softmax_cross_entropy", [np.log(2.0), 0.0, 0.0], [0.0, 1.0, 0.0], np.log(4.0), [0.5, -0.75, 0.25]),
    ("hinge", [0.25, 2.0, 0.5, 1.0], [1.0, 1.0, 0.0, 1.0], 0.75 + 1.5, [-1.0, 0.0, 1.0, 0.0]),
    ("squared_hinge", [0.5, -1.0], [1.0, 0.0], 0.25, [-1.0, 0.0]),
    ("poisson", [0.0, np.log(2.0)], [3.0, 1.0], 3 - np.log(2.0), [-2.0, 1.0]),
    ("perceptron", [2.0, -0.5, 0.0, 0.0, 3.0], [0.0, 1.0, 0.0, 1.0, 1.0], 2.5, [1.0, -1.0, 1.0, 0.0, 0.0]),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "score", "target", "loss", "gradient"), HAND)
def test_hand_values(name, score, target, loss, gradient, dtype):
    got, g = call(name, np.array([score], dtype), np.array([target], dtype))
    np.testing.assert_allclose(got, [loss], rtol=8 * np.finfo(dtype).eps, atol=0)
    np.testing.assert_allclose(g[0], gradient, rtol=8 * np.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_extreme_scores(dtype):
    """Exact where the true value is exact; scores so far apart that exponentials vanish or would overflow."""
    for big in (1e4, 1e30):
        big = float(dtype(big))
        column = np.array([[big], [big], [-big], [-big]], dtype)
        y = np.array([[0.0], [1.0], [0.0], [1.0]], dtype)
        for name in ("logistic", "hinge", "perceptron"):
            l, g = call(name, column, y)
            np.testing.assert_allclose(l, [big, 0, 0, big], rtol=2e-4 if big < 1e5 else 1e-12)  # hinge: 1 + big
            np.testing.assert_array_equal(g[:, 0], [1, 0, 0, -1])
            assert (curvature(name, column, y, np.ones_like(column)) == 0).all()
        l, g = call("softmax_cross_entropy", np.array([[big, 0, -big]] * 3, dtype), label=np.arange(3, dtype=np.int32))
        np.testing.assert_array_equal(l, [0, big, float(dtype(big)) * 2])
        np.testing.assert_array_equal(g, [[0, 0, 0], [1, -1, 0], [1, 0, -1]])
    l, g = call("poisson", np.array([[-1e4], [1e4]], dtype), np.ones((2, 1), dtype))
    np.testing.assert_array_equal(l, [1e4, np.inf])
    np.testing.assert_array_equal(g[:, 0], [-1, np.inf])


@pytest.mark.parametrize("dtype", DTYPES)
def test_robust_losses_far_out(dtype):
    """Residuals whose squares overflow: soft_l1 is c |r| - c^2, cauchy c^2 log(|r| / c) with the gradient c^2 / r."""
    c = PARAMETER["soft_l1"]
    for big in (1e10, 1e12, 1e30):
        s, y = np.array([[big], [-big]], dtype), np.zeros((2, 1), dtype)
        rtol = 4 * np.finfo(dtype).eps
        l, g = call("soft_l1", s, y)
        np.testing.assert_allclose(l, [c * big - c**2] * 2, rtol=rtol)
        np.testing.assert_allclose(g, [[c], [-c]], rtol=rtol)
        d = PARAMETER["cauchy"]
        l, g = call("cauchy", s, y)
        np.testing.assert_allclose(l, [d**2 * np.log(big / d)] * 2, rtol=rtol)
        np.testing.assert_allclose(g, [[d**2 / big], [-(d**2) / big]], rtol=rtol)
        for name in ("soft_l1", "cauchy"):
            bend = curvature(name, s, y, np.ones_like(s))
            assert np.isfinite(bend).all()
            assert (np.abs(bend) <= 1 / big).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_confident_rows_keep_their_digits(dtype):
    """The loss of a row that is all but certain is e^-s, not 0; so is its gradient's size."""
    s = np.array([20.0, 30.0, 40.0, 80.0], dtype)
    tiny = np.exp(-s.astype(np.longdouble))
    rtol = 8 * np.finfo(dtype).eps
    l, g = call("logistic", s[:, None], np.ones((4, 1), dtype))
    np.testing.assert_allclose(l, np.log1p(tiny), rtol=rtol)
    np.testing.assert_allclose(g[:, 0], -tiny / (1 + tiny), rtol=rtol)
    # The sum 1 + e^-s is kept in double: absolute errors of eps, which is 2.2e-16.
    l, g = call("softmax_cross_entropy", np.stack([s, 0 * s], axis=1), label=np.zeros(4, np.int32))
    np.testing.assert_allclose(l, np.log1p(tiny), rtol=rtol, atol=2.3e-16)
    np.testing.assert_allclose(g[:, 1], tiny / (1 + tiny), rtol=rtol)
    np.testing.assert_allclose(g[:, 0], -tiny / (1 + tiny), rtol=rtol, atol=2.3e-16)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", [1, 3, 10, 17, 40])
@pytest.mark.parametrize("name", NAMES)
def test_bits_do_not_depend_on_blocks(name, k, dtype):
    score, target = example(name, 70, k, dtype)
    weight = np.random.default_rng(0).uniform(0.5, 2, 70).astype(dtype)
    v = np.random.default_rng(1).normal(size=score.shape).astype(dtype)
    l, g = call(name, score, target, weight=weight)
    c = curvature(name, score, target, v, weight)
    np.testing.assert_array_equal(_core.loss_value(name, PARAMETER.get(name, 1.0), score, target, None, weight), l)
    for cut in (1, 2, 5, 16, 33, 69):
        for part in (slice(0, cut), slice(cut, None)):
            l1, g1 = call(name, score[part], target[part], weight=weight[part])
            np.testing.assert_array_equal(l1, l[part])
            np.testing.assert_array_equal(g1, g[part])
            np.testing.assert_array_equal(curvature(name, score[part], target[part], v[part], weight[part]), c[part])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_weights_and_nan(name, dtype):
    score, target = example(name, 9, 3, dtype)
    l, g = call(name, score, target)
    l4, g4 = call(name, score, target, weight=np.full(9, 4, dtype))
    np.testing.assert_array_equal(l4, 4 * l)  # a power of two multiplies without rounding
    np.testing.assert_array_equal(g4, 4 * g)
    score[4, 1] = np.nan
    l1, g1 = call(name, score, target)
    assert np.isnan(l1[4])
    assert np.isnan(g1[4, 1]) or name == "hinge"  # whose slope is 0 or 1 and takes no digits from the score
    others = np.arange(9) != 4
    np.testing.assert_array_equal(l1[others], l[others])
    np.testing.assert_array_equal(g1[others], g[others])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["cross_entropy", "softmax_cross_entropy"])
def test_labels_are_one_hot_rows(name, dtype):
    for k in (2, 10, 33):
        score, _ = example(name, 40, k, dtype)
        label = np.random.default_rng(5).integers(0, k, 40).astype(np.int32)
        weight = np.random.default_rng(6).uniform(0.5, 2, 40).astype(dtype)
        onehot, v = np.eye(k, dtype=dtype)[label], np.random.default_rng(7).normal(size=(40, k)).astype(dtype)
        tolerance = {"rtol": 8 * np.finfo(dtype).eps, "atol": 8 * np.finfo(dtype).eps}
        for ours, theirs in zip(
            call(name, score, None, label, weight), call(name, score, onehot, weight=weight), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, **tolerance)
        ours = curvature(name, score, None, v, weight, label)
        np.testing.assert_allclose(ours, curvature(name, score, onehot, v, weight), **tolerance)
