"""Checks of objectives: convexity, conditioning; and the door to the other diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._validation import Array, as_parameters, check_integer, check_positive
from .gradient_check import GradientCheck, check_gradient
from .inequalities import InequalityCheck, check_cocoercivity, check_polyak_lojasiewicz
from .landscapes import DescentCurve, PointClass, classify_point
from .objectives import Objective, as_objective
from .rates import ConvergenceRate, convergence_rate

__all__ = [
    "ConvergenceRate",
    "ConvexityCheck",
    "DescentCurve",
    "GradientCheck",
    "InequalityCheck",
    "PointClass",
    "check_cocoercivity",
    "check_convexity",
    "check_gradient",
    "check_polyak_lojasiewicz",
    "classify_point",
    "condition_number",
    "convergence_rate",
]


def __dir__() -> list[str]:
    return __all__


@dataclass(frozen=True)
class ConvexityCheck:
    """
    Whether an objective is convex.

    Attributes
    ----------
    convex : bool or None
        None: no counterexample was found, which proves nothing.
    counterexample : (x, y, excess) or None
        Two points with f((x + y) / 2) above (f(x) + f(y)) / 2 by ``excess``.
    message : str
    """

    convex: bool | None
    counterexample: tuple[Array, Array, float] | None
    message: str

    def __bool__(self) -> bool:
        return self.convex is not False


def check_convexity(
    f: Objective, *, center: Any = None, radius: float = 1.0, samples: int = 500, seed: int = 0
) -> ConvexityCheck:
    """
    Look for a violation of ``f((x + y) / 2) <= (f(x) + f(y)) / 2``.

    Parameters
    ----------
    f : Objective
        A quadratic is decided by its Hessian; one known to be convex is told so.
    center : array of shape (dim,), optional
        Of the region that is sampled; default x0, or zeros.
    radius : float
        Standard deviation of the points around the center; pairs of many lengths are tried.
    samples : int
    seed : int

    Returns
    -------
    ConvexityCheck

    Examples
    --------
    >>> import steep
    >>> f = steep.objectives.FunctionObjective(lambda x: x[0] ** 3, dim=1)
    >>> steep.check_convexity(f).convex
    False
    """
    radius = check_positive(radius, "radius")
    samples = check_integer(samples, "samples", 1)
    f = as_objective(f)
    middle = np.zeros(f.dim) if f.x0 is None else f.x0
    middle = middle if center is None else as_parameters(center, f.dim, "center")
    if f.is_quadratic and f._core.has_hessian:
        values, vectors = np.linalg.eigh(f.hessian(middle))
        if values[0] >= -1e-12 * np.abs(values).max():
            return ConvexityCheck(True, None, f"convex: the Hessian's least eigenvalue is {values[0]:.6g}")
        x, y = middle - radius * vectors[:, 0], middle + radius * vectors[:, 0]
        excess = f.value(middle) - (f.value(x) + f.value(y)) / 2
        return ConvexityCheck(
            False, (x, y, excess), f"not convex: the Hessian has the eigenvalue {values[0]:.6g}; see counterexample"
        )
    if f.is_convex:
        return ConvexityCheck(True, None, "convex by construction")
    rng = np.random.default_rng(seed)
    finite = 0
    second_order = f._core.has_hessian and f.dim <= 200
    for k in range(samples):
        x = middle + radius * rng.standard_normal(f.dim)
        curved = second_order and k < 50
        direction = _least_curved(f.hessian(x), rng) if curved else rng.standard_normal(f.dim)
        direction = direction * radius * 10.0 ** rng.uniform(-3, 0.5) / np.linalg.norm(direction)
        y, x = x + direction, x - direction
        ends, at = (f.value(x), f.value(y)), f.value((x + y) / 2)
        excess = at - (ends[0] + ends[1]) / 2
        finite += bool(np.isfinite(excess))
        if excess > 1e-12 * (abs(ends[0]) + abs(ends[1]) + abs(at)):
            return ConvexityCheck(
                False, (x, y, excess), f"not convex: the middle of two points is {excess:.3g} too high"
            )
    some = "" if finite == samples else f", of which {samples - finite} had a value that is not finite"
    return ConvexityCheck(None, None, f"no counterexample in {samples} pairs of points{some}")


def _least_curved(H: Array, rng: np.random.Generator) -> Array:
    """Return the direction of least curvature, or any where that is not negative or not finite."""
    if np.isfinite(H).all():
        values, vectors = np.linalg.eigh(H)
        if values[0] < 0:
            least: Array = vectors[:, 0]
            return least
    return rng.standard_normal(len(H))


def condition_number(f: Objective | Callable[..., Any], w: Any = None) -> float:
    """
    Return L / mu: of the objective's exact constants, or of the Hessian at a point.

    Parameters
    ----------
    f : Objective or function
    w : array of shape (dim,), optional
        Needed where the constants are bounds or unknown.

    Returns
    -------
    float
        Infinite for a singular Hessian; its largest over its least absolute eigenvalue otherwise.

    Examples
    --------
    >>> import steep
    >>> steep.diagnostics.condition_number(steep.problems.quadratic([[4.0, 0.0], [0.0, 1.0]], [0.0, 0.0]))
    4.0
    """
    f = as_objective(f, None if w is None else np.size(w))
    if w is None:
        top, low = f._core.lipschitz(), f._core.strong_convexity()
        if top is None or low is None or not (top[1] and low[1]):
            raise ValueError(f"w must be given for {f.name}, whose constants are not known exactly, got None")
        return float(top[0] / low[0]) if low[0] > 0 else float("inf")
    values = np.abs(np.linalg.eigvalsh(f.hessian(w)))
    least = float(values.min())
    return float(values.max()) / least if least > 1e-16 * float(values.max()) else float("inf")
