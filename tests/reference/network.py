"""Networks of dense layers, slow and obvious: forward and backward by matrices, the loss on the outputs as they are.

The activation's derivative always comes after the loss's own, also where the library computes both at once: agreement
on softmax with cross-entropy and sigmoid with binary cross-entropy is agreement of two derivations.
"""

from itertools import pairwise
from math import prod

import numpy as np

from . import activation, loss

# Pairs whose loss is defined on the raw score.
RAW = {("exp", "poisson"), ("step", "perceptron")}


class Network:
    def __init__(self, widths, activations, slope=0.01):
        self.shapes = [(out, inputs) for inputs, out in pairwise(widths)]
        self.activations, self.slope = activations, slope
        self.size = sum(prod(shape) + shape[0] for shape in self.shapes)

    def unpack(self, w):
        """W (out, in) and b of each layer."""
        layers, at = [], 0
        for shape in self.shapes:
            end = at + prod(shape)
            layers.append((w[at:end].reshape(shape), w[end : end + shape[0]]))
            at = end + shape[0]
        return layers

    def pack(self, layers):
        return np.concatenate([part.ravel() for layer in layers for part in layer])

    def is_weight(self):
        return self.pack([(np.ones(shape), np.zeros(shape[0])) for shape in self.shapes]) > 0

    def layer_of(self):
        return self.pack([(np.full(s, i), np.full(s[0], i)) for i, s in enumerate(self.shapes)])

    def forward(self, w, X):
        """z and a of each layer."""
        z, a = [], [X]
        for (W, b), name in zip(self.unpack(w), self.activations, strict=True):
            z.append(a[-1] @ W.T + b)
            a.append(activation.VALUES[name](z[-1], self.slope))
        return z, a

    def predict(self, w, X):
        return self.forward(w, X)[1][-1]

    def loss_and_gradient(self, w, X, Y, name, parameter=1.0, weights=None):
        """Weighted mean loss, and its gradient."""
        s = np.ones(len(X)) if weights is None else weights
        z, a = self.forward(w, X)
        raw = (self.activations[-1], name) in RAW
        score = z[-1] if raw else a[-1]
        losses, gradients, _ = loss.rows(name, parameter, score, Y, s, score)
        value, delta = float(losses.sum() / s.sum()), (gradients / s.sum()).astype(np.float64)
        layers, gradients = self.unpack(w), []
        for i in reversed(range(len(layers))):
            if not (raw and i + 1 == len(layers)):
                delta = activation.pullback(self.activations[i], self.slope, z[i], delta)
            gradients.append((delta.T @ a[i], delta.sum(axis=0)))
            delta = delta @ layers[i][0]
        return value, self.pack(gradients[::-1])
