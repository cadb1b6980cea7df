"""Update rules on arrays of one's own: how they are held, what is refused, what a refusal leaves as it was."""

import pickle
from collections import namedtuple

import numpy as np
import pytest

import steep
from steep.rules import RuleState

RULES = [
    steep.SGD(0.1), steep.Momentum(), steep.Nesterov(), steep.AdaGrad(), steep.RMSProp(), steep.Adam(), steep.AdamW(),
    steep.NAdam(), steep.AMSGrad(), steep.Lion(), steep.Rprop(),
]  # fmt: skip
Pair = namedtuple("Pair", ["weight", "bias"])


def arrays(seed=42):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(4, 5)).astype("f4"), rng.normal(size=4)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kernel)
def test_holders_change_nothing(rule):
    """A list, a tuple, a dict in any order, and single arrays: the same bits, each in its own dtype."""
    a, b = arrays()
    ga, gb = arrays(1)
    holders = [[a.copy(), b.copy()], (a.copy(), b.copy()), Pair(a.copy(), b.copy()), {"w": a.copy(), "b": b.copy()}]
    gradients = [[ga, gb], (ga, gb), Pair(ga, gb), {"b": gb, "w": ga}]
    results = []
    for params, grads in zip(holders, gradients, strict=True):
        state = rule.init(params)
        for _ in range(3):
            rule.update(params, grads, state)
        assert state.step == 3
        results.append(list(params.values()) if isinstance(params, dict) else list(params))
    for one, g in ((a, ga), (b, gb)):
        alone, state = one.copy(), rule.init(one)
        for _ in range(3):
            rule.update(alone, g, state)
        results.append([alone])
    for i in range(2):
        for result in [*results[:4], [results[4][0], results[5][0]]]:
            assert result[i].dtype == (a, b)[i].dtype
            np.testing.assert_array_equal(result[i], results[0][i])
    assert not np.array_equal(results[0][0], a)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kernel)
@pytest.mark.parametrize(
    "view", [lambda x: x[::2], lambda x: x[:, ::-1], lambda x: x.T, lambda x: x[:0], lambda x: x[0, 0:1]]
)
def test_views_are_updated_in_place(rule, view):
    base, g = np.random.default_rng(0).normal(size=(2, 6, 8))
    expected, untouched = view(base).copy(), base.copy()
    params, state = view(base), rule.init(view(base))
    plain_state = rule.init(expected)
    rule.update(params, view(g), state)
    rule.update(expected, view(g).copy(), plain_state)
    np.testing.assert_array_equal(view(base), expected)
    view(untouched)[...] = expected
    np.testing.assert_array_equal(base, untouched)  # nothing beside the view


def test_foreign_byte_order_and_scalars():
    rule = steep.Adam(0.1)
    big, g = np.ones(5, ">f8"), np.arange(5.0)
    rule.update(big, g.astype(">f8"), state := rule.init(big))
    plain = np.ones(5)
    rule.update(plain, g, rule.init(plain))
    np.testing.assert_array_equal(big, plain)
    assert big.dtype == ">f8"
    assert state.slots["m"][0].dtype.isnative
    zero_dimensional = np.array(1.0)
    rule.update(zero_dimensional, np.array(2.0), rule.init(zero_dimensional))
    assert zero_dimensional == pytest.approx(0.9)


def test_gradients_are_read_only_and_may_overlap():
    rule = steep.Momentum(0.5)
    w = np.array([1.0, 2.0])
    g = np.array([3.0, 4.0])
    g.setflags(write=False)
    rule.update(w, g, rule.init(w))
    np.testing.assert_array_equal(g, [3, 4])
    same = np.array([1.0, 2.0])  # the gradient of |w|^2 / 2 is w itself
    steep.SGD(0.5).update(same, same, steep.SGD(0.5).init(same))
    np.testing.assert_array_equal(same, [0.5, 1.0])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kernel)
