"""Losses, slow and obvious: l, its gradient and its Hessian for one row of scores s and targets y, in long double.

Every function takes (s, y, parameter) and returns (l, gradient (k,), Hessian (k, k)). Targets of two classes are 0 or 1
(or a probability), class indices are one-hot rows. At a kink the gradient is 0 where that is a subgradient.
"""

import numpy as np

LEAST_LOG, LEAST_DIVISOR = -100.0, 1e-12  # of the two losses on probabilities


def _sum(l, g, h):
    return l.sum(), g, np.diag(h)


def _sigmoid(s):
    return np.exp(np.minimum(s, 0)) / (1 + np.exp(-np.abs(s)))


def squared_error(s, y, _):
    return _sum((s - y) ** 2 / 2, s - y, np.ones_like(s))


def absolute_error(s, y, _):
    return _sum(np.abs(s - y), np.sign(s - y), np.zeros_like(s))


def huber(s, y, delta):
    r = s - y
    inside = np.abs(r) <= delta
    l = np.where(inside, r**2 / 2, delta * (np.abs(r) - delta / 2))
    return _sum(l, np.where(inside, r, delta * np.sign(r)), inside.astype(s.dtype))


def pinball(s, y, q):
    r = y - s
    return _sum(np.maximum(q * r, (q - 1) * r), np.select([r > 0, r < 0], [-q, 1 - q], 0.0), np.zeros_like(s))


def epsilon_insensitive(s, y, epsilon):
    r = s - y
    beyond = np.maximum(np.abs(r) - epsilon, 0)
    return _sum(beyond, np.where(beyond > 0, np.sign(r), 0), np.zeros_like(s))


def squared_epsilon_insensitive(s, y, epsilon):
    r = s - y
    beyond = np.maximum(np.abs(r) - epsilon, 0)
    return _sum(beyond**2, 2 * beyond * np.sign(r), 2.0 * (beyond > 0))


def soft_l1(s, y, c):
    z = ((s - y) / c) ** 2
    return _sum(c**2 * z / (np.sqrt(1 + z) + 1), (s - y) / np.sqrt(1 + z), (1 + z) ** -1.5)


def cauchy(s, y, c):
    z = ((s - y) / c) ** 2
    return _sum(c**2 / 2 * np.log1p(z), (s - y) / (1 + z), (1 - z) / (1 + z) ** 2)


def binary_cross_entropy(s, y, _):
    with np.errstate(divide="ignore"):
        l = -(y * np.maximum(np.log(s), LEAST_LOG) + (1 - y) * np.maximum(np.log1p(-s), LEAST_LOG))
    g = (s - y) / np.maximum(s * (1 - s), LEAST_DIVISOR)
    return _sum(l, g, y / np.maximum(s, LEAST_DIVISOR) ** 2 + (1 - y) / np.maximum(1 - s, LEAST_DIVISOR) ** 2)


def cross_entropy(s, y, _):
    with np.errstate(divide="ignore"):
        l = -y * np.maximum(np.log(s), LEAST_LOG)
    p = np.maximum(s, LEAST_DIVISOR)
    return _sum(l, -y / p, y / p**2)


def logistic(s, y, _):
    p = _sigmoid(s)
    return _sum(np.logaddexp(0, s) - y * s, (1 - y) * p - y * _sigmoid(-s), p * _sigmoid(-s))


def softmax_cross_entropy(s, y, _):
    e = np.exp(s - s.max())
    p, total = e / e.sum(), y.sum()
    l = sum(y[k] * (s.max() - s[k] + np.log1p(e.sum() - 1)) for k in range(s.size))
    return l, total * p - y, total * (np.diag(p) - np.outer(p, p))


def hinge(s, y, _):
    sign = 2 * y - 1
    gap = 1 - sign * s
    return _sum(np.maximum(gap, 0), np.where(gap > 0, -sign, 0), np.zeros_like(s))


def squared_hinge(s, y, _):
    sign = 2 * y - 1
    gap = np.maximum(1 - sign * s, 0)
    return _sum(gap**2, -2 * sign * gap, 2.0 * (gap > 0))


def poisson(s, y, _):
    with np.errstate(over="ignore"):
        mean = np.exp(s)
    return _sum(mean - y * s, mean - y, mean)


def perceptron(s, y, _):
    """The gradient is step(s) - y: a score of 0 counts as class 1."""
    return _sum(np.maximum((1 - 2 * y) * s, 0), (s >= 0) - y, np.zeros_like(s))


LOSSES = {
    function.__name__: function
    for function in (
        squared_error, absolute_error, huber, pinball, epsilon_insensitive, squared_epsilon_insensitive,
        soft_l1, cauchy, binary_cross_entropy, cross_entropy, logistic, softmax_cross_entropy, hinge, squared_hinge,
        poisson, perceptron,
    )
}  # fmt: skip


def rows(name, parameter, score, target, weight, v):
    """Weighted losses (n,), gradients (n, k) and second derivatives times v (n, k) of all rows."""
    losses, gradients, products = [], [], []
    for s, y, w, d in zip(*(np.asarray(a, np.longdouble) for a in (score, target, weight, v)), strict=True):
        l, g, H = LOSSES[name](s, y, np.longdouble(parameter))
        losses.append(w * l)
        gradients.append(w * g)
        products.append(w * (H @ d))
    return np.array(losses), np.array(gradients), np.array(products)
