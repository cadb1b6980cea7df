"""Minibatch gathers against NumPy's indexing, and squared norms of gradients against sums of exact terms."""

import math
from fractions import Fraction

import numpy as np
import pytest

from steep import _core

WIDTHS = [1, 2, 3, 7, 15, 16, 17, 31, 63, 64, 65, 129, 300, 784, 1100]  # either side of a cache line of each type


def make(kind, n, d, seed=42):
    rng = np.random.default_rng(seed)
    if kind == "u1":
        return rng.integers(0, 256, (n, d), dtype=np.uint8)
    return rng.normal(size=(n, d)).astype(kind)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
@pytest.mark.parametrize("d", WIDTHS)
def test_rows(kind, dtype, d):
    source, rng = make(kind, 40, d), np.random.default_rng(1)
    rows = rng.integers(0, 40, 57)  # more rows than there are: some come again
    scale, shift = rng.normal(size=(2, d)).astype(dtype)
    out = np.full((57, d), np.nan, dtype)
    _core.gather(source, rows, out)
    np.testing.assert_array_equal(out, source[rows].astype(dtype))  # a conversion rounds in one way only
    eps = np.finfo(dtype).eps
    for a, b in ((scale, None), (None, shift), (scale, shift)):
        _core.gather(source, rows, out, a, b)
        wide = source[rows].astype(dtype).astype(np.longdouble)
        exact = wide * (1 if a is None else a) + (0 if b is None else b)
        size = np.abs(wide * (1 if a is None else a)) + (0 if b is None else np.abs(b))
        assert (np.abs(out - exact) <= eps * size).all()  # a product and a sum, half an eps each


@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
def test_consecutive_rows_and_row_strides(kind):
    wide = make(kind, 30, 50)
    for source in (wide, wide[:, 7:40], wide[::3, 1:], wide[5:]):
        n, d = source.shape
        out = np.empty((n, d), "f4")
        _core.gather(source, None, out)
        np.testing.assert_array_equal(out, source.astype("f4"))
        few = np.empty((3, d), "f4")
        _core.gather(source, None, few)
        np.testing.assert_array_equal(few, out[:3])
        backwards = np.arange(n)[::-1].copy()
        _core.gather(source, backwards, out)
        np.testing.assert_array_equal(out, source[::-1].astype("f4"))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_rows_bits_do_not_depend_on_its_batch(dtype):
    source, rng = make("f8", 64, 101), np.random.default_rng(2)
    scale, shift = rng.normal(size=(2, 101)).astype(dtype)
    whole = np.empty((64, 101), dtype)
    _core.gather(source, None, whole, scale, shift)
    for r in range(64):
        one = np.empty((1, 101), dtype)
        _core.gather(source, np.array([r]), one, scale, shift)
        np.testing.assert_array_equal(one[0], whole[r])


def test_memory_maps_and_nothing_to_do(tmp_path):
    source = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype="u1", shape=(9, 4))
    source[...] = np.arange(36).reshape(9, 4)
    out = np.empty((2, 4))
    _core.gather(source, np.array([8, 0]), out, np.full(4, 1 / 255), None)
    np.testing.assert_allclose(out, source[[8, 0]] / 255, rtol=2.3e-16)
    _core.gather(source, np.array([], np.int64), np.empty((0, 4)))
    _core.gather(np.empty((3, 0)), np.array([1]), np.empty((1, 0)))


@pytest.mark.parametrize(
    ("source", "rows", "out", "scale", "match"),
    [
        (np.ones((3, 2)), np.array([0, 3]), np.empty((2, 2)), None, "rows must be rows of source"),
        (np.ones((3, 2)), np.array([-1]), np.empty((1, 2)), None, "rows must be rows of source"),
        (np.ones((3, 2)), np.array([0]), np.empty((2, 2)), None, "rows must have one entry for each row of out"),
        (np.ones((3, 2)), None, np.empty((4, 2)), None, "source must have the rows of out"),
        (np.ones((3, 2)), None, np.empty((3, 3)), None, "source and out must have as many columns"),
        (np.ones((3, 4))[:, ::2], None, np.empty((3, 2)), None, "source must have adjacent columns"),
        (np.ones((3, 2), int), None, np.empty((3, 2)), None, "source must be uint8, float32 or float64"),
        (np.ones((3, 2)), None, np.empty((3, 2)), np.ones(3), "scale must have one entry for each column"),
    ],
)
def test_refusals(source, rows, out, scale, match):
    with pytest.raises(ValueError, match=match):
        _core.gather(source, rows, out, scale)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("n", [0, 1, 7, 16, 33, 1000, 4099])
def test_squared_norm(n, dtype):
    """Lane sums of at most 64 terms in T, then double: 64 + 4 roundings of T for the whole, whatever n is."""
    rng = np.random.default_rng(n)
    theta, g = rng.normal(size=(2, n)).astype(dtype)
    scale, decay = np.array([0.75, 0.01], dtype)
    got = _core.squared_norm(float(scale), float(decay), theta, g)
    terms = scale.astype(np.longdouble) * g + decay.astype(np.longdouble) * theta
    sizes = np.abs(scale * g) + np.abs(decay * theta)
    bound = 68 * np.finfo(dtype).eps * float((np.abs(terms) * sizes).sum()) + 1e-300
    assert abs(got - float((terms**2).sum())) <= bound
    assert _core.squared_norm(float(scale), float(decay), theta, g) == got


def test_squared_norm_of_many_float32_entries():
    """A plain float32 sum would stop growing at 2^24 ones."""
    ones = np.ones(20_000_001, "f4")
    assert _core.squared_norm(1.0, 0.0, ones, ones) == 20_000_001.0
    tenth = np.full(1_000_003, 0.1, "f4")
    exact = math.fsum([float(Fraction(float(np.float32(0.1))) ** 2)] * 1_000_003)
    assert _core.squared_norm(1.0, 0.0, tenth, tenth) == pytest.approx(exact, rel=68 * 1.2e-7)
