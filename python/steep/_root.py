"""Roots in SciPy's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import _core
from ._validation import Array, check_bool, check_choice, check_non_negative
from .methods.base import wrap_callback
from .methods.least_squares import LevenbergMarquardt
from .residuals import ResidualFunction, _start
from .results import Result

__all__ = ["root"]


def root(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str = "newton",
    jac: Callable[..., Any] | bool | str | None = None,
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Result:
    """
    Find a root of ``g: R^n -> R^n`` by Newton's method ``x -= a J^-1 g``, with SciPy's signature.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)``, shape (n,); with ``jac=True`` the pair (value, Jacobian).
    x0 : array of shape (n,) or float
    args : tuple
    method : {"newton", "hybr", "lm"}
        Newton's method (also for SciPy's "hybr"), or Levenberg-Marquardt, which goes on where J is singular.
    jac : callable, True or {"2-point", "3-point", "cs"}, optional
        Jacobian, shape (n, n); default forward differences.
    tol : float, optional
        Relative size of a full step that ends the run; default 1.5e-8. The root is then correct to about its square.
    callback : callable, optional
        ``callback(x)``; SciPy's second argument is not passed.
    options : dict, optional
        ``pure`` (full steps always; default False), ``maxiter``, ``xtol``, ``max_time``, and ``ftol``: stop when the
        largest ``|g_i|`` is at most this.

    Returns
    -------
    Result
        ``x``, ``fun`` (the residual vector), ``jac`` (n, n), ``success``, ``status`` (a word: "singular" where J is),
        ``message``, ``nit``, ``nfev``, ``njev``, and the ``trace`` of ``1/2 ||g||^2``.

    Examples
    --------
    >>> import numpy as np
    >>> import steep
    >>> res = steep.root(lambda x: [x[0] ** 2 + x[1] ** 2 - 2, x[0] - x[1]], [2.0, 0.5])
    >>> res.x.round(10), res.status
    (array([1., 1.]), 'converged')
    >>> steep.root(lambda x: x**2 + 1, [0.0], jac=lambda x: np.diag(2 * x)).status
    'singular'
    """
    check_choice(method, "method", ("newton", "hybr", "lm"))
    given = dict(options or {})
    pure = check_bool(given.pop("pure", False), "pure")
    xtol = check_non_negative(given.pop("xtol", 1.49012e-8 if tol is None else tol), "tol")
    ftol = check_non_negative(given.pop("ftol", 0.0), "ftol")
    max_iter = given.pop("maxiter", given.pop("max_iter", None))
    max_time = given.pop("max_time", np.inf)
    if given:
        raise TypeError(f"options must be among pure, xtol, ftol, maxiter, max_time, got {', '.join(given)}")
    start = _start(x0)
    if jac is True:
        both = fun
        fun, jac = (lambda x, *more: both(x, *more)[0]), (lambda x, *more: both(x, *more)[1])
    differences: Any = jac if jac else "2-point"
    f = ResidualFunction(fun, start, jac=differences, args=args)
    core: Any = f._core
    if core.residual_count != start.size:
        raise ValueError(f"fun must return {start.size} values, as many as x0 has, got {core.residual_count}")
    if method == "lm":
        solver = LevenbergMarquardt(polish=True, ftol=xtol, xtol=xtol)._solver()
    else:
        solver = _core.NewtonRoot(pure, xtol)
    found = _core.minimize(
        core,
        solver,
        start,
        tol=ftol,
        max_iter=-1 if max_iter is None else int(max_iter),
        max_time=float(max_time),
        callback=wrap_callback(callback),
    )
    result = Result.from_core(found, method="newton_root" if method != "lm" else "levenberg_marquardt")
    result.nfev, result.njev = core.counts
    result.fun, result.jac = core.residuals(result.x, True)
    if method == "lm" and result.success and not _is_root(result.fun, result.jac, result.x, start):
        result.success, result.status = False, "singular"
        result.message = "A least value of ||g|| that is no root: the Jacobian is singular there."
    return result


def _is_root(g: Array, J: Array, x: Array, start: Array) -> bool:
    """Return whether g is rounding of ``J x``, or a Newton step far shorter than the way come would make it so."""
    scale = np.abs(J).max(axis=0)
    scale[scale == 0] = 1.0
    if (np.abs(g) <= 1e-6 * (np.abs(J) @ np.abs(x))).all():
        return True
    step = np.linalg.lstsq(J / scale, -g, rcond=1e-10)[0]
    left = float(np.linalg.norm(g + (J / scale) @ step))
    reach = float(np.linalg.norm(scale * x) + np.linalg.norm(scale * (x - start)))
    return left <= 1e-3 * float(np.linalg.norm(g)) and float(np.linalg.norm(step)) <= 1e-3 * reach
