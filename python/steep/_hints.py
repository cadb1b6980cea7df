"""What the message of a full-batch run adds where the network itself is what holds it up."""

from __future__ import annotations

import numpy as np

from ._validation import Array
from .network import Network

__all__ = ["hint"]

_ROWS = 64  # of the training set looked at, evenly spread
_LIMIT = 1000  # parameters
_STILL = 1e-6  # a unit whose bias moves no output of a row by more, relative to the largest, does not respond to it
_RESPONSES = 0.1  # to fewer of the rows: a unit is idle
_SHARE = 0.75  # of a layer's units
_KINKED = ("relu", "leaky_relu")


def hint(net: Network, X: Array, status: str) -> str:
    """
    Return a sentence on units that do not respond or on kinks, or "".

    Parameters
    ----------
    net : Network
        With its final parameters.
    X : array
        Training rows.
    status : str
        How the run ended.
    """
    if net.parameters.size > _LIMIT or not np.isfinite(net.parameters).all():
        return ""
    for number, idle, units in _idle(net, X[:: -(-len(X) // _ROWS)]):
        if idle >= max(1.0, _SHARE * units):
            return (
                f" {idle} of the {units} units of layer {number} respond to less than a tenth of the rows: they are "
                "dead or saturated. Scale the inputs to about 1 (steep.Standardize), draw other parameters "
                "(net.initialize(seed)), or take several starts (restarts=8)."
            )
    kinks = [kind for kind in _KINKED if any(getattr(layer, "activation", None) == kind for layer in net._specs)]
    if status == "line_search_failed" and kinks:
        return f" The network has the kinks of {kinks[0]}; with a smooth activation (tanh, softplus) it may go further."
    return ""


def _idle(net: Network, X: Array) -> list[tuple[int, int, int]]:
    """Return (layer, idle units, units) of the layers before the last that have biases."""
    J = np.abs(net.jacobian(X)).max(axis=1)
    biases = [
        (number, J[:, offset : offset + shape[0]])
        for number, row in enumerate(net._layout)
        for name, shape, offset in row["arrays"]
        if name == "bias"
    ]
    if not biases:
        return []
    largest = max(float(part.max()) for _, part in biases)
    last = len(net._layout) - 1
    return [
        (n, int(((part > _STILL * largest).mean(axis=0) < _RESPONSES).sum()), part.shape[1])
        for n, part in biases
        if n < last and largest > 0
    ]
