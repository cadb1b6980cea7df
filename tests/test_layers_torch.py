"""Layers against PyTorch in float64: outputs, gradients of inputs and parameters, several steps of training."""

import numpy as np
import pytest

import steep as s

torch = pytest.importorskip("torch")
nn = torch.nn
pytestmark = pytest.mark.torch


class Last(nn.Module):
    """Channels last around a module of images with channels first."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Sum(nn.Module):
    """A block with a skip connection."""

    def __init__(self, main, skip=None):
        super().__init__()
        self.main = nn.Sequential(*main)
        self.skip = nn.Sequential(*skip) if skip else nn.Identity()

    def forward(self, x):
        return self.main(x) + self.skip(x)


class Mean(nn.Module):
    """The mean of each channel."""

    def forward(self, x):
        return x.mean((1, 2))


PAIRS = {
    "conv": (lambda: [s.Conv2D(8, 3, padding="same")], lambda: [Last(nn.Conv2d(10, 8, 3, padding="same"))]),
    "conv, valid, 5 x 3": (lambda: [s.Conv2D(20, (5, 3))], lambda: [Last(nn.Conv2d(10, 20, (5, 3)))]),
    "conv, strides, padding": (
        lambda: [s.Conv2D(6, 3, strides=2, padding=1)],
        lambda: [Last(nn.Conv2d(10, 6, 3, stride=2, padding=1))],
    ),
    "conv, dilation, groups": (
        lambda: [s.Conv2D(6, 3, dilation=2, padding=(2, 1), groups=2, use_bias=False)],
        lambda: [Last(nn.Conv2d(10, 6, 3, dilation=2, padding=(2, 1), groups=2, bias=False))],
    ),
    "depthwise": (lambda: [s.Conv2D(10, 3, groups=10)], lambda: [Last(nn.Conv2d(10, 10, 3, groups=10))]),
    "batch norm of channels": (lambda: [s.BatchNorm()], lambda: [Last(nn.BatchNorm2d(10))]),
    "layer norm": (lambda: [s.LayerNorm()], lambda: [nn.LayerNorm(10)]),
    "layer norm of all axes": (lambda: [s.LayerNorm(all_axes=True)], lambda: [nn.LayerNorm((7, 8, 10))]),
    "max pool": (lambda: [s.MaxPool2D(3, strides=2, padding=1)], lambda: [Last(nn.MaxPool2d(3, 2, 1))]),
    "average pool": (
        lambda: [s.AveragePool2D(2, padding=1)],
        lambda: [Last(nn.AvgPool2d(2, padding=1, count_include_pad=False))],
    ),
    "global average pool": (lambda: [s.GlobalAveragePool2D(), s.Dense(3)], lambda: [Mean(), nn.Linear(10, 3)]),
    "residual": (
        lambda: [s.Residual([s.Conv2D(10, 3, "tanh", padding="same"), s.BatchNorm()]), s.Activation("relu")],
        lambda: [Sum([Last(nn.Conv2d(10, 10, 3, padding="same")), nn.Tanh(), Last(nn.BatchNorm2d(10))]), nn.ReLU()],
    ),
    "residual, projection, nested": (
        lambda: [
            s.Residual(
                [s.Residual([s.Conv2D(10, 3, padding="same")]), s.Activation("silu"), s.Conv2D(4, 1)], [s.Conv2D(4, 1)]
            ),
            s.GlobalAveragePool2D(),
            s.Residual([s.Dense(6, "tanh"), s.Dense(4)]),
        ],
        lambda: [
            Sum(
                [Sum([Last(nn.Conv2d(10, 10, 3, padding="same"))]), nn.SiLU(), Last(nn.Conv2d(10, 4, 1))],
                [Last(nn.Conv2d(10, 4, 1))],
            ),
            Mean(),
            Sum([nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 4)]),
        ],
    ),
    "small net": (
        lambda: [
            s.Conv2D(6, 3, padding="same"), s.BatchNorm(), s.Activation("relu"), s.MaxPool2D(2),
            s.Conv2D(5, 3, "tanh"), s.Flatten(), s.Dense(4), s.BatchNorm(momentum=0.4), s.Activation("silu"),
            s.Dense(3),
        ],
        lambda: [
            Last(nn.Conv2d(10, 6, 3, padding="same")), Last(nn.BatchNorm2d(6)), nn.ReLU(), Last(nn.MaxPool2d(2)),
            Last(nn.Conv2d(6, 5, 3)), nn.Tanh(), nn.Flatten(), nn.Linear(10, 4), nn.BatchNorm1d(4, momentum=0.4),
            nn.SiLU(), nn.Linear(4, 3),
        ],
    ),
}  # fmt: skip


def pair(name):
    """Return a network and PyTorch's with the same parameters."""
    ours, theirs = PAIRS[name]
    net = s.Network(ours(), (7, 8, 10), dtype="float64", seed=1)
    module = nn.Sequential(*theirs()).double()
    net.parameters = np.random.default_rng(0).normal(scale=0.3, size=net.parameters.size)
    arrays = [array for layer in net.layers for _, array in layer.arrays()]
    with torch.no_grad():
        for array, parameter in zip(arrays, module.parameters(), strict=True):
            swapped = np.moveaxis(array, -1, 1) if array.ndim == 4 else array
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(swapped)))
    return net, module


