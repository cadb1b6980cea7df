"""Which learning rates do: a range test (Smith, "Cyclical learning rates for training neural networks", 2017)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._checks import check_in_range, check_integer, check_positive, check_seed, show
from ._problem import prepare
from ._validation import Array
from .rules import resolve_optimizer

if TYPE_CHECKING:
    from .network import Network

__all__ = ["RateRange", "learning_rate_range"]


@dataclass(frozen=True)
class RateRange:
    """
    What a range test saw.

    Attributes
    ----------
    rates : array (steps,)
        The learning rates, each one step.
    losses : array (steps,)
        Smoothed loss of the batch before each step; the test ends early when it is above the least by three times the
        size of the first.
    suggestion : float
        A tenth of the rate at which the loss was least.
    """

    rates: Array
    losses: Array
    suggestion: float

    def __repr__(self) -> str:
        return f"RateRange(suggestion={self.suggestion:.3g}, {len(self.rates)} steps to {self.rates[-1]:.3g})"

    def plot(self, ax: Any = None) -> Any:
        """Draw loss against learning rate; return the figure."""
        from ._figures import pyplot

        if ax is None:
            _, ax = pyplot().subplots(figsize=(6, 4), layout="constrained")
        ax.semilogx(self.rates, self.losses)
        ax.axvline(self.suggestion, color="0.5", linestyle="--", label=f"suggestion {self.suggestion:.2g}")
        ax.set(xlabel="learning rate", ylabel="loss (smoothed)")
        ax.legend()
        ax.grid(alpha=0.3)
        return ax.figure


def learning_rate_range(
    net: Network,
    X: Any,
    y: Any,
    *,
    optimizer: Any = "adam",
    loss: Any = None,
    low: float = 1e-6,
    high: float = 1.0,
    steps: int = 100,
    batch_size: int | None = None,
    smoothing: float = 0.9,
    seed: int = 0,
) -> RateRange:
    """
    Train a copy of a network with a learning rate that grows from `low` to `high`, and record the loss of each step.

    Parameters
    ----------
    net : Network
        Not changed.
    X, y, loss
        As for :func:`steep.train`.
    optimizer : str or update rule, default "adam"
        Its own learning rate does not matter.
    low, high : float, positive
    steps : int, default 100
        Each rate is the one before times the same factor.
    batch_size : int, optional
        Default: min(128, n). Rows are drawn at random.
    smoothing : float in [0, 1), default 0.9
        Of the losses: an exponential average without its bias.
    seed : int, default 0

    Returns
    -------
    RateRange

    Examples
    --------
    >>> import numpy as np, steep
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> net = steep.MLP([4, 16, 1], activation="tanh")
    >>> found = steep.learning_rate_range(net, X, X[:, 0] * X[:, 1], steps=60)
    >>> 1e-6 < found.suggestion < 1
    True
    """
    low, high = check_positive(low, "low"), check_positive(high, "high")
    if not low < high:
        raise ValueError(f"low must be less than high, got {low:g} and {high:g}")
    steps = check_integer(steps, "steps", 2)
    smoothing = check_in_range(smoothing, "smoothing", 0, 1, "left")
    rng = np.random.default_rng(check_seed(seed))
    rule = resolve_optimizer(optimizer)
    if rule.core.needs_lookahead:
        raise ValueError(f"optimizer must evaluate its gradient at the parameters, got {show(optimizer)}")
    problem = prepare(net, X, y, loss, None, None, None, 0)
    n = len(problem.train.X)
    size = min(128, n) if batch_size is None else min(check_integer(batch_size, "batch_size", 1), n)
    kernel, on_raw = _core.resolve_loss(net.output_activation, problem.loss, net.n_outputs)
    work = _unscaled(net, on_raw)
    if size < 2 and work.state.size:
        raise ValueError(f"batch_size must be at least 2 with batch normalization, got {size}")
    rates = low * (high / low) ** (np.arange(steps) / (steps - 1))
    state = rule.init(work.parameters)
    losses: list[float] = []
    average = 0.0
    for k, rate in enumerate(rates):
        part = problem.train.take(np.sort(rng.choice(n, size, replace=False)))
        scores = work.forward(part.X)
        weights = np.full(size, 1 / size, work.dtype)
        each, gradient = _core.loss_value_and_gradient(
            kernel, problem.parameter, scores, part.rows, part.labels, weights
        )
        average = smoothing * average + (1 - smoothing) * float(np.sum(each))
        losses.append(average / (1 - smoothing ** (k + 1)))
        if not np.isfinite(losses[0]):
            raise ValueError(f"net must have a finite loss at its parameters, got {losses[0]:g}")
        if not np.isfinite(losses[-1]) or losses[-1] - min(losses) > 3 * abs(losses[0]):
            break
        grads, _ = work.backward(gradient, inputs=False)
        replace(rule, learning_rate=float(rate)).update(work.parameters, grads, state)
    seen = np.array(losses)
    seen = seen[np.isfinite(seen)]
    return RateRange(rates[: len(seen)], seen, float(rates[int(seen.argmin())]) / 10)


def _unscaled(net: Network, scores: bool) -> Network:
    """Return a copy whose outputs are in the loss's units, and if asked the scores before the output activation."""
    layers: Any = list(net._specs)
    if scores:
        layers[-1] = replace(layers[-1], activation="identity")
    new = type(net)(
        layers, net.input_shape, dtype=net.dtype, seed=net.seed, input_scale=net.input_scale,
        input_shift=net.input_shift,
    )  # fmt: skip
    new.parameters, new.state[...] = net.parameters, net.state
    return new
