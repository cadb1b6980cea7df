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
    "sgd, decay": lambda p: torch.optim.SGD(p, 0.1, weight_decay=0.1),
    "nesterov, decay": lambda p: torch.optim.SGD(p, 0.05, momentum=0.8, nesterov=True, weight_decay=0.1),
    "adam, decay": lambda p: torch.optim.Adam(p, 0.01, weight_decay=0.1),
    "adamw, decay": lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1),
    "nadam, decay": lambda p: torch.optim.NAdam(p, 0.01, weight_decay=0.1),
    "rmsprop, decay": lambda p: torch.optim.RMSprop(p, 0.01, eps=1e-2, weight_decay=0.1),
    "groups": lambda p: torch.optim.Adam(groups(p, 0.1, 0.0), 0.01),
    "groups the other way": lambda p: torch.optim.AdamW(groups(p, 0.0, 0.3), 0.01),
}


def groups(parameters, weights, biases):
    """Return groups of matrices and of vectors, which users have in order to leave out biases."""
    parameters = list(parameters)
    return [
        {"params": [p for p in parameters if p.ndim == n], "weight_decay": decay}
        for n, decay in ((2, weights), (1, biases))
    ]


@pytest.mark.parametrize("make_optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_optimizers(make_optimizer):
    compare(make_optimizer, nn.CrossEntropyLoss(), 3, data()[1].integers(0, 3, 90))
    compare(make_optimizer, nn.MSELoss(), 2, data()[1].normal(size=(90, 2)))


def test_rprop():
    compare(
        lambda p: torch.optim.Rprop(p, 0.01, etas=(0.4, 1.3)), nn.MSELoss(), 2, data()[1].normal(size=(90, 2)), batch=90
    )


def test_label_smoothing():
    y = data()[1].integers(0, 3, 90)
    compare(OPTIMIZERS["adam"], nn.CrossEntropyLoss(label_smoothing=0.2), 3, y)
    X, loss = data()[0], nn.CrossEntropyLoss(label_smoothing=0.2)
    with pytest.raises(ValueError, match=r"label_smoothing must be given once, got 0\.1 and the loss's 0\.2"):
        steep.torch.fit(make(), X, y, loss=loss, label_smoothing=0.1)


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.LayerNorm])
def test_decay_of_normalizations(norm):
    X, rng = data()
    y = rng.normal(size=(90, 2))

    def module():
        torch.manual_seed(3)
        return nn.Sequential(nn.Linear(6, 5, bias=False), norm(5), nn.Tanh(), nn.Linear(5, 2)).double()

    theirs, mine = module(), module()
    loop(theirs, torch.optim.AdamW(theirs.parameters(), 0.01, weight_decay=0.5), nn.MSELoss(), X, y, 30, 4)
    optimizer = torch.optim.AdamW(mine.parameters(), 0.01, weight_decay=0.5)
    steep.torch.fit(mine, X, y, loss=nn.MSELoss(), optimizer=optimizer, batch_size=30, epochs=4, shuffle=False)
    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-7, atol=1e-9)
    some = [{"params": [mine[1].bias], "weight_decay": 0.0}]
    some.append({"params": [p for p in mine.parameters() if p is not mine[1].bias]})
    with pytest.raises(ValueError, match=f"one weight_decay for {norm.__name__}'s weight and bias, got 0.5 and 0.0"):
        steep.torch.fit(mine, X, y, loss=nn.MSELoss(), optimizer=torch.optim.AdamW(some, 0.01, weight_decay=0.5))


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
        ("module", r"must be a torch\.nn\.Sequential or a torch\.nn\.Linear, got"),
    ],
)
def test_refused_modules(module, message):
    with pytest.raises((TypeError, ValueError), match=message):
        steep.torch.from_module(module)


