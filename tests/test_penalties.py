"""Penalties: their coefficients, sums and refusals. What they do to a fit is tested with the methods that use them."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet as SklearnElasticNet

import steep
from steep.penalties import ElasticNet, Penalty, resolve_penalty


@pytest.mark.parametrize(
    ("penalty", "coefficients"),
    [
        (None, (0.0, 0.0)),
        (steep.L2(0.3), (0.0, 0.3)),
        (steep.L1(0.2), (0.2, 0.0)),
        (ElasticNet(0.4), (0.2, 0.2)),
        (ElasticNet(0.4, l1_ratio=0.25), (0.1, 0.3)),
        (ElasticNet(0.4, l1_ratio=1.0), (0.4, 0.0)),
        (ElasticNet(0.4, l1_ratio=0), (0.0, 0.4)),
        (ElasticNet(l1=1, l2=2), (1.0, 2.0)),
        (steep.L1(1) + steep.L2(2) + steep.L1(0.5), (1.5, 2.0)),
    ],
)
def test_coefficients(penalty, coefficients):
    assert resolve_penalty(penalty) == pytest.approx(coefficients, rel=1e-15, abs=0)
    assert all(type(value) is float for value in resolve_penalty(penalty))
    assert pickle.loads(pickle.dumps(penalty)) == penalty


def test_strength_and_ratio_are_scikit_learns():
    """alpha * l1_ratio * |w|_1 + alpha * (1 - l1_ratio) / 2 |w|^2, evaluated where their solver ends."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    w = SklearnElasticNet(alpha=0.1, l1_ratio=0.3, fit_intercept=False, tol=1e-12).fit(X, y).coef_
    l1, l2 = resolve_penalty(ElasticNet(0.1, l1_ratio=0.3))
    gradient = X.T @ (X @ w - y) / 50 + l2 * w
    assert np.abs(gradient + l1 * np.sign(w))[w != 0].max() < 1e-8  # their tolerance
    assert (np.abs(gradient) <= l1 + 1e-8).all()
    assert (w != 0).any()


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: steep.L2(-1), ValueError, "l2 must be a number of at least 0, got -1"),
        (lambda: steep.L1(float("nan")), ValueError, "l1 must be a number of at least 0, got nan"),
        (lambda: steep.L1("x"), TypeError, "l1 must be a number of at least 0, got 'x'"),
        (lambda: ElasticNet(0.1, l1_ratio=1.5), ValueError, r"l1_ratio must be in \[0, 1\], got 1.5"),
        (lambda: ElasticNet(-0.1), ValueError, "strength must be a number of at least 0, got -0.1"),
        (lambda: ElasticNet(), TypeError, "must be given strength"),
        (lambda: ElasticNet(l1=1.0), TypeError, "must be given strength"),
        (lambda: ElasticNet(0.1, l1=1.0), TypeError, "not a mixture"),
        (lambda: ElasticNet(l1=1.0, l2=1.0, l1_ratio=0.5), TypeError, "must be given strength"),
        (lambda: resolve_penalty(0.1), TypeError, r"penalty must be None, steep.L2\(a\), .* got 0.1"),
        (lambda: resolve_penalty("l2", "alpha"), TypeError, "alpha must be None"),
        (lambda: steep.L1(1) + 2, TypeError, "unsupported operand"),
    ],
)
def test_refusals(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_equal_by_value_and_frozen():
    assert steep.L2(1) == steep.L2(1.0) != steep.L2(2)
    assert steep.L1(1) != steep.L2(1)
    assert isinstance(steep.L1(1) + steep.L2(1), Penalty)
    with pytest.raises(AttributeError):
        steep.L2(1).l2 = 3
