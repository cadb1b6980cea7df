"""Constraints on the weights of a network in training, kept by projection after each step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._checks import check_layer_numbers, check_positive, show

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


def resolve_constraint(constraint: Any, layers: Sequence[Any]) -> dict[str, Any]:
    """
    Return constraints as options of the core, one entry a layer.

    Parameters
    ----------
    constraint : None, MaxNorm, NonNegative, sequence of both, or dict of layer number to these
        Layers that a dict leaves out are free.
    layers : sequence of layers
    """
    if isinstance(constraint, Mapping):
        check_layer_numbers(constraint, layers, "constraint")
        several = [_resolve(constraint.get(number), f"constraint[{number}]") for number in range(len(layers))]
    else:
        several = [_resolve(constraint, "constraint")] * len(layers)
    limits, flags = [limit for limit, _ in several], [flag for _, flag in several]
    options: dict[str, Any] = {}
    if min(limits) < math.inf:
        options["layer_max_norm"] = limits
    if any(flags):
        options["layer_non_negative"] = flags
    return options


def _resolve(constraint: Any, name: str) -> tuple[float, bool]:
    """Return the largest norm and whether weights are non-negative."""
    many = isinstance(constraint, Sequence) and not isinstance(constraint, str)
    several: Sequence[Any] = constraint if many else [] if constraint is None else [constraint]
    limit, flag = math.inf, False
    for one in several:
        if isinstance(one, NonNegative):
            flag = True
        elif isinstance(one, MaxNorm):
            limit = min(limit, one.limit)
        else:
            raise TypeError(f"{name} must be steep.MaxNorm(a), steep.NonNegative() or both, got {show(one)}")
    return limit, flag
