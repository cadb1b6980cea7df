"""Random changes of training images."""

from __future__ import annotations

from dataclasses import dataclass

from ._checks import check_bool, check_in_range, check_integer

__all__ = ["Augment"]

_LARGEST = 65535  # more pixels than a side of an image has


@dataclass(frozen=True)
class Augment:
    """
    Random changes of images (height, width, channels) in training, made as the minibatch is gathered.

    Parameters
    ----------
    shift : int, default 0
        Most pixels, up or down and left or right.
    flip : bool, default False
        Left and right change places, with probability 1/2.
    rotate : float in [0, 180], default 0
        Most degrees, about the middle; read bilinearly.
    cutout : int, default 0
        Side of a square about a random pixel that becomes zero.

    Notes
    -----
    What comes from outside an image is zero, after `input_scale` and `input_shift`. Random numbers are keyed by seed,
    epoch and row of the data set: the same for any number of threads and any batch size.

    Examples
    --------
    >>> import numpy as np, steep
    >>> X = np.random.default_rng(0).random((64, 8, 8, 1), dtype=np.float32)
    >>> net = steep.Network([steep.Conv2D(4), steep.Dense(1)], (8, 8, 1))
    >>> run = steep.train(net, X, X.mean(axis=(1, 2, 3)), augment=steep.Augment(shift=1, flip=True), epochs=2)
    """

    shift: int = 0
    flip: bool = False
    rotate: float = 0.0
    cutout: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "shift", check_integer(self.shift, "shift", 0, _LARGEST))
        object.__setattr__(self, "flip", check_bool(self.flip, "flip"))
        object.__setattr__(self, "rotate", check_in_range(self.rotate, "rotate", 0.0, 180.0))
        object.__setattr__(self, "cutout", check_integer(self.cutout, "cutout", 0, _LARGEST))
