"""Deep linear networks: nonconvex objectives whose landscape is known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .. import _core
from .._validation import Array, as_matrix, check_integer, check_same_rows, check_seed
from ..objectives import Objective

__all__ = ["DeepLinear", "deep_linear"]


class DeepLinear(Objective):
    """
    The objective of a deep linear network; see :func:`steep.problems.deep_linear`.

    Parameters
    ----------
    X, Y : arrays of shape (n, d), (n, k)
    widths : list of int
        From d through the hidden widths to k.
    seed : int

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.deep_linear([[1.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 1.0]], [1, 1])
    >>> f.pack([[[1.0, 0.0]], [[0.0]], [[1.0], [0.0]]])
    array([1., 0., 0., 1., 0.])
    """

    def __init__(self, X: Array, Y: Array, widths: list[int], seed: int) -> None:
        core = _core.DeepLinear(X, Y, widths)
        self.shapes = [(out, into) for into, out in pairwise(widths)]
        minimum, factors = _best(X, Y, widths)
        rng = np.random.default_rng(seed)
        if len(self.shapes) == 1:
            start = np.zeros(core.dim)
        else:
            start = np.concatenate([rng.standard_normal(s).ravel() / np.sqrt(s[1]) for s in self.shapes])
        super().__init__(core, x0=start, minimum=minimum, minimizer=self.pack(factors), name="deep_linear")

    def pack(self, weights: Sequence[Any]) -> Array:
        """
        Return the matrices W1, ..., WL as one vector.

        Parameters
        ----------
        weights : list of arrays of shape (out, in)
        """
        arrays = [np.asarray(W, dtype=np.float64) for W in weights]
        if [W.shape for W in arrays] != self.shapes:
            raise ValueError(f"weights must have shapes {self.shapes}, got {[W.shape for W in arrays]}")
        return np.concatenate([W.ravel() for W in arrays])

    def unpack(self, w: Any) -> list[Array]:
        """
        Return the matrices W1, ..., WL of a vector.

        Parameters
        ----------
        w : array of shape (dim,)
        """
        ends = np.cumsum([out * into for out, into in self.shapes])
        return [part.reshape(s) for part, s in zip(np.split(self._point(w), ends[:-1]), self.shapes, strict=True)]


def deep_linear(X: Any, Y: Any, widths: Sequence[int] = (), *, seed: int = 0) -> DeepLinear:
    """
    Return the objective of a deep linear network, ``1/2 ||X W1' W2' ... WL' - Y||_F^2``.

    Parameters
    ----------
    X : array of shape (n, d)
    Y : array of shape (n, k)
    widths : list of int
        Hidden widths; L is one more than their number. Without any it is least squares.
    seed : int
        Of the random start for L > 1.

    Returns
    -------
    DeepLinear
        Its variables are W1 (widths[0], d), W2, ... row by row. The least value is known for every L,
        ``1/2 ||Y - P Y||^2 + 1/2 sum of squares of P Y's singular values beyond the narrowest width``, P the
        projection onto the range of X; `minimizer` is one of the points where it is attained.

    Notes
    -----
    Products of matrices through a layer of width r are all matrices of rank r at most, which gives the least value.
    For L = 2 and X of full column rank no other local minimum exists; for L > 2 there are degenerate points without
    negative curvature (:func:`steep.classify_point`).

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.deep_linear([[1.0, 0.0], [0.0, 1.0]], [[3.0, 0.0], [0.0, 1.0]], [1])
    >>> f.minimum
    0.5
    >>> round(steep.minimize(f).fun, 6)
    0.5
    """
    X = as_matrix(X, "X", dtype=np.float64)
    Y = as_matrix(Y, "Y", dtype=np.float64)
    check_same_rows(Y.shape[0], X.shape[0], "Y")
    hidden = [check_integer(width, "widths", 1) for width in widths]
    return DeepLinear(X, Y, [X.shape[1], *hidden, Y.shape[1]], check_seed(seed))


def _best(X: Array, Y: Array, widths: list[int]) -> tuple[float, list[Array]]:
    """Return the least value, and factors that attain it."""
    inverse = np.linalg.pinv(X)
    fitted = X @ (inverse @ Y)
    U, values, Vt = np.linalg.svd(fitted, full_matrices=False)
    rank = min([values.size, *widths[1:-1]])
    minimum = 0.5 * float(np.sum((Y - fitted) ** 2) + np.sum(values[rank:] ** 2))
    if len(widths) == 2:
        return minimum, [(inverse @ Y).T]
    root = np.sqrt(values[:rank])
    factors = [np.zeros((out, into)) for into, out in pairwise(widths)]
    factors[0][:rank] = (inverse @ U[:, :rank] * root).T
    for W in factors[1:-1]:
        W[np.arange(rank), np.arange(rank)] = 1
    factors[-1][:, :rank] = Vt[:rank].T * root
    return minimum, factors
