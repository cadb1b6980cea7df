"""Methods for l1 penalties and hinges: proximal gradient, coordinate descent, dual ascent, interior point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .. import _core
from .._validation import check_bool, check_positive, check_seed
from .base import Method

__all__ = ["CoordinateDescent", "DualCoordinateAscent", "HingeInteriorPoint", "ProximalGradient"]


@dataclass(frozen=True)
class ProximalGradient(Method):
    """
    The proximal gradient method; FISTA when accelerated. Takes bounds and l1 penalties.

    Parameters
    ----------
    accelerate : bool
        FISTA, ``y = x_k + (t_k - 1) / t_{k+1} (x_k - x_{k-1})``, instead of plain steps.
    restart : bool
        Start the momentum anew when it points uphill.
    step_size : float, optional
        Default: 1/L where the objective knows L, else by backtracking.

    Notes
    -----
    ``x <- S(x - t g, t l1)`` with ``S(v, t) = sign(v) max(|v| - t, 0)``, so weights become exactly zero. Stops on the
    prox-mapped gradient ``x - S(x - g, l1)``. Source: Beck and Teboulle, SIAM J. Imaging Sci. 2 (2009) 183; restarts:
    O'Donoghue and Candès, Found. Comput. Math. 15 (2015) 715. :class:`CoordinateDescent` is faster on linear models
    with one output.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.least_squares([[1.0, 0.0], [0.0, 1.0]], [3.0, 0.5], penalty=steep.L1(0.5))
    >>> steep.minimize(f, method=steep.ProximalGradient()).x.round(6)
    array([2., 0.])
    """

    accelerate: bool = True
    restart: bool = True
    step_size: float | None = None
    name: ClassVar[str] = "proximal_gradient"

    def __post_init__(self) -> None:
        check_bool(self.accelerate, "accelerate")
        check_bool(self.restart, "restart")
        if self.step_size is not None:
            object.__setattr__(self, "step_size", check_positive(self.step_size, "step_size"))

    def _solver(self) -> _core.Solver:
        return _core.ProximalGradient(self.step_size or 0.0, self.accelerate, self.restart)


@dataclass(frozen=True)
class CoordinateDescent(Method):
    """
    Coordinate descent on working sets: lasso, elastic net, l1-logistic and every other smooth loss.

    Notes
    -----
    For linear models with one output. Each iteration minimizes a quadratic model (for squared errors the objective
    itself) in the columns that are in use or violate their optimality condition most, by coordinate descent on their
    Gram matrix; a line search and one pass over the data follow. Stops when the duality gap is at most
    ``tol max(1, |fun|)``, and reports it; without any penalty, on the gradient norm. The trace's column
    ``working_set`` counts columns. Scikit-learn's Lasso goes through all columns of the data itself instead, and stops
    on a gap relative to ``||y||^2 / n``. Source: Massias, Gramfort and Salmon, ICML 2018; Yuan, Ho and Lin, JMLR 13
    (2012) 1999.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.least_squares([[1.0, 0.0], [0.0, 1.0]], [3.0, 0.5], penalty=steep.L1(0.5))
    >>> res = steep.minimize(f, method=steep.CoordinateDescent())
    >>> res.x, res.certificate.kind
    (array([2., 0.]), 'duality_gap')
    """

    name: ClassVar[str] = "coordinate_descent"

    def _solver(self) -> _core.Solver:
        return _core.CoordinateDescent()


@dataclass(frozen=True)
class DualCoordinateAscent(Method):
    """
    Dual coordinate ascent for support vector machines: hinge or epsilon-insensitive loss, or the square of either.

    Parameters
    ----------
    shrink : bool
        Leave rows out that stay at their bound, until the rest has converged.
    seed : int
        Of the order of rows, drawn anew in every epoch.

    Notes
    -----
    An iteration is one epoch at first, then five; the trace's column ``epochs`` counts them. It starts at zero
    multipliers whatever x0 is. The intercept is free (LIBLINEAR penalizes it): a condition on the multipliers that the
    method of multipliers enforces. Stops when the duality gap is at most ``tol max(1, |fun|)``. Source: Hsieh, Chang,
    Lin, Keerthi and Sundararajan, ICML 2008; for regression Ho and Lin, JMLR 13 (2012) 3323.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.svm([[1.0], [2.0], [-1.0]], [1, 1, -1], l2=0.1)
    >>> steep.minimize(f, method=steep.DualCoordinateAscent()).x.round(6)
    array([1.])
    """

    shrink: bool = True
    seed: int = 0
    name: ClassVar[str] = "dual_coordinate_ascent"
    needs: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_bool(self.shrink, "shrink")
        check_seed(self.seed)

    def _solver(self) -> _core.Solver:
        return _core.DualCoordinateAscent(self.seed, self.shrink)


@dataclass(frozen=True)
class HingeInteriorPoint(Method):
    """
    A primal-dual interior point for support vector machines: hinge or epsilon-insensitive loss.

    Notes
    -----
    Mehrotra's predictor and corrector; a step forms one weighted Gram matrix of the columns, n d^2 flops, and 15 to 30
    steps reach a duality gap of ``tol max(1, |fun|)``, whatever the data's conditioning: faster than
    :class:`DualCoordinateAscent` where rows outnumber columns. Starts at zero whatever x0 is, and rtol is relative to
    the gap there, ``f(0) / max(1, f(0))``; the intercept is free. The trace's column ``complementarity`` is the mean
    product of multipliers and slacks.

    Dense data of at least 2048 rows, and 40 a column, go on with Newton's method on a rounded loss, on a sample
    and then on all rows. That tells which rows may end near the corner of their loss, usually a few in a hundred; the
    steps are made with these alone, and an iteration is a round of them: one pass over all rows measures the gap of the
    whole and finds rows that were left out wrongly. Where a few rounds do not end it (or ``max_iter`` is below 50) all
    rows take part; the first iteration goes from zero to inner multipliers, any other is a step. Source: Ferris
    and Munson, SIAM J. Optim. 13 (2002) 783.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.svm([[1.0], [2.0], [-1.0]], [1, 1, -1], l2=0.1)
    >>> steep.minimize(f, method=steep.HingeInteriorPoint()).x.round(6)
    array([1.])
    """

    name: ClassVar[str] = "hinge_interior_point"
    needs: ClassVar[tuple[str, ...]] = ()

    def _solver(self) -> _core.Solver:
        return _core.HingeInteriorPoint()
