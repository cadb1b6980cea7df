"""The start, the bounds and the functions of a run, from SciPy's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._validation import Array, as_numeric, show
from ..objectives import FunctionObjective, Objective

__all__ = ["as_bounds", "as_start", "function_objective", "inside"]


def as_start(x0: Any) -> Array:
    """Return a fresh finite float64 vector."""
    array = np.atleast_1d(as_numeric(x0, "x0")).astype(np.float64)
    if array.ndim > 1:
        raise ValueError(f"x0 must be a vector, got shape {array.shape}")
    if array.size == 0:
        raise ValueError("x0 must have at least one entry, got none")
    if not np.isfinite(array).all():
        first = int((~np.isfinite(array)).argmax())
        raise ValueError(f"x0 must be finite, got {array[first]} in entry {first}")
    return array


def inside(x: Array, lower: Array | None, upper: Array | None) -> Array:
    """Return the start moved to the bounds."""
    if lower is not None:
        x = np.maximum(x, lower)
    return x if upper is None else np.minimum(x, upper)


def as_bounds(bounds: Any, n: int) -> tuple[Array | None, Array | None]:
    """Return (lower, upper) vectors, or None where nothing is bounded, from SciPy's Bounds or pairs."""
    if bounds is None:
        return None, None
    if hasattr(bounds, "lb"):
        lower, upper = bounds.lb, bounds.ub
    else:
        pairs = list(bounds) if np.iterable(bounds) else []
        if len(pairs) != n or any(np.shape(pair) != (2,) for pair in pairs):
            raise ValueError(f"bounds must be {n} pairs (low, high), got {show(bounds)}")
        lower = [-np.inf if low is None else low for low, _ in pairs]
        upper = [np.inf if high is None else high for _, high in pairs]
    low = np.ascontiguousarray(np.broadcast_to(np.asarray(lower, dtype=np.float64), (n,)))
    high = np.ascontiguousarray(np.broadcast_to(np.asarray(upper, dtype=np.float64), (n,)))
    wrong = ~(low <= high) | np.isposinf(low) | np.isneginf(high)
    if wrong.any():
        first = int(wrong.argmax())
        rule = "low < inf and high > -inf" if low[first] <= high[first] else "low <= high"
        raise ValueError(f"bounds must have {rule}, got ({low[first]}, {high[first]}) in entry {first}")
    if np.isneginf(low).all() and np.isposinf(high).all():
        return None, None
    return low, high


def function_objective(
    fun: Any, x0: Array, jac: Any, hess: Any, hessp: Any, args: tuple[Any, ...], bounds: Any
) -> FunctionObjective:
    """Return SciPy's arguments as an objective; "2-point" and "3-point" name the differences."""
    if isinstance(jac, str) and jac == "cs":
        jac = _complex_steps(fun, args)
    if not (jac is None or isinstance(jac, (bool, str)) or callable(jac)):
        raise TypeError(f"gradient must be callable, True, '2-point', '3-point' or 'cs', got {show(jac)}")
    differences = next((v for v in (jac, hess) if isinstance(v, str)), "2-point")
    if differences not in ("2-point", "3-point"):
        raise ValueError(f"jac and hess must be callable, '2-point' or '3-point' (jac also 'cs'), got {differences!r}")
    if hess is not None and not callable(hess) and not isinstance(hess, str):
        raise TypeError(f"hess must be callable, '2-point' or '3-point', got {show(hess)}")
    if type(fun).__name__ == "MemoizeJac" and jac is not None and getattr(jac, "__self__", None) is fun:
        memoized: Any = fun
        jac, fun = True, memoized.fun  # SciPy's wrapping of jac=True undone: one call an evaluation
    owner = fun if isinstance(fun, Objective) else getattr(fun, "__self__", None)
    if isinstance(owner, Objective) and owner.own_constraints:
        raise ValueError(
            f"fun must be a function without constraints, got the {owner.name}'s, which has its own "
            f"({owner.own_constraints}): give the program itself to steep.minimize"
        )
    lower, upper = as_bounds(bounds, x0.size)
    n = x0.size
    limits = None
    if lower is not None or upper is not None:
        limits = (np.full(n, -np.inf) if lower is None else lower, np.full(n, np.inf) if upper is None else upper)
    return FunctionObjective(
        fun,
        gradient=jac if callable(jac) or jac is True else None,
        hessian=hess if callable(hess) else None,
        hessian_product=hessp,
        args=args,
        dim=n,
        x0=x0,
        differences=differences,
        bounds=limits,
    )


def _complex_steps(fun: Any, args: Any) -> Any:
    """Return the gradient of a function that is analytic in NumPy's complex arithmetic: Im f(x + i h e_j) / h."""
    given = args if isinstance(args, tuple) else (args,)

    def gradient(x: Array, *_: Any) -> Array:
        found = np.empty(x.size)
        for j in range(x.size):
            h = 1e-30 * max(abs(float(x[j])), 1e-100) if x[j] != 0 else 1e-30
            point = x.astype(np.complex128)
            point[j] += 1j * h
            value = np.asarray(fun(point, *given))
            if value.size != 1 or value.dtype.kind != "c":
                raise ValueError(f"jac must be another than 'cs' for a function that is not complex, got {show(value)}")
            found[j] = value.reshape(-1)[0].imag / h
        return found

    return gradient
