"""Activations: accuracy in units in the last place, ends, derivatives, bits, and the list of what exists."""

import numpy as np
import pytest
import scipy.special

from reference import activation as reference
from steep import _core
from tolerances import DIFFERENCE_ERROR, ULPS, central_difference, ulp_error

NAMES = _core.activation_names()
SMOOTH = [n for n in NAMES if n not in ("step", "relu", "leaky_relu", "elu")]
SLOPE = 0.125  # exact in float32
DTYPES = [np.float32, np.float64]
LONG = np.longdouble


def value(name, z, slope=SLOPE):
    return _core.activation_value(name, slope, z)


def pullback(name, z, d, slope=SLOPE):
    return _core.activation_pullback(name, slope, z, value(name, z, slope), d)


def curvature(name, z, d, t, slope=SLOPE):
    return _core.activation_curvature(name, slope, z, value(name, z, slope), d, t)


def normal_lower_tail(y):
    """1 - Phi(y), y >= 0, in long double: 1/2 - phi (y + y^3/3 + ...), beyond 2 Laplace's continued fraction."""
    density = np.exp(-y * y / 2) / np.sqrt(8 * np.arctan(LONG(1)))
    fraction, term, series = y.copy(), y.copy(), y.copy()
    for k in range(400, 0, -1):
        fraction = y + k / np.where(fraction == 0, 1, fraction)
    for k in range(1, 60):
        term = term * y * y / (2 * k + 1)
        series = series + term
    return np.where(y > 2, density / np.where(fraction == 0, 1, fraction), LONG(0.5) - density * series)


def exact_gelu(z):
    tail = normal_lower_tail(np.abs(z))
    return z * np.where(z < 0, tail, 1 - tail)


EXACT = {
    "exp": np.exp,
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softplus": lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
    "gelu": exact_gelu,
    "silu": lambda z: z / (1 + np.exp(-z)),
}
# Where results are normal numbers; beyond, test_ends.
LOWEST = {np.float32: {"exp": -87, "gelu": -12.5, "other": -87}, np.float64: {"exp": -708, "gelu": -37, "other": -708}}
HIGHEST = {np.float32: 88, np.float64: 709}


def test_the_lists_agree():
    assert set(NAMES) == set(reference.VALUES), "an activation lacks its counterpart in C++ or in tests/reference"
    assert set(reference.FIRST) == set(reference.SECOND) == set(NAMES) - {"softmax"}


@pytest.mark.skipif(np.finfo(LONG).nmant < 63, reason="long double is no wider than double here")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EXACT)
def test_units_in_the_last_place(name, dtype):
    rng = np.random.default_rng(42)
    low, high = LOWEST[dtype].get(name, LOWEST[dtype]["other"]), HIGHEST[dtype] if name == "exp" else 40
    z = np.concatenate(
        [
            rng.uniform(low, high, 40_000),
            rng.uniform(-3, 3, 40_000),
            rng.normal(size=20_000) * 10.0 ** rng.uniform(-30, 0, 20_000),
        ]
    ).astype(dtype)[None]
    assert ulp_error(value(name, z), EXACT[name](z.astype(LONG))).max() <= ULPS[name]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_values_are_the_references(name, dtype):
    z = (np.random.default_rng(42).normal(size=(37, 23)) * 3).astype(dtype)
    expected = reference.VALUES[name](z.astype(np.float64), SLOPE)
    # ULPS of both sides; the reference's gelu also rounds z / sqrt(2), which erfc magnifies z^2 times.
    rtol = (8 + (z.astype(np.float64) ** 2 if name == "gelu" else 0)) * np.finfo(dtype).eps
    assert np.all(np.abs(value(name, z) - expected) <= rtol * np.abs(expected))


