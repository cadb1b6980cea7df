"""Objectives of linear models: least squares, logistic and softmax regression."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import check_integer, check_non_negative
from .._validation import as_numeric
from ..linear import LinearObjective
from ..penalties import L2, ElasticNet, resolve_penalty

__all__ = ["least_squares", "logistic", "matrix_least_squares", "softmax"]


def _penalty(l2: Any, penalty: Any) -> Any:
    """Return the penalty that l2= and penalty= add up to."""
    ridge = check_non_negative(l2, "l2")
    if penalty is None:
        return L2(ridge)
    first, second = resolve_penalty(penalty)
    return ElasticNet(l1=first, l2=second + ridge)


def least_squares(
    A: Any,
    y: Any,
    *,
    l2: float = 0.0,
    average: bool = True,
    intercept: bool = False,
    penalty: Any = None,
    sample_weight: Any = None,
    n_threads: int | None = None,
) -> LinearObjective:
    """
    Return the objective of linear regression, ``1/(2n) ||A w - y||^2 + l2/2 ||w||^2``.

    Parameters
    ----------
    A : array of shape (n, d), or a SciPy sparse matrix
    y : array of shape (n,), or (n, k) for k outputs
    l2 : float
    average : bool
        False: the sum ``1/2 ||A w - y||^2`` instead of the mean.
    intercept : bool
        The last entry of w (the last k) is added to every prediction and not penalized.
    penalty : L1, L2 or ElasticNet, optional
        Added to l2: ``penalty=steep.L1(a)`` is the lasso.
    sample_weight : array of shape (n,), optional
    n_threads : int, optional

    Returns
    -------
    LinearObjective
        L and mu are exact. Without an l1 penalty "auto" solves it directly: by Cholesky while that is well conditioned,
        else by a rank-revealing QR, which gives the minimizer of least norm; with fewer rows than columns in the space
        of the rows, n^2 d flops. ``res.message`` names which.

    Notes
    -----
    The lasso is scikit-learn's with the same alpha; its Ridge has ``alpha = n l2``.

    Examples
    --------
    >>> import steep
    >>> res = steep.minimize(steep.problems.least_squares([[1.0], [2.0], [3.0]], [2.0, 4.0, 6.0]))
    >>> res.x.round(12), res.method
    (array([2.]), 'direct')
    """
    return LinearObjective(
        A,
        y,
        "squared_error",
        intercept=intercept,
        penalty=_penalty(l2, penalty),
        average=average,
        sample_weight=sample_weight,
        n_threads=n_threads,
        name="least_squares",
        data="A",
    )


def matrix_least_squares(X: Any, Y: Any, *, n_threads: int | None = None) -> LinearObjective:
    """
    Return ``1/2 ||X W' - Y||_F^2`` as a function of the matrix W.

    Parameters
    ----------
    X : array of shape (n, d), or one sample (d,)
    Y : array of shape (n, k), or (k,) for one sample
    n_threads : int, optional

    Returns
    -------
    LinearObjective
        Of W (k, d), row by row. For one sample x that is not 0 the minimum is 0, attained by many W; the minimizer of
        least norm, which "auto" finds, is ``y x' / ||x||^2``.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.matrix_least_squares([3.0, 4.0], [1.0, 2.0])
    >>> steep.minimize(f).x.reshape(2, 2).round(12)
    array([[0.12, 0.16],
           [0.24, 0.32]])
    """
    X, Y = as_numeric(X, "X"), as_numeric(Y, "Y")
    minimum = minimizer = None
    if X.ndim == 1:
        if Y.ndim != 1:
            raise ValueError(f"Y must be a vector beside the one sample X, got shape {Y.shape}")
        if X.any():
            minimum, minimizer = 0.0, np.outer(Y, X).ravel() / float(X @ X)
        X, Y = X[None], Y[None]
    f = LinearObjective(X, Y, "squared_error", average=False, n_threads=n_threads, name="matrix_least_squares")
    f.minimum, f.minimizer = minimum, minimizer
    return f


def logistic(
    X: Any,
    y: Any,
    *,
    l2: float = 0.0,
    intercept: bool = False,
    penalty: Any = None,
    average: bool = True,
    sample_weight: Any = None,
    n_threads: int | None = None,
) -> LinearObjective:
    """
    Return the objective of logistic regression, ``mean log(1 + exp(-y x'w)) + l2/2 ||w||^2``.

    Parameters
    ----------
    X : array of shape (n, d), or a SciPy sparse matrix
    y : array of shape (n,)
        -1 and 1, 0 and 1, or probabilities; (n, k) for k independent labels.
    l2, intercept, penalty, average, sample_weight, n_threads
        As in :func:`least_squares`.

    Returns
    -------
    LinearObjective
        L is exact (attained at w = 0). Stable for scores of any size.

    Notes
    -----
    Scikit-learn's LogisticRegression has ``C = 1 / (n l2)``.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.logistic([[1.0], [2.0]], [-1, 1])
    >>> round(f.value([0.0]), 6)
    0.693147
    """
    return LinearObjective(
        X,
        y,
        "logistic",
        intercept=intercept,
        penalty=_penalty(l2, penalty),
        average=average,
        sample_weight=sample_weight,
        n_threads=n_threads,
        name="logistic",
    )


def softmax(
    X: Any,
    y: Any,
    *,
    l2: float = 0.0,
    intercept: bool = False,
    penalty: Any = None,
    average: bool = True,
    sample_weight: Any = None,
    n_classes: int | None = None,
    n_threads: int | None = None,
) -> LinearObjective:
    """
    Return the objective of softmax regression: the cross-entropy of k classes, ``mean logsumexp(W x) - (W x)_y``.

    Parameters
    ----------
    X : array of shape (n, d), or a SciPy sparse matrix
    y : array of shape (n,) or (n, k)
        Class indices, or rows of class probabilities.
    l2, intercept, penalty, average, sample_weight, n_threads
        As in :func:`least_squares`.
    n_classes : int, optional
        k; default: as many as y holds, which must be 0, 1, ... without a gap.

    Returns
    -------
    LinearObjective
        Of W (k, d), row by row, then the k intercepts. All k rows are there, as in scikit-learn: without a penalty the
        minimizer is not unique.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.softmax([[1.0], [2.0], [3.0]], [0, 1, 2], l2=0.1)
    >>> f.dim, round(f.value([0.0, 0.0, 0.0]), 6)
    (3, 1.098612)
    """
    return LinearObjective(
        X,
        y,
        "softmax_cross_entropy",
        outputs=None if n_classes is None else check_integer(n_classes, "n_classes", 1),
        intercept=intercept,
        penalty=_penalty(l2, penalty),
        average=average,
        sample_weight=sample_weight,
        n_threads=n_threads,
        name="softmax",
    )
