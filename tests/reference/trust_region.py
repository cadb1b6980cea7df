"""The trust-region subproblem by eigenvalues and bisection: min g'p + p'Hp/2 subject to ||p|| <= radius."""

import numpy as np


def subproblem(H, g, radius):
    """Return the least value."""
    values, Q = np.linalg.eigh(H)
    c = Q.T @ g

    def value(coefficients):
        return float(c @ coefficients + 0.5 * values @ coefficients**2)

    if values[0] > 0 and np.linalg.norm(c / values) <= radius:
        return value(-c / values)
    low = max(0.0, -values[0])

    def step(shift):
        denominator = values + shift
        return np.where(np.abs(denominator) > 1e-14, -c / np.where(denominator == 0, 1, denominator), 0.0)

    if np.linalg.norm(step(low * (1 + 1e-13))) < radius:  # the hard case
        p = step(low)
        p[0] += np.sqrt(radius**2 - p @ p)
        return value(p)
    high = low + np.linalg.norm(g) / radius + np.abs(values).max()
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.linalg.norm(step(middle)) > radius else (low, middle)
    return value(step(high))
