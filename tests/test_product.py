"""Products: against NumPy in float64, and equal bits however rows, columns and panels are cut."""

import numpy as np
import pytest

from reference import product as reference
from steep import _core

DTYPES = (np.float32, np.float64)


def matrix(rng, shape, dtype, order="C"):
    return np.asarray(rng.standard_normal(shape), dtype=dtype, order=order)


def close(c, a, b, extra=0.0, k=None):
    """Each entry within the bound of a sum of k rounded products, |c - ab| <= (k + 3) eps (|a| |b| + |extra|)."""
    a, b, extra = (np.asarray(v, dtype=np.float64) for v in (a, b, extra))
    k = a.shape[1] if k is None else k
    bound = (k + 3) * np.finfo(c.dtype).eps * (np.abs(a) @ np.abs(b) + np.abs(extra))
    return bool(np.all(np.abs(c - (a @ b + extra)) <= bound))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", ["m", "n", "k"])
def test_every_edge_size(dtype, side):
    rng = np.random.default_rng(42)
    for size in range(1, 71):
        m, n, k = {"m": (size, 37, 19), "n": (17, size, 21), "k": (15, 43, size)}[side]
        a, b, bias = matrix(rng, (m, k), dtype), matrix(rng, (k, n), dtype), matrix(rng, n, dtype)
        c = _core.multiply(a, b, bias=bias)
        assert close(c, a, b, np.broadcast_to(bias, c.shape)), (m, n, k)
        for b_order in "CF":
            for pack in (False, True):
                same = _core.multiply(a, np.asarray(b, order=b_order), bias=bias, pack=pack)
                assert np.array_equal(same, c), (m, n, k, b_order, pack)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("m", "n", "k"),
    [
        (200, 100, 784),
        (32, 10, 100),
        (300, 1100, 40),
        (1, 100, 784),
        (10, 512, 200),
        (2, 32, 32),
        (7, 128, 1),
        (230, 70, 900),
    ],
)
def test_layouts_and_packing_do_not_change_a_bit(dtype, m, n, k):
    rng = np.random.default_rng(42)
    a, b = matrix(rng, (m, k), dtype), matrix(rng, (k, n), dtype)
    c = _core.multiply(a, b)
    assert close(c, a, b)
    wide_a, wide_b = np.zeros((m, 2 * k + 3), dtype), np.zeros((k, n + 5), dtype)
    wide_a[:, : 2 * k : 2], wide_b[:, 3 : n + 3] = a, b
    for left in (a, np.asfortranarray(a), wide_a[:, : 2 * k : 2]):
        for right in (b, np.asfortranarray(b), wide_b[:, 3 : n + 3]):
            for pack in (False, True):
                assert np.array_equal(_core.multiply(left, right, pack=pack), c)


@pytest.mark.parametrize("dtype", DTYPES)
def test_parts_equal_the_whole(dtype):
    rng = np.random.default_rng(42)
    m, n, k = 71, 150, 800
    a, b, bias = matrix(rng, (m, k), dtype), matrix(rng, (k, n), dtype), matrix(rng, n, dtype)
    whole = _core.multiply(a, b, bias=bias, relu=True)
    for rows in (1, 2, 5, 16, 33):
        for columns in (1, 2, 7, 10, 16, 40, 100):
            parts = np.empty_like(whole)
            for i in range(0, m, rows):
                for j in range(0, n, columns):
                    i2, j2 = min(i + rows, m), min(j + columns, n)
                    _core.multiply(a[i:i2], b[:, j:j2], bias=bias[j:j2], relu=True, out=parts[i:i2, j:j2])
            assert np.array_equal(parts, whole), (rows, columns)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", [1, 30, 500])
def test_epilogue(dtype, k):
    rng = np.random.default_rng(42)
    a, b, bias = matrix(rng, (33, k), dtype), matrix(rng, (k, 45), dtype), matrix(rng, 45, dtype)
    start = matrix(rng, (33, 60), dtype)
    for with_bias in (False, True):
        for accumulate in (False, True):
            for relu in (False, True):
                big = start.copy()
                out = big[:, 7:52]
                expected = reference.multiply(
                    a.astype(float), b.astype(float), bias if with_bias else None, out if accumulate else None, relu
                )
                _core.multiply(a, b, bias=bias if with_bias else None, out=out, accumulate=accumulate, relu=relu)
                scale = np.abs(a).astype(float) @ np.abs(b) + np.abs(start[:, 7:52]) + np.abs(bias)
                assert np.all(np.abs(out - expected) <= (k + 3) * np.finfo(dtype).eps * scale)
                assert np.array_equal(big[:, :7], start[:, :7])  # nothing beside the columns is touched
                assert np.array_equal(big[:, 52:], start[:, 52:])


