"""Linear and quadratic programs whose right sides are all small or large under rtol, and fixed variables, by KKT."""

import numpy as np
import pytest
from scipy.optimize import linprog

import steep
from steep.problems import linear_program, quadratic_program


def program(seed, unit, curved):
    """Return a program of unit x, and the parts of the plain one: x = unit x' has unit times its value."""
    rng = np.random.default_rng(seed)
    n = 4
    B, c = rng.standard_normal((rng.integers(1, 6), n)), rng.standard_normal(n)
    G, A = rng.standard_normal((5, n)), rng.standard_normal((1, n))
    inside = rng.uniform(-0.5, 0.5, n)
    h, b = G @ inside + 0.1 * np.abs(rng.standard_normal(5)), A @ inside
    bounds = [(-unit, unit)] * (n - 1) + [(None, None)]
    rows = (G, unit * h, A, unit * b)
    if curved:
        return quadratic_program((B.T @ B + 0.1 * np.eye(n)) / unit, c, *rows, bounds=bounds)
    return linear_program(c, *rows, bounds=bounds)


@pytest.mark.parametrize("curved", [False, True])
@pytest.mark.parametrize("unit", [1e-12, 1e-8, 1e-4, 1e4, 1e8])
@pytest.mark.parametrize("seed", range(5))
def test_right_sides_of_any_size(seed, unit, curved):
    plain = steep.minimize(program(seed, 1.0, curved), tol=0, rtol=1e-10)
    res = steep.minimize(program(seed, unit, curved), tol=0, rtol=1e-10)
    assert plain.status == res.status
    if plain.success:
        assert res.fun / unit == pytest.approx(plain.fun, rel=1e-7, abs=1e-8)
        for name in plain.multipliers:
            np.testing.assert_allclose(res.multipliers[name], plain.multipliers[name], atol=1e-5)


@pytest.mark.parametrize("unit", [1e-6, 1.0])
def test_small_minimizer_without_right_sides(unit):
    f = quadratic_program(np.diag([2.0, 3.0]) / unit, [1.0, -1.0], bounds=[(0, None), (None, None)])
    res = steep.minimize(f, tol=0, rtol=1e-9)
    np.testing.assert_allclose(res.x / unit, [0, 1 / 3], atol=1e-8)
    np.testing.assert_allclose(res.multipliers["lower"], [1, 0], atol=1e-8)


@pytest.mark.parametrize("seed", range(60))
def test_linear_programs_with_fixed_variables(seed):
    """HiGHS's status and value: bounds that are equal leave no interior between two inequalities."""
    rng = np.random.default_rng(seed)
    n = 4
    c, G = rng.standard_normal(n), rng.standard_normal((4, n))
    h = G @ np.abs(rng.standard_normal(n)) + 0.3 * rng.standard_normal(4)
    low = [None if rng.random() < 0.3 else -float(rng.integers(0, 2)) for _ in range(n)]
    high = [None if rng.random() < 0.3 else float(rng.integers(0, 2)) for _ in range(n)]
    bounds = list(zip(low, high, strict=True))
    want = linprog(c, G, h, bounds=bounds)
    res = steep.minimize(linear_program(c, G, h, bounds=bounds))
    assert res.status == {0: "converged", 2: "infeasible", 3: "unbounded"}[want.status], res.message
    if not res.success:
        return
    assert res.fun == pytest.approx(want.fun, abs=1e-7)
    m = res.multipliers
    np.testing.assert_allclose(c + G.T @ m["inequality"] - m["lower"] + m["upper"], 0, atol=1e-7)
    assert min(part.min(initial=0) for part in m.values()) >= 0
    fixed = np.array([one is not None and one == other for one, other in bounds])
    np.testing.assert_allclose(res.x[fixed], 0, atol=1e-12)


def test_violation_is_told_in_the_programs_own_units():
    res = steep.minimize(linear_program([1.0, 1.0], [[1.0, 0.0]], [-1e-6]))
    assert res.status == "infeasible"
    assert "5e-07" in res.message  # x0 = -5e-07 meets neither x0 <= -1e-06 nor x0 >= 0
