"""Inequalities that theory promises along every trajectory of a smooth, strongly convex objective."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._validation import as_matrix, check_positive
from .objectives import Objective, as_objective

__all__ = ["InequalityCheck", "check_cocoercivity", "check_polyak_lojasiewicz"]


@dataclass(frozen=True)
class InequalityCheck:
    """
    An inequality along a set of points.

    Attributes
    ----------
    holds : bool
    constant : float
        The best constant that the points allow: the largest mu, or the least L.
    worst : int
        Index of the point (or of the first of the pair) that decides it.
    """

    holds: bool
    constant: float
    worst: int

    def __bool__(self) -> bool:
        return self.holds


def check_polyak_lojasiewicz(
    f: Objective | Callable[..., Any], points: Any, *, minimum: float | None = None, mu: float | None = None
) -> InequalityCheck:
    """
    Check ``||gradient||^2 >= 2 mu (f(w) - minimum)`` at points, such as ``res.allvecs``.

    Parameters
    ----------
    f : Objective or function
    points : array of shape (k, dim)
    minimum : float, optional
        Least value of f; default the problem's own.
    mu : float, optional
        Default: its constant of strong convexity.

    Returns
    -------
    InequalityCheck

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.quadratic([[4.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
    >>> check = steep.diagnostics.check_polyak_lojasiewicz(f, [[1.0, 1.0], [0.0, 2.0]], minimum=0.0, mu=1.0)
    >>> check.holds, round(check.constant, 12)
    (True, 1.0)
    """
    path = as_matrix(points, "points")
    f = as_objective(f, path.shape[1])
    minimum = f.minimum if minimum is None else minimum
    if minimum is None:
        raise ValueError(f"minimum must be given for {f.name}, whose least value is not known, got None")
    mu = f.strong_convexity().value if mu is None else mu
    ratios = []
    for point in path:
        fun, gradient = f.value_and_gradient(point)
        gap = fun - minimum
        gap -= 1e-15 * max(abs(fun), abs(minimum))  # its rounding
        ratios.append(float(gradient @ gradient) / (2 * gap) if gap > 0 else np.inf)
    worst = int(np.argmin(ratios))
    return InequalityCheck(bool(ratios[worst] >= mu * (1 - 1e-9)), ratios[worst], worst)


def check_cocoercivity(
    f: Objective | Callable[..., Any], points: Any, *, lipschitz: float | None = None
) -> InequalityCheck:
    """
    Check ``(grad f(v) - grad f(w))'(v - w) >= ||grad f(v) - grad f(w)||^2 / L`` between successive points.

    Parameters
    ----------
    f : Objective or function
    points : array of shape (k, dim)
    lipschitz : float, optional
        L; default the objective's own.

    Returns
    -------
    InequalityCheck

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.quadratic([[4.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
    >>> steep.diagnostics.check_cocoercivity(f, [[1.0, 1.0], [0.0, 2.0]], lipschitz=4.0).holds
    True
    """
    path = as_matrix(points, "points")
    f = as_objective(f, path.shape[1])
    lipschitz = check_positive(f.lipschitz().value if lipschitz is None else lipschitz, "lipschitz")
    gradients = np.array([f.gradient(point) for point in path])
    needed = [0.0]
    for before, after, g0, g1 in zip(path[:-1], path[1:], gradients[:-1], gradients[1:], strict=True):
        change = g1 - g0
        across = float(change @ (after - before))
        size = float(change @ change)
        rounding = 1e-13 * float(np.abs(g0).max() + np.abs(g1).max()) * float(np.linalg.norm(after - before))
        if size <= rounding**2 or abs(across) <= rounding:
            needed.append(0.0)
        else:
            needed.append(size / across if across > 0 else np.inf)
    worst = int(np.argmax(needed))
    return InequalityCheck(bool(needed[worst] <= lipschitz * (1 + 1e-6)), needed[worst], max(worst - 1, 0))
