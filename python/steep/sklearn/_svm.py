"""Linear support vector classification and regression: scikit-learn's classes with steep's solvers."""

from __future__ import annotations

from typing import Any

from sklearn.base import _fit_context
from sklearn.svm import LinearSVC as _LinearSVC
from sklearn.svm import LinearSVR as _LinearSVR

from ._liblinear import Liblinear
from ._rebind import rebind

__all__ = ["LinearSVC", "LinearSVR"]


class LinearSVC(_LinearSVC):  # type: ignore[misc]
    """
    scikit-learn's ``LinearSVC``, solved by :func:`steep.minimize` with method "auto".

    All parameters, attributes and methods are those of :class:`sklearn.svm.LinearSVC`, the penalized intercept
    included. `dual` and `random_state` change nothing; ``multi_class="crammer_singer"`` is left to scikit-learn. A
    class whose rows all have weight 0 keeps its row of ``coef_``; LIBLINEAR drops it, and the others' scores then stand
    for the wrong classes.

    Attributes
    ----------
    optimality_ : float
        The largest over the classes of the gradient's largest entry of the mean objective, or of the duality gap for
        the hinge and under an l1 penalty; NaN for crammer_singer.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from steep.sklearn import LinearSVC
    >>> X, y = load_iris(return_X_y=True)
    >>> LinearSVC().fit(X, y).score(X, y) > 0.95
    True
    """

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearSVC:
        """
        Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        """
        if self.multi_class == "crammer_singer":
            super().fit(X, y, sample_weight)
            self.optimality_ = float("nan")
            return self
        solver = Liblinear()
        rebind(_LinearSVC.fit, _fit_liblinear=solver)(self, X, y, sample_weight)
        self.optimality_ = solver.optimality
        return self


class LinearSVR(_LinearSVR):  # type: ignore[misc]
    """
    scikit-learn's ``LinearSVR``, solved by :func:`steep.minimize` with method "auto".

    All parameters, attributes and methods are those of :class:`sklearn.svm.LinearSVR`, the penalized intercept
    included. `dual` and `random_state` change nothing. Sparse rows stay sparse.

    Attributes
    ----------
    optimality_ : float
        Of the mean objective: the duality gap, or for the squared loss the largest entry of the gradient.

    Examples
    --------
    >>> from steep.sklearn import LinearSVR
    >>> x, y = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]], [0.0, 1.0, 2.0, 3.0, 4.0, 40.0]
    >>> LinearSVR(C=100.0).fit(x, y).coef_.round(3)
    array([1.])
    """

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearSVR:
        """
        Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        """
        solver = Liblinear()
        rebind(_LinearSVR.fit, _fit_liblinear=solver)(self, X, y, sample_weight)
        self.optimality_ = solver.optimality
        return self
