"""
Huber's regression with its own scale: scikit-learn's class, by steep's linear solvers.

The objective ``sum s_i (sigma + H(r_i / sigma) sigma) + alpha ||w||^2``, H(z) = z^2 within epsilon and
``2 epsilon |z| - epsilon^2`` beyond, is convex in (w, sigma) together. For a fixed sigma it is a linear model with
Huber's loss of delta ``epsilon sigma``; for fixed w the best sigma is a root, found in sorted residuals.
The two alternate until sigma stands still.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import HuberRegressor as _HuberRegressor

from .._validation import Array
from ._linear import fit_linear
from ._regressors import checked

__all__ = ["HuberRegressor"]

_LEAST_SCALE = 10 * np.finfo(np.float64).eps


class HuberRegressor(_HuberRegressor):  # type: ignore[misc]
    """
    scikit-learn's ``HuberRegressor``, by alternating a linear fit and the scale.

    All parameters, attributes and methods are those of :class:`sklearn.linear_model.HuberRegressor`. Sparse rows stay
    sparse.

    Attributes
    ----------
    optimality_ : float
        The largest entry of the gradient with respect to coefficients, intercept and scale, over the sum of weights.

    Examples
    --------
    >>> from steep.sklearn import HuberRegressor
    >>> x, y = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]], [0.1, 1.0, 2.0, 2.9, 4.1, 40.0]
    >>> HuberRegressor(alpha=0.0).fit(x, y).coef_.round(2)
    array([1.03])
    """

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self: Any, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """
        Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        """
        X, y, weights = checked(self, X, y, sample_weight)
        w = np.ones(len(y)) if weights is None else weights
        total = float(w.sum())
        warm: Any = self.warm_start and hasattr(self, "coef_")
        intercept, coef = (self.intercept_, self.coef_) if warm else (0.0, np.zeros(X.shape[1]))
        residual = y - X @ coef - intercept
        sigma = float(self.scale_) if warm else max(float(np.average(np.abs(residual), weights=w)), _LEAST_SCALE)
        self.n_iter_ = 0
        done = bool(warm) and self._gradient(X, residual, w, coef, sigma) <= self.tol
        while self.n_iter_ < self.max_iter and not done:
            start = np.append(coef, [intercept] if self.fit_intercept else [])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # the outer count says it
                fit = fit_linear(
                    X, y, "huber", loss_parameter=self.epsilon * sigma, l2=self.alpha * sigma / total,
                    intercept=self.fit_intercept, sample_weight=weights, tol=self.tol * sigma / 4, start=start,
                    max_iter=100,
                )  # fmt: skip
            coef, intercept = fit.coef, float(fit.intercept)
            residual = y - X @ coef - intercept
            before, sigma = sigma, _best_scale(np.abs(residual), w, self.epsilon)
            self.n_iter_ += int(fit.n_iter > 0 or sigma != before)
            done = bool(abs(sigma - before) <= 1e-2 * self.tol * sigma or sigma <= _LEAST_SCALE)
        self.coef_ = coef.astype(np.float64, copy=False)
        self.intercept_ = np.float64(intercept) if self.fit_intercept else 0.0
        self.scale_ = np.float64(sigma)
        residual = np.abs(y - X @ self.coef_ - intercept)
        self.outliers_ = residual > sigma * self.epsilon
        self.optimality_ = self._gradient(X, y - X @ coef - intercept, w, coef, sigma) / total
        if not done:
            warnings.warn(
                f"lbfgs failed to converge after {self.n_iter_} iteration(s) (here: alternating fits and scales). "
                "Increase the number of iterations or scale the data.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _gradient(self, X: Any, residual: Array, w: Array, coef: Array, sigma: float) -> float:
        z = residual / sigma
        inside = np.abs(z) <= self.epsilon
        slope = w * np.where(inside, 2 * z, 2 * self.epsilon * np.sign(z))
        by_scale = float((w * np.where(inside, 1 - z * z, 1 - self.epsilon**2)).sum())
        parts = [*np.abs(2 * self.alpha * coef - X.T @ slope), abs(by_scale) if sigma > _LEAST_SCALE else 0.0]
        if self.fit_intercept:
            parts.append(abs(float(slope.sum())))
        return float(max(parts))


def _best_scale(size: Array, w: Array, epsilon: float) -> float:
    """Return the sigma > 0 at which ``sum w - sum_inside w r^2 / sigma^2 - epsilon^2 sum_outside w`` is 0."""
    order = np.argsort(size)
    r, s = size[order].astype(np.float64), w[order]
    squares, outside = np.cumsum(s * r * r), s.sum() - np.cumsum(s)
    room = s.sum() - epsilon**2 * outside  # with the first k + 1 rows inside
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.sqrt(squares / room)
    above = np.append(r[1:], np.inf)
    fits = (room > 0) & (r <= epsilon * sigma * (1 + 1e-12)) & (above >= epsilon * sigma * (1 - 1e-12))
    return max(float(sigma[fits.argmax()]), _LEAST_SCALE) if fits.any() else _LEAST_SCALE
