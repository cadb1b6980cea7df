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
