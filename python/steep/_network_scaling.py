"""The scaling of a network's inputs and outputs, and the inputs as its core reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core
from ._checks import show
from ._network_arrays import NetworkArrays
from ._validation import Array, as_matrix, as_scale, check_same_rows
from .layers import Layer

__all__ = ["ScaledNetwork"]

_SCALING = ("input_scale", "input_shift", "output_scale", "output_shift")
_INPUT_ELEMENTS = (np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.float64))


class ScaledNetwork(NetworkArrays):
    """The part of a network that scales its ends: what training and derivatives need of one."""

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: int | tuple[int, ...],
        dtype: Any,
        seed: int,
        input_scale: Any,
        input_shift: Any,
        output_scale: Any,
        output_shift: Any,
    ) -> None:
        super().__init__(layers, input_shape, dtype, seed)
        self._scaling: dict[str, Any] = {}
        self._exact: dict[str, Array | None] = {}
        self.input_scale, self.input_shift = input_scale, input_shift
        self.output_scale, self.output_shift = output_scale, output_shift

    def _set_scaling(self, name: str, value: Any) -> None:
        _refuse_helpers(value, name)
        width = self.n_inputs if name.startswith("input") else self.n_outputs
        if name.startswith("input") and len(self.input_shape) == 3 and np.shape(value) == self.input_shape[2:]:
            value = np.broadcast_to(value, self.input_shape)  # one a channel
        exact = as_scale(value, width, name, np.float64)
        if name.endswith("_scale") and exact is not None and not exact.all():
            if np.ndim(value) == 0:
                raise ValueError(f"{name} must not be zero, got {value!r}")
            raise ValueError(f"{name} must have no zero, got one at entry {int((exact == 0).argmax())}")
        self._scaling[name] = value if exact is None or np.ndim(value) == 0 else exact
        self._exact[name] = None if exact is None else exact.astype(self.dtype)
        self._scales = tuple(self._exact.get(key) for key in _SCALING)
        kind = _core.Predictor32 if self.dtype == np.float32 else _core.Predictor64
        self._predictor = kind(self._core, self._parameters, self._state, *self._scales)

    def fit_scaling(self, X: Any, y: Any = None, scaler: Any = None, *, weights: Any = None) -> None:
        """
        Set the scaling of the inputs, and of the outputs, from a training set; `predict` applies it from then on.

        Parameters
        ----------
        X : array_like (n, n_inputs)
        y : array_like (n,) or (n, n_outputs), optional
            Real targets; default: the scaling of the outputs is left as it is.
        scaler : steep.Standardize or steep.MinMax, optional
            Default: ``steep.Standardize()``.
        weights : array_like (n,), optional
            Rows of weight 0 do not count.

        Raises
        ------
        TypeError, ValueError
            If the scaler is neither, or the columns are not the network's; nothing is changed then.

        Examples
        --------
        >>> import numpy as np, steep
        >>> X = np.random.default_rng(0).uniform(100, 300, size=(200, 2))
        >>> y = 1e4 + X[:, 0] * X[:, 1]
        >>> net = steep.MLP([2, 8, 1], "tanh", dtype="float64", seed=0)
        >>> net.fit_scaling(X, y)
        >>> run = steep.train(net, X, y, optimizer=steep.LevenbergMarquardt(), epochs=50)
        >>> bool(abs(net.predict(X)[:, 0] / y - 1).max() < 1e-3)  # in the units of X and y
        True
        """
        from .scaling import MinMax, Standardize

        scaler = Standardize() if scaler is None else scaler
        if not isinstance(scaler, Standardize | MinMax):
            raise TypeError(f"scaler must be steep.Standardize() or steep.MinMax(), got {show(scaler)}")
        ends = {"input": scaler.fit(np.reshape(X, (len(X), -1)), weights)}
        if y is not None:
            check_same_rows(len(y), len(X), "y")
            ends["output"] = scaler.fit(y, weights).inverse()
        for (end, found), data, width in zip(ends.items(), "Xy", (self.n_inputs, self.n_outputs), strict=False):
            if found.scale.size != width:
                raise ValueError(f"{data} must have the {width} columns of the {end}s, got {found.scale.size}")
        for end, found in ends.items():
            self._set_scaling(f"{end}_scale", found.scale)
            self._set_scaling(f"{end}_shift", found.shift)

    def _as_inputs(self, X: Any, name: str = "X") -> Array:
        return as_matrix(X, name, self.dtype, input_shape=self.input_shape, elements=_INPUT_ELEMENTS)


def _refuse_helpers(value: Any, name: str) -> None:
    """Refuse the objects of steep.scaling, and say which of their numbers are meant."""
    from .scaling import Affine, MinMax, Standardize

    ends, data = name.partition("_")[0], "X" if name.startswith("input") else "y"
    there = "s" if ends == "input" else "s.inverse()"
    meant = f"give {ends}_scale={there}.scale and {ends}_shift={there}.shift"
    if isinstance(value, Affine):
        raise TypeError(f"{name} must be numbers, got an Affine map s: {meant}")
    kind = value if isinstance(value, type) else type(value)
    if kind in (Standardize, MinMax):
        raise TypeError(
            f"{name} must be numbers, got {kind.__name__}, which is not fitted: with "
            f"s = steep.{kind.__name__}().fit({data}) {meant}"
        )


def _scaling_property(name: str, doc: str) -> property:
    def get(self: ScaledNetwork) -> Any:
        return self._scaling[name]

    def put(self: ScaledNetwork, value: Any) -> None:
        self._set_scaling(name, value)

    return property(get, put, doc=doc)


for _name, _doc in {
    "input_scale": "Factor of the inputs: None, a number or (n_inputs,); set also by (channels,).",
    "input_shift": "Added to the scaled inputs: None, a number or (n_inputs,); set also by (channels,).",
    "output_scale": "Factor of the outputs: None, a number or (n_outputs,).",
    "output_shift": "Added to the scaled outputs: None, a number or (n_outputs,).",
}.items():
    setattr(ScaledNetwork, _name, _scaling_property(_name, _doc))
