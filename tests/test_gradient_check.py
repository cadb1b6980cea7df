"""check_gradient: every derivative of objectives, networks and user functions, right ones and wrong ones."""

import numpy as np
import pytest

import steep
from steep.objectives import FunctionObjective

RNG = np.random.default_rng(8)
X = RNG.normal(size=(9, 3))
REAL = RNG.normal(size=(9, 2))
PAIRS = {
    "squared_error": ("identity", REAL),
    "huber": ("identity", 3 * REAL),
    "soft_l1": ("identity", 3 * REAL),
    "cauchy": ("identity", 3 * REAL),
    "cross_entropy": ("softmax", np.arange(9) % 2),
    "binary_cross_entropy": ("sigmoid", (REAL > 0).astype(float)),
    "poisson": ("exp", np.arange(18.0).reshape(9, 2) % 4),
    "squared_hinge": ("identity", (REAL > 0).astype(float)),
}
OF_RISK = {"gradient", "hessian", "hessian_product", "gauss_newton", "gauss_newton_product"}


def network(output="identity", dtype="float64", **options):
    return steep.MLP([3, 4, 2], activation="tanh", output=output, dtype=dtype, seed=2, **options)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("loss", PAIRS)
def test_all_derivatives_of_risks(loss, layers):
    output, y = PAIRS[loss]
    net = network(output) if layers == 2 else steep.MLP([3, 2], output=output, dtype="float64", seed=2)
    net.parameters = net.parameters + 0.1
    f = steep.Risk(net, X, y, loss=loss, penalty=steep.L2(0.1), sample_weight=np.arange(1.0, 10.0))
    check = steep.check_gradient(f, net.parameters, derivatives="all", tol=1e-6)
    assert check, check.message
    assert set(check.checks) == OF_RISK | ({"jacobian"} if loss == "squared_error" else set())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", PAIRS)
def test_all_derivatives_of_networks(loss, dtype):
    output, y = PAIRS[loss]
    net = network(output, dtype, input_scale=[0.5, 2.0, 1.0], input_shift=[0.0, 1.0, 0.0])
    if output == "identity" and loss != "squared_hinge":
        net.output_scale, net.output_shift = [10.0, 0.1], [1.0, 2.0]
    check = steep.check_gradient(net, X, y=y, loss=loss)
    assert check, check.message
    assert set(check.checks) == {"jacobian", "input_jacobian", "sample_gradients", "input_gradients"}


def test_layers_and_images():
    layers = [
        steep.Conv2D(2, 3, activation="tanh"), steep.AveragePool2D(2), steep.Flatten(), steep.LayerNorm(),
        steep.Dense(3, "softmax"),
    ]  # fmt: skip
    net = steep.Network(layers, (6, 6, 1), dtype="float64", seed=1)
    images, y = RNG.normal(size=(5, 6, 6, 1)), np.arange(5) % 3
    assert steep.check_gradient(net, images, y=y)
    f = steep.Risk(net, images, y)
    check = steep.check_gradient(f, net.parameters, derivatives="all")
    assert check, check.message


def test_float32_risks_are_compared_in_float64():
    f = steep.Risk(network(dtype="float32"), X, REAL)
    check = steep.check_gradient(f, f.x0, derivatives="all")
    assert check, check.message
    assert check.error > 1e-9


@pytest.mark.parametrize("threads", [1, 2])
def test_gauss_newton_products_are_the_matrix_times_v(threads):
    for output, y in PAIRS.values():
        f = steep.Risk(network(output), X, y, penalty=steep.L2(0.2))
        f._core.threads = threads
        w, v = f.x0, RNG.normal(size=f.dim)
        np.testing.assert_allclose(f.gauss_newton_product(w, v), f.gauss_newton(w) @ v, rtol=1e-11, atol=1e-13)


def test_gauss_newton_product_of_many_rows_does_not_depend_on_threads():
    net = network()
    rows, targets = RNG.normal(size=(5000, 3)), RNG.normal(size=(5000, 2))
    found = []
    for threads in (1, 2):
        f = steep.Risk(net, rows, targets)
        f._core.threads = threads
        found.append(f.gauss_newton_product(f.x0, np.ones(f.dim)))
    np.testing.assert_array_equal(*found)
    np.testing.assert_allclose(found[0], f.gauss_newton(f.x0).sum(axis=1), rtol=1e-11)


@pytest.mark.parametrize("name", sorted(OF_RISK | {"jacobian"}))
def test_a_wrong_entry_is_named(name, monkeypatch):
    f = steep.Risk(network(), X, REAL)
    right = getattr(steep.Risk, name)

    def wrong(self, *arguments):
        found = right(self, *arguments).copy()
        if self is f:
            place = (3,) * found.ndim
            found[place] += 1e-3 * np.abs(found).max()
        return found

    monkeypatch.setattr(steep.Risk, name, wrong)
    check = steep.check_gradient(f, f.x0, derivatives=name)
    assert not check
    assert check.worst == (3 if check.gradient.ndim == 1 else (3, 3))
    assert f"entry {check.worst}: {name}" in check.message


