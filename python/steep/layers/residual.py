"""Blocks of layers with a skip connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ._layer import Layer, check_layers

__all__ = ["Residual"]


@dataclass(frozen=True)
class Residual(Layer):
    """
    A block with a skip connection: ``y = F(x) + S(x)``.

    Parameters
    ----------
    layers : sequence of layers
        F, one after the other.
    shortcut : sequence of layers, optional
        S; default: the identity, for which F must keep the shape of its input.

    Notes
    -----
    An activation after the sum is a layer of its own, :class:`steep.Activation`. Arrays inside are found as
    ``net.layers[i].parts[k].weight``.

    References
    ----------
    He, Zhang, Ren, Sun, CVPR 2016.

    Examples
    --------
    >>> import steep
    >>> block = steep.Residual([steep.Dense(8, "relu"), steep.Dense(4)])
    >>> steep.Network([block, steep.Activation("relu"), steep.Dense(1)], input_shape=4).parameters.size
    81
    """

    layers: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] = ()

    kind: ClassVar[str] = "residual"

    def __init__(self, layers: Sequence[Layer], shortcut: Sequence[Layer] | None = None) -> None:
        found = check_layers(layers, "layers")
        if not found:
            raise ValueError("layers must be at least one, got none")
        self._set(layers=found, shortcut=check_layers(shortcut or (), "shortcut"))

    def parts(self) -> tuple[Layer, ...]:
        """Return the layers inside this one."""
        return self.layers + self.shortcut
