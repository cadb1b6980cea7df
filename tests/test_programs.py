"""Linear and quadratic programs: against HiGHS and by their optimality conditions, in any units."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, linprog, minimize

import steep
from steep.problems import linear_program, quadratic_program


def random_program(seed):
    rng = np.random.default_rng(seed)
    n, m, p = rng.integers(2, 15), rng.integers(1, 25), rng.integers(0, 3)
    G, A, x = rng.standard_normal((m, n)), rng.standard_normal((p, n)), rng.standard_normal(n)
    h = G @ x + rng.uniform(0, 1, m) - (2 if seed % 4 == 3 else 0)
    bounds = {0: (-3, 3), 1: (0, None), 2: (None, None), 3: (-3, 3)}[seed % 4]
    return rng.standard_normal(n), G, h, (A if p else None), (A @ x if p else None), bounds


@pytest.mark.parametrize("seed", range(80))
def test_linear_programs_against_highs(seed):
    """Feasible, infeasible and unbounded ones, with the certificates of the latter checked."""
    c, G, h, A, b, bounds = data = random_program(seed)
    res = steep.minimize(linear_program(*data))
    peer = linprog(c, G, h, A, b, bounds)
    assert res.status == {0: "converged", 2: "infeasible", 3: "unbounded"}[peer.status], res.message
    n = c.size
    A = np.zeros((0, n)) if A is None else A
    b = np.zeros(0) if b is None else b
    low = np.full(n, -np.inf if bounds[0] is None else bounds[0])
    high = np.full(n, np.inf if bounds[1] is None else bounds[1])
    if res.success:
        np.testing.assert_allclose(res.fun, peer.fun, rtol=1e-7, atol=1e-7)
        assert (G @ res.x <= h + 1e-7).all()
        assert (low - 1e-7 <= res.x).all()
        assert (res.x <= high + 1e-7).all()
    if res.status == "unbounded":
        d = res.direction / np.abs(res.direction).max()
        assert c @ d < -1e-6
        assert (G @ d <= 1e-6).all()
        assert np.abs(A @ d).max(initial=0) < 1e-6
        assert (d[np.isfinite(low)] >= -1e-6).all()
        assert (d[np.isfinite(high)] <= 1e-6).all()
    if res.status == "infeasible":
        y, z, zl, zu = (res.multipliers[k] for k in ("equality", "inequality", "lower", "upper"))
        size = max(np.abs(z).max(), np.abs(y).max(initial=0), np.abs(zl).max(), np.abs(zu).max())
        assert min(z.min(), zl.min(), zu.min()) >= -1e-8 * size
        assert np.abs(A.T @ y + G.T @ z - zl + zu).max() < 1e-6 * size
        level = b @ y + h @ z - np.where(zl > 0, low, 0) @ zl + np.where(zu > 0, high, 0) @ zu
        assert level < -1e-3 * size


@pytest.mark.parametrize("scale", [1, 1000])
def test_the_violation_is_in_the_units_of_the_rows(scale):
    """scale (x + y) <= 4 scale, x = 2, y = 3: the least t of relaxing all three by t."""
    res = steep.minimize(linear_program([1, 1], [[scale, scale]], [4 * scale], bounds=[(2, 2), (3, 3)]))
    assert f"at least {scale / (1 + 2 * scale):.6g} everywhere" in res.message


@pytest.mark.parametrize("seed", range(20))
def test_no_point_violates_less_than_told(seed):
    rng = np.random.default_rng(seed)
    G = rng.standard_normal((12, 4))
    G[-1] = -rng.uniform(0, 1, 11) @ G[:-1]  # and right sides below 0: infeasible
    G *= 10 ** rng.uniform(-3, 3, (12, 1))
    h = -np.abs(G).sum(1) * rng.uniform(0, 1, 12)
    least = linprog([0] * 4 + [1], np.c_[G, -np.ones(12)], h, bounds=[(None, None)] * 4 + [(0, None)]).fun
    res = steep.minimize(linear_program(np.ones(4), G, h, bounds=(None, None)))
    assert res.status == "infeasible"
    told = float(res.message.split("at least ")[1].split()[0])
    assert 0 < told <= least * (1 + 1e-5)


def kkt_of_quadratic(Q, c, G, h, A, b, res):
    m = res.multipliers
    dual = Q @ res.x + c + A.T @ m["equality"] + G.T @ m["inequality"] - m["lower"] + m["upper"]
    slack = h - G @ res.x
    return max(
        np.abs(dual).max(), np.abs(A @ res.x - b).max(initial=0), -slack.min(), np.abs(slack * m["inequality"]).max()
    )


@pytest.mark.parametrize("rank", [2, 10])
@pytest.mark.parametrize("seed", range(10))
def test_quadratic_programs_meet_their_optimality_conditions(seed, rank):
    rng = np.random.default_rng(seed)
    n, m, p = 10, 30, 3
    root = rng.standard_normal((n, rank))
    Q, c = root @ root.T, rng.standard_normal(n)
    G, A, x = rng.standard_normal((m, n)), rng.standard_normal((p, n)), rng.standard_normal(n)
    h, b = G @ x + rng.uniform(0, 1, m), A @ x
    res = steep.minimize(quadratic_program(Q, c, G, h, A, b), tol=1e-10)
    assert res.success, res.message
    assert res.multipliers["inequality"].min() >= 0
    assert kkt_of_quadratic(Q, c, G, h, A, b, res) < 1e-7
    peer = minimize(
        lambda w: 0.5 * w @ Q @ w + c @ w, x, jac=lambda w: Q @ w + c, method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
        constraints=[LinearConstraint(G, -np.inf, h), LinearConstraint(A, b, b)],
    )  # fmt: skip
    assert res.fun <= peer.fun + 1e-7 * max(1, abs(peer.fun))


def test_unbounded_and_infeasible_quadratic_programs():
    res = steep.minimize(quadratic_program(np.diag([1.0, 0.0]), [0.0, -1.0], [[0.0, -1.0]], [0.0]))
    assert res.status == "unbounded"
    np.testing.assert_allclose(res.direction / np.abs(res.direction).max(), [0, 1], atol=1e-6)
    res = steep.minimize(quadratic_program(np.eye(2), [0.0, 0.0], [[1.0, 1.0], [-1.0, -1.0]], [-1.0, -1.0]))
    assert res.status == "infeasible"
    res = steep.minimize(quadratic_program(np.eye(2), [1.0, 1.0]))  # no constraint at all
    np.testing.assert_allclose(res.x, -1, atol=1e-8)
    res = steep.minimize(linear_program([1.0], bounds=(None, None)))
    assert res.status == "unbounded"


def test_fixed_variables_and_redundant_equalities():
    res = steep.minimize(
        linear_program([1.0, 1.0], A_eq=[[1.0, 1.0], [2.0, 2.0]], b_eq=[3.0, 6.0], bounds=[(1, 1), (0, 5)])
    )
    assert res.success, res.message
    np.testing.assert_allclose(res.x, [1, 2], atol=1e-6)


@pytest.mark.parametrize(
    "name", ["direct", "gradient_descent", "newton", "newton_cg", "trust_region", "bfgs", "lbfgs", "proximal_gradient"]
)
def test_a_programs_own_constraints_are_never_dropped(name):
    qp = steep.problems.quadratic_program([[2, 0], [0, 2]], [-2, -5], [[1, 1]], [2])
    lp = steep.problems.linear_program([1.0, 2.0])
    with pytest.raises(ValueError, match=rf"method {name} must have no constraints, and the .* has its own \(1 ineq"):
        steep.minimize(qp, method=name)
    with pytest.raises(ValueError, match=r"has its own \(2 bounds\): use interior_point or 'auto'"):
        steep.minimize(lp, method=name)
    for fun in (qp, qp.value):
        with pytest.raises(ValueError, match="fun must be a function without constraints, got the quadratic program's"):
            minimize(fun, [0.0, 0.0], jac=qp.gradient, method=steep.LBFGS())
    np.testing.assert_allclose(steep.minimize(qp, method="interior_point").x, [0.25, 1.75], atol=1e-7)
    free = steep.problems.quadratic_program([[2, 0], [0, 2]], [-2, -5])
    np.testing.assert_allclose(steep.minimize(free, method=name, tol=1e-6).x, [1.0, 2.5], atol=1e-5)


def test_linear_programs_in_any_units():
    """Rows and columns in units of 1e-6 to 1e6: HiGHS's status on the unscaled program, and honest bounds."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        n, m = int(rng.integers(2, 8)), int(rng.integers(2, 10))
        G = rng.standard_normal((m, n))
        h = G @ abs(rng.standard_normal(n)) + abs(rng.standard_normal(m))
        c, rows, columns = rng.standard_normal(n), 10.0 ** rng.integers(-6, 7, m), 10.0 ** rng.integers(-4, 5, n)
        peer = linprog(c, G, h, bounds=(0, None))
        res = steep.minimize(linear_program(c * columns, rows[:, None] * G * columns, rows * h))
        assert res.status == {0: "converged", 3: "unbounded"}[peer.status], res.message
        if peer.status == 0:
            assert abs(res.fun - peer.fun) <= max(res.certificate.bound, 0) + 1e-8 * max(1, abs(peer.fun))
            assert res.certificate.bound < 1e-5 * max(1, abs(peer.fun))
        else:
            d = res.direction / columns
            assert c @ (res.direction / columns) < 0 or (c * columns) @ res.direction < 0
            assert np.isfinite(d).all()


