"""Gradient and Hessian by central differences with an honest estimate of their error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ._validation import Array
from .objectives import Objective

__all__ = ["Curvature", "curvature"]

_EPS = float(np.finfo(float).eps)
_STEP = 4e-3  # of the first of three, each half of the one before


@dataclass(frozen=True)
class Curvature:
    """What is known of a function around a point, and how well."""

    fun: float
    gradient: Array
    hessian: Array
    error: float  # in the 2-norm of the Hessian: 0 where it is not by differences
    at: Callable[[Array], Array]  # the Hessian at other points, whose errors cancel in differences


def curvature(f: Objective, w: Array) -> Curvature:
    """
    Return value, gradient and Hessian at w.

    What the user did not supply comes from central differences with steps h, h/2 and h/4, extrapolated to zero; the
    error is how much the last two extrapolations differ, and rounding.
    """
    core = f._core
    if getattr(core, "exact_hessian", True):
        return Curvature(*f.value_and_gradient(w), f.hessian(w), 0.0, f.hessian)
    size = np.maximum(1.0, np.abs(w))
    bounds = getattr(f, "bounds", None)
    if bounds is not None and ((w - bounds[0] < _STEP * size) | (bounds[1] - w < _STEP * size)).any():
        H = f.hessian(w)  # by the objective's own steps, which turn around at bounds: four digits at best
        return Curvature(*f.value_and_gradient(w), H, 1e-4 * float(np.abs(H).max()), f.hessian)
    if getattr(core, "exact_gradient", True):
        fun, gradient = f.value_and_gradient(w)
        rows = [_of_gradients(f, w, s * _STEP * size) for s in (1, 0.5, 0.25)]
        rounding = 16 * _EPS * (float(np.abs(gradient).max()) + _largest(rows[0], size)) / _STEP

        def at(x: Array) -> Array:
            return _of_gradients(f, x, _STEP * size)

    else:
        fun = f.value(w)
        found = [_of_values(f, w, fun, s * _STEP * size) for s in (1, 0.5, 0.25)]
        rows = [H for _, H in found]
        gradient = _extrapolate([g for g, _ in found])[0]
        rounding = 64 * _EPS * (abs(fun) + _largest(rows[0], size) * _STEP**2) / _STEP**2

        def at(x: Array) -> Array:
            return _of_values(f, x, f.value(x), _STEP * size)[1]

    hessian, difference = _extrapolate(rows)
    return Curvature(fun, gradient, hessian, float(np.linalg.norm(difference, 2)) + rounding, at)


def _largest(H: Array, size: Array) -> float:
    return float((np.abs(H) @ size).max())


def _extrapolate(levels: list[Array]) -> tuple[Array, Array]:
    first, second = ((4 * fine - coarse) / 3 for coarse, fine in pairwise(levels))
    return second, second - first


def _of_gradients(f: Objective, w: Array, h: Array) -> Array:
    H = np.empty((w.size, w.size))
    for i in range(w.size):
        x, y = w.copy(), w.copy()
        x[i] += h[i]
        y[i] -= h[i]
        H[i] = (f.gradient(x) - f.gradient(y)) / (x[i] - y[i])
    return (H + H.T) / 2


def _of_values(f: Objective, w: Array, fun: float, h: Array) -> tuple[Array, Array]:
    n = w.size

    def value(i: int, s: float, j: int, t: float) -> float:
        x = w.copy()
        x[i] += s * h[i]
        x[j] += t * h[j]
        return f.value(x)

    ahead, behind = (np.array([value(i, s, i, 0.0) for i in range(n)]) for s in (1.0, -1.0))
    H = np.diag((ahead - 2 * fun + behind) / h**2)
    for i in range(n):
        for j in range(i):
            across = value(i, 1, j, 1) - value(i, 1, j, -1) - value(i, -1, j, 1) + value(i, -1, j, -1)
            H[i, j] = H[j, i] = across / (4 * h[i] * h[j])
    return (ahead - behind) / (2 * h), H
