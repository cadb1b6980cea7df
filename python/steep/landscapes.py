"""What kind of stationary point: from the Hessian's eigenvalues, and beyond them along curves of higher order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._validation import Array, as_parameters, check_bool, check_positive
from .difference_hessian import Curvature, curvature
from .objectives import Objective, as_objective

__all__ = ["DescentCurve", "PointClass", "classify_point"]


@dataclass(frozen=True)
class DescentCurve:
    """
    A curve ``w + t v + t^2 z`` along which the objective decreases from a degenerate point.

    Attributes
    ----------
    point, v, z : array of shape (dim,)
    order : int
        The decrease is like ``t^order``.
    t, change : array of shape (k,)
        Parameters tried, and f(curve(t)) - f(point) there.
    """

    point: Array
    v: Array
    z: Array
    order: int
    t: Array
    change: Array

    def __call__(self, t: float) -> Array:
        """Return the point of the curve at t."""
        return self.point + t * self.v + t * t * self.z


@dataclass(frozen=True)
class PointClass:
    """
    What a point is.

    Attributes
    ----------
    kind : str
        "minimum", "maximum", "saddle", "degenerate" (the Hessian is singular and does not decide) or "not_stationary".
    gradient_norm : float
        Infinity norm.
    eigenvalues : array of shape (dim,)
        Of the Hessian, ascending.
    curve : DescentCurve or None
        Of a degenerate point that a curve shows not to be a minimum.
    message : str
    """

    kind: str
    gradient_norm: float
    eigenvalues: Array
    curve: DescentCurve | None
    message: str

    @property
    def undecided(self) -> bool:
        """Whether neither the eigenvalues nor a curve decide."""
        return self.kind == "degenerate" and self.curve is None


def classify_point(
    f: Objective | Callable[..., Any],
    w: Any,
    *,
    tol: float = 1e-6,
    zero: float | None = None,
    search: bool = True,
    seed: int = 0,
) -> PointClass:
    """
    Classify a point by the gradient and the Hessian's eigenvalues.

    Parameters
    ----------
    f : Objective or function
        With a Hessian, or values and what differences of them tell.
    w : array of shape (dim,)
    tol : float
        Largest infinity norm of the gradient, relative to ``max(1, |f(w)|)``, of a stationary point. Nor may it be
        large beside the Hessian, which would put the minimizer elsewhere.
    zero : float, optional
        Eigenvalues up to this fraction of the largest count as zero; default 1e-8, and 1e-6 for a Hessian by
        differences. So do those within what is not known of the Hessian: the error of its differences, and how much it
        changes on the way to where the gradient would vanish.
    search : bool
        Look for descent along curves ``w + t v + t^2 z`` from a degenerate point without negative eigenvalues.
    seed : int
        Of the directions that the search starts from.

    Returns
    -------
    PointClass
        A degenerate point is never called a minimum. What `f` does not supply comes from central differences, whose
        error is estimated, in this function: some 12 dim^2 values, or 6 dim gradients.

    Notes
    -----
    For v with H v = 0 and a vanishing third derivative, f(w + t v + t^2 z) - f(w) is t^4 times
    ``D4[v,v,v,v] / 24 + D3[v,v,z] / 2 + z'Hz / 2``, least for ``z = -H^+ D3[v,v,.] / 2``. The search minimizes
    this over v and then evaluates f along the curve: only a decrease of f itself counts. Finding none proves nothing.

    Examples
    --------
    >>> import steep
    >>> f = steep.objectives.FunctionObjective(
    ...     lambda x: x[0] ** 2 - x[1] ** 2, gradient=lambda x: [2 * x[0], -2 * x[1]], dim=2
    ... )
    >>> steep.classify_point(f, [0.0, 0.0]).kind
    'saddle'
    """
    f = as_objective(f, np.size(w))
    tol = check_positive(tol, "tol")
    check_bool(search, "search")
    w = as_parameters(w, f.dim, "w")
    value, gradient = f.value_and_gradient(w)
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        raise ValueError(f"the function and its gradient must be finite at w, got {value:.6g} and {gradient} at {w}")
    known = curvature(f, w)
    fun = known.fun
    norm = float(np.abs(known.gradient).max())
    values, vectors = np.linalg.eigh((known.hessian + known.hessian.T) / 2)
    bend = float(np.abs(values).max())
    far = bend > 4 * known.error and norm > 1e-2 * max(1.0, float(np.abs(w).max())) * bend  # as is the Newton step
    if norm > tol * max(1.0, abs(fun)) or far:
        message = f"not stationary: the gradient's infinity norm is {norm:.3g}"
        return PointClass("not_stationary", norm, values, None, message)
    if zero is None:
        zero = 1e-8 if known.error == 0 else 1e-6
    threshold = max(zero * float(np.abs(values).max()), _doubt(known, w, values, vectors), np.finfo(float).tiny)
    negative, positive = int((values < -threshold).sum()), int((values > threshold).sum())
    nulls = values.size - negative - positive
    if negative and positive:
        return PointClass(
            "saddle", norm, values, None, f"saddle: {negative} negative and {positive} positive eigenvalues"
        )
    if not nulls:
        kind = "minimum" if positive else "maximum"
        return PointClass(
            kind, norm, values, None, f"{kind}: every eigenvalue is {'positive' if positive else 'negative'}"
        )
    curve = None
    if negative:
        message = f"degenerate, but no minimum: {negative} negative eigenvalues, and {nulls} zero"
    else:
        message = f"degenerate, undecided: {nulls} of {values.size} eigenvalues are zero"
        if search:
            null = np.abs(values) <= threshold
            curve = _find_descent(f, w, known, values, vectors, null, np.random.default_rng(seed))
        if curve is not None:
            message = (
                f"degenerate, but no minimum: f decreases like t^{curve.order} along a curve "
                f"(by {-curve.change[0]:.3g} at t = {curve.t[0]:.3g})"
            )
    return PointClass("degenerate", norm, values, curve, message)


def _doubt(known: Curvature, w: Array, values: Array, vectors: Array) -> float:
    """Return how far the eigenvalues may be from those where the gradient vanishes."""
    size, slope = max(1.0, float(np.linalg.norm(w))), float(np.linalg.norm(known.gradient))
    if slope == 0:
        return 4 * known.error
    used = np.maximum(np.abs(values), max(1e-8 * float(np.abs(values).max()), slope / size))
    step = vectors @ ((vectors.T @ known.gradient) / used)
    length = float(np.linalg.norm(step))
    if length <= 1e-9 * size:
        return 4 * known.error
    step *= min(1.0, 1e-2 * size / length)
    change = known.at(w - step) - known.at(w)
    return 4 * known.error + 2 * float(np.linalg.norm(change, 2))


def _find_descent(
    f: Objective, w: Array, known: Curvature, values: Array, vectors: Array, null: Array, rng: np.random.Generator
) -> DescentCurve | None:
    N = vectors[:, null]
    R, inverse = vectors[:, ~null], 1 / values[~null]
    h = 1e-3 * max(1.0, float(np.abs(w).max()))
    H = known.at(w)

    def expand(a: Array) -> tuple[float, float, Array, Array]:
        """Cubic and effective quartic coefficients along N a, with the best z."""
        v = N @ a
        ahead, behind = known.at(w + h * v), known.at(w - h * v)
        slope, bend = (ahead - behind) @ v / (2 * h), (ahead - 2 * H + behind) @ v / h**2
        pull = slope / 2
        z = -R @ (inverse * (R.T @ pull))
        inside = N @ (N.T @ pull)  # no curvature resists this part
        quartic = v @ bend / 24 + pull @ z / 2
        size = float(np.linalg.norm(inside))
        if size > 1e-6:
            z = z - inside / size
            quartic -= size
        return float(v @ slope / 6), float(quartic), v, z

    best: tuple[float, Array] | None = None
    starts = [*np.eye(N.shape[1]), *(rng.standard_normal(N.shape[1]) for _ in range(30))]
    for start in starts:
        a = start / np.linalg.norm(start)
        score = _score(expand(a))
        step = 0.5
        while step > 1e-3:  # a random search on the sphere: the coefficients are polynomials of few variables
            trial = a + step * rng.standard_normal(a.size)
            trial /= np.linalg.norm(trial)
            found = _score(expand(trial))
            if found < score:
                a, score = trial, found
            else:
                step *= 0.8
        if best is None or score < best[0]:
            best = (score, a)
    if best is None or best[0] > -1e-9:
        return None
    cubic, _, v, z = expand(best[1])
    return _verify(f, w, known.fun, -v if cubic > 0 else v, z)


def _score(expansion: tuple[float, float, Array, Array]) -> float:
    cubic, quartic, _, _ = expansion
    return -abs(cubic) * 1e3 + quartic if abs(cubic) > 1e-6 else quartic


def _verify(f: Objective, w: Array, fun: float, v: Array, z: Array) -> DescentCurve | None:
    """Return the curve where f decreases along it, ever less as t shrinks, by more than rounding."""
    t = 0.1 * 0.5 ** np.arange(6)
    change = np.array([f.value(w + s * v + s * s * z) - fun for s in t])
    sure = change < -1e-14 * max(1.0, abs(fun))
    count = int(np.argmin(sure)) if not sure.all() else t.size
    if count < 2:
        return None
    t, change = t[:count], change[:count]
    order = int(np.rint(np.polyfit(np.log(t), np.log(-change), 1)[0]))
    return DescentCurve(w.copy(), v, z, order, t, change)
