"""Interior points: programs against HiGHS, fits against programs, certificates."""

import numpy as np
import pytest
from scipy.optimize import (
    LinearConstraint,
    linprog,
    minimize,
    rosen,
)

import steep
from steep.problems import chebyshev, lad, linear_program, quadratic_program, quantile

# fmt: off
STACKLOSS = np.array([
    80, 27, 89, 42, 80, 27, 88, 37, 75, 25, 90, 37, 62, 24, 87, 28, 62, 22, 87, 18, 62, 23, 87, 18, 62, 24, 93, 19,
    62, 24, 93, 20, 58, 23, 87, 15, 58, 18, 80, 14, 58, 18, 89, 14, 58, 17, 88, 13, 58, 18, 82, 11, 58, 19, 93, 12,
    50, 18, 89, 8, 50, 18, 86, 7, 50, 19, 72, 8, 50, 19, 79, 8, 50, 20, 80, 9, 56, 20, 82, 15, 70, 20, 91, 15,
], dtype=float).reshape(21, 4)
# fmt: on


def regression(n, d, seed=42, heavy=False):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    noise = rng.standard_t(2, n) if heavy else rng.standard_normal(n)
    return X, X @ rng.standard_normal(d) + noise


def lad_by_highs(X, y, up=1.0, down=1.0):
    n, d = X.shape
    cost = np.r_[np.zeros(d), up * np.ones(n), down * np.ones(n)]
    A = np.hstack([X, np.eye(n), -np.eye(n)])
    return linprog(cost, A_eq=A, b_eq=y, bounds=[(None, None)] * d + [(0, None)] * (2 * n)).fun


def chebyshev_by_highs(X, y):
    n, d = X.shape
    ones = np.ones((n, 1))
    A = np.vstack([np.hstack([X, -ones]), np.hstack([-X, -ones])])
    return linprog(np.r_[np.zeros(d), 1], A, np.r_[y, -y], bounds=[(None, None)] * d + [(0, None)]).fun


def test_stackloss():
    X, y = STACKLOSS[:, :3], STACKLOSS[:, 3]
    res = steep.minimize(lad(X, y, intercept=True))
    assert (res.status, res.method) == ("converged", "interior_point")
    np.testing.assert_allclose(res.fun, 42.0811594203, atol=1e-10)
    assert res.certificate.kind == "duality_gap"
    assert res.certificate.value <= 1e-8 * res.fun
    res = steep.minimize(chebyshev(X, y, intercept=True))
    np.testing.assert_allclose(res.fun, 4.74362060664, atol=1e-11)
    r = np.abs(y - X @ res.x[:3] - res.x[3])
    assert (r > res.fun * (1 - 1e-9)).sum() == 5  # equal errors at d + 1 points


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize(("n", "d"), [(8, 3), (60, 1), (200, 7), (500, 20)])
def test_fits_against_highs(n, d, heavy):
    X, y = regression(n, d, heavy=heavy)
    for f, expected in (
        (lad(X, y), lad_by_highs(X, y)),
        (quantile(X, y, 0.8), lad_by_highs(X, y, 0.8, 0.2)),
        (chebyshev(X, y), chebyshev_by_highs(X, y)),
    ):
        res = steep.minimize(f)
        assert res.success, res.message
        np.testing.assert_allclose(res.fun, expected, rtol=1e-9)
        assert res.fun - expected <= res.certificate.bound + 1e-9 * expected


