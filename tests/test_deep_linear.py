"""Deep linear networks: derivatives, optimal values, the landscape of the lecture's three-layer example."""

import numpy as np
import pytest

import steep
from steep.problems import deep_linear


def problem(widths, n=20, d=4, k=3, seed=42):
    rng = np.random.default_rng(seed)
    return deep_linear(rng.standard_normal((n, d)), rng.standard_normal((n, k)), widths, seed=seed)


def value(X, Y, weights):
    P = X
    for W in weights:
        P = P @ W.T
    return 0.5 * np.linalg.norm(P - Y) ** 2


@pytest.mark.parametrize("widths", [[], [2], [5], [3, 2], [2, 4, 3]])
def test_derivatives(widths):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((7, 4)), rng.standard_normal((7, 3))
    f = deep_linear(X, Y, widths)
    w, v = rng.standard_normal((2, f.dim))
    np.testing.assert_allclose(f.value(w), value(X, Y, f.unpack(w)), rtol=1e-13)
    np.testing.assert_array_equal(f.pack(f.unpack(w)), w)
    check = steep.check_gradient(f, w)
    assert check.ok, check.message
    h = 1e-4
    product = (
        8 * (f.gradient(w + h * v) - f.gradient(w - h * v)) - f.gradient(w + 2 * h * v) + f.gradient(w - 2 * h * v)
    ) / (12 * h)
    np.testing.assert_allclose(f.hessian_product(w, v), product, rtol=1e-7, atol=1e-7 * np.abs(product).max())
    np.testing.assert_allclose(f.hessian(w) @ v, f.hessian_product(w, v), rtol=1e-10, atol=1e-10)
    r, J = f.residuals(w), f.jacobian(w)
    np.testing.assert_allclose(J.T @ r, f.gradient(w), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(
        f.residuals(w + h * v) - f.residuals(w - h * v), 2 * h * (J @ v), atol=1e-7 * np.abs(J @ v).max()
    )


def test_one_layer_is_least_squares():
    f = problem([])
    assert f.is_convex
    res = steep.minimize(f)
    np.testing.assert_allclose(res.fun, f.minimum, rtol=1e-12)
    np.testing.assert_allclose(res.x, f.minimizer, atol=1e-9)


@pytest.mark.parametrize("method", ["lbfgs", "levenberg_marquardt", "newton_cg"])
@pytest.mark.parametrize("widths", [[1], [2], [5]])
def test_two_layers_have_no_spurious_minima(widths, method):
    """Every start ends at the optimal value, whatever the width."""
    for seed in range(5):
        f = problem(widths, seed=seed)
        np.testing.assert_allclose(f.value(f.minimizer), f.minimum, rtol=1e-12)
        assert np.abs(f.gradient(f.minimizer)).max() < 1e-9
        res = steep.minimize(f, method=method, tol=1e-7, max_iter=5000)
        np.testing.assert_allclose(res.fun, f.minimum, rtol=1e-8)


def test_two_layers_interpolate_what_the_rows_allow():
    rng = np.random.default_rng(3)
    X, W = rng.standard_normal((6, 4)), rng.standard_normal((4, 3))
    assert deep_linear(X, X @ W, [3]).minimum < 1e-25
    assert deep_linear(X, X @ W, [1]).minimum > 0.1


def test_the_three_layer_example():
    """The lecture's 'local minimum': degenerate, and a curve of fourth order descends from it."""
    f = deep_linear(np.eye(2), [[0.0, 0.0], [0.0, 1.0]], [1, 1])
    w = f.pack([[[1.0, 0.0]], [[0.0]], [[1.0], [0.0]]])
    assert f.value(w) == 0.5
    assert np.abs(f.gradient(w)).max() == 0
    values = np.linalg.eigvalsh(f.hessian(w))
    assert values.min() > -1e-14
    assert np.sum(np.abs(values) < 1e-12) > 0
    for t in (0.3, 0.1):
        curve = f.pack([[[1.0, t]], [[t**2]], [[1.0], [t]]])
        np.testing.assert_allclose(f.value(curve) - 0.5, -(t**4) / 2 + t**6 + t**8 / 2, rtol=1e-9)
    np.testing.assert_allclose(f.value(f.pack([[[1.0, 0.1]], [[0.01]], [[1.0], [0.1]]])) - 0.5, -4.8995e-05, rtol=1e-9)
    blind = steep.classify_point(f, w, search=False)
    assert (blind.kind, blind.undecided) == ("degenerate", True)
    found = steep.classify_point(f, w)
    assert found.kind == "degenerate"
    assert found.curve is not None
    assert found.curve.order == 4
    assert f.value(found.curve(0.05)) < 0.5
    assert f.minimum == 0  # a rank-one target


def test_equal_dimensions_reach_zero():
    """All dimensions equal and X of full rank: no spurious minima for any L."""
    rng = np.random.default_rng(5)
    X, Y = rng.standard_normal((3, 3)), rng.standard_normal((3, 3))
    f = deep_linear(X, Y, [3, 3])
    assert f.minimum < 1e-20
    assert steep.minimize(f, method="levenberg_marquardt", tol=1e-10, max_iter=2000).fun < 1e-12


def test_misuse_is_named():
    with pytest.raises(ValueError, match="Y must have as many rows as X"):
        deep_linear(np.ones((3, 2)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="widths must be an integer of at least 1, got 0"):
        deep_linear(np.ones((3, 2)), np.ones((3, 2)), [0])
    with pytest.raises(ValueError, match="weights must have shapes"):
        problem([2]).pack([np.ones((2, 2))])
