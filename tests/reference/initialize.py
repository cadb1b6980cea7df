"""Initial weights, slow and obvious, from the reference generator."""

import numpy as np

from .philox import INITIALIZE, LAYER, Reader


def weights(kind, out, inputs, seed, layer):
    """W (out, in) and b of a layer."""
    random, n = Reader(seed, LAYER + layer, INITIALIZE), out * inputs
    bias = np.zeros(out)
    family, _, shape = kind.partition("_")
    if kind == "zeros":
        return np.zeros((out, inputs)), bias
    if kind == "orthogonal":
        return _orthogonal(random, out, inputs), bias
    if kind == "nguyen_widrow":
        return _nguyen_widrow(random, out, inputs)
    variance = {
        "normal": 0.01**2, "uniform": 0.05**2 / 3, "glorot": 2 / (inputs + out), "he": 2 / inputs, "lecun": 1 / inputs,
    }[family]  # fmt: skip
    if (shape or family) == "normal":
        draws = np.array([random.normal() for _ in range(n)]) * np.sqrt(variance)
    else:
        draws = np.array([2 * random.uniform() - 1 for _ in range(n)]) * np.sqrt(3 * variance)
    return draws.reshape(out, inputs), bias


def _orthogonal(random, out, inputs):
    tall, thin = max(out, inputs), min(out, inputs)
    a = np.array([random.normal() for _ in range(tall * thin)]).reshape(tall, thin)
    q, r = np.linalg.qr(a)
    q = q * np.where(np.diag(r) < 0, -1, 1)  # the one factorization whose R has a positive diagonal
    return q if out >= inputs else q.T


def _nguyen_widrow(random, out, inputs):
    W = np.array([2 * random.uniform() - 1 for _ in range(out * inputs)]).reshape(out, inputs)
    size = 0.7 * out ** (1 / inputs)
    W = size * W / np.linalg.norm(W, axis=1, keepdims=True)
    bias = np.linspace(-1, 1, out) if out > 1 else np.zeros(1)
    return W, size * bias * np.sign(W[:, 0])
