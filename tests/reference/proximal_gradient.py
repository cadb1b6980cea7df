"""Proximal gradient and FISTA, as in Beck and Teboulle, SIAM J. Imaging Sci. 2 (2009) 183."""

import numpy as np


def soft_threshold(v, t):
    return np.sign(v) * np.maximum(np.abs(v) - t, 0)


def prox_gradient_norm(x, g, l1):
    """Infinity norm of x - S(x - g, l1)."""
    return np.abs(x - soft_threshold(x - g, l1)).max()


def proximal_gradient(gradient, l1, x, step, iterations, accelerate):
    path, y, t = [x], x, 1.0
    for _ in range(iterations):
        x, before = soft_threshold(y - step * gradient(y), step * l1), x
        path.append(x)
        t, t_before = (1 + np.sqrt(1 + 4 * t * t)) / 2, t
        y = x + (t_before - 1) / t * (x - before) if accelerate else x
    return np.array(path)
