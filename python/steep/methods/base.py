"""What every full-batch method shares: options, the run through the core, and SciPy's door."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from .. import _core
from .._validation import Array, check_integer, check_non_negative, show
from ..objectives import FunctionObjective, Objective
from ..results import Result
from .arguments import as_bounds, as_start, function_objective, inside
from .central import go_on_by_central_differences

__all__ = ["Method", "Options", "method_table", "with_bounds"]

# The default of SciPy's gradient methods: what differences can reach, and what counts as converged through its door
# when a run ends on the way to 1e-8.
_SCIPY_TOL = 1e-5

# Name in snake case -> class; a method enters by being defined.
method_table: dict[str, type[Method]] = {}


@dataclass
class Options:
    """What a run takes beside the method's own hyper-parameters."""

    tol: float | None = None
    rtol: float = 0.0
    max_iter: int | None = None
    max_time: float | None = None
    lower: Array | None = None
    upper: Array | None = None
    constraints: tuple[Any, ...] = ()
    callback: Callable[..., Any] | None = None
    # Called as records(iteration, x, fun, gradient, step_size, seconds, l2) with a row for each iteration since the
    # last call, at most every `interval` seconds.
    records: Callable[..., Any] | None = None
    interval: float = 0.0
    n_threads: int | None = None  # of an evaluation; None: as many as the objective says
    enough: float = 0.0  # what counts as converged where a run ends short of tol

    def __post_init__(self) -> None:
        if self.tol is not None:
            self.tol = check_non_negative(self.tol, "tol")
        self.rtol = check_non_negative(self.rtol, "rtol")
        if self.max_iter is not None:
            self.max_iter = check_integer(self.max_iter, "max_iter", 0)
        if self.max_time is not None and self.max_time != np.inf:
            self.max_time = check_non_negative(self.max_time, "max_time")
        if self.callback is not None and not callable(self.callback):
            raise TypeError(f"callback must be callable, got {show(self.callback)}")

    def to_core(self) -> dict[str, Any]:
        """Return the keyword arguments of the core's minimize."""
        return {
            "tol": 1e-8 if self.tol is None else self.tol,
            "rtol": self.rtol,
            "enough": self.enough,
            "max_iter": -1 if self.max_iter is None else self.max_iter,
            "max_time": np.inf if self.max_time is None else self.max_time,
            "lower": self.lower,
            "upper": self.upper,
            "callback": wrap_callback(self.callback),
            "records": self.records,
            "interval": self.interval,
            "n_threads": self.n_threads or 0,
        }


