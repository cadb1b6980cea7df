"""Nonlinear least squares in SciPy's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from ._validation import Array, check_integer, check_non_negative, show
from .methods import Method, Options, method_table, resolve_method
from .methods.least_squares import LevenbergMarquardt
from .residuals import ResidualFunction, _start
from .results import Result

__all__ = ["least_squares"]

_SCIPY_METHODS = ("trf", "dogbox", "lm")
UNBOUNDED = (-np.inf, np.inf)


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    jac: Callable[..., Any] | str = "2-point",
    bounds: Any = UNBOUNDED,
    method: str | Method = "lm",
    ftol: float | None = 1e-8,
    xtol: float | None = 1e-8,
    gtol: float | None = 1e-8,
    x_scale: Any = None,
    loss: str | Callable[[Array], Any] = "linear",
    f_scale: float = 1.0,
    diff_step: float | None = None,
    tr_solver: str | None = None,
    tr_options: Mapping[str, Any] | None = None,
    jac_sparsity: Any = None,
    max_nfev: int | None = None,
    verbose: int = 0,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    callback: Callable[..., Any] | None = None,
    workers: Any = None,
    *,
    max_time: float | None = None,
) -> Result:
    """
    Minimize ``1/2 sum f_scale^2 rho((r_i(x) / f_scale)^2)`` by Levenberg-Marquardt, with SciPy's signature.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args, **kwargs)`` returns the residuals, shape (m,).
    x0 : array of shape (n,) or float
    jac : callable or {"2-point", "3-point", "cs"}
    bounds : pair of arrays or numbers, or SciPy's Bounds
    method : Method or str
        Levenberg-Marquardt for SciPy's "trf", "dogbox" and "lm" alike (bounds are allowed with each); or a method of
        this package for residuals, whose own tolerances then hold.
    ftol, xtol, gtol : float or None
        Stop when the relative decrease of the cost, the relative step, or the largest cosine of the angle between the
        residuals and a column of J is at most this. None: never. A run that stops so ends with undamped steps that
        bring the last digits.
    x_scale : array of shape (n,), float or "jac", optional
        Default "jac": column norms of J.
    loss : {"linear", "huber", "soft_l1", "cauchy", "arctan"} or callable
    f_scale : float
    diff_step : float, optional
    tr_solver, tr_options, jac_sparsity, workers
        Accepted for SciPy's sake, without effect: the steps are by a dense factor.
    max_nfev : int, optional
        Largest number of evaluations of the residuals, those of differences not counted.
    verbose : int
        1 or 2 prints how the run ended.
    args, kwargs
        Further arguments of `fun` and `jac`.
    callback : callable, optional
        ``callback(x)`` or ``callback(intermediate_result=res)``; StopIteration ends the run.
    max_time : float, optional
        Seconds.

    Returns
    -------
    Result
        SciPy's fields ``x, cost, fun`` (residuals), ``jac`` (with rows weighted by a robust loss, so that ``jac.T @
        jac`` is the Gauss-Newton matrix), ``grad, optimality, active_mask, nfev, njev, message``; ``status`` is a word,
        and ``nit, trace, certificate`` are there too.

    Examples
    --------
    >>> import numpy as np
    >>> import steep
    >>> res = steep.least_squares(lambda x: np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]]), [-1.2, 1.0])
    >>> res.x.round(8), res.success
    (array([1., 1.]), True)
    """
    if kwargs:
        fun = partial(fun, **kwargs)
        jac = partial(jac, **kwargs) if callable(jac) else jac
    start = _start(x0)
    lower, upper = _bounds(bounds, start.size)
    if lower is not None and upper is not None and ((start < lower) | (start > upper)).any():
        raise ValueError(f"x0 must be within the bounds, got {show(start.tolist())}")
    f = ResidualFunction(
        fun, start, jac=jac, args=args, loss=loss, f_scale=f_scale, diff_step=diff_step, bounds=(lower, upper)
    )
    tolerances: dict[str, Any] = {
        name: 0.0 if value is None else check_non_negative(value, name)
        for name, value in (("ftol", ftol), ("xtol", xtol), ("gtol", gtol))
    }
    if tr_solver not in (None, "exact", "lsmr"):
        raise ValueError(f"tr_solver must be None, 'exact' or 'lsmr', got {tr_solver!r}")
    if isinstance(x_scale, str) and x_scale != "jac":
        raise ValueError(f"x_scale must be 'jac' or positive numbers, got {x_scale!r}")
    scale = None if x_scale is None or isinstance(x_scale, str) else np.broadcast_to(x_scale, start.shape)
    if method in _SCIPY_METHODS or method == "levenberg_marquardt":
        limit = None if max_nfev is None else check_integer(max_nfev, "max_nfev", 1)
        chosen: Method = LevenbergMarquardt(polish=True, x_scale=scale, max_evaluations=limit, **tolerances)
    else:
        if isinstance(method, str) and method not in method_table:
            raise ValueError(f"method must be 'trf', 'dogbox', 'lm' or a method of steep's, got {method!r}")
        chosen = resolve_method(method)
    if getattr(chosen, "geodesic", False) and f.loss != "linear":
        raise ValueError(f"geodesic must be False with a robust loss, got loss={f.loss!r}")
    tol = 0.0 if isinstance(chosen, LevenbergMarquardt) and chosen.polish else None
    options = Options(tol, max_iter=None, max_time=max_time, lower=lower, upper=upper, callback=callback)
    found = chosen._run(f, start, options)
    result = finish(f, found, lower, upper)
    if verbose:
        print(f"{result.message}\n  cost {result.cost:.10g}, nfev {result.nfev}, optimality {result.optimality:.3g}")
    return result


def finish(f: ResidualFunction, found: Result, lower: Array | None, upper: Array | None) -> Result:
    """Turn the result of minimizing 1/2 ||r||^2 into SciPy's fields of a least-squares result."""
    core: Any = f._core
    njev = core.counts[1]
    try:
        residuals, jacobian = core.residuals(found.x), core.weighted_jacobian(found.x)
    except KeyboardInterrupt:  # the run is not lost: x, its cost and gradient are known
        residuals = np.full(core.residual_count, np.nan)
        jacobian = np.full((residuals.size, found.x.size), np.nan)
        found.status, found.success = "interrupted", False
        found.message = f"Interrupted while the residuals at x were evaluated. {found.message}"
    mask = np.zeros(found.x.size, dtype=int)
    if lower is not None:
        mask[found.x <= lower] = -1
    if upper is not None:
        mask[found.x >= upper] = 1
    result = Result(found)
    result.update(
        cost=found.fun,
        fun=residuals,
        jac=jacobian,
        grad=found.jac,
        optimality=float(found.certificate.value),
        active_mask=mask,
        njev=njev,
    )
    return result


def _bounds(bounds: Any, n: int) -> tuple[Array | None, Array | None]:
    if bounds is None or bounds is UNBOUNDED:
        return None, None
    pair = (bounds.lb, bounds.ub) if hasattr(bounds, "lb") else bounds
    if not hasattr(pair, "__len__") or len(pair) != 2:
        raise ValueError(f"bounds must be a pair (lower, upper), got {show(bounds)}")
    lower, upper = (_side(side, n) for side in pair)
    if not (lower < upper).all():
        first = int((~(lower < upper)).argmax())
        raise ValueError(f"bounds must have low < high, got ({lower[first]}, {upper[first]}) in entry {first}")
    if np.isneginf(lower).all() and np.isposinf(upper).all():
        return None, None
    return lower, upper


def _side(side: Any, n: int) -> Array:
    array = np.asarray(side, dtype=np.float64)
    if array.size != 1 and array.shape != (n,):
        raise ValueError(f"bounds must be numbers or have shape ({n},), as x0 has, got shape {array.shape}")
    return np.array(np.broadcast_to(array.reshape(-1), (n,)))
