"""Multi-layer perceptrons by their widths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._checks import check_choice, check_integer, show
from .layers import ACTIVATIONS, Dense
from .network import Network

__all__ = ["MLP"]


def MLP(
    widths: Sequence[int],
    activation: str | Sequence[str] = "relu",
    output: str = "identity",
    *,
    dtype: Any = "float32",
    seed: int = 0,
    initialization: str = "auto",
    slope: float = 0.01,
    input_scale: Any = None,
    input_shift: Any = None,
    output_scale: Any = None,
    output_shift: Any = None,
) -> Network:
    """
    Return a multi-layer perceptron.

    Parameters
    ----------
    widths : sequence of int
        Inputs, each hidden layer, outputs: ``[784, 256, 10]``.
    activation : str or sequence of str
        Of the hidden layers: one name, or one for each.
    output : str, default "identity"
        Activation of the output layer.
    dtype : "float32" or "float64"
    seed : int, default 0
    initialization : str, default "auto"
        As for :class:`steep.Dense`, of every layer.
    slope : float, default 0.01
        Of leaky_relu for negative inputs, at least 0.
    input_scale, input_shift, output_scale, output_shift
        As for :class:`steep.Network`.

    Examples
    --------
    >>> import steep
    >>> steep.MLP([784, 256, 10], output="softmax")
    <Network 784 -> [Dense(256, 'relu'), Dense(10, 'softmax')], 203,530 parameters, float32>
    """
    if isinstance(widths, str) or not isinstance(widths, Sequence | np.ndarray) or len(widths) < 2:
        raise ValueError(f"widths must be at least inputs and outputs, such as [784, 256, 10], got {show(widths)}")
    sizes = [check_integer(width, f"widths[{i}]", 1) for i, width in enumerate(widths)]
    hidden = len(sizes) - 2
    if isinstance(activation, str):
        names = [check_choice(activation, "activation", ACTIVATIONS)] * hidden
    else:
        names = list(activation)
        if len(names) != hidden:
            raise ValueError(
                f"activation must be one name, or one for each of {hidden} hidden layers, got {len(names)}"
            )
        names = [check_choice(name, f"activation[{i}]", ACTIVATIONS) for i, name in enumerate(names)]
    check_choice(output, "output", ACTIVATIONS)
    layers = [
        Dense(size, name, initialization=initialization, slope=slope)
        for size, name in zip(sizes[1:], [*names, output], strict=True)
    ]
    return Network(
        layers, sizes[0], dtype=dtype, seed=seed, input_scale=input_scale, input_shift=input_shift,
        output_scale=output_scale, output_shift=output_shift,
    )  # fmt: skip
