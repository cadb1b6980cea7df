"""Derivatives of networks against PyTorch's: Jacobians, gradients, Hessian-vector products, Gauss-Newton matrices."""

import numpy as np
import pytest

import steep

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch
functional = torch.nn.functional
RNG = np.random.default_rng(42)
X = RNG.normal(size=(9, 4))
ACTIVATIONS = {
    "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": functional.softplus, "gelu": functional.gelu,
    "silu": functional.silu, "elu": functional.elu,
}  # fmt: skip
LOSSES = {
    "squared_error": ("identity", RNG.normal(size=(9, 3)), lambda z, y: ((z - y) ** 2).sum() / 2),
    "soft_l1": ("identity", 3 * RNG.normal(size=(9, 3)), lambda z, y: (torch.sqrt(1 + (z - y) ** 2) - 1).sum()),
    "cauchy": ("identity", 3 * RNG.normal(size=(9, 3)), lambda z, y: torch.log1p((z - y) ** 2).sum() / 2),
    "cross_entropy": ("softmax", RNG.integers(0, 3, 9), lambda z, y: functional.cross_entropy(z, y, reduction="sum")),
    "binary_cross_entropy": (
        "sigmoid",
        RNG.integers(0, 2, (9, 3)).astype(float),
        lambda z, y: functional.binary_cross_entropy_with_logits(z, y, reduction="sum"),
    ),
    "poisson": ("exp", RNG.poisson(2.0, (9, 3)).astype(float), lambda z, y: (torch.exp(z) - y * z).sum()),
}


def scores(w, rows, activation):
    """Return what a 4-6-5-3 network computes before its output activation, from steep's flat vector."""
    at = 0
    for i, (a, b) in enumerate(((4, 6), (6, 5), (5, 3))):
        weight, at = w[at : at + a * b].reshape(b, a), at + a * b
        bias, at = w[at : at + b], at + b
        rows = rows @ weight.T + bias
        rows = activation(rows) if i < 2 else rows
    return rows


def network(activation, output="identity"):
    net = steep.MLP([4, 6, 5, 3], activation=activation, output=output, dtype="float64", seed=3)
    net.parameters = net.parameters + 0.1 * RNG.normal(size=net.parameters.size)  # biases too
    return net


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_jacobians(activation):
    net = network(activation)
    w, rows = torch.tensor(net.parameters.copy()), torch.tensor(X)
    theirs = torch.func.jacrev(lambda w: scores(w, rows, ACTIVATIONS[activation]))(w)
    np.testing.assert_allclose(net.jacobian(X), theirs.numpy(), rtol=1e-10, atol=1e-12)
    by_inputs = torch.func.vmap(torch.func.jacrev(lambda x: scores(w, x, ACTIVATIONS[activation])))(rows)
    np.testing.assert_allclose(net.jacobian(X, wrt="inputs"), by_inputs.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_and_hessian_products(loss, activation):
    output, y, total = LOSSES[loss]
    net = network(activation, output)
    f = steep.Risk(net, X, y, loss=loss)
    w, target = torch.tensor(net.parameters.copy()), torch.tensor(y)

    def risk(w):
        return total(scores(w, torch.tensor(X), ACTIVATIONS[activation]), target) / len(X)

    v = RNG.normal(size=w.numel())
    w.requires_grad_()
    (gradient,) = torch.autograd.grad(risk(w), w, create_graph=True)
    (product,) = torch.autograd.grad(gradient @ torch.tensor(v), w)
    at = net.parameters
    assert f.value(at) == pytest.approx(risk(w).item(), rel=1e-12)
    np.testing.assert_allclose(f.gradient(at), gradient.numpy(force=True), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(f.hessian_product(at, v), product.numpy(force=True), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy", "binary_cross_entropy", "poisson"])
def test_gauss_newton(loss):
    """J' H J, with H the loss's Hessian in the scores by PyTorch."""
    output, y, total = LOSSES[loss]
    net = network("tanh", output)
    w, target = torch.tensor(net.parameters.copy()), torch.tensor(y)
    z = scores(w, torch.tensor(X), torch.tanh)
    J = torch.func.jacrev(lambda w: scores(w, torch.tensor(X), torch.tanh))(w)

    def bend(i):
        return torch.autograd.functional.hessian(lambda z: total(z[None], target[i : i + 1]), z[i])

    expected = sum(J[i].T @ bend(i) @ J[i] for i in range(9))
    found = steep.Risk(net, X, y, loss=loss).gauss_newton(w.numpy())
    np.testing.assert_allclose(found, expected.numpy() / 9, rtol=1e-9, atol=1e-12)
