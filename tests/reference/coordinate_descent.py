"""Cyclic coordinate descent for 1/(2n) ||Xw + b - y||^2 + l2/2 ||w||^2 + l1 ||w||_1, and its duality gap."""

import numpy as np

from .proximal_gradient import soft_threshold


def elastic_net(X, y, l1, l2, sweeps, intercept=False):
    n, d = X.shape
    mean, centre = (y.mean(), X.mean(0)) if intercept else (0.0, np.zeros(d))
    A, r = X - centre, y - mean
    w, r = np.zeros(d), r.astype(float)
    for _ in range(sweeps):
        for j in range(d):
            column = A[:, j]
            square = column @ column / n
            if square == 0:
                continue
            r += column * w[j]
            w[j] = soft_threshold(column @ r / n, l1) / (square + l2)
            r -= column * w[j]
    return w, mean - centre @ w


def lasso_gap(X, y, w, l1):
    """Primal value less the dual value of the scaled residual, without intercept."""
    n = len(y)
    r = y - X @ w
    primal = r @ r / (2 * n) + l1 * np.abs(w).sum()
    theta = r / n
    theta = theta * min(1, l1 / max(np.abs(X.T @ theta).max(), 1e-300))
    return primal - (theta @ y - n * theta @ theta / 2)
