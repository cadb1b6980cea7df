"""Objectives given by a formula."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from .._validation import Array, as_matrix, as_numeric, as_parameters, check_integer, check_number
from ..objectives import FunctionObjective, Objective

__all__ = ["quadratic", "rosenbrock"]


def quadratic(H: Any, g: Any, c: float = 0.0) -> Objective:
    """
    Return the quadratic ``1/2 x'Hx + g'x + c``.

    Parameters
    ----------
    H : array of shape (dim, dim)
        Only its symmetric part counts: the gradient is ``1/2 (H + H')x + g``.
    g : array of shape (dim,)
    c : float

    Returns
    -------
    Objective
        Starts at zero; L and mu are exact.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.quadratic([[4.0, 1.0], [1.0, 2.0]], [-6.0, -5.0])
    >>> f.gradient([1.0, 2.0])
    array([0., 0.])
    """
    H = as_matrix(H, "H", dtype=np.float64)
    if H.shape[0] != H.shape[1]:
        raise ValueError(f"H must be square, got shape {H.shape}")
    g = as_parameters(as_numeric(g, "g"), H.shape[0], "g")
    return Objective(_core.Quadratic(H, g, check_number(c, "c")), x0=np.zeros(g.size))


def rosenbrock(d: int = 2) -> Objective:
    """
    Return Rosenbrock's valley ``sum 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2``, as SciPy's ``rosen``.

    Parameters
    ----------
    d : int
        Number of variables, at least 2.

    Returns
    -------
    Objective
        Starts at (-1.2, 1, -1.2, 1, ...); its minimum 0 is at (1, ..., 1).

    Examples
    --------
    >>> import steep
    >>> steep.problems.rosenbrock(2).value([1.0, 1.0])
    0.0
    """
    d = check_integer(d, "d", 2)
    x0 = np.where(np.arange(d) % 2, 1.0, -1.2)
    return FunctionObjective(
        _rosen,
        gradient=_rosen_gradient,
        hessian=_rosen_hessian,
        x0=x0,
        minimum=0.0,
        minimizer=np.ones(d),
        name="rosenbrock",
    )


def _rosen(x: Array) -> float:
    a, b = x[:-1], x[1:]
    valley, slope = b - a * a, 1 - a
    return float(100 * (valley @ valley) + slope @ slope)


def _rosen_gradient(x: Array) -> Array:
    valley = x[1:] - x[:-1] ** 2
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * x[:-1] * valley - 2 * (1 - x[:-1])
    gradient[1:] += 200 * valley
    return gradient


def _rosen_hessian(x: Array) -> Array:
    across = -400 * x[:-1]
    H = np.diag(across, 1) + np.diag(across, -1)
    diagonal = np.zeros_like(x)
    diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    diagonal[1:] += 200
    H[np.diag_indices_from(H)] = diagonal
    return H
