"""The group penalty: conditions of optimality, its proximal step, whole units that become zero."""

import numpy as np
import pytest
from scipy.optimize import minimize

import steep as s


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


@pytest.mark.parametrize("group", [0.5, 1.0])
def test_group_lasso_of_non_negative_weights(group):
    """Against SciPy with bounds; at 1 the minimizer is zero."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(80, 4))
    y = A @ np.array([1, 0.6, -2, -1])
    net = s.Network([s.Dense(1, use_bias=False)], 4, dtype="float64")
    s.train(
        net, A, y, optimizer=s.SGD(0.1), batch_size=80, epochs=2000, penalty=s.GroupLasso(group),
        constraint=s.NonNegative(), progress=False,
    )  # fmt: skip

    def objective(w):
        return ((A @ w - y) ** 2).sum() / 160 + group * np.linalg.norm(w)

    best = minimize(objective, np.full(4, 0.5), method="L-BFGS-B", bounds=[(0, None)] * 4, tol=1e-12)
    assert objective(net.parameters) <= best.fun * (1 + 1e-9)
    assert (net.parameters >= 0).all()
    np.testing.assert_allclose(net.parameters, best.x, atol=1e-4)
