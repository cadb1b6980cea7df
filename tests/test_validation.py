"""The door for arrays: what is used in place, what is converted, and the message of everything refused."""

import re
import tracemalloc

import numpy as np
import pandas as pd
import polars
import pytest
from scipy import sparse

from steep import _targets as targets
from steep import _validation as v

RNG = np.random.default_rng(0)
BASE = RNG.normal(size=(6, 4))


def strided(dtype):
    wide = np.zeros((12, 8), dtype)
    wide[::2, ::-2] = BASE.astype(dtype)
    return wide[::2, ::-2]


LAYOUTS = {
    "rows of C order": lambda dtype: BASE.astype(dtype),
    "Fortran order": lambda dtype: np.asfortranarray(BASE.astype(dtype)),
    "strided and reversed": strided,
    "transposed view": lambda dtype: np.ascontiguousarray(BASE.astype(dtype).T).T,
    "other byte order": lambda dtype: BASE.astype(np.dtype(dtype).newbyteorder(">")),
    "unaligned": lambda dtype: (
        np.frombuffer(b"x" + BASE.astype(dtype).tobytes(), np.uint8)[1:].view(dtype).reshape(6, 4)
    ),
    "read-only": lambda dtype: np.broadcast_to(BASE.astype(dtype)[None], (1, 6, 4))[0],
    "nested lists": lambda dtype: BASE.astype(dtype).tolist(),
    "data frame": lambda dtype: pd.DataFrame(BASE.astype(dtype)),
    "polars": lambda dtype: polars.DataFrame(BASE.astype(dtype)),
    "np.matrix": lambda dtype: BASE.astype(dtype).view(np.matrix),
    "masked, nothing masked": lambda dtype: np.ma.masked_array(BASE.astype(dtype)),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_matrix(layout, dtype):
    result = v.as_matrix(LAYOUTS[layout](dtype), dtype=dtype)
    assert type(result) is np.ndarray
    assert result.dtype == dtype
    assert result.flags.c_contiguous
    assert result.flags.aligned
    assert result.dtype.isnative
    np.testing.assert_array_equal(result, BASE.astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_contiguous_floats_are_used_in_place(dtype):
    X = BASE.astype(dtype)
    assert v.as_matrix(X, dtype=dtype) is X
    assert v.as_matrix(X) is X
    assert v.as_parameters(X.reshape(-1), 24, dtype=dtype).base is X


@pytest.mark.parametrize("code", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_number_type_is_converted(code, dtype):
    X = (BASE * 10).astype(code)
    np.testing.assert_array_equal(v.as_matrix(X, dtype=dtype), X.astype(dtype))


def test_images_of_bytes_stay_bytes():
    images = RNG.integers(0, 255, (5, 4, 3, 2)).astype("u1")
    result = v.as_matrix(images, dtype="f4", input_shape=(4, 3, 2), elements=(np.dtype("u1"),))
    assert result.dtype == np.uint8
    assert result.shape == (5, 24)
    assert np.shares_memory(result, images)
    reordered = v.as_matrix(images[::2], dtype="f4", elements=(np.dtype("u1"),))
    assert reordered.dtype == np.uint8
    np.testing.assert_array_equal(reordered, images[::2].reshape(3, 24))


def test_a_memory_map_is_not_loaded(tmp_path):
    np.memmap(tmp_path / "x", "f4", "w+", shape=(4000, 1000)).flush()
    mapped = np.memmap(tmp_path / "x", "f4", "r", shape=(4000, 1000))
    tracemalloc.start()
    result = v.as_matrix(mapped, dtype="f4")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.shares_memory(result, mapped)
    assert peak < 100_000  # the check's own blocks; the map has 16 MB


def test_the_finite_check_needs_no_copy_of_the_data():
    X = np.ones((2000, 1000))
    X[0, 0] = 1e308
    X[1, 1] = 1e308  # the sum overflows although every entry is finite
    tracemalloc.start()
    v.check_finite(X, "X")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 10


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (3, 2), (1999, 299)])
def test_the_first_bad_value_is_named(value, place):
    X = RNG.normal(size=(2000, 300)).astype("f4")
    X[place] = value
    X[-1, -1] = np.nan if place != (1999, 299) else value
    message = f"X must be finite, got {value} at row {place[0]}, column {place[1]}"
    with pytest.raises(ValueError, match=re.escape(message)):
        v.as_matrix(X)
    with pytest.raises(ValueError, match=f"y must be finite, got {value} at row {place[0]}"):
        v.as_array(X[:, place[1]], "y")


@pytest.mark.parametrize(
    ("X", "shape", "expected"),
    [
        (np.zeros((5, 12)), 12, (5, 12)),
        (np.zeros((5, 3, 4)), 12, (5, 12)),
        (np.zeros((5, 3, 4)), (3, 4, 1), (5, 12)),
        (np.zeros((5, 12)), (3, 4), (5, 12)),
        (np.zeros((5, 1, 3, 4)), (3, 4, 1), (5, 12)),
        (np.zeros(5), 1, (5, 1)),
        (np.zeros((5, 2, 3, 4)), None, (5, 24)),
    ],
)
def test_shapes(X, shape, expected):
    assert v.as_matrix(X, input_shape=shape).shape == expected


BAD_MATRICES = [
    ([[1, 2], [3]], None, ValueError, "X must be a rectangular array of numbers, got rows of different lengths"),
    (None, None, TypeError, "X must be an array of numbers, got None"),
    ([["a", "b"]], None, TypeError, "X must be an array of real numbers, got strings"),
    ([[b"a"]], None, TypeError, "got bytes"),
    ([[1j]], None, TypeError, "got complex numbers"),
    (np.array([["2020-01-01"]], "M8[D]"), None, TypeError, "got dates"),
    (np.array([[1, "red"]], object), None, TypeError, "X must be an array of numbers, got 'red' at row 0, column 1"),
    (np.array([[1], [None]], object), None, TypeError, "got None at row 1, column 0"),
    (np.array([[1.0]], object), None, TypeError, r"convert it with .astype\(float\)"),
    (pd.DataFrame({"a": [1, 2], "b": [3, "x"]}), None, TypeError, "got 'x' at row 1, column 'b'"),
    (pd.DataFrame({"a": [1, 2], "b": [3, np.nan]}), None, ValueError, "got nan at row 1, column 'b'"),
    (sparse.csr_matrix(np.eye(3)), None, TypeError, r"must be a dense array, got a sparse csr_matrix: pass X.toarray"),
    (np.ma.masked_equal([[1, 2], [2, 3]], 2), None, ValueError, "no masked entries, got 2"),
    (3.0, None, ValueError, r"X must be an array of shape \(n, d\), got a scalar"),
    (np.zeros(3), None, ValueError, r"got shape \(3,\): pass X\[:, None\] for one feature, X\[None\] for one sample"),
    (np.zeros(784), 784, ValueError, r"shape \(n, 784\), got shape \(784,\): for one sample pass X\[None\]"),
    (np.zeros((3, 5)), 4, ValueError, r"X must be an array of shape \(n, 4\), got shape \(3, 5\)"),
    (np.zeros((2, 3, 32, 30)), (32, 30, 3), ValueError, r"put the channels last with X.transpose\(0, 2, 3, 1\)"),
    (np.zeros((0, 4)), None, ValueError, r"X must have at least one row, got shape \(0, 4\)"),
    (np.zeros((4, 0)), None, ValueError, r"X must have at least one column, got shape \(4, 0\)"),
    (
        np.full((3, 2), 1e300),
        None,
        ValueError,
        r"X must be within the range of float32, got 1e\+300 at row 0, column 0",
    ),
]


@pytest.mark.parametrize(("X", "shape", "error", "message"), BAD_MATRICES)
def test_bad_matrices(X, shape, error, message):
    with pytest.raises(error, match=message):
        v.as_matrix(X, dtype="f4", input_shape=shape)


def test_no_rows_where_allowed():
    assert v.as_matrix(np.zeros((0, 4)), min_rows=0).shape == (0, 4)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"sample_weight must have as many rows as X \(3\), got 2"),
        ([1, -1, -2], "sample_weight must not be negative, got -1 at row 1"),
        ([0, 0, 0], "sample_weight must have a positive sum, got zero for every row"),
        ([1, np.nan, 0], "sample_weight must be finite, got nan at row 1"),
        ([[1, 2, 3]], r"sample_weight must have shape \(3,\), got shape \(1, 3\)"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        v.as_weights(weights, 3)


def test_weights():
    assert v.as_weights(None, 3) is None
    assert v.as_weights([[1], [0], [2]], 3, dtype="f4").tolist() == [1, 0, 2]


def test_scales():
    assert v.as_scale(None, 3, "input_scale") is None
    assert v.as_scale(0.5, 3, "input_scale").tolist() == [0.5] * 3
    assert v.as_scale([1, 2, 3], 3, "input_scale").tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match=r"input_scale must be a number or have 3 entries, got shape \(2,\)"):
        v.as_scale([1, 2], 3, "input_scale")


