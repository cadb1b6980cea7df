"""Losses with a parameter; all others go by name (see :func:`steep.train`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import _core
from ._checks import check_choice, check_in_range, check_positive, show

__all__ = ["Huber", "Pinball", "resolve_loss"]


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


_PARAMETER = {"huber": 1.0, "pinball": 0.5}


def resolve_loss(loss: Any, activation: str, outputs: int) -> tuple[str, float]:
    """
    Return name and parameter of a loss that goes with an output layer.

    Parameters
    ----------
    loss : None, str, Huber or Pinball
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
    elif loss is None:
        name = _core.default_loss(activation)
    elif isinstance(loss, str):
        name = check_choice(loss, "loss", _core.loss_names())
        parameter = _PARAMETER.get(name, 1.0)
    else:
        raise TypeError(f"loss must be None, a name, steep.Huber or steep.Pinball, got {show(loss)}")
    _core.resolve_loss(activation, name, outputs)
    return name, parameter
