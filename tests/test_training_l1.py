"""L1 in training: the reference's proximal steps, and the true minimizer under every rule that allows it."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Lasso, LogisticRegression

import steep
from reference import rule as rule_reference
from reference import training as reference
from training_cases import PROXIMAL, RULES, check, pair, problem


@pytest.mark.parametrize("name", PROXIMAL)
def test_l1_against_the_reference(name):
    X, y = problem()
    net, twin = pair()
    start = net.parameters.copy()
    rule, values = RULES[name]
    run = steep.train(net, X, y, optimizer=rule, batch_size=32, epochs=60, penalty=steep.ElasticNet(l1=0.02, l2=0.01))
    h = rule_reference.hyper(**values)
    w, _, record = reference.train(
        twin, start, X, np.eye(3)[y], "cross_entropy", name, h, rule.rate, epochs=60, batch_size=32, l1=0.02, l2=0.01
    )
    check(net, run, w, record)
    assert (net.parameters[twin.is_weight()] == 0).sum() > 5
    np.testing.assert_array_equal(net.parameters == 0, w == 0)


def rows(rng, n=200):
    X = rng.normal(size=(n, 6)) * [1, 0.5, 2, 1, 1, 1]
    return X, X @ [1.5, 0, -2, 0, 0.3, 0] + 0.1 * rng.normal(size=n) + 0.7


L1_RATES = {
    "sgd": 0.1, "momentum": 0.1, "momentum_classical": 0.02, "momentum_velocity": 0.02, "nesterov": 0.1,
    "nesterov_reformulated": 0.02, "nesterov_velocity": 0.02, "adagrad": 0.5, "rmsprop": 0.01, "adam": 0.01,
    "adamw": 0.01, "nadam": 0.01, "amsgrad": 0.01,
}  # fmt: skip


def settled(name, epochs):
    """The rule with a rate that ends small: those that divide by a norm of the gradient never rest otherwise."""
    rate = L1_RATES[name]
    normalized = name in ("rmsprop", "adam", "adamw", "nadam", "amsgrad")
    return replace(RULES[name][0], learning_rate=steep.Cosine(rate, epochs) if normalized else rate)


@pytest.mark.parametrize("name", PROXIMAL)
def test_l1_reaches_the_true_minimizer(name):
    X, y = rows(np.random.default_rng(0))
    lasso = Lasso(alpha=0.3, tol=1e-12, max_iter=10**5).fit(X, y)
    net = steep.MLP([6, 1], dtype="float64", seed=2)
    steep.train(net, X, y, batch_size=200, epochs=8000, optimizer=settled(name, 8000), penalty=steep.L1(0.3))
    w, b = net.layers[0].weight[0], net.layers[0].bias[0]
    np.testing.assert_allclose(w, lasso.coef_, atol=2e-5)
    np.testing.assert_array_equal(w == 0, lasso.coef_ == 0)
    assert b == pytest.approx(lasso.intercept_, abs=2e-5)


@pytest.mark.parametrize("name", ["sgd", "nesterov", "adam"])
def test_l1_logistic(name):
    X, y = rows(np.random.default_rng(1))
    y = (y > 0.7).astype(int)
    model = LogisticRegression(C=1 / (200 * 0.05), l1_ratio=1.0, solver="saga", tol=1e-12, max_iter=10**5).fit(X, y)
    net = steep.MLP([6, 1], output="sigmoid", dtype="float64", seed=2)
    steep.train(net, X, y, batch_size=200, epochs=12000, optimizer=settled(name, 12000), penalty=steep.L1(0.05))
    np.testing.assert_allclose(net.layers[0].weight[0], model.coef_[0], atol=1e-4)
    np.testing.assert_array_equal(net.layers[0].weight[0] == 0, model.coef_[0] == 0)


@pytest.mark.parametrize("rule", [steep.Lion(), steep.Rprop()])
def test_rules_without_a_scale_refuse_l1(rule):
    with pytest.raises(ValueError, match=f"penalty must have no l1 part with {type(rule).__name__}"):
        steep.train(pair()[0], *problem(), optimizer=rule, penalty=steep.L1(0.1))
