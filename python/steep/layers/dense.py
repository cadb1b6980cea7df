"""Dense layers, and layers that compute entry by entry or only name a shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from .._checks import check_bool, check_integer, show
from ._layer import Layer, check_activation, check_initialization, check_slope, option

__all__ = ["Activation", "Dense", "Flatten", "Reshape"]


@dataclass(frozen=True)
class Dense(Layer):
    """
    A dense layer: ``y = activation(W x + b)``.

    Parameters
    ----------
    units : int
        Number of outputs. An input of several axes is flattened.
    activation : str, default "identity"
        One of identity, step (forward only), sigmoid, tanh, relu, leaky_relu, softmax, elu, gelu (exact), silu,
        softplus, exp.
    initialization : str, default "auto"
        Of W: zeros, normal (deviation 0.01), uniform (within 0.05), glorot_normal, glorot_uniform (also "glorot"),
        he_normal (also "he"), he_uniform, lecun_normal (also "lecun"), lecun_uniform, orthogonal, nguyen_widrow (for
        inputs in [-1, 1]; it sets biases too). "auto" is he_normal for relu, leaky_relu, elu, gelu, silu and softplus,
        and glorot_uniform for the rest. Biases start at zero.
    slope : float, default 0.01
        Of leaky_relu for negative inputs: at least 0. (PyTorch takes negative slopes too; here the derivative is read
        off the output, whose sign would not tell.)
    use_bias : bool, default True

    Examples
    --------
    >>> import steep
    >>> steep.Dense(10, "softmax")
    Dense(units=10, activation='softmax', initialization='auto', slope=0.01, use_bias=True)
    """

    units: int
    activation: str = "identity"
    initialization: str = option("auto")
    slope: float = option(0.01)
    use_bias: bool = option(True)

    kind: ClassVar[str] = "dense"

    def __post_init__(self) -> None:
        self._set(
            units=check_integer(self.units, "units", 1),
            activation=check_activation(self.activation),
            initialization=check_initialization(self.initialization),
            slope=check_slope(self.slope),
            use_bias=check_bool(self.use_bias, "use_bias"),
        )


@dataclass(frozen=True)
class Activation(Layer):
    """
    An activation as a layer of its own: ``y = activation(x)``, entry by entry; softmax acts along the last axis.

    Parameters
    ----------
    activation : str
        As for :class:`steep.Dense`.
    slope : float, default 0.01
        Of leaky_relu for negative inputs: at least 0. (PyTorch takes negative slopes too; here the derivative is read
        off the output, whose sign would not tell.)

    Examples
    --------
    >>> import steep
    >>> layers = [steep.Dense(16), steep.BatchNorm(), steep.Activation("relu"), steep.Dense(3, "softmax")]
    >>> steep.Network(layers, input_shape=4).n_outputs
    3
    """

    activation: str
    slope: float = option(0.01)

    kind: ClassVar[str] = "activation"

    def __post_init__(self) -> None:
        self._set(activation=check_activation(self.activation), slope=check_slope(self.slope))


@dataclass(frozen=True)
class Flatten(Layer):
    """
    All axes of a sample in one: (height, width, channels) becomes (height * width * channels,).

    Notes
    -----
    A :class:`steep.Dense` flattens its input by itself.

    Examples
    --------
    >>> import steep
    >>> steep.Network([steep.Flatten()], input_shape=(4, 4, 3)).n_outputs
    48
    """

    kind: ClassVar[str] = "flatten"


@dataclass(frozen=True)
class Reshape(Layer):
    """
    The same entries, in the same order, under another shape.

    Parameters
    ----------
    shape : tuple of int
        Of a sample; one side may be -1, which is worked out.

    Examples
    --------
    >>> import steep
    >>> steep.Network([steep.Reshape((8, 8, 1)), steep.Conv2D(4)], input_shape=64).n_outputs
    144
    """

    shape: tuple[int, ...]

    kind: ClassVar[str] = "reshape"

    def __post_init__(self) -> None:
        shape: Any = self.shape
        sides = tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else (shape,)
        if not sides:
            raise ValueError(f"shape must have at least one side, got {show(shape)}")
        self._set(shape=tuple(check_integer(side, "shape", -1) for side in sides))