def test_refused_losses_and_optimizers():
    X, y = np.zeros((4, 6)), np.zeros((4, 3))
    module = make()
    with pytest.raises(TypeError, match=r"loss must have reduction='mean' in steep\.torch, got MSELoss with .*=sum"):
        steep.torch.fit(module, X, y, loss=nn.MSELoss(reduction="sum"))
    with pytest.raises(TypeError, match=r"ignore_index=-100 in steep\.torch, got CrossEntropyLoss with ignore_index=1"):
        steep.torch.fit(module, X, y, loss=nn.CrossEntropyLoss(ignore_index=1))
    with pytest.raises(TypeError, match=r"weight=None in steep\.torch, got CrossEntropyLoss with weight=tensor"):
        steep.torch.fit(module, X, y, loss=nn.CrossEntropyLoss(weight=torch.ones(3)))
    with pytest.raises(TypeError, match=r"loss that steep\.torch knows \(CrossEntropyLoss, MSELoss, .*got CTCLoss"):
        steep.torch.fit(module, X, y, loss=nn.CTCLoss())
    with pytest.raises(ValueError, match=r"loss must be given for class indices, loss=torch\.nn\.CrossEntropyLoss"):
        steep.torch.fit(module, X, np.zeros(4, int))
    with pytest.raises(TypeError, match=r"knows \(SGD, Adam, .* Rprop, .* got LBFGS with \{'lr': 1"):
        steep.torch.fit(module, X, y, optimizer=torch.optim.LBFGS(module.parameters()))
    with pytest.raises(ValueError, match=r"dampening=0, got 0\.5"):
        steep.torch.fit(module, X, y, optimizer=torch.optim.SGD(module.parameters(), momentum=0.9, dampening=0.5))


def test_optimizers_of_other_parameters_are_refused():
    X, y = np.zeros((4, 6)), np.zeros((4, 3))
    module, other = make(), make()
    some = [{"params": module[0].parameters(), "lr": 0.1}, {"params": [*module[2].parameters()]}]
    rest = {"params": module[3].parameters()}
    for optimizer, message in (
        (torch.optim.Adam(other.parameters()), "got one of 0 of them and 6 others"),
        (torch.optim.Adam(some), "all 6 parameters of module, .* got one of 4 of them and 0 others"),
        (torch.optim.Adam([*some, rest], lr=0.01), "differ in weight_decay alone, got lr=0.1 and 0.001"),
    ):
        before = [p.detach().clone() for p in module.parameters()]
        with pytest.raises(ValueError, match=message):
            steep.torch.fit(module, X, y, loss=nn.MSELoss(), optimizer=optimizer)
        assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))


@pytest.mark.parametrize(
    "optimizer", [lambda p: torch.optim.Adam(p), lambda p: "adam", lambda p: steep.SGD(), lambda p: "lm"]
)
def test_frozen_and_shared_parameters_are_refused(optimizer):
    X, y = np.random.default_rng(0).normal(size=(20, 6)), np.zeros(20)
    layer = nn.Linear(6, 6)
    module = nn.Sequential(layer, nn.Tanh(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 1)).double()
    layer.weight.requires_grad = False
    before = [p.detach().clone() for p in module.parameters()]
    with pytest.raises(ValueError, match="got 1 with requires_grad=False"):
        steep.torch.fit(module, X, y, loss=nn.MSELoss(), optimizer=optimizer(module.parameters()))
    layer.weight.requires_grad = True
    module[2].weight = layer.weight
    with pytest.raises(ValueError, match="share no parameters, got 1 that"):
        steep.torch.fit(module, X, y, loss=nn.MSELoss(), optimizer=optimizer(module.parameters()))
    module[2] = layer
    with pytest.raises(ValueError, match="share no parameters, got 2 that"):
        steep.torch.from_module(module)
    with pytest.raises(ValueError, match="share no parameters, got 2 that"):
        steep.torch.to_module(steep.MLP([6, 6, 6, 1], activation="tanh", dtype="float64"), module)
    assert all(torch.equal(a, b) for a, b in zip(before[:2], layer.parameters(), strict=True))
    tanh = nn.Tanh()  # what has no parameters may be used again
    steep.torch.from_module(nn.Sequential(nn.Linear(6, 6), tanh, nn.Linear(6, 1), tanh))
