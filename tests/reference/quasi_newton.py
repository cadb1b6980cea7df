"""Quasi-Newton directions, slow and obvious: the dense inverse Hessian updated by its definition."""

import numpy as np


def dense_inverse(pairs, scale):
    """H after the BFGS updates of the pairs (s, y), oldest first, from scale times the identity."""
    n = pairs[0][0].size
    H = scale * np.eye(n)
    for s, y in pairs:
        rho = 1 / (s @ y)
        V = np.eye(n) - rho * np.outer(y, s)
        H = V.T @ H @ V + rho * np.outer(s, s)
    return H


def lbfgs_directions(points, gradients, memory):
    """The direction of L-BFGS at each point but the first, from dense matrices of the last `memory` pairs."""
    directions = []
    pairs = []
    for x0, x1, g0, g1 in zip(points[:-1], points[1:], gradients[:-1], gradients[1:], strict=True):
        pairs = [*pairs, (x1 - x0, g1 - g0)][-memory:]
        s, y = pairs[-1]
        directions.append(-dense_inverse(pairs, (s @ y) / (y @ y)) @ g1)
    return directions


def bfgs_directions(points, gradients):
    """The direction of BFGS at each point but the first: every pair, from the first pair's scaled identity."""
    pairs, directions = [], []
    for x0, x1, g0, g1 in zip(points[:-1], points[1:], gradients[:-1], gradients[1:], strict=True):
        pairs.append((x1 - x0, g1 - g0))
        s, y = pairs[0]
        scale = min(max(1.0, (s @ y) / (y @ y)), max(0.1, 100 * (s @ s) / (s @ y)))
        directions.append(-dense_inverse(pairs, scale) @ g1)
    return directions
