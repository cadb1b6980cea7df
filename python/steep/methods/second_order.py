"""Methods that use second derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .. import _core
from .._validation import check_bool, check_choice, check_positive
from .base import Method

__all__ = ["Direct", "Newton", "NewtonCG", "TrustRegion"]


@dataclass(frozen=True)
class Newton(Method):
    """
    Newton's method ``x -= a H^-1 gradient``, by Cholesky.

    Parameters
    ----------
    variant : {"damped", "pure"}
        Damped: a Hessian that is not positive definite is made so (absolute eigenvalues up to 64 variables, a bounded
        shift beyond; the trace's ``shift`` says how large), and a strong Wolfe line search follows. Pure: full steps
        and no safeguards, for teaching: it goes to saddles and maxima too, and then ends as not_positive_definite.

    Notes
    -----
    On linear models the damped method saves Hessians: far from the minimum it takes that of a sample of rows, where
    there are many, and close to it keeps the last factor while that is the cheaper way to the tolerance. A run of the
    damped method that has met 50 indefinite Hessians, or whose line search fails, goes on in a trust region.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.quadratic([[4.0, 1.0], [1.0, 2.0]], [-6.0, -5.0])
    >>> steep.minimize(f, [10.0, -7.0], steep.Newton("pure")).nit
    1
    """

    variant: str = "damped"
    name: ClassVar[str] = "newton"
    matrices: ClassVar[int] = 2
    needs: ClassVar[tuple[str, ...]] = ("gradient", "hessian")

    def __post_init__(self) -> None:
        check_choice(self.variant, "variant", ("damped", "pure"))

    def _solver(self) -> _core.Solver:
        return _core.Newton(self.variant == "pure")


@dataclass(frozen=True)
class TrustRegion(Method):
    """
    Newton's method within a trust region, whose subproblem is solved by Cholesky, the hard case included.

    Parameters
    ----------
    initial_radius : float, optional
        In the scaled norm ``||D p||``, ``D_i`` the largest ``sqrt(|H_ii|)`` seen. Default: a tenth of x0's.

    Notes
    -----
    Source: Moré and Sorensen, SIAM J. Sci. Stat. Comput. 4 (1983) 553.

    Examples
    --------
    >>> import steep
    >>> from scipy.optimize import minimize, rosen, rosen_der, rosen_hess
    >>> minimize(rosen, [-1.2, 1.0], jac=rosen_der, hess=rosen_hess, method=steep.TrustRegion()).success
    True
    """

    initial_radius: float | None = None
    name: ClassVar[str] = "trust_region"
    matrices: ClassVar[int] = 3
    needs: ClassVar[tuple[str, ...]] = ("gradient", "hessian")

    def __post_init__(self) -> None:
        if self.initial_radius is not None:
            check_positive(self.initial_radius, "initial_radius")

    def _solver(self) -> _core.Solver:
        return _core.TrustRegion(self.initial_radius or 0.0)


@dataclass(frozen=True)
class NewtonCG(Method):
    """
    Truncated Newton: the Newton system by conjugate gradients, from Hessian-vector products only.

    Parameters
    ----------
    trust_region : bool
        Keep the steps in a trust region (Steihaug) instead of a strong Wolfe line search.

    Notes
    -----
    Negative curvature ends the inner iteration, and the step goes along its direction too. Where the line search fails,
    a trust region helps out as it does for :class:`BFGS`. Where the gradient vanishes and the objective is not known to
    be convex, some dozen more products tell the Hessian's least eigenvalue by Lanczos's method: a saddle is left, and
    the message of a minimum says that it is one, where that is so by a wide margin. Source:
    Nocedal and Wright, *Numerical Optimization*, section 7.1.

    Examples
    --------
    >>> import steep
    >>> from scipy.optimize import minimize, rosen, rosen_der, rosen_hess_prod
    >>> minimize(rosen, [-1.2] * 20, jac=rosen_der, hessp=rosen_hess_prod, method=steep.NewtonCG()).success
    True
    """

    trust_region: bool = False
    name: ClassVar[str] = "newton_cg"
    needs: ClassVar[tuple[str, ...]] = ("gradient", "hessian_product")

    def __post_init__(self) -> None:
        check_bool(self.trust_region, "trust_region")

    def _solver(self) -> _core.Solver:
        return _core.NewtonCG(self.trust_region)


@dataclass(frozen=True)
class Direct(Method):
    """
    The minimizer of a quadratic: Cholesky while it is well conditioned, else eigenvalues.

    Notes
    -----
    A singular Hessian gives the minimizer of least norm. An indefinite one, or a linear term outside its range, is
    status "unbounded", with a direction of endless descent in ``res.direction``.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.quadratic([[4.0, 1.0], [1.0, 2.0]], [-6.0, -5.0])
    >>> steep.minimize(f, method=steep.Direct()).x.round(12)
    array([1., 2.])
    """

    name: ClassVar[str] = "direct"
    needs: ClassVar[tuple[str, ...]] = ("gradient", "hessian", "quadratic")

    def _solver(self) -> _core.Solver:
        return _core.Direct()
