"""Layers that act differently in training: dropout and normalizations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .._checks import check_bool, check_in_range, check_positive
from ._layer import Layer, option

__all__ = ["BatchNorm", "Dropout", "LayerNorm"]


@dataclass(frozen=True)
class Dropout(Layer):
    """
    Inverted dropout: in training an entry is zero with probability `rate`, else divided by ``1 - rate``.

    Parameters
    ----------
    rate : float in [0, 1)
        Taken to the nearest multiple of 2^-16; the division is by exactly the probability that is left.

    Notes
    -----
    The identity in inference. Masks are random numbers of Philox keyed by seed, layer, epoch, row of the data set and
    unit: the same for any number of threads, and after a resumed run.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, JMLR 15 (2014) 1929.

    Examples
    --------
    >>> import steep
    >>> net = steep.Network([steep.Dense(64, "relu"), steep.Dropout(0.2), steep.Dense(10, "softmax")], input_shape=20)
    """

    rate: float

    kind: ClassVar[str] = "dropout"

    def __post_init__(self) -> None:
        self._set(rate=check_in_range(self.rate, "rate", 0.0, 1.0, "left"))


@dataclass(frozen=True)
class BatchNorm(Layer):
    """
    Batch normalization: ``y = gamma (x - mean) / sqrt(variance + eps) + beta``, per unit or per channel of an image.

    Parameters
    ----------
    momentum : float in [0, 1], default 0.1
        ``running = (1 - momentum) running + momentum batch``, PyTorch's meaning; Keras calls 1 - momentum so.
    eps : float, default 1e-5

    Notes
    -----
    Mean and variance go over the batch, and over the pixels of images (statistics for each entry of the last axis). In
    training they are the batch's, with the biased variance; the running ones take the unbiased variance, as PyTorch
    does (Keras takes the biased one, and eps 1e-3). In inference they are the running ones, ``net.layers[i].mean`` and
    ``.variance``, which are saved with the network. Sample weights do not enter the statistics. A batch that leaves one
    value to take statistics of is refused before training starts. No penalty acts on gamma and beta.

    References
    ----------
    Ioffe, Szegedy, ICML 2015.

    Examples
    --------
    >>> import steep
    >>> net = steep.Network([steep.Dense(8), steep.BatchNorm(), steep.Activation("relu")], input_shape=3)
    >>> net.layers[1].gamma.shape, net.layers[1].variance.shape
    ((8,), (8,))
    """

    momentum: float = option(0.1)
    eps: float = option(1e-5)

    kind: ClassVar[str] = "batch_norm"

    def __post_init__(self) -> None:
        self._set(momentum=check_in_range(self.momentum, "momentum", 0.0, 1.0), eps=check_positive(self.eps, "eps"))


@dataclass(frozen=True)
class LayerNorm(Layer):
    """
    Layer normalization: ``y = gamma (x - mean) / sqrt(variance + eps) + beta`` with each sample's own statistics.

    Parameters
    ----------
    eps : float, default 1e-5
    all_axes : bool, default False
        Statistics, gamma and beta over all axes of a sample, not the last alone (the channels of one pixel).

    Notes
    -----
    The same in training and in inference. PyTorch's LayerNorm of the last axis, or of all (``all_axes=True``).

    References
    ----------
    Ba, Kiros, Hinton, arXiv:1607.06450 (2016).

    Examples
    --------
    >>> import steep
    >>> net = steep.Network([steep.Dense(8), steep.LayerNorm(), steep.Activation("gelu")], input_shape=3)
    >>> net.layers[1].beta.shape
    (8,)
    """

    eps: float = option(1e-5)
    all_axes: bool = option(False)

    kind: ClassVar[str] = "layer_norm"

    def __post_init__(self) -> None:
        self._set(eps=check_positive(self.eps, "eps"), all_axes=check_bool(self.all_axes, "all_axes"))
