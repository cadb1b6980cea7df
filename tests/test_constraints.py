"""Constraints by projection: non-negative weights, norms of units, single layers, residual blocks."""

import numpy as np
import pytest
from scipy.optimize import nnls

import steep as s


def test_non_negative_least_squares():
    rng = np.random.default_rng(0)
    A, y = rng.normal(size=(80, 5)), rng.normal(size=80)
    net = s.Network([s.Dense(1, use_bias=False)], 5, dtype="float64")
    s.train(net, A, y, optimizer=s.SGD(0.3), batch_size=80, epochs=800, constraint=s.NonNegative(), progress=False)
    np.testing.assert_allclose(net.parameters, nnls(A, y)[0], atol=1e-10)
    assert (net.parameters == 0).any()


@pytest.mark.parametrize("threads", [1, 2])
def test_max_norm_of_units_and_filters(threads):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6, 6, 2))
    net = s.Network([s.Conv2D(9, 3, "relu"), s.Dense(50, "tanh"), s.Dense(1)], (6, 6, 2), seed=1)
    s.train(
        net, X, 50 * X[:, 0, 0, 0], optimizer=s.Adam(0.05), epochs=3, constraint=[s.MaxNorm(0.7)],
        n_threads=threads, progress=False,
    )  # fmt: skip
    norms = [np.linalg.norm(layer.weight.reshape(len(layer.weight), -1), axis=1) for layer in net.layers]
    for norm in norms:
        assert norm.max() <= 0.7 * (1 + 1e-6)
    assert norms[2].max() > 0.699  # it binds: the targets ask for more
    assert abs(net.layers[2].bias).max() > 0


def test_constraints_of_single_layers():
    X = np.random.default_rng(0).normal(size=(200, 5))
    net = s.MLP([5, 7, 6, 1], "tanh", seed=1)
    own = {0: s.MaxNorm(0.5), 2: [s.NonNegative(), s.MaxNorm(1.0)]}
    s.train(net, X, 50 * X[:, 0], optimizer=s.Adam(0.05), epochs=5, constraint=own, progress=False)
    norms = [np.linalg.norm(layer.weight, axis=1).max() for layer in net.layers]
    assert 0.499 < norms[0] < 0.5001
    assert norms[1] > 1.1
    assert 0.999 < norms[2] < 1.0001
    assert net.layers[1].weight.min() < 0 == net.layers[2].weight.min()
    for wrong, words in (({3: s.MaxNorm(1.0)}, "layers 0 to 2, got one of 3"), ({0: 1.0}, r"constraint\[0\] must be")):
        with pytest.raises((ValueError, TypeError), match=words):
            s.train(net, X, X[:, 0], constraint=wrong)


def test_max_norm_inside_residual_blocks():
    X = np.random.default_rng(0).normal(size=(100, 4, 4, 3))
    inner = s.Residual([s.Conv2D(3, 3, "tanh", padding="same")])
    layers = [s.Residual([s.Conv2D(5, 3, "tanh", padding="same"), inner, s.Conv2D(3, 1)]), s.Dense(1)]
    with pytest.raises(ValueError, match=r"layers\[1\] \(residual\)"):  # what does not fit is still named
        s.Network(layers, (4, 4, 3))
    inner = s.Residual([s.Conv2D(5, 3, "tanh", padding="same")])
    layers[0] = s.Residual([s.Conv2D(5, 3, "tanh", padding="same"), inner, s.Conv2D(4, 1)], [s.Conv2D(4, 1)])
    net = s.Network(layers, (4, 4, 3), seed=1)
    s.train(net, X, 50 * X[:, 0, 0, 0], optimizer=s.Adam(0.05), epochs=5, constraint=s.MaxNorm(0.6), progress=False)
    weights = [array for layer in net.layers for name, array in layer.arrays() if name.endswith("weight")]
    assert [w.shape for w in weights] == [(5, 3, 3, 3), (5, 3, 3, 5), (4, 1, 1, 5), (4, 1, 1, 3), (1, 64)]
    norms = [np.linalg.norm(w.reshape(len(w), -1), axis=1) for w in weights]
    for norm in norms:
        assert 0.1 < norm.max() <= 0.6 * (1 + 1e-6)
    assert sum(norm.max() > 0.599 for norm in norms) >= 3


def test_constraints_are_refused_where_they_do_not_fit():
    X, y = np.ones((4, 3)), np.ones(4)
    for wrong in (3.0, "nonneg"):
        with pytest.raises(TypeError, match=f"constraint must be .* got {wrong!r}"):
            s.train(s.MLP([3, 1]), X, y, constraint=wrong)
    with pytest.raises(ValueError, match="limit must be"):
        s.MaxNorm(0)
    with pytest.raises(ValueError, match="constraint must be None or"):
        s.train(s.MLP([3, 1]), X, y, optimizer="lbfgs", constraint=s.MaxNorm(1.0))
