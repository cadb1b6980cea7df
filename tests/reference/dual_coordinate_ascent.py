"""Dual coordinate ascent for (1/n) sum max(0, 1 - y x'w)^q + l2/2 ||w||^2, no intercept, rows in order."""

import numpy as np


def dual_coordinate_ascent(X, y, l2, epochs, squared=False):
    n = len(y)
    a, w = np.zeros(n), np.zeros(X.shape[1])
    for _ in range(epochs):
        for i in range(n):
            slope = 1 - y[i] * (X[i] @ w) - (a[i] / 2 if squared else 0)
            curve = X[i] @ X[i] / (l2 * n) + (0.5 if squared else 0)
            moved = np.clip(a[i] + slope / curve, 0, np.inf if squared else 1)
            w += (moved - a[i]) * y[i] * X[i] / (l2 * n)
            a[i] = moved
    return a, w


def values(X, y, l2, a, w, squared=False):
    """Primal value at w, dual value at a with its own w(a)."""
    n = len(y)
    q = np.maximum(0, 1 - y * (X @ w))
    primal = np.mean(q**2 if squared else q) + l2 / 2 * w @ w
    wa = X.T @ (a * y) / (l2 * n)
    dual = np.mean(a - a**2 / 4 if squared else a) - l2 / 2 * wa @ wa
    return primal, dual