def test_pickled_state_goes_on_with_the_same_bits(rule):
    w, g = np.random.default_rng(2).normal(size=(2, 37))
    straight, state = w.copy(), rule.init(w)
    for _ in range(10):
        rule.update(straight, g, state)
    stopped, half = w.copy(), rule.init(w)
    for _ in range(4):
        rule.update(stopped, g, half)
    again, half = pickle.loads(pickle.dumps((rule, half)))
    assert again == rule
    for _ in range(6):
        again.update(stopped, g, half)
    np.testing.assert_array_equal(stopped, straight)
    assert half.step == state.step == 10
    for name, slot in state.slots.items():
        np.testing.assert_array_equal(slot[0], half.slots[name][0])


def test_learning_rates_from_callables_and_schedules():
    w, seen = np.zeros(1), []

    def rate(step):
        seen.append(step)
        return 1.0 / (1 + step)

    rule = steep.SGD(rate)
    state = rule.init(w)
    for _ in range(3):
        rule.update(w, np.ones(1), state)
    assert seen == [0, 1, 2]
    assert w[0] == pytest.approx(-(1 + 1 / 2 + 1 / 3), rel=1e-15)
    np.testing.assert_array_equal(steep.SGD(rate).rates(1, 2), [1 / 2, 1 / 3])
    np.testing.assert_array_equal(steep.SGD(0.25).rates(7, 2), [0.25, 0.25])
    falling = steep.schedules.InverseTime(1.0, decay=1.0)
    np.testing.assert_array_equal(steep.SGD(falling).rates(1, 2), [1 / 2, 1 / 3])
    for bad, error in ((-1.0, ValueError), (np.nan, ValueError), ("x", TypeError), (None, TypeError)):
        wrong = steep.SGD(lambda step, bad=bad: bad)
        with pytest.raises(error, match=r"learning_rate\(0\) must be a number of at least 0"):
            wrong.update(w, np.ones(1), wrong.init(w))


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: steep.SGD(0.0), ValueError, "learning_rate must be a positive number, got 0.0"),
        (lambda: steep.SGD(-1), ValueError, "learning_rate must be a positive number, got -1"),
        (lambda: steep.SGD(np.inf), ValueError, "learning_rate must be a positive number, got inf"),
        (lambda: steep.SGD("fast"), TypeError, "learning_rate must be a positive number, got 'fast'"),
        (lambda: steep.SGD(True), TypeError, "learning_rate must be a positive number, got True"),
        (lambda: steep.Momentum(beta=1.0), ValueError, r"beta must be in \[0, 1\), got 1.0"),
        (lambda: steep.Momentum(form="heavy"), ValueError, "form must be one of 'averaged'"),
        (lambda: steep.Nesterov(form="averaged"), ValueError, "form must be one of 'lookahead'"),
        (lambda: steep.Adam(beta1=-0.1), ValueError, r"beta1 must be in \[0, 1\), got -0.1"),
        (lambda: steep.Adam(beta2=1.5), ValueError, r"beta2 must be in \[0, 1\), got 1.5"),
        (lambda: steep.Adam(eps=0.0), ValueError, "eps must be a positive number, got 0.0"),
        (lambda: steep.Adam(eps_before_correction=1), TypeError, "eps_before_correction must be True or False, got 1"),
        (
            lambda: steep.AdamW(weight_decay=-1e-3),
            ValueError,
            "weight_decay must be a number of at least 0, got -0.001",
        ),
        (lambda: steep.NAdam(momentum_decay=np.nan), ValueError, "momentum_decay must be"),
        (lambda: steep.Rprop(eta_minus=1.0), ValueError, r"eta_minus must be in \(0, 1\), got 1.0"),
        (lambda: steep.Rprop(eta_plus=1.0), ValueError, "eta_plus must be a number above 1, got 1.0"),
        (lambda: steep.Rprop(step_min=2, step_max=1), ValueError, "step_max must be at least step_min, 2, got 1"),
        (lambda: steep.Rprop(steep.schedules.Constant(0.1)), TypeError, "learning_rate must be a positive number"),
        (lambda: steep.rules.Rule(), TypeError, "use one of the update rules"),
    ],
)
def test_bad_hyper_parameters(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize(
    ("params", "grads", "error", "match"),
    [
        (np.ones(3), np.ones(2), ValueError, r"grads must have the shape of params, \(3,\), got \(2,\)"),
        (np.ones(3), np.ones((3, 1)), ValueError, "grads must have the shape of params"),
        (np.ones(3), np.ones(3, "f4"), TypeError, "grads must have the dtype of params, float64, got float32"),
        (np.ones(3), [1.0, 1.0, 1.0], TypeError, "grads must be one array, got list"),
        ([np.ones(3)], [[1.0, 1.0, 1.0]], TypeError, r"grads\[0\] must be a NumPy array like params\[0\]"),
        ([np.ones(3), np.ones(2)], [np.ones(3)], ValueError, "grads must have 2 arrays, got 1"),
        (
            {"a": np.ones(1)},
            {"b": np.ones(1)},
            ValueError,
            "grads must have the keys of params, got a difference in 'a', 'b'",
        ),
        ({"a": np.ones(1)}, [np.ones(1)], TypeError, "grads must be a dict with the keys of params, got list"),
    ],
)
def test_bad_gradients_change_nothing(params, grads, error, match):
    rule = steep.Adam()
    state = rule.init(params)
    before = pickle.dumps((params, state))
    with pytest.raises(error, match=match):
        rule.update(params, grads, state)
    assert pickle.dumps((params, state)) == before


def test_the_first_array_is_untouched_when_the_second_is_refused():
    rule = steep.Momentum()
    params = [np.ones(3), np.ones(3)]
    params[1].setflags(write=False)
    state = rule.init(params)
    with pytest.raises(ValueError, match=r"params\[1\] must be writeable, got a read-only array"):
        rule.update(params, [np.ones(3), np.ones(3)], state)
    assert state.step == 0
    np.testing.assert_array_equal(params[0], 1.0)
    wide = np.lib.stride_tricks.as_strided(np.ones(1), (3,), (0,))
    state = rule.init(wide)
    with pytest.raises(ValueError, match="must have memory of its own"):
        rule.update(wide, np.ones(3), state)


def test_states_that_do_not_fit():
    w = np.ones(3)
    adam, sgd = steep.Adam(), steep.SGD()
    with pytest.raises(ValueError, match="state must be one of the rule 'adam', got one of 'sgd'"):
        adam.update(w, w.copy(), sgd.init(w))
    with pytest.raises(TypeError, match=r"state must be what Adam.init returned, got None"):
        adam.update(w, w.copy(), None)
    state = adam.init(w)
    with pytest.raises(ValueError, match=r"params must have the shape it had in init, \(3,\), got \(4,\)"):
        adam.update(np.ones(4), np.ones(4), state)
    with pytest.raises(TypeError, match="params must have the dtype it had in init, float64, got float32"):
        adam.update(np.ones(3, "f4"), np.ones(3, "f4"), state)
    with pytest.raises(ValueError, match="state must hold arrays of its own"):  # the slot is params itself
        adam.update(w, np.ones(3), RuleState("adam", 0, {"m": [w], "v": [np.zeros(3)]}, None, [(3,)]))
    for bad in ([1.0, 2.0], np.ones(3, int), np.ones(3, "f2"), 3.0):
        with pytest.raises(TypeError, match="params"):
            adam.init(bad)


def test_l1_is_refused_where_there_is_no_step_scale():
    for rule in (steep.Lion(), steep.Rprop()):
        w = np.ones(2)
        with pytest.raises(ValueError, match=f"l1 must be 0 with {type(rule).__name__}"):
            rule.update(w, np.ones(2), rule.init(w), l1=0.1)
        np.testing.assert_array_equal(w, 1.0)
    for bad in (-0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match="l1 must be a number of at least 0"):
            steep.SGD().update(np.ones(1), np.ones(1), steep.SGD().init(np.ones(1)), l1=bad)


def test_nan_gradients_reach_the_parameters():
    """Divergence must be seen, not hidden."""
    for rule in RULES:
        w = np.ones(20)
        rule.update(w, np.where(np.arange(20) == 7, np.nan, 1.0), rule.init(w))
        if rule.kernel not in ("lion", "rprop"):  # sign(NaN) is 0 there
            assert np.isnan(w[7])
        assert np.isfinite(np.delete(w, 7)).all()