class Method:
    """
    A full-batch method: an object that holds its hyper-parameters and nothing else.

    Pass it to :func:`steep.minimize`, to ``steep.train(optimizer=...)``, or to ``scipy.optimize.minimize(method=...)``.
    A subclass is a frozen dataclass with ``name`` and ``_solver``, or with a ``_run`` of its own.
    """

    name: ClassVar[str] = ""
    owns_penalty: ClassVar[bool] = False  # whether it finds the l2 penalty itself
    matrices: ClassVar[int] = 0  # of dim x dim numbers that a run keeps
    needs: ClassVar[tuple[str, ...]] = ("gradient",)  # of: gradient, hessian, hessian_product, residuals, quadratic

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.name:
            method_table[cls.name] = cls

    def __new__(cls, *given: Any, **named: Any) -> Any:
        """Return a method; a class that SciPy is given for one is called with the problem, which is then solved."""
        return cls()(*given, **named) if {"args", "jac", "hess", "hessp"} <= named.keys() else super().__new__(cls)

    def _solver(self) -> _core.Solver:
        raise NotImplementedError

    def check_penalty(self, l1: float, l2: float) -> None:
        """Refuse a penalty of the objective where the method finds its own."""
        if self.owns_penalty and (l1 > 0 or l2 > 0):
            raise ValueError(f"penalty must be None with {self.name}, which finds its own, got l1={l1:g}, l2={l2:g}")

    def takes_bounds(self) -> bool:
        """Return whether the iterates can be kept within bounds."""
        return bool(self._solver().handles_bounds)

    def _run(self, f: Objective, x0: Array, options: Options) -> Result:
        """Run on an objective; what Python functions were called is counted by them."""
        return self._run_solver(f, self._solver(), x0, options)

    def _run_solver(self, f: Objective, solver: _core.Solver, x0: Array, options: Options) -> Result:
        if options.constraints:
            raise ValueError(f"method {self.name} must have no constraints, got {len(options.constraints)}")
        if not solver.handles_bounds and (options.lower is not None or options.upper is not None):
            raise ValueError(f"method {self.name} does not take bounds: use {with_bounds()}")
        if getattr(self, "restarts", 1) > 1:
            raise ValueError(
                f"restarts must be 1 with {f.name}: other starts are known for networks only, in minimize and train; "
                f"run from several x0 and keep the best, got {self.restarts}"  # type: ignore[attr-defined]
            )
        self._check(f)
        self._check_memory(f.dim)
        before = getattr(f._core, "counts", 0)
        arguments = options.to_core()
        found = _core.minimize(f._core, solver, x0, **arguments)
        result = Result.from_core(found, method=self.name)
        if isinstance(f, FunctionObjective):
            go_on_by_central_differences(f, self._solver(), result, arguments)
            counts = np.subtract(f._core.counts, before)  # type: ignore[attr-defined]
            result.nfev, result.njev, result.nhev = (int(count) for count in counts)
        result.settings = self
        if f.minimum is not None:
            result.minimum = f.minimum
        return result

    def _check(self, f: Objective) -> None:
        core = f._core
        if f.own_constraints:
            raise ValueError(
                f"method {self.name} must have no constraints, and the {f.name} has its own ({f.own_constraints}): "
                "use interior_point or 'auto'"
            )
        has = {
            "gradient": core.has_gradient,
            "hessian": core.has_hessian,
            "hessian_product": core.has_hessian_product,
            "residuals": core.has_gauss_newton,
            "quadratic": core.is_quadratic,
        }
        for need in self.needs:
            if not has[need]:
                what = {"gradient": "a gradient", "hessian": "a Hessian", "residuals": "residuals"}.get(
                    need, "Hessian-vector products" if need == "hessian_product" else "a quadratic objective"
                )
                hint = ""
                if need == "quadratic" and core.has_gauss_newton:
                    hint = ": take levenberg_marquardt, or 'auto'"
                raise ValueError(f"method {self.name} needs {what}, and {f.name} has none{hint}")

    def _check_memory(self, dim: int) -> None:
        """Refuse matrices that are more than the machine has, before they are filled."""
        needed = 8 * self.matrices * dim**2
        if hasattr(os, "sysconf") and needed > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"):
            raise MemoryError(
                f"method must be one that fits into memory, got {self.name}, which keeps matrices of {dim:,} x {dim:,} "
                f"numbers, {needed / 1e9:,.0f} GB: lbfgs and newton_cg keep vectors"
            )

    def __call__(
        self,
        fun: Callable[..., Any],
        x0: Any,
        args: tuple[Any, ...] = (),
        jac: Any = None,
        hess: Any = None,
        hessp: Any = None,
        bounds: Any = None,
        constraints: Any = (),
        callback: Callable[..., Any] | None = None,
        **options: Any,
    ) -> Any:
        """
        Answer ``scipy.optimize.minimize(fun, x0, ..., method=self)`` with an ``OptimizeResult``.

        Options: ``tol`` (also ``gtol``), ``rtol``, ``maxiter`` (also ``max_iter``), ``maxfun`` (also ``maxfev``; seen
        after each iteration), ``max_time``, ``disp``, ``return_all``. Others meet SciPy's OptimizeWarning, as with its
        own methods. Without a tolerance the run aims at 1e-8 (at SciPy's 1e-5 where the gradient is by differences);
        one that ends short of that, by rounding or a limit, is converged where a point on its way met 1e-5, and
        returns the last such.
        """
        tol = options.pop("gtol", None)
        tol = options.pop("tol", None) if tol is None else tol
        max_iter = options.pop("maxiter", None)
        max_iter = options.pop("max_iter", None) if max_iter is None else max_iter
        most = [options.pop(name) for name in ("maxfun", "maxfev") if options.get(name) is not None]
        most_calls = min((check_integer(count, "maxfun", 1) for count in most), default=None)
        disp = options.pop("disp", False)
        known = {name: options.pop(name) for name in ("rtol", "max_time") if name in options}
        return_all = bool(options.pop("return_all", False))
        unknown = [name for name in options if name not in ("maxfun", "maxfev")]
        if unknown:
            _warn_of_options(unknown)
        start = as_start(x0)
        f = function_objective(fun, start, jac, hess, hessp, args, bounds)
        enough = 0.0
        if tol is None and f._core.exact_gradient:  # type: ignore[attr-defined]
            tol, enough = 1e-8, _SCIPY_TOL
        elif tol is None:
            tol = _SCIPY_TOL
        lower, upper = as_bounds(bounds, start.size)
        if constraints is None or isinstance(constraints, (dict, str)) or not np.iterable(constraints):
            constraints = () if constraints is None else (constraints,)
        run = Options(tol, enough=enough, max_iter=max_iter, callback=callback, lower=lower, upper=upper, **known)
        run.constraints = tuple(constraints)
        start = inside(start, lower, upper)
        with keep_path(run, start, return_all) as path:
            spent = _limit_calls(run, f, most_calls)
            result = self._run(f, start, run)
        if return_all:
            result.allvecs = path
        if spent and result.status == "interrupted":
            result.status, result.success = "max_iter", False
            result.message = f"Stopped after {result.nfev} evaluations, maxfun being {most_calls}."
            if result.certificate.value <= enough:
                result.status, result.success = "converged", True
                result.message = (
                    f"Converged: gradient norm {result.certificate.value:.6g} <= {enough:g}; "
                    f"the {tol:.0e} first aimed at takes more evaluations than allowed."
                )
        if disp:
            print(f"{result.message}\n  fun {result.fun:.10g}, nit {result.nit}, nfev {result.nfev}")
        return result.to_scipy()


