"""Tables for the terminal: the data, results by part, the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._validation import Array


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, *rows]:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def classification_scores(labels: Array, probabilities: Array | None, classes: Array) -> dict[str, str]:
    """Accuracy, and log loss where there are probabilities."""
    scores = {"rows": f"{labels.size:,}", "accuracy": f"{np.mean(labels == classes):.2%}"}
    if probabilities is not None:
        chosen = probabilities[np.arange(labels.size), labels].astype(np.float64)
        scores["log loss"] = f"{-np.log(np.maximum(chosen, np.finfo(np.float32).tiny)).mean():.4f}"
    return scores


def regression_scores(y: Array, prediction: Array) -> dict[str, str]:
    """Root mean squared error, mean absolute error and R2 (its mean over outputs)."""
    residual = prediction.astype(np.float64) - y
    total = ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    scores = {
        "rows": f"{y.shape[0]:,}",
        "RMSE": f"{np.sqrt((residual**2).mean()):.6g}",
        "MAE": f"{np.abs(residual).mean():.6g}",
    }
    scores["R2"] = f"{(1 - (residual**2).sum(axis=0) / total).mean():.4f}" if np.all(total > 0) else "-"
    return scores


def confusion_matrix(labels: Array, classes: Array, names: Sequence[Any]) -> str:
    """Rows: the true class; columns: the predicted one. Over 20 classes: the commonest confusions instead."""
    k = len(names)
    counts = np.bincount(labels.astype(np.int64) * k + classes, minlength=k * k).reshape(k, k)
    shown = [str(name) if len(str(name)) <= 14 else str(name)[:13] + "…" for name in names]
    if k > 20:
        wrong = counts * (1 - np.eye(k, dtype=counts.dtype))
        order = [index for index in np.argsort(-wrong, axis=None, kind="stable")[:10] if wrong.flat[index]]
        rows = [[f"{shown[i // k]} taken for {shown[i % k]}", str(wrong.flat[i])] for i in order]
        return table(["commonest confusions", "rows"], rows)
    rows = [[shown[i], *(str(c) if c else "." for c in counts[i])] for i in range(k)]
    return table(["true \\ predicted", *shown], rows)
