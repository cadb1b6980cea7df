"""The log barrier where units are unlike or constraints opposite: multiples have the same answers, fixed variables."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, NonlinearConstraint

import steep

H, g = np.diag([1.0, 2.0, 3.0]), np.array([-1.0, -2.0, -3.0])
CONSTRAINTS = {
    "linear": lambda s: LinearConstraint(s * np.ones(3), -np.inf, s),
    "curved": lambda s: NonlinearConstraint(lambda x: s * (x @ x), -np.inf, s, jac=lambda x: 2 * s * x),
    "equality": lambda s: {"type": "eq", "fun": lambda x: s * (x @ x - 1), "jac": lambda x: 2 * s * x},
    "both sides": lambda s: LinearConstraint(s * np.array([[1.0] * 3, [-1.0] * 3]), -np.inf, [s, -s]),
}  # fmt: skip


def run(f_scale, constraints, **options):
    return steep.minimize(
        lambda x: f_scale * (0.5 * x @ H @ x + g @ x), [0.2, 0.2, 2.5], "interior_point",
        gradient=lambda x: f_scale * (H @ x + g), constraints=constraints, tol=0, rtol=1e-9, **options,
    )  # fmt: skip


@pytest.mark.parametrize("f_scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("kind", CONSTRAINTS)
def test_multiples_of_the_objective_have_the_same_answer(kind, f_scale):
    """The answer of an active-set formula: a unit sphere or plane around the free minimum (1, 1, 1)."""
    res = run(f_scale, CONSTRAINTS[kind](1.0))
    assert res.success, res.message
    if kind in ("linear", "both sides"):
        want = 1 - (2 / np.diag(H)) / (1 / np.diag(H)).sum()
    else:
        low, high = 0.0, 100.0  # of the multiplier y: w = h / (h + y), |w| = 1
        for _ in range(200):
            y = (low + high) / 2
            low, high = (y, high) if np.linalg.norm(np.diag(H) / (np.diag(H) + y)) > 1 else (low, y)
        want = np.diag(H) / (np.diag(H) + y)
    np.testing.assert_allclose(res.x, want, atol=2e-7)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize("kind", CONSTRAINTS)
def test_multiples_of_the_constraints_have_the_same_answer(kind, scale):
    np.testing.assert_allclose(run(1.0, CONSTRAINTS[kind](scale)).x, run(1.0, CONSTRAINTS[kind](1.0)).x, atol=1e-6)


ROWS = {
    "type": "ineq",
    "fun": lambda x: np.array([1e3 * (2 - x @ x), x[1] - x[0]]),
    "jac": lambda x: np.array([-2e3 * x, [-1, 1]]),
}  # the least x[0] is at (-sqrt(2), 0); one row is a thousand times steeper than the other


@pytest.mark.parametrize("start", [[1.0, 1.5], [30.0, 40.0]])
@pytest.mark.parametrize("slope", [1e-4, 1e-2, 1.0, 1.001])
def test_the_violation_at_x0_does_not_decide_how_small_the_gradient_must_be(slope, start):
    """Whether rtol or the default tol asks for less, and where the gradient at x0 is exactly one."""
    res = steep.minimize(
        lambda x: (slope * x[0], np.array([slope, 0.0])), start, gradient=True, constraints=[ROWS], rtol=1e-4
    )
    assert res.success, res.message
    assert res.trace["gradient_norm"][-1] <= max(1e-8, 1e-4 * slope) * (1 + 1e-12)
    assert f"<= {max(1e-8, 1e-4 * slope):.6g}." in res.message
    np.testing.assert_allclose(res.x, [-np.sqrt(2), 0], atol=4e-5)


@pytest.mark.parametrize("tol", [0, 1e-7, 1e-2])
def test_a_gradient_of_one_is_held_to_what_its_neighbours_are(tol):
    """Slope 1 is a number that data can have, and no sign that nothing is relative."""
    ends = [
        steep.minimize(
            lambda x, k=k: (k * x[0], np.array([k, 0.0])), [1.0, 1.5],
            gradient=True, constraints=[ROWS], tol=tol, rtol=1e-4,
        )
        for k in (1.0, 1 + 1e-12)
    ]  # fmt: skip
    assert ends[0].success, ends[0].message
    assert ends[0].message.split("<=")[1] == ends[1].message.split("<=")[1]
    np.testing.assert_allclose(ends[0].x, ends[1].x, atol=1e-8)


def test_bounds_hold_when_the_objective_is_large():
    res = run(1e8, (), bounds=[(0, 0.5), (-1, 2), (2, 3)])
    np.testing.assert_allclose(res.x, [0.5, 1, 2], atol=1e-7)
    assert (res.x <= [0.5, 2, 3]).all()
    assert res.x[2] >= 2 - 1e-12


@pytest.mark.parametrize("seed", range(10))
def test_fixed_variables_and_opposite_rows(seed):
    """Multipliers of opposite rows grow without end: a residual divided by their size would say converged anywhere."""
    rng = np.random.default_rng(seed)
    A, b = rng.standard_normal((9, 9)), rng.standard_normal(9)
    low = rng.standard_normal(9) - 1
    high = low + rng.choice([0.0, 0.0, 3.0], 9)

    def slope(x):
        return x**3 + 0.5 * (A + A.T) @ x + b

    res = steep.minimize(
        lambda x: 0.25 * (x**4).sum() + 0.5 * x @ A @ x + b @ x, low, "interior_point", gradient=slope,
        bounds=list(zip(low, high, strict=True)),
    )  # fmt: skip
    assert res.success, res.message
    assert np.abs(np.clip(res.x - slope(res.x), low, high) - res.x).max() < 1e-4
    fixed = low == high
    np.testing.assert_allclose(res.x[fixed], low[fixed], atol=1e-12)
    force = res.multipliers["lower"] - res.multipliers["upper"]
    np.testing.assert_allclose(force, slope(res.x), atol=1e-6)
    assert min(res.multipliers["lower"].min(), res.multipliers["upper"].min()) >= 0


@pytest.mark.parametrize("scale", [1e-3, 1e-4, 1e-5])
def test_a_small_objective_takes_no_longer(scale):
    A, b = np.diag([1.0, 3.0, 10.0]), np.array([1.0, 2.0, 3.0])
    res = steep.minimize(
        lambda x: scale * (0.5 * x @ A @ x - b @ x),
        [0.1] * 3,
        gradient=lambda x: scale * (A @ x - b),
        constraints={"type": "ineq", "fun": lambda x: 0.1 - x @ x, "jac": lambda x: -2 * x},
    )  # mu began at 0.1 whatever f: 500 iterations, and 15 % off
    assert res.status == "converged"
    assert res.nit < 20
    assert res.fun / scale == pytest.approx(-0.874605, abs=1e-8 / scale)
