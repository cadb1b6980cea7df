"""How fast a run converged, and how fast theory says it must."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .methods.first_order import AcceleratedGradient, GradientDescent, HeavyBall
from .objectives import Objective
from .results import Result, gap

__all__ = ["ConvergenceRate", "convergence_rate"]


@dataclass(frozen=True)
class ConvergenceRate:
    """
    Measured and predicted speed of convergence.

    Attributes
    ----------
    rate : float
        Factor by which the measure shrinks in an iteration, over the last half of the run.
    order : float
        p of ``e_{k+1} ~ C e_k^p``, e the gap, over the last iterations above rounding: 1 linear, 2 quadratic.
    measure : str
        "objective gap" where the least value is known, else "gradient norm".
    predicted : float or None
        Theory's bound on `rate` for this method, with the step rule and variant that ran, and objective; None where
        there is none.
    predicted_order : float
    theory : str
        Where the prediction comes from.
    """

    rate: float
    order: float
    measure: str
    predicted: float | None
    predicted_order: float
    theory: str


_ORDERS = {"newton": 2.0, "trust_region": 2.0, "newton_cg": 1.5, "bfgs": 1.5}


def convergence_rate(res: Result, f: Objective | None = None, *, minimum: float | None = None) -> ConvergenceRate:
    """
    Measure the convergence of a run and compare it with theory.

    Parameters
    ----------
    res : Result
    f : Objective, optional
        For the prediction, from its L and mu.
    minimum : float, optional
        The least value; default the problem's own.

    Returns
    -------
    ConvergenceRate

    Notes
    -----
    Predictions, of the gap f - f* for a strongly convex f: gradient descent with 1/L ``1 - mu / L``; with exact line
    search on a quadratic ``((L - mu) / (L + mu))^2``; the accelerated method's strongly convex variant
    ``1 - sqrt(mu / L)``; the heavy ball on a quadratic the squared spectral radius. Newton's method converges with
    order 2, quasi-Newton methods superlinearly. Gradient norms shrink like the square root of the gap.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.quadratic([[4.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
    >>> res = steep.minimize(f, [1.0, 1.0], steep.GradientDescent("1/L"))
    >>> found = steep.convergence_rate(res, f)
    >>> found.rate <= found.predicted + 1e-9
    True
    """
    least = minimum if minimum is not None else res.get("minimum")
    if least is None and f is not None:
        least = f.minimum
    norms = np.asarray(res.trace["gradient_norm"], dtype=float)
    if least is not None:
        errors = gap(res, least)
        floor = 1e-14 * max(1e-2 * float(np.nanmax(np.abs(res.trace["fun"]))), abs(least))
        measure = "objective gap"
    else:
        errors, floor, measure = norms, 1e-15 * float(norms[0]), "gradient norm"
    good = np.flatnonzero(np.isfinite(errors) & (errors > floor))
    errors = errors[: good[-1] + 1] if good.size else errors[:1]
    errors = np.maximum(errors, max(floor, np.finfo(float).tiny))
    rate = float("nan")
    if errors.size >= 2:
        half = errors[max(0, (errors.size - 1) // 2) :] if errors.size > 3 else errors
        rate = float((half[-1] / half[0]) ** (1 / (half.size - 1)))
    order = _order(res, least)
    predicted, theory = _predict(res, f, measure)
    return ConvergenceRate(rate, order, measure, predicted, _ORDERS.get(res.get("method", ""), 1.0), theory)


def _order(res: Result, least: float | None) -> float:
    """
    Return the order of the last steps above rounding.

    Of the objective's gaps, which Newton's method shrinks steadily where gradients along a valley alternate: of the
    last three where they shrink ever faster, else of nine. The gap's order is that of the distance to the minimizer.
    Where the least value is not known, gaps to the run's own last value tell superlinear convergence only: others would
    seem to speed up, and are told by the second half of the gradient norms.
    """
    fun = np.asarray(res.trace["fun"], dtype=float)
    norms = np.asarray(res.trace["gradient_norm"], dtype=float)
    low = float(fun[-1]) if least is None else least
    for errors, floor, length in (
        (fun - low, 1e-15 * abs(low), 0 if least is None else 9),
        (norms, 0.0, 9 if least is not None else max(9, norms.size // 2)),
    ):
        above = errors[np.isfinite(errors) & (errors > floor)]
        falls = np.diff(np.log(above))
        shrinks = falls.size >= 2 and falls[-2] < np.log(0.9)
        if shrinks and falls[-1] < np.log(0.1) and falls[-1] < 1.3 * falls[-2]:
            return float(falls[-1] / falls[-2])
        logs = np.log(above)[max(above.size - length, 0) :]
        if (logs.size > 3 or (logs.size == 3 and shrinks)) and np.ptp(logs[:-1]) > 0:
            return float(np.polyfit(logs[:-1], logs[1:], 1)[0])
    return float("nan")


def _predict(res: Result, f: Objective | None, measure: str) -> tuple[float | None, str]:
    name, settings = res.get("method", ""), res.get("settings")
    if name in _ORDERS:
        kind = "quadratic" if _ORDERS[name] == 2 else "superlinear"
        return None, f"{name}: {kind} convergence near a minimum with a positive definite Hessian"
    if f is None:
        return None, "no prediction without the objective"
    top, low = f._core.lipschitz(), f._core.strong_convexity()
    if top is None or low is None or not low[0] > 0:
        return None, "no prediction: the objective has no known L and mu > 0"
    found, theory = _of_gap(settings, top[0], low[0], f.is_quadratic)
    if found is None:
        return None, theory
    return (found if measure == "objective gap" else found**0.5), f"{theory} = {found:.6g} on the gap"


def _of_gap(settings: Any, L: float, mu: float, quadratic: bool) -> tuple[float | None, str]:
    """Return the factor by which f - f* shrinks in an iteration at least, and whose it is."""
    if isinstance(settings, GradientDescent):
        rule = settings.step_size
        step = 1 / L if rule == "1/L" else rule
        if not isinstance(step, str):
            if step * L > 1 + 1e-12:
                return None, "no prediction for a constant step above 1/L"
            return 1 - step * mu, "gradient descent with step a <= 1/L: 1 - a mu"
        if rule == "exact" and quadratic:
            return ((L - mu) / (L + mu)) ** 2, "exact line search on a quadratic: ((L - mu) / (L + mu))^2"
        return None, f"no prediction for gradient descent with {rule} steps"
    if isinstance(settings, AcceleratedGradient):
        own = settings.step_size is None or abs(settings.step_size * L - 1) < 1e-12
        if settings.variant == "strongly_convex" and own:
            return 1 - (mu / L) ** 0.5, "accelerated gradient, strongly convex variant: 1 - sqrt(mu / L)"
        return None, "no linear rate is known for this variant; the accelerated gradient's gap is O(1 / k^2)"
    if isinstance(settings, HeavyBall) and quadratic:
        return _of_heavy_ball(settings, L, mu)
    return None, "no prediction for this method"


def _of_heavy_ball(settings: HeavyBall, L: float, mu: float) -> tuple[float | None, str]:
    top, low = L**0.5, mu**0.5
    a = 4 / (top + low) ** 2 if settings.step_size is None else settings.step_size
    b = ((top - low) / (top + low)) ** 2 if settings.momentum is None else settings.momentum
    radius = max(float(np.abs(np.roots([1.0, a * bend - 1.0 - b, b])).max()) for bend in (mu, L))
    if radius >= 1:
        return None, "no prediction: the heavy ball does not converge with these parameters"
    return radius**2, "heavy ball on a quadratic, by the eigenvalues of its iteration: rho^2"
