"""What method="auto" takes: the first row of one table that applies."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from . import _core
from .methods import Method, Options, resolve_method
from .methods.quasi_newton import LBFGS
from .objectives import FunctionObjective, Objective

__all__ = ["choose"]

# Largest numbers of variables for which a Hessian is formed and factored again and again (of a linear model, whose rows
# make it fast; of any other; of Python functions), and for which one factorization is the whole solve: n^3 / 3 against
# the dozens of gradients that it saves.
_LINEAR_LIMIT = 2000
_SHORT_LIMIT = 500  # of a hinge on few rows: dual ascent takes thousands of passes where columns differ in size
_NEWTON_LIMIT = 1000
_PYTHON_LIMIT = 200
_DIRECT_LIMIT = 4000


class _Case:
    """What the choice depends on."""

    def __init__(self, f: Objective, options: Options) -> None:
        self.core: Any = f._core
        self.n = f.dim
        self.f = f
        self.constrained = bool(options.constraints)
        self.bounded = options.lower is not None or options.upper is not None
        self.function = isinstance(f, FunctionObjective)
        self.linear = isinstance(f._core, _core.LinearRisk) and not self.bounded
        self.sparse = self.linear and bool(getattr(self.core, "sparse", False))
        self.d = int(getattr(self.core, "features", self.n)) if self.linear else self.n

    @cached_property
    def l1(self) -> bool:
        """Whether there is an l1 penalty."""
        return self.core.l1() is not None

    @property
    def hinge(self) -> bool:
        """Whether it is a linear model with a loss that has a corner and a simple dual."""
        return self.linear and self.core.loss in ("hinge", "epsilon_insensitive") and self.core.outputs == 1

    @property
    def tall(self) -> bool:
        """Whether it is a linear model of so many rows that a pass over them is dear, and a Hessian affordable."""
        return self.newton_linear and self.core.rows >= max(12 * self.d, 4096)

    @property
    def newton_linear(self) -> bool:
        """Whether it is a linear model whose Hessian is affordable."""
        return self.linear and self.core.has_hessian and self.n <= _LINEAR_LIMIT and not self.sparse

    @property
    def direct(self) -> bool:
        """Whether it is a quadratic that one factorization minimizes."""
        if not self.core.is_quadratic:
            return False
        small = self.linear and (self.d if self.sparse else min(self.core.rows, self.d)) <= _DIRECT_LIMIT
        return small or (self.core.has_hessian and self.n <= _DIRECT_LIMIT)

    def check(self) -> None:
        """Refuse what no method takes."""
        if self.constrained:
            return
        if self.hinge and not self.l1 and self.core.l2 <= 0:
            raise ValueError(f"l2 must be positive to minimize the {self.core.loss} loss, got {self.core.l2:g}")
        if self.bounded and not self.core.has_gradient and isinstance(self.core, _core.LinearRisk):
            raise ValueError(f"bounds must be None for {self.f.name}, which has no gradient everywhere, got some")


# (when, method, why), of which the first that applies is taken; {n} and {d} are the variables and the columns of X.
_TABLE: tuple[tuple[Callable[[_Case], Any], str | Method, str], ...] = (
    (lambda c: c.constrained, "interior_point", "there are constraints"),
    (lambda c: isinstance(c.core, _core.QuadraticProgram), "interior_point", "a program with constraints of its own"),
    (
        lambda c: c.l1 and c.linear and c.core.has_gradient and c.core.outputs == 1,
        "coordinate_descent",
        "there is an l1 penalty on a linear model",
    ),
    (lambda c: c.l1, "proximal_gradient", "there is an l1 penalty"),
    (
        lambda c: c.hinge and c.d <= (_LINEAR_LIMIT if c.core.rows >= 2 * c.d else _SHORT_LIMIT),
        "hinge_interior_point",
        "a Gram matrix of {d} columns makes a step",
    ),
    (lambda c: c.hinge, "dual_coordinate_ascent", "the loss has a simple dual"),
    (lambda c: not c.core.has_gradient, "interior_point", "the objective has no gradient everywhere"),
    (lambda c: c.bounded, "lbfgs", "there are bounds"),
    (lambda c: c.direct, "direct", "the objective is quadratic, and one factorization minimizes it"),
    (
        lambda c: c.tall and c.core.outputs > 1,
        LBFGS(draft=True),
        "a Hessian of {n} variables costs dozens of passes over X",
    ),
    (
        lambda c: c.tall,
        LBFGS(precondition=True, draft=True),
        "begun on a sample of rows or in single precision, and a step is one pass over X",
    ),
    (lambda c: c.newton_linear, "newton", "{n} variables make the Hessian affordable"),
    (
        lambda c: c.function and c.core.exact_hessian and c.n <= _PYTHON_LIMIT,
        "trust_region",
        "there is a Hessian of only {n} variables",
    ),
    (lambda c: c.function and c.core.exact_product, "newton_cg", "there are Hessian-vector products"),
    (lambda c: c.function and c.n <= _PYTHON_LIMIT, "bfgs", "there is no Hessian, and only {n} variables"),
    (lambda c: c.function, "lbfgs", "there is no Hessian, and {n} variables"),
    (
        lambda c: c.core.has_hessian and c.n <= _NEWTON_LIMIT and c.core.is_convex,
        "newton",
        "{n} variables make the Hessian affordable",
    ),
    (
        lambda c: c.core.has_hessian and c.n <= _NEWTON_LIMIT,
        "trust_region",
        "{n} variables make the Hessian affordable",
    ),
    (lambda c: c.core.has_hessian_product, "newton_cg", "{n} variables, and Hessian-vector products"),
    (lambda c: True, "lbfgs", "{n} variables, and no Hessian"),
)


def choose(f: Objective, options: Options) -> tuple[Method, str]:
    """
    Return the method that "auto" takes, and the reason.

    Parameters
    ----------
    f : Objective
    options : Options
    """
    case = _Case(f, options)
    case.check()
    method, why = next((method, why) for when, method, why in _TABLE if when(case))
    chosen = resolve_method(method)
    return chosen, f"{chosen.name}: {why.format(n=case.n, d=case.d)}"