# targets

TARGETS = [
    ("squared_error", 1, [1, 2], [[1], [2]]),
    ("squared_error", 1, [[1.5], [2]], [[1.5], [2]]),
    ("squared_error", 2, [[1, 2], [3, 4]], [[1, 2], [3, 4]]),
    ("poisson", 1, [0, 3], [[0], [3]]),
    ("logistic", 1, [0, 1], [[0], [1]]),
    ("logistic", 1, [-1, 1], [[0], [1]]),
    ("logistic", 1, [0.25, 1], [[0.25], [1]]),
    ("logistic", 1, [1, 1], [[1], [1]]),
    ("logistic", 1, [True, False], [[1], [0]]),
    ("hinge", 1, [-1, -1], [[0], [0]]),
    ("hinge", 1, [0, 1], [[0], [1]]),
    ("hinge", 3, [[0, 1, 0], [1, 0, 0]], [[0, 1, 0], [1, 0, 0]]),
    ("cross_entropy", 2, [[0.25, 0.75], [1, 0]], [[0.25, 0.75], [1, 0]]),
]


@pytest.mark.parametrize(("loss", "outputs", "y", "expected"), TARGETS)
def test_targets_as_rows(loss, outputs, y, expected):
    rows, labels = targets.as_targets(y, loss, outputs, 2)
    assert labels is None
    np.testing.assert_array_equal(rows, expected)


