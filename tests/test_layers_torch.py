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
