"""Linear models fitted by absolute, pinball and largest errors: convex, without a gradient everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from .._sparse import as_csr, is_sparse
from .._validation import Array, as_matrix, as_parameters, as_weights, check_bool, check_in_range
from ..objectives import Objective

__all__ = ["chebyshev", "lad", "quantile"]

_DENSE_FROM = 0.2  # share of stored entries from which on dense products take no longer
_MOST_COLUMNS = 2**14  # of a sparse X


def lad(X: Any, y: Any, *, intercept: bool = False, sample_weight: Any = None) -> Objective:
    """
    Return least absolute deviations, ``sum s_i |y_i - x_i'w|``.

    Parameters
    ----------
    X : array of shape (n, d), or a SciPy sparse matrix
    y : array of shape (n,)
    intercept : bool
        The last entry of w is added to every prediction.
    sample_weight : array of shape (n,), optional

    Returns
    -------
    Objective
        Convex; refuses `gradient` and offers `subgradient`. "auto" takes an interior point, whose duality gap is exact.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.lad([[1.0], [1.0], [1.0]], [1.0, 2.0, 30.0])
    >>> res = steep.minimize(f)
    >>> res.x.round(6), round(res.fun, 6), res.certificate.kind
    (array([2.]), 29.0, 'duality_gap')
    """
    return _fit(X, y, intercept, sample_weight, 1.0, 1.0, "lad")


def quantile(X: Any, y: Any, q: float, *, intercept: bool = False, sample_weight: Any = None) -> Objective:
    """
    Return quantile regression, ``sum s_i (q max(r_i, 0) + (1 - q) max(-r_i, 0))`` with ``r = y - X w``.

    Parameters
    ----------
    X : array of shape (n, d), or a SciPy sparse matrix
    y : array of shape (n,)
    q : float
        The quantile, in (0, 1); 1/2 is half of :func:`lad`.
    intercept : bool
    sample_weight : array of shape (n,), optional

    Returns
    -------
    Objective

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.quantile([[1.0]] * 5, [1.0, 2.0, 3.0, 4.0, 50.0], 0.9)
    >>> steep.minimize(f).x.round(6)
    array([50.])
    """
    q = check_in_range(q, "q", 0, 1, "neither")
    return _fit(X, y, intercept, sample_weight, q, 1 - q, "quantile")


def chebyshev(X: Any, y: Any, *, intercept: bool = False) -> Objective:
    """
    Return Chebyshev regression, ``max_i |y_i - x_i'w|``.

    Parameters
    ----------
    X : array of shape (n, d), or a SciPy sparse matrix
    y : array of shape (n,)
    intercept : bool
        The last entry of w is added to every prediction.

    Returns
    -------
    Objective
        Convex; refuses `gradient` and offers `subgradient`.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.chebyshev([[1.0], [1.0], [1.0]], [1.0, 2.0, 30.0])
    >>> res = steep.minimize(f)
    >>> res.x.round(6), round(res.fun, 6)
    (array([15.5]), 14.5)
    """
    return _fit(X, y, intercept, None, None, None, "chebyshev")


def _fit(
    X: Any, y: Any, intercept: bool, sample_weight: Any, up: float | None, down: float | None, name: str
) -> Objective:
    check_bool(intercept, "intercept")
    design, keep, d = _rows(X, sample_weight)
    y = np.asarray(y).reshape(-1) if np.shape(y) == (keep.size, 1) else y
    y = as_parameters(y, keep.size, "y")[keep > 0]
    weights = keep[keep > 0]
    make: Any = _core.LinearFit  # of dense rows or CSR
    core = make(
        *design,
        np.ascontiguousarray(y),
        intercept=intercept,
        up=[] if up is None else list(up * weights),
        down=[] if down is None else list(down * weights),
    )
    return Objective(core, x0=np.zeros(d + intercept), name=name)


def _rows(X: Any, sample_weight: Any) -> tuple[tuple[Any, ...], Array, int]:
    """Return the rows of positive weight as the core takes them, all weights, and the number of columns."""
    if is_sparse(X) and X.nnz >= _DENSE_FROM * np.prod(X.shape, dtype=float):
        X = X.toarray()
    if is_sparse(X):
        design: tuple[Any, ...] = as_csr(X, "X", np.float64)
        if design[-1] > _MOST_COLUMNS:
            raise ValueError(
                f"X must have at most {_MOST_COLUMNS} columns where it is sparse, as the interior point factors a "
                f"matrix of columns times columns, got {design[-1]}"
            )
    else:
        X = as_matrix(X, "X", dtype=np.float64)
        design = (X,)
    n, d = X.shape
    weights = as_weights(sample_weight, n)
    if weights is None:
        weights = np.ones(n)
    elif not (weights > 0).all():
        design = as_csr(X.tocsr()[weights > 0], "X", np.float64) if is_sparse(X) else (X[weights > 0],)
    return design, weights, d