@pytest.mark.parametrize("y", [[2, 0], [2.0, 0.0], [[2], [0]], pd.Series([2, 0]), np.array([2, 0], "u1")])
def test_targets_as_labels(y):
    rows, labels = targets.as_targets(y, "cross_entropy", 3, 2)
    assert rows is None
    assert labels.dtype == np.int32
    assert labels.tolist() == [2, 0]


BAD_TARGETS = [
    ("cross_entropy", 3, [0, 3], ValueError, "y must be class indices from 0 to 2, got 3 at row 1"),
    ("cross_entropy", 3, [0, -1], ValueError, "got -1 at row 1"),
    ("cross_entropy", 2, [-1, 1], ValueError, r"labels -1 and 1 go with one output and loss='logistic'"),
    ("cross_entropy", 3, [0, 1.5], ValueError, "y must be whole class indices, got 1.5 at row 1"),
    ("cross_entropy", 3, ["a", "b"], TypeError, r"got strings: encode classes with np.unique\(y, return_inverse"),
    ("cross_entropy", 3, np.array(["a", 1], object), TypeError, "np.unique"),
    ("cross_entropy", 3, np.zeros((2, 2)), ValueError, r"\(2, 3\), got shape \(2, 2\): or give class indices"),
    ("cross_entropy", 2, [[1, 0], [0.5, 0.6]], ValueError, "probabilities that add to 1, got 1.1 at row 1"),
    ("cross_entropy", 2, [[1, 0], [1.5, -0.5]], ValueError, "of at least 0, got -0.5 at row 1, column 1"),
    ("squared_error", 10, [1, 2], ValueError, r"class indices go with loss='cross_entropy' and a softmax output"),
    ("squared_error", 1, [1, 2, 3], ValueError, r"y must have as many rows as X \(2\), got 3"),
    ("squared_error", 1, [1, np.nan], ValueError, "y must be finite, got nan at row 1"),
    ("squared_error", 1, 3.0, ValueError, "one row a sample, got a scalar"),
    ("logistic", 1, [0, 2], ValueError, "y must be 0 and 1, -1 and 1, or probabilities, got 2 at row 1"),
    ("logistic", 1, [-1, 0], ValueError, "got 0 at row 1"),
    ("hinge", 1, [0, 0.5], ValueError, "y must be 0 and 1, or -1 and 1, got 0.5 at row 1"),
    ("poisson", 1, [1, -1], ValueError, "y must be at least 0 for the poisson loss, got -1 at row 1"),
]


@pytest.mark.parametrize(("loss", "outputs", "y", "error", "message"), BAD_TARGETS)
def test_bad_targets(loss, outputs, y, error, message):
    with pytest.raises(error, match=message):
        targets.as_targets(y, loss, outputs, 2)


