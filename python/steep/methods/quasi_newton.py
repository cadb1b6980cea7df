"""Quasi-Newton methods: BFGS and L-BFGS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .. import _core
from .._validation import check_bool, check_integer
from .base import Method

__all__ = ["BFGS", "LBFGS"]


@dataclass(frozen=True)
class BFGS(Method):
    """
    The dense quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno.

    Notes
    -----
    Updates the inverse Hessian; strong Wolfe line search of Moré and Thuente. O(dim^2) an iteration. Where the line
    search fails close to the rounding of f, and the variables are at most 200, a trust region goes on with the Hessian
    (by differences of gradients, if need be). Source: Nocedal and Wright, *Numerical Optimization*, chapter 6.

    Examples
    --------
    >>> import steep
    >>> from scipy.optimize import minimize, rosen, rosen_der
    >>> minimize(rosen, [-1.2, 1.0], jac=rosen_der, method=steep.BFGS()).success
    True
    """

    name: ClassVar[str] = "bfgs"
    matrices: ClassVar[int] = 1

    def _solver(self) -> _core.Solver:
        return _core.BFGS()


@dataclass(frozen=True)
class LBFGS(Method):
    """
    Limited-memory BFGS; takes bounds.

    Parameters
    ----------
    memory : int, optional
        Number of pairs kept; default 30 up to 10,000 variables, 10 beyond.
    precondition : bool
        Start the recursion from the inverse of an approximate Hessian instead of a multiple of the identity: that of a
        sample of rows where the objective offers one (linear models), else the Hessian itself. It is factored anew
        after 1, 2, 4, 8, ... iterations where steps have become slow, and left out where the sample shows the identity
        to be as good.
    draft : bool
        Begin with the minimizer of a draft of the objective, where it offers one (dense linear models of enough rows):
        of a sample of rows, if preconditioned, or of all rows in single precision, which takes half the memory of X
        again. The draft is the first iteration, and its evaluations are not counted; the others are exact.

    Notes
    -----
    Strong Wolfe line search of Moré and Thuente, helped out by a trust region as :class:`BFGS` is; with bounds, a
    projected search on the free variables (not the Cauchy point of L-BFGS-B), which goes on to where every variable is
    at a bound while the curvature is negative. O(memory dim) an iteration. Source: Nocedal and Wright, *Numerical
    Optimization*, section 7.2.

    Examples
    --------
    >>> import steep
    >>> from scipy.optimize import minimize, rosen, rosen_der
    >>> minimize(rosen, [-1.2] * 50, jac=rosen_der, method=steep.LBFGS()).success
    True
    """

    memory: int | None = None
    precondition: bool = False
    draft: bool = False
    name: ClassVar[str] = "lbfgs"

    def __post_init__(self) -> None:
        check_bool(self.precondition, "precondition")
        check_bool(self.draft, "draft")
        if self.memory is not None:
            check_integer(self.memory, "memory", 1)

    def _solver(self) -> _core.Solver:
        return _core.LBFGS(self.memory or 0, self.precondition, self.draft)
