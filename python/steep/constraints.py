"""Constraints on the weights of a network in training, kept by projection after each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ._checks import check_positive, show

__all__ = ["MaxNorm", "NonNegative", "resolve_constraint"]


@dataclass(frozen=True)
class MaxNorm:
    """
    The weights that go into a unit (a filter) have a norm of at most `limit`.

    Parameters
    ----------
    limit : float, positive

    Examples
    --------
    >>> import numpy as np, steep
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> net = steep.MLP([3, 8, 1])
    >>> run = steep.train(net, X, 10 * X[:, 0], constraint=steep.MaxNorm(0.5), epochs=5)
    >>> bool(np.linalg.norm(net.layers[0].weight, axis=1).max() < 0.5001)
    True
    """

    limit: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit", check_positive(self.limit, "limit"))


@dataclass(frozen=True)
class NonNegative:
    """
    Weights are at least zero; biases are free.

    Examples
    --------
    >>> import numpy as np, steep
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> net = steep.MLP([3, 1])
    >>> run = steep.train(net, X, X @ [1.0, -1.0, 2.0], optimizer=steep.SGD(0.1), constraint=steep.NonNegative())
    >>> float(net.layers[0].weight[0, 1])
    0.0
    """


def resolve_constraint(constraint: Any) -> dict[str, Any]:
    """Return a constraint, or several, as options of the core."""
    several = constraint if isinstance(constraint, Sequence) else [] if constraint is None else [constraint]
    options: dict[str, Any] = {}
    for one in several:
        if isinstance(one, NonNegative):
            options["non_negative"] = True
        elif isinstance(one, MaxNorm):
            options["max_norm"] = one.limit
        else:
            raise TypeError(f"constraint must be steep.MaxNorm(a), steep.NonNegative() or both, got {show(one)}")
    return options
