"""
Fits of linear models by `steep.minimize`, in scikit-learn's scaling.

Objectives are means over rows (weights s_i / sum s), so scikit-learn's ``C sum s_i l_i + 1/2 ||w||^2`` has
``l2 = 1 / (C sum s)``. A sparse matrix stays CSR.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_class_weight

from .._minimize import minimize
from .._validation import Array
from ..linear import LinearObjective
from ..penalties import ElasticNet
from ..results import Result

# Entries of the design matrix, times outputs, up to which a Newton step takes well under a millisecond.
_CHEAP = 50_000
# What scikit-learn's solvers say when max_iter is over; code may filter on it.
WARNINGS = {
    "lbfgs": "lbfgs failed to converge after {nit} iteration(s) (here: {method})",
    "newton-cg": "newton-cg failed to converge (here: {method}). Increase the number of iterations",
    "newton-cholesky": "Newton solver did not converge after {nit} iterations (here: {method})",
    "sag": "The max_iter was reached which means the coef_ did not converge (here: {method})",
    "saga": "The max_iter was reached which means the coef_ did not converge (here: {method})",
}

__all__ = ["WARNINGS", "LinearFit", "as_rows", "class_weights", "fit_linear", "with_column"]


class LinearFit:
    """
    A fit: coefficients, intercept, iterations, and how good they are known to be.

    Attributes
    ----------
    coef : array (d,) or (k, d)
    intercept : float or array (k,)
    n_iter : int
    optimality : float
        A bound on the objective minus its least value where there is a duality gap, else the largest entry of the
        gradient (prox-mapped under l1), of the mean loss.
    """

    def __init__(self, f: LinearObjective, result: Result) -> None:
        self.coef, self.intercept = f.unpack(result.x)
        self.n_iter = int(result.nit)
        self.optimality = float(result.certificate.value)
        self.result = result


def fit_linear(
    X: Any,
    y: Array,
    loss: str,
    *,
    l1: float = 0.0,
    l2: float = 0.0,
    intercept: bool = True,
    sample_weight: Array | None = None,
    outputs: int | None = None,
    loss_parameter: float = 1.0,
    tol: float = 1e-4,
    rtol: float = 0.0,
    max_iter: int | None = None,
    start: Array | None = None,
    n_threads: int | None = None,
    callback: Callable[..., Any] | None = None,
    warning: str = "{method} failed to converge after {nit} iteration(s)",
) -> LinearFit:
    """
    Minimize the mean loss plus ``l1 ||w||_1 + l2/2 ||w||^2``; warn when `max_iter` is reached.

    Parameters
    ----------
    X : array or CSR matrix of shape (n, d)
    y : array
        As the loss takes it.
    loss : str
    l1, l2 : float
    intercept : bool
    sample_weight : array of shape (n,), optional
    outputs : int, optional
        Number of classes.
    loss_parameter : float
    tol : float
        Of the gradient; a duality gap must be at most tol / 1000, for hinges and tubes tol / 100.
    rtol : float
        The same relative to the gradient at the start.
    max_iter : int, optional
    start : array, optional
        Coefficients row by row, then intercepts.
    n_threads : int, optional
    callback : callable, optional
        As in :func:`steep.minimize`.
    warning : str
        What is said at max_iter, with {method} and {nit} filled in.
    """
    f = LinearObjective(
        as_rows(X), y, loss, loss_parameter=loss_parameter, outputs=outputs, intercept=intercept,
        penalty=ElasticNet(l1=l1, l2=l2), sample_weight=sample_weight, n_threads=n_threads,
    )  # fmt: skip
    gap = l1 > 0 or not f._core.has_gradient
    if start is None:
        start = np.zeros(f.dim)
    least = 1e-7 if f.dtype == np.float32 and outputs is not None else 1e-12  # what proximal gradients get to
    tol = max(tol * (1e-3 if f._core.has_gradient else 1e-2), least) if gap else max(tol, 1e-14)
    method = "auto"
    if not f._core.has_gradient and _is_cheap(f):  # as exact as it gets, for the reason that `polish` gives
        method, tol = "hinge_interior_point", 1e-13
    result = minimize(f, start, method, tol=tol, rtol=rtol, max_iter=max_iter, callback=callback)
    if result.status in ("max_iter", "max_time"):
        warnings.warn(
            f"{warning.format(method=result.method, nit=result.nit)}: {result.message} Increase the number of "
            "iterations or scale the data (https://scikit-learn.org/stable/modules/preprocessing.html).",
            ConvergenceWarning,
            stacklevel=4,
        )
    elif not gap:
        polish(f, result, tol)
    return LinearFit(f, result)


def polish(f: LinearObjective, result: Result, tol: float) -> None:
    """
    Take a few more Newton steps where they cost next to nothing: quadratic convergence makes the minimizer exact.

    So fits whose data differ only in form (weights and repeated rows, sparse and dense) agree far below tol.
    """
    if not _is_cheap(f) or not result.success or not f._core.has_hessian:
        return
    more = minimize(f, result.x, "newton", tol=max(1e-7 * tol, 1e-13), max_iter=6)
    if more.certificate.kind == result.certificate.kind and more.certificate.value < result.certificate.value:
        result.x, result.fun, result.jac, result.certificate = more.x, more.fun, more.jac, more.certificate


def _is_cheap(f: LinearObjective) -> bool:
    return f.rows * f.dim <= _CHEAP and f.dim <= 300 and f.dtype == np.float64


def as_rows(X: Any) -> Any:
    """Return CSR or a C-contiguous matrix of float32 or float64."""
    if issparse(X):
        return X.tocsr()
    return np.ascontiguousarray(X, None if X.dtype in (np.float32, np.float64) else np.float64)


def class_weights(class_weight: Any, classes: Array, y: Array, sample_weight: Array) -> Array:
    """
    Return one weight a class; "balanced" counts rows by their weights where this scikit-learn does (1.7).

    Rows of weight 0 count as absent, so that a class of such rows alone does not divide by zero: its weight is 0.
    """
    counted = "sample_weight" in inspect.signature(compute_class_weight).parameters
    found: Array
    if not counted or class_weight != "balanced":
        found = compute_class_weight(class_weight, classes=classes, y=y)
        return found
    rows = sample_weight != 0
    present = np.isin(classes, y[rows])
    found = np.zeros(len(classes))
    found[present] = compute_class_weight(
        class_weight, classes=classes[present], y=y[rows], sample_weight=sample_weight[rows]
    )
    return found


def with_column(X: Any, value: float) -> Any:
    """Return X with a further constant column: an intercept that is penalized."""
    column = np.full((X.shape[0], 1), value, X.dtype)
    return hstack([X, csr_matrix(column)], format="csr") if issparse(X) else np.hstack([X, column])
