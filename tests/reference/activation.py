"""Activations, slow and obvious: the value of each, and its first and second derivative, by their definitions in z."""

import numpy as np
from scipy.special import erfc, expit


def identity(z, slope=None):
    return z


def step(z, slope=None):
    return np.where(z >= 0, 1.0, 0.0)


def sigmoid(z, slope=None):
    return expit(z)


def tanh(z, slope=None):
    return np.tanh(z)


def relu(z, slope=None):
    return np.maximum(z, 0.0)


def leaky_relu(z, slope):
    return np.where(z > 0, z, slope * z)


def softmax(z, slope=None):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def elu(z, slope=None):
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0.0)))


def gelu(z, slope=None):
    return z * normal_cdf(z)


def silu(z, slope=None):
    return z * expit(z)


def softplus(z, slope=None):
    return np.logaddexp(0.0, z)


def exp(z, slope=None):
    return np.exp(z)


VALUES = {
    f.__name__: f for f in (identity, step, sigmoid, tanh, relu, leaky_relu, softmax, elu, gelu, silu, softplus, exp)
}


def normal_cdf(z):
    return 0.5 * erfc(-z / np.sqrt(2.0))


def normal_density(z):
    return np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)


def sigmoid_slope(z):
    return expit(z) * expit(-z)


FIRST = {
    "identity": lambda z, slope: np.ones_like(z),
    "step": lambda z, slope: np.zeros_like(z),
    "sigmoid": lambda z, slope: sigmoid_slope(z),
    "tanh": lambda z, slope: 1.0 / np.cosh(np.clip(z, -700.0, 700.0)) ** 2,
    "relu": lambda z, slope: np.where(z > 0, 1.0, 0.0),
    "leaky_relu": lambda z, slope: np.where(z > 0, 1.0, slope),
    "elu": lambda z, slope: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0.0))),
    "gelu": lambda z, slope: normal_cdf(z) + z * normal_density(z),
    "silu": lambda z, slope: expit(z) + z * sigmoid_slope(z),
    "softplus": lambda z, slope: expit(z),
    "exp": lambda z, slope: np.exp(z),
}

SECOND = {
    "identity": lambda z, slope: np.zeros_like(z),
    "step": lambda z, slope: np.zeros_like(z),
    "sigmoid": lambda z, slope: sigmoid_slope(z) * (expit(-z) - expit(z)),
    "tanh": lambda z, slope: -2.0 * np.tanh(z) * FIRST["tanh"](z, slope),
    "relu": lambda z, slope: np.zeros_like(z),
    "leaky_relu": lambda z, slope: np.zeros_like(z),
    "elu": lambda z, slope: np.where(z > 0, 0.0, np.exp(np.minimum(z, 0.0))),
    "gelu": lambda z, slope: normal_density(z) * (2.0 - z * z),
    "silu": lambda z, slope: sigmoid_slope(z) * (2.0 + z * (expit(-z) - expit(z))),
    "softplus": lambda z, slope: sigmoid_slope(z),
    "exp": lambda z, slope: np.exp(z),
}


def softmax_jacobian(z):
    """The Jacobian of one row's softmax."""
    p = softmax(z)
    return np.diag(p) - np.outer(p, p)


def pullback(name, slope, z, d):
    """Phi'(z) d, a row at a time."""
    if name == "softmax":
        return np.stack([softmax_jacobian(row).T @ g for row, g in zip(z, d, strict=True)])
    return FIRST[name](z, slope) * d


def curvature(name, slope, z, d, t):
    """The derivative of pullback(z, d) along t, a row at a time."""
    if name != "softmax":
        return SECOND[name](z, slope) * d * t
    rows = []
    for row, g, along in zip(z, d, t, strict=True):
        p = softmax(row)
        b = softmax_jacobian(row) @ along
        rows.append((np.diag(b) - np.outer(b, p) - np.outer(p, b)) @ g)
    return np.stack(rows)
