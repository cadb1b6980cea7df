"""How fast a run converged, and how fast theory says it must."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
        p of ``e_{k+1} ~ C e_k^p`` over the last iterations above rounding: 1 linear, 2 quadratic.
    measure : str
        "objective gap" where the least value is known, else "gradient norm".
    predicted : float or None
        Theory's bound on `rate` for this method and objective.
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
    search ``((L - mu) / (L + mu))^2``; the accelerated method ``1 - sqrt(mu / L)``; Newton's method converges with
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
    rate = order = float("nan")
    if errors.size >= 2:
        half = errors[max(0, (errors.size - 1) // 2) :] if errors.size > 3 else errors
        rate = float((half[-1] / half[0]) ** (1 / (half.size - 1)))
    order = _order(norms[: good[-1] + 1] if good.size else norms)
    predicted, theory = _predict(res.get("method", ""), f, measure, res)
    return ConvergenceRate(rate, order, measure, predicted, _ORDERS.get(res.get("method", ""), 1.0), theory)


def _order(norms: np.ndarray) -> float:
    """Slope of log e_{k+1} against log e_k over the last eight steps above rounding."""
    logs = np.log(norms[norms > 1e-14 * norms.max()])[-9:]
    if logs.size < 3 or np.ptp(logs[:-1]) == 0:
        return float("nan")
    return float(np.polyfit(logs[:-1], logs[1:], 1)[0])


def _predict(method: str, f: Objective | None, measure: str, res: Result) -> tuple[float | None, str]:
    if method in _ORDERS:
        kind = "quadratic" if _ORDERS[method] == 2 else "superlinear"
        return None, f"{method}: {kind} convergence near a minimum with a positive definite Hessian"
    if f is None:
        return None, "no prediction without the objective"
    top, low = f._core.lipschitz(), f._core.strong_convexity()
    if top is None or low is None or not low[0] > 0:
        return None, "no prediction: the objective has no known L and mu > 0"
    L, mu = top[0], low[0]
    power = 1.0 if measure == "objective gap" else 0.5
    if method == "gradient_descent":
        steps = np.asarray(res.trace["step_size"], dtype=float)[1:]
        if steps.size and np.allclose(steps, steps[0]):
            a = float(steps[0])
            if a * L <= 1 + 1e-12:
                return (
                    1 - a * mu
                ) ** power, f"gradient descent with step a <= 1/L: 1 - a mu = {1 - a * mu:.6g} on the gap"
            return None, "no prediction for a constant step above 1/L"
        return ((L - mu) / (L + mu)) ** (
            2 * power
        ), "exact line search on a quadratic: ((L - mu) / (L + mu))^2 on the gap"
    if method == "accelerated_gradient":
        return (1 - (mu / L) ** 0.5) ** power, "accelerated gradient: 1 - sqrt(mu / L) on the gap"
    if method == "heavy_ball":
        root = (mu / L) ** 0.5
        return ((1 - root) / (1 + root)) ** (2 * power), "heavy ball on a quadratic, best parameters"
    return None, f"no prediction for {method}"
