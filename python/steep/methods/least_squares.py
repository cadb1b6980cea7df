"""Methods for sums of squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .. import _core
from .._validation import as_parameters, check_bool, check_choice, check_integer, check_non_negative, check_positive
from .base import Method

__all__ = ["GaussNewton", "LevenbergMarquardt"]

_FACTORIZATIONS = ("auto", "qr", "cholesky")


@dataclass(frozen=True)
class LevenbergMarquardt(Method):
    """
    Levenberg-Marquardt: the step p solves ``(J'J + damping D^2) p = -J'r``, D the column norms of J.

    Parameters
    ----------
    damping : {"auto", "trust_region", "nielsen", "marquardt"}
        How the damping changes: so that ``||D p||`` stays within a trust region (Moré); by the gain ratio (Nielsen);
        or by the factors `decrease` and `increase` (Marquardt). "auto" is Nielsen's for networks, else a trust region.
    initial_damping : float, optional
        First damping; default 1e-3 of the largest diagonal entry of ``D^-1 J'J D^-1``. 0 makes the first step undamped.
        With a trust region: its first radius over ``||D x0||``, default 0.1.
    increase, decrease : float
        Factors of "marquardt" after a step that failed or succeeded.
    max_damping : float
        The run ends when the damping passes it.
    scale : bool, optional
        Take D as the column norms of J, the largest seen; otherwise the identity. Default: not for networks, whose
        parameters are of like size, else so.
    geodesic : bool
        Add half the acceleration along the path of steepest decrease (one more evaluation a step). Needs a stored
        Jacobian (not "cholesky", no network of fewer parameters than residuals), and no robust loss.
    polish : bool
        End with undamped steps, by QR of J where that is affordable, until they stop shrinking: the last digits.
    ftol, xtol, gtol : float
        Also stop when the relative decrease of the objective, the relative step, or the largest cosine of the angle
        between the residuals and a column of J is at most this. 0: never.
    factorization : {"auto", "qr", "cholesky"}
        QR of J loses digits like its condition number, Cholesky of J'J like the square, but needs no J in memory and
        is faster. "auto" takes QR up to about 10 ms a step. With more variables than residuals J J' is factored.
    x_scale : array of shape (dim,), optional
        Typical sizes of the variables: D is their inverse.
    max_evaluations : int, optional
        Largest number of evaluations of the residuals.
    restarts : int
        Of networks, in train and minimize: how many starts to train from, side by side on the threads; the network's
        own parameters (x0) are the first, the others are drawn with the seeds after the network's. The best by
        "val_loss", or else by "objective", is kept, and ``run.restarts`` (``res.restarts``) has them all.

    Notes
    -----
    The trace's column ``damping`` holds the damping of each accepted step. Bounds are kept by projection: variables at
    a bound that the gradient pushes against are left out of the step.

    MATLAB's ``trainlm`` names its options otherwise; :meth:`matlab` takes them, with its defaults:

    ============  ==========================================  =========
    MATLAB        here                                        default
    ============  ==========================================  =========
    ``mu``        ``initial_damping``                         0.001
    ``mu_dec``    ``decrease``                                0.1
    ``mu_inc``    ``increase``                                10
    ``mu_max``    ``max_damping``                             1e10
    ``min_grad``  ``tol`` of minimize and train               1e-7
    ``max_fail``  ``EarlyStopping(patience=...)`` of train    6
    ``epochs``    ``max_iter`` of minimize, ``epochs``        1000
    ``time``      ``max_time`` of minimize and train          inf
    ``goal``      none: the objective's least value           0
    ============  ==========================================  =========

    Sources: Moré, LNM 630 (1978) 105; Nielsen, IMM-REP-1999-05; Transtrum and Sethna, arXiv:1201.5885.

    Examples
    --------
    >>> import numpy as np
    >>> import steep
    >>> f = steep.ResidualFunction(lambda x: np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]]), [-1.2, 1.0], jac="cs")
    >>> res = steep.minimize(f, method=steep.LevenbergMarquardt())
    >>> res.x.round(6), "damping" in res.trace
    (array([1., 1.]), True)
    """

    damping: str = "auto"
    initial_damping: float | None = None
    increase: float = 10.0
    decrease: float = 0.1
    max_damping: float = 1e32
    scale: bool | None = None
    geodesic: bool = False
    polish: bool = False
    ftol: float = 0.0
    xtol: float = 0.0
    gtol: float = 0.0
    factorization: str = "auto"
    x_scale: Any = None
    max_evaluations: int | None = None
    restarts: int = 1
    name: ClassVar[str] = "levenberg_marquardt"
    needs: ClassVar[tuple[str, ...]] = ("residuals",)

    def __post_init__(self) -> None:
        check_choice(self.damping, "damping", ("auto", "trust_region", "nielsen", "marquardt"))
        check_choice(self.factorization, "factorization", _FACTORIZATIONS)
        for name in ("increase", "decrease", "max_damping"):
            check_positive(getattr(self, name), name)
        for name in ("ftol", "xtol", "gtol"):
            check_non_negative(getattr(self, name), name)
        for name in ("geodesic", "polish"):
            check_bool(getattr(self, name), name)
        if self.scale is not None:
            check_bool(self.scale, "scale")
        if self.initial_damping is not None:
            check_non_negative(self.initial_damping, "initial_damping")
        if not (self.increase > 1 > self.decrease):
            raise ValueError(f"increase must be above 1 and decrease below, got {self.increase} and {self.decrease}")
        check_integer(self.restarts, "restarts", 1)
        if self.max_evaluations is not None:
            check_integer(self.max_evaluations, "max_evaluations", 1)
        if self.x_scale is not None:
            scale = as_parameters(self.x_scale, np.size(self.x_scale), "x_scale")
            if not (scale > 0).all():
                raise ValueError(f"x_scale must be positive, got {scale.min()}")

    @classmethod
    def matlab(
        cls, *, mu: float = 0.001, mu_dec: float = 0.1, mu_inc: float = 10.0, mu_max: float = 1e10
    ) -> LevenbergMarquardt:
        """
        Return the method with the options of MATLAB's ``trainlm``: fixed factors, no scaling.

        Parameters
        ----------
        mu, mu_dec, mu_inc, mu_max : float

        Examples
        --------
        >>> import steep
        >>> steep.LevenbergMarquardt.matlab(mu=0.01).initial_damping
        0.01
        """
        check_non_negative(mu, "mu")
        for value, name in ((mu_dec, "mu_dec"), (mu_inc, "mu_inc"), (mu_max, "mu_max")):
            check_positive(value, name)
        if not (mu_inc > 1 > mu_dec):
            raise ValueError(f"mu_inc must be above 1 and mu_dec must be below, got {mu_inc} and {mu_dec}")
        return cls(
            damping="marquardt", initial_damping=mu, decrease=mu_dec, increase=mu_inc, max_damping=mu_max, scale=False
        )

    def _solver(self) -> _core.Solver:
        return _core.LevenbergMarquardt(
            damping=getattr(_core.Damping, self.damping),
            initial=-1.0 if self.initial_damping is None else self.initial_damping,
            increase=self.increase,
            decrease=self.decrease,
            largest=self.max_damping,
            scale=self.scale,
            geodesic=self.geodesic,
            polish=self.polish,
            ftol=self.ftol,
            xtol=self.xtol,
            gtol=self.gtol,
            max_evaluations=self.max_evaluations or 0,
            factorization=getattr(_core.Factorization, self.factorization),
            scales=[] if self.x_scale is None else list(1 / np.asarray(self.x_scale, dtype=np.float64).reshape(-1)),
        )


@dataclass(frozen=True)
class GaussNewton(Method):
    """
    Gauss-Newton: ``x += a p``, p the solution of least norm of ``min ||r + J p||``.

    Parameters
    ----------
    variant : {"damped", "pure"}
        Damped: the step is halved until the objective falls enough. Pure: full steps.
    factorization : {"auto", "qr", "cholesky"}
        As in :class:`LevenbergMarquardt`. Networks have J'J only: where it is singular, as it often is, the run ends,
        and Levenberg-Marquardt is the method to take.

    Examples
    --------
    >>> import steep
    >>> f = steep.ResidualFunction(lambda x: [x[0] - 1, 2 * x[1] + 4, x[0] + x[1]], [0.0, 0.0], jac="cs")
    >>> steep.minimize(f, method=steep.GaussNewton()).nit
    1
    """

    variant: str = "damped"
    factorization: str = "auto"
    name: ClassVar[str] = "gauss_newton"
    needs: ClassVar[tuple[str, ...]] = ("residuals",)

    def __post_init__(self) -> None:
        check_choice(self.variant, "variant", ("damped", "pure"))
        check_choice(self.factorization, "factorization", _FACTORIZATIONS)

    def _solver(self) -> _core.Solver:
        return _core.GaussNewton(self.variant == "pure", getattr(_core.Factorization, self.factorization))