def flat(module):
    found = []
    for parameter in module.parameters():
        value = parameter.grad.numpy()
        found.append((np.moveaxis(value, 1, -1) if value.ndim == 4 else value).ravel())
    return np.concatenate(found) if found else np.zeros(0)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_gradients(name, training):
    net, module = pair(name)
    X = np.random.default_rng(1).normal(size=(9, 7, 8, 10))
    module.train(training)
    x = torch.from_numpy(X.copy()).requires_grad_()
    wanted = module(x).reshape(9, -1)
    W = np.random.default_rng(2).normal(size=tuple(wanted.shape))
    (wanted * torch.from_numpy(W)).sum().backward()
    found = net.forward(X, training)
    gradient, dX = net.backward(W)
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(dX.ravel(), x.grad.numpy().ravel(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(gradient, flat(module), rtol=1e-9, atol=1e-9)


def test_dropout_with_the_same_mask():
    """PyTorch draws others: given ours, the mean of its outputs and their gradients are the same."""
    net = s.Network([s.Dropout(0.3), s.Dense(4, "tanh")], 50, dtype="float64", seed=1)
    X, W = np.random.default_rng(0).normal(size=(30, 50)), np.random.default_rng(1).normal(size=(30, 4))
    found = net.forward(X, training=True)
    gradient, dX = net.backward(W)
    mask = torch.from_numpy(dX != 0)  # tanh's derivative and the weights are not zero
    assert mask.double().mean() == pytest.approx(0.7, abs=4 * (0.21 / 1500) ** 0.5)
    x = torch.from_numpy(X.copy()).requires_grad_()
    weight, bias = (torch.from_numpy(array.copy()).requires_grad_() for _, array in net.layers[1].arrays())
    kept = 1 - round(0.3 * 65536) / 65536  # the rate to the nearest multiple of 2^-16
    wanted = torch.tanh((x * mask / kept) @ weight.T + bias)
    (wanted * torch.from_numpy(W)).sum().backward()
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(dX, x.grad.numpy(), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(gradient, np.concatenate([weight.grad.ravel(), bias.grad]), rtol=1e-10, atol=1e-12)


def test_steps_of_training_and_running_statistics():
    net, module = pair("small net")
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(40, 7, 8, 10)), rng.normal(size=(40, 3))
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    module.train()
    for _ in range(3):
        for first in range(0, 40, 16):
            optimizer.zero_grad()
            rows = slice(first, first + 16)
            loss = ((module(torch.from_numpy(X[rows])) - torch.from_numpy(y[rows])) ** 2).sum(1).mean() / 2
            loss.backward()
            optimizer.step()
    s.train(net, X, y, optimizer=s.Adam(0.01), batch_size=16, epochs=3, shuffle=False, progress=False)
    module.eval()
    wanted = module(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(net.predict(X), wanted, rtol=1e-6, atol=1e-7)
    statistics = [b.numpy() for name, b in module.named_buffers() if "running" in name]
    np.testing.assert_allclose(net.state, np.concatenate(statistics), rtol=1e-6, atol=1e-8)