def test_quadratic_programs_in_any_units():
    rng = np.random.default_rng(1)
    for _ in range(20):
        n, m = 6, 12
        root = rng.standard_normal((n, 4))
        Q, c, G, x = root @ root.T, rng.standard_normal(n), rng.standard_normal((m, n)), rng.standard_normal(n)
        h = G @ x + rng.uniform(0, 1, m)
        s = 10.0 ** rng.integers(-4, 5, n)
        plain = steep.minimize(quadratic_program(Q, c, G, h, bounds=(-5, 5)))
        scaled = steep.minimize(
            quadratic_program(s[:, None] * Q * s, c * s, G * s, h, bounds=list(zip(-5 / s, 5 / s, strict=True)))
        )
        assert scaled.success, scaled.message
        np.testing.assert_allclose(scaled.fun, plain.fun, atol=2e-8)
        for name, unit in (("inequality", 1), ("lower", s), ("upper", s)):
            np.testing.assert_allclose(scaled.multipliers[name] / unit, plain.multipliers[name], atol=1e-4)


def test_relative_tolerance_of_programs():
    for unit in (1e-8, 1.0, 1e8):
        p = linear_program([unit, 2 * unit], A_ub=[[-1.0, -1.0]], b_ub=[-1.0])
        res = steep.minimize(p, tol=0, rtol=1e-8)
        assert res.success, res.message
        assert res.fun == pytest.approx(unit, rel=1e-6)
        assert res.certificate.bound < 1e-6 * unit


def test_programs_without_an_optimum_have_no_bound():
    for program in (
        linear_program([-1, 1], A_ub=[[-1, 1]], b_ub=[1]),
        linear_program([1, 1], A_ub=[[1, 1]], b_ub=[-1]),
    ):
        res = steep.minimize(program)
        assert res.status in ("unbounded", "infeasible")
        assert res.certificate.bound == np.inf
