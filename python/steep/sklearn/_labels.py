"""
Class labels to rows of the network's targets, by one pass over plain arrays.

scikit-learn asks four times for the distinct values and goes through a sparse matrix, which for small data takes longer
than an epoch, and for 100,000 rows half an epoch. What is not a vector of integers or strings is left to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import column_or_1d, validate_data

from .._validation import Array

__all__ = ["LabelsMixin", "accuracy"]


def accuracy(y: Array, predicted: Array, sample_weight: Array | None = None) -> float:
    """Return `sklearn.metrics.accuracy_score`, whose checks of two plain vectors take longer than a prediction."""
    alike = _is_plain(y) and _is_plain(predicted) and y.dtype.kind == predicted.dtype.kind and len(y) == len(predicted)
    if alike and sample_weight is None:
        return float(np.mean(y == predicted))
    return float(accuracy_score(y, predicted, sample_weight=sample_weight))


class LabelsMixin:
    """`_validate_input` and `score` of the classifier."""

    def score(self: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        """
        Return the accuracy.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
        """
        return accuracy(y, self.predict(X), sample_weight)

    def _validate_input(self: Any, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        known = hasattr(self, "classes_") and (self.warm_start or incremental)
        if known and (self.warm_start or not _is_plain(np.asanyarray(y))):
            return super()._validate_input(X, y, incremental, reset)  # type: ignore[misc,no-any-return]
        X, labels = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=(np.float64, np.float32), reset=reset
        )
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = column_or_1d(labels, warn=True)
        if known:
            index = _places(labels, self.classes_)
            if index is None:
                return super()._validate_input(X, y, incremental, reset)  # type: ignore[misc,no-any-return]
            return X, _indicators(index, len(self.classes_))
        self._label_binarizer = LabelBinarizer()
        found = _encode(labels)
        if found is None:
            self._label_binarizer.fit(labels)
            self.classes_ = self._label_binarizer.classes_
            return X, self._label_binarizer.transform(labels).astype(bool)
        self.classes_, index = found
        kind = "binary" if len(self.classes_) == 2 else "multiclass"
        vars(self._label_binarizer).update(y_type_=kind, sparse_input_=False, classes_=self.classes_)
        return X, _indicators(index, len(self.classes_))


def _is_plain(y: Array) -> bool:
    return type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "iuU"


def _encode(y: Array) -> tuple[Array, Array] | None:
    """Return the classes in order and each row's index among them; None for what scikit-learn must judge."""
    if not _is_plain(y):
        return None
    if y.dtype.kind == "U":
        names, index = np.unique(y, return_inverse=True)
        classes = np.asarray(names.tolist())  # as long as the longest of them
    else:
        low, high = int(y.min()), int(y.max())
        if high - low >= max(1000, 2 * len(y)) or high > np.iinfo(np.int64).max:
            return None
        offsets = y.astype(np.int64, copy=False) - low
        present = np.bincount(offsets) > 0
        index = (np.cumsum(present) - 1)[offsets]
        classes = (np.flatnonzero(present) + low).astype(y.dtype)
    return (classes, index) if 2 <= len(classes) <= max(2, len(y) // 2) else None


def _places(y: Array, classes: Array) -> Array | None:
    """Return each row's index among sorted classes; None where one is another."""
    if y.dtype.kind != classes.dtype.kind or len(classes) < 2:
        return None
    index: Array = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    return index if (classes[index] == y).all() else None


def _indicators(index: Array, classes: int) -> Array:
    """Return bool targets: a column for two classes, else one for each."""
    found: Array = (index == 1)[:, None] if classes == 2 else index[:, None] == np.arange(classes)
    return found
