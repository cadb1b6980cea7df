"""The lasso and the elastic net: scikit-learn's classes, by coordinate descent on working sets."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.linear_model import ElasticNet as _ElasticNet
from sklearn.linear_model import Lasso as _Lasso

from .._validation import Array
from ._linear import LinearFit, fit_linear
from ._regressors import checked

__all__ = ["ElasticNet", "Lasso"]

_WARNING = (
    "Objective did not converge. You might want to increase the number of iterations, check the scale of the features "
    "or consider increasing regularisation. {method} made {nit} iteration(s)"
)


class _LassoMixin:
    """`fit` of both; the lasso has l1_ratio 1."""

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self: Any, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> Any:
        """
        Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), optional
        check_input : bool
            Without effect: the checks are made.
        """
        if self.positive:
            super().fit(X, y, sample_weight, check_input)  # type: ignore[misc]
            self.optimality_ = float(np.max(self.dual_gap_))
            return self
        if self.alpha == 0:
            warnings.warn(
                "With alpha=0, this algorithm does not converge well. You are advised to use the LinearRegression "
                "estimator",
                stacklevel=2,
            )
        X, y, weights = checked(self, X, y, sample_weight, multi_output=True)
        if not isinstance(self.precompute, bool | np.bool_ | np.ndarray):
            raise ValueError(f"Precompute should be one of True, False, 'auto' or array-like. Got {self.precompute!r}")
        kept = np.atleast_2d(self.coef_) if self.warm_start and hasattr(self, "coef_") else None
        columns = y.reshape(len(y), -1).T
        fits = [
            self._fit_column(X, np.ascontiguousarray(column), weights, None if kept is None else kept[i])
            for i, column in enumerate(columns)
        ]
        if not all(np.isfinite(fit.result.x).all() for fit in fits):
            raise ValueError(
                "Coordinate descent iterations resulted in non-finite parameter values. The input data may contain "
                "large values and need to be preprocessed."
            )
        gaps = np.array([fit.optimality for fit in fits], X.dtype)
        single = len(fits) == 1
        coef = np.vstack([fit.coef for fit in fits]).astype(X.dtype, copy=False)
        self.coef_ = coef[0] if single else coef
        intercepts = np.array([fit.intercept for fit in fits], X.dtype)
        if not self.fit_intercept:
            self.intercept_ = 0.0
        else:
            self.intercept_ = intercepts[0] if y.ndim == 1 else intercepts
        self.dual_gap_ = gaps[0] if single else gaps
        self.n_iter_ = fits[0].n_iter if single else [fit.n_iter for fit in fits]
        self.optimality_ = float(gaps.max())
        return self

    def _fit_column(self: Any, X: Any, y: Array, weights: Array | None, before: Array | None) -> LinearFit:
        # y is brought to unit size, so that tol is relative to ||y||^2 / n as scikit-learn's is
        spread = float(np.std(y)) if self.fit_intercept else float(np.sqrt(np.mean(np.square(y))))
        size = spread if spread > 0 else 1.0
        start = None if before is None else np.append(before, [np.average(y)] if self.fit_intercept else []) / size
        fit = fit_linear(
            X, (y / size).astype(X.dtype, copy=False), "squared_error", l1=self.alpha * self.l1_ratio / size,
            l2=self.alpha * (1 - self.l1_ratio), intercept=self.fit_intercept, sample_weight=weights, tol=self.tol,
            max_iter=self.max_iter, start=start, warning=_WARNING,
        )  # fmt: skip
        fit.coef, fit.intercept, fit.optimality = fit.coef * size, fit.intercept * size, fit.optimality * size**2
        return fit


class ElasticNet(_LassoMixin, _ElasticNet):  # type: ignore[misc]
    """
    scikit-learn's ``ElasticNet``, solved by :class:`steep.CoordinateDescent`.

    All parameters, attributes and methods are those of :class:`sklearn.linear_model.ElasticNet`; ``positive=True`` is
    left to it, and `precompute`, `selection` and `random_state` change nothing. Sparse rows stay sparse.

    Attributes
    ----------
    optimality_ : float
        The duality gap (the gradient's largest entry where l1_ratio is 0).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from steep.sklearn import ElasticNet
    >>> X, y = load_diabetes(return_X_y=True)
    >>> ElasticNet(alpha=0.1).fit(X, y).optimality_ < 1e-3
    True
    """


class Lasso(_LassoMixin, _Lasso):  # type: ignore[misc]
    """
    scikit-learn's ``Lasso``, solved by :class:`steep.CoordinateDescent`.

    All parameters, attributes and methods are those of :class:`sklearn.linear_model.Lasso`; see
    :class:`steep.sklearn.ElasticNet`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from steep.sklearn import Lasso
    >>> X, y = load_diabetes(return_X_y=True)
    >>> int((Lasso(alpha=1.0).fit(X, y).coef_ != 0).sum())
    3
    """
