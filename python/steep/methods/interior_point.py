"""Interior points: linear and quadratic programs, smooth constraints, fits by absolute or largest errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .. import _core
from .._constraints import Constraints, read_constraints
from .._validation import Array
from ..objectives import FunctionObjective, Objective
from ..residuals import ResidualFunction
from ..results import Result
from .base import Method, Options
from .central import go_on_by_central_differences

__all__ = ["InteriorPoint"]


@dataclass(frozen=True)
class InteriorPoint(Method):
    """
    A primal-dual interior point, for objectives with constraints or bounds, and for ``lad`` and ``chebyshev``.

    Notes
    -----
    Linear and convex quadratic objectives with linear constraints and bounds: Mehrotra's predictor and corrector, by
    Cholesky. Stops when the KKT residuals and the duality gap, relative to ``max(1, |fun|)``, are at most tol. Programs
    without a solution end with status "infeasible" (``res.multipliers`` combine the constraints into a contradiction)
    or "unbounded" (``res.direction`` is feasible and descends forever).

    Other objectives or constraints: a log barrier with slacks, for smooth functions with a gradient; a local solution
    unless the problem is convex. The Hessian of the Lagrangian is exact where the objective's Hessian and the
    constraints' Jacobians are, else a BFGS matrix.

    ``res.multipliers`` is a dictionary: ``equality``, ``inequality``, ``lower``, ``upper`` (for the rows as SciPy's
    constraints list them: those of one constraint's upper limits before its lower ones), all at least 0 but the first.
    The start is ignored for programs. Source: Mehrotra, SIAM J. Optim. 2 (1992) 575; Wächter and Biegler, Math.
    Programming 106 (2006) 25.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.quadratic([[2.0, 0.0], [0.0, 2.0]], [-2.0, -5.0])
    >>> above = {"type": "ineq", "fun": lambda x: 2 - x[0] - x[1], "jac": lambda x: [-1.0, -1.0]}
    >>> steep.minimize(f, method=steep.InteriorPoint(), constraints=above).x.round(6)
    array([0.25, 1.75])
    """

    name: ClassVar[str] = "interior_point"
    needs: ClassVar[tuple[str, ...]] = ()

    def _solver(self) -> _core.Solver:
        return _core.InteriorPoint()

    def takes_bounds(self) -> bool:
        """Return True: bounds become constraints of the barrier."""
        return True

    def _run(self, f: Objective, x0: Array, options: Options) -> Result:
        core = f._core
        own: Any = f
        if core.l1() is not None:
            raise ValueError(f"method interior_point must have no l1 penalty, and {f.name} has one")
        bounded = options.lower is not None or options.upper is not None
        if isinstance(core, _core.LinearFit):
            if options.constraints or bounded:
                got = f"{len(options.constraints)} constraints" if options.constraints else "bounds"
                raise ValueError(f"{f.name} must have neither constraints nor bounds, got {got}")
            return super()._run(f, x0, options)
        constraints = read_constraints(tuple(options.constraints), f.dim)
        program = isinstance(core, _core.QuadraticProgram)
        quadratic = core.is_quadratic and core.has_hessian and f.is_convex
        if quadratic and not constraints.curved:
            parts = dict(own.parts) if program else _quadratic_parts(f)
            return self._run_program(f, x0, options, _merge(parts, constraints, options))
        if program:
            parts = own.parts
            constraints.A = np.concatenate([constraints.A, parts["A"]])
            constraints.b = np.concatenate([constraints.b, parts["b"]])
            constraints.G = np.concatenate([constraints.G, parts["G"]])
            constraints.h = np.concatenate([constraints.h, parts["h"]])
            options.lower = _tighter(options.lower, parts["lower"], np.maximum)
            options.upper = _tighter(options.upper, parts["upper"], np.minimum)
        return self._run_barrier(f, x0, options, constraints)

    def _run_program(self, f: Objective, x0: Array, options: Options, parts: dict[str, Any]) -> Result:
        Q, c = parts.pop("Q"), parts.pop("c")
        core = _core.QuadraticProgram(Q, c, **parts)
        arguments = options.to_core() | {"lower": None, "upper": None}
        result = Result.from_core(_core.minimize(core, _core.InteriorPoint(), x0, **arguments), method=self.name)
        p, m, n = parts["b"].size, parts["h"].size, f.dim
        _name_multipliers(result, [p, m, n, n])
        return result

    def _run_barrier(self, f: Objective, x0: Array, options: Options, constraints: Constraints) -> Result:
        core: Any = f._core
        self._need_gradient(f)
        n = f.dim
        eye = np.eye(n)
        lower = np.full(n, -np.inf) if options.lower is None else options.lower
        upper = np.full(n, np.inf) if options.upper is None else options.upper
        fixed = np.flatnonzero(lower == upper)
        low, high = (np.flatnonzero(np.isfinite(side) & (lower < upper)) for side in (lower, upper))
        if fixed.size or low.size or high.size:
            constraints.A = np.concatenate([constraints.A, eye[fixed]])
            constraints.b = np.concatenate([constraints.b, lower[fixed]])
            constraints.G = np.concatenate([constraints.G, -eye[low], eye[high]])
            constraints.h = np.concatenate([constraints.h, -lower[low], upper[high]])
            x0 = _inside(x0, lower, upper)
        for constraint in constraints.curved:
            constraint.lower, constraint.upper = options.lower, options.upper
        constraints.measure(x0)
        if constraints.values(x0).size == 0:
            raise ValueError("method interior_point must have constraints or bounds, got none")
        exact = core.has_hessian and getattr(core, "exact_hessian", True)
        curvature = _core.Curvature.bfgs
        if exact and constraints.exact:
            curvature = _core.Curvature.differences if constraints.curved else _core.Curvature.exact
        functions = ResidualFunction(constraints.values, x0, jac=constraints.slopes, name="constraints")
        solver = _core.BarrierMethod(functions._core, constraints.equalities, curvature)
        arguments = options.to_core() | {"lower": None, "upper": None}
        before = getattr(core, "counts", 0)
        result = Result.from_core(_core.minimize(core, solver, x0, **arguments), method=self.name)
        if isinstance(f, FunctionObjective):
            norm = float(result.trace["gradient_norm"][0])
            if options.rtol * norm <= arguments["tol"]:  # else the violation's share of it is that of x0
                go_on_by_central_differences(f, solver, result, arguments)
            result.nfev, result.njev, result.nhev = (int(k) for k in np.subtract(core.counts, before))
        if result.get("multipliers") is None:  # stopped at x0
            return result
        p = constraints.equalities - fixed.size
        inequalities = result.multipliers.size - constraints.equalities - low.size - high.size
        sizes = [p, fixed.size, inequalities, low.size, high.size]
        equal, held, above, below_low, below_high = np.split(result.multipliers, np.cumsum(sizes)[:-1])
        full_low, full_high = np.zeros(n), np.zeros(n)
        full_low[low], full_high[high] = below_low, below_high
        full_low[fixed], full_high[fixed] = np.maximum(-held, 0), np.maximum(held, 0)
        result.multipliers = np.concatenate([equal, above, full_low, full_high])
        _name_multipliers(result, [p, inequalities, n, n])
        return result

    def _need_gradient(self, f: Objective) -> None:
        if not f._core.has_gradient:
            raise ValueError(f"method interior_point needs a gradient, and {f.name} has none")


def _quadratic_parts(f: Objective) -> dict[str, Any]:
    n = f.dim
    zero = np.zeros(n)
    value, gradient = f.value_and_gradient(zero)
    return {
        "Q": np.ascontiguousarray(f.hessian(zero)),
        "c": np.ascontiguousarray(gradient),
        "constant": value,
        "A": np.zeros((0, n)),
        "b": np.zeros(0),
        "G": np.zeros((0, n)),
        "h": np.zeros(0),
        "lower": np.full(n, -np.inf),
        "upper": np.full(n, np.inf),
    }


def _merge(parts: dict[str, Any], constraints: Constraints, options: Options) -> dict[str, Any]:
    for name in ("A", "b", "G", "h"):
        parts[name] = np.ascontiguousarray(np.concatenate([parts[name], getattr(constraints, name)]))
    parts["lower"] = _tighter(options.lower, parts["lower"], np.maximum)
    parts["upper"] = _tighter(options.upper, parts["upper"], np.minimum)
    return parts


def _tighter(first: Array | None, second: Array, choose: Any) -> Array:
    found: Array = second if first is None else choose(first, second)
    return found


def _inside(x: Array, low: Array, high: Array) -> Array:
    """Return x moved a little into the bounds, for the barrier."""
    with np.errstate(invalid="ignore"):
        room = np.where(np.isfinite(high - low), high - low, np.inf)
    margin = np.minimum(1e-2 * np.maximum(1.0, np.abs(x)), 0.25 * room)
    x = np.where(x < low + margin, low + margin, x)
    return np.where(x > high - margin, high - margin, x)


def _name_multipliers(result: Result, sizes: list[int]) -> None:
    flat = result.get("multipliers")
    if flat is None:
        return
    ends = np.cumsum(sizes)
    names = ("equality", "inequality", "lower", "upper")
    result.multipliers = dict(zip(names, np.split(np.asarray(flat), ends[:-1]), strict=True))
