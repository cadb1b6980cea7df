"""Logistic regression: scikit-learn's class with steep's solvers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.linear_model import LogisticRegression as _LogisticRegression
from sklearn.utils.validation import _check_sample_weight

from .._validation import Array
from ._callbacks import Iterations
from ._liblinear import Liblinear
from ._linear import WARNINGS, class_weights, fit_linear
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

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """
        Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        """
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
        solver: str = "lbfgs",
        callback_ctx: Any = None,
        estimator: Any = None,
        **others: Any,
    ) -> tuple[Array, Array, Array]:
        """Return coefficients (1, d) or (1, k, d) with the intercepts last, the Cs, and the iterations."""
        if classes is None:  # before 1.8
            classes = np.unique(y)
        index = np.searchsorted(classes, y)
        w = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if class_weight is not None:
            w = w * class_weights(class_weight, classes, y, w)[index]
        strength = 1.0 / (float(Cs[0]) * w.sum())  # 0 for C = inf
        ratio = {"l1": 1.0, "elasticnet": l1_ratio}.get(penalty or "", 0.0) or 0.0
        k = len(classes)
        size = (1 if k == 2 else k) * (X.shape[1] + bool(fit_intercept))
        start = np.zeros(size) if coef is None else _start(coef, fit_intercept)
        tasks = None
        if callback_ctx is not None and solver == "lbfgs" and hasattr(estimator, "_skl_callbacks"):
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}

            def attributes(x: Array) -> dict[str, Array]:
                edge = size - (1 if k == 2 else k) * bool(fit_intercept)
                whole = np.atleast_2d(
                    _coefficients(x[:edge].reshape(-1, X.shape[1]), x[edge:], X.dtype, fit_intercept, k, strength == 0)
                )
                W = whole[:, : X.shape[1]]
                return {"coef_": W, "intercept_": whole[:, -1] if fit_intercept else np.zeros(len(W), X.dtype)}

            tasks = Iterations(callback_ctx, estimator, X, y, metadata, attributes, start)
        fit = fit_linear(
            X, index if k > 2 else (index == 1).astype(X.dtype), "softmax_cross_entropy" if k > 2 else "logistic",
            l1=ratio * strength, l2=(1 - ratio) * strength, intercept=fit_intercept, outputs=k if k > 2 else None,
            sample_weight=None if np.ptp(w) == 0 else w, tol=tol, max_iter=max_iter,
            start=start, warning=WARNINGS[solver], callback=tasks,
        )  # fmt: skip
        self.optimality = fit.optimality
        if tasks is not None:
            tasks.close(fit.result.x)
        coef = _coefficients(fit.coef, fit.intercept, X.dtype, fit_intercept, k, strength == 0)
        return coef[None], np.asarray(Cs), np.array([fit.n_iter])


def _start(coef: Array, fit_intercept: bool) -> Array:
    """Return scikit-learn's coefficients, intercepts in the last column, as the objective's variables."""
    coef = np.atleast_2d(np.asarray(coef, np.float64))
    if fit_intercept:
        return np.concatenate([coef[:, :-1].ravel(), coef[:, -1]])
    return coef.ravel()


def _coefficients(W: Array, b: Any, dtype: Any, fit_intercept: bool, k: int, free: bool) -> Array:
    """Return coefficients as scikit-learn's solvers do, intercepts in the last column."""
    W = np.atleast_2d(W)
    if k > 2 and free:  # without a penalty all rows are free up to a common one: that of mean 0
        W = W - W.mean(axis=0)
    whole = W
    if fit_intercept:
        b = np.atleast_1d(b)
        whole = np.hstack([W, (b - b.mean() if k > 2 else b)[:, None]])  # intercepts are free in any case
    return (whole if k > 2 else whole[0]).astype(dtype, copy=False)
