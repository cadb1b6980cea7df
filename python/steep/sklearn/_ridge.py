"""Ridge regression: scikit-learn's class, solved directly by Cholesky or QR."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.linear_model import Ridge as _Ridge

from ._linear import fit_linear
from ._regressors import checked

__all__ = ["Ridge"]


class Ridge(_Ridge):  # type: ignore[misc]
    """
    scikit-learn's ``Ridge``: ``||y - X w||^2 + alpha ||w||^2``, solved by :func:`steep.minimize` with method "auto".

    All parameters, attributes and methods are those of :class:`sklearn.linear_model.Ridge`; ``positive=True`` is left
    to it. Sparse rows stay sparse.

    Attributes
    ----------
    optimality_ : float
        The largest entry of the gradient of ``1/(2n) ||y - X w||^2 + alpha/(2n) ||w||^2``; NaN for positive.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from steep.sklearn import Ridge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> Ridge(alpha=0.1).fit(X, y).solver_
    'direct'
    """

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Ridge:
        """
        Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), optional
        """
        if self.positive or self.solver == "lbfgs":
            super().fit(X, y, sample_weight)
            self.optimality_ = float("nan")
            return self
        scale = float(sample_weight) if isinstance(sample_weight, Real) else 1.0
        X, y, weights = checked(self, X, y, sample_weight, multi_output=True)
        total = scale * X.shape[0] if weights is None else float(weights.sum())
        targets = 1 if y.ndim == 1 else y.shape[1]
        alpha = np.asarray(self.alpha, np.float64)
        if alpha.size not in (1, targets):
            raise ValueError(f"Number of targets and number of penalties do not correspond: {alpha.size} != {targets}")
        columns = [y] if alpha.size == 1 else list(y.reshape(-1, targets).T)
        fits = [
            fit_linear(
                X, np.ascontiguousarray(column), "squared_error", l2=float(a) / total, intercept=self.fit_intercept,
                sample_weight=weights, tol=0.0, rtol=1e-10, max_iter=self.max_iter,
            )
            for column, a in zip(columns, np.ravel(alpha), strict=True)
        ]  # fmt: skip
        coef = np.vstack([fit.coef for fit in fits]).astype(X.dtype, copy=False)
        intercept = np.hstack([fit.intercept for fit in fits]).astype(X.dtype, copy=False)
        self.coef_ = coef[0] if y.ndim == 1 or targets == 1 else coef
        self.intercept_: Any = 0.0
        if self.fit_intercept:
            self.intercept_ = intercept[0] if y.ndim == 1 else intercept
        self.n_iter_, self.solver_ = None, str(fits[0].result.method)
        self.optimality_ = max(fit.optimality for fit in fits)
        return self
