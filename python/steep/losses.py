"""Losses with a parameter; all others go by name (see :func:`steep.train`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import _core
from ._checks import check_bool, check_choice, check_in_range, check_non_negative, check_positive, show

__all__ = ["Cauchy", "EpsilonInsensitive", "Huber", "Pinball", "SoftL1", "resolve_loss"]


@dataclass(frozen=True)
class Huber:
    """
    Huber's loss: ``r^2 / 2`` for |r| <= delta, else ``delta (|r| - delta / 2)``.

    Parameters
    ----------
    delta : float, positive, default 1

    References
    ----------
    Huber, "Robust estimation of a location parameter", 1964.

    Examples
    --------
    >>> import steep
    >>> steep.Huber(0.5)
    Huber(delta=0.5)
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta", check_positive(self.delta, "delta"))


@dataclass(frozen=True)
class Pinball:
    """
    The quantile loss: ``max(q r, (q - 1) r)`` with r = y - prediction, minimized by the q-quantile.

    Parameters
    ----------
    q : float in (0, 1), default 0.5

    References
    ----------
    Koenker and Bassett, "Regression quantiles", 1978.

    Examples
    --------
    >>> import steep
    >>> steep.Pinball(0.9)
    Pinball(q=0.9)
    """

    q: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "q", check_in_range(self.q, "q", 0.0, 1.0, "neither"))


@dataclass(frozen=True)
class EpsilonInsensitive:
    """
    The loss of support vector regression: ``max(0, |r| - epsilon)``, or its square (without a factor 1/2).

    Parameters
    ----------
    epsilon : float, at least 0, default 0.1
        Errors up to it cost nothing.
    squared : bool, default False

    References
    ----------
    Vapnik, "The Nature of Statistical Learning Theory", 1995.

    Examples
    --------
    >>> import steep
    >>> steep.EpsilonInsensitive(0.5)
    EpsilonInsensitive(epsilon=0.5, squared=False)
    """

    epsilon: float = 0.1
    squared: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "epsilon", check_non_negative(self.epsilon, "epsilon"))
        check_bool(self.squared, "squared")

    @property
    def name(self) -> str:
        """The loss's name in the core."""
        return "squared_epsilon_insensitive" if self.squared else "epsilon_insensitive"


@dataclass(frozen=True)
class SoftL1:
    """
    A smooth Huber loss: ``scale^2 (sqrt(1 + (r / scale)^2) - 1)``, r^2 / 2 near 0 and ``scale |r|`` far out.

    Parameters
    ----------
    scale : float, positive, default 1
        Where the loss turns from quadratic to linear.

    Notes
    -----
    SciPy's ``loss="soft_l1"`` with ``f_scale=scale``, whose objective is the sum of these. Convex.

    Examples
    --------
    >>> import steep
    >>> steep.SoftL1(0.1)
    SoftL1(scale=0.1)
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", check_positive(self.scale, "scale"))


@dataclass(frozen=True)
class Cauchy:
    """
    The negative logarithm of Cauchy's density: ``scale^2 / 2 log(1 + (r / scale)^2)``; outliers lose their pull.

    Parameters
    ----------
    scale : float, positive, default 1
        Beyond it the gradient falls again.

    Notes
    -----
    SciPy's ``loss="cauchy"`` with ``f_scale=scale``. Not convex: a start from a fit with a convex loss is safer.

    Examples
    --------
    >>> import steep
    >>> steep.Cauchy(0.1)
    Cauchy(scale=0.1)
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", check_positive(self.scale, "scale"))


_PARAMETER = {"huber": 1.0, "pinball": 0.5, "epsilon_insensitive": 0.1, "squared_epsilon_insensitive": 0.1}


def resolve_loss(loss: Any, activation: str, outputs: int) -> tuple[str, float]:
    """
    Return name and parameter of a loss that goes with an output layer.

    Parameters
    ----------
    loss : None, str, Huber, Pinball, EpsilonInsensitive, SoftL1 or Cauchy
        None follows the output activation: softmax -> cross_entropy, sigmoid -> binary_cross_entropy, exp -> poisson,
        step -> perceptron, and squared_error for the rest.
    activation : str
        Of the output layer.
    outputs : int
        How many.

    Raises
    ------
    ValueError
        For an unknown name, or a pairing that means nothing; the message names the one that was meant.
    TypeError
        For anything else.
    """
    parameter = 1.0
    if isinstance(loss, Huber):
        name, parameter = "huber", loss.delta
    elif isinstance(loss, Pinball):
        name, parameter = "pinball", loss.q
    elif isinstance(loss, EpsilonInsensitive):
        name, parameter = loss.name, loss.epsilon
    elif isinstance(loss, SoftL1):
        name, parameter = "soft_l1", loss.scale
    elif isinstance(loss, Cauchy):
        name, parameter = "cauchy", loss.scale
    elif loss is None:
        name = _core.default_loss(activation)
    elif isinstance(loss, str):
        name = check_choice(loss, "loss", _core.loss_names())
        parameter = _PARAMETER.get(name, 1.0)
    else:
        kinds = "steep.Huber, Pinball, EpsilonInsensitive, SoftL1 or Cauchy"
        raise TypeError(f"loss must be None, a name, {kinds}, got {show(loss)}")
    _core.resolve_loss(activation, name, outputs)
    return name, parameter
