"""Learning-rate schedules: closed forms, hand values, PyTorch's schedulers, and what is refused."""

import pickle

import numpy as np
import pytest

from steep.schedules import Constant, Cosine, Exponential, InverseTime, OneCycle, Schedule, Step

K = np.arange(0, 230)

# One row a schedule: the object, and its rate at step k, written with scalars.
ROWS = {
    "constant": (Constant(0.3), lambda k: 0.3),
    "step": (Step(0.8, every=30, factor=0.5), lambda k: 0.8 * 0.5 ** (k // 30)),
    "step_list": (Step(0.8, every=[10, 50, 51], factor=0.5), lambda k: 0.8 * 0.5 ** sum(k >= b for b in (10, 50, 51))),
    "exponential": (Exponential(0.1, 0.5, every=20), lambda k: 0.1 * 2 ** (-k / 20)),
    "exponential_final": (Exponential(0.1, 0.9, final=1e-3), lambda k: max(0.1 * 0.9**k, 1e-3)),
    "cosine": (Cosine(0.2, 200, final=0.01), lambda k: 0.01 + 0.19 * (1 + np.cos(np.pi * min(k, 200) / 200)) / 2),
    "inverse_time": (InverseTime(0.1, 0.05, power=0.75), lambda k: 0.1 / (1 + 0.05 * k) ** 0.75),
    "one_cycle": (
        OneCycle(1.0, 200, rise=0.25, divide=10, final_divide=100, shape="linear"),
        lambda k: 0.1 + 0.9 * k / 49 if k <= 49 else max(1 + (1e-3 - 1) * (k - 49) / 150, 1e-3),
    ),
}
SCHEDULES = [row[0] for row in ROWS.values()]


@pytest.mark.parametrize("name", ROWS)
def test_closed_form(name):
    schedule, formula = ROWS[name]
    expected = [formula(int(k)) for k in K]
    # Powers of at most 230 factors, or a cosine whose argument is rounded: at most 230 roundings of the first rate.
    np.testing.assert_allclose(schedule(K), expected, rtol=230 * 2.3e-16, atol=1e-15)
    # One step at a time, or from any step on: the same bits, so that a resumed run goes on exactly.
    np.testing.assert_array_equal([schedule(int(k)) for k in K], schedule(K))
    for start in (1, 2, 3, 5, 8, 13, 227):
        np.testing.assert_array_equal(schedule(K[start:]), schedule(K)[start:])


def test_hand_values():
    assert Cosine(1.0, 4)([0, 1, 2, 3, 4, 9]) == pytest.approx([1, (1 + 2**-0.5) / 2, 0.5, (1 - 2**-0.5) / 2, 0, 0])
    assert Step(1.0, every=2)(range(5)) == pytest.approx([1, 1, 0.1, 0.1, 0.01])
    assert OneCycle(1.0, 10)(2) == pytest.approx(1.0)
    assert OneCycle(1.0, 10)(0) == pytest.approx(1 / 25)
    assert OneCycle(1.0, 10)([9, 10, 99]) == pytest.approx([1 / 25e4] * 3)


@pytest.mark.parametrize("name", ROWS)
def test_warmup(name):
    """A line to the first value, then the schedule from its own start."""
    plain = ROWS[name][0]
    warm = type(plain)(**{f: getattr(plain, f) for f in plain.__dataclass_fields__ if f != "warmup"}, warmup=8)
    np.testing.assert_allclose(warm(range(8)), plain(0) * np.arange(1, 9) / 8, rtol=1e-15)
    np.testing.assert_array_equal(warm(K + 8), plain(K))
    assert (np.diff(warm(range(9))) >= 0).all()


@pytest.mark.parametrize("schedule", SCHEDULES, ids=list(ROWS))
def test_shapes_values_and_pickles(schedule):
    assert type(schedule(0)) is float
    assert type(schedule(np.int32(3))) is float
    table = schedule(np.arange(6, dtype=np.uint8).reshape(2, 3))
    assert table.shape == (2, 3)
    assert table.dtype == np.float64
    np.testing.assert_array_equal(table.ravel(), schedule(range(6)))
    assert schedule([]).shape == (0,)
    again = pickle.loads(pickle.dumps(schedule))
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert eval(repr(schedule), vars(__import__("steep").schedules)) == schedule
    huge = schedule(np.array([10**9, 2**40]))
    assert np.isfinite(huge).all()
    assert (huge >= 0).all()
    for bad, error in (([0.5], TypeError), ("3", TypeError), (1.0, TypeError), (-1, ValueError), ([2, -3], ValueError)):
        with pytest.raises(error, match="step must be"):
            schedule(bad)


def test_robbins_and_monro():
    """With power 1 the rates sum to infinity like log(K), their squares stay bounded by 1 + 1 / decay."""
    rates = InverseTime(1.0, decay=1.0)(np.arange(100_000))
    assert rates.sum() == pytest.approx(np.log(100_000) + 0.5772156649, abs=1e-5)  # the harmonic number
    assert (rates**2).sum() == pytest.approx(np.pi**2 / 6, abs=2e-5)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: Constant(0.0), ValueError, "value must be a positive number, got 0.0"),
        (lambda: Constant(0.1, warmup=-1), ValueError, "warmup must be an integer of at least 0, got -1"),
        (lambda: Constant(0.1, warmup=2.0), TypeError, "warmup must be an integer"),
        (lambda: Step(0.1, every=0), ValueError, "every must be an integer of at least 1, got 0"),
        (lambda: Step(0.1, every=[5, 5]), ValueError, "every must be an integer or an increasing sequence"),
        (lambda: Step(0.1, every=[]), ValueError, "every must be an integer or an increasing sequence"),
        (lambda: Step(0.1, every=[1, 2.5]), TypeError, r"every\[1\] must be an integer"),
        (lambda: Step(-0.1, every=5), ValueError, "initial must be a positive number"),
        (lambda: Exponential(0.1, 0.0), ValueError, "factor must be a positive number"),
        (lambda: Exponential(0.1, 0.5, final=-1), ValueError, "final must be a number of at least 0"),
        (lambda: Cosine(0.1, steps=0), ValueError, "steps must be an integer of at least 1"),
        (lambda: InverseTime(0.1, decay=np.nan), ValueError, "decay must be"),
        (lambda: InverseTime(0.1, 0.1, power=0), ValueError, "power must be a positive number"),
        (lambda: OneCycle(0.1, steps=1), ValueError, "steps must be an integer of at least 2"),
        (lambda: OneCycle(0.1, steps=10, rise=0.1), ValueError, r"rise must be in \(0.1, 1\) for 10 steps, got 0.1"),
        (lambda: OneCycle(0.1, steps=10, rise=1.0), ValueError, "rise must be in"),
        (lambda: OneCycle(0.1, steps=10, shape="cosin"), ValueError, "did you mean 'cosine'"),
        (lambda: Schedule(), NotImplementedError, "use one of the schedules"),
    ],
)
def test_refusals(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.torch
@pytest.mark.parametrize(
    ("schedule", "theirs"),
    [
        (Step(0.8, every=30), lambda lr, o: lr.StepLR(o, 30)),
        (Step(0.8, every=[10, 50]), lambda lr, o: lr.MultiStepLR(o, [10, 50])),
        (Exponential(0.8, 0.97), lambda lr, o: lr.ExponentialLR(o, 0.97)),
        (Cosine(0.8, 100, final=0.01), lambda lr, o: lr.CosineAnnealingLR(o, 100, eta_min=0.01)),
        (OneCycle(0.8, 100), lambda lr, o: lr.OneCycleLR(o, 0.8, total_steps=100)),
        (
            OneCycle(0.8, 100, shape="linear"),
            lambda lr, o: lr.OneCycleLR(o, 0.8, total_steps=100, anneal_strategy="linear"),
        ),
    ],
    ids=["step", "multi_step", "exponential", "cosine", "one_cycle", "one_cycle_linear"],
)
def test_torch(schedule, theirs):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.8)
    scheduler, rates = theirs(torch.optim.lr_scheduler, optimizer), []
    for _ in range(100):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    # Theirs are recursions: 100 roundings, and near a cosine's end those of its start.
    np.testing.assert_allclose(schedule(range(100)), rates, rtol=1e-12, atol=100 * 2.3e-16)
