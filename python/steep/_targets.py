"""Targets of the losses, in the form the core reads: float rows, or class indices.

===================================================  ==========================================================
loss                                                 accepted `y` for k outputs
===================================================  ==========================================================
squared_error, absolute_error, huber, pinball,       real numbers (n, k); also (n,) where k is 1
epsilon_insensitive and its square, soft_l1, cauchy
poisson                                              the same, at least 0
cross_entropy, softmax_cross_entropy                 class indices (n,) from 0 to k - 1, one-hot rows or class
                                                     probabilities (n, k)
binary_cross_entropy, logistic                       0 and 1, -1 and 1, bool, or probabilities: (n, k), (n,)
hinge, squared_hinge, perceptron                     0 and 1, -1 and 1, or bool: (n, k), also (n,) where k is 1
===================================================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ._checks import check_non_negative, show
from ._validation import Array, as_array, as_numeric, check_finite, check_same_rows

CLASS_LOSSES = ("cross_entropy", "softmax_cross_entropy")
MARGIN_LOSSES = ("hinge", "squared_hinge", "perceptron")
BINARY_LOSSES = ("binary_cross_entropy", "logistic", *MARGIN_LOSSES)


def as_targets(
    y: Any,
    loss: str,
    outputs: int,
    n: int,
    dtype: npt.DTypeLike = np.float64,
    *,
    name: str = "y",
    data: str = "X",
) -> tuple[Array | None, npt.NDArray[np.int32] | None]:
    """
    Return (rows, labels) of which one is None: float rows (n, outputs), or class indices (n,) as int32.

    Parameters
    ----------
    y : array_like
        See the module's table.
    loss : str
        The loss's name.
    outputs : int
        How many outputs the network has.
    n : int
        How many rows `data` has.
    dtype : float32 or float64
        Of the float rows.
    name, data : str
        The arguments' names, for messages.
    """
    array = _numeric_targets(y, name)
    check_same_rows(array.shape[0] if array.ndim else 0, n, name, data)
    if loss in CLASS_LOSSES and (array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1 and outputs != 1)):
        return None, as_labels(array, outputs, name=name)
    if array.ndim == 1 and outputs == 1:
        array = array.reshape(-1, 1)
    if array.shape != (n, outputs):
        hint = ""
        if array.ndim == 1 and array.dtype.kind in "bui":
            hint = ": class indices go with loss='cross_entropy' and a softmax output"
        elif loss in CLASS_LOSSES:
            hint = f": or give class indices of shape ({n},)"
        raise ValueError(f"{name} must have shape ({n}, {outputs}), got shape {array.shape}{hint}")
    if loss in CLASS_LOSSES:
        return _as_distribution(array, name, dtype), None
    if loss in BINARY_LOSSES:
        return _as_binary(array, name, dtype, probabilities=loss not in MARGIN_LOSSES), None
    rows = as_array(array, name, dtype)
    if loss == "poisson":
        _refuse(rows < 0, array, name, "at least 0 for the poisson loss")
    return rows, None


def as_labels(y: Any, n_classes: int | None = None, *, name: str = "y") -> npt.NDArray[np.int32]:
    """Return class indices (n,) as int32; whole floats and bool are accepted. None: any number of classes."""
    array = _numeric_targets(y, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array.reshape(-1)
    if array.ndim != 1:
        raise ValueError(f"{name} must be class indices of shape (n,), got shape {array.shape}")
    if array.dtype.kind == "f":
        check_finite(array, name)
        _refuse(array != np.floor(array), array, name, "whole class indices")
    top = np.iinfo(np.int32).max if n_classes is None else n_classes - 1
    rule = "class indices of at least 0" if n_classes is None else f"class indices from 0 to {top}"
    if n_classes == 2 and array.size and array.min() == -1 and array.max() <= 1:
        rule += " (labels -1 and 1 go with one output and loss='logistic' or 'hinge')"
    if array.dtype.kind != "b":
        _refuse((array < 0) | (array > top), array, name, rule)
    return np.ascontiguousarray(array, dtype=np.int32)


def as_class_weights(
    class_weight: Any, labels: npt.NDArray[np.int32], n_classes: int, name: str = "class_weight"
) -> npt.NDArray[np.float64]:
    """
    Return one weight a class from None, "balanced", a dict {class: weight} or a sequence of n_classes numbers.

    "balanced" is n / (n_classes count), scikit-learn's rule; a class without rows gets weight 1.
    """
    if class_weight is None:
        return np.ones(n_classes)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(f"{name} must be None, 'balanced', a dict or one number a class, got {class_weight!r}")
        counts = np.bincount(labels, minlength=n_classes).astype(np.float64)
        return np.where(counts > 0, labels.size / (n_classes * np.maximum(counts, 1)), 1.0)
    result = np.ones(n_classes)
    if isinstance(class_weight, Mapping):
        for key, value in class_weight.items():
            if isinstance(key, bool) or not isinstance(key, (int, np.integer)) or not 0 <= key < n_classes:
                raise ValueError(f"{name} must have class indices from 0 to {n_classes - 1} as keys, got {show(key)}")
            result[key] = check_non_negative(value, f"{name}[{key}]")
        return result
    given = as_array(class_weight, name, np.float64, unit="class")
    if given.shape != (n_classes,):
        raise ValueError(f"{name} must have one number a class ({n_classes}), got shape {given.shape}")
    _refuse(given < 0, given, name, "at least 0", "class")
    return given


def encode_classes(y: Any, name: str = "y") -> tuple[npt.NDArray[Any], npt.NDArray[np.int32]]:
    """Return the sorted distinct labels (strings or numbers) and each row's index among them; one class is refused."""
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array.reshape(-1)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one label a row of shape (n,), got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must have at least one row, got none")
    if array.dtype.kind == "O":
        for row, value in enumerate(array):
            if value is None or value != value:
                raise ValueError(f"{name} must have no missing labels, got {show(value)} at row {row}")
        array = (
            np.array([str(v) for v in array])
            if any(isinstance(v, str) for v in array)
            else as_numeric(array.tolist(), name)
        )
    check_finite(array, name)
    classes, labels = np.unique(array, return_inverse=True)
    if classes.size < 2:
        raise ValueError(f"{name} must have at least two classes, got only {show(classes[0].item())}")
    return classes, labels.astype(np.int32)


