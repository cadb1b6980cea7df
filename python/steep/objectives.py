"""Objectives: what a method minimizes. Wraps one objective of the core; problems and Risk return these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from . import _core
from ._validation import Array, as_parameters, check_choice, show

__all__ = ["Constant", "FunctionObjective", "Objective", "as_objective"]


class Constant(NamedTuple):
    """
    A constant of an objective.

    Attributes
    ----------
    value : float
    exact : bool
        Whether it is the constant itself; else an upper bound (of the Lipschitz constant) or a lower bound (of the
        strong convexity).
    """

    value: float
    exact: bool

    def __float__(self) -> float:
        return self.value


class Objective:
    """
    A function of a vector with its derivatives.

    Parameters
    ----------
    core : an objective of the core
    x0 : array of shape (dim,), optional
        Where methods start unless told otherwise.
    minimum : float, optional
        The least value, where it is known.
    minimizer : array of shape (dim,), optional
        A point with the least value, where it is known.
    name : str, optional

    Notes
    -----
    Values of an objective with an l1 penalty include it; gradients are those of the smooth part.

    Examples
    --------
    >>> import steep
    >>> f = steep.objectives.FunctionObjective(lambda x: x @ x, gradient=lambda x: 2 * x, dim=2)
    >>> f.value([1.0, 2.0])
    5.0
    """

    own_constraints = ""  # in words: the rows and bounds that it carries, which only an interior point heeds

    def __init__(
        self,
        core: _core.Objective,
        *,
        x0: Any = None,
        minimum: float | None = None,
        minimizer: Any = None,
        name: str | None = None,
    ) -> None:
        self._core = core
        self.x0: Array | None = None if x0 is None else np.array(x0, dtype=np.float64)
        self.minimum = minimum
        self.minimizer = minimizer
        self.name = name or core.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}, dim={self.dim}>"

    @property
    def dim(self) -> int:
        """Number of variables."""
        return int(self._core.dim)

    @property
    def is_convex(self) -> bool:
        """Whether it is known to be convex."""
        return bool(self._core.is_convex)

    @property
    def is_quadratic(self) -> bool:
        """Whether it is known to be quadratic."""
        return bool(self._core.is_quadratic)

    def _point(self, w: Any, name: str = "w") -> Array:
        return as_parameters(w, self.dim, name)

    def value(self, w: Any) -> float:
        """
        Return f(w), an l1 penalty included.

        Parameters
        ----------
        w : array of shape (dim,)
        """
        w = self._point(w)
        fun = float(self._core.value(w))
        l1 = self._core.l1()
        return fun if l1 is None else fun + float(l1 @ np.abs(w))

    __call__ = value

    def value_and_gradient(self, w: Any) -> tuple[float, Array]:
        """
        Return f(w) and the gradient of the smooth part, from one pass.

        Parameters
        ----------
        w : array of shape (dim,)
        """
        self._need(self._core.has_gradient, "gradient everywhere: use subgradient")
        w = self._point(w)
        fun, gradient = self._core.value_and_gradient(w)
        l1 = self._core.l1()
        return (fun if l1 is None else fun + float(l1 @ np.abs(w))), gradient

    def gradient(self, w: Any) -> Array:
        """
        Return the gradient of the smooth part, shape (dim,).

        Parameters
        ----------
        w : array of shape (dim,)
        """
        return self.value_and_gradient(w)[1]

    def hessian(self, w: Any) -> Array:
        """
        Return the Hessian of the smooth part, shape (dim, dim).

        Parameters
        ----------
        w : array of shape (dim,)
        """
        self._need(self._core.has_hessian, "Hessian")
        found: Array = self._core.hessian(self._point(w))
        return found

    def hessian_product(self, w: Any, v: Any) -> Array:
        """
        Return the Hessian at w times v, shape (dim,).

        Parameters
        ----------
        w, v : array of shape (dim,)
        """
        self._need(self._core.has_hessian_product, "Hessian-vector products")
        found: Array = self._core.hessian_product(self._point(w), self._point(v, "v"))
        return found

    def residuals(self, w: Any) -> Array:
        """
        Return the residuals r of f = 1/2 ||r||^2 (+ penalty), shape (m,).

        Parameters
        ----------
        w : array of shape (dim,)
        """
        self._need(self._core.residual_count > 0, "residuals")
        found: Array = self._core.residuals(self._point(w))
        return found

    def jacobian(self, w: Any) -> Array:
        """
        Return the Jacobian of the residuals, shape (m, dim).

        Parameters
        ----------
        w : array of shape (dim,)
        """
        self._need(self._core.residual_count > 0, "residuals")
        found: Array = self._core.residuals(self._point(w), True)[1]
        return found

    def gauss_newton(self, w: Any) -> Array:
        """
        Return J'J of the residuals, shape (dim, dim).

        Parameters
        ----------
        w : array of shape (dim,)
        """
        self._need(self._core.residual_count > 0, "Gauss-Newton matrix")
        return self._core.normal_equations(self._point(w))[1]

    def gauss_newton_product(self, w: Any, v: Any) -> Array:
        """
        Return the Gauss-Newton matrix at w times v, shape (dim,).

        Parameters
        ----------
        w, v : array of shape (dim,)
        """
        self._need(self._core.residual_count > 0, "Gauss-Newton matrix")
        core: Any = self._core
        found: Array = core.gauss_newton_product(self._point(w), self._point(v, "v"))
        return found

    def subgradient(self, w: Any) -> Array:
        """
        Return a subgradient, shape (dim,): the gradient where there is one, with sign(0) = 0 for an l1 penalty.

        Parameters
        ----------
        w : array of shape (dim,)
        """
        w = self._point(w)
        gradient = self._core.value_and_gradient(w)[1]
        l1 = self._core.l1()
        return gradient if l1 is None else gradient + l1 * np.sign(w)

    def lipschitz(self) -> Constant:
        """Return the Lipschitz constant of the gradient, exact or an upper bound."""
        return self._constant(self._core.lipschitz(), "Lipschitz constant")

    def strong_convexity(self) -> Constant:
        """Return the constant of strong convexity, exact or a lower bound."""
        return self._constant(self._core.strong_convexity(), "constant of strong convexity")

    def _constant(self, found: tuple[float, bool] | None, what: str) -> Constant:
        if found is None:
            raise ValueError(f"{self.name} has no known {what}")
        return Constant(*found)

    def _need(self, has: bool, what: str) -> None:
        if not has:
            raise ValueError(f"{self.name} has no {what}")


class FunctionObjective(Objective):
    """
    Python functions as an objective; missing derivatives come from differences.

    Parameters
    ----------
    function : callable
        ``function(x, *args)`` returns a number; with ``gradient=True`` the pair (number, gradient).
    gradient : callable or True, optional
        ``gradient(x, *args)``, shape (dim,).
    hessian : callable, optional
        ``hessian(x, *args)``, shape (dim, dim).
    hessian_product : callable, optional
        ``hessian_product(x, v, *args)``, shape (dim,).
    args : tuple
        Further arguments of every function.
    dim : int, optional
        Number of variables; found from x0 if that is given.
    x0 : array of shape (dim,), optional
    differences : {"2-point", "3-point"}
        For what is missing. A missing Hessian-vector product is always a central difference.
    bounds : pair of arrays of shape (dim,), optional
        Differences stay within them.
    minimum, minimizer, name
        As in :class:`Objective`.

    Notes
    -----
    Each call gets an array of its own. What it raises passes through; a wrong shape is a ValueError that names the
    point. NaN and infinite values inside a run are trials that the method rejects; at its start they are an error.

    Examples
    --------
    >>> import steep
    >>> f = steep.objectives.FunctionObjective(lambda x: x[0] ** 4, dim=1, differences="3-point")
    >>> round(float(f.gradient([1.0])[0]), 6)
    4.0
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        gradient: Callable[..., Any] | bool | None = None,
        hessian: Callable[..., Any] | None = None,
        hessian_product: Callable[..., Any] | None = None,
        args: tuple[Any, ...] = (),
        dim: int | None = None,
        x0: Any = None,
        differences: str = "2-point",
        bounds: tuple[Array, Array] | None = None,
        minimum: float | None = None,
        minimizer: Any = None,
        name: str | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError(f"function must be callable, got {show(function)}")
        for value, what in ((gradient, "gradient"), (hessian, "hessian"), (hessian_product, "hessian_product")):
            if not (value is None or callable(value) or (what == "gradient" and isinstance(value, bool))):
                raise TypeError(f"{what} must be callable or None, got {show(value)}")
        check_choice(differences, "differences", ("2-point", "3-point"))
        if dim is None:
            if x0 is None:
                raise ValueError("dim must be given without x0, got None")
            dim = int(np.size(x0))
        given = {"gradient": gradient, "hessian": hessian, "hessian_product": hessian_product}
        self.supplied = tuple(name for name, value in given.items() if value is not None)  # the rest is by differences
        self.bounds = bounds
        lower, upper = ([], []) if bounds is None else (list(bounds[0]), list(bounds[1]))
        core = _core.FunctionObjective(
            dim,
            function,
            gradient,
            hessian,
            hessian_product,
            args if isinstance(args, tuple) else (args,),
            central=differences == "3-point",
            lower=lower,
            upper=upper,
        )
        super().__init__(
            core, x0=x0, minimum=minimum, minimizer=minimizer, name=name or getattr(function, "__name__", "function")
        )

    @property
    def exact_gradient(self) -> bool:
        """Whether the gradient is the user's."""
        return bool(self._core.exact_gradient)  # type: ignore[attr-defined]


def as_objective(f: Any, dim: int | None = None) -> Objective:
    """Return f when it is an objective; a function is made one where the number of its variables is known."""
    if isinstance(f, Objective):
        return f
    if callable(f) and dim is not None:
        if dim == 0:
            raise ValueError("w must hold the variables of a function, got none")
        return FunctionObjective(f, dim=dim, differences="3-point")
    hint = " (steep.objectives.FunctionObjective makes one of a function)" if callable(f) else ""
    raise TypeError(f"f must be an Objective{hint}, got {show(f)}")
