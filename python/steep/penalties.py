"""Penalties lambda Omega(w) on the weights of a model; biases and intercepts are never penalized."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._checks import check_in_range, check_layer_numbers, check_non_negative, show

__all__ = ["L1", "L2", "ElasticNet", "GroupLasso", "Penalty", "resolve_layer_penalties", "resolve_penalty"]


class Penalty:
    """
    A penalty ``l1 ||w||_1 + l2 / 2 ||w||^2 + group sum_u ||w_u||``, w_u the weights that go into a unit (a filter).

    One of :class:`L1`, :class:`L2`, :class:`ElasticNet`, :class:`GroupLasso`.

    Attributes
    ----------
    l1, l2, group : float
        The coefficients.
    """

    l1: float
    l2: float
    group: float = 0.0

    def __add__(self, other: Penalty) -> Penalty:
        """Return the sum of two penalties."""
        if not isinstance(other, Penalty):
            return NotImplemented
        l1, l2, group = self.l1 + other.l1, self.l2 + other.l2, self.group + other.group
        return GroupLasso(group, l1=l1, l2=l2) if group > 0 else ElasticNet(l1=l1, l2=l2)


@dataclass(frozen=True)
class L2(Penalty):
    """
    The squared norm: ``l2 / 2 ||w||^2``, whose gradient is ``l2 w``.

    Parameters
    ----------
    l2 : float, at least 0

    Notes
    -----
    PyTorch's ``weight_decay`` of its coupled rules is this, on biases too. Scikit-learn's MLP divides its ``alpha`` by
    the number of rows of a batch; its Ridge has ``alpha ||w||^2`` beside a sum (not a mean) of squares without 1/2.

    Examples
    --------
    >>> import steep
    >>> steep.L2(1e-4).l1
    0.0
    """

    l2: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "l2", check_non_negative(self.l2, "l2"))

    @property
    def l1(self) -> float:  # type: ignore[override]
        """The coefficient of the 1-norm: 0."""
        return 0.0


@dataclass(frozen=True)
class L1(Penalty):
    """
    The 1-norm: ``l1 ||w||_1``. Minimized by proximal steps, so that weights become exactly zero.

    Parameters
    ----------
    l1 : float, at least 0

    Examples
    --------
    >>> import steep
    >>> steep.L1(0.01)
    L1(l1=0.01)
    """

    l1: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "l1", check_non_negative(self.l1, "l1"))

    @property
    def l2(self) -> float:  # type: ignore[override]
        """The coefficient of half the squared norm: 0."""
        return 0.0


@dataclass(frozen=True, init=False)
class ElasticNet(Penalty):
    """
    Both: ``l1 ||w||_1 + l2 / 2 ||w||^2``.

    Parameters
    ----------
    strength : float, at least 0, optional
        With `l1_ratio`: l1 = strength * l1_ratio and l2 = strength * (1 - l1_ratio), as in scikit-learn.
    l1_ratio : float in [0, 1], default 0.5
    l1, l2 : float, at least 0, optional
        The two coefficients themselves, instead of `strength` and `l1_ratio`.

    Examples
    --------
    >>> import steep
    >>> steep.ElasticNet(0.1, l1_ratio=0.75)
    ElasticNet(l1=0.07500000000000001, l2=0.025)
    >>> steep.ElasticNet(l1=0.01, l2=0.1)
    ElasticNet(l1=0.01, l2=0.1)
    >>> steep.L1(0.01) + steep.L2(0.1)
    ElasticNet(l1=0.01, l2=0.1)
    """

    l1: float
    l2: float

    def __init__(
        self,
        strength: float | None = None,
        *,
        l1_ratio: float | None = None,
        l1: float | None = None,
        l2: float | None = None,
    ) -> None:
        if strength is None:
            if l1 is None or l2 is None or l1_ratio is not None:
                raise TypeError("ElasticNet must be given strength (and l1_ratio), or both l1 and l2")
            first, second = check_non_negative(l1, "l1"), check_non_negative(l2, "l2")
        else:
            if l1 is not None or l2 is not None:
                raise TypeError("ElasticNet must be given strength (and l1_ratio), or both l1 and l2, not a mixture")
            total = check_non_negative(strength, "strength")
            ratio = 0.5 if l1_ratio is None else check_in_range(l1_ratio, "l1_ratio", 0.0, 1.0)
            first, second = total * ratio, total * (1.0 - ratio)
        object.__setattr__(self, "l1", first)
        object.__setattr__(self, "l2", second)


@dataclass(frozen=True)
class GroupLasso(Penalty):
    """
    The norms of units: ``group sum_u ||w_u||_2``, w_u the weights into a unit (a filter); units become zero whole.

    Parameters
    ----------
    group : float, at least 0
    l1, l2 : float, at least 0, default 0
        Of an elastic net beside it; with l1 it is the sparse group lasso.

    Notes
    -----
    For :func:`steep.train` with an update rule: after each step a unit's weights u become
    ``argmin_x sum_i (x_i - u_i)^2 / (2 s_i) + group ||x||``, the exact proximal step, where s_i is the rule's own step
    scale of the entry (Adam: ``eta / (sqrt(vhat) + eps)``). With one scale for all (SGD) that is
    ``max(0, 1 - s group / ||u||) u``. Rules without a scale (Lion, Rprop), and Nesterov's look-ahead form, refuse it.
    Units are not weighted by the root of their size,
    as Yuan and Lin (2006) do for groups of different sizes: give each layer its own where that is wanted.

    Examples
    --------
    >>> import numpy as np, steep
    >>> X = np.random.default_rng(0).normal(size=(200, 4))
    >>> net = steep.MLP([4, 16, 1], "tanh", seed=0)
    >>> run = steep.train(net, X, X[:, 0], optimizer=steep.Adam(0.01), penalty={0: steep.GroupLasso(0.02)}, epochs=300)
    >>> bool((net.layers[0].weight == 0).all(axis=1).any())
    True
    """

    group: float
    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        for name in ("group", "l1", "l2"):
            object.__setattr__(self, name, check_non_negative(getattr(self, name), name))


def resolve_penalty(penalty: Any, name: str = "penalty", groups: bool = False) -> tuple[float, float]:
    """
    Return the coefficients (l1, l2) of a penalty.

    Parameters
    ----------
    penalty : None, L1, L2, ElasticNet or GroupLasso
    name : str
        The argument's name, for messages.
    groups : bool
        Whether a group part is taken elsewhere; else it is refused.

    Raises
    ------
    TypeError
        For anything else: a bare number would not say which norm it weighs.
    """
    if penalty is None:
        return 0.0, 0.0
    if not isinstance(penalty, Penalty):
        rule = "None, steep.L2(a), steep.L1(a) or steep.ElasticNet(a, l1_ratio=r)"
        if groups:
            rule += " or steep.GroupLasso(a); in steep.train also a list or a dict of them for its layers"
        elif isinstance(penalty, Mapping | Sequence) and not isinstance(penalty, str):
            rule += ", one for all layers (only update rules take one a layer)"
        raise TypeError(f"{name} must be {rule}, got {show(penalty)}")
    if penalty.group > 0 and not groups:
        raise ValueError(f"{name} must have no group part here: only update rules make its step, got {penalty!r}")
    return float(penalty.l1), float(penalty.l2)


def resolve_groups(penalty: Any, layers: int) -> list[float] | None:
    """Return the group coefficient of each layer, or None for none; after the others have been checked."""
    if isinstance(penalty, Mapping):
        several = [penalty.get(number) for number in range(layers)]
    else:
        several = list(penalty) if isinstance(penalty, Sequence) else [penalty] * layers
    groups = [0.0 if one is None else float(one.group) for one in several]
    return groups if any(groups) else None


def resolve_layer_penalties(penalty: Any, layers: Sequence[Any]) -> tuple[list[float], list[float]] | None:
    """
    Return the coefficients (l1, l2) of each layer, or None for one penalty for all.

    Parameters
    ----------
    penalty : None or Penalty, sequence of them (one a layer), or dict of layer number to Penalty
        Layers that a dict leaves out have none.
    layers : sequence of layers
    """
    if isinstance(penalty, Mapping):
        check_layer_numbers(penalty, layers, "penalty")
        several = [penalty.get(number) for number in range(len(layers))]
    elif isinstance(penalty, Sequence) and not isinstance(penalty, str):
        several = list(penalty)
        if len(several) != len(layers):
            raise ValueError(f"penalty must be one, or one for each of {len(layers)} layers, got {len(several)}")
    else:
        return None
    pairs = [resolve_penalty(one, f"penalty[{number}]", True) for number, one in enumerate(several)]
    return [l1 for l1, _ in pairs], [l2 for _, l2 in pairs]
