"""Whole training runs against PyTorch, in float64: the same batches, the same parameters after 200 steps."""

import numpy as np
import pytest

import steep
from reference.philox import shuffled

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

WIDTHS, ROWS, BATCH, EPOCHS = [6, 16, 12, 3], 96, 16, 34

RULES = {
    "sgd": (steep.SGD(0.05), lambda p: torch.optim.SGD(p, 0.05)),
    "momentum": (
        steep.Momentum(0.02, form="classical"),
        lambda p: torch.optim.SGD(p, 0.02, momentum=0.9),
    ),
    "nesterov": (
        steep.Nesterov(0.02, form="reformulated"),
        lambda p: torch.optim.SGD(p, 0.02, momentum=0.9, nesterov=True),
    ),
    "adagrad": (steep.AdaGrad(0.05), lambda p: torch.optim.Adagrad(p, 0.05)),
    "rmsprop": (steep.RMSProp(0.002, beta=0.99), lambda p: torch.optim.RMSprop(p, 0.002)),
    "adam": (steep.Adam(0.01), lambda p: torch.optim.Adam(p, 0.01)),
    "nadam": (steep.NAdam(0.01), lambda p: torch.optim.NAdam(p, 0.01)),
    "amsgrad": (steep.AMSGrad(0.01), lambda p: torch.optim.Adam(p, 0.01, amsgrad=True)),
    "adamw": (steep.AdamW(0.01, weight_decay=0.0), lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.0)),
}
ACTIVATIONS = {
    "relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid, "gelu": torch.nn.GELU,
    "silu": torch.nn.SiLU, "elu": torch.nn.ELU, "softplus": torch.nn.Softplus, "leaky_relu": torch.nn.LeakyReLU,
}  # fmt: skip
LOSSES = {
    "cross_entropy": ("softmax", lambda z, y: torch.nn.functional.cross_entropy(z, y)),
    "squared_error": ("identity", lambda z, y: torch.nn.functional.mse_loss(z, y, reduction="sum") / 2 / len(z)),
    "absolute_error": ("identity", lambda z, y: torch.nn.functional.l1_loss(z, y, reduction="sum") / len(z)),
    "huber": ("identity", lambda z, y: torch.nn.functional.huber_loss(z, y, reduction="sum") / len(z)),
    "binary_cross_entropy": (
        "sigmoid",
        lambda z, y: torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(z),
    ),
    "poisson": ("exp", lambda z, y: torch.nn.functional.poisson_nll_loss(z, y, reduction="sum") / len(z)),
}


def compare(activation, loss, rule, make_optimizer, clip=None):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 6))
    output, theirs = LOSSES[loss]
    y = {
        "cross_entropy": rng.integers(0, 3, ROWS),
        "binary_cross_entropy": rng.integers(0, 2, (ROWS, 3)).astype(float),
        "poisson": rng.poisson(1.0, (ROWS, 3)).astype(float),
    }.get(loss, rng.normal(size=(ROWS, 3)))
    net = steep.MLP(WIDTHS, activation=activation, output=output, dtype="float64", seed=5)
    modules = []
    for layer in net.layers:
        linear = torch.nn.Linear(layer.weight.shape[1], layer.weight.shape[0], dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(layer.weight.copy()))
            linear.bias.copy_(torch.from_numpy(layer.bias.copy()))
        modules += [linear, ACTIVATIONS[activation]()]
    twin = torch.nn.Sequential(*modules[:-1])
    optimizer = make_optimizer(twin.parameters())
    losses = []
    for epoch in range(EPOCHS):
        total = 0.0
        order = np.array(shuffled(range(ROWS), 3, epoch))
        for first in range(0, ROWS, BATCH):
            rows = order[first : first + BATCH]
            optimizer.zero_grad()
            value = theirs(twin(torch.from_numpy(X[rows])), torch.from_numpy(y[rows]))
            value.backward()
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(twin.parameters(), clip)
            optimizer.step()
            total += float(value.detach()) * len(rows)
        losses.append(total / ROWS)
    run = steep.train(net, X, y, loss=loss, optimizer=rule, batch_size=BATCH, epochs=EPOCHS, seed=3, clip_norm=clip)
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-6)
    expected = torch.cat([p.detach().reshape(-1) for p in twin.parameters()]).numpy()
    np.testing.assert_allclose(net.parameters, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", RULES)
def test_rules(name):
    compare("tanh", "cross_entropy", *RULES[name])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation):
    compare(activation, "squared_error", *RULES["sgd"])


@pytest.mark.parametrize("loss", LOSSES)
def test_losses(loss):
    compare("silu", loss, *RULES["adam"])


def test_clipping():
    """Theirs adds 1e-6 to the norm it divides by."""
    compare("relu", "cross_entropy", *RULES["sgd"], clip=0.05)
