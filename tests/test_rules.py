"""Update rules: the reference, scikit-learn and PyTorch step by step, and what the forms have in common."""

import numpy as np
import pytest
from sklearn.neural_network import _stochastic_optimizers as sklearn_rules

import steep
from reference import rule as reference
from steep import _core
from steep.rules import resolve_optimizer
from steep.schedules import Cosine

STEPS, SIZE = 400, 203  # a size that leaves a rest on every level

# One row a rule: the object, and the hyper-parameters the reference takes.
ROWS = {
    "sgd": (steep.SGD(0.05, weight_decay=0.02), {"weight_decay": 0.02}),
    "momentum": (steep.Momentum(0.05, beta=0.8, weight_decay=0.02), {"beta1": 0.8, "weight_decay": 0.02}),
    "momentum_classical": (steep.Momentum(0.01, form="classical"), {}),
    "momentum_velocity": (steep.Momentum(0.01, form="velocity", weight_decay=0.02), {"weight_decay": 0.02}),
    "nesterov": (steep.Nesterov(0.05, weight_decay=0.02), {"weight_decay": 0.02}),
    "nesterov_reformulated": (steep.Nesterov(0.01, form="reformulated"), {}),
    "nesterov_velocity": (steep.Nesterov(0.01, form="velocity", weight_decay=0.02), {"weight_decay": 0.02}),
    "adagrad": (steep.AdaGrad(0.1, weight_decay=0.02), {"eps": 1e-10, "weight_decay": 0.02}),
    "rmsprop": (steep.RMSProp(0.01, beta=0.95, weight_decay=0.02), {"beta2": 0.95, "weight_decay": 0.02}),
    "adam": (steep.Adam(0.01, weight_decay=0.02), {"weight_decay": 0.02}),
    "adamw": (steep.AdamW(0.01, weight_decay=0.1), {"weight_decay": 0.1}),
    "nadam": (steep.NAdam(0.01, weight_decay=0.02), {"weight_decay": 0.02}),
    "amsgrad": (steep.AMSGrad(0.01, beta2=0.9, weight_decay=0.02), {"beta2": 0.9, "weight_decay": 0.02}),
    "lion": (steep.Lion(0.01, weight_decay=0.1), {"beta2": 0.99, "weight_decay": 0.1}),
    "rprop": (steep.Rprop(0.01), {}),
}
PROXIMAL = [name for name in ROWS if name not in ("lion", "rprop")]


def sequence(dtype, seed=42, size=SIZE, steps=STEPS):
    rng = np.random.default_rng(seed)
    scales = 10.0 ** rng.uniform(-3, 3, size)
    return rng.normal(size=size).astype(dtype), (rng.normal(0.2, 1, (steps, size)) * scales).astype(dtype)


def trajectory(rule, start, gradients, l1=0.0):
    theta = start.copy()
    state, path = rule.init(theta), []
    for g in gradients:
        rule.update(theta, g, state, l1=l1)
        path.append(theta.copy())
    return np.array(path)


def tolerance(name, h, start, gradients, etas, dtype):
    """Return the reference's path and a running bound on the rounding errors of each entry after each step.

    A step adds to theta's error one rounding of theta, and its own relative error times what the step would be were
    nothing to cancel in the gradient's sum with weight decay and l1 or in the average of gradients. That error comes
    from 8 roundings of scalars and from 4 for each step that the moments remember (2 for the sum, 2 since beta itself
    is rounded), which are at most t and at most 1 / (1 - beta). Weight decay feeds the error back: a factor of 2.
    """
    path, scales = reference.run(name, start, gradients, etas, h)
    before = np.vstack([start[None], path[:-1]])
    sizes = np.abs(gradients) + h.weight_decay * np.abs(before) + h.l1
    averaging = 0.0 if name in ("sgd", "adagrad", "rmsprop") else h.beta1
    mean, reach = np.zeros_like(sizes[0]), []
    for t, (size, scale) in enumerate(zip(sizes, scales, strict=True), 1):
        mean = averaging * mean + (1 - averaging) * size
        reach.append(scale * (mean / (1 - averaging**t) + size))
    t = np.arange(1, len(gradients) + 1)[:, None]
    slowest = h.beta2 if reference.SLOTS[name] > 1 or name == "rmsprop" else h.beta1
    longest = {"sgd": 0.0, "adagrad": 1.0}.get(name, slowest)
    memory = np.minimum(t, np.inf if longest == 1 else 1 / (1 - longest))
    return path, 2 * np.finfo(dtype).eps * np.cumsum(np.abs(path) + np.abs(before) + (4 * memory + 8) * reach, axis=0)


