"""Derivatives against differences: of objectives, of networks, and of functions that a user wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._checks import check_integer, show
from ._validation import Array, as_parameters, check_positive
from .network import Network
from .network_differences import network_pairs, risk_pairs
from .numerical_slopes import Compared, Pairs, along, entrywise, matrix_of_slopes
from .objectives import FunctionObjective, Objective
from .residuals import ResidualFunction
from .risk import Risk

__all__ = ["GradientCheck", "check_gradient"]


@dataclass(frozen=True)
class GradientCheck:
    """
    Derivatives against differences.

    Attributes
    ----------
    ok : bool
        Whether all are right.
    worst : int or tuple of int
        Entry with the largest error, of the derivative named by `derivative`.
    error : float
        There, relative to ``max(|gradient|, |difference|, 1e-3 max |gradient|)``.
    gradient, differences : array
        The derivative that was checked, and what differences say.
    message : str
        Names the worst entry and its two values.
    derivative : str
        "gradient" or the like: with several the one with the largest error.
    checks : dict of GradientCheck
        Of each derivative by name.
    """

    ok: bool
    worst: int | tuple[int, ...]
    error: float
    gradient: Array = field(repr=False)
    differences: Array = field(repr=False)
    message: str
    derivative: str = "gradient"
    checks: dict[str, GradientCheck] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return self.ok


def check_gradient(
    f: Objective | Network | Callable[..., Any],
    w: Any,
    gradient: Callable[..., Any] | bool | None = None,
    *,
    hessian: Callable[..., Any] | None = None,
    hessian_product: Callable[..., Any] | None = None,
    jacobian: Callable[..., Any] | None = None,
    derivatives: str | Iterable[str] | None = None,
    y: Any = None,
    loss: Any = None,
    tol: float | None = None,
    seed: int = 0,
) -> GradientCheck:
    """
    Compare derivatives with differences, entry by entry.

    Parameters
    ----------
    f : Objective, Network or callable
    w : array
        Where: variables (dim,) away from kinks; of a network its inputs X, at its present parameters.
    gradient : callable or True
        Of a callable f.
    hessian, hessian_product : callable, optional
        Of a callable f, ``hessian(x)`` and ``hessian_product(x, v)``: checked too.
    jacobian : callable, optional
        f then returns residuals, shape (m,), and this their Jacobian (m, dim).
    derivatives : str or several, optional
        Of an objective "gradient", "hessian", "hessian_product", "jacobian" (of residuals), "gauss_newton",
        "gauss_newton_product"; of a network "jacobian", "input_jacobian", and with y "sample_gradients" and
        "input_gradients"; "all" for every one that f has. Default: the gradient and what was given beside it; of a
        network all.
    y, loss
        Of a network, as for :func:`steep.train`.
    tol : float, optional
        Largest relative error of right derivatives: 1e-5, and 1e-3 of a float32 network, whose differences are taken in
        float64.
    seed : int
        Of the direction v of the products.

    Returns
    -------
    GradientCheck
        True in a condition when all are right; names the worst entry.

    Notes
    -----
    Differences are central, of fourth order with a wide step or of second order with a narrow one, whichever is nearer.
    Hessians are compared with differences of the gradient; Gauss-Newton matrices with ``J'HJ``, J from differences of
    the residuals (of a network's scores) and H from differences of the loss's gradient in them.

    Examples
    --------
    >>> import steep
    >>> check = steep.check_gradient(lambda x: x[0] ** 2 * x[1], [1.0, 2.0], lambda x: [2 * x[0] * x[1], x[0]])
    >>> check.ok, check.worst
    (True, 0)
    >>> steep.check_gradient(lambda x: x[0] ** 2 + x[1], [1.0, 2.0], lambda x: [2 * x[0], 3.0]).worst
    1
    >>> net = steep.MLP([2, 3, 1], activation="tanh", dtype="float64")
    >>> X, y = [[0.0, 1.0], [1.0, 1.0]], [1.0, 2.0]
    >>> sorted(steep.check_gradient(net, X, y=y).checks)
    ['input_gradients', 'input_jacobian', 'jacobian', 'sample_gradients']
    >>> bool(steep.check_gradient(steep.Risk(net, X, y), net.parameters, derivatives="all"))
    True
    """
    v_seed = check_integer(seed, "seed", 0)
    if isinstance(f, Network):
        given = {"gradient": gradient, "hessian": hessian, "hessian_product": hessian_product, "jacobian": jacobian}
        for name, value in given.items():
            if value is not None:
                raise ValueError(f"{name} must be None for a network, which has its own derivatives, got {show(value)}")
        pairs, single = network_pairs(f, w, y, loss), f.dtype == np.float32
        names = _chosen("all" if derivatives is None else derivatives, pairs, "the network", "with y, or none")
    else:
        if y is not None or loss is not None:
            raise ValueError(f"y and loss must be None unless f is a network, got {show(y if loss is None else loss)}")
        objective, default = _as_objective(f, w, gradient, hessian, hessian_product, jacobian)
        w = as_parameters(w, objective.dim, "w")
        v = np.random.default_rng(v_seed).standard_normal(w.size)
        pairs = objective_pairs(objective, w, v)
        single = isinstance(objective, Risk) and objective.network.dtype == np.float32
        names = _chosen(default if derivatives is None else derivatives, pairs, objective.name, "or none")
    limit = (1e-3 if single else 1e-5) if tol is None else check_positive(tol, "tol")
    checks = {name: _compared(name, *pairs[name](), limit) for name in names}
    worst = checks[max(checks, key=lambda name: checks[name].error)]
    message = worst.message
    others = [name for name, check in checks.items() if not check.ok and check is not worst]
    if others:
        message += f"; wrong too: {', '.join(others)}"
    return GradientCheck(
        worst.ok, worst.worst, worst.error, worst.gradient, worst.differences, message, worst.derivative, checks
    )


def _as_objective(
    f: Any, w: Any, gradient: Any, hessian: Any, hessian_product: Any, jacobian: Any
) -> tuple[Objective, list[str]]:
    """Return f as an objective, and what is checked unless more is asked for."""
    given = {"gradient": gradient, "hessian": hessian, "hessian_product": hessian_product}
    if isinstance(f, Objective):
        for name, value in (given | {"jacobian": jacobian}).items():
            if value is not None:
                raise ValueError(f"{name} must be None for an objective, which has its own, got {show(value)}")
        return f, ["gradient"]
    if jacobian is not None:
        for name, value in given.items():
            if value is not None:
                raise ValueError(f"{name} must be None with jacobian, as f returns residuals, got {show(value)}")
        return ResidualFunction(f, w, jac=jacobian), ["jacobian"]
    objective = FunctionObjective(
        f,
        gradient=gradient,
        hessian=hessian,
        hessian_product=hessian_product,
        x0=w,
        differences="3-point",
    )
    names = [name for name, value in given.items() if value is not None]
    return objective, names or ["gradient"]


def objective_pairs(f: Objective, w: Array, v: Array) -> Pairs:
    """Return, of each derivative that an objective has, a function that makes it and its differences at w."""
    exact = f.double() if isinstance(f, Risk) else f
    core: Any = exact._core
    supplied = f.supplied if isinstance(f, FunctionObjective) else ("hessian", "hessian_product")
    pairs: Pairs = {}
    if core.has_gradient:
        pairs["gradient"] = lambda: entrywise(core.value, w, f.gradient(w))  # the smooth part, as the gradient
        if core.has_hessian and "hessian" in supplied:
            pairs["hessian"] = lambda: entrywise(exact.gradient, w, f.hessian(w))
        if core.has_hessian_product and "hessian_product" in supplied:
            pairs["hessian_product"] = lambda: _along_direction(exact, w, v, f.hessian_product(w, v))
    if core.residual_count > 0:
        pairs["jacobian"] = lambda: entrywise(exact.residuals, w, f.jacobian(w))
    if isinstance(f, Risk) and isinstance(exact, Risk):
        pairs |= risk_pairs(f, exact, w, v)
    elif core.residual_count > 0 and getattr(f, "loss", "linear") in ("linear", "squared_error"):

        def product() -> Compared:
            J = matrix_of_slopes(exact.residuals, w)
            return f.gauss_newton_product(w, v), np.einsum("mi,m->i", J, np.einsum("mj,j->m", J, v)), 0.0

        def matrix() -> Compared:
            J = matrix_of_slopes(exact.residuals, w)
            return f.gauss_newton(w), np.einsum("mi,mj->ij", J, J), 0.0

        pairs |= {"gauss_newton": matrix, "gauss_newton_product": product}
    return pairs


def _along_direction(f: Objective, w: Array, v: Array, found: Array) -> Compared:
    step = max(1.0, float(np.abs(w).max())) / float(np.abs(v).max())
    return found, *along(lambda t: f.gradient(w + t * v), step, found)


def _chosen(derivatives: str | Iterable[str], pairs: Pairs, owner: str, rest: str) -> list[str]:
    names = [derivatives] if isinstance(derivatives, str) else list(derivatives)
    if names == ["all"]:
        names = list(pairs)
    for name in names:
        if name not in pairs:
            has = ", ".join(pairs)
            raise ValueError(f"derivatives must be 'all' or of those that {owner} has ({has}), {rest}, got {name!r}")
    if not names:
        raise ValueError(f"derivatives must name at least one of {', '.join(pairs)}, got none")
    return names


def _compared(name: str, found: Array, differences: Array, size: float, tol: float) -> GradientCheck:
    largest = float(np.abs(found).max())
    scale = np.maximum(np.maximum(np.abs(found), np.abs(differences)), 1e-3 * largest)
    # Below, an error is rounding of the function's values in the differences.
    errors = np.abs(found - differences) / np.maximum(scale, max(1e-12 * size / tol, 1e-300))
    errors = np.where(np.isnan(errors), np.inf, errors)
    place = np.unravel_index(int(errors.argmax()), errors.shape)
    error = float(errors[place])
    worst = tuple(int(i) for i in place)
    entry = worst[0] if len(worst) == 1 else worst
    message = (
        f"entry {entry}: {name} {found[place]:.10g}, differences {differences[place]:.10g}, relative error {error:.2g}"
    )
    return GradientCheck(error <= tol, entry, error, found, differences, message, name)
