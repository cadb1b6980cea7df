"""Linear and convex quadratic programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from .._sparse import made_dense
from .._validation import Array, as_matrix, as_numeric, as_parameters, check_number
from ..objectives import Objective

__all__ = ["Program", "linear_program", "quadratic_program"]


class Program(Objective):
    """
    A quadratic objective that carries its linear constraints and bounds; :class:`steep.InteriorPoint` solves it.

    Parameters
    ----------
    parts : dict
        Q (or None), c, constant, A, b, G, h, lower, upper as the core takes them.

    Examples
    --------
    >>> import steep
    >>> steep.problems.linear_program([1.0, 2.0], A_ub=[[-1.0, -1.0]], b_ub=[-1.0])
    <Program linear program, dim=2>
    """

    def __init__(self, parts: dict[str, Any]) -> None:
        self.parts = parts
        keywords = {name: value for name, value in parts.items() if name not in ("Q", "c")}
        super().__init__(_core.QuadraticProgram(parts["Q"], parts["c"], **keywords), x0=np.zeros(parts["c"].size))
        bounds = int(np.isfinite(parts["lower"]).sum() + np.isfinite(parts["upper"]).sum())
        counts = {"inequalities": parts["h"].size, "equalities": parts["b"].size, "bounds": bounds}
        self.own_constraints = ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def linear_program(
    c: Any, A_ub: Any = None, b_ub: Any = None, A_eq: Any = None, b_eq: Any = None, bounds: Any = (0, None)
) -> Program:
    """
    Return the linear program ``min c'x``, ``A_ub x <= b_ub``, ``A_eq x = b_eq``, with bounds, as SciPy's linprog.

    Parameters
    ----------
    c : array of shape (n,)
    A_ub, A_eq : arrays of shape (m, n), (p, n), or SciPy sparse matrices, optional
        Sparse ones are made dense.
    b_ub, b_eq : arrays of shape (m,), (p,), optional
    bounds : a pair for all variables, or a list of n pairs
        None is no bound; the default is ``x >= 0``, as SciPy's.

    Returns
    -------
    Program
        "auto" solves it by an interior point to a relative duality gap of tol.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.linear_program([-1.0, -2.0], A_ub=[[1.0, 1.0], [1.0, -1.0]], b_ub=[4.0, 2.0])
    >>> res = steep.minimize(f)
    >>> res.x.round(6), res.status
    (array([0., 4.]), 'converged')
    """
    return _program(None, c, 0.0, A_ub, b_ub, A_eq, b_eq, bounds)


def quadratic_program(
    Q: Any, c: Any, A_ub: Any = None, b_ub: Any = None, A_eq: Any = None, b_eq: Any = None, bounds: Any = None, *,
    constant: float = 0.0,
) -> Program:  # fmt: skip
    """
    Return the program ``min 1/2 x'Qx + c'x + constant`` subject to ``A_ub x <= b_ub``, ``A_eq x = b_eq`` and bounds.

    Parameters
    ----------
    Q : array of shape (n, n), or a SciPy sparse matrix
        Its symmetric part counts, and must be positive semidefinite.
    c : array of shape (n,)
    A_ub, A_eq : arrays of shape (m, n), (p, n), or SciPy sparse matrices, optional
        Sparse ones are made dense.
    b_ub, b_eq : arrays of shape (m,), (p,), optional
    bounds : a pair for all variables, or a list of n pairs, optional
        None is no bound, which is the default.
    constant : float

    Returns
    -------
    Program

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.quadratic_program([[2.0, 0.0], [0.0, 2.0]], [-2.0, -5.0], [[1.0, 1.0]], [2.0])
    >>> res = steep.minimize(f)
    >>> res.x.round(6), res.multipliers["inequality"].round(6)
    (array([0.25, 1.75]), array([1.5]))
    """
    Q = as_matrix(made_dense(Q, "Q"), "Q", dtype=np.float64)
    if Q.shape[0] != Q.shape[1]:
        raise ValueError(f"Q must be square, got shape {Q.shape}")
    _check_semidefinite(Q)
    return _program(Q, c, check_number(constant, "constant"), A_ub, b_ub, A_eq, b_eq, bounds)


def _check_semidefinite(Q: Array) -> None:
    """Refuse a Q with an eigenvalue below -1e-10 of the largest."""
    symmetric = (Q + Q.T) / 2
    size = np.abs(symmetric.diagonal()).max()
    # A tenth of the time of eigenvalues; the largest of them is no less than the diagonal.
    if _core.cholesky(symmetric + 0.5e-10 * size * np.eye(len(Q))) == 0:
        return
    values = np.linalg.eigvalsh(symmetric)
    if values[0] < -1e-10 * max(abs(values[0]), abs(values[-1])):
        raise ValueError(f"Q must be positive semidefinite, got the eigenvalue {values[0]:.6g}")


def _program(
    Q: Array | None, c: Any, constant: float, A_ub: Any, b_ub: Any, A_eq: Any, b_eq: Any, bounds: Any
) -> Program:
    given = as_numeric(c, "c")
    c = as_parameters(c, given.size, "c")
    n = c.size
    if Q is not None and Q.shape[0] != n:
        raise ValueError(f"Q must have shape ({n}, {n}), as c has {n} entries, got shape {Q.shape}")
    G, h = _rows(A_ub, b_ub, n, "A_ub", "b_ub")
    A, b = _rows(A_eq, b_eq, n, "A_eq", "b_eq")
    lower, upper = _limits(bounds, n)
    return Program(
        {"Q": Q, "c": c, "constant": constant, "A": A, "b": b, "G": G, "h": h, "lower": lower, "upper": upper}
    )


def _rows(M: Any, v: Any, n: int, name: str, right: str) -> tuple[Array, Array]:
    if M is None:
        if v is not None:
            raise ValueError(f"{name} must be given with {right}, got None")
        return np.zeros((0, n)), np.zeros(0)
    matrix = as_matrix(made_dense(M, name), name, dtype=np.float64)
    if matrix.shape[1] != n:
        raise ValueError(f"{name} must have {n} columns, got shape {matrix.shape}")
    return matrix, as_parameters(v, matrix.shape[0], right)


def _limits(bounds: Any, n: int) -> tuple[Array, Array]:
    if bounds is None:
        return np.full(n, -np.inf), np.full(n, np.inf)
    if hasattr(bounds, "lb"):
        low, high = np.broadcast_to(bounds.lb, (n,)), np.broadcast_to(bounds.ub, (n,))
        pairs: list[Any] = list(zip(low.tolist(), high.tolist(), strict=True))
    else:
        pairs = list(bounds)
        if len(pairs) == 2 and not any(isinstance(pair, (tuple, list, np.ndarray)) for pair in pairs):
            pairs = [tuple(pairs)] * n
    if len(pairs) != n or any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"bounds must be a pair or {n} pairs (low, high), got {len(pairs)}")
    lower = np.array([-np.inf if low is None else low for low, _ in pairs], dtype=np.float64)
    upper = np.array([np.inf if high is None else high for _, high in pairs], dtype=np.float64)
    wrong = ~(lower <= upper) | np.isposinf(lower) | np.isneginf(upper)
    if wrong.any():
        first = int(wrong.argmax())
        rule = "low < inf and high > -inf" if lower[first] <= upper[first] else "low <= high"
        raise ValueError(f"bounds must have {rule}, got ({lower[first]}, {upper[first]}) in entry {first}")
    return lower, upper
