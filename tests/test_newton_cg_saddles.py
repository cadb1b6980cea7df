"""Newton-CG beside saddles, in more variables than a Hessian is made for: products alone tell them from minima."""

import re

import numpy as np
import pytest

import steep

METHODS = {"lines": steep.NewtonCG(), "regions": steep.NewtonCG(trust_region=True)}
CURVES = np.linspace(0.5, 20, 399)


def value(x):
    return 0.5 * (CURVES * (x[:-1] - 1) ** 2).sum() - 0.05 * x[-1] ** 2 + 0.25 * x[-1] ** 4


def gradient(x):
    return np.r_[CURVES * (x[:-1] - 1), x[-1] ** 3 - 0.1 * x[-1]]


def product(x, v):
    return np.r_[CURVES * v[:-1], (3 * x[-1] ** 2 - 0.1) * v[-1]]


def run(start, method, f=value, g=gradient, h=product):
    return steep.minimize(f, start, METHODS[method], jac=g, hessp=h)


@pytest.mark.parametrize("method", METHODS)
def test_a_saddle_that_the_steps_lead_to_is_left(method):
    """No gradient on the way has a part along the last variable, so that CG never sees its curvature."""
    res = run(np.zeros(400), method)
    assert res.success, res.message
    np.testing.assert_allclose(res.x[:-1], 1, atol=1e-7)
    assert abs(res.x[-1]) == pytest.approx(np.sqrt(0.1), rel=1e-6)
    found = re.search(r"A minimum: the least eigenvalue of the Hessian is about (\S+) \(Lanczos", res.message)
    least = float(found[1])
    assert least == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize("method", METHODS)
def test_a_saddle_at_the_start_is_left(method):
    res = run(np.r_[np.ones(399), 0.0], method)
    assert res.success, res.message
    assert res.fun == pytest.approx(-0.0025, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_flat_is_not_called_a_minimum(method):
    quartic = run(np.full(300, 2.0), method, lambda x: (x**4).sum(), lambda x: 4 * x**3, lambda x, v: 12 * x**2 * v)
    assert quartic.success
    assert "minimum" not in quartic.message
    cubic = run(np.full(300, 2.0), method, lambda x: (x**3).sum(), lambda x: 3 * x**2, lambda x, v: 6 * x * v)
    assert "minimum" not in cubic.message
    flat = run(
        np.full(300, 2.0), method, lambda x: 0.5 * (x[:-1] @ x[:-1]), lambda x: np.r_[x[:-1], 0],
        lambda x, v: np.r_[v[:-1], 0],
    )  # fmt: skip
    assert flat.success
    assert "minimum" not in flat.message


@pytest.mark.parametrize("method", METHODS)
def test_few_products_are_spent_on_it(method):
    counted = []

    def counting(x, v):
        counted.append(1)
        return product(x, v)

    start = np.random.default_rng(0).standard_normal(400) * 10
    res = run(start, method, h=counting)
    assert res.success
    on_the_way = res.trace["cg_iterations"].sum()
    assert len(counted) - on_the_way <= max(40, 0.3 * on_the_way)


def test_convex_objectives_are_not_asked():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 8))
    res = steep.minimize(steep.problems.logistic(X, X[:, 0] > 0, l2=0.1), method="newton_cg")
    assert "Lanczos" not in res.message
