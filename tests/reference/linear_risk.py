"""The risk of a linear model, its gradient and its Hessian, row by row in NumPy."""

import numpy as np


def _softplus(z):
    return np.logaddexp(0.0, z)


def _sigmoid(z):
    return np.exp(-np.logaddexp(0.0, -z))


def loss_row(loss, z, y, parameter=1.0):
    """l, dl/dz (k,), d2l/dz2 (k, k) of one row of scores z (k,) and targets y (k,)."""
    k = z.size
    if loss == "softmax_cross_entropy":
        top = z.max()
        p = np.exp(z - top) / np.exp(z - top).sum()
        value = y @ (top + np.log(np.exp(z - top).sum()) - z)
        return value, y.sum() * p - y, y.sum() * (np.diag(p) - np.outer(p, p))
    sign = 2 * y - 1
    margin = sign * z
    if loss == "squared_error":
        parts = 0.5 * (z - y) ** 2, z - y, np.ones(k)
    elif loss == "absolute_error":
        parts = np.abs(z - y), np.sign(z - y), np.zeros(k)
    elif loss == "huber":
        r = z - y
        inside = np.abs(r) <= parameter
        parts = (
            np.where(inside, 0.5 * r**2, parameter * (np.abs(r) - 0.5 * parameter)),
            np.where(inside, r, parameter * np.sign(r)),
            inside.astype(float),
        )
    elif loss in ("epsilon_insensitive", "squared_epsilon_insensitive"):
        r = z - y
        beyond = np.maximum(0, np.abs(r) - parameter)
        if loss == "epsilon_insensitive":
            parts = beyond, np.sign(r) * (beyond > 0), np.zeros(k)
        else:
            parts = beyond**2, 2 * np.sign(r) * beyond, 2.0 * (beyond > 0)
    elif loss == "logistic":
        p = _sigmoid(z)
        parts = _softplus(z) - y * z, p - y, p * _sigmoid(-z)
    elif loss == "hinge":
        parts = np.maximum(0, 1 - margin), np.where(margin < 1, -sign, 0.0), np.zeros(k)
    elif loss == "squared_hinge":
        gap = np.maximum(0, 1 - margin)
        parts = gap**2, -2 * sign * gap, 2.0 * (margin < 1)
    elif loss == "poisson":
        parts = np.exp(z) - y * z, np.exp(z) - y, np.exp(z)
    else:
        raise ValueError(loss)
    return parts[0].sum(), parts[1], np.diag(parts[2])


def risk(w, X, Y, loss, *, intercept=False, l2=0.0, weights=None, average=True, parameter=1.0):
    """f, gradient and Hessian at w; Y (n, k)."""
    n, d = X.shape
    k = Y.shape[1]
    s = np.ones(n) if weights is None else np.asarray(weights, float)
    c = 1 / s.sum() if average else 1.0
    W = w[: k * d].reshape(k, d)
    b = w[k * d :] if intercept else np.zeros(k)
    value, gradient, hessian = 0.0, np.zeros(w.size), np.zeros((w.size, w.size))
    for i in range(n):
        l, slope, bend = loss_row(loss, W @ X[i] + b, Y[i], parameter)
        J = np.zeros((k, w.size))  # of the scores
        for j in range(k):
            J[j, j * d : (j + 1) * d] = X[i]
            if intercept:
                J[j, k * d + j] = 1
        value += c * s[i] * l
        gradient += c * s[i] * slope @ J
        hessian += c * s[i] * J.T @ bend @ J
    penalized = np.zeros(w.size)
    penalized[: k * d] = l2
    value += 0.5 * penalized @ w**2
    return value, gradient + penalized * w, hessian + np.diag(penalized)
