"""Pictures of runs: convergence on log scales, and trajectories over contours. Needs Matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ._figures import COLOURS, FLOOR, pyplot
from ._training_figures import activations, gradients, history
from ._validation import Array, check_integer, show
from .objectives import Objective, as_objective
from .results import Result, gap

__all__ = ["activations", "compare", "contour", "gradients", "history"]


def __dir__() -> list[str]:
    return __all__


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
    plt = pyplot()

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
        distance = np.where(distance > max(FLOOR, 1e-16 * abs(least)), distance, np.nan)
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
        ax.set_ylim(FLOOR, 1.0)
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
    plt = pyplot()

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
    return [COLOURS[k % len(COLOURS)] for k in range(n)]


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
