"""What the linear regressors share: checks of their input, weights, and the pieces of a fit."""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight, validate_data

from .._validation import Array

__all__ = ["checked", "starting_point"]


def checked(
    estimator: Any, X: Any, y: Any, sample_weight: Any, *, multi_output: bool = False
) -> tuple[Any, Array, Array | None]:
    """
    Return X (dense or CSR, float32 or float64), y of its type, and weights, by scikit-learn's checks.

    Parameters
    ----------
    estimator : estimator
        Its number and names of features are set.
    X, y : array-like
    sample_weight : array-like or float, optional
        A number means no weights.
    multi_output : bool
        Whether y may have columns.
    """
    X, y = validate_data(
        estimator, X, y, accept_sparse="csr", dtype=[np.float64, np.float32], multi_output=multi_output, y_numeric=True
    )
    y = np.asarray(y, X.dtype)
    if sample_weight is not None:
        uniform = isinstance(sample_weight, Number)
        sample_weight = None if uniform else _check_sample_weight(sample_weight, X, dtype=np.float64)
    return X, y, sample_weight


def starting_point(estimator: Any, dim: int) -> Array | None:
    """Return the variables of the last fit for a warm start, else None."""
    if not estimator.warm_start or not hasattr(estimator, "coef_"):
        return None
    parts = [np.ravel(estimator.coef_)] + ([np.ravel(estimator.intercept_)] if estimator.fit_intercept else [])
    found: Array = np.concatenate(parts).astype(np.float64)
    return found if found.size == dim else None
