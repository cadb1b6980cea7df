"""Exact zeros, label smoothing, penalties of single layers, activation norms, and gradients that vanish."""

import numpy as np
import pytest

import steep as s


def test_activation_norms_are_root_mean_squares_of_the_last_step():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 6)), rng.normal(size=(40, 2))
    histories = []
    for threads in (1, 2):
        net = s.Network([s.Dense(7, "tanh"), s.BatchNorm(), s.Dense(2)], 6, dtype="float64", seed=1)
        start = net.copy()
        run = s.train(net, X, y, optimizer=s.SGD(0.1), batch_size=40, epochs=3, n_threads=threads, progress=False)
        histories.append(run.history["layer_activation_norm"])
    # With one batch an epoch, the first epoch's step sees the parameters of the start.
    hidden = np.tanh(X @ start.layers[0].weight.T + start.layers[0].bias)
    normed = (hidden - hidden.mean(axis=0)) / np.sqrt(hidden.var(axis=0) + 1e-5)
    out = normed @ start.layers[2].weight.T + start.layers[2].bias
    wanted = [np.sqrt((a**2).mean()) for a in (hidden, normed, out)]
    np.testing.assert_allclose(histories[0][0], wanted, rtol=1e-12)
    np.testing.assert_array_equal(*histories)
    assert histories[0].shape == (3, 3)
    assert s.train(net, X, y, epochs=1, progress=False).history["layer_activation_norm"].shape == (1, 3)


def test_activation_norms_count_every_row_of_a_large_batch():
    X = np.random.default_rng(0).normal(size=(2000, 3))
    X[1024:] *= 100  # rows that are worked on apart
    net = s.MLP([3, 2], dtype="float64", seed=1)
    wanted = np.sqrt((net.predict(X) ** 2).mean())
    run = s.train(net, X, X[:, :2], optimizer=s.SGD(1e-9), batch_size=2000, epochs=1, progress=False)
    np.testing.assert_allclose(run.history["layer_activation_norm"][0, 0], wanted, rtol=1e-12)


def test_the_courses_example_binary_classification_by_cnn_with_exact_zeros():
    """The logistic loss and lambda ||w||_1, by proximal steps."""
    X, y = s.load_digits()
    rows = np.isin(y, (3, 8))
    X, y = X[rows].reshape(-1, 8, 8, 1), (y[rows] == 8).astype(int)
    layers = [s.Conv2D(8, 3, "relu", padding="same"), s.MaxPool2D(2), s.Conv2D(8, 3, "relu"), s.Flatten(), s.Dense(1)]
    shares = {}
    for lam in (0.0, 2e-3):
        net = s.Network(layers, (8, 8, 1), seed=1, input_scale=1 / 16)
        penalty = s.L1(lam) if lam else None
        run = s.train(net, X[:250], y[:250], loss="logistic", penalty=penalty, batch_size=32, epochs=60, progress=False)
        weights = net.parameters[net.weight_mask()]
        assert weights.size == sum(layer.weight.size for layer in net.layers if "weight" in dict(layer.arrays()))
        shares[lam] = np.mean(weights == 0)
        assert (net.predict_classes(X[250:]) == y[250:]).mean() > 0.95
        if lam:
            assert run.history["zeros"].shape == (60,)
            assert run.history["zeros"][-1] == shares[lam]
            assert run.history["zeros"][0] < run.history["zeros"][-1]
        else:
            assert "zeros" not in run.history
    assert shares[0.0] == 0
    assert shares[2e-3] > 0.3


def test_full_batch_methods_record_exact_zeros():
    X = np.random.default_rng(0).normal(size=(100, 8))
    net = s.MLP([8, 5, 1], "tanh", dtype="float64", seed=1)
    run = s.train(net, X, X[:, 0], optimizer="proximal_gradient", penalty=s.L1(0.05), epochs=200, progress=False)
    assert len(run.history["zeros"]) == len(run.history["loss"])
    weights = net.parameters[net.weight_mask()]
    assert run.history["zeros"][-1] == (weights == 0).mean() > 0.3


@pytest.mark.parametrize(
    ("output", "outputs", "loss"),
    [("softmax", 3, None), ("identity", 3, "softmax_cross_entropy"), ("sigmoid", 1, None)],
)
def test_label_smoothing_is_training_on_mixed_targets(output, outputs, loss):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 4)), rng.integers(0, max(outputs, 2), size=50)
    rows = y[:, None] if outputs == 1 else np.eye(outputs)[y]
    ends = []
    for targets, smoothing in ((y, 0.1), (0.9 * rows + 0.1 / max(outputs, 2), 0.0)):
        net = s.MLP([4, 6, outputs], "tanh", output, dtype="float64", seed=1)
        run = s.train(net, X, targets, loss=loss, label_smoothing=smoothing, epochs=3, batch_size=16, progress=False)
        ends.append((net.parameters.copy(), run.history["loss"].copy()))
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=1e-12)
    np.testing.assert_allclose(ends[0][1], ends[1][1], rtol=1e-12)


