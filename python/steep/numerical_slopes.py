"""Derivatives by central differences, for comparison with exact ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._validation import Array

__all__ = ["Compared", "Pairs", "along", "entrywise", "in_entry", "matrix_of_slopes", "wide_slope"]

# A derivative, its differences, and the size of what was differenced, whose rounding they carry.
Compared = tuple[Array, Array, float]
Pairs = dict[str, Callable[[], Compared]]

_WIDE, _NARROW = 1e-3, 6e-6  # near the fifth and the third root of the rounding


def wide_slope(at: Callable[[float], Any], h: float) -> tuple[Array, float]:
    """Return the derivative of `at` at 0 by differences of fourth order, and the largest value met."""
    values = [np.asarray(at(k * h), np.float64) for k in (1, -1, 2, -2)]
    size = max(float(np.abs(value[np.isfinite(value)]).max(initial=0.0)) for value in values)
    return (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * h), size


def along(at: Callable[[float], Any], step: float, found: Array | None) -> tuple[Array, float]:
    """
    Return the derivative of `at` at 0, and the largest value met.

    Of fourth order with a wide step; of second order with a narrow one, where the function bends too much for the wide
    one: entry by entry the one that is nearer to `found`, or the second without it.
    """
    wide, size = wide_slope(at, _WIDE * step)
    h = _NARROW * step
    narrow = _narrow_slope(at, h)
    for _ in range(6):  # at the edge of a domain
        if np.isfinite(narrow).all():
            break
        h *= 1e-2
        first, narrow = narrow, _narrow_slope(at, h)
        for finer in (_narrow_slope(at, 1e-2 * h), _narrow_slope(at, 1e-4 * h)):
            if found is not None:
                narrow = np.where(np.abs(finer - found) < np.abs(narrow - found), finer, narrow)
        narrow = np.where(np.isfinite(first), first, narrow)
    if found is None:
        return narrow, size
    nearer = np.abs(narrow - found) < np.abs(wide - found)
    return np.where(nearer | ~np.isfinite(wide), narrow, wide), size


def _narrow_slope(at: Callable[[float], Any], h: float) -> Array:
    slope: Array = (np.asarray(at(h), np.float64) - np.asarray(at(-h), np.float64)) / (2 * h)
    return slope


def in_entry(function: Callable[[Array], Any], w: Array, i: int) -> Callable[[float], Any]:
    """Return the function of what is added to entry i of w."""

    def at(t: float) -> Any:
        x = w.copy()
        x[i] += t
        return function(x)

    return at


def entrywise(function: Callable[[Array], Any], w: Array, found: Array) -> Compared:
    """Return `found`, whose last axis is that of w, with the differences of the function in each entry of w."""
    columns = [along(in_entry(function, w, i), max(1.0, abs(w[i])), found[..., i]) for i in range(w.size)]
    return found, np.stack([column for column, _ in columns], axis=-1), max(size for _, size in columns)


def matrix_of_slopes(function: Callable[[Array], Any], w: Array) -> Array:
    """Return the function's Jacobian from differences alone, its last axis that of w."""
    columns = (along(in_entry(function, w, i), max(1.0, abs(w[i])), None) for i in range(w.size))
    return np.stack([column for column, _ in columns], axis=-1)
