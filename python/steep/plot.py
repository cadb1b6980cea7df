"""Pictures of runs: convergence on log scales, and trajectories over contours. Needs Matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ._validation import Array, check_integer, show
from .objectives import Objective, as_objective
from .results import Result, gap

__all__ = ["activations", "compare", "contour", "gradients", "history"]


def __dir__() -> list[str]:
    return __all__


_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7f7f7f")
_FLOOR = 1e-17


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("steep.plot needs Matplotlib: pip install 'steep[plot]'") from None
    return plt


def compare(runs: Mapping[str, Any], *, minimum: float | None = None, axes: Any = None) -> Any:
    """
    Draw several runs on one figure: objective gap and gradient norm against iterations and seconds.

    Parameters
    ----------
    runs : dict of name -> Result, or training run
        A training run is drawn by its ``history``: objective and gradient norm against epochs and seconds.
    minimum : float, optional
        The least value; default the least that any run knows or reached.
    axes : 2 x 2 array of Matplotlib axes, optional

    Returns
    -------
    figure

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.quadratic([[4.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
    >>> runs = {m: steep.minimize(f, [1.0, 1.0], m) for m in ("gradient_descent", "conjugate_gradient")}
    >>> figure = steep.plot.compare(runs)  # doctest: +SKIP
    """
    plt = _pyplot()

    if isinstance(runs, Mapping) and "trace" in runs:
        raise TypeError('runs must be a dict of name -> result, got one result: draw it by plot(), or {"name": it}')
    if not isinstance(runs, Mapping) or not runs:
        raise TypeError(f"runs must be a dict of name -> result, got {show(runs)}")
    curves = {name: _curves(run) for name, run in runs.items()}
    if minimum is None:
        known = [
            float(run["minimum"]) for run in runs.values() if isinstance(run, dict) and run.get("minimum") is not None
        ]
        reached = [float(np.nanmin(fun)) for fun, _, _ in curves.values()]
        minimum = min(known or reached)
    least: float = minimum
    if axes is None:
        figure, axes = plt.subplots(2, 2, figsize=(9, 6), sharey="row", sharex="col", layout="constrained")
    axes = np.asarray(axes)
    longest = max(float(seconds[-1]) for _, _, seconds in curves.values())
    factor, unit = (1.0, "seconds") if longest >= 1 else (1e3, "milliseconds")
    figure = axes.flat[0].figure
    for (name, (fun, norm, seconds)), colour, k in zip(
        curves.items(), _cycle(len(curves)), range(len(curves)), strict=True
    ):
        style = {"label": str(name), "color": colour, "linewidth": 1.5, "linestyle": ("-", "--", "-.", ":")[k // 8 % 4]}
        if fun.size <= 25:
            style |= {"marker": "o", "markersize": 3}
        distance = fun - least
        # Gaps of nothing but rounding are left out, rather than drawn as a fall to zero.
        distance = np.where(distance > max(_FLOOR, 1e-16 * abs(least)), distance, np.nan)
        for row, values in enumerate((distance, np.where(norm > 0, norm, np.nan))):
            axes[row, 0].plot(np.arange(fun.size), values, **style)
            axes[row, 1].plot(seconds * factor, values, **style)
    for ax in axes.flat:
        _log_scale(ax)
        ax.grid(alpha=0.3)
    for ax in axes[:, 1]:
        ax.set_xlim(left=0.0)
    axes[0, 0].set_ylabel("objective - minimum")
    axes[1, 0].set_ylabel("gradient norm")
    axes[1, 0].set_xlabel("iteration")
    axes[1, 1].set_xlabel(unit)
    axes[1, 1].locator_params(axis="x", nbins=6)
    axes[0, 1].legend(fontsize="small")
    return figure


def _log_scale(ax: Any) -> None:
    """Scale the heights, or say of an axis with nothing above zero that this is so."""
    if not any(np.nanmax(line.get_ydata(), initial=0.0) > 0 for line in ax.lines):
        ax.set_ylim(_FLOOR, 1.0)
        ax.text(0.5, 0.5, "zero throughout", transform=ax.transAxes, ha="center", color="0.4")
    ax.set_yscale("log")


def contour(
    f: Objective | Callable[..., Any], paths: Any = None, *, bounds: Any = None, levels: int = 25, ax: Any = None
) -> Any:
    """
    Draw the contours of a function of two variables, and trajectories over them.

    Parameters
    ----------
    f : Objective or function
        Of two variables.
    paths : dict of name -> path, or one path
        A path is an array of shape (k, 2), or a Result of ``minimize(..., return_all=True)``.
    bounds : ((x_low, x_high), (y_low, y_high)), optional
        Default: around the paths, or without any around the start and the minimizer of the problem.
    levels : int
        Spaced evenly in the logarithm of the height above the least value drawn.
    ax : Matplotlib axes, optional

    Returns
    -------
    figure

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.quadratic([[4.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
    >>> res = steep.minimize(f, [1.0, 1.0], "gradient_descent", return_all=True)
    >>> figure = steep.plot.contour(f, {"gradient descent": res})  # doctest: +SKIP
    """
    f = as_objective(f, 2)
    plt = _pyplot()

    if f.dim != 2:
        raise ValueError(f"f must have 2 variables, got {f.dim}")
    levels = check_integer(levels, "levels", 2)
    if paths is None:
        paths = {}
    if not isinstance(paths, Mapping) or "trace" in paths:
        paths = {"": paths}
    tracks = {name: _track(path) for name, path in paths.items()}
    if bounds is None:
        own = [] if tracks else [np.asarray(point, dtype=float) for point in (f.x0, f.minimizer) if point is not None]
        points = np.vstack([*tracks.values(), *own] or [np.zeros((1, 2))])
        low, high = points.min(axis=0), points.max(axis=0)
        margin = np.maximum(0.25 * (high - low), 0.25 * float((high - low).max()) or 1.0)
        bounds = list(zip(low - margin, high + margin, strict=True))
    (x0, x1), (y0, y1) = bounds
    x, y = np.meshgrid(np.linspace(x0, x1, 161), np.linspace(y0, y1, 161))
    height = np.array([f.value(point) for point in np.stack([x.ravel(), y.ravel()], axis=1)]).reshape(x.shape)
    least = float(np.nanmin(height))
    for track in tracks.values():
        least = min(least, *(f.value(point) for point in track[-1:]))
    span = float(np.nanmax(height)) - least
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 5), layout="constrained")
    if span > 0:
        ax.contour(x, y, height - least, levels=span * np.logspace(-5, 0, levels), colors="0.6", linewidths=0.7)
    for (name, track), colour in zip(tracks.items(), _cycle(len(tracks)), strict=True):
        ax.plot(*track.T, color=colour, linewidth=1.3, marker="o", markersize=2.5, label=str(name))
        ax.plot(*track[-1], color=colour, marker="*", markersize=11)
    ax.set(xlim=(x0, x1), ylim=(y0, y1), xlabel="x[0]", ylabel="x[1]")
    if not tracks and f.minimizer is not None:
        ax.plot(*np.asarray(f.minimizer, dtype=float), color="black", marker="*", markersize=11)
    if any(tracks):
        ax.legend(fontsize="small")
    return ax.figure


def _cycle(n: int) -> list[str]:
    return [_COLOURS[k % len(_COLOURS)] for k in range(n)]


def _curves(run: Any) -> tuple[Array, Array, Array]:
    """Objective, gradient norm and seconds of a Result or of a training run."""
    if isinstance(run, dict) and "trace" in run:  # a Result, or what came back through SciPy's door
        run = Result(run)
        trace = run.trace
        return gap(run, 0.0), np.asarray(trace["gradient_norm"], dtype=float), np.asarray(trace["seconds"])
    history = getattr(run, "history", None)
    if history is None:
        raise TypeError(f"runs must hold results or training runs, got {show(run)}")
    fun = np.asarray(history["objective"], dtype=float)
    return fun, np.asarray(history["gradient_norm"], dtype=float), np.asarray(history["seconds"], dtype=float)


def _track(path: Any) -> Array:
    if isinstance(path, dict):
        if "allvecs" not in path:
            raise ValueError("paths must hold the iterates: run minimize(..., return_all=True), got a Result without")
        path = path["allvecs"]
    track = np.asarray(path, dtype=float)
    if track.ndim != 2 or track.shape[1] != 2 or track.shape[0] == 0:
        raise ValueError(f"paths must have shape (k, 2), got {track.shape}")
    return track


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
    plt = _pyplot()
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
            ax.plot(np.arange(1, len(values) + 1), values, style, color=_COLOURS[k % len(_COLOURS)], label=name)
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
    plt, norms = _pyplot(), run.history[column]
    kinds = [type(spec).__name__ for spec in run.network._specs]
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    epochs = np.arange(1, len(norms) + 1)
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, norms.shape[1]))
    for layer, colour in enumerate(colours):
        if np.any(norms[:, layer] > 0):
            ax.semilogy(epochs, np.maximum(norms[:, layer], _FLOOR), color=colour, label=f"{layer} {kinds[layer]}")
    ax.set(xlabel="epoch", ylabel=label)
    ax.legend(
        fontsize="small", ncols=1 + norms.shape[1] // 20, loc="upper left", bbox_to_anchor=(1.0, 1.0), title="layer"
    )
    ax.grid(alpha=0.3)
    return ax.figure
