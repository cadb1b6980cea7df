"""Methods that use gradients alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .. import _core
from .._validation import check_bool, check_choice, check_in_range, check_positive
from .base import Method

__all__ = ["AcceleratedGradient", "ConjugateGradient", "GradientDescent", "HeavyBall"]

_RULES = {
    "1/L": "lipschitz",
    "diminishing": "diminishing",
    "exact": "exact",
    "armijo": "armijo",
    "wolfe": "wolfe",
    "barzilai_borwein": "barzilai_borwein",
}


@dataclass(frozen=True)
class GradientDescent(Method):
    """
    Gradient descent ``x -= a_k gradient``.

    Parameters
    ----------
    step_size : float or str
        A constant, "1/L" (of an objective that knows its Lipschitz constant), "diminishing" (``initial / (k + 1)``),
        "exact" (quadratics only), "armijo", "wolfe", or "barzilai_borwein" (with a nonmonotone safeguard).
    initial : float, optional
        First of the diminishing steps; default 1/L.

    Notes
    -----
    A run whose iterates grow without bound ends with status "diverged". The default of max_iter is 10,000.

    Examples
    --------
    >>> import steep
    >>> f = lambda x: (x[0] - 3) ** 2 + (x[1] - 3) ** 2
    >>> res = steep.minimize(f, [0, 0], steep.GradientDescent(0.2), jac=lambda x: 2 * (x - 3), max_iter=25)
    >>> res.x.round(8)
    array([2.99999147, 2.99999147])
    """

    step_size: float | str = "armijo"
    initial: float | None = None
    name: ClassVar[str] = "gradient_descent"

    def __post_init__(self) -> None:
        if isinstance(self.step_size, str):
            check_choice(self.step_size, "step_size", _RULES)
        else:
            check_positive(self.step_size, "step_size")
        if self.initial is not None:
            check_positive(self.initial, "initial")

    def _solver(self) -> _core.Solver:
        if isinstance(self.step_size, str):
            return _core.GradientDescent(getattr(_core.StepRule, _RULES[self.step_size]), self.initial or 0.0)
        return _core.GradientDescent(_core.StepRule.constant, float(self.step_size))


@dataclass(frozen=True)
class AcceleratedGradient(Method):
    """
    Nesterov's accelerated gradient.

    Parameters
    ----------
    step_size : float, optional
        Default 1/L where the objective knows its Lipschitz constant, else by backtracking.
    variant : {"convex", "strongly_convex"}
        Momentum ``(t_k - 1) / t_{k+1}``, or the constant of the condition number.
    restart : bool
        Drop the momentum whenever it points uphill.

    Notes
    -----
    Two gradients an iteration: at the extrapolated point, and at the iterate that the trace reports.

    Examples
    --------
    >>> import steep
    >>> res = steep.minimize(lambda x: x @ x, [1.0, 2.0], steep.AcceleratedGradient(0.25), jac=lambda x: 2 * x)
    >>> res.status
    'converged'
    """

    step_size: float | None = None
    variant: str = "convex"
    restart: bool = True
    name: ClassVar[str] = "accelerated_gradient"

    def __post_init__(self) -> None:
        if self.step_size is not None:
            check_positive(self.step_size, "step_size")
        check_choice(self.variant, "variant", ("convex", "strongly_convex"))
        check_bool(self.restart, "restart")

    def _solver(self) -> _core.Solver:
        return _core.AcceleratedGradient(self.step_size or 0.0, self.variant == "strongly_convex", self.restart)


@dataclass(frozen=True)
class HeavyBall(Method):
    """
    Polyak's heavy ball ``x += momentum (x - x_before) - step_size gradient``.

    Parameters
    ----------
    step_size, momentum : float, optional
        Default: the best for a quadratic with the objective's constants,
        ``4 / (sqrt(L) + sqrt(mu))^2`` and ``((sqrt(L) - sqrt(mu)) / (sqrt(L) + sqrt(mu)))^2``; 1/L and 0.9 without mu.

    Examples
    --------
    >>> import steep
    >>> steep.minimize(lambda x: x @ x, [1.0, 2.0], steep.HeavyBall(0.1, 0.5), jac=lambda x: 2 * x).status
    'converged'
    """

    step_size: float | None = None
    momentum: float | None = None
    name: ClassVar[str] = "heavy_ball"

    def __post_init__(self) -> None:
        if self.step_size is not None:
            check_positive(self.step_size, "step_size")
        if self.momentum is not None:
            check_in_range(self.momentum, "momentum", 0, 1, closed="left")

    def _solver(self) -> _core.Solver:
        return _core.HeavyBall(self.step_size or 0.0, -1.0 if self.momentum is None else float(self.momentum))


@dataclass(frozen=True)
class ConjugateGradient(Method):
    """
    Nonlinear conjugate gradients of Polak and Ribière with nonnegative coefficients (PR+).

    Notes
    -----
    Strong Wolfe line search with c2 = 0.1; exact steps on quadratics, where at most dim iterations are needed. Where
    the line search fails, a trust region helps out as it does for :class:`BFGS`. Source: Nocedal and Wright, *Numerical
    Optimization*, section 5.2.

    Examples
    --------
    >>> import steep
    >>> from scipy.optimize import minimize, rosen, rosen_der
    >>> minimize(rosen, [-1.2, 1.0], jac=rosen_der, method=steep.ConjugateGradient()).success
    True
    """

    name: ClassVar[str] = "conjugate_gradient"

    def _solver(self) -> _core.Solver:
        return _core.ConjugateGradient()
