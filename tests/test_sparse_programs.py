"""Sparse matrices for fits and programs: against HiGHS with the same matrix, and against their dense arrays."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import LinearConstraint, linprog

import steep
from steep.problems import chebyshev, lad, linear_program, quadratic_program, quantile

RECORDS = {"csr": sp.csr_array, "csc": sp.csc_matrix, "coo": sp.coo_array}


def sparse_rows(n, d, density, seed=42):
    rng = np.random.default_rng(seed)
    X = sp.random_array((n, d), density=density, rng=rng, data_sampler=rng.standard_normal)
    return X, X @ rng.standard_normal(d) + rng.standard_t(2, n)


def fit_by_highs(X, y, up, down):
    """Least value of a pinball loss (or of the largest error: up None)."""
    n, d = X.shape
    if up is None:
        ones = np.ones((n, 1))
        A = sp.vstack([sp.hstack([X, -ones]), sp.hstack([-X, -ones])])
        return linprog(np.r_[np.zeros(d), 1], A, np.r_[y, -y], bounds=[(None, None)] * d + [(0, None)]).fun
    cost = np.r_[np.zeros(d), up, down]
    A = sp.hstack([X, sp.eye_array(n), -sp.eye_array(n)])
    return linprog(cost, A_eq=A, b_eq=y, bounds=[(None, None)] * d + [(0, None)] * (2 * n)).fun


@pytest.mark.parametrize("form", RECORDS)
@pytest.mark.parametrize("intercept", [False, True])
def test_fits_against_highs(form, intercept):
    X, y = sparse_rows(600, 40, 0.06)
    weight = np.random.default_rng(1).integers(0, 3, 600).astype(float)
    A = RECORDS[form](X)
    with_ones = sp.hstack([X, np.ones((600, 1))]) if intercept else X
    ones = np.ones(600)
    cases = (
        (lad(A, y, intercept=intercept), ones, ones),
        (lad(A, y, intercept=intercept, sample_weight=weight), weight, weight),
        (quantile(A, y, 0.2, intercept=intercept), 0.2 * ones, 0.8 * ones),
        (chebyshev(A, y, intercept=intercept), None, None),
    )
    for f, up, down in cases:
        res = steep.minimize(f)
        assert res.success, res.message
        excess = res.fun - fit_by_highs(with_ones, y, up, down)
        assert -1e-9 * res.fun <= excess <= res.certificate.bound + 1e-9 * res.fun
        assert res.certificate.bound <= 1e-8 * max(1, res.fun)


@pytest.mark.parametrize("make", [lad, chebyshev, lambda X, y, **keys: quantile(X, y, 0.3, **keys)])
def test_a_sparse_fit_is_that_of_its_dense_array(make):
    X, y = sparse_rows(200, 12, 0.1)
    before = X.copy()
    sparse, dense = make(X, y, intercept=True), make(X.toarray(), y, intercept=True)
    w = np.random.default_rng(0).standard_normal(13)
    assert sparse.value(w) == pytest.approx(dense.value(w), rel=1e-13)
    np.testing.assert_allclose(sparse.subgradient(w), dense.subgradient(w), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(steep.minimize(sparse).x, steep.minimize(dense).x, atol=1e-9)
    assert (abs(X - before)).nnz == 0


@pytest.mark.parametrize("make", [lad, chebyshev, lambda X, y, **keys: quantile(X, y, 0.3, **keys)])
def test_unsorted_and_double_entries_stay_as_they_are(make):
    """CSR, which is read without a conversion where it is thin; the entries of a place are added."""
    data, columns, starts = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([2, 0, 2, 1, 0]), np.array([0, 3] + 39 * [5])
    X = sp.csr_array((data.copy(), columns.copy(), starts.copy()), shape=(40, 3))
    y = np.arange(40.0)
    f = make(X, y)
    steep.minimize(f)
    np.testing.assert_array_equal(X.data, data)
    np.testing.assert_array_equal(X.indices, columns)
    np.testing.assert_array_equal(X.indptr, starts)
    dense = make(np.vstack([[[2.0, 0, 4], [5, 4, 0]], np.zeros((38, 3))]), y)
    w = np.array([0.5, -1.0, 2.0])
    assert f.value(w) == pytest.approx(dense.value(w), rel=1e-14)


def test_dependent_sparse_columns():
    """Indicators of every group beside an intercept: any basis of them gives the same fit."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 8, 300)
    X = sp.csr_array((np.ones(300), (np.arange(300), group)))
    y = group + rng.standard_t(2, 300)
    res = steep.minimize(lad(X, y, intercept=True))
    assert res.success, res.message
    least = sum(np.abs(y[group == k] - np.median(y[group == k])).sum() for k in range(8))
    assert res.fun == pytest.approx(least, rel=1e-10)


