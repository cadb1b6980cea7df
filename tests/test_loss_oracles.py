"""Losses against scikit-learn, SciPy and PyTorch; which loss runs on which scores; what is refused."""

import re

import numpy as np
import pytest
import scipy.optimize
import scipy.special
from sklearn import _loss as sklearn_loss
from sklearn.metrics import log_loss

from steep import _core
from test_loss import NAMES, PARAMETER, call, curvature, example

RTOL = 32 * 2.3e-16  # two double computations of at most 16 roundings each


@pytest.mark.parametrize(
    ("name", "theirs", "factor"),
    [
        ("absolute_error", sklearn_loss.AbsoluteError(), 1.0),
        ("squared_error", sklearn_loss.HalfSquaredError(), 1.0),
        ("pinball", sklearn_loss.PinballLoss(quantile=0.3), 1.0),
        ("logistic", sklearn_loss.HalfBinomialLoss(), 1.0),
        ("poisson", sklearn_loss.HalfPoissonLoss(), 1.0),
        ("softmax_cross_entropy", sklearn_loss.HalfMultinomialLoss(n_classes=5), 1.0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_sklearn(name, theirs, factor):
    if name == "softmax_cross_entropy":
        score, _ = example(name, 200, 5)
        label = np.random.default_rng(0).integers(0, 5, 200)
        l, g = call(name, score, label=label.astype(np.int32))
        expected, gradient = theirs.loss_gradient(y_true=label.astype(float), raw_prediction=score)
    else:
        score, target = example(name, 200, 1)
        l, g = call(name, score, target)
        expected, gradient = theirs.loss_gradient(y_true=target[:, 0].copy(), raw_prediction=score[:, 0].copy())
        gradient = gradient[:, None]
    np.testing.assert_allclose(l, factor * expected, rtol=RTOL, atol=RTOL)
    np.testing.assert_allclose(g, factor * gradient, rtol=RTOL, atol=RTOL)


def test_scipy_and_metrics():
    score, target = example("huber", 100, 1)
    np.testing.assert_allclose(
        call("huber", score, target)[0], scipy.special.huber(PARAMETER["huber"], score - target)[:, 0], rtol=RTOL
    )
    s, y = example("softmax_cross_entropy", 100, 7)
    expected = scipy.special.logsumexp(s, axis=1) - (y * s).sum(axis=1)
    np.testing.assert_allclose(call("softmax_cross_entropy", s, y)[0], expected, rtol=RTOL, atol=RTOL * np.abs(s).max())
    # The distance to a tube: two of Huber's limits, max(0, r - e) + max(0, -r - e).
    r, e = score - target, PARAMETER["epsilon_insensitive"]
    beyond = np.where(r > e, r - e, 0.0) + np.where(-r > e, -r - e, 0.0)
    np.testing.assert_allclose(call("epsilon_insensitive", score, target)[0], beyond[:, 0], rtol=RTOL)
    p, label = scipy.special.softmax(s, axis=1), np.arange(100, dtype=np.int32) % 7
    ours = call("cross_entropy", p, label=label)[0].mean()
    assert ours == pytest.approx(log_loss(label, p, labels=range(7)), rel=RTOL)
    p, y = example("binary_cross_entropy", 100, 1)
    expected = -(scipy.special.xlogy(y, p) + scipy.special.xlog1py(1 - y, -p))
    np.testing.assert_allclose(call("binary_cross_entropy", p, y)[0], expected[:, 0], rtol=RTOL)


@pytest.mark.parametrize("name", ["soft_l1", "cauchy", "huber"])
def test_scipy_least_squares_has_the_same_objective(name):
    """f_scale^2 / 2 sum rho(r^2 / f_scale^2): its cost at a point, and its gradient there."""
    score, target = example(name, 100, 1)
    r = (score - target)[:, 0]
    found = scipy.optimize.least_squares(
        lambda x: r * x[0], 1.0, jac=lambda x: r[:, None], loss=name, f_scale=PARAMETER[name], max_nfev=1
    )
    l, g = call(name, score, target)
    assert l.sum() == pytest.approx(found.cost if found.nfev == 1 and found.x[0] == 1 else np.nan, rel=RTOL)
    assert (g[:, 0] * r).sum() == pytest.approx(found.grad[0], rel=RTOL)


@pytest.mark.torch
def test_torch():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional

    def cross_entropy(s, y):
        return -(y * torch.log(s)).sum(dim=1)

    table = {
        "squared_error": lambda s, y: functional.mse_loss(s, y, reduction="none") / 2,
        "absolute_error": lambda s, y: functional.l1_loss(s, y, reduction="none"),
        "huber": lambda s, y: functional.huber_loss(s, y, reduction="none", delta=0.7),
        "binary_cross_entropy": lambda s, y: functional.binary_cross_entropy(s, y, reduction="none"),
        "cross_entropy": cross_entropy,
        "logistic": lambda s, y: functional.binary_cross_entropy_with_logits(s, y, reduction="none"),
        "softmax_cross_entropy": lambda s, y: functional.cross_entropy(s, y, reduction="none"),
        "poisson": lambda s, y: functional.poisson_nll_loss(s, y, log_input=True, full=False, reduction="none"),
    }
    for name, theirs in table.items():
        score, target = example(name, 30, 6)
        s, y = torch.tensor(score, requires_grad=True), torch.tensor(target)
        each = theirs(s, y)
        expected = (each if each.ndim == 1 else each.sum(dim=1)).detach().numpy()
        (g,) = torch.autograd.grad(each.sum(), s, create_graph=True)
        l, gradient = call(name, score, target)
        np.testing.assert_allclose(l, expected, rtol=RTOL, atol=10 * RTOL, err_msg=name)
        np.testing.assert_allclose(gradient, g.detach().numpy(), rtol=RTOL, atol=RTOL, err_msg=name)
        if not g.requires_grad:
            continue
        v = np.random.default_rng(8).normal(size=score.shape)
        (hv,) = torch.autograd.grad((g * torch.tensor(v)).sum(), s)
        # The second derivative of their BCELoss adds 1e-12 to a divisor of at least 0.85 * 0.15, twice.
        rtol = 1e-10 if name == "binary_cross_entropy" else 4 * RTOL
        theirs_hv = hv.numpy(force=True)
        np.testing.assert_allclose(curvature(name, score, target, v), theirs_hv, rtol=rtol, atol=RTOL, err_msg=name)
    # A probability of exactly 0 or 1: their clamps of the logarithm and of the divisor.
    s, y = torch.tensor([[0.0, 1.0, 1e-30]], requires_grad=True), torch.tensor([[1.0, 0.0, 1.0]])
    each = functional.binary_cross_entropy(s, y, reduction="none")
    each.sum().backward()
    l, gradient = call("binary_cross_entropy", s.detach().numpy(), y.numpy())
    assert l[0] == pytest.approx(each.sum().item(), rel=1e-6)
    np.testing.assert_allclose(gradient, s.grad.numpy(), rtol=1e-6)


def resolves(activation, loss, outputs):
    try:
        return _core.resolve_loss(activation, loss, outputs)
    except ValueError:
        return None


def test_fused_pairs_and_defaults():
    assert _core.resolve_loss("softmax", "cross_entropy", 3) == ("softmax_cross_entropy", True)
    assert _core.resolve_loss("sigmoid", "binary_cross_entropy", 1) == ("logistic", True)
    assert _core.resolve_loss("sigmoid", "binary_cross_entropy", 4) == ("logistic", True)
    assert _core.resolve_loss("exp", "poisson", 1) == ("poisson", True)
    assert _core.resolve_loss("step", "perceptron", 1) == ("perceptron", True)
    for loss in ("logistic", "hinge", "squared_hinge", "perceptron", "squared_error"):
        assert _core.resolve_loss("identity", loss, 1) == (loss, False)
    assert _core.resolve_loss("identity", "softmax_cross_entropy", 3) == ("softmax_cross_entropy", False)
    defaults = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy", "exp": "poisson", "step": "perceptron"}
    for activation in _core.activation_names():
        assert _core.default_loss(activation) == defaults.get(activation, "squared_error")
        assert resolves(activation, _core.default_loss(activation), 3)
        for loss in ("squared_error", "absolute_error", "huber", "pinball", "epsilon_insensitive", "soft_l1", "cauchy"):
            assert resolves(activation, loss, 3) == (None if activation == "step" else (loss, False))


@pytest.mark.parametrize("outputs", [1, 3])
def test_fused_pairs_compute_what_they_stand_for(outputs):
    """The fused loss on z is the loss asked for on the outputs, and its gradient the chain rule's."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20, outputs))
    for activation, loss in (("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy")):
        if activation == "softmax" and outputs == 1:
            continue
        y = (
            (rng.random((20, outputs)) < 0.5).astype(float)
            if outputs == 1 or activation == "sigmoid"
            else rng.dirichlet(np.ones(3), 20)
        )
        a = scipy.special.expit(z) if activation == "sigmoid" else scipy.special.softmax(z, axis=1)
        kernel, raw = _core.resolve_loss(activation, loss, outputs)
        assert raw
        l, g = call(loss, a, y)
        fused, fused_g = call(kernel, z, y)
        np.testing.assert_allclose(fused, l, rtol=1e-13)
        chain = a * (1 - a) * g if activation == "sigmoid" else a * (g - (a * g).sum(axis=1, keepdims=True))
        np.testing.assert_allclose(fused_g, chain, rtol=1e-12, atol=1e-14)


def test_refusals_name_a_pairing_that_works():
    refused = 0
    for activation in _core.activation_names():
        for loss in NAMES:
            for outputs in (1, 3):
                if resolves(activation, loss, outputs):
                    continue
                refused += 1
                with pytest.raises(ValueError, match=r"^loss must be .*got '" + loss) as caught:
                    _core.resolve_loss(activation, loss, outputs)
                advice = str(caught.value).split(": ", 1)[1]
                losses = re.findall(r"'(\w+)'", advice) or [loss]
                ends = [a for a in _core.activation_names() if re.search(rf"\b{a}\b", re.sub(r"'\w+'", "", advice))]
                pairs = [(activation, l) for l in losses] + [(a, l) for a in ends for l in [*losses, loss]]
                assert any(resolves(a, l, outputs) for a, l in pairs), advice
    assert refused > 40


@pytest.mark.parametrize(
    ("activation", "loss", "outputs", "advice"),
    [
        ("identity", "cross_entropy", 3, "loss='softmax_cross_entropy'.*softmax output"),
        ("sigmoid", "cross_entropy", 3, "softmax output.*binary_cross_entropy"),
        ("softmax", "cross_entropy", 1, "sigmoid output with loss='binary_cross_entropy'"),
        ("softmax", "softmax_cross_entropy", 3, "loss='cross_entropy'"),
        ("sigmoid", "logistic", 1, "loss='binary_cross_entropy'"),
        ("identity", "binary_cross_entropy", 1, "loss='logistic'.*sigmoid output"),
        ("softmax", "hinge", 3, "identity output"),
        ("identity", "poisson", 1, "exp output"),
        ("step", "squared_error", 1, "loss='perceptron'"),
    ],
)
def test_refusals(activation, loss, outputs, advice):
    with pytest.raises(ValueError, match=advice):
        _core.resolve_loss(activation, loss, outputs)


def test_names_and_arguments():
    one = np.ones((2, 3))
    for bad, match in (
        (lambda: call("mse", one, one), "loss must be one of squared_error, .* got 'mse'"),
        (lambda: _core.resolve_loss("swish", "huber", 1), "activation must be one of identity, .* got 'swish'"),
        (lambda: call("huber", one, np.ones((2, 2))), "target must have the shape of score"),
        (lambda: call("huber", one), "one of target and label must be given"),
        (lambda: call("huber", one, None, np.zeros(2, np.int32)), "huber takes target rows, not label"),
        (lambda: call("cross_entropy", one, None, np.array([0, 3], np.int32)), "label must be a class index"),
        (lambda: call("cross_entropy", one, None, np.array([0], np.int32)), "label must have one entry a row"),
        (lambda: call("huber", one, one, weight=np.ones(3)), "weight must have one entry a row"),
        (lambda: curvature("huber", one, one, np.ones((3, 3))), "v must have the shape of score"),
    ):
        with pytest.raises(ValueError, match=match):
            bad()
    with pytest.raises(TypeError):  # nothing is converted at this border
        call("huber", one.astype("f4"), one)