def test_label_smoothing_needs_classes():
    with pytest.raises(ValueError, match="label_smoothing must be 0 with the loss squared_error"):
        s.train(s.MLP([3, 1]), np.ones((4, 3)), np.ones(4), label_smoothing=0.1)
    with pytest.raises(ValueError, match=r"label_smoothing must be in \[0, 1\)"):
        s.train(s.MLP([3, 1]), np.ones((4, 3)), np.ones(4), label_smoothing=1.0)


def test_gradients_vanish_in_twenty_sigmoid_layers_and_what_cures_it():
    """First layer's gradient norm over the last one's, in the first epoch."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(256, 10)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int)

    def ratio(layers):
        net = s.Network([*layers, s.Dense(2, "softmax")], 10, seed=1)
        run = s.train(net, X, y, optimizer=s.SGD(1e-3), epochs=1, progress=False)
        norms = run.history["layer_gradient_norm"][0]
        return norms[0] / norms[-1]

    sigmoid = [s.Dense(32, "sigmoid") for _ in range(20)]
    relu = [s.Dense(32, "relu", initialization="he") for _ in range(20)]
    normed = [layer for _ in range(20) for layer in (s.Dense(32), s.BatchNorm(), s.Activation("sigmoid"))]
    # Each sigmoid layer multiplies by at most |W| / 4, with |W| about 1.4 here: 20 of them by 1e-9 or less.
    assert ratio(sigmoid) < 1e-8
    assert ratio(relu) > 0.05
    assert ratio(normed) > 1e-3


@pytest.mark.parametrize("rule", [s.Adam(0.01), s.AdamW(0.01, weight_decay=0.1), s.Nesterov(0.05), s.SGD(0.1)])
@pytest.mark.parametrize("clip", [None, 0.1])
def test_each_layer_its_own_penalty(rule, clip):
    """The same for all layers is one for all; a layer without one moves as if there were none at all."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 5)), rng.normal(size=(80, 2))

    def trained(penalty, epochs=3):
        net = s.MLP([5, 7, 2], "tanh", dtype="float64", seed=1)
        run = s.train(
            net, X, y, optimizer=rule, penalty=penalty, batch_size=16, epochs=epochs, clip_norm=clip, progress=False
        )
        return net, run.history

    both = s.ElasticNet(l1=0.01, l2=0.1)
    (one, a), (each, b), (table, _) = trained(both), trained([both, both]), trained({0: both, 1: both})
    np.testing.assert_array_equal(one.parameters, each.parameters)
    np.testing.assert_array_equal(one.parameters, table.parameters)
    np.testing.assert_array_equal(a["objective"], b["objective"])
    net, _ = trained({1: s.ElasticNet(l1=0.3, l2=0.1)}, 200)
    assert (net.layers[1].weight == 0).mean() > 0.5
    assert not (net.layers[0].weight == 0).any()
    first = trained({1: s.L2(0.5)}, 1)[1]
    weight = s.MLP([5, 7, 2], "tanh", dtype="float64", seed=1).layers[1].weight
    # One epoch of five steps moves little: the penalty is about the one of the start.
    assert first["objective"][0] - first["loss"][0] == pytest.approx(0.25 * (weight**2).sum(), rel=0.5)


def test_penalties_of_layers_that_do_not_fit():
    net, X, y = s.MLP([3, 2, 1]), np.ones((4, 3)), np.ones(4)
    with pytest.raises(ValueError, match="one for each of 2 layers, got 1"):
        s.train(net, X, y, penalty=[s.L2(0.1)])
    with pytest.raises(ValueError, match="penalty must be of layers 0 to 1, got one of 2"):
        s.train(net, X, y, penalty={2: s.L2(0.1)})
    pooled = s.Network([s.Flatten(), s.Dense(1)], (2, 2, 1))
    images = np.ones((4, 2, 2, 1))
    with pytest.raises(ValueError, match=r"penalty must be of layers with weights, got one of layer 0, Flatten\(\)"):
        s.train(pooled, images, y, penalty={0: s.L1(0.1)})
    with pytest.raises(ValueError, match="constraint must be of layers with weights"):
        s.train(pooled, images, y, constraint={0: s.NonNegative()})
    with pytest.raises(TypeError, match="one for all layers"):
        s.Risk(net, X, y, penalty={0: s.L1(0.1)})
    with pytest.raises(TypeError, match=r"penalty\[0\] must be"):
        s.train(net, X, y, penalty=[0.1, None])
    with pytest.raises(ValueError, match="penalty must be one for all layers with"):
        s.train(net, X, y, penalty=[s.L2(0.1), None], optimizer="lbfgs")
