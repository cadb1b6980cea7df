"""Networks: layers one after the other, with all their parameters in one flat vector."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from numpy.ma import MaskedArray

from . import serialization
from ._checks import check_bool, check_threads
from ._network_derivatives import DifferentiableNetwork
from ._validation import Array, float_dtype
from .layers import Dense, Layer, layer_from_config
from .metrics import classes_of

if TYPE_CHECKING:
    from .posterior import Posterior

__all__ = ["Network"]


class Network(DifferentiableNetwork):
    """
    A network of layers: ``h(x; w)``.

    Parameters
    ----------
    layers : sequence of layers
        :class:`steep.Dense`, `Conv2D`, `MaxPool2D`, `AveragePool2D`, `GlobalAveragePool2D`, `Flatten`, `Reshape`,
        `Activation`, `Dropout`, `BatchNorm`, `LayerNorm`, `Residual`.
    input_shape : int or tuple of int
        Shape of one sample; images are (height, width, channels).
    dtype : "float32" or "float64"
        Of parameters, computations and predictions.
    seed : int, default 0
        Of the initial parameters: the same seed gives the same network.
    input_scale, input_shift : float or array (n_inputs,), or (channels,) for images, optional
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
        super().__init__(layers, input_shape, dtype, seed, input_scale, input_shift, output_scale, output_shift)
        self._loop = None
        self.posterior: Posterior | None = None
        self.initialize(self.seed)

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
        if include_noise and not return_std:
            raise ValueError(f"include_noise must be False without return_std, got {include_noise!r}")
        found: Array
        if isinstance(X, MaskedArray):  # the core would read what the mask hides
            X = self._as_inputs(X)
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
            from .posterior import LIKELIHOODS

            raise ValueError(
                "return_std must be False for a network without a posterior, got True: train it with "
                "LevenbergMarquardt or BayesianRegularization, or set net.posterior = steep.laplace(f, "
                f"net.parameters). The losses with a posterior are {', '.join(LIKELIHOODS)}"
            )
        include_noise = check_bool(include_noise, "include_noise")
        return self.posterior.deviation(self, X, include_noise=include_noise, n_threads=n_threads)

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
        return classes_of(self.predict(X, n_threads=n_threads), self.output_activation)

    def summary(self) -> str:
        """Return a table of layers: kind, output shape, number of parameters (a block's holds its parts')."""
        rows = [("layer", "output", "parameters")]

        def add(specs: Iterable[Layer], layout: Iterable[dict[str, Any]], indent: str) -> None:
            for spec, row in zip(specs, layout, strict=True):
                count = sum(prod(shape) for _, shape, _ in row["arrays"])
                detail = getattr(spec, "activation", "")
                kind = f"{spec.kind} {detail}" if detail not in ("", "identity") else spec.kind
                rows.append((indent + kind, " x ".join(map(str, row["output_shape"])), f"{count:,}"))
                add(spec.parts(), row["parts"], indent + "  ")

        add(self._specs, self._layout, "")
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
        serialization.save(self, path, posterior=posterior)

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
