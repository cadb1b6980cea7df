"""Checks of objectives: gradients, convexity, conditioning; and the door to the other diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._validation import Array, as_parameters, check_integer, check_positive
from .inequalities import InequalityCheck, check_cocoercivity, check_polyak_lojasiewicz
from .landscapes import DescentCurve, PointClass, classify_point
from .objectives import FunctionObjective, Objective
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


@dataclass(frozen=True)
class GradientCheck:
    """
    A gradient against central differences.

    Attributes
    ----------
    ok : bool
    worst : int
        Entry with the largest error.
    error : float
        There, relative to ``max(|gradient|, |difference|, 1e-3 max |gradient|)``.
    gradient, differences : array of shape (dim,)
    message : str
    """

    ok: bool
    worst: int
    error: float
    gradient: Array
    differences: Array
    message: str

    def __bool__(self) -> bool:
        return self.ok


def check_gradient(
    f: Objective | Callable[..., Any], w: Any, gradient: Callable[..., Any] | bool | None = None, *, tol: float = 1e-5
) -> GradientCheck:
    """
    Compare a gradient with central differences of the function, entry by entry.

    Parameters
    ----------
    f : Objective or callable
    w : array of shape (dim,)
        Away from kinks.
    gradient : callable or True
        Of a callable f.
    tol : float
        Largest relative error of a right gradient.

    Returns
    -------
    GradientCheck
        True in a condition when the gradient is right; names the worst entry.

    Examples
    --------
    >>> import steep
    >>> check = steep.check_gradient(lambda x: x[0] ** 2 * x[1], [1.0, 2.0], lambda x: [2 * x[0] * x[1], x[0]])
    >>> check.ok, check.worst
    (True, 0)
    >>> steep.check_gradient(lambda x: x[0] ** 2 + x[1], [1.0, 2.0], lambda x: [2 * x[0], 3.0]).worst
    1
    """
    tol = check_positive(tol, "tol")
    if not isinstance(f, Objective):
        f = FunctionObjective(f, gradient=gradient, x0=w)
    w = as_parameters(w, f.dim, "w")
    analytic = f.gradient(w)
    numeric = np.empty(f.dim)
    core = f._core  # the smooth part, as the gradient
    for i in range(f.dim):
        h = 1e-3 * max(1.0, abs(w[i]))
        x = w.copy()
        values = []
        for k in (1, -1, 2, -2):
            x[i] = w[i] + k * h
            values.append(core.value(x))
        numeric[i] = (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * h)
        # Fourth order with a wide step; the narrow one where the function bends too much for it.
        narrow = 6e-6 * max(1.0, abs(w[i]))
        x[i] = w[i] + narrow
        ahead = core.value(x)
        x[i] = w[i] - narrow
        second = (ahead - core.value(x)) / (2 * narrow)
        if abs(second - analytic[i]) < abs(numeric[i] - analytic[i]):
            numeric[i] = second
    scale = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), 1e-3 * np.abs(analytic).max())
    errors = np.abs(analytic - numeric) / np.maximum(scale, 1e-12)
    errors = np.where(np.isnan(errors), np.inf, errors)
    worst = int(errors.argmax())
    error = float(errors[worst])
    message = (
        f"entry {worst}: gradient {analytic[worst]:.10g}, differences {numeric[worst]:.10g}, relative error {error:.2g}"
    )
    return GradientCheck(error <= tol, worst, error, analytic, numeric, message)


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
    second_order = f._core.has_hessian and f.dim <= 200
    for k in range(samples):
        x = middle + radius * rng.standard_normal(f.dim)
        if second_order and k < 50:  # the direction of least curvature, when it is negative
            values, vectors = np.linalg.eigh(f.hessian(x))
            direction = vectors[:, 0] if values[0] < 0 else rng.standard_normal(f.dim)
        else:
            direction = rng.standard_normal(f.dim)
        direction = direction * radius * 10.0 ** rng.uniform(-3, 0.5) / np.linalg.norm(direction)
        y, x = x + direction, x - direction
        ends, at = (f.value(x), f.value(y)), f.value((x + y) / 2)
        excess = at - (ends[0] + ends[1]) / 2
        if excess > 1e-12 * (abs(ends[0]) + abs(ends[1]) + abs(at)):
            return ConvexityCheck(
                False, (x, y, excess), f"not convex: the middle of two points is {excess:.3g} too high"
            )
    return ConvexityCheck(None, None, f"no counterexample in {samples} pairs of points")


def condition_number(f: Objective, w: Any = None) -> float:
    """
    Return L / mu: of the objective's exact constants, or of the Hessian at a point.

    Parameters
    ----------
    f : Objective
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
    if w is None:
        top, low = f._core.lipschitz(), f._core.strong_convexity()
        if top is None or low is None or not (top[1] and low[1]):
            raise ValueError(f"w must be given for {f.name}, whose constants are not known exactly, got None")
        return float(top[0] / low[0]) if low[0] > 0 else float("inf")
    values = np.abs(np.linalg.eigvalsh(f.hessian(w)))
    least = float(values.min())
    return float(values.max()) / least if least > 1e-16 * float(values.max()) else float("inf")
