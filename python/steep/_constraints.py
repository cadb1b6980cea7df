"""SciPy's constraints, objects or dicts, as rows ``A x = b``, ``G x <= h`` and functions c_E(x) = 0, c_I(x) >= 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._sparse import made_dense
from ._validation import Array, as_numeric, show

__all__ = ["Constraints", "Curved", "read_constraints"]


@dataclass
class Curved:
    """
    One constraint function with its limits.

    Attributes
    ----------
    fun, jac : callables, or None for a Jacobian by differences
    low, high : array or number
        Limits of fun(x); equal ones make an equality.
    """

    fun: Callable[[Array], Any]
    jac: Callable[[Array], Any] | None
    low: Any
    high: Any
    equality: Array = field(default_factory=lambda: np.zeros(0, bool))
    size: int = 0
    lower: Array | None = None  # bounds that differences keep within
    upper: Array | None = None

    def values(self, x: Array) -> Array:
        """Return fun(x) as a vector."""
        return np.atleast_1d(np.asarray(self.fun(x), dtype=np.float64)).reshape(-1)

    def slopes(self, x: Array) -> Array:
        """Return the Jacobian, (size, dim), by central differences where none was given."""
        if self.jac is not None:
            found = self.jac(x)
            rows = np.asarray(found.toarray() if hasattr(found, "toarray") else found, float)
            if self.size == 1 or x.size == 1:  # a gradient, or a column of slopes
                rows = rows.reshape(self.size, x.size) if rows.size == self.size * x.size else rows
            if rows.shape != (self.size, x.size):
                raise ValueError(
                    f"jac of a constraint must return an array of shape ({self.size}, {x.size}), got shape {rows.shape}"
                )
            return rows
        columns = []
        for j in range(x.size):
            h = np.cbrt(np.finfo(float).eps) * max(1.0, abs(x[j]))
            ahead, behind = x.copy(), x.copy()
            ahead[j] += h if self.upper is None else max(min(h, self.upper[j] - x[j]), 0.0)
            behind[j] -= h if self.lower is None else max(min(h, x[j] - self.lower[j]), 0.0)
            width = ahead[j] - behind[j]
            columns.append((self.values(ahead) - self.values(behind)) / width if width > 0 else np.zeros(self.size))
        return np.stack(columns, axis=1)

    def measure(self, x: Array) -> None:
        """Find the size, and broadcast the limits to it."""
        found = self.values(x)
        if not np.isfinite(found).all():
            first = int((~np.isfinite(found)).argmax())
            raise ValueError(f"a constraint must be finite at x0, got {found[first]} in entry {first} at x = {x}")
        self.size = found.size
        self.low, self.high = as_limits(self.low, self.high, self.size)
        self.equality = self.low == self.high


@dataclass
class Constraints:
    """Linear rows and curved functions."""

    A: Array
    b: Array
    G: Array
    h: Array
    curved: list[Curved]

    @property
    def exact(self) -> bool:
        """Whether every Jacobian is the user's."""
        return all(c.jac is not None for c in self.curved)

    def measure(self, x: Array) -> None:
        """Evaluate the functions once, for their sizes."""
        for constraint in self.curved:
            constraint.measure(x)

    @property
    def equalities(self) -> int:
        """Number of equalities, curved ones first."""
        return int(sum(c.equality.sum() for c in self.curved)) + len(self.b)

    def values(self, x: Array) -> Array:
        """Return (c_E, c_I): curved equalities, linear ones, curved inequalities, linear ones."""
        equal: list[Array] = []
        above: list[Array] = []
        for c in self.curved:
            v = c.values(x)
            equal.append(v[c.equality] - c.low[c.equality])
            low, high = np.isfinite(c.low) & ~c.equality, np.isfinite(c.high) & ~c.equality
            above.extend((v[low] - c.low[low], c.high[high] - v[high]))
        return np.concatenate([*equal, self.A @ x - self.b, *above, self.h - self.G @ x])

    def slopes(self, x: Array) -> Array:
        """Return the Jacobian of :meth:`values`."""
        equal: list[Array] = []
        above: list[Array] = []
        for c in self.curved:
            J = c.slopes(x)
            equal.append(J[c.equality])
            low, high = np.isfinite(c.low) & ~c.equality, np.isfinite(c.high) & ~c.equality
            above.extend((J[low], -J[high]))
        return np.concatenate([*equal, self.A, *above, -self.G])


def as_limits(low: Any, high: Any, size: int) -> tuple[Array, Array]:
    """Return the limits of a constraint's values as vectors: no NaN, low <= high, neither beyond what can be met."""
    lb, ub = (
        np.broadcast_to(as_numeric(side, name).astype(np.float64), (size,))
        for side, name in ((low, "lb of a constraint"), (high, "ub of a constraint"))
    )
    wrong = ~(lb <= ub) | np.isposinf(lb) | np.isneginf(ub)
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"lb and ub of a constraint must be numbers with lb <= ub, lb < inf and ub > -inf, got {lb[first]} and "
            f"{ub[first]} in entry {first}"
        )
    return lb, ub


def read_constraints(given: tuple[Any, ...], n: int) -> Constraints:
    """
    Read SciPy's constraints.

    Parameters
    ----------
    given : tuple of LinearConstraint, NonlinearConstraint or dicts
    n : int
        Number of variables.
    """
    equal, above = [(np.zeros((0, n)), np.zeros(0))], [(np.zeros((0, n)), np.zeros(0))]
    curved = []
    for constraint in given:
        if isinstance(constraint, dict):
            curved.append(_read_dict(constraint))
        elif hasattr(constraint, "A"):
            rows = as_numeric(made_dense(constraint.A, "A of a constraint"), "A of a constraint")
            rows = np.atleast_2d(rows.astype(np.float64))
            if rows.shape[1] != n:
                raise ValueError(f"A of a constraint must have {n} columns, got shape {rows.shape}")
            if not np.isfinite(rows).all():
                row, column = np.argwhere(~np.isfinite(rows))[0]
                raise ValueError(
                    f"A of a constraint must be finite, got {rows[row, column]} at row {row}, column {column}"
                )
            low, high = as_limits(constraint.lb, constraint.ub, rows.shape[0])
            both = low == high
            equal.append((rows[both], low[both]))
            least, most = np.isfinite(low) & ~both, np.isfinite(high) & ~both
            above.extend(((rows[most], high[most]), (-rows[least], -low[least])))
        elif hasattr(constraint, "fun"):
            jac = constraint.jac if callable(getattr(constraint, "jac", None)) else None
            curved.append(Curved(constraint.fun, jac, constraint.lb, constraint.ub))
        else:
            raise TypeError(
                f"constraints must be LinearConstraint, NonlinearConstraint or dicts, got {show(constraint)}"
            )
    A, b = (np.concatenate(part) for part in zip(*equal, strict=True))
    G, h = (np.concatenate(part) for part in zip(*above, strict=True))
    return Constraints(np.ascontiguousarray(A), b, np.ascontiguousarray(G), h, curved)


def _read_dict(constraint: dict[str, Any]) -> Curved:
    kind = constraint.get("type")
    if kind not in ("eq", "ineq") or not callable(constraint.get("fun")):
        raise ValueError(f"a constraint must have type 'eq' or 'ineq' and a function fun, got {show(constraint)}")
    args = constraint.get("args", ())
    fun, jac = constraint["fun"], constraint.get("jac")
    return Curved(
        lambda x: fun(x, *args),
        (lambda x: jac(x, *args)) if callable(jac) else None,
        0.0,
        0.0 if kind == "eq" else np.inf,
    )