def test_large_sparse_fit():
    """A matrix of 400 MB if it were dense."""
    X, y = sparse_rows(100_000, 500, 0.004)
    f = lad(X, y, intercept=True)
    res = steep.minimize(f)
    assert res.success, res.message
    X = sp.csr_array(X)
    signs = np.sign(y - X @ res.x[:-1] - res.x[-1])
    inside = np.abs(y - X @ res.x[:-1] - res.x[-1]) < 1e-8  # interpolated rows, where the subgradient is free
    slope = sp.hstack([X, np.ones((100_000, 1))]).T
    needed = -slope @ np.where(inside, 0, signs)
    multipliers = np.linalg.lstsq(slope.tocsc()[:, inside].toarray(), needed, rcond=None)[0]
    np.testing.assert_allclose(slope.tocsc()[:, inside] @ multipliers, needed, atol=1e-7)
    assert np.abs(multipliers).max() <= 1 + 1e-7


@pytest.mark.parametrize("form", RECORDS)
def test_linear_programs_against_highs(form):
    rng = np.random.default_rng(3)
    G = sp.random_array((80, 30), density=0.1, rng=rng)
    A = sp.random_array((5, 30), density=0.3, rng=rng)
    x = rng.uniform(0, 2, 30)
    h, b, c = G @ x + rng.uniform(0, 1, 80), A @ x, rng.uniform(-1, 1, 30)
    res = steep.minimize(linear_program(c, RECORDS[form](G), h, RECORDS[form](A), b, (0, 3)))
    assert res.success, res.message
    assert res.fun == pytest.approx(linprog(c, G, h, A, b, (0, 3)).fun, rel=1e-7)


def test_quadratic_programs_and_constraints():
    Q, G = sp.diags_array([2.0, 2.0]), sp.csr_array([[1.0, 1.0]])
    np.testing.assert_allclose(steep.minimize(quadratic_program(Q, [-2, -5], G, [2])).x, [0.25, 1.75], atol=1e-7)
    f = steep.problems.quadratic([[2.0, 0.0], [0.0, 2.0]], [-2.0, -5.0])
    res = steep.minimize(f, constraints=LinearConstraint(G, -np.inf, 2))
    np.testing.assert_allclose(res.x, [0.25, 1.75], atol=1e-7)


def test_what_is_too_large_or_wrong_is_named():
    wide = sp.csr_array((3, 100_000))
    with pytest.raises(ValueError, match=r"X must have at most 16384 columns where it is sparse, .* got 100000"):
        lad(wide, np.zeros(3))
    huge = sp.csr_array((20_000, 10_000))
    with pytest.raises(ValueError, match=r"A_ub must have at most \d+ rows times columns .* such as HiGHS"):
        linear_program(np.zeros(10_000), huge, np.zeros(20_000))
    with pytest.raises(ValueError, match=r"A of a constraint must have at most \d+ rows times columns"):
        steep.minimize(lambda x: x @ x, np.zeros(10_000), constraints=LinearConstraint(huge, 0, 1))
    wrong = sp.csr_array(np.diag([1.0, np.nan, 1, 1, 1, 1, 1, 1]))
    with pytest.raises(ValueError, match="X must be finite, got nan at stored entry 1"):
        lad(wrong, np.zeros(8), sample_weight=[0, 1, 1, 1, 1, 1, 1, 1])
    twice = sp.random_array((70_000, 500), density=0.001, rng=np.random.default_rng(0))
    twice = sp.hstack([twice, twice])
    with pytest.raises(ValueError, match="drop those that others determine"):
        steep.minimize(lad(twice, np.zeros(70_000)))
