"""The only place that copies or converts a user's arrays; everything behind it is exact and contiguous.

The one conversion: an array that is C-contiguous, aligned, in native byte order and of an accepted element type is used
in place, a memory map included. Everything else (other strides and orders, integers, bool, float16, long double, lists,
data frames through ``__array__``) is converted once, to the dtype asked for. Values are checked in blocks, so that no
temporary grows with the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ._checks import (
    check_bool,
    check_callable,
    check_choice,
    check_in_range,
    check_integer,
    check_non_negative,
    check_number,
    check_positive,
    check_seed,
    show,
)

__all__ = [
    "as_array",
    "as_matrix",
    "as_parameters",
    "as_scale",
    "as_weights",
    "check_bool",
    "check_callable",
    "check_choice",
    "check_finite",
    "check_in_range",
    "check_integer",
    "check_non_negative",
    "check_number",
    "check_positive",
    "check_same_rows",
    "check_seed",
    "float_dtype",
    "show",
]

Array: TypeAlias = npt.NDArray[Any]
_BLOCK = 1 << 18  # entries a check looks at together: 1 to 2 MB, in cache


def float_dtype(dtype: Any, name: str = "dtype") -> np.dtype[Any]:
    """Return float32 or float64 as a NumPy dtype."""
    for allowed in (np.float32, np.float64):
        if dtype is not None and dtype in (allowed, np.dtype(allowed), allowed.__name__):
            return np.dtype(allowed)
    raise ValueError(f"{name} must be 'float32' or 'float64', got {show(dtype)}")


def as_numeric(data: Any, name: str) -> Array:
    """Return the data as a real NumPy array of whatever type and stride, without a copy where that is possible."""
    if type(data).__module__.startswith("scipy.sparse"):
        raise TypeError(f"{name} must be a dense array, got a sparse {type(data).__name__}: pass {name}.toarray()")
    if isinstance(data, np.ma.MaskedArray) and np.any(data.mask):
        raise ValueError(f"{name} must have no masked entries, got {int(np.sum(data.mask))}: fill or drop them")
    if data is None:
        raise TypeError(f"{name} must be an array of numbers, got None")
    try:
        array = np.asarray(data)
    except (TypeError, ValueError, RuntimeError) as error:
        detail = "rows of different lengths" if "inhomogeneous" in str(error) else f"{type(data).__name__} ({error})"
        raise ValueError(f"{name} must be a rectangular array of numbers, got {detail}") from None
    if array.dtype.kind in "buif":
        return array
    if array.dtype.kind == "O":
        raise TypeError(f"{name} must be an array of numbers, got {_first_object(data, array)}")
    what = {"c": "complex numbers", "U": "strings", "S": "bytes", "T": "strings", "M": "dates", "m": "time differences"}
    raise TypeError(f"{name} must be an array of real numbers, got {what.get(array.dtype.kind, array.dtype)}")


def _first_object(data: Any, array: Array) -> str:
    columns = getattr(data, "columns", None)
    for position, value in enumerate(array.flat):
        if isinstance(value, (int, float, np.integer, np.floating)) and value == value:
            continue
        place = np.unravel_index(position, array.shape) if array.ndim else ()
        return f"{show(value)}{_place(place, columns)} (dtype object)"
    return "an array of dtype object: convert it with .astype(float)"


def _place(index: Sequence[Any], columns: Any = None, unit: str = "row") -> str:
    """Text such as ' at row 3, column 1' for an index; `unit` is what the first axis counts."""
    if not len(index):
        return ""
    text = f" at {unit} {int(index[0])}"
    if len(index) == 1:
        return text
    if columns is not None and len(index) == 2:
        return f"{text}, column {columns[int(index[1])]!r}"
    rest = int(index[1]) if len(index) == 2 else tuple(int(i) for i in index[1:])
    return f"{text}, column {rest}"


def _ready(array: Array, elements: Sequence[Any]) -> bool:
    flags = array.flags
    return bool(flags.c_contiguous and flags.aligned and array.dtype.isnative and array.dtype in elements)


def check_finite(array: Array, name: str, columns: Any = None, source: Array | None = None, unit: str = "row") -> None:
    """Refuse NaN and infinite values, naming the first one's row and column. `source`: the array before conversion."""
    if array.dtype.kind != "f" or array.size == 0:
        return
    flat = array.reshape(-1) if array.flags.c_contiguous else array.ravel()
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, _BLOCK):
            block = flat[start : start + _BLOCK]
            if np.isfinite(np.add.reduce(block)):  # a sum is finite only if all its terms are
                continue
            bad = ~np.isfinite(block)
            if not bad.any():  # the sum itself overflowed
                continue
            place = np.unravel_index(start + int(bad.argmax()), array.shape)
            value = array[place]
            if source is not None and np.isfinite(source[place]):
                raise ValueError(
                    f"{name} must be within the range of {array.dtype}, got {source[place]!s}"
                    f"{_place(place, columns, unit)}"
                )
            raise ValueError(f"{name} must be finite, got {value!s}{_place(place, columns, unit)}")


