"""Constraints, exact zeros, label smoothing, averages of parameters, the range test, and gradients that vanish."""

import numpy as np
import pytest
from scipy.optimize import minimize, nnls

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


def test_group_lasso_reaches_the_minimizer():
    """Conditions of optimality: rows of the gradient are -group w/|w|, or no longer than that where w is zero."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5))
    Y = X[:, :2] @ rng.normal(size=(2, 6)) * np.array([3.0, 2.0, 0.05, 0.05, 1.0, 0.02])
    group, l1 = 0.3, 0.02
    for rule, penalty in (
        (s.SGD(0.2), s.GroupLasso(group)),
        (s.Momentum(0.2), s.GroupLasso(group)),
        (s.Momentum(0.05, form="classical"), s.GroupLasso(group, l1=l1)),
        (s.Adam(s.schedules.Exponential(0.05, 0.999)), s.GroupLasso(group)),
        (s.AMSGrad(0.01), s.GroupLasso(group, l1=l1)),
        (s.AdaGrad(0.5), s.GroupLasso(group, l1=l1)),
        (s.RMSProp(s.schedules.Exponential(0.05, 0.999)), s.GroupLasso(group, l1=l1)),
    ):
        net = s.Network([s.Dense(6, use_bias=False)], 5, dtype="float64", seed=1)
        run = s.train(
            net,
            X,
            Y,
            optimizer=rule,
            batch_size=60,
            epochs=12000,
            loss="squared_error",
            penalty=penalty,
            progress=False,
        )
        W = net.layers[0].weight
        gradient = (X @ W.T - Y).T @ X / 60
        zero = (W == 0).all(axis=1)
        assert 2 <= zero.sum() <= 4
        a = penalty.l1
        inside = np.sign(gradient) * np.maximum(np.abs(gradient) - a, 0)
        assert (np.linalg.norm(inside[zero], axis=1) <= group * (1 + 1e-6)).all()
        w = W[~zero]
        residual = gradient[~zero] + group * w / np.linalg.norm(w, axis=1, keepdims=True) + a * np.sign(w)
        off = np.where(w == 0, np.maximum(np.abs(residual) - a, 0), residual)
        np.testing.assert_allclose(off, 0, atol=1e-6)
        wanted = ((X @ W.T - Y) ** 2).sum() / 120 + group * np.linalg.norm(W, axis=1).sum() + a * np.abs(W).sum()
        assert run.history["objective"][-1] == pytest.approx(wanted, rel=1e-6)
        assert run.history["zeros"][-1] == (W == 0).mean() > 0.3


def test_one_step_of_adam_with_a_group_penalty_is_the_proximal_point():
    """The first step of Adam against SciPy's minimizer of what its proximal step minimizes."""
    rng = np.random.default_rng(3)
    X, Y, group, l1, eta = rng.normal(size=(40, 6)) * [3, 1, 1, 0.3, 0.1, 10], rng.normal(size=(40, 4)), 0.7, 0.05, 0.02
    net = s.Network([s.Dense(4, use_bias=False)], 6, dtype="float64", seed=2)
    start = net.layers[0].weight.copy()
    start *= np.array([[1.0], [0.2], [1e-3], [3.0]])
    Y[:, 2] *= 0.01
    net.parameters = start.ravel()
    gradient = (X @ start.T - Y).T @ X / 40
    s.train(net, X, Y, optimizer=s.Adam(eta), batch_size=40, epochs=1, penalty=s.GroupLasso(group, l1=l1), seed=0)
    scales = eta / (np.abs(gradient) + 1e-8)
    for before, g, scale, after in zip(start, gradient, scales, net.layers[0].weight, strict=True):
        u = before - scale * g

        def objective(x, u=u, scale=scale):
            return ((x - u) ** 2 / (2 * scale)).sum() + group * np.linalg.norm(x) + l1 * np.abs(x).sum()

        best = min((minimize(objective, x0, method="Powell", tol=1e-14) for x0 in (u, before)), key=lambda res: res.fun)
        assert objective(after) <= min(best.fun, objective(0 * u)) + 1e-12
    assert (net.layers[0].weight[2] == 0).all()


def test_group_lasso_of_filters_of_one_layer_for_any_threads():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(96, 8, 8, 2)).astype(np.float32)
    y = (X[..., 0].mean(axis=(1, 2)) > 0).astype(int)
    found = []
    for threads in (1, 2):
        block = s.Residual([s.Conv2D(24, 3, "relu", padding="same"), s.Conv2D(2, 1)])
        net = s.Network([block, s.Dense(2, "softmax")], (8, 8, 2), seed=1)
        s.train(
            net,
            X,
            y,
            optimizer=s.SGD(0.1),
            epochs=250,  # a step takes 0.01 off norms of about 1.4
            penalty={0: s.GroupLasso(0.1)},
            n_threads=threads,
            progress=False,
        )
        found.append(net.parameters.copy())
        first = next(iter(net.layers[0].arrays()))[1].reshape(24, -1)
        zero = (first == 0).all(axis=1)
        assert zero.any()
        assert not ((first == 0).any(axis=1) & ~zero).any()
        assert not (net.layers[1].weight == 0).any()
    np.testing.assert_array_equal(*found)


