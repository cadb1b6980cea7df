"""Regularization paths: one linear model for many l1 penalties."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import _core
from ._checks import check_in_range, check_integer, check_non_negative, check_threads, show
from ._validation import Array, as_array, as_parameters
from .linear import LinearObjective

__all__ = ["RegularizationPath", "regularization_path"]


@dataclass(frozen=True)
class RegularizationPath:
    """
    The answers along a path of l1 penalties; row i belongs to ``l1[i]``.

    Attributes
    ----------
    l1 : array of shape (m,)
        Descending. Shorter than asked for when the path was stopped by max_time or Ctrl-C.
    x : array of shape (m, dim)
    fun : array of shape (m,)
        Objective, the penalty included.
    gap : array of shape (m,)
        Duality gaps: bounds on fun less the least value.
    nit : array of shape (m,)
    status : list of str
    nonzeros : array of shape (m,)
        How many weights are not zero; the intercept does not count.
    """

    l1: Array
    x: Array
    fun: Array
    gap: Array
    nit: Array
    status: list[str]
    _weights: int = field(repr=False)

    @property
    def nonzeros(self) -> Array:
        """Number of weights that are not zero."""
        counts: Array = np.count_nonzero(self.x[:, : self._weights], axis=1)
        return counts


def regularization_path(
    f: LinearObjective,
    l1: Any = None,
    *,
    n: int = 100,
    ratio: float = 1e-3,
    x0: Any = None,
    tol: float | None = None,
    max_iter: int | None = None,
    max_time: float | None = None,
) -> RegularizationPath:
    """
    Minimize a linear model for a sequence of l1 penalties, each solve starting from the answer before.

    Parameters
    ----------
    f : LinearObjective
        With one output and a smooth loss; its own l1 is ignored, its l2 stays.
    l1 : array of shape (m,), optional
        Coefficients of ``||w||_1``; sorted into descending order. Default: `n` values in geometric progression from the
        least one under which all weights are zero down to `ratio` times that.
    n, ratio
        Of the default.
    x0 : array of shape (dim,), optional
        Where the first solve starts; default zeros.
    tol : float, optional
        Each solve ends with a duality gap of at most ``tol max(1, |fun|)``; default 1e-8, 1e-4 in float32.
    max_iter : int, optional
        Iterations of each solve.
    max_time : float, optional
        Seconds of the whole path.

    Returns
    -------
    RegularizationPath

    Notes
    -----
    :class:`steep.CoordinateDescent`. With squared errors, more rows than columns and at most 1,000 columns, the data
    are read for their Gram matrix once. Scikit-learn's ``lasso_path`` centres nothing: pass an objective with an
    intercept for what its LassoCV does; its alphas are these l1.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.least_squares([[1.0, 0.0], [0.0, 1.0]], [4.0, 1.0])
    >>> path = steep.regularization_path(f, [2.0, 1.0, 0.25])
    >>> path.x
    array([[0. , 0. ],
           [2. , 0. ],
           [3.5, 0.5]])
    >>> path.nonzeros
    array([0, 1, 2])
    """
    if not isinstance(f, LinearObjective):
        raise TypeError(f"f must be a linear model of steep.problems, got {show(f)}")
    start = np.zeros(f.dim) if x0 is None else as_parameters(x0, f.dim, "x0")
    tol = (f.default_tol or 1e-8) if tol is None else check_non_negative(tol, "tol")
    options: dict[str, Any] = {
        "tol": tol,
        "max_iter": -1 if max_iter is None else check_integer(max_iter, "max_iter", 0),
        "max_time": np.inf if max_time in (None, np.inf) else check_non_negative(max_time, "max_time"),
    }
    core: Any = f._core
    if l1 is None:
        n = check_threads(n, "n")
        ratio = check_in_range(ratio, "ratio", 0.0, 1.0, closed="neither")
        values = _largest(f) * np.geomspace(1.0, ratio, n)
    else:
        values = as_array(np.atleast_1d(l1), "l1", np.float64, unit="entry")
        if values.ndim != 1 or values.size == 0:
            raise ValueError(f"l1 must be numbers of shape (m,), got shape {values.shape}")
        if values.min() < 0:
            raise ValueError(f"l1 must not be negative, got {values.min():g}")
        values = np.sort(values)[::-1].copy()
    found = _core.coordinate_path(core, values, start, **options)
    weights = f.dim - (1 if f.intercept else 0)
    return RegularizationPath(
        values[: len(found["status"])],
        found["x"],
        found["fun"],
        found["gap"],
        found["nit"],
        list(found["status"]),
        weights,
    )


def _largest(f: LinearObjective) -> float:
    """Return the least l1 under which all weights are zero: the largest slope where the intercept alone is best."""
    core: Any = f._core
    alone = _core.coordinate_path(core, np.array([1e300]), np.zeros(f.dim))["x"][0]
    slopes = f.gradient(alone)[: f.dim - (1 if f.intercept else 0)]
    top = float(np.abs(slopes).max())
    return top if top > 0 else 1.0
