"""Levenberg-Marquardt with Nielsen's damping, from the normal equations: every iterate."""

from __future__ import annotations

import numpy as np


def nielsen(residuals, jacobian, x0, iterations, damping=1e-3):
    """Iterates x_0, x_1, ... of accepted steps, and their dampings."""
    x = np.array(x0, dtype=float)
    scale = np.zeros_like(x)
    growth = 2.0
    path, dampings = [x.copy()], []
    while len(dampings) < iterations:
        r, J = residuals(x), jacobian(x)
        scale = np.maximum(scale, np.linalg.norm(J, axis=0))
        while True:
            p = np.linalg.solve(J.T @ J + damping * np.diag(scale**2), -J.T @ r)
            predicted = -(r @ J @ p) - 0.5 * np.sum((J @ p) ** 2)
            gain = (0.5 * r @ r - 0.5 * np.sum(residuals(x + p) ** 2)) / predicted
            if gain > 1e-4:
                break
            damping *= growth
            growth *= 2
        x = x + p
        path.append(x.copy())
        dampings.append(damping)
        damping *= max(1 / 3, 1 - (2 * gain - 1) ** 3)
        growth = 2.0
    return np.array(path), np.array(dampings)