def test_group_lasso_is_refused_where_it_has_no_step():
    net, X, y = s.MLP([3, 2, 1]), np.ones((4, 3)), np.ones(4)
    for rule in ("rprop", "nesterov", "lion"):
        with pytest.raises(ValueError, match="penalty must have no group part with"):
            s.train(net, X, y, optimizer=rule, penalty=s.GroupLasso(0.1))
    with pytest.raises(ValueError, match="penalty must have no group part with lbfgs"):
        s.train(net, X, y, optimizer="lbfgs", penalty=s.GroupLasso(0.1))
    with pytest.raises(ValueError, match="penalty must have no group part here"):
        s.Risk(net, X, y, penalty=s.GroupLasso(0.1))
    with pytest.raises(ValueError, match="group must be"):
        s.GroupLasso(-1.0)
    assert s.L1(0.1) + s.GroupLasso(0.2) == s.GroupLasso(0.2, l1=0.1)


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


def test_constraints_are_refused_where_they_do_not_fit():
    X, y = np.ones((4, 3)), np.ones(4)
    with pytest.raises(TypeError, match="constraint must be"):
        s.train(s.MLP([3, 1]), X, y, constraint=3.0)
    with pytest.raises(ValueError, match="limit must be"):
        s.MaxNorm(0)
    with pytest.raises(ValueError, match="constraint must be None with"):
        s.train(s.MLP([3, 1]), X, y, optimizer="lbfgs", constraint=s.MaxNorm(1.0))


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


@pytest.mark.parametrize("decay", [None, 0.7])
def test_average_of_parameters(decay):
    X = np.random.default_rng(0).normal(size=(60, 3))
    net = s.MLP([3, 5, 1], dtype="float64")
    seen = []
    average = s.WeightAverage(start=2, decay=decay)
    calls = [average, lambda info: seen.append(info.network.parameters.copy())]
    s.train(net, X, X[:, 0], batch_size=10, epochs=6, callbacks=calls, progress=False)
    wanted = seen[2]
    for w in seen[3:]:
        wanted = 0.7 * wanted + 0.3 * w
    average.install(net)
    np.testing.assert_allclose(net.parameters, np.mean(seen[2:], axis=0) if decay is None else wanted, rtol=1e-12)


def test_average_takes_running_statistics_anew():
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, size=(512, 4))
    net = s.Network([s.Dense(6), s.BatchNorm(momentum=0.2), s.Dense(1)], 4, dtype="float64")
    average = s.WeightAverage()
    s.train(net, X, X[:, 0], epochs=3, callbacks=average, progress=False)
    with pytest.raises(ValueError, match="X must be given"):
        average.install(net)
    average.install(net, X, batch_size=256)
    Z = X @ net.layers[0].weight.T + net.layers[0].bias
    halves = Z[:256], Z[256:]
    np.testing.assert_allclose(net.layers[1].mean, np.mean([h.mean(0) for h in halves], axis=0), rtol=1e-9)
    np.testing.assert_allclose(net.layers[1].variance, np.mean([h.var(0, ddof=1) for h in halves], axis=0), rtol=1e-9)
    with pytest.raises(ValueError, match="start must be less"):
        s.WeightAverage(start=5).install(net, X)


@pytest.mark.parametrize(
    ("output", "outputs", "loss"),
    [("softmax", 3, None), ("identity", 1, "squared_error"), ("sigmoid", 1, None), ("exp", 1, "poisson")],
)
def test_range_test_finds_a_rate_that_trains(output, outputs, loss):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 4))
    y = np.digitize(X[:, 0] + X[:, 1], [-0.7, 0.7]) if outputs == 3 else (X[:, 0] + X[:, 1] > 0).astype(float)
    net = s.MLP([4, 16, outputs], "tanh", output, seed=1)
    before = net.parameters.copy()
    found = s.learning_rate_range(net, X, y, loss=loss, low=1e-5, high=10.0, steps=120)
    np.testing.assert_array_equal(net.parameters, before)
    assert found.rates.shape == found.losses.shape
    np.testing.assert_allclose(found.rates[1] / found.rates[0], 1e6 ** (1 / 119))
    first = s.train(net, X, y, loss=loss, optimizer=s.Adam(found.suggestion), epochs=20, progress=False).history["loss"]
    assert first[-1] < 0.8 * first[0]
    with pytest.raises(ValueError, match="low must be less than high"):
        s.learning_rate_range(net, X, y, loss=loss, low=1.0, high=0.1)


def test_range_test_plots():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    X = np.random.default_rng(0).normal(size=(50, 2))
    figure = s.learning_rate_range(s.MLP([2, 1]), X, X[:, 0], steps=20).plot()
    assert figure.axes[0].get_xscale() == "log"
    matplotlib.pyplot.close(figure)


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
    with pytest.raises(TypeError, match=r"penalty\[0\] must be"):
        s.train(net, X, y, penalty=[0.1, None])
    with pytest.raises(ValueError, match="penalty must be one for all layers with"):
        s.train(net, X, y, penalty=[s.L2(0.1), None], optimizer="lbfgs")
