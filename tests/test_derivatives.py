"""Exact derivatives of networks against fourth-order differences in float64, and their limits."""

import numpy as np
import pytest

import steep

ACTIVATIONS = ("identity", "sigmoid", "tanh", "leaky_relu", "softmax", "elu", "gelu", "silu", "softplus", "exp")
RNG = np.random.default_rng(42)
X = RNG.normal(size=(7, 3))
H = 1e-3  # error H^4 / 30 times a fifth derivative of order 10, and rounding eps / H: both below 1e-11


def differences(f, point):
    """Fourth-order central differences of an array-valued function of a vector, derivatives last."""
    columns = []
    for e in np.eye(point.size) * H:
        e = e.reshape(point.shape)
        columns.append((8 * (f(point + e) - f(point - e)) - (f(point + 2 * e) - f(point - 2 * e))) / (12 * H))
    return np.stack(columns, axis=-1)


def network(activation, output="identity", outputs=2, **options):
    return steep.MLP([3, 4, outputs], activation=activation, output=output, dtype="float64", seed=3, **options)


def outputs_of(net, rows):
    def f(w):
        copy = net.copy()
        copy.parameters = w
        return copy.predict(rows)

    return f


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output", ["identity", "softmax", "sigmoid"])
def test_jacobian(activation, output):
    net = network(activation, output, input_scale=0.5, input_shift=0.1)
    net.output_scale, net.output_shift = np.array([2.0, -3.0]), np.array([1.0, 0.0])
    by_parameters = net.jacobian(X)
    assert by_parameters.shape == (7, 2, net.parameters.size)
    np.testing.assert_allclose(by_parameters, differences(outputs_of(net, X), net.parameters), atol=1e-8)
    by_inputs = net.jacobian(X, wrt="inputs")
    for i, row in enumerate(X):
        np.testing.assert_allclose(by_inputs[i], differences(lambda x: net.predict(x[None])[0], row), atol=1e-8)


