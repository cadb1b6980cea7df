"""Pictures of training runs against epochs: the columns of the history, and norms layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ._figures import COLOURS, FLOOR, pyplot
from ._validation import Array

__all__ = ["activations", "gradients", "history"]


def history(columns: Mapping[str, Array], names: Any = None, axes: Any = None) -> Any:
    """
    Draw columns of a training run's history against epochs: losses above, everything else below.

    Parameters
    ----------
    columns : dict of name -> array (epochs,)
        ``run.history``.
    names : str or sequence of str, optional
        Default: the losses, and the metrics with their validation values.
    axes : one or two Matplotlib axes, optional

    Returns
    -------
    figure
    """
    plt = pyplot()
    if isinstance(names, str):
        names = [names]
    hidden = ("seconds", "learning_rate", "gradient_norm", "layer_gradient_norm", "layer_activation_norm", "objective")
    wanted = [name for name in columns if name not in hidden] if names is None else list(names)
    for name in wanted:
        if name not in columns:
            raise ValueError(f"names must be among {', '.join(columns)}, got {name!r}")
    losses = [name for name in wanted if name.removeprefix("val_") in ("loss", "objective")]
    groups = [group for group in (losses, [name for name in wanted if name not in losses]) if group]
    if not groups:
        raise ValueError("names must have at least one column, got none")
    if axes is None:
        _, axes = plt.subplots(
            len(groups), 1, figsize=(7, 3 * len(groups)), sharex=True, layout="constrained", squeeze=False
        )
    places = np.asarray(axes).reshape(-1)
    for group, ax in zip(groups, places, strict=False):
        for k, name in enumerate(group):
            values = np.asarray(columns[name])
            style = "--" if name.startswith("val_") else "-"
            ax.plot(np.arange(1, len(values) + 1), values, style, color=COLOURS[k % len(COLOURS)], label=name)
        ax.legend()
        ax.grid(alpha=0.3)
        if group is losses and all(np.all(np.asarray(columns[name]) > 0) for name in group):
            ax.set_yscale("log")
    places[len(groups) - 1].set_xlabel("epoch")
    return places[0].figure


def gradients(run: Any, ax: Any = None) -> Any:
    """
    Draw the norm of each layer's gradient against epochs: where gradients vanish or explode.

    Parameters
    ----------
    run : Run
        From :func:`steep.train`.
    ax : Matplotlib axes, optional

    Returns
    -------
    figure

    Examples
    --------
    Through 20 layers of sigmoids, whose derivative is at most 1/4, next to nothing of the gradient reaches the first.
    ReLU with the initialization of He et al. (2015), or batch norm before each sigmoid, lets it through:

    >>> import numpy as np, steep
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(1000, 10))
    >>> y = X[:, 0] * X[:, 1] > 0
    >>> def normed(units):
    ...     return [steep.Dense(units, use_bias=False), steep.BatchNorm(), steep.Activation("sigmoid")]
    >>> nets = {
    ...     "sigmoid": steep.MLP([10] + 19 * [32] + [1], "sigmoid", "sigmoid"),
    ...     "He and ReLU": steep.MLP([10] + 19 * [32] + [1], "relu", "sigmoid", initialization="he_normal"),
    ...     "batch norm": steep.Network(sum((normed(32) for _ in range(19)), []) + [steep.Dense(1, "sigmoid")], 10),
    ... }
    >>> for name, net in nets.items():
    ...     run = steep.train(net, X, y, epochs=20)
    ...     norms = run.history["layer_gradient_norm"][0]  # of the first epoch
    ...     learned = run.history["loss"][-1] < 0.5  # from log 2
    ...     print(f"{name}: first layer / last layer {norms[0] / norms[-1]:.0e}, learned: {learned}")
    sigmoid: first layer / last layer 5e-13, learned: False
    He and ReLU: first layer / last layer 7e-01, learned: True
    batch norm: first layer / last layer 5e-01, learned: True
    >>> figure = steep.plot.gradients(run)  # doctest: +SKIP
    """
    return _by_layer(run, "layer_gradient_norm", "gradient norm", ax)


def activations(run: Any, ax: Any = None) -> Any:
    """
    Draw the root mean square of each layer's outputs against epochs: where signals die out, saturate or explode.

    Parameters
    ----------
    run : Run
        From :func:`steep.train`.
    ax : Matplotlib axes, optional

    Returns
    -------
    figure
    """
    if "layer_activation_norm" not in run.history:
        raise ValueError(
            "run must be of an optimizer with mini-batches, such as Adam, whose history has layer_activation_norm; "
            "full-batch methods do not record it: steep.plot.gradients shows their layers"
        )
    return _by_layer(run, "layer_activation_norm", "activation norm", ax)


def _by_layer(run: Any, column: str, label: str, ax: Any) -> Any:
    plt, norms = pyplot(), run.history[column]
    kinds = [type(spec).__name__ for spec in run.network._specs]
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    epochs = np.arange(1, len(norms) + 1)
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, norms.shape[1]))
    for layer, colour in enumerate(colours):
        if np.any(norms[:, layer] > 0):
            ax.semilogy(epochs, np.maximum(norms[:, layer], FLOOR), color=colour, label=f"{layer} {kinds[layer]}")
    ax.set(xlabel="epoch", ylabel=label)
    ax.legend(
        fontsize="small", ncols=1 + norms.shape[1] // 20, loc="upper left", bbox_to_anchor=(1.0, 1.0), title="layer"
    )
    ax.grid(alpha=0.3)
    return ax.figure
