"""What the tests of training share: the rules with their reference values, a problem, a network and its twin."""

import numpy as np

import steep
from reference.network import Network as Reference

RULES = {
    "sgd": (steep.SGD(0.05), {}),
    "momentum": (steep.Momentum(0.05, beta=0.8), {"beta1": 0.8}),
    "momentum_classical": (steep.Momentum(0.01, form="classical"), {}),
    "momentum_velocity": (steep.Momentum(0.01, form="velocity"), {}),
    "nesterov": (steep.Nesterov(0.05), {}),
    "nesterov_reformulated": (steep.Nesterov(0.01, form="reformulated"), {}),
    "nesterov_velocity": (steep.Nesterov(0.01, form="velocity"), {}),
    "adagrad": (steep.AdaGrad(0.05), {"eps": 1e-10}),
    "rmsprop": (steep.RMSProp(0.003), {"beta2": 0.9}),
    "adam": (steep.Adam(0.01), {}),
    "adamw": (steep.AdamW(0.01, weight_decay=0.0), {}),
    "nadam": (steep.NAdam(0.01), {}),
    "amsgrad": (steep.AMSGrad(0.01), {}),
    "lion": (steep.Lion(0.001), {"beta2": 0.99}),
    "rprop": (steep.Rprop(0.01), {}),
}
PROXIMAL = [name for name in RULES if name not in ("lion", "rprop")]


def problem(n=90, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)
    return X, y


def pair(activations=("tanh", "gelu", "softmax"), widths=(4, 8, 6, 3), seed=1):
    net = steep.MLP(widths, activation=list(activations[:-1]), output=activations[-1], dtype="float64", seed=seed)
    return net, Reference(list(widths), list(activations))


def check(net, run, w, record, rtol=1e-8):
    """Rounding errors of 1e-16 grow along a trajectory, by less than 1e7 in these problems."""
    np.testing.assert_allclose(net.parameters, w, rtol=rtol, atol=rtol)
    for name in ("loss", "objective", "gradient_norm", "layer_gradient_norm"):
        np.testing.assert_allclose(run.history[name], getattr(record, name), rtol=rtol, atol=1e-12, err_msg=name)
