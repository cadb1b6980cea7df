"""Validation rows of the user's own, and the score that early stopping watches: any scorer, or the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring, r2_score
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d, validate_data

from .._validation import Array
from ._labels import accuracy

__all__ = ["ValidationMixin"]


class ValidationMixin:
    """X_val and y_val of `fit`, and `scoring`."""

    def _validated_rows(self: Any) -> tuple[Any, Array, None] | None:
        """Return X_val and y_val of this fit, checked; None without."""
        given = self.__dict__.get("_held")
        if given is None:
            return None
        X, y = given
        X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32), reset=False)
        y = check_array(y, ensure_2d=False, dtype=None if is_classifier(self) else "numeric", input_name="y_val")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y)
        check_consistent_length(X, y)
        if self.scoring == "loss" and is_classifier(self) and y.ndim == 1 and not np.isin(y, self.classes_).all():
            unknown = y[~np.isin(y, self.classes_)][0]
            raise ValueError(f"y_val must hold classes of y with scoring='loss', got {unknown!r}")
        return X, y, None

    def _score(self: Any, X: Any, y: Array, sample_weight: Array | None = None) -> float:
        """Return the score of validation rows: accuracy or r2, `scoring`, or minus the loss."""
        if self.scoring is None:  # not scikit-learn's own `_score`, which had no weights before 1.7
            predicted = self._predict(X, check_input=False)
            if predicted.dtype.kind == "f" and not np.isfinite(predicted).all():
                return float("nan")
            score = accuracy if is_classifier(self) else r2_score
            return float(score(y, predicted, sample_weight=sample_weight))
        if self.scoring == "loss":
            rows = self._label_binarizer.transform(y) if is_classifier(self) else y
            part = self._part(self._network(), X, rows.reshape(len(rows), -1), sample_weight)
            return -float(self._held_trainer.evaluate(*part.arrays()))
        view = object.__new__(type(self))  # without feature names, which arrays lack
        view.__dict__.update(self.__dict__)
        view.__dict__.pop("feature_names_in_", None)
        scorer = check_scoring(view, scoring=self.scoring)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(scorer(view, X, y, **weights))