def as_array(
    data: Any,
    name: str,
    dtype: npt.DTypeLike | None = None,
    *,
    elements: Sequence[Any] = (),
    finite: bool = True,
    unit: str = "row",
) -> Array:
    """
    Return a C-contiguous array of any shape.

    Parameters
    ----------
    data : array_like of real numbers
    name : str
        The argument's name, for messages.
    dtype : float32 or float64, optional
        Converted to when a conversion is needed. None: float32 stays float32, everything else becomes float64.
    elements : sequence of dtypes
        Element types that are used in place as they are, beside `dtype` (such as uint8 for images).
    finite : bool
        Refuse NaN and infinite values.
    unit : str
        What the first axis counts, for messages.
    """
    array = as_numeric(data, name)
    target = np.dtype(np.float32 if array.dtype == np.float32 else np.float64) if dtype is None else np.dtype(dtype)
    columns = getattr(data, "columns", None)
    if _ready(array, (target, *elements)):
        if finite:
            check_finite(array, name, columns, unit=unit)
        return array
    kept = array.dtype.newbyteorder("=") if array.dtype.newbyteorder("=") in elements else target
    with np.errstate(over="ignore"):
        result = np.array(array, dtype=kept, order="C")
    if finite and array.dtype.kind == "f":
        check_finite(result, name, columns, array if array.dtype != kept else None, unit)
    return result


def as_matrix(
    X: Any,
    name: str = "X",
    dtype: npt.DTypeLike | None = None,
    *,
    input_shape: int | tuple[int, ...] | None = None,
    elements: Sequence[Any] = (),
    finite: bool = True,
    min_rows: int = 1,
) -> Array:
    """
    Return a C-contiguous matrix (n, d), rows being samples.

    Parameters
    ----------
    X : array_like, (n, d), (n,) where d is 1, or (n, *input_shape)
        Images of any number of axes are flattened, channels last. A trailing or leading axis of one channel may be
        left out.
    name, dtype, elements, finite
        As for :func:`as_array`.
    input_shape : int or tuple of int, optional
        What one row must be.
    min_rows : int
        The fewest rows allowed.
    """
    array = as_numeric(X, name)
    shape = (input_shape,) if isinstance(input_shape, int) else input_shape
    want = "(n, " + ", ".join("d" if shape is None else str(s) for s in (shape or (0,))) + ")"
    if array.ndim == 0:
        raise ValueError(f"{name} must be an array of shape {want}, got a scalar")
    if array.ndim == 1:
        if shape is not None and prod(shape) != 1:
            raise ValueError(
                f"{name} must be an array of shape {want}, got shape {array.shape}: for one sample pass {name}[None]"
            )
        if shape is None:
            raise ValueError(
                f"{name} must be an array of shape {want}, got shape {array.shape}: "
                f"pass {name}[:, None] for one feature, {name}[None] for one sample"
            )
    if array.ndim == 2 and array.shape[1] == 0:
        raise ValueError(f"{name} must have at least one column, got shape {array.shape}")
    if shape is not None and array.ndim > 1:
        rest = array.shape[1:]
        squeezed = [s for s in rest if s != 1]
        if len(shape) == 1:  # images may be flattened, but a vector with one axis too many is a mistake
            fits = rest == shape or (prod(rest) == shape[0] and (len(squeezed) > 1 or len(rest) > 2))
        else:
            fits = prod(rest) == prod(shape) and (len(rest) == 1 or squeezed == [s for s in shape if s != 1])
        if not fits:
            hint = ""
            if prod(rest) == prod(shape):
                hint = f": pass {name}.reshape(len({name}), {', '.join(map(str, shape))})"
            if len(rest) == 3 and len(shape) == 3 and rest == (shape[2], shape[0], shape[1]):
                hint = f": put the channels last with {name}.transpose(0, 2, 3, 1)"
            raise ValueError(f"{name} must be an array of shape {want}, got shape {array.shape}{hint}")
    if array.shape[0] < min_rows:
        rule = "at least one row" if min_rows == 1 else f"at least {min_rows} rows"
        raise ValueError(f"{name} must have {rule}, got shape {array.shape}")
    # A data frame names its columns in messages, so the frame itself goes on unless its array needs another shape.
    result = as_array(X if array.ndim == 2 else array, name, dtype, elements=elements, finite=finite)
    return result if result.ndim == 2 else result.reshape(result.shape[0], prod(result.shape[1:]))


def as_parameters(w: Any, size: int, name: str = "w", dtype: npt.DTypeLike = np.float64) -> Array:
    """Return a finite vector of `size` entries, C-contiguous."""
    array = as_numeric(w, name)
    if array.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), got shape {array.shape}")
    return as_array(array, name, dtype, unit="entry")


def as_scale(value: Any, size: int, name: str, dtype: npt.DTypeLike = np.float64) -> Array | None:
    """Return None, or a finite vector of `size` entries from a number or a vector."""
    if value is None:
        return None
    array = as_numeric(value, name)
    if array.size == size and array.ndim > 0:
        array = array.reshape(-1)
    elif array.ndim != 0:
        raise ValueError(f"{name} must be a number or have {size} entries, got shape {array.shape}")
    if array.ndim == 0 and not np.isfinite(array):
        raise ValueError(f"{name} must be finite, got {array!s}")
    return as_array(np.broadcast_to(array, (size,)), name, dtype, unit="entry")


def as_weights(
    weights: Any, n: int, name: str = "sample_weight", dtype: npt.DTypeLike = np.float64, data: str = "X"
) -> Array | None:
    """Return None, or n finite weights of at least 0 with a positive sum, C-contiguous."""
    if weights is None:
        return None
    array = as_numeric(weights, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array.reshape(-1)
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape ({n},), got shape {array.shape}")
    check_same_rows(array.shape[0], n, name, data)
    result = as_array(array, name, dtype)
    if result.min() < 0:
        first = int((result < 0).argmax())
        raise ValueError(f"{name} must not be negative, got {result[first]:g} at row {first}")
    if not result.any():
        raise ValueError(f"{name} must have a positive sum, got zero for every row")
    return result


def check_same_rows(rows: int, expected: int, name: str, data: str = "X") -> None:
    """Refuse a different number of rows."""
    if rows != expected:
        raise ValueError(f"{name} must have as many rows as {data} ({expected}), got {rows}")