def _numeric_targets(y: Any, name: str) -> Array:
    try:
        array = as_numeric(y, name)
    except TypeError as error:
        text = str(error)
        if "strings" in text or "bytes" in text or ("dtype object" in text and "convert it" not in text):
            raise TypeError(f"{error}: encode classes with np.unique({name}, return_inverse=True)[1]") from None
        raise
    if array.ndim == 0:
        raise ValueError(f"{name} must have one row a sample, got a scalar")
    return array


def _as_distribution(array: Array, name: str, dtype: npt.DTypeLike) -> Array:
    rows = as_array(array, name, dtype)
    _refuse(rows < 0, array, name, "class probabilities of at least 0")
    sums = rows.sum(axis=1, dtype=np.float64)
    wrong = np.abs(sums - 1) > 1e-4  # room for probabilities printed with few digits or kept in float16
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"{name} must have one-hot rows or probabilities that add to 1, got {sums[row]:g} at row {row}"
        )
    return rows


def _as_binary(array: Array, name: str, dtype: npt.DTypeLike, probabilities: bool) -> Array:
    rows = as_array(array, name, dtype)
    if probabilities:
        if rows.min() >= 0 and rows.max() <= 1:
            return rows
        rule = "0 and 1, -1 and 1, or probabilities"
    else:
        if not np.any((rows != 0) & (rows != 1)):
            return rows
        rule = "0 and 1, or -1 and 1"
    signs = (rows == 1) | (rows == -1)
    if not signs.all():
        allowed = signs | ((rows >= 0) & (rows <= 1) if probabilities else rows == 0)
        _refuse(~allowed, array, name, rule)  # a value that fits nowhere, else one that does not go with the -1s
        _refuse(~signs, array, name, rule)
    half: Array = (rows + 1) / 2
    return half


def _refuse(bad: npt.NDArray[np.bool_], array: Array, name: str, rule: str, unit: str = "row") -> None:
    if not bad.any():
        return
    index = np.unravel_index(int(bad.argmax()), bad.shape)
    place = f" at {unit} {int(index[0])}" if len(index) else ""
    if len(index) == 2 and bad.shape[1] > 1:
        place += f", column {int(index[1])}"
    raise ValueError(f"{name} must be {rule}, got {array[index]!s}{place}")
