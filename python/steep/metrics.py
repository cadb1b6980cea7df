"""
Metrics by name: functions of (y, prediction), both as a network has them.

`y` holds class indices (n,), one-hot rows, {0, 1} or {-1, 1} for one output, or real numbers; `prediction` the
network's outputs (n, k). Higher is better except for the errors and `log_loss`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np

from ._checks import check_choice, show
from ._validation import Array

__all__ = ["CLASS_METRICS", "METRICS", "classes_of", "has_classes", "lower_is_better", "resolve_metrics"]


def classes_of(prediction: Array, activation: str) -> Array:
    """Return class indices (n,) of outputs: the largest, or for one output whether it says yes."""
    if prediction.shape[1] > 1:
        largest: Array = prediction.argmax(axis=1)
        return largest
    limit = 0.5 if activation in ("sigmoid", "step") else 0.0
    return (prediction[:, 0] > limit).astype(np.int64)


def _labels_of(y: Array) -> Array:
    if y.ndim == 2 and y.shape[1] > 1:
        largest: Array = y.argmax(axis=1)
        return largest
    flat = y.reshape(-1)
    return (flat > 0).astype(np.int64) if flat.dtype.kind == "f" else flat.astype(np.int64)


def has_classes(y: Array) -> bool:
    """Whether real targets stand for classes: 0 and 1 or -a and a for one output, else one-hot rows or shares."""
    if y.ndim == 1 or y.shape[1] == 1:
        size = np.abs(y)
        return bool(((y == 0) | (y == 1)).all() or (size == size.flat[0]).all())
    low, high = y.min(), y.max()
    one_hot = ((y == low) | (y == high)).all() and ((y == high).sum(axis=1) == 1).all()
    return bool(one_hot or (low >= 0 and np.abs(y.sum(axis=1, dtype=np.float64) - 1).max() <= 1e-4))


def _mean(values: Array, weights: Array | None) -> float:
    return float(np.average(values, weights=weights))


def accuracy(y: Array, prediction: Array, activation: str, weights: Array | None = None) -> float:
    """Share of rows whose class is right."""
    return _mean(_labels_of(y) == classes_of(prediction, activation), weights)


def balanced_accuracy(y: Array, prediction: Array, activation: str, weights: Array | None = None) -> float:
    """Mean over the classes of the share of rows that are right."""
    labels, right = _labels_of(y), _labels_of(y) == classes_of(prediction, activation)
    w = np.ones(labels.size) if weights is None else weights
    totals = np.bincount(labels, weights=w)
    hits = np.bincount(labels, weights=w * right)
    return float(np.mean(hits[totals > 0] / totals[totals > 0]))


def probabilities_of(prediction: Array, activation: str) -> Array:
    """Return class probabilities (n, k >= 2): outputs under softmax or sigmoid, else those of the scores."""
    p = prediction.astype(np.float64)
    if p.shape[1] == 1:
        if activation not in ("sigmoid", "step"):
            p = 0.5 * (1 + np.tanh(0.5 * p))
        return np.hstack([1 - p, p])
    if activation == "softmax":
        return p
    if activation == "sigmoid":
        shares: Array = p / np.maximum(p.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        return shares
    e = np.exp(p - p.max(axis=1, keepdims=True))
    normalized: Array = e / e.sum(axis=1, keepdims=True)
    return normalized


def log_loss(y: Array, prediction: Array, activation: str, weights: Array | None = None) -> float:
    """Mean of -log of the probability given to the right class."""
    p = probabilities_of(prediction, activation)
    labels = _labels_of(y)
    tiny = np.finfo(prediction.dtype).eps
    return _mean(-np.log(np.maximum(p[np.arange(labels.size), labels], tiny)), weights)


def roc_auc(y: Array, prediction: Array, activation: str, weights: Array | None = None) -> float:
    """Area under the ROC curve; with several classes the mean over each against the rest. NaN for one class."""
    labels, k = _labels_of(y), prediction.shape[1]
    w = np.ones(labels.size) if weights is None else weights.astype(np.float64)
    if k <= 2:
        score = prediction[:, 0] if k == 1 else prediction[:, 1] - prediction[:, 0]
        return _auc(labels == 1, score, w)
    return float(np.mean([_auc(labels == c, prediction[:, c], w) for c in range(k)]))


def _auc(positive: Array, score: Array, w: Array) -> float:
    _, place = np.unique(score, return_inverse=True)
    yes, no = np.bincount(place, weights=w * positive), np.bincount(place, weights=w * ~positive)
    total = yes.sum() * no.sum()
    below = np.cumsum(no) - no
    return float((yes * (below + 0.5 * no)).sum() / total) if total > 0 else float("nan")


def _rows(y: Array, prediction: Array) -> Array:
    if y.ndim == 1 and prediction.shape[1] > 1:
        return np.eye(prediction.shape[1])[y.astype(np.int64)]
    return y.reshape(len(y), -1).astype(np.float64)


def mse(y: Array, prediction: Array, activation: str, weights: Array | None = None) -> float:
    """Mean squared error over rows and outputs."""
    return _mean(((_rows(y, prediction) - prediction) ** 2).mean(axis=1), weights)


def rmse(y: Array, prediction: Array, activation: str, weights: Array | None = None) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(mse(y, prediction, activation, weights)))


def mae(y: Array, prediction: Array, activation: str, weights: Array | None = None) -> float:
    """Mean absolute error over rows and outputs."""
    return _mean(np.abs(_rows(y, prediction) - prediction).mean(axis=1), weights)


def r2(y: Array, prediction: Array, activation: str, weights: Array | None = None) -> float:
    """1 - squared error over the squared deviation from the mean, averaged over outputs; 0 for a constant target."""
    rows = _rows(y, prediction)
    mean = np.average(rows, axis=0, weights=weights)
    rest = np.average((rows - prediction) ** 2, axis=0, weights=weights)
    spread = np.average((rows - mean) ** 2, axis=0, weights=weights)
    scores = np.where(spread > 0, 1 - rest / np.where(spread > 0, spread, 1), np.where(rest > 0, 0.0, 1.0))
    return float(scores.mean())


METRICS: dict[str, Callable[..., float]] = {
    "accuracy": accuracy, "balanced_accuracy": balanced_accuracy, "log_loss": log_loss, "roc_auc": roc_auc, "r2": r2,
    "mae": mae, "mse": mse, "rmse": rmse,
}  # fmt: skip
CLASS_METRICS = ("accuracy", "balanced_accuracy", "log_loss", "roc_auc")
_LOWER = ("loss", "objective", "log_loss", "mae", "mse", "rmse", "gradient_norm")


def lower_is_better(name: str) -> bool:
    """Whether a monitored quantity improves downwards."""
    return name.removeprefix("val_") in _LOWER


_RESERVED = (
    "loss", "objective", "learning_rate", "gradient_norm", "layer_gradient_norm", "layer_activation_norm", "seconds",
    "step_size", "damping", "zeros",
)  # fmt: skip


def resolve_metrics(metrics: Any) -> dict[str, Callable[[Array, Array, str, Array | None], float]]:
    """
    Return {name: function} of names and callables (y, prediction); a single one may be given alone.

    Raises
    ------
    ValueError, TypeError
        For another name, or something that is neither.
    """
    if isinstance(metrics, str) or callable(metrics):
        metrics = (metrics,)
    if not isinstance(metrics, Iterable):
        raise TypeError(f"metrics must be a name, a function of (y, prediction) or several, got {show(metrics)}")
    found: dict[str, Callable[..., float]] = {}
    for i, metric in enumerate(metrics):
        if isinstance(metric, str):
            name, function = check_choice(metric, f"metrics[{i}]", METRICS), METRICS[metric]
        elif callable(metric):
            name = getattr(metric, "__name__", type(metric).__name__)
            function = _wrapped(metric, name)
        else:
            raise TypeError(f"metrics[{i}] must be a name or a function of (y, prediction), got {show(metric)}")
        if name in _RESERVED or name.startswith("val_"):
            raise ValueError(f"metrics[{i}] must not have the name of a column of the history, got {name!r}")
        if name in found:
            raise ValueError(f"metrics must have different names, got {name!r} twice: give the functions a __name__")
        found[name] = function
    return found


def _wrapped(function: Callable[..., Any], name: str) -> Callable[..., float]:
    def metric(y: Array, prediction: Array, activation: str, weights: Array | None = None) -> float:
        found = function(y, prediction)
        if not isinstance(found, Real) and (np.ndim(found) != 0 or np.asarray(found).dtype.kind not in "buif"):
            raise TypeError(f"metrics must return a number, got {show(found)} from {name}")
        return float(found)

    return metric