def test_class_weights():
    labels = np.array([0, 0, 0, 1], np.int32)
    assert targets.as_class_weights(None, labels, 2).tolist() == [1, 1]
    np.testing.assert_allclose(targets.as_class_weights("balanced", labels, 2), [4 / 6, 4 / 2])  # n / (k count)
    assert targets.as_class_weights({1: 3}, labels, 2).tolist() == [1, 3]
    assert targets.as_class_weights([2, 0.5], labels, 2).tolist() == [2, 0.5]
    for bad, message in [
        ("equal", "'balanced'"),
        ({2: 1}, "keys, got 2"),
        ({0: -1}, r"class_weight\[0\] must be a number of at least 0"),
        ([1], "one number a class"),
        ([1, -1], "at least 0, got -1"),
    ]:
        with pytest.raises(ValueError, match=message):
            targets.as_class_weights(bad, labels, 2)


def test_encode_classes():
    classes, labels = targets.encode_classes(["b", "a", "b"])
    assert classes.tolist() == ["a", "b"]
    assert labels.tolist() == [1, 0, 1]
    assert targets.encode_classes(pd.Series(["b", "a"]))[0].tolist() == ["a", "b"]
    for bad, message in [
        (["a", "a"], "at least two classes, got only 'a'"),
        ([], "at least one row"),
        (np.array(["a", None], object), "no missing labels, got None at row 1"),
        ([[1, 2]], "one label a row"),
        ([1, np.nan], "finite, got nan at row 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            targets.encode_classes(bad)


# numbers and names

SCALARS = [
    (v.check_positive, (0,), "a must be a positive number, got 0"),
    (v.check_positive, (-1,), "a must be a positive number, got -1"),
    (v.check_positive, (np.nan,), "a must be a positive number, got nan"),
    (v.check_positive, (np.inf,), "a must be a positive number, got inf"),
    (v.check_positive, ("1",), "a must be a positive number, got '1'"),
    (v.check_positive, (None,), "a must be a positive number, got None"),
    (v.check_positive, (True,), "a must be a positive number, got True"),
    (v.check_non_negative, (-1e-9,), "a must be a number of at least 0, got -1e-09"),
    (v.check_integer, (2.0, 1), "a must be an integer of at least 1, got 2.0"),
    (v.check_integer, (0, 1), "a must be an integer of at least 1, got 0"),
    (v.check_integer, (9, 1, 8), "a must be an integer from 1 to 8, got 9"),
    (v.check_integer, (True,), "a must be an integer, got True"),
    (v.check_seed, (-1,), "a must be an integer from 0 to 18446744073709551615, got -1"),
    (v.check_bool, (1,), "a must be True or False, got 1"),
    (v.check_callable, (1,), "a must be callable, got 1"),
    (v.float_dtype, ("int8",), "a must be 'float32' or 'float64', got 'int8'"),
    (v.float_dtype, (None,), "a must be 'float32' or 'float64', got None"),
]


@pytest.mark.parametrize(("check", "arguments", "message"), SCALARS)
def test_bad_scalars(check, arguments, message):
    value, *rest = arguments
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}$"):
        check(value, "a", *rest)


def test_ranges_and_choices():
    assert v.check_in_range(0, "a", 0, 1, "left") == 0
    with pytest.raises(ValueError, match=r"a must be in \[0, 1\), got 1"):
        v.check_in_range(1, "a", 0, 1, "left")
    with pytest.raises(ValueError, match=r"a must be in \(0, 1\], got 0"):
        v.check_in_range(0, "a", 0, 1, "right")
    with pytest.raises(ValueError, match=r"must be one of 'relu', 'tanh', got 'Rellu' \(did you mean 'relu'\?\)"):
        v.check_choice("Rellu", "activation", ["relu", "tanh"])
    with pytest.raises(TypeError, match="must be one of"):
        v.check_choice(3, "activation", ["relu", "tanh"])


def test_good_scalars_come_back_plain():
    assert type(v.check_positive(np.float32(2), "a")) is float
    assert type(v.check_integer(np.int64(2), "a")) is int
    assert type(v.check_bool(np.True_, "a")) is bool
    assert v.check_choice("relu", "a", ["relu"]) == "relu"
    assert v.check_seed(2**64 - 1) == 2**64 - 1
    assert v.float_dtype(np.float32) == v.float_dtype("float32") == np.dtype("f4")