@pytest.mark.parametrize("dtype", DTYPES)
def test_ends(dtype):
    inf, nan, tiny = np.inf, np.nan, np.finfo(dtype).smallest_subnormal
    z = np.array([[-inf, -1e4, -0.0, 0.0, 1e4, inf, nan, tiny, -tiny]], dtype)
    with np.errstate(over="ignore", under="ignore"):
        expected = {
            "identity": z[0],
            "step": [0, 0, 1, 1, 1, 1, nan, 1, 0],
            "sigmoid": [0, 0, 0.5, 0.5, 1, 1, nan, 0.5, 0.5],
            "tanh": [-1, -1, -0.0, 0, 1, 1, nan, tiny, -tiny],
            "relu": [0, 0, 0, 0, 1e4, inf, nan, tiny, 0],
            "leaky_relu": [-inf, -1250, -0.0, 0, 1e4, inf, nan, tiny, -tiny * dtype(SLOPE)],
            "elu": [-1, -1, -0.0, 0, 1e4, inf, nan, tiny, -tiny],
            "gelu": [-0.0, -0.0, -0.0, 0, 1e4, inf, nan, tiny / 2, -tiny / 2],
            "silu": [-0.0, -0.0, -0.0, 0, 1e4, inf, nan, tiny / 2, -tiny / 2],
            "softplus": [0, 0, np.log(2), np.log(2), 1e4, inf, nan, np.log(2), np.log(2)],
            "exp": [0, 0, 1, 1, inf, inf, nan, 1, 1],
        }
    for name, row in expected.items():
        got = value(name, z)[0]
        np.testing.assert_array_equal(got, np.array(row, dtype), err_msg=name)
        zeros = got == 0
        if name in ("tanh", "elu", "identity", "leaky_relu"):
            np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(z[0][zeros]), err_msg=name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_exp_overflows_and_underflows_where_it_should(dtype):
    info = np.finfo(dtype)
    top, bottom = dtype(np.log(LONG(info.max))), dtype(np.log(LONG(info.smallest_subnormal)))
    z = np.array(
        [[np.nextafter(top, dtype(0)), np.nextafter(top, dtype(np.inf)) * dtype(1 + 4 * info.eps), bottom, bottom - 1]],
        dtype,
    )
    top_value, over, least, under = value("exp", z)[0]
    assert np.isfinite(top_value)
    assert over == np.inf
    assert least == info.smallest_subnormal
    assert under == 0
    z = np.linspace(bottom, np.log(info.tiny), 501, dtype=dtype)[None]  # subnormal results: half a unit, and exp's own
    error = np.abs(value("exp", z).astype(LONG) - np.exp(z.astype(LONG))) / info.smallest_subnormal
    assert error.max() <= 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("softmax", "gelu", "silu")])
def test_monotone_to_within_rounding(name, dtype):
    z = np.sort(np.concatenate([np.linspace(-60, 60, 40_001), [-1e30, -1e5, -1e4, 1e4, 1e5]])).astype(dtype)[None]
    a = value(name, z)[0].astype(np.float64)
    a = a[np.isfinite(a)]
    # neighbours may differ by the roundings of both
    assert np.all(np.diff(a) >= -2 * ULPS.get(name, 1) * np.finfo(dtype).eps * np.abs(a[1:]))


@pytest.mark.parametrize("name", SMOOTH)
def test_pullback_by_differences(name):
    rng = np.random.default_rng(42)
    z, d = rng.uniform(-4, 4, (9, 11)), rng.normal(size=(9, 11))
    t = rng.normal(size=(9, 11))
    along = central_difference(lambda x: value(name, x), z, t)
    scale = 1 + np.abs(value(name, z)).max()
    # <d, J t> = <J' d, t>, and J is symmetric
    np.testing.assert_allclose(pullback(name, z, t), along, atol=DIFFERENCE_ERROR * scale)
    np.testing.assert_allclose(
        (pullback(name, z, d) * t).sum(1), (d * along).sum(1), atol=11 * 4 * DIFFERENCE_ERROR * scale
    )


@pytest.mark.parametrize("name", [*SMOOTH, "elu"])
def test_curvature_by_differences(name):
    rng = np.random.default_rng(42)
    z, d, t = rng.uniform(-4, 4, (9, 11)), rng.normal(size=(9, 11)), rng.normal(size=(9, 11))
    if name == "elu":
        z = np.where(np.abs(z) < 0.1, 0.1, z)  # away from the jump of its second derivative
    along = central_difference(lambda x: pullback(name, x, d), z, t)
    scale = 1 + np.abs(value(name, z)).max()
    np.testing.assert_allclose(curvature(name, z, d, t), along, atol=10 * DIFFERENCE_ERROR * scale)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_the_references(name, dtype):
    rng = np.random.default_rng(42)
    z, d, t = (rng.normal(size=(13, 19)).astype(dtype) * s for s in (dtype(3), dtype(1), dtype(1)))
    wide = [x.astype(np.float64) for x in (z, d, t)]
    # From a, a derivative is known to a few roundings of 1 (of a for exp), times |d t|.
    bound = 16 * np.finfo(dtype).eps * (np.exp(9) if name == "exp" else 1) * 9
    np.testing.assert_allclose(pullback(name, z, d), reference.pullback(name, SLOPE, *wide[:2]), atol=bound)
    np.testing.assert_allclose(curvature(name, z, d, t), reference.curvature(name, SLOPE, *wide), atol=bound)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["softplus", "silu", "gelu"])
