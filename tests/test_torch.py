"""The bridge to PyTorch: its own loop from the same start, over the rows in the same order, is the oracle."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

import steep  # noqa: E402
import steep.torch  # noqa: E402

pytestmark = pytest.mark.torch


def make(outputs=3, last=None, dtype=torch.float64):
    torch.manual_seed(0)
    layers = [nn.Linear(6, 16), nn.Tanh(), nn.Sequential(nn.Linear(16, 8), nn.LeakyReLU(0.1)), nn.Linear(8, outputs)]
    return nn.Sequential(*layers, *([last] if last else [])).to(dtype)


def data(seed=1, rows=90):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 6)), rng


def loop(module, optimizer, loss, X, y, batch, epochs):
    X, y = torch.as_tensor(X), torch.as_tensor(y)
    for _ in range(epochs):
        for i in range(0, len(X), batch):
            optimizer.zero_grad()
            loss(module(X[i : i + batch]), y[i : i + batch]).backward()
            optimizer.step()


def compare(make_optimizer, loss, outputs, y, last=None, batch=20, epochs=4):
    X, _ = data()
    theirs, mine = make(outputs, last), make(outputs, last)
    loop(theirs, make_optimizer(theirs.parameters()), loss, X, y, batch, epochs)
    before = mine[0].weight.detach().clone()
    run = steep.torch.fit(
        mine, X, torch.as_tensor(y), loss=loss, optimizer=make_optimizer(mine.parameters()), batch_size=batch,
        epochs=epochs, shuffle=False,
    )  # fmt: skip
    assert run.status == "max_epochs"
    assert not torch.equal(before, mine[0].weight)
    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-7, atol=1e-9)


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1),
    "momentum": lambda p: torch.optim.SGD(p, 0.05, momentum=0.8),
    "nesterov": lambda p: torch.optim.SGD(p, 0.05, momentum=0.8, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, 0.01, eps=1e-3),
    "amsgrad": lambda p: torch.optim.Adam(p, 0.01, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.0),
    "nadam": lambda p: torch.optim.NAdam(p, 0.01),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.01, eps=1e-2),
    "adagrad": lambda p: torch.optim.Adagrad(p, 0.01, eps=1e-3),
}


@pytest.mark.parametrize("make_optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_optimizers(make_optimizer):
    compare(make_optimizer, nn.CrossEntropyLoss(), 3, data()[1].integers(0, 3, 90))
    compare(make_optimizer, nn.MSELoss(), 2, data()[1].normal(size=(90, 2)))


LOSSES = {
    "absolute": (nn.L1Loss(), lambda rng: rng.normal(size=(90, 2)), None),
    "huber": (nn.HuberLoss(delta=0.4), lambda rng: rng.normal(size=(90, 2)), None),
    "logits": (nn.BCEWithLogitsLoss(), lambda rng: rng.integers(0, 2, (90, 2)).astype(float), None),
    "sigmoid": (nn.BCELoss(), lambda rng: rng.integers(0, 2, (90, 2)).astype(float), nn.Sigmoid()),
}


@pytest.mark.parametrize(("loss", "targets", "last"), LOSSES.values(), ids=LOSSES)
def test_losses(loss, targets, last):
    for name in ("sgd", "adam"):
        compare(OPTIMIZERS[name], loss, 2, targets(np.random.default_rng(3)), last)


def test_normalizations_and_back():
    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(6, 8), nn.BatchNorm1d(8), nn.GELU(), nn.Linear(8, 5, bias=False), nn.LayerNorm(5),
        nn.SiLU(), nn.Dropout(0.3), nn.Linear(5, 2), nn.Softmax(dim=1),
    )  # fmt: skip
    X = torch.randn(40, 6)
    module(X)  # moves the running statistics
    module.eval()
    net = steep.torch.from_module(module)
    np.testing.assert_allclose(net.predict(X.numpy()), module(X).detach().numpy(), atol=1e-6)
    again = steep.torch.to_module(net).eval()
    np.testing.assert_allclose(again(X).detach().numpy(), module(X).detach().numpy(), atol=1e-6)
    steep.torch.fit(module, X, torch.randint(0, 2, (40,)), epochs=3)
    np.testing.assert_allclose(
        steep.torch.from_module(module).predict(X.numpy()), module(X).detach().numpy(), atol=1e-6
    )
    assert not np.allclose(net.predict(X.numpy()), module(X).detach().numpy(), atol=1e-6)


def test_full_batch_methods():
    X, _ = data()
    module = make(1)
    y = np.sin(X[:, :1])
    steep.torch.fit(module, X, y, optimizer=steep.LevenbergMarquardt(), epochs=50)
    with torch.no_grad():
        assert float(((module(torch.as_tensor(X)) - torch.as_tensor(y)) ** 2).mean()) < 1e-3


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Sequential(nn.Linear(3, 2), nn.Hardswish()), "layers must be Linear, Dropout"),
        (nn.Sequential(nn.Linear(3, 2), nn.GELU("tanh")), "layers must be Linear, Dropout"),
        (nn.Sequential(nn.ReLU()), "must have a Linear layer"),
        (nn.Sequential(nn.Linear(3, 2).half()), "float32 or of float64"),
        ("module", r"must be a torch\.nn\.Sequential"),
    ],
)
def test_refused_modules(module, message):
    with pytest.raises((TypeError, ValueError), match=message):
        steep.torch.from_module(module)


def test_refused_losses_and_optimizers():
    X, y = np.zeros((4, 6)), np.zeros((4, 3))
    module = make()
    with pytest.raises(TypeError, match=r"loss must be a loss that steep\.torch knows"):
        steep.torch.fit(module, X, y, loss=nn.MSELoss(reduction="sum"))
    with pytest.raises(TypeError, match=r"optimizer must be one that steep\.torch knows"):
        steep.torch.fit(module, X, y, optimizer=torch.optim.LBFGS(module.parameters()))
    with pytest.raises(ValueError, match=r"dampening=0, got 0\.5"):
        steep.torch.fit(module, X, y, optimizer=torch.optim.SGD(module.parameters(), momentum=0.9, dampening=0.5))
