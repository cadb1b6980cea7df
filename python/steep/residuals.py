"""Python functions of residuals as objectives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _core
from ._validation import Array, as_numeric, check_choice, check_positive, show
from .objectives import Objective

__all__ = ["ResidualFunction"]

LOSSES = ("linear", "huber", "soft_l1", "cauchy", "arctan")
_DIFFERENCES = {"2-point": "two_point", "3-point": "three_point", "cs": "complex_step"}


class ResidualFunction(Objective):
    """
    The sum of squares ``1/2 sum r_i(x)^2`` of a Python function, or its robust relative.

    Parameters
    ----------
    function : callable
        ``function(x, *args)`` returns the residuals, shape (m,).
    x0 : array of shape (dim,)
        The start; the function is called there once.
    jac : callable or {"2-point", "3-point", "cs"}
        ``jac(x, *args)``, shape (m, dim), dense or sparse; or how to find it: forward or central differences, or
        complex steps, which are exact for functions that take complex arrays.
    args : tuple
    loss : {"linear", "huber", "soft_l1", "cauchy", "arctan"} or callable
        rho in ``f_scale^2 / 2 sum rho((r_i / f_scale)^2)``, as SciPy defines them; a callable returns
        (rho, rho', rho''), shape (3, m).
    f_scale : float
        Where residuals begin to count as outliers.
    diff_step : float, optional
        Relative step of differences.
    bounds : pair of arrays of shape (dim,), optional
        Differences stay within them.
    minimum, name
        As in :class:`Objective`.

    Examples
    --------
    >>> import steep
    >>> f = steep.ResidualFunction(lambda x: [x[0] - 1, 3 * x[0]], [1.0], jac="cs")
    >>> f.value([1.0]), f.gradient([1.0])
    (4.5, array([9.]))
    """

    def __init__(
        self,
        function: Callable[..., Any],
        x0: Any,
        *,
        jac: Callable[..., Any] | str = "2-point",
        args: tuple[Any, ...] = (),
        loss: str | Callable[[Array], Any] = "linear",
        f_scale: float = 1.0,
        diff_step: float | None = None,
        bounds: tuple[Array | None, Array | None] = (None, None),
        minimum: float | None = None,
        name: str | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError(f"function must be callable, got {show(function)}")
        if not callable(jac):
            check_choice(jac, "jac", _DIFFERENCES)
        if not callable(loss):
            check_choice(loss, "loss", LOSSES)
        start = _start(x0)
        self.loss = loss if isinstance(loss, str) else "custom"
        core = _core.ResidualFunction(
            start,
            function,
            jac if callable(jac) else None,
            args if isinstance(args, tuple) else (args,),
            differences=getattr(_core.Differences, _DIFFERENCES["2-point" if callable(jac) else jac]),
            step=0.0 if diff_step is None else check_positive(diff_step, "diff_step"),
            loss=getattr(_core.RobustLoss, self.loss),
            scale=check_positive(f_scale, "f_scale"),
            rho=loss if callable(loss) else None,
            lower=[] if bounds[0] is None else list(bounds[0]),
            upper=[] if bounds[1] is None else list(bounds[1]),
        )
        super().__init__(core, x0=start, minimum=minimum, name=name or getattr(function, "__name__", "residuals"))


def _start(x0: Any) -> Array:
    array = np.atleast_1d(as_numeric(x0, "x0")).astype(np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"x0 must be a vector, got shape {np.shape(x0)}")
    if not np.isfinite(array).all():
        first = int((~np.isfinite(array)).argmax())
        raise ValueError(f"x0 must be finite, got {array[first]} in entry {first}")
    return array