def _warn_of_options(names: list[str]) -> None:
    from scipy.optimize import OptimizeWarning

    warnings.warn(f"Unknown solver options: {', '.join(names)}", OptimizeWarning, stacklevel=4)


def _limit_calls(options: Options, f: FunctionObjective, most: int | None) -> list[int]:
    """Have the callback end the run after so many calls of the function; the list is then no longer empty."""
    spent: list[int] = []
    if most is None:
        return spent
    core: Any = f._core
    wrapped = wrap_callback(options.callback)

    def limited(intermediate_result: Result) -> None:
        r = intermediate_result
        if wrapped is not None:
            wrapped(r.nit, r.x, r.fun, r.gradient_norm, r.jac, r.step_size)
        if core.counts[0] >= most:
            spent.append(core.counts[0])
            raise StopIteration

    options.callback = limited
    return spent


def with_bounds() -> str:
    """Return the names of the methods that take bounds, in words."""
    *names, last = sorted(name for name, kind in method_table.items() if kind().takes_bounds())
    return f"{', '.join(names)} or {last}"


@contextmanager
def keep_path(options: Options, start: Array, wanted: bool) -> Iterator[list[Array]]:
    """Collect the iterates through the callback, which is put back at the end."""
    path, callback = [start], options.callback
    if not wanted:
        yield path
        return
    wrapped = wrap_callback(callback)

    def collect(intermediate_result: Result) -> None:
        path.append(intermediate_result.x.copy())
        if wrapped is not None:
            wrapped(
                intermediate_result.nit,
                intermediate_result.x,
                intermediate_result.fun,
                intermediate_result.gradient_norm,
                intermediate_result.jac,
                intermediate_result.step_size,
            )

    options.callback = collect
    try:
        yield path
    finally:
        options.callback = callback


def wrap_callback(callback: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """Return what the core calls: SciPy's two styles, f(x) and f(intermediate_result=...)."""
    if callback is None:
        return None
    try:
        names = set(inspect.signature(callback).parameters)
    except (TypeError, ValueError):
        names = set()
    if names == {"intermediate_result"}:

        def call(iteration: int, x: Array, fun: float, norm: float, gradient: Array, step_size: float) -> None:
            found = Result(x=x, fun=fun, nit=iteration, gradient_norm=norm, jac=gradient, step_size=step_size)
            callback(intermediate_result=found)

        return call
    return lambda iteration, x, fun, norm, gradient, step_size: callback(x)


def with_defaults(method: Method, **changes: Any) -> Method:
    """Return the method with some hyper-parameters replaced."""
    return replace(method, **changes)  # type: ignore[type-var]
