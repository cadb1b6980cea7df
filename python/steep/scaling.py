"""Scaling of inputs and targets, column by column: fitted on a training set, applied by the network itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._validation import Array, as_matrix, as_scale, as_weights, check_number

_ROWS = 4096  # rows looked at together


@dataclass(frozen=True)
class Affine:
    """
    The map ``scale * x + shift`` of each column.

    Attributes
    ----------
    scale, shift : float64 arrays (d,)
        As a network's ``input_scale`` and ``input_shift``. For targets a network needs the way back: the ``scale`` and
        ``shift`` of :meth:`inverse` are its ``output_scale`` and ``output_shift``.
    """

    scale: npt.NDArray[np.float64]
    shift: npt.NDArray[np.float64]

    def apply(self, X: Any) -> Array:
        """Return ``scale * X + shift``, (n, d) float64."""
        return as_matrix(X, "X", np.float64, input_shape=self.scale.size) * self.scale + self.shift

    def inverse(self) -> Affine:
        """Return the map back."""
        return Affine(1 / self.scale, -self.shift / self.scale)

    def after(self, scale: Any, shift: Any = None) -> Affine:
        """Return this map applied to ``scale * x + shift``, for data that were scaled before."""
        first = as_scale(scale, self.scale.size, "scale")
        second = as_scale(shift, self.scale.size, "shift")
        factor = 1.0 if first is None else first
        offset = 0.0 if second is None else second
        return Affine(self.scale * factor, self.scale * offset + self.shift)


class Standardize:
    """
    Mean 0 and variance 1 on the training set: ``(x - mean) / std``.

    The standard deviation is the population's (divided by the sum of weights), in two passes over blocks of rows in
    float64. A column that is constant (to rounding) is only centred.

    Examples
    --------
    >>> import numpy as np
    >>> from steep.scaling import Standardize
    >>> Standardize().fit(np.array([[1.0, 5.0], [3.0, 5.0]])).scale
    array([1., 1.])
    """

    def fit(self, X: Any, weights: Any = None) -> Affine:
        """
        Return the map for `X`.

        Parameters
        ----------
        X : array_like, (n, d), or (n,) for one column
        weights : array_like, (n,), optional
            At least 0; rows of weight 0 do not count.
        """
        X = _rows(X)
        w = as_weights(weights, X.shape[0], "weights")
        total = float(X.shape[0] if w is None else w.sum())
        mean = _sum(X, w, lambda block: block) / total
        variance = _sum(X, w, lambda block: (block - mean) ** 2) / total
        # The mean of n equal numbers is off by a few units in the last place, and so is the deviation from it.
        constant = variance <= (16 * np.finfo(np.float64).eps * np.abs(mean)) ** 2
        scale = 1 / np.sqrt(np.where(constant, 1.0, variance))
        return Affine(scale, -mean * scale)


class MinMax:
    """
    The training set's range onto [low, high], MATLAB's ``mapminmax``: ``low + (high - low) (x - min) / (max - min)``.

    A column that is constant goes to the middle (MATLAB leaves it as it is).

    Parameters
    ----------
    low, high : float
        The range, [-1, 1] unless told otherwise.
    """

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        self.low = check_number(low, "low")
        self.high = check_number(high, "high")
        if not self.low < self.high:
            raise ValueError(f"low must be less than high, got {low} and {high}")

    def fit(self, X: Any, weights: Any = None) -> Affine:
        """
        Return the map for `X`.

        Parameters
        ----------
        X : array_like, (n, d), or (n,) for one column
        weights : array_like, (n,), optional
            Rows of weight 0 do not count.
        """
        X = _rows(X)
        w = as_weights(weights, X.shape[0], "weights")
        lowest, highest = np.full(X.shape[1], np.inf), np.full(X.shape[1], -np.inf)
        for start in range(0, X.shape[0], _ROWS):
            block = X[start : start + _ROWS]
            if w is not None:
                block = block[w[start : start + _ROWS] > 0]
            if block.shape[0]:
                lowest = np.minimum(lowest, block.min(axis=0))
                highest = np.maximum(highest, block.max(axis=0))
        constant = highest == lowest
        span = np.where(constant, 1.0, highest - lowest)
        scale = np.where(constant, 1.0, (self.high - self.low) / span)
        shift = np.where(constant, (self.low + self.high) / 2 - lowest, self.low - lowest * scale)
        return Affine(scale, shift)


def _rows(X: Any) -> Array:
    if getattr(X, "ndim", 2) == 1:
        X = np.asarray(X).reshape(-1, 1)
    return as_matrix(X, "X", elements=(np.dtype(np.uint8),))


def _sum(X: Array, w: Array | None, term: Any) -> npt.NDArray[np.float64]:
    """Weighted sum over rows of term(block), in blocks."""
    result = np.zeros(X.shape[1])
    for start in range(0, X.shape[0], _ROWS):
        block = term(X[start : start + _ROWS].astype(np.float64))
        result += block.sum(axis=0) if w is None else w[start : start + _ROWS] @ block
    return result
