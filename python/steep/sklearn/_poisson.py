"""Poisson regression: scikit-learn's class, by steep's Newton and L-BFGS."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.linear_model import PoissonRegressor as _PoissonRegressor

from ._linear import WARNINGS, fit_linear
from ._regressors import checked, starting_point

__all__ = ["PoissonRegressor"]


class PoissonRegressor(_PoissonRegressor):  # type: ignore[misc]
    """
    scikit-learn's ``PoissonRegressor``, solved by :func:`steep.minimize` with method "auto".

    All parameters, attributes and methods are those of :class:`sklearn.linear_model.PoissonRegressor`; `solver` changes
    nothing. Sparse rows stay sparse.

    Attributes
    ----------
    optimality_ : float
        The largest entry of the gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from steep.sklearn import PoissonRegressor
    >>> model = PoissonRegressor(alpha=0).fit([[0.0], [1.0], [2.0]], [1, 2, 4])
    >>> np.exp(model.coef_).round(3)
    array([2.])
    """

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> PoissonRegressor:
        """
        Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        """
        X, y, weights = checked(self, X, y, sample_weight)
        average = float(np.average(y, weights=weights))
        if not (np.all(y >= 0) and average > 0):
            raise ValueError("Some value(s) of y are out of the valid range of the loss 'HalfPoissonLoss'.")
        self._base_loss = self._get_loss()
        dim = X.shape[1] + bool(self.fit_intercept)
        start = starting_point(self, dim)
        if start is None:
            start = np.zeros(dim)
            if self.fit_intercept:
                start[-1] = np.log(average)
        fit = fit_linear(
            X, y, "poisson", l2=self.alpha, intercept=self.fit_intercept, sample_weight=weights, tol=self.tol,
            max_iter=self.max_iter, start=start, warning=WARNINGS[self.solver],
        )  # fmt: skip
        self.coef_ = fit.coef.astype(X.dtype, copy=False)
        self.intercept_ = X.dtype.type(fit.intercept) if self.fit_intercept else 0.0
        self.n_iter_ = fit.n_iter
        self.optimality_ = fit.optimality
        return self
