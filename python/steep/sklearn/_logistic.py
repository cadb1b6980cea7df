"""Logistic regression: scikit-learn's class with steep's solvers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression as _LogisticRegression

from .._validation import Array
from ._liblinear import Liblinear
from ._linear import LinearFit, class_weights, fit_linear
from ._rebind import rebind

__all__ = ["LogisticRegression"]


class LogisticRegression(_LogisticRegression):  # type: ignore[misc]
    """
    scikit-learn's ``LogisticRegression``, solved by :func:`steep.minimize` with method "auto".

    All parameters, attributes and methods are those of :class:`sklearn.linear_model.LogisticRegression`. `solver` says
    which penalties are allowed, as there, and "liblinear" that the intercept is penalized; the method is steep's choice
    in any case. Sparse rows stay sparse.

    Attributes
    ----------
    optimality_ : float
        The largest entry of the gradient of the mean objective, or the duality gap under an l1 penalty.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from steep.sklearn import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=200).fit(X, y)
    >>> model.score(X, y) > 0.95, model.optimality_ < 1e-4
    (True, True)
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """
        Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        """
        self._validate_params()
        path, liblinear = _Path(), Liblinear()
        names = {"_logistic_regression_path": path, "_fit_liblinear": liblinear}
        rebind(_LogisticRegression.fit, **names)(self, X, y, sample_weight)
        self.optimality_ = liblinear.optimality if self.solver == "liblinear" else path.optimality
        return self


class _Path:
    """Stands for scikit-learn's `_logistic_regression_path`, for one C."""

    def __init__(self) -> None:
        self.optimality = 0.0

    def __call__(
        self,
        X: Any,
        y: Array,
        *,
        Cs: Any,
        l1_ratio: float | None,
        fit_intercept: bool,
        tol: float,
        max_iter: int,
        class_weight: Any,
        penalty: str | None,
        classes: Array | None = None,
        coef: Array | None = None,
        sample_weight: Array | None = None,
        **others: Any,
    ) -> tuple[Array, Array, Array]:
        """Return coefficients (1, d) or (1, k, d) with the intercepts last, the Cs, and the iterations."""
        if classes is None:  # before 1.8
            classes = np.unique(y)
        index = np.searchsorted(classes, y)
        w = np.ones(len(y)) if sample_weight is None else np.array(sample_weight, np.float64)
        if class_weight is not None:
            w = w * class_weights(class_weight, classes, y, w)[index]
        strength = 1.0 / (float(Cs[0]) * w.sum())  # 0 for C = inf
        ratio = {"l1": 1.0, "elasticnet": l1_ratio}.get(penalty or "", 0.0) or 0.0
        k = len(classes)
        fit = fit_linear(
            X, index if k > 2 else (index == 1).astype(X.dtype), "softmax_cross_entropy" if k > 2 else "logistic",
            l1=ratio * strength, l2=(1 - ratio) * strength, intercept=fit_intercept, outputs=k if k > 2 else None,
            sample_weight=None if np.ptp(w) == 0 else w, tol=tol, max_iter=max_iter,
            start=_start(coef, fit_intercept, k),
        )  # fmt: skip
        self.optimality = fit.optimality
        return self._coefficients(fit, X.dtype, fit_intercept, k)[None], np.asarray(Cs), np.array([fit.n_iter])

    def _coefficients(self, fit: LinearFit, dtype: Any, fit_intercept: bool, k: int) -> Array:
        W = np.atleast_2d(fit.coef)
        b = np.atleast_1d(fit.intercept) if fit_intercept else None
        if k > 2 and b is not None:  # intercepts are free up to a common constant: that of mean 0
            b = b - b.mean()
        whole = W if b is None else np.hstack([W, b[:, None]])
        return (whole if k > 2 else whole[0]).astype(dtype, copy=False)


def _start(coef: Array | None, fit_intercept: bool, k: int) -> Array | None:
    """Return scikit-learn's coefficients, intercepts in the last column, as the objective's variables."""
    if coef is None:
        return None
    coef = np.atleast_2d(np.asarray(coef, np.float64))
    if fit_intercept:
        return np.concatenate([coef[:, :-1].ravel(), coef[:, -1]])
    return coef.ravel()
