"""Interior points: programs against HiGHS, fits against programs, certificates."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, linprog, rosen

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


def test_messages_name_what_was_measured():
    assert "relative duality gap" in steep.minimize(lad([[1.0], [2.0]], [1.0, 3.0])).message
    assert "KKT residual" in steep.minimize(linear_program([1.0, 2.0], [[-1.0, -1.0]], [-1.0])).message
    circle = {"type": "eq", "fun": lambda x: x @ x - 1}
    assert "KKT residual" in steep.minimize(lambda x: x[0], [1.0, 0.1], constraints=circle).message
    assert "largest residual" in steep.root(lambda x: x - 1, [1.0]).message
    boxed = steep.minimize(steep.problems.logistic([[1.0], [2.0], [-1.0]], [1, 1, 0]), method="lbfgs", bounds=[(-3, 3)])
    assert "no minimizer" not in boxed.message