@pytest.mark.parametrize("seed", range(10))
def test_degenerate_fits(seed):
    """Integer data with ties and repeated rows: several vertices interpolate more rows than there are columns."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (40, 4)).astype(float)
    X[20:] = X[:20]
    y = rng.integers(-3, 4, 40).astype(float)
    for f, expected in ((lad(X, y), lad_by_highs(X, y)), (chebyshev(X, y), chebyshev_by_highs(X, y))):
        res = steep.minimize(f)
        assert res.success, res.message
        np.testing.assert_allclose(res.fun, expected, rtol=1e-8)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_scaled_fits(scale):
    X, y = regression(100, 5)
    for make in (lad, chebyshev):
        best = steep.minimize(make(X, y)).fun
        res = steep.minimize(make(X, scale * y), tol=1e-8 * min(scale, 1))
        np.testing.assert_allclose(res.fun, scale * best, rtol=1e-8)


def test_exact_fit_and_dependent_columns():
    X, y = regression(30, 4)
    for make in (lad, chebyshev):
        assert steep.minimize(make(X, X @ np.arange(4.0))).fun < 1e-8
        twice = np.hstack([X, X[:, :1]])
        res = steep.minimize(make(twice, y))
        np.testing.assert_allclose(res.fun, steep.minimize(make(X, y)).fun, rtol=1e-7)


def test_weights_are_repetitions():
    X, y = regression(30, 3)
    s = np.random.default_rng(0).integers(0, 4, 30)
    weighted = steep.minimize(lad(X, y, sample_weight=s)).fun
    np.testing.assert_allclose(weighted, steep.minimize(lad(np.repeat(X, s, 0), np.repeat(y, s))).fun, rtol=1e-10)


def test_no_gradient_but_a_subgradient():
    X, y = regression(30, 3)
    rng = np.random.default_rng(1)
    for f in (lad(X, y), chebyshev(X, y), quantile(X, y, 0.3)):
        with pytest.raises(ValueError, match="no gradient everywhere"):
            f.gradient(np.zeros(3))
        with pytest.raises(ValueError, match="bfgs needs a gradient"):
            steep.minimize(f, method="bfgs")
        for _ in range(20):
            w, v = rng.standard_normal((2, 3))
            assert f.value(v) >= f.value(w) + f.subgradient(w) @ (v - w) - 1e-10
        res = steep.minimize(f)
        np.testing.assert_array_equal(res.jac, f.subgradient(res.x))


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


def test_misuse_is_named():
    with pytest.raises(ValueError, match="interior_point must have constraints or bounds, got none"):
        steep.minimize(rosen, [0.0, 0.0], "interior_point")
    with pytest.raises(ValueError, match="type 'eq' or 'ineq'"):
        steep.minimize(rosen, [0.0, 0.0], constraints={"type": "le", "fun": lambda x: x})
    with pytest.raises(ValueError, match="must have 2 columns, got shape"):
        steep.minimize(rosen, [0.0, 0.0], constraints=LinearConstraint(np.ones((1, 3)), 0, 1))
    with pytest.raises(ValueError, match="Q must be positive semidefinite, got the eigenvalue -1"):
        quadratic_program([[1.0, 0.0], [0.0, -1.0]], [0.0, 0.0])
    with pytest.raises(ValueError, match="b_ub must have shape"):
        linear_program([1.0, 1.0], [[1.0, 1.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match="must have neither constraints nor bounds, got bounds"):
        steep.minimize(lad([[1.0]], [1.0]), bounds=[(0, 1)])
    with pytest.raises(ValueError, match="bfgs must have no constraints"):
        steep.minimize(rosen, [0.0, 0.0], "bfgs", constraints=LinearConstraint([[1.0, 0.0]], 0, 1))


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


def test_fits_on_nearly_dependent_columns():
    """The same column space, written well and badly: the fit is as good, or its bound says how much worse."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((40, 3))
        y = X[:, 0] + rng.standard_t(2, size=40)
        for eps in (1e-5, 1e-7, 1e-8, 1e-9):
            near = X.copy()
            near[:, 2] = X[:, 1] + eps * X[:, 2]
            good = np.c_[X[:, :2], (near[:, 2] - near[:, 1]) / eps]
            for make in (lad, chebyshev):
                res, best = steep.minimize(make(near, y)), steep.minimize(make(good, y))
                assert res.success or eps <= 1e-8, res.message  # there w is 1e8 and more, and f rounded to 1e-7
                assert abs(res.fun - best.fun) <= res.certificate.bound + 1e-6
                assert res.certificate.bound < 1e-5


@pytest.mark.parametrize("make", [lad, chebyshev])
@pytest.mark.parametrize("offset", [1e3, 1e6, 1e8])
def test_fits_far_from_zero(make, offset):
    rng = np.random.default_rng(0)
    X = rng.integers(-1000, 1000, (200, 2)) / 512.0  # exact with every offset
    y = 3 * X[:, 0] + rng.standard_t(2, size=200)
    res, best = steep.minimize(make(X + offset, y, intercept=True)), steep.minimize(make(X, y, intercept=True))
    assert res.success, res.message
    np.testing.assert_allclose(res.fun, best.fun, rtol=1e-15 * offset + 1e-9)
    np.testing.assert_allclose(res.x[:-1], best.x[:-1], atol=1e-6)


@pytest.mark.parametrize("make", [lad, chebyshev])
def test_fits_on_columns_of_unlike_size(make):
    X, y = regression(50, 4)
    scale = 10.0 ** np.array([-9, 0, 5, 9])
    res, best = steep.minimize(make(X * scale, y)), steep.minimize(make(X, y))
    assert res.success, res.message
    np.testing.assert_allclose(res.fun, best.fun, rtol=1e-8)
    np.testing.assert_allclose(res.x * scale, best.x, atol=1e-6)


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


def test_messages_name_what_was_measured():
    assert "relative duality gap" in steep.minimize(lad([[1.0], [2.0]], [1.0, 3.0])).message
    assert "KKT residual" in steep.minimize(linear_program([1.0, 2.0], [[-1.0, -1.0]], [-1.0])).message
    circle = {"type": "eq", "fun": lambda x: x @ x - 1}
    assert "KKT residual" in steep.minimize(lambda x: x[0], [1.0, 0.1], constraints=circle).message
    assert "largest residual" in steep.root(lambda x: x - 1, [1.0]).message
    boxed = steep.minimize(steep.problems.logistic([[1.0], [2.0], [-1.0]], [1, 1, 0]), method="lbfgs", bounds=[(-3, 3)])
    assert "no minimizer" not in boxed.message