def test_derivatives_keep_their_relative_accuracy_in_the_tail(name, dtype):
    z = np.linspace(-8, -2, 333).astype(dtype)[None]
    expected = reference.FIRST[name](z.astype(np.float64), None)
    np.testing.assert_allclose(pullback(name, z, np.ones_like(z)), expected, rtol=2e2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_derivatives_at_the_ends_are_limits(name, dtype):
    z = np.array([[-np.inf, -1e4, 1e4, np.inf]], dtype)
    if name in ("softmax", "exp"):
        z = z[:, 1:2] if name == "exp" else z[:, 1:3]
    ones = np.ones_like(z)
    limits = {
        "identity": [1, 1, 1, 1], "step": [0] * 4, "sigmoid": [0] * 4, "tanh": [0] * 4, "relu": [0, 0, 1, 1],
        "leaky_relu": [SLOPE, SLOPE, 1, 1], "softmax": [0, 0], "elu": [0, 0, 1, 1], "gelu": [0, 0, 1, 1],
        "silu": [0, 0, 1, 1], "softplus": [0, 0, 1, 1], "exp": [0],
    }  # fmt: skip
    np.testing.assert_array_equal(pullback(name, z, ones)[0], np.array(limits[name], dtype))
    np.testing.assert_array_equal(curvature(name, z, ones, ones), np.zeros_like(z))


def test_derivatives_at_zero():
    z, one = np.zeros((1, 1)), np.ones((1, 1))
    at_zero = {
        "relu": 0,
        "leaky_relu": SLOPE,
        "elu": 1,
        "sigmoid": 0.25,
        "tanh": 1,
        "gelu": 0.5,
        "silu": 0.5,
        "softplus": 0.5,
    }
    for name, slope in at_zero.items():
        assert pullback(name, z, one)[0, 0] == pytest.approx(slope, abs=1e-15), name


def test_softmax_of_large_scores():
    z = np.array([[1e4, 1e4 - 1, -1e4], [-1e4, -1e4, -1e4]])
    np.testing.assert_allclose(value("softmax", z), scipy.special.softmax(z, axis=1), rtol=1e-15)
    assert value("softmax", z.astype(np.float32)).sum(1) == pytest.approx([1, 1], abs=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cols", [1, 2, 3, 10, 16, 33, 100])
@pytest.mark.parametrize("name", NAMES)
def test_any_cut_into_blocks_gives_the_same_bits(name, cols, dtype):
    rng = np.random.default_rng(42)
    z, d, t = ((rng.normal(size=(41, cols)) * 3).astype(dtype) for _ in range(3))
    whole = [value(name, z), pullback(name, z, d), curvature(name, z, d, t)]
    for cuts in ([7], [1, 2, 3, 19], [16, 32]):
        parts = [np.split(x, cuts) for x in (z, d, t)]
        pieces = [
            [value(name, *p) for p in zip(parts[0], strict=True)],
            [pullback(name, *p) for p in zip(*parts[:2], strict=True)],
            [curvature(name, *p) for p in zip(*parts, strict=True)],
        ]
        for all_rows, piece in zip(whole, pieces, strict=True):
            assert all_rows.tobytes() == np.concatenate(piece).tobytes()


def test_hand_values():
    z = np.array([[-2.0, 0.0, 3.0]])
    assert value("leaky_relu", z, 0.01).tolist() == [[-0.02, 0.0, 3.0]]
    assert value("step", z).tolist() == [[0, 1, 1]]
    assert value("relu", z).tolist() == [[0, 0, 3]]
    assert value("gelu", np.array([[1.0]]))[0, 0] == pytest.approx(0.8413447460685429, rel=1e-15)  # Phi(1)
    assert value("silu", np.array([[np.log(3)]]))[0, 0] == pytest.approx(0.75 * np.log(3), rel=1e-15)
    assert value("softplus", np.array([[np.log(3)]]))[0, 0] == pytest.approx(np.log(4), rel=1e-15)
    assert value("softmax", np.log(np.array([[1.0, 2.0, 5.0]])))[0].tolist() == pytest.approx(
        [0.125, 0.25, 0.625], rel=1e-15
    )


def test_bad_arguments():
    z = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"activation must be one of identity, step.*got 'relu6'"):
        value("relu6", z)
    with pytest.raises(ValueError, match="gelu needs z"):
        _core.activation_pullback("gelu", 0.0, None, z, z)
    with pytest.raises(ValueError, match="d must have the shape"):
        _core.activation_pullback("tanh", 0.0, None, z, np.zeros((3, 2)))
    with pytest.raises(TypeError):
        value("tanh", np.zeros((2, 3), np.int64))


@pytest.mark.torch
@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("step", "identity", "exp")])
def test_torch(name):
    torch = pytest.importorskip("torch")
    functions = {
        "leaky_relu": lambda x: torch.nn.functional.leaky_relu(x, SLOPE),
        "softmax": lambda x: torch.softmax(x, 1),
    }
    f = functions.get(name) or getattr(torch.nn.functional, name, None) or getattr(torch, name)
    rng = np.random.default_rng(42)
    z, d = rng.normal(size=(17, 5)) * 3, rng.normal(size=(17, 5))
    z[0, 0] = 0.0
    tensor = torch.tensor(z, requires_grad=True)
    out = f(tensor)
    out.backward(torch.tensor(d))
    # PyTorch's gelu is 1 + erf, which cancels for negative z: an absolute error of a rounding of z
    np.testing.assert_allclose(value(name, z), out.detach().numpy(), rtol=1e-14, atol=4e-15)
    np.testing.assert_allclose(pullback(name, z, d), tensor.grad.numpy(), rtol=1e-14, atol=4e-15)