@pytest.mark.parametrize("dtype", DTYPES)
def test_empty_sum(dtype):
    out = np.full((3, 5), 2, dtype)
    bias = np.arange(5, dtype=dtype)
    _core.multiply(np.empty((3, 0), dtype), np.empty((0, 5), dtype), bias=bias, out=out, accumulate=True)
    assert np.array_equal(out, np.broadcast_to(bias + 2, out.shape))
    _core.multiply(np.empty((3, 0), dtype), np.empty((0, 5), dtype), out=out)
    assert np.array_equal(out, np.zeros_like(out))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_reach_their_row_and_column_alone(dtype, value):
    rng = np.random.default_rng(42)
    for m, n, k in [(15, 35, 20), (3, 9, 500)]:
        a, b = matrix(rng, (m, k), dtype), matrix(rng, (k, n), dtype)
        clean = _core.multiply(a, b)
        a[m - 1, k - 1] = value
        c = _core.multiply(a, b)
        assert not np.isfinite(c[m - 1]).any()
        assert np.array_equal(c[: m - 1], clean[: m - 1])
        assert np.array_equal(np.isnan(_core.multiply(a, b, relu=True)), np.isnan(c))
        b[0, n - 1] = value
        c = _core.multiply(a, b)
        assert not np.isfinite(c[:, n - 1]).any()
        assert np.array_equal(c[: m - 1, : n - 1], clean[: m - 1, : n - 1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [1, 40, 300])
def test_weighted_gram(dtype, weighted, n):
    rng = np.random.default_rng(42)
    for d in [*range(1, 71), 130]:
        x = matrix(rng, (n, d + 3), dtype)[:, 1 : d + 1]
        weight = matrix(rng, n, dtype) if weighted else None
        start = matrix(rng, (d, d), dtype)
        ones = np.ones(n) if weight is None else weight.astype(float)
        exact = reference.weighted_gram(x.astype(float), ones)
        bound = (
            (n + 4)
            * np.finfo(dtype).eps
            * (reference.weighted_gram(np.abs(x).astype(float), np.abs(ones)) + np.abs(start))
        )
        for accumulate in (False, True):
            h = _core.weighted_gram(x, weight, out=start.copy(), accumulate=accumulate)
            expected = exact + start if accumulate else exact
            assert np.all(np.tril(np.abs(h - expected) <= bound) == np.tril(np.ones((d, d), bool))), (d, accumulate)
            assert np.array_equal(np.triu(h, 1), np.triu(start, 1)), "above the diagonal"
        if d > 9:  # an entry does not depend on how many columns there are
            small = _core.weighted_gram(x[:, : d - 9], weight, out=np.zeros((d - 9, d - 9), dtype))
            whole = _core.weighted_gram(x, weight, out=np.zeros((d, d), dtype))
            assert np.array_equal(small, whole[: d - 9, : d - 9])


@pytest.mark.parametrize("dtype", DTYPES)
def test_weighted_gram_of_integers_is_exact(dtype):
    rng = np.random.default_rng(42)
    for n, d in ((1, 9), (127, 24), (128, 25), (129, 54), (300, 217), (515, 301)):
        room = rng.integers(-4, 5, (n, 3 * d))  # sums stay below 2^24
        weight = rng.integers(-3, 4, n)
        for x in (room[:, :d].astype(dtype), room.astype(dtype)[:, d : 2 * d]):  # rows side by side, and far apart
            start = rng.integers(-9, 10, (d, d)).astype(dtype)
            exact = np.tril((x.astype(np.int64) * weight[:, None]).T @ x.astype(np.int64))
            h = _core.weighted_gram(x, weight.astype(dtype), out=start.copy(), accumulate=True)
            assert np.array_equal(h, start + exact.astype(dtype)), (n, d)


def positive_definite(rng, n, dtype):
    x = rng.standard_normal((n + 20, n))
    return np.asarray(x.T @ x / n + 0.1 * np.eye(n), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_cholesky(dtype):
    rng = np.random.default_rng(42)
    for n in [*range(1, 71), 127, 128, 129, 200, 300, 800]:
        a = positive_definite(rng, n, dtype)
        room = np.full((n, n + 5), 7, dtype)
        factor = room[:, 2 : n + 2]
        factor[:] = np.tril(a) + np.triu(np.full((n, n), 7), 1)
        assert _core.cholesky(factor) == 0
        L = np.tril(factor).astype(float)
        # |A - L L'| <= (n + 1) eps |L| |L'| (Higham, Accuracy and Stability, theorem 10.3)
        assert np.all(np.abs(L @ L.T - a) <= (n + 3) * np.finfo(dtype).eps * (np.abs(L) @ np.abs(L.T))), n
        assert np.array_equal(np.triu(room[:, 2:], 1)[:, :n], np.triu(np.full((n, n), 7, dtype), 1))
        if n <= 30:
            np.testing.assert_allclose(
                L, reference.cholesky(a.astype(float))[0], rtol=0, atol=1e3 * n * np.finfo(dtype).eps
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_cholesky_bits_do_not_depend_on_threads(dtype):
    rng = np.random.default_rng(42)
    for n in (40, 129, 300, 541, 900):
        a = positive_definite(rng, n, dtype)
        factors = []
        for n_threads in (1, 2, 3, 4):
            factor = a.copy()
            assert _core.cholesky(factor, n_threads=n_threads) == 0
            factors.append(factor)
        assert all(np.array_equal(factors[0], factor) for factor in factors[1:]), n


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 9, 40, 150, 300])
def test_cholesky_names_the_pivot(dtype, n):
    rng = np.random.default_rng(42)
    a = positive_definite(rng, n, dtype)
    for pivot in sorted({1, n // 2 + 1, n}):
        for value in (-1.0, 0.0, np.nan):
            bad = a.copy()
            leading = (
                np.linalg.solve(a[: pivot - 1, : pivot - 1], a[: pivot - 1, pivot - 1]) if pivot > 1 else np.empty(0)
            )
            bad[pivot - 1, pivot - 1] = a[pivot - 1, : pivot - 1] @ leading + (value or -1e-3)
            assert _core.cholesky(bad) == pivot
    assert _core.cholesky(np.zeros((n, n), dtype)) == 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_triangular_solves(dtype):
    rng = np.random.default_rng(42)
    for n in [*range(1, 71), 200]:
        L = np.linalg.cholesky(positive_definite(rng, n, np.float64)).astype(dtype) + np.triu(
            np.full((n, n), 99, dtype), 1
        )
        b = matrix(rng, n, dtype)
        low = np.tril(L).astype(float)
        for transposed in (False, True):
            x = b.copy()
            _core.solve_lower(L, x, transposed=transposed)
            op = low.T if transposed else low
            # |b - L x| <= n eps |L| |x| (Higham, theorem 8.5)
            assert np.all(np.abs(op @ x - b) <= (n + 1) * np.finfo(dtype).eps * (np.abs(op) @ np.abs(x)))
        if n <= 30:
            x = b.copy()
            _core.solve_lower(L, x)
            np.testing.assert_allclose(
                x, reference.solve_lower(low, b.astype(float)), rtol=1e3 * n * np.finfo(dtype).eps
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_matrix_times_vector(dtype):
    rng = np.random.default_rng(42)
    for n, d in [*((n, 37) for n in range(1, 20)), *((9, d) for d in range(1, 71)), (50, 300), (300, 200)]:
        x = matrix(rng, (n, d + 3), dtype)[:, :d]
        w, v, start = matrix(rng, d, dtype), matrix(rng, n, dtype), matrix(rng, d, dtype)
        y = _core.matrix_vector(x, w)
        assert close(y[:, None], x, w[:, None])
        assert np.array_equal(np.concatenate([_core.matrix_vector(x[i : i + 1], w) for i in range(n)]), y)
        z = _core.transposed_vector(x, v)
        assert close(z[:, None], x.T, v[:, None])
        total = _core.transposed_vector(x, v, out=start.copy())
        assert close(total[:, None], x.T, v[:, None], start[:, None], k=n + 1)
        if n > 3:  # rows are added in order, so that parts make the whole
            part = _core.transposed_vector(x[3:], v[3:], out=_core.transposed_vector(x[:3], v[:3]))
            assert np.array_equal(part, z)
