"""A network's layers, with all their parameters in one flat vector and what is kept beside it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from . import _core
from ._bound_layer import BoundLayer
from ._checks import check_integer, check_seed, show
from ._layout import view, with_parts
from ._validation import Array, as_parameters, float_dtype
from .layers import Layer

__all__ = ["NetworkArrays"]


class NetworkArrays:
    """The part of a network that holds its layers and their arrays; :class:`steep.Network` has the parameters."""

    def __init__(self, layers: Sequence[Layer], input_shape: int | tuple[int, ...], dtype: Any, seed: int) -> None:
        if isinstance(layers, Layer) or not isinstance(layers, Sequence):
            raise TypeError(f"layers must be a list of layers, got {show(layers)}")
        for i, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise TypeError(f"layers must hold layers such as steep.Dense(10), got {show(layer)} at {i}")
        sides = (input_shape,) if not isinstance(input_shape, tuple | list) else tuple(input_shape)
        if not sides:
            raise ValueError("input_shape must be an int or a tuple of at least one, got ()")
        self.input_shape = tuple(check_integer(side, "input_shape", 1) for side in sides)
        self.dtype = float_dtype(dtype)
        self.seed = check_seed(seed)
        self._specs = tuple(layers)
        self._make_core()
        self._parameters = np.zeros(self._core.parameter_count, self.dtype)
        self._state: Array = self._core.initial_state()

    def _make_core(self) -> None:
        kind = _core.Network32 if self.dtype == np.float32 else _core.Network64
        self._core: Any = kind([layer.to_config() for layer in self._specs], self.input_shape)
        self._layout = self._core.layout()
        self.n_inputs: int = self._core.n_inputs
        self.n_outputs: int = self._core.n_outputs
        self.output_shape: tuple[int, ...] = self._core.output_shape
        self.output_activation: str = self._core.output_activation

    def initialize(self, seed: int) -> None:
        """
        Draw new initial parameters, and reset the state.

        Parameters
        ----------
        seed : int
        """
        self.seed = seed = check_seed(seed)
        self._parameters[...] = self._core.initial_parameters()
        for number, (layer, row) in enumerate(with_parts(self._specs, self._layout)):
            arrays = {name: view(self._parameters, shape, offset) for name, shape, offset in row["arrays"]}
            if "weight" not in arrays:
                continue
            weight = arrays.pop("weight")
            out = weight.shape[0]
            drawn, bias = _core.initialize(
                layer.weight_initialization(), out, weight.size // out, row["fan_in"], row["fan_out"], seed, number
            )
            weight[...] = drawn.reshape(weight.shape)
            if "bias" in arrays:
                arrays["bias"][...] = bias
        self.state[...] = self._core.initial_state()

    @property
    def parameters(self) -> Array:
        """The flat vector of all parameters, (p,): a writable view; assignment copies into it."""
        return self._parameters

    @parameters.setter
    def parameters(self, w: Any) -> None:
        self._parameters[...] = as_parameters(w, self._parameters.size, "parameters", self.dtype)

    @property
    def state(self) -> Array:
        """What is kept but not trained, such as running statistics: a writable view; assignment copies into it."""
        return self._state

    @state.setter
    def state(self, values: Any) -> None:
        self._state[...] = as_parameters(values, self._state.size, "state", self.dtype)

    @property
    def layers(self) -> list[BoundLayer]:
        """The layers with their arrays."""
        vectors = {"arrays": self._parameters, "state": self._state}
        return [BoundLayer(vectors, spec, row) for spec, row in zip(self._specs, self._layout, strict=True)]

    def weight_mask(self) -> Array:
        """Return which entries of `parameters` are weights, (p,): what penalties act on; not biases, gamma and beta."""
        mask = np.zeros(self._parameters.size, bool)
        for row in self._layout:
            for name, shape, offset in row["arrays"]:
                if name.rpartition(".")[2] == "weight":
                    mask[offset : offset + prod(shape)] = True
        return mask

    def layer_norms(self, vectors: Array) -> Array:
        """Return the Euclidean norm of each layer's part of vectors like `parameters`, (n, p): (n, layers)."""
        squares = vectors * vectors
        norms = np.zeros((len(vectors), len(self._layout)))
        for number, row in enumerate(self._layout):
            for _, shape, offset in row["arrays"]:
                norms[:, number] += squares[:, offset : offset + prod(shape)].sum(axis=1)
        return np.sqrt(norms)

    def changes_in_training(self) -> str | None:
        """Return the kind of the first layer that is another function in training than in inference, or None."""
        for layer, _ in with_parts(self._specs, self._layout):
            if layer.kind == "batch_norm" or getattr(layer, "rate", 0) > 0:
                return layer.kind
        return None

    def state_momentum(self) -> Array:
        """Return the momentum of the running statistics, one for each entry of `state`."""
        momentum = np.zeros(self.state.size)
        for layer, row in with_parts(self._specs, self._layout):
            for _, shape, offset in row["state"] if not row["parts"] else ():
                momentum[offset : offset + prod(shape)] = getattr(layer, "momentum", 0.0)
        return momentum
