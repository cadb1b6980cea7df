"""Networks: layers one after the other, with all their parameters in one flat vector."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._bound_layer import BoundLayer
from ._checks import check_bool, check_integer, check_seed, check_threads, show
from ._validation import Array, as_matrix, as_parameters, as_scale, float_dtype
from .layers import Dense, Layer, layer_from_config

if TYPE_CHECKING:
    from .posterior import Posterior

__all__ = ["Network"]

_SCALING = ("input_scale", "input_shift", "output_scale", "output_shift")
_INPUT_ELEMENTS = (np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.float64))


def _with_parts(specs: Sequence[Layer], layout: Sequence[dict[str, Any]]) -> Iterator[tuple[Layer, dict[str, Any]]]:
    """Yield layers with their rows of the layout, and the layers inside a layer right after it."""
    for spec, row in zip(specs, layout, strict=True):
        yield spec, row
        yield from _with_parts(spec.parts(), row["parts"])


class Network:
    """
    A network of layers: ``h(x; w)``.

    Parameters
    ----------
    layers : sequence of layers
        Such as :class:`steep.Dense`.
    input_shape : int or tuple of int
        Shape of one sample; images are (height, width, channels).
    dtype : "float32" or "float64"
        Of parameters, computations and predictions.
    seed : int, default 0
        Of the initial parameters: the same seed gives the same network.
    input_scale, input_shift : float or array (n_inputs,), optional
        The network sees ``input_scale * x + input_shift``; part of the network and saved with it.
    output_scale, output_shift : float or array (n_outputs,), optional
        `predict` returns ``output_scale * output + output_shift``; targets are mapped the other way for training.

    Attributes
    ----------
    parameters : array (p,)
        The flat vector: a writable view; assignment copies into it. Each layer's weight (out, in) row-major, then bias.
    layers : list
        Each with its arrays as writable views, ``net.layers[0].weight`` and ``.bias``.
    state : array
        What is kept but not trained (running statistics); often empty.

    Examples
    --------
    >>> import numpy as np, steep
    >>> net = steep.Network([steep.Dense(3, "tanh"), steep.Dense(1)], input_shape=2, seed=0)
    >>> net.parameters.shape, net.layers[0].weight.shape
    ((13,), (3, 2))
    >>> net.predict(np.zeros((5, 2))).shape
    (5, 1)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: int | tuple[int, ...],
        *,
        dtype: Any = "float32",
        seed: int = 0,
        input_scale: Any = None,
        input_shift: Any = None,
        output_scale: Any = None,
        output_shift: Any = None,
    ) -> None:
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
        self._loop: Any = None
        self._scaling: dict[str, Any] = {}
        self._exact: dict[str, Array | None] = {}
        self.input_scale, self.input_shift = input_scale, input_shift
        self.output_scale, self.output_shift = output_scale, output_shift
        self.initialize(self.seed)

    def _make_core(self) -> None:
        kind = _core.Network32 if self.dtype == np.float32 else _core.Network64
        self._core: Any = kind([layer.to_config() for layer in self._specs], self.input_shape)
        self._layout = self._core.layout()
        self.n_inputs: int = self._core.n_inputs
        self.n_outputs: int = self._core.n_outputs
        self.output_shape: tuple[int, ...] = self._core.output_shape
        self.output_activation: str = self._core.output_activation
        self.posterior: Posterior | None = None

    def initialize(self, seed: int) -> None:
        """
        Draw new initial parameters, and reset the state.

        Parameters
        ----------
        seed : int
        """
        self.seed = seed = check_seed(seed)
        self._parameters[...] = self._core.initial_parameters()
        for number, (layer, row) in enumerate(_with_parts(self._specs, self._layout)):
            arrays = {name: self._view(self._parameters, shape, offset) for name, shape, offset in row["arrays"]}
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

    @staticmethod
    def _view(vector: Array, shape: tuple[int, ...], offset: int) -> Array:
        return vector[offset : offset + prod(shape)].reshape(shape)

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
        return [BoundLayer(self, spec, row) for spec, row in zip(self._specs, self._layout, strict=True)]

    def weight_mask(self) -> Array:
        """Return which entries of `parameters` are weights, (p,): what penalties act on; not biases, gamma and beta."""
        mask = np.zeros(self._parameters.size, bool)
        for row in self._layout:
            for name, shape, offset in row["arrays"]:
                if name.rpartition(".")[2] == "weight":
                    mask[offset : offset + prod(shape)] = True
        return mask

    def layer_norms(self, vector: Array) -> Array:
        """Return the Euclidean norm of each layer's part of a vector like `parameters`, (1, layers)."""
        parts = [[vector[o : o + prod(s)] for _, s, o in row["arrays"]] for row in self._layout]
        return np.array([[np.sqrt(sum(float(part @ part) for part in row)) for row in parts]])

    def changes_in_training(self) -> str | None:
        """Return the kind of the first layer that is another function in training than in inference, or None."""
        for layer, _ in _with_parts(self._specs, self._layout):
            if layer.kind == "batch_norm" or getattr(layer, "rate", 0) > 0:
                return layer.kind
        return None

    def state_momentum(self) -> Array:
        """Return the momentum of the running statistics, one for each entry of `state`."""
        momentum = np.zeros(self.state.size)
        for layer, row in _with_parts(self._specs, self._layout):
            for _, shape, offset in row["state"] if not row["parts"] else ():
                momentum[offset : offset + prod(shape)] = getattr(layer, "momentum", 0.0)
        return momentum

    def _set_scaling(self, name: str, value: Any) -> None:
        width = self.n_inputs if name.startswith("input") else self.n_outputs
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

    def predict(
        self,
        X: Any,
        *,
        raw: bool = False,
        n_threads: int | None = None,
        return_std: bool = False,
        include_noise: bool = False,
    ) -> Any:
        """
        Return the outputs in inference mode.

        Parameters
        ----------
        X : array_like, (n, n_inputs) or (n, *input_shape)
            float32, float64 and uint8 arrays are read in place, a memory map too; others are converted once.
        raw : bool, default False
            Leave out the output activation (and the output scaling): the scores.
        n_threads : int, optional
            Default: :func:`steep.get_num_threads`. The result is the same for any number.
        return_std : bool, default False
            Return (outputs, standard deviations): how well the data determine the outputs, by :attr:`posterior`.
        include_noise : bool, default False
            With return_std, add the variance of the noise of an observation.

        Returns
        -------
        array (n, n_outputs) of the network's dtype
            Memory beyond it is bounded, whatever n. With return_std a pair of such arrays.

        Raises
        ------
        ValueError, TypeError
            If X has another shape, or values that are not finite; the message names the row.
        """
        threads = 0 if n_threads is None else check_threads(n_threads)
        found: Array
        try:
            found = self._predictor(X, threads, raw)
        except (TypeError, ValueError):
            raw = check_bool(raw, "raw")
            found = self._predictor(self._as_inputs(X), threads, raw)
        if return_std:
            return found, self._deviation(X, raw, include_noise, n_threads)
        return found

    def _deviation(self, X: Any, raw: bool, include_noise: bool, n_threads: int | None) -> Array:
        if raw:
            raise ValueError("raw must be False with return_std, got True")
        if self.posterior is None:
            raise ValueError(
                "return_std must be False for a network without a posterior, got True: train it with "
                "LevenbergMarquardt or BayesianRegularization, or set net.posterior = steep.laplace(f, net.parameters)"
            )
        include_noise = check_bool(include_noise, "include_noise")
        return self.posterior.deviation(self, X, include_noise=include_noise, n_threads=n_threads)

    def _as_inputs(self, X: Any, name: str = "X") -> Array:
        return as_matrix(X, name, self.dtype, input_shape=self.input_shape, elements=_INPUT_ELEMENTS)

    def predict_classes(self, X: Any, *, n_threads: int | None = None) -> Array:
        """
        Return class indices (n,): the largest output; with one output, whether it says yes.

        Parameters
        ----------
        X : array_like
            As for :meth:`predict`.
        n_threads : int, optional

        Notes
        -----
        One output says yes above 0.5 under a sigmoid or step, and above 0 otherwise (a raw score).
        """
        from .metrics import classes_of

        return classes_of(self.predict(X, n_threads=n_threads), self.output_activation)

    def jacobian(self, X: Any, wrt: str = "parameters", *, n_threads: int | None = None) -> Array:
        """
        Return the derivatives of the outputs with respect to "parameters" (n, out, p) or "inputs" (n, out, d).

        Parameters
        ----------
        X : array_like
            As for :meth:`predict`.
        wrt : {"parameters", "inputs"}
        n_threads : int, optional

        Raises
        ------
        ValueError
            If the result would be over 2 GiB: use :meth:`iter_jacobian`.

        Examples
        --------
        >>> import numpy as np, steep
        >>> net = steep.MLP([2, 1], dtype="float64")
        >>> net.parameters = [3.0, 4.0, 5.0]
        >>> net.jacobian(np.array([[1.0, 2.0]]))
        array([[[1., 2., 1.]]])
        >>> net.jacobian(np.array([[1.0, 2.0]]), wrt="inputs")
        array([[[3., 4.]]])
        """
        from .derivatives import jacobian

        return jacobian(self, X, wrt, n_threads=n_threads)

    def iter_jacobian(
        self, X: Any, wrt: str = "parameters", *, rows: int = 256, n_threads: int | None = None
    ) -> Iterator[Array]:
        """
        Yield :meth:`jacobian` of one block of `rows` rows after the other.

        Parameters
        ----------
        X : array_like
        wrt : {"parameters", "inputs"}
        rows : int, default 256
        n_threads : int, optional
        """
        from .derivatives import iter_jacobian

        return iter_jacobian(self, X, wrt, rows=rows, n_threads=n_threads)

    def sample_gradients(self, X: Any, y: Any, *, loss: Any = None) -> Array:
        """
        Return each row's own gradient of the loss with respect to the parameters, (n, p).

        Parameters
        ----------
        X, y : array_like
            As for :func:`steep.train`.
        loss : str, steep.Huber, Pinball, EpsilonInsensitive, SoftL1, Cauchy, optional
        """
        from .derivatives import sample_gradients

        return sample_gradients(self, X, y, loss=loss)

    def input_gradients(self, X: Any, y: Any, *, loss: Any = None) -> Array:
        """
        Return the gradient of each row's loss with respect to its inputs as they are given, (n, n_inputs).

        Parameters
        ----------
        X, y : array_like
            As for :func:`steep.train`.
        loss : str, steep.Huber, Pinball, EpsilonInsensitive, SoftL1, Cauchy, optional
        """
        from .derivatives import input_gradients

        return input_gradients(self, X, y, loss=loss)

    def forward(self, X: Any, training: bool = True, *, seed: int | None = None, n_threads: int | None = None) -> Array:
        """
        Return the outputs of a batch, and keep what :meth:`backward` needs: for training loops of one's own.

        Parameters
        ----------
        X : array_like, (n, n_inputs) or (n, *input_shape)
        training : bool, default True
            Dropout acts, and batch normalization takes the batch's statistics and moves the running ones in `state`.
        seed : int, optional
            Of the dropout masks; default: the network's. Every call in training draws new ones.
        n_threads : int, optional

        Returns
        -------
        array (n, n_outputs)
            As `predict` gives it, output scaling included.

        Examples
        --------
        >>> import numpy as np, steep
        >>> net = steep.MLP([2, 8, 1], activation="tanh", dtype="float64")
        >>> X, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[1.0], [-1.0]])
        >>> rule = steep.Adam(0.1)
        >>> state = rule.init(net.parameters)
        >>> for _ in range(100):
        ...     gradient, _ = net.backward(net.forward(X) - y)
        ...     rule.update(net.parameters, gradient, state)
        >>> bool(abs(net.predict(X) - y).max() < 0.01)
        True
        """
        from .loops import Loop

        if self._loop is None:
            self._loop = Loop(self)
        found: Array = self._loop.forward(X, training, seed, n_threads)
        return found

    def backward(
        self, dY: Any, *, gradient: Array | None = None, inputs: bool = True, n_threads: int | None = None
    ) -> tuple[Array, Array | None]:
        """
        Return the gradients of ``sum(dY * outputs)`` for the batch of the last :meth:`forward`.

        Parameters
        ----------
        dY : array_like (n, n_outputs)
            The derivative of the loss with respect to each output (divide by n for a mean).
        gradient : array (p,), optional
            The parameters' gradient is added to it, and it is returned; default: a fresh one.
        inputs : bool, default True
            Whether the gradient with respect to X is wanted too.
        n_threads : int, optional

        Returns
        -------
        gradient : array (p,)
        dX : array (n, n_inputs), or None
            With respect to X as it was given, input scaling included.
        """
        if self._loop is None:
            raise ValueError("backward must come after forward, got no forward")
        found: tuple[Array, Array | None] = self._loop.backward(dY, gradient, inputs, n_threads)
        return found

    def summary(self) -> str:
        """Return a table of layers: kind, output shape, number of parameters."""
        rows = [("layer", "output", "parameters")]
        for spec, row in zip(self._specs, self._layout, strict=True):
            count = sum(prod(shape) for _, shape, _ in row["arrays"])
            detail = getattr(spec, "activation", "")
            kind = f"{spec.kind} {detail}" if detail not in ("", "identity") else spec.kind
            rows.append((kind, " x ".join(map(str, row["output_shape"])), f"{count:,}"))
        wide = [max(len(row[i]) for row in rows) for i in range(3)]
        lines = [f"network   {' x '.join(map(str, self.input_shape))} inputs, {self.dtype}"]
        lines += [f"  {a:<{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}" for a, b, c in rows]
        return "\n".join([*lines, f"  {self._parameters.size:,} parameters"])

    def __repr__(self) -> str:
        layers = ", ".join(
            f"Dense({s.units}, {s.activation!r})" if isinstance(s, Dense) else repr(s) for s in self._specs
        )
        shape = self.input_shape[0] if len(self.input_shape) == 1 else self.input_shape
        return f"<Network {shape} -> [{layers}], {self._parameters.size:,} parameters, {self.dtype}>"

    def config(self) -> dict[str, Any]:
        """Return the architecture, as JSON can hold it: everything but the numbers."""
        return {
            "layers": [layer.to_config() for layer in self._specs],
            "input_shape": list(self.input_shape),
            "dtype": self.dtype.name,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Network:
        """Return a network of the architecture that :meth:`config` described, freshly initialized."""
        layers = [layer_from_config(layer) for layer in config["layers"]]
        return Network(layers, tuple(config["input_shape"]), dtype=config["dtype"], seed=config.get("seed", 0))

    def save(self, path: str | os.PathLike[str], *, posterior: bool = False) -> None:
        """
        Save the network in safetensors layout, atomically; :func:`steep.load` reads it back.

        Parameters
        ----------
        path : path
        posterior : bool
            With :attr:`posterior`, so that the loaded network has its standard deviations too.
        """
        from .serialization import save

        save(self, path, posterior=posterior)

    def copy(self) -> Network:
        """Return an independent copy."""
        return self.astype(self.dtype)

    def astype(self, dtype: Any) -> Network:
        """
        Return an independent copy that computes in another dtype.

        Parameters
        ----------
        dtype : "float32" or "float64"
        """
        kept = self.__getstate__()
        kept["config"]["dtype"] = float_dtype(dtype).name
        new = Network.from_config(kept["config"])
        new.__setstate__(kept)
        return new

    def __copy__(self) -> Network:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Network:
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        return {
            "config": self.config(),
            "parameters": self._parameters.copy(),
            "state": self.state.copy(),
            "scaling": dict(self._scaling),
            "posterior": self.posterior,
        }

    def __setstate__(self, kept: dict[str, Any]) -> None:
        fresh = Network.from_config(kept["config"])
        self.__dict__.update(fresh.__dict__)
        self._parameters[...] = kept["parameters"]
        self.state[...] = kept["state"]
        for name, value in kept["scaling"].items():
            self._set_scaling(name, value)
        self.posterior = kept.get("posterior")


def _scaling_property(name: str, doc: str) -> property:
    def get(self: Network) -> Any:
        return self._scaling[name]

    def put(self: Network, value: Any) -> None:
        self._set_scaling(name, value)

    return property(get, put, doc=doc)


for _name, _doc in {
    "input_scale": "Factor of the inputs: None, a number or (n_inputs,).",
    "input_shift": "Added to the scaled inputs: None, a number or (n_inputs,).",
    "output_scale": "Factor of the outputs: None, a number or (n_outputs,).",
    "output_shift": "Added to the scaled outputs: None, a number or (n_outputs,).",
}.items():
    setattr(Network, _name, _scaling_property(_name, _doc))
