"""Networks of every kind of layer, for tests that all of them must pass; activations are smooth."""

import numpy as np

import steep as s

CASES = {
    "activation": ([s.Activation("tanh")], (5,)),
    "softmax along channels": ([s.Activation("softmax")], (3, 4)),
    "flatten, reshape": ([s.Flatten(), s.Dense(4, "tanh"), s.Reshape((2, -1))], (5, 6, 3)),
    "dropout": ([s.Dense(140, "tanh"), s.Dropout(0.3), s.Dense(3)], (6,)),
    "batch norm": ([s.Dense(5), s.BatchNorm(), s.Activation("sigmoid"), s.Dense(2)], (4,)),
    "batch norm of channels": ([s.BatchNorm(), s.Conv2D(3, activation="tanh"), s.BatchNorm()], (5, 5, 3)),
    "layer norm": ([s.LayerNorm(), s.Dense(3)], (3, 2, 6)),
    "layer norm of all axes": ([s.LayerNorm(all_axes=True)], (5, 4, 3)),
    "conv, few channels": ([s.Conv2D(5, 3, "tanh", padding="same")], (6, 7, 3)),
    "conv, framed": ([s.Conv2D(3, 3, "gelu", padding="same")], (5, 6, 8)),
    "conv, framed, valid": ([s.Conv2D(5, 3)], (5, 6, 9)),
    "conv, one tap": ([s.Conv2D(6, 1, "tanh")], (4, 5, 24)),
    "conv, even kernel": ([s.Conv2D(3, (3, 4), "tanh", padding="same")], (5, 6, 8)),
    "conv, padding": ([s.Conv2D(3, (3, 4), "softmax", padding=(1, 2))], (4, 5, 8)),
    "conv, strides, groups": ([s.Conv2D(6, 3, "silu", strides=2, padding=1, groups=2)], (6, 7, 4)),
    "conv, dilation, depthwise": ([s.Conv2D(8, (3, 2), "tanh", dilation=2, padding="same", groups=4)], (6, 7, 4)),
    "conv, no bias": ([s.Conv2D(2, 3, use_bias=False)], (5, 4, 2)),
    "max pool": ([s.MaxPool2D(2)], (5, 6, 3)),
    "max pool, overlapping": ([s.MaxPool2D(3, strides=2, padding="same")], (5, 6, 3)),
    "average pool": ([s.AveragePool2D(3, strides=2, padding=1)], (5, 6, 3)),
    "global average pool": ([s.GlobalAveragePool2D()], (5, 6, 3)),
    "residual": ([s.Residual([s.Dense(6, "tanh"), s.BatchNorm(), s.Dense(5)]), s.Dense(3)], (5,)),
    "residual, projection": (
        [
            s.Residual([s.Conv2D(4, 3, "tanh", padding="same"), s.BatchNorm()], [s.Conv2D(4, 1)]),
            s.Residual([s.Residual([s.Conv2D(4, 3, "tanh", padding="same")]), s.Dropout(0.2)]),
            s.Dense(2),
        ],
        (4, 4, 3),
    ),
}


def network(name, dtype="float64", seed=3):
    """Return a network of the case with parameters that are all different, and some rows for it."""
    layers, shape = CASES[name]
    net = s.Network(layers, shape, dtype=dtype, seed=seed)
    rng = np.random.default_rng(seed)
    net.parameters = rng.normal(scale=0.5, size=net.parameters.size)
    # Entries a tenth apart: no step of a difference changes which one of a window is the largest.
    count = 7 * net.n_inputs
    X = (rng.permutation(count) / count * 4 - 2).reshape(7, *shape)
    return net, X.astype(dtype)