def test_lists_agree():
    in_core, in_reference, in_tests = set(_core.rule_names()), set(reference.RULES), set(ROWS)
    assert in_core == in_reference, f"without a counterpart: {in_core ^ in_reference}"
    assert in_core == in_tests, f"without a row in these tests: {in_core ^ in_tests}"
    for name, (rule, values) in ROWS.items():
        assert rule.kernel == name
        h = reference.hyper(**values)
        for key, value in rule._hyper_parameters().items():
            assert getattr(h, key) == value, (name, key)
        assert rule.core.slot_count == reference.SLOTS[name] == len(rule.init(np.zeros(1)).slots)
        assert rule.core.allows_l1 == (name in PROXIMAL)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("l1", [0.0, 0.3])
@pytest.mark.parametrize("name", PROXIMAL)
def test_reference(name, l1, dtype):
    rule, values = ROWS[name]
    start, gradients = sequence(dtype)
    etas = np.full(STEPS, rule.learning_rate)
    path, bound = tolerance(name, reference.hyper(**values, l1=l1), start, gradients, etas, dtype)
    error = np.abs(trajectory(rule, start, gradients, l1) - path)
    assert (error <= bound).all(), (error / bound).max()
    if l1:
        assert (path[-1] == 0).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["lion", "rprop"])
def test_reference_of_sign_rules(name, dtype):
    """Entries whose argument of sign comes near 0 may go either way; the others agree to the rounding of theta."""
    rule, values = ROWS[name]
    h = reference.hyper(**values)
    start, gradients = sequence(dtype)
    clear, m = np.ones(SIZE, bool), np.zeros(SIZE)
    for g in gradients.astype(float):
        argument = h.beta1 * m + (1 - h.beta1) * g if name == "lion" else g
        clear &= np.abs(argument) > 1e-5 * np.abs(gradients).max(axis=0)
        m = h.beta2 * m + (1 - h.beta2) * g
    assert clear.mean() > 0.8
    path = reference.run(name, start, gradients, np.full(STEPS, rule.learning_rate), h)[0]
    # Steps of Lion are exact but for eta; Rprop's sizes are products of up to t factors.
    reach = np.abs(np.diff(path, axis=0, prepend=start[None].astype(path.dtype)))
    t = np.arange(1, STEPS + 1)[:, None]
    bound = 2 * np.finfo(dtype).eps * np.cumsum(np.abs(path) + (2 + (t if name == "rprop" else 0)) * reach, axis=0)
    error = np.abs(trajectory(rule, start, gradients) - path)
    assert (error <= bound)[:, clear].all()


def test_adam_by_hand():
    """t = 1, g = 2: m = 0.2, v = 0.004, mhat = 2, vhat = 4; t = 2, g = -2: m = -0.02, v = 0.007996."""
    w, rule = np.array([1.0]), steep.Adam(0.1)
    state = rule.init(w)
    rule.update(w, np.array([2.0]), state)
    assert w[0] == pytest.approx(1 - 0.1 * 2 / (2 + 1e-8), rel=1e-15)
    rule.update(w, np.array([-2.0]), state)
    assert w[0] == pytest.approx(0.9 + 0.1 * (0.02 / 0.19) / (2 + 1e-8), rel=1e-9)
    np.testing.assert_allclose([state.slots["m"][0][0], state.slots["v"][0][0]], [-0.02, 0.007996], rtol=1e-14)


