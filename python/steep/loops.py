"""Training loops of one's own: what stands behind ``net.forward`` and ``net.backward``."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from ._checks import check_bool, check_seed, check_threads, show
from ._network_scaling import ScaledNetwork
from ._validation import Array, as_array

__all__ = ["Loop"]


class Loop:
    """
    Forward and backward of one network, with what is kept between the two.

    Parameters
    ----------
    net : Network
    """

    def __init__(self, net: ScaledNetwork) -> None:
        self.net = net
        kind = _core.Session32 if net.dtype == np.float32 else _core.Session64
        self._session: Any = kind(net._core)
        self._calls = 0
        self._rows = 0

    def forward(self, X: Any, training: bool, seed: int | None, n_threads: int | None) -> Array:
        """Return the outputs of a batch; see :meth:`steep.Network.forward`."""
        net = self.net
        training = check_bool(training, "training")
        drawn = seed is None
        seed = net.seed if seed is None else check_seed(seed)
        exact = net._exact
        inputs = net._as_inputs(X)
        self._rows = 0
        found: Array = self._session.forward(
            net.parameters, net.state, inputs, exact["input_scale"], exact["input_shift"], training, seed,
            self._calls % 2**32 if drawn else 0, _threads(n_threads),
        )  # fmt: skip
        self._calls += training and drawn
        self._rows = len(inputs)
        if exact["output_scale"] is not None:
            found *= exact["output_scale"]
        if exact["output_shift"] is not None:
            found += exact["output_shift"]
        return found

    def backward(
        self, dY: Any, gradient: Array | None, inputs: bool, n_threads: int | None
    ) -> tuple[Array, Array | None]:
        """Return the gradients of the last batch; see :meth:`steep.Network.backward`."""
        net = self.net
        inputs = check_bool(inputs, "inputs")
        delta = as_array(dY, "dY", net.dtype, finite=False)
        if delta.ndim == 1 and net.n_outputs == 1:
            delta = delta[:, None]
        shape = (self._rows, net.n_outputs)
        if delta.shape != shape:
            raise ValueError(f"dY must have shape {shape}, that of forward's outputs, got {delta.shape}")
        scale = net._exact["output_scale"]
        delta = np.ascontiguousarray(delta if scale is None else delta * scale)
        fresh = gradient is None
        if gradient is None:
            gradient = np.empty_like(net.parameters)
        elif (
            not isinstance(gradient, np.ndarray)
            or gradient.dtype != net.dtype
            or gradient.shape != net.parameters.shape
        ):
            got = f"{gradient.dtype} {gradient.shape}" if isinstance(gradient, np.ndarray) else show(gradient)
            raise ValueError(
                f"gradient must be an array like net.parameters, {net.dtype} {net.parameters.shape}, got {got}"
            )
        elif not (gradient.flags.c_contiguous and gradient.flags.writeable):
            raise ValueError("gradient must be contiguous and writeable, got an array that is not")
        dX = self._session.backward(net.state, delta, gradient, not fresh, inputs, _threads(n_threads))
        if dX is not None and net._exact["input_scale"] is not None:
            dX *= net._exact["input_scale"]
        return gradient, dX


def _threads(n_threads: int | None) -> int:
    return _core.default_threads() if n_threads is None else check_threads(n_threads)
