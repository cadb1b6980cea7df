"""Constraints on the weights of a network in training: kept by projection after each step, or as bounds of a method."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ._checks import check_layer_numbers, check_positive, show
from ._validation import Array

if TYPE_CHECKING:
    from .methods import Method
    from .network import Network
    from .rules import Rule

__all__ = ["MaxNorm", "NonNegative", "limits_of_training", "resolve_constraint"]


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


def limits_of_training(
    net: Network, method: Method | None, rule: Rule, bounds: Any, constraint: Any
) -> tuple[Array | None, Array | None]:
    """
    Return (lower, upper) for a full-batch method, from bounds and constraints on weights; None where there are none.

    Parameters
    ----------
    net : Network
    method : Method or None
        None for the update rule.
    rule : Rule
    bounds : SciPy's Bounds, pairs, or None
    constraint : as for :func:`resolve_constraint`

    Raises
    ------
    ValueError
        For what the optimizer cannot keep.
    """
    from .methods.arguments import as_bounds
    from .methods.base import with_bounds

    flags = resolve_constraint(constraint, net.layers)
    if method is None:
        if bounds is not None:
            raise ValueError(
                f"bounds must be None with {type(rule).__name__}, whose steps are projected for constraint= only: use "
                f"the full-batch method {with_bounds()}, got {show(bounds)}"
            )
        return None, None
    if bounds is None and constraint is None:
        return None, None
    if "layer_max_norm" in flags:
        raise ValueError(
            f"constraint must be None or steep.NonNegative() with {method.name}: the norm of several weights is no "
            f"bound on each, got {show(constraint)}"
        )
    lower, upper = as_bounds(bounds, net.parameters.size)
    if any(flags.get("layer_non_negative", ())):
        lower = np.full(net.parameters.size, -np.inf) if lower is None else lower.copy()
        for flag, row in zip(flags["layer_non_negative"], net._layout, strict=True):
            for name, shape, offset in row["arrays"] if flag else ():
                if name.rpartition(".")[2] == "weight":
                    part = lower[offset : offset + prod(shape)]
                    np.maximum(part, 0.0, out=part)
        if upper is not None and (lower > upper).any():
            place = int((lower > upper).argmax())
            raise ValueError(
                f"bounds must have high >= 0 for weights that constraint keeps non-negative, got {upper[place]} at "
                f"entry {place}"
            )
    if (lower is not None or upper is not None) and not method.takes_bounds():
        name = "bounds" if bounds is not None else "constraint"
        given = bounds if bounds is not None else constraint
        raise ValueError(
            f"{name} must be None with {method.name}, whose steps are not kept within bounds: use {with_bounds()}, got "
            f"{show(given)}"
        )
    return lower, upper


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
