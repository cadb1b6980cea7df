"""Layers of images (height, width, channels): convolutions and pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .._checks import check_bool, check_integer
from ._layer import Layer, check_activation, check_initialization, check_padding, check_pair, check_slope, option

__all__ = ["AveragePool2D", "Conv2D", "GlobalAveragePool2D", "MaxPool2D"]


@dataclass(frozen=True)
class Conv2D(Layer):
    """
    A two-dimensional convolution of images (height, width, channels).

    ``z[y, x, o] = b[o] + sum_{m,n,c} W[o, m, n, c] a[y s + m d - p, x s + n d - p, c]``, then the activation.

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel : int or (int, int), default 3
        Height and width of the window.
    activation : str, default "identity"
        As for :class:`steep.Dense`; softmax acts on the channels of each pixel.
    strides : int or (int, int), default 1
        The s above; at most the input's sides.
    padding : "valid", "same", int or (int, int), default "valid"
        Zeros around the image: none; as many as keep ``ceil(side / stride)``, an odd one at the bottom and right; or so
        many at each side.
    dilation : int or (int, int), default 1
        The d above: distance of the window's taps.
    groups : int, default 1
        Channels and filters fall into so many groups that do not see each other; groups = channels is depthwise.
    initialization, slope, use_bias
        As for :class:`steep.Dense`. Fan-in is kernel height * width * channels / groups.

    Notes
    -----
    Weights are (filters, kernel height, kernel width, channels / groups), in ``net.layers[i].weight``; PyTorch's are
    that with the last axis second. What networks call convolution, and what is computed here, is a cross-correlation:
    the textbook's ``sum W[m, n] a[i - m, j - n]`` has both indices flipped. The two differ by the naming of the weights
    alone: ``weight[:, ::-1, ::-1]`` turns one into the other.

    Examples
    --------
    >>> import steep
    >>> net = steep.Network([steep.Conv2D(8, 3, "relu", padding="same"), steep.MaxPool2D()], input_shape=(28, 28, 1))
    >>> net.layers[0].weight.shape, net.output_shape
    ((8, 3, 3, 1), (14, 14, 8))
    """

    filters: int
    kernel: tuple[int, int] = (3, 3)
    activation: str = "identity"
    strides: tuple[int, int] = option((1, 1))
    padding: str | tuple[int, int] = option("valid")
    dilation: tuple[int, int] = option((1, 1))
    groups: int = option(1)
    initialization: str = option("auto")
    slope: float = option(0.01)
    use_bias: bool = option(True)

    kind: ClassVar[str] = "conv2d"

    def __init__(
        self,
        filters: int,
        kernel: int | tuple[int, int] = 3,
        activation: str = "identity",
        *,
        strides: int | tuple[int, int] = 1,
        padding: str | int | tuple[int, int] = "valid",
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        initialization: str = "auto",
        slope: float = 0.01,
        use_bias: bool = True,
    ) -> None:
        self._set(
            filters=check_integer(filters, "filters", 1),
            kernel=check_pair(kernel, "kernel", 1),
            activation=check_activation(activation),
            strides=check_pair(strides, "strides", 1),
            padding=check_padding(padding),
            dilation=check_pair(dilation, "dilation", 1),
            groups=check_integer(groups, "groups", 1),
            initialization=check_initialization(initialization),
            slope=check_slope(slope),
            use_bias=check_bool(use_bias, "use_bias"),
        )


@dataclass(frozen=True)
class _Pool2D(Layer):
    pool: tuple[int, int] = (2, 2)
    strides: tuple[int, int] = option((2, 2))
    padding: str | tuple[int, int] = option("valid")

    def __init__(
        self,
        pool: int | tuple[int, int] = 2,
        *,
        strides: int | tuple[int, int] | None = None,
        padding: str | int | tuple[int, int] = "valid",
    ) -> None:
        sides = check_pair(pool, "pool", 1)
        steps: Any = sides if strides is None else strides
        self._set(pool=sides, strides=check_pair(steps, "strides", 1), padding=check_padding(padding))


@dataclass(frozen=True, init=False)
class MaxPool2D(_Pool2D):
    """
    The largest entry of each window of each channel.

    Parameters
    ----------
    pool : int or (int, int), default 2
        Height and width of the window.
    strides : int or (int, int), optional
        Default: `pool`, windows side by side.
    padding : "valid", "same", int or (int, int), default "valid"
        As for :class:`steep.Conv2D`; padding is never the largest. At most half the window.

    Notes
    -----
    Of equal entries the first in reading order gets the gradient, as in PyTorch.

    Examples
    --------
    >>> import steep
    >>> steep.Network([steep.MaxPool2D(2)], input_shape=(7, 7, 3)).output_shape
    (3, 3, 3)
    """

    kind: ClassVar[str] = "max_pool2d"


@dataclass(frozen=True, init=False)
class AveragePool2D(_Pool2D):
    """
    The mean of each window of each channel.

    Parameters
    ----------
    pool, strides, padding
        As for :class:`steep.MaxPool2D`.

    Notes
    -----
    Padding does not count in the mean (PyTorch's ``count_include_pad=False``, and Keras).

    Examples
    --------
    >>> import steep
    >>> steep.Network([steep.AveragePool2D(3, strides=2, padding="same")], input_shape=(7, 7, 3)).output_shape
    (4, 4, 3)
    """

    kind: ClassVar[str] = "average_pool2d"


@dataclass(frozen=True)
class GlobalAveragePool2D(Layer):
    """
    The mean of each channel over the whole image: (height, width, channels) becomes (channels,).

    Examples
    --------
    >>> import steep
    >>> steep.Network([steep.GlobalAveragePool2D()], input_shape=(7, 7, 3)).output_shape
    (3,)
    """

    kind: ClassVar[str] = "global_average_pool2d"