@pytest.mark.parametrize(
    ("rule", "oracle"),
    [
        (steep.Adam(0.01, eps_before_correction=True), lambda p: sklearn_rules.AdamOptimizer(p, 0.01)),
        (steep.Momentum(0.01, form="velocity"), lambda p: sklearn_rules.SGDOptimizer(p, 0.01, nesterov=False)),
        (steep.Nesterov(0.01, form="velocity"), lambda p: sklearn_rules.SGDOptimizer(p, 0.01, nesterov=True)),
    ],
    ids=["adam", "momentum", "nesterov"],
)
def test_sklearn(rule, oracle):
    start, gradients = sequence(np.float64)
    theirs = [start.copy()]
    optimizer = oracle(theirs)
    for g in gradients:
        optimizer.update_params(theirs, [g])
    ours = trajectory(rule, start, gradients)[-1]
    # Two double computations, each within the bound of the reference test: 2 * 2 eps * 400 * 48 of the distance gone.
    np.testing.assert_allclose(ours, theirs[0], atol=4e-12 * np.abs(np.cumsum(gradients, axis=0)).max())


TORCH = {
    "sgd": ("SGD", {"weight_decay": 0.02}),
    "momentum_classical": ("SGD", {"momentum": 0.9}),
    "nesterov_reformulated": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {"weight_decay": 0.02}),
    "rmsprop": ("RMSprop", {"alpha": 0.95, "weight_decay": 0.02}),
    "adam": ("Adam", {"weight_decay": 0.02}),
    "adamw": ("AdamW", {"weight_decay": 0.1}),
    "nadam": ("NAdam", {"weight_decay": 0.02}),
    "amsgrad": ("Adam", {"betas": (0.9, 0.9), "weight_decay": 0.02, "amsgrad": True}),
    "rprop": ("Rprop", {}),
}


@pytest.mark.torch
@pytest.mark.parametrize("name", TORCH)
def test_torch(name):
    torch = pytest.importorskip("torch")
    rule, values = ROWS[name]
    start, gradients = sequence(np.float64)
    cls, options = TORCH[name]
    theta = torch.nn.Parameter(torch.tensor(start.copy()))
    optimizer = getattr(torch.optim, cls)([theta], lr=rule.learning_rate, **options)
    theirs = []
    for g in gradients:
        theta.grad = torch.tensor(g)
        optimizer.step()
        theirs.append(theta.detach().numpy().copy())
    ours = trajectory(rule, start, gradients)
    if name == "rprop":  # sizes are products of up to 400 factors
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=400 * 2.2e-16 * np.abs(ours).max())
        return
    etas = np.full(STEPS, rule.learning_rate)
    _, bound = tolerance(name, reference.hyper(**values), start, gradients, etas, np.float64)
    # PyTorch's NAdam keeps its product of mu in float32 (eps 6e-8): a relative error of 400 of those in a correction.
    slack = np.abs(np.diff(ours, axis=0, prepend=start[None])).cumsum(axis=0) * 400 * 6e-8 if name == "nadam" else 0
    assert (np.abs(ours - theirs) <= 2 * bound + slack).all()


def test_classical_momentum_is_averaged_with_another_rate():
    start, gradients = sequence(np.float64)
    averaged = trajectory(steep.Momentum(0.05, beta=0.75), start, gradients)
    classical = trajectory(steep.Momentum(0.05 * 0.25, beta=0.75, form="classical"), start, gradients)
    velocity = trajectory(steep.Momentum(0.05 * 0.25, beta=0.75, form="velocity"), start, gradients)
    scale = 1e-12 * np.abs(averaged).max(axis=0)
    assert (np.abs(averaged - classical) <= scale).all()
    assert (np.abs(averaged - velocity) <= scale).all()
    falling = Cosine(0.05 * 0.25, STEPS)
    assert not np.allclose(
        trajectory(steep.Momentum(falling, beta=0.75, form="classical"), start, gradients)[-1],
        trajectory(steep.Momentum(falling, beta=0.75, form="velocity"), start, gradients)[-1],
        rtol=1e-3,
    )