LOSSES = {
    "squared_error": ("identity", RNG.normal(size=(7, 2))),
    "huber": ("identity", 3 * RNG.normal(size=(7, 2))),
    "soft_l1": ("identity", 9 * RNG.normal(size=(7, 2))),
    "cauchy": ("identity", 3 * RNG.normal(size=(7, 2))),
    "cross_entropy": ("softmax", RNG.integers(0, 2, 7)),
    "binary_cross_entropy": ("sigmoid", RNG.integers(0, 2, (7, 2))),
    "squared_hinge": ("identity", RNG.integers(0, 2, (7, 2))),
    "squared_epsilon_insensitive": ("identity", 3 * RNG.normal(size=(7, 2))),
    "poisson": ("exp", RNG.poisson(2.0, (7, 2))),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_of_rows(loss):
    output, y = LOSSES[loss]
    net = network("tanh", output)
    f = steep.Risk(net, X, y, loss=loss)
    each = net.sample_gradients(X, y, loss=loss)
    np.testing.assert_allclose(each.mean(axis=0), f.gradient(net.parameters), rtol=1e-12, atol=1e-14)
    for i in (0, 6):
        one = steep.Risk(net, X[i : i + 1], y[i : i + 1], loss=loss)
        np.testing.assert_allclose(each[i], one.gradient(net.parameters), rtol=1e-12, atol=1e-14)
    by_inputs = net.input_gradients(X, y, loss=loss)
    for i, row in enumerate(X):

        def value(x, i=i):
            return np.array(steep.Risk(net, x[None], y[i : i + 1], loss=loss).value(net.parameters))

        np.testing.assert_allclose(by_inputs[i], differences(value, row), atol=1e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_hessian_and_its_products(activation, loss):
    output, y = LOSSES[loss]
    net = network(activation, output)
    f = steep.Risk(net, X, y, loss=loss, penalty=steep.L2(0.1), sample_weight=np.arange(1.0, 8.0))
    w = net.parameters.copy()
    assert steep.check_gradient(f, w).ok
    hessian = f.hessian(w)
    np.testing.assert_array_equal(hessian, hessian.T)
    np.testing.assert_allclose(hessian, differences(f.gradient, w), atol=1e-7)
    v = RNG.normal(size=w.size)
    np.testing.assert_allclose(f.hessian_product(w, v), hessian @ v, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_gauss_newton_is_the_hessian_of_the_linearized_network(loss):
    output, y = LOSSES[loss]
    net = network("tanh", output)
    weights = np.arange(1.0, 8.0)
    f = steep.Risk(net, X, y, loss=loss, penalty=steep.L2(0.1), sample_weight=weights)
    raw = steep.Network([steep.Dense(4, "tanh"), steep.Dense(2)], 3, dtype="float64")
    raw.parameters = net.parameters
    J = raw.jacobian(X)
    expected = np.zeros((net.parameters.size,) * 2)
    z = raw.predict(X)
    raised = 0
    for i in range(len(X)):
        s = z[i]
        if loss in ("squared_error", "huber"):
            H = np.eye(2) if loss == "squared_error" else np.diag((np.abs(s - y[i]) <= 1).astype(float))
        elif loss in ("soft_l1", "cauchy"):  # at least a tenth of the slope over the residual
            r2 = (s - y[i]) ** 2
            bend, pull = {
                "soft_l1": ((1 + r2) ** -1.5, (1 + r2) ** -0.5),
                "cauchy": ((1 - r2) / (1 + r2) ** 2, 1 / (1 + r2)),
            }[loss]
            raised += (bend < 0.1 * pull).sum()
            H = np.diag(np.maximum(bend, 0.1 * pull))
        elif loss == "cross_entropy":
            p = np.exp(s) / np.exp(s).sum()
            H = np.diag(p) - np.outer(p, p)
        elif loss == "binary_cross_entropy":
            p = 1 / (1 + np.exp(-s))
            H = np.diag(p * (1 - p))
        elif loss == "squared_hinge":
            H = np.diag(2.0 * ((2 * y[i] - 1) * s < 1))
        elif loss == "squared_epsilon_insensitive":
            H = np.diag(2.0 * (np.abs(s - y[i]) > 0.1))
        else:
            H = np.diag(np.exp(s))
        expected += weights[i] / weights.sum() * J[i].T @ H @ J[i]
    assert (raised > 0) == (loss in ("soft_l1", "cauchy"))
    penalized = np.concatenate([np.ones(12), np.zeros(4), np.ones(8), np.zeros(2)])
    np.testing.assert_allclose(
        f.gauss_newton(net.parameters), expected + 0.1 * np.diag(penalized), rtol=1e-10, atol=1e-12
    )


def test_residuals_are_the_objective():
    net = network("tanh")
    y = RNG.normal(size=(7, 2))
    f = steep.Risk(net, X, y, penalty=steep.L2(0.3), sample_weight=np.arange(7.0))
    w = net.parameters.copy()
    r, J = f.residuals(w), f.jacobian(w)
    np.testing.assert_allclose(r @ r / 2, f.value(w), rtol=1e-13)
    np.testing.assert_allclose(J.T @ r, f.gradient(w), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(J.T @ J, f.gauss_newton(w), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(J, differences(f.residuals, w), atol=1e-9)


def test_large_networks_take_tiles():
    net = steep.MLP([20, 30, 1], activation="tanh", dtype="float64", seed=0)
    rows, y = RNG.normal(size=(300, 20)), RNG.normal(size=300)
    assert net.parameters.size > 512
    f = steep.Risk(net, rows, y)
    J = f.jacobian(net.parameters)
    np.testing.assert_allclose(f.gauss_newton(net.parameters), J.T @ J, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("width", [5, 40])
def test_the_same_bits_for_any_number_of_threads(width):
    net = steep.MLP([20, width, 2], activation="tanh", dtype="float64", seed=0)
    rows, y = RNG.normal(size=(3000, 20)), RNG.normal(size=(3000, 2))
    f = steep.Risk(net, rows, y)
    w, v = net.parameters.copy(), RNG.normal(size=net.parameters.size)
    found = []
    for n in (1, 2, 3, 4):
        f._core.threads = n
        value, gradient = f.value_and_gradient(w)
        found.append((np.array(value), gradient, f.hessian_product(w, v), f.gauss_newton(w)))
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(net.jacobian(rows, n_threads=1), net.jacobian(rows, n_threads=3), strict=True):
        np.testing.assert_array_equal(a, b)


def test_blocks_and_limits():
    net = steep.MLP([3, 4, 2], dtype="float32", seed=0)
    whole = net.jacobian(X)
    assert whole.dtype == np.float32
    blocks = list(net.iter_jacobian(X, rows=3))
    assert [len(b) for b in blocks] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    large = steep.MLP([784, 1000, 10], seed=0)
    with pytest.raises(ValueError, match=r"at most 2 GiB, got 100 rows and .*use net.iter_jacobian"):
        large.jacobian(np.zeros((100, 784), "f4"))
    with pytest.raises(ValueError, match="wrt must be one of 'parameters', 'inputs', got 'weights'"):
        net.jacobian(X, wrt="weights")
    with pytest.raises(ValueError, match=r"X must be finite, got nan at row 1"):
        net.jacobian(np.array([[0.0, 0, 0], [0, np.nan, 0]]))
