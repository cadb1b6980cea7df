"""Initializations: against the reference, and by their statistics."""

import numpy as np
import pytest
from scipy import stats

import steep
from reference import initialize as reference
from steep import _core
from steep.layers import INITIALIZATIONS


def test_lists_agree():
    assert list(INITIALIZATIONS) == _core.initialization_names()


@pytest.mark.parametrize(("out", "inputs"), [(7, 4), (4, 7), (5, 5), (1, 3), (3, 1)])
@pytest.mark.parametrize("kind", INITIALIZATIONS)
def test_against_the_reference(kind, out, inputs):
    for seed, layer in ((0, 0), (2**63 + 11, 3)):
        weight, bias = _core.initialize(kind, out, inputs, inputs, out, seed, layer)
        expected, expected_bias = reference.weights(kind, out, inputs, seed, layer)
        np.testing.assert_allclose(weight, expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(bias, expected_bias, rtol=1e-12, atol=1e-14)


VARIANCES = {
    "normal": 1e-4, "uniform": 0.05**2 / 3, "glorot_normal": 2 / 500, "glorot_uniform": 2 / 500, "he_normal": 2 / 300,
    "he_uniform": 2 / 300, "lecun_normal": 1 / 300, "lecun_uniform": 1 / 300,
}  # fmt: skip


@pytest.mark.parametrize("kind", VARIANCES)
def test_distribution(kind):
    weight, bias = _core.initialize(kind, 200, 300, 300, 200, 42, 0)
    deviation = np.sqrt(VARIANCES[kind])
    if "normal" in kind:
        law = stats.norm(0, deviation)
    else:
        law = stats.uniform(-np.sqrt(3) * deviation, 2 * np.sqrt(3) * deviation)
    assert stats.kstest(weight.ravel(), law.cdf).pvalue > 1e-3
    assert abs(weight.std() / deviation - 1) < 4 / np.sqrt(weight.size)
    assert not bias.any()


def test_orthogonal():
    for out, inputs in ((30, 20), (20, 30)):
        weight, _ = _core.initialize("orthogonal", out, inputs, inputs, out, 1, 0)
        gram = weight.T @ weight if out >= inputs else weight @ weight.T
        np.testing.assert_allclose(gram, np.eye(20), atol=1e-13)


def test_nguyen_widrow():
    weight, bias = _core.initialize("nguyen_widrow", 16, 2, 2, 16, 1, 0)
    np.testing.assert_allclose(np.linalg.norm(weight, axis=1), 0.7 * 4, rtol=1e-12)
    # Units bend at places spread over [-1, 1] in multiples of the rows' norm, from one end to the other.
    np.testing.assert_allclose(np.sort(np.abs(bias / 2.8)), np.sort(np.abs(np.linspace(-1, 1, 16))), rtol=1e-12)


def test_auto():
    net = steep.MLP([9, 8, 7], activation="relu", output="softmax", dtype="float64", seed=6)
    np.testing.assert_array_equal(net.layers[0].weight, _core.initialize("he_normal", 8, 9, 9, 8, 6, 0)[0])
    np.testing.assert_array_equal(net.layers[1].weight, _core.initialize("glorot_uniform", 7, 8, 8, 7, 6, 1)[0])


@pytest.mark.parametrize(
    ("short", "name"), [("glorot", "glorot_uniform"), ("he", "he_normal"), ("lecun", "lecun_normal")]
)
def test_short_names(short, name):
    assert steep.Dense(3, initialization=short).initialization == name


def test_seeds():
    a, b, c = (steep.MLP([5, 4, 4, 3], seed=seed).parameters for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert (a != c).mean() > 0.7  # biases are zero in both
    net = steep.MLP([4, 4, 4], activation="tanh", seed=1)
    assert (net.layers[0].weight != net.layers[1].weight).all()  # each layer has its own stream
    fresh = net.parameters.copy()
    net.parameters[...] = 0
    net.initialize(1)
    np.testing.assert_array_equal(net.parameters, fresh)
    # The same network in another dtype: the same numbers, rounded.
    double = steep.MLP([4, 4, 4], activation="tanh", seed=1, dtype="float64")
    np.testing.assert_array_equal(double.parameters.astype(np.float32), fresh)


def test_unknown_name():
    with pytest.raises(ValueError, match=r"initialization must be one of .* got 'glorott' \(did you mean 'glorot"):
        steep.Dense(3, initialization="glorott")
