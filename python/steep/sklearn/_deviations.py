"""Regression by absolute, pinball and largest errors, solved exactly by an interior point."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .. import problems
from .._minimize import minimize
from .._validation import Array

__all__ = ["ChebyshevRegressor", "LADRegressor"]


class _Deviations(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Checks, the call of `minimize`, and predictions."""

    _parameter_constraints: ClassVar[Any] = {
        "fit_intercept": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
    }

    def _checked(self: Any, X: Any, y: Any) -> tuple[Array, Array]:
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        return X, y.astype(np.float64, copy=False)

    def _solve(self: Any, f: Any, X: Array, y: Array, weights: Array | None = None) -> Any:
        d = X.shape[1]
        if self._interpolates(X, y, weights):
            return self
        result = minimize(f, np.zeros(f.dim), "auto", tol=self.tol, max_iter=self.max_iter)
        if result.status in ("max_iter", "max_time"):
            warnings.warn(f"{type(self).__name__}: {result.message}", ConvergenceWarning, stacklevel=3)
        self.coef_ = result.x[:d]
        self.intercept_ = np.float64(result.x[d]) if self.fit_intercept else 0.0
        self.n_iter_ = int(result.nit)
        self.optimality_ = float(result.certificate.value)
        return self

    def _interpolates(self: Any, X: Array, y: Array, weights: Array | None) -> bool:
        """Where every row can be fitted, take of the many minimizers the one of least norm."""
        if weights is not None:
            X, y = X[weights > 0], y[weights > 0]
        if not len(y):
            return False
        f = problems.least_squares(X, y, intercept=self.fit_intercept)
        coef, intercept = f.unpack(minimize(f, method="direct").x)
        miss = float(np.abs(y - X @ coef - intercept).max())
        if not miss <= 1e-12 * float(np.abs(y).max()):
            return False
        self.coef_, self.intercept_ = coef, np.float64(intercept) if self.fit_intercept else 0.0
        self.n_iter_, self.optimality_ = 0, 0.0
        return True

    def predict(self: Any, X: Any) -> Array:
        """
        Return ``X coef_ + intercept_``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X @ self.coef_ + self.intercept_  # type: ignore[no-any-return]


class LADRegressor(_Deviations):
    """
    Least absolute deviations, or a quantile: ``min sum s_i max(q r_i, (q - 1) r_i)`` with ``r = y - X w - b``.

    Parameters
    ----------
    quantile : float in (0, 1), default 0.5
        q; one half is least absolute deviations.
    fit_intercept : bool, default True
    tol : float, default 1e-8
        Of the duality gap, relative to the objective.
    max_iter : int, optional

    Attributes
    ----------
    coef_ : array (n_features,)
    intercept_ : float
    n_iter_ : int
    optimality_ : float
        The duality gap of the sum.

    Notes
    -----
    Unpenalized; scikit-learn's QuantileRegressor adds ``alpha ||w||_1`` and takes the mean. Where every row can be
    fitted exactly, the coefficients are those of least norm.

    Examples
    --------
    >>> from steep.sklearn import LADRegressor
    >>> model = LADRegressor().fit([[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 100.0])
    >>> model.coef_.round(6), float(model.intercept_.round(6))
    (array([2.]), 1.0)
    """

    _parameter_constraints: ClassVar[Any] = {
        **_Deviations._parameter_constraints,
        "quantile": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self, *, quantile: float = 0.5, fit_intercept: bool = True, tol: float = 1e-8, max_iter: int | None = None
    ) -> None:
        self.quantile = quantile
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LADRegressor:
        """
        Fit the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        """
        X, y = self._checked(X, y)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=np.float64)
        if self.quantile == 0.5:
            f = problems.lad(X, y, intercept=self.fit_intercept, sample_weight=weights)
        else:
            f = problems.quantile(X, y, self.quantile, intercept=self.fit_intercept, sample_weight=weights)
        return self._solve(f, X, y, weights)  # type: ignore[no-any-return]


class ChebyshevRegressor(_Deviations):
    """
    Chebyshev regression: the smallest largest error, ``min max_i |y_i - x_i'w - b|``.

    Parameters
    ----------
    fit_intercept : bool, default True
    tol : float, default 1e-8
        Of the duality gap, relative to the objective.
    max_iter : int, optional

    Attributes
    ----------
    coef_ : array (n_features,)
    intercept_ : float
    n_iter_ : int
    optimality_ : float
        The duality gap.

    Notes
    -----
    No sample weights: of a largest error they have no one meaning. Rows are dense, as for LADRegressor: the interior
    point factors a matrix of all features.

    Examples
    --------
    >>> from steep.sklearn import ChebyshevRegressor
    >>> model = ChebyshevRegressor(fit_intercept=False).fit([[1.0], [1.0], [1.0]], [1.0, 2.0, 30.0])
    >>> model.coef_.round(6)
    array([15.5])
    """

    def __init__(self, *, fit_intercept: bool = True, tol: float = 1e-8, max_iter: int | None = None) -> None:
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any) -> ChebyshevRegressor:
        """
        Fit the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        """
        X, y = self._checked(X, y)
        return self._solve(problems.chebyshev(X, y, intercept=self.fit_intercept), X, y)  # type: ignore[no-any-return]
