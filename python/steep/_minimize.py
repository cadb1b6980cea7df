"""The front door of the full-batch methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from . import _core
from ._checks import check_threads
from ._choice import choose
from ._restarts import minimize_from_several
from ._validation import Array, show
from .methods import Method, Options, resolve_method
from .methods.arguments import as_bounds, as_start, function_objective, inside
from .methods.base import keep_path
from .objectives import FunctionObjective, Objective
from .results import Result
from .risk import Risk

__all__ = ["minimize"]


def minimize(
    f: Objective | Callable[..., Any],
    x0: Any = None,
    method: str | Method = "auto",
    *,
    gradient: Callable[..., Any] | bool | str | None = None,
    hessian: Callable[..., Any] | str | None = None,
    hessian_product: Callable[..., Any] | None = None,
    jac: Callable[..., Any] | bool | str | None = None,
    hess: Callable[..., Any] | str | None = None,
    hessp: Callable[..., Any] | None = None,
    args: tuple[Any, ...] = (),
    constraints: Any = (),
    bounds: Any = None,
    tol: float | None = None,
    rtol: float = 0.0,
    max_iter: int | None = None,
    max_time: float | None = None,
    callback: Callable[..., Any] | None = None,
    n_threads: int | None = None,
    return_all: bool = False,
) -> Result:
    """
    Minimize an objective or a Python function.

    Parameters
    ----------
    f : Objective or callable
        From ``steep.problems``, ``steep.Risk``, or a function ``f(x, *args)``.
    x0 : array of shape (dim,), optional
        Start; copied. Default: the problem's own, or zeros when it is convex.
    method : Method or str
        A method object, its name, or "auto", which says in ``res.reason`` what it chose and why.
    gradient, hessian, hessian_product : callables, optional
        Of a function (also spelled ``jac``, ``hess``, ``hessp``); ``gradient=True`` when f returns both. "2-point" and
        "3-point" name the differences taken for what is missing; ``gradient="cs"`` takes complex steps, exact for a
        function that is analytic in NumPy's complex arithmetic.
    args : tuple
        Further arguments of the functions.
    constraints : SciPy's constraint objects or dicts, or a list of them
    bounds : SciPy's Bounds, or a list of pairs, optional
    tol, rtol : float
        Stop when the infinity norm of the gradient (projected onto bounds, prox-mapped under l1) is at most
        ``max(tol, rtol * its value at x0)``; default tol 1e-8, and 1e-5 when the gradient is a difference.
    max_iter : int, optional
    max_time : float, optional
        Seconds, of all restarts together.
    callback : callable, optional
        ``callback(x)`` or ``callback(intermediate_result=res)`` after every iteration; StopIteration ends the run.
    n_threads : int, optional
        Of this run; other runs on the same objective, which wait for it, have their own.
    return_all : bool
        Keep the iterates in ``res.allvecs``, shape (nit + 1, dim).

    Returns
    -------
    Result
        Not converging is a status of the result, not an exception; Ctrl-C returns the best point so far. A method with
        ``restarts`` minimizes a network's risk from x0 and from as many more initial parameters, drawn with the seeds
        after the network's; the result is the best run's, and ``res.restarts`` has them all. A callback is then called
        from several threads.

    Examples
    --------
    >>> import numpy as np
    >>> import steep
    >>> def rosenbrock(x):
    ...     return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    >>> res = steep.minimize(rosenbrock, [-1.2, 1.0], steep.BFGS())
    >>> np.round(res.x, 3)
    array([1., 1.])
    """
    gradient = _one_of(gradient, jac, "gradient", "jac")
    hessian = _one_of(hessian, hess, "hessian", "hess")
    hessian_product = _one_of(hessian_product, hessp, "hessian_product", "hessp")
    if isinstance(f, Objective):
        for value, name in ((gradient, "gradient"), (hessian, "hessian"), (hessian_product, "hessian_product")):
            if value is not None:
                raise ValueError(f"{name} must be None with an Objective, which has its own, got {show(value)}")
        objective, start = f, _start_of(f, x0)
    elif callable(f):
        if x0 is None:
            raise ValueError("x0 must be given for a function, got None")
        start = as_start(x0)
        objective = function_objective(f, start, gradient, hessian, hessian_product, args, bounds)
    else:
        raise TypeError(f"f must be an Objective or a function, got {show(f)}")

    lower, upper = as_bounds(bounds, start.size)
    if constraints is None:
        constraints = ()
    elif isinstance(constraints, dict) or not np.iterable(constraints):
        constraints = (constraints,)
    if n_threads is not None:
        n_threads = check_threads(n_threads)
    options = Options(tol, rtol, max_iter, max_time, lower, upper, tuple(constraints), callback, n_threads=n_threads)
    reason = None
    if isinstance(method, str) and method == "auto":
        chosen, reason = choose(objective, options)
    else:
        chosen = resolve_method(method)
    start = inside(start, lower, upper)

    def solve(objective: Objective, start: Array, chosen: Method, max_time: float | None) -> Result:
        own = replace(options, max_time=max_time)
        if tol is None:
            differences = isinstance(objective, FunctionObjective) and not objective.exact_gradient
            own.tol = 1e-5 if differences else getattr(objective, "default_tol", None)
        with keep_path(own, start, return_all) as path:
            result = chosen._run(objective, start, own)
        if return_all:
            result.allvecs = np.array(path)
        return result

    if getattr(chosen, "restarts", 1) > 1 and isinstance(objective, Risk):
        workers = _core.default_threads() if n_threads is None else n_threads
        options.n_threads = 1
        return minimize_from_several(objective, start, chosen, workers, solve, options)
    if isinstance(objective, Risk):
        objective = objective.for_method(chosen)
    result = solve(objective, start, chosen, options.max_time)
    result.reason = reason
    return result


def _one_of(first: Any, second: Any, name: str, other: str) -> Any:
    if first is not None and second is not None:
        raise ValueError(f"{name} must be given once, got it as {other} too")
    return second if first is None else first


def _start_of(f: Objective, x0: Any) -> Array:
    if x0 is not None:
        start = as_start(x0)
        if start.size != f.dim:
            raise ValueError(f"x0 must have shape ({f.dim},), got shape {np.shape(x0)}")
        return start
    if f.x0 is not None:
        return f.x0.copy()
    if f.is_convex:
        return np.zeros(f.dim)
    raise ValueError(f"x0 must be given for {f.name}, which is not convex and has no start of its own, got None")