def test_reformulated_nesterov_visits_the_lookahead_points():
    h = np.array([1.0, 10.0, 0.1])
    theta, there = np.ones(3), np.ones(3)
    rule, other = steep.Nesterov(0.05), steep.Nesterov(0.05 * 0.1, form="reformulated")
    state, other_state = rule.init(theta), other.init(there)
    for _ in range(200):
        point = rule.lookahead(theta, state)
        expected = reference.lookahead(theta, state.slots["v"][0], 0.05, reference.hyper())
        np.testing.assert_allclose(point, expected, rtol=1e-15, atol=1e-16)
        np.testing.assert_allclose(there, point, rtol=1e-10, atol=1e-13)
        rule.update(theta, h * point, state)
        other.update(there, h * there, other_state)
    assert np.abs(theta).max() < 1
    with pytest.raises(ValueError, match="form must be 'lookahead'"):
        other.lookahead(there, other_state)


@pytest.mark.parametrize("name", PROXIMAL)
def test_l1_ends_at_the_minimizer(name):
    """Minimize 1/2 (w - c)'H(w - c) + l1 |w|_1: at the end the optimality conditions hold, with exact zeros."""
    rng = np.random.default_rng(3)
    root = rng.normal(size=(6, 6))
    H, c, l1 = root @ root.T / 6 + np.eye(6), np.array([2.0, -1.5, 0.3, -0.2, 0.1, 0.0]), 1.0
    form = getattr(ROWS[name][0], "form", None)
    options = {"form": form} if form else {"weight_decay": 0.0}
    rate = Cosine(0.05, 4000)  # falling, where steps do not shrink with the gradient
    if name in ("sgd", "adagrad") or form:
        rate = {"adagrad": 0.5, "sgd": 0.1, "momentum": 0.1, "nesterov": 0.1}.get(name, 0.01)
    rule = type(ROWS[name][0])(rate, **options)
    w = np.full(6, 0.5)
    state = rule.init(w)
    for _ in range(4000):
        point = rule.lookahead(w, state, l1=l1) if name == "nesterov" else w
        rule.update(w, H @ (point - c), state, l1=l1)
    g = H @ (w - c)
    active = w != 0
    assert 0 < active.sum() < 6
    assert np.abs(g + l1 * np.sign(w))[active].max() < 1e-6
    assert np.abs(g)[~active].max() <= l1


@pytest.mark.parametrize("name", ROWS)
def test_cuts_into_arrays_change_no_bit(name):
    """One large array (which several threads share), its pieces, and a strided view of it."""
    rule = ROWS[name][0]
    size = 600_011
    rng = np.random.default_rng(1)
    start, gradients = rng.normal(size=size).astype("f4"), rng.normal(size=(3, size)).astype("f4")
    whole = trajectory(rule, start, gradients)[-1]
    cuts = [1, 18, 50_001, 333_333]
    pieces = [p.copy() for p in np.split(start, cuts)]
    state = rule.init(pieces)
    for g in gradients:
        rule.update(pieces, [p.copy() for p in np.split(g, cuts)], state)
    np.testing.assert_array_equal(whole, np.concatenate(pieces))
    wide = np.zeros((size, 2), "f4")
    wide[:, 1] = start
    state = rule.init(wide[:, 1])
    for g in gradients:
        rule.update(wide[:, 1], g, state)
    np.testing.assert_array_equal(whole, wide[:, 1])


def test_resolve_optimizer():
    assert resolve_optimizer("adam") == steep.Adam()
    rule = steep.SGD(1.0)
    assert resolve_optimizer(rule) is rule
    with pytest.raises(ValueError, match=r"optimizer must be one of 'sgd', .* got 'adamm' .did you mean 'adam'"):
        resolve_optimizer("adamm")
    with pytest.raises(TypeError, match=r"write Adam\(\)"):
        resolve_optimizer(steep.Adam)
    with pytest.raises(TypeError, match="optimizer must be an update rule"):
        resolve_optimizer(3)