@pytest.mark.parametrize("name", ["jacobian", "input_jacobian", "sample_gradients", "input_gradients"])
def test_a_wrong_entry_of_a_network_is_named(name, monkeypatch):
    net = network()
    method = "jacobian" if name == "input_jacobian" else name
    right = getattr(steep.Network, method)

    def wrong(self, *arguments, **options):
        found = right(self, *arguments, **options).copy()
        if (options.get("wrt") == "inputs") == (name == "input_jacobian"):
            found[(1,) * found.ndim] += 1e-3 * np.abs(found).max()
        return found

    monkeypatch.setattr(steep.Network, method, wrong)
    check = steep.check_gradient(net, X, y=REAL)
    assert not check
    assert check.derivative == name
    assert check.worst == (1,) * check.gradient.ndim
    assert [k for k, each in check.checks.items() if not each.ok] == [name]


def test_functions_of_a_user():
    def fun(x):
        return x[0] ** 2 * x[1] + np.exp(x[2])

    def gradient(x):
        return np.array([2 * x[0] * x[1], x[0] ** 2, np.exp(x[2])])

    def hessian(x):
        return np.array([[2 * x[1], 2 * x[0], 0], [2 * x[0], 0, 0], [0, 0, np.exp(x[2])]])

    w = [1.5, -2.0, 0.3]
    check = steep.check_gradient(fun, w, gradient, hessian=hessian, hessian_product=lambda x, v: hessian(x) @ v)
    assert check, check.message
    assert set(check.checks) == {"gradient", "hessian", "hessian_product"}

    def wrong(x):
        H = hessian(x)
        H[2, 2] *= 1.01
        return H

    check = steep.check_gradient(fun, w, gradient, hessian=wrong, hessian_product=lambda x, v: wrong(x) @ v)
    assert not check
    assert check.checks["gradient"]
    assert check.checks["hessian"].worst == (2, 2)
    assert "wrong too: " in check.message
    assert steep.check_gradient(fun, w, hessian=hessian)  # against differences of differences


def test_jacobians_of_a_user():
    def residuals(x):
        return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])

    assert steep.check_gradient(residuals, [-1.2, 1.0], jacobian=lambda x: [[-20 * x[0], 10], [-1, 0]])
    check = steep.check_gradient(residuals, [-1.2, 1.0], jacobian=lambda x: [[-20 * x[0], 10], [1, 0]])
    assert not check
    assert check.worst == (1, 0)
    assert "entry (1, 0): jacobian 1, differences -1" in check.message
    f = steep.ResidualFunction(residuals, [-1.2, 1.0], jac="cs")
    assert set(steep.check_gradient(f, f.x0, derivatives="all").checks) == {
        "gradient", "jacobian", "gauss_newton", "gauss_newton_product"
    }  # fmt: skip


@pytest.mark.parametrize(
    "f",
    [
        steep.problems.least_squares(X, REAL[:, 0], l2=0.3, intercept=True),
        steep.problems.least_squares(X, REAL[:, 0], average=False),
        steep.problems.logistic(X, REAL[:, 0] > 0, l2=0.1),
        steep.problems.rosenbrock(4),
        steep.problems.quadratic(np.diag([1.0, 2.0]), [1.0, 1.0]),
    ],
    ids=repr,
)
def test_problems(f):
    check = steep.check_gradient(f, np.linspace(-1, 1, f.dim), derivatives="all")
    assert check, check.message
    assert {"gradient", "hessian"} <= set(check.checks)


def test_what_is_not_there_is_named():
    net = network()
    with pytest.raises(ValueError, match=r"'all' or of those that the network has .* with y, or none, got 'input_grad"):
        steep.check_gradient(net, X, derivatives="input_gradients")
    f = FunctionObjective(lambda x: x @ x, dim=2)
    with pytest.raises(ValueError, match="got 'jacobian'"):
        steep.check_gradient(f, [1.0, 2.0], derivatives=["gradient", "jacobian"])
    with pytest.raises(ValueError, match="hessian must be None for an objective"):
        steep.check_gradient(f, [1.0, 2.0], hessian=lambda x: x)
    with pytest.raises(ValueError, match="gradient must be None for a network"):
        steep.check_gradient(net, X, REAL)
    with pytest.raises(ValueError, match="y and loss must be None"):
        steep.check_gradient(f, [1.0, 2.0], y=REAL)
    with pytest.raises(ValueError, match="absolute_error has no curvature"):
        steep.Risk(net, X, REAL, loss="absolute_error").gauss_newton_product(net.parameters, net.parameters)
