"""Averages of parameters over epochs: stochastic weight averaging, and exponential moving averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._checks import check_in_range, check_integer
from ._validation import Array
from .callbacks import EpochInfo

if TYPE_CHECKING:
    from .network import Network

__all__ = ["WeightAverage"]


class WeightAverage:
    """
    A callback of :func:`steep.train` that averages the parameters at the ends of epochs.

    Parameters
    ----------
    start : int, default 0
        Epochs left out at the beginning.
    decay : float in (0, 1), optional
        None: the plain mean (stochastic weight averaging). Else an exponential moving average,
        ``average = decay average + (1 - decay) parameters``, from the first epoch that counts.

    Attributes
    ----------
    parameters : array (p,), float64
        The average so far.
    count : int
        Epochs in it.

    Notes
    -----
    Running statistics of batch normalization do not belong to averaged parameters: :meth:`install` takes them anew from
    rows it is given.

    References
    ----------
    Izmailov, Podoprikhin, Garipov, Vetrov, Wilson, "Averaging weights leads to wider optima and better generalization",
    UAI 2018.

    Examples
    --------
    >>> import numpy as np, steep
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> y = X @ [1.0, -2.0, 0.5] + rng.normal(size=200)
    >>> net = steep.MLP([3, 1], dtype="float64")
    >>> average = steep.WeightAverage(start=10)
    >>> run = steep.train(net, X, y, optimizer=steep.SGD(0.1), batch_size=10, epochs=40, callbacks=average)
    >>> average.install(net)
    >>> average.count
    30
    """

    def __init__(self, start: int = 0, *, decay: float | None = None) -> None:
        self.start = check_integer(start, "start", 0)
        self.decay = None if decay is None else check_in_range(decay, "decay", 0.0, 1.0, "neither")
        self.parameters: Array = np.zeros(0)
        self.count = 0

    def __call__(self, info: EpochInfo) -> None:
        """Take an epoch's parameters in."""
        if info.epoch <= self.start:
            return
        self.count += 1
        w = info.network.parameters.astype(np.float64)
        if self.count == 1:
            self.parameters = w
            return
        share = 1 / self.count if self.decay is None else 1 - self.decay
        self.parameters += share * (w - self.parameters)

    def install(self, net: Network, X: Any = None, *, batch_size: int = 256) -> None:
        """
        Write the average into a network.

        Parameters
        ----------
        net : Network
        X : array_like, optional
            Rows from which the running statistics are taken anew; needed when the network has some. They become the
            plain means of the batches' statistics.
        batch_size : int, default 256

        Raises
        ------
        ValueError
            If no epoch counted, or X is missing.
        """
        if self.count == 0:
            raise ValueError(f"start must be less than the epochs made to have an average, got {self.start}")
        batch_size = check_integer(batch_size, "batch_size", 2)
        if net.state.size and X is None:
            raise ValueError("X must be given for a network with running statistics, got None")
        if net.state.size:
            net.state[...] = self._statistics(net.copy(), X, batch_size)
        net.parameters = self.parameters

    def _statistics(self, net: Network, X: Any, batch_size: int) -> Array:
        """Return the running statistics of the average over some rows; net is written to."""
        net.parameters = self.parameters
        rows = net._as_inputs(X)
        momentum = net.state_momentum()
        if not momentum.all():
            raise ValueError("momentum must be positive to take running statistics, got 0 in a layer")
        if len(rows) < 2:
            raise ValueError(f"X must have at least 2 rows to take running statistics, got {len(rows)}")
        total = np.zeros(net.state.size)
        for part in np.array_split(np.arange(len(rows)), max(1, len(rows) // batch_size)):
            net.state[...] = 0
            net.forward(rows[part[0] : part[-1] + 1])
            total += net.state / momentum * (len(part) / len(rows))
        return total
