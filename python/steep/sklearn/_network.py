"""
The network behind an estimator: `coefs_` and `intercepts_` are views of its flat vector.

They may be replaced by the user, or come from a pickle: then the network is made anew from them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_classifier
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.validation import validate_data

from .._bound_layer import BoundLayer
from .._checks import check_choice, check_in_range
from .._problem import Part
from .._validation import Array
from ..layers import ACTIVATIONS, Activation, BatchNorm, Dense, Dropout, Layer
from ..losses import resolve_loss
from ..network import Network

__all__ = ["NetworkMixin", "dense_layers", "largest_loss"]

_HIDDEN = tuple(name for name in ACTIVATIONS if name != "step")
_NAMES = {"logistic": "sigmoid"}  # scikit-learn's name where it is another
_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
_UNSAVED = ("_steep_network", "_steep_risk", "_held", "_row_weights", "_fit_weights", "_steep_point")


class NetworkMixin:
    """Architecture, initialization and forward pass, on scikit-learn's attributes."""

    coefs_: list[Array]
    intercepts_: list[Array]

    def __getstate__(self) -> Any:
        state: Any = super().__getstate__()
        kept = state.get("_steep_network")
        if kept is not None and kept[0].state.size:  # statistics that are not in coefs_ and intercepts_
            state = state | {"_steep_arrays": (kept[0].parameters.copy(), kept[0].state.copy())}
        return {name: value for name, value in state.items() if name not in _UNSAVED}

    def _hidden_activations(self: Any, hidden: int) -> list[str]:
        names = [self.activation] * hidden if isinstance(self.activation, str) else list(self.activation)
        if not all(isinstance(name, str) for name in names):
            raise InvalidParameterError(
                f"The 'activation' parameter of {type(self).__name__} must be a name or one for each hidden layer. Got "
                f"{self.activation!r} instead."
            )
        if len(names) != hidden:
            raise ValueError(
                f"activation must be one name, or one for each of {hidden} hidden layers, got {len(names)} names"
            )
        return [check_choice(_NAMES.get(name, name), "activation", _HIDDEN) for name in names]

    def _rates(self: Any, hidden: int) -> list[float]:
        """Return the rate of dropout after each hidden layer."""
        rates = [self.dropout] * hidden if np.ndim(self.dropout) == 0 else list(self.dropout)
        if len(rates) != hidden:
            raise ValueError(
                f"dropout must be one rate, or one for each of {hidden} hidden layers, got {len(rates)} rates"
            )
        return [check_in_range(rate, "dropout", 0.0, 1.0, "left") for rate in rates]

    def _specs(self: Any, initialization: str = "zeros") -> list[Layer]:
        hidden = len(self.coefs_) - 1
        layers: list[Layer] = []
        for coef, name, rate in zip(self.coefs_, self._hidden_activations(hidden), self._rates(hidden), strict=False):
            if self.batch_norm:
                dense = Dense(coef.shape[1], initialization=_resolved(initialization, name))
                layers += [dense, BatchNorm(), Activation(name)]
            else:
                layers.append(Dense(coef.shape[1], name, initialization=initialization))
            if rate > 0:
                layers.append(Dropout(rate))
        last = _NAMES.get(self.out_activation_, self.out_activation_)
        return [*layers, Dense(self.coefs_[-1].shape[1], last, initialization=initialization)]

    def _kept_network(self: Any) -> Network | None:
        """Return the network whose views coefs_ and intercepts_ are; None when they are others."""
        kept = self.__dict__.get("_steep_network")
        if kept is None:
            return None
        net, arrays = kept
        coefs, intercepts = self.coefs_, self.intercepts_
        if len(arrays) != len(coefs) + len(intercepts):
            return None
        for i, a in enumerate(coefs):
            if a is not arrays[i]:
                return None
        for i, a in enumerate(intercepts, len(coefs)):
            if a is not arrays[i]:
                return None
        return net  # type: ignore[no-any-return]

    def _network(self: Any) -> Network:
        kept = self._kept_network()
        if kept is not None:
            return kept  # type: ignore[no-any-return]
        single = all(a.dtype == np.float32 for a in (*self.coefs_, *self.intercepts_))
        net = Network(self._specs(), int(self.coefs_[0].shape[0]), dtype=np.float32 if single else np.float64)
        before = self.__dict__.get("_steep_network")
        arrays = self.__dict__.get("_steep_arrays") if before is None else (before[0].parameters, before[0].state)
        if arrays is not None and arrays[0].size == net.parameters.size:
            net.parameters[...], net.state[...] = arrays
        for layer, coef, intercept in zip(dense_layers(net), self.coefs_, self.intercepts_, strict=True):
            layer.weight, layer.bias = coef.T, intercept
        self._install(net)
        return net

    def _install(self: Any, net: Network) -> None:
        layers = dense_layers(net)
        self.coefs_ = [layer.weight.T for layer in layers]
        self.intercepts_ = [layer.bias for layer in layers]
        self._steep_network = (net, [*self.coefs_, *self.intercepts_])

    def _initialize(self: Any, y: Array, layer_units: list[int], dtype: Any) -> None:
        for stale in ("loss_curve_", "_steep_network", "_steep_arrays"):
            self.__dict__.pop(stale, None)
        super()._initialize(y, layer_units, np.dtype(self.dtype or dtype))  # type: ignore[misc]
        if self.solver != "lbfgs" and not hasattr(self, "loss_curve_"):  # not one of scikit-learn's solvers
            watched = self.early_stopping
            vars(self).update(
                loss_curve_=[],
                _no_improvement_count=0,
                validation_scores_=[] if watched else None,
                best_validation_score_=-np.inf if watched else None,
                best_loss_=None if watched else np.inf,
            )
        if is_classifier(self) and self.loss != "log_loss":
            self.out_activation_ = "identity"
        if self.loss == "poisson":  # scikit-learn 1.6 does not know it
            self.out_activation_ = "exp"
        if self.initialization is not None:
            single = self.coefs_[0].dtype == np.float32
            net = Network(
                self._specs(self.initialization),
                layer_units[0],
                dtype=np.float32 if single else np.float64,
                seed=int(self._random_state.randint(np.iinfo(np.int32).max)),
            )
            self._install(net)

    def _loss(self: Any) -> tuple[str, float]:
        """Return name and parameter of steep's loss."""
        activation = _NAMES.get(self.out_activation_, self.out_activation_)
        loss = None if self.loss == "log_loss" else self.loss
        return resolve_loss(loss, activation, self.n_outputs_)

    def _bounded_loss(self: Any) -> bool:
        """Return whether scikit-learn's loss clips probabilities at eps, so that a certain mistake is finite."""
        return bool(is_classifier(self) and self.loss == "log_loss")

    def _part(self: Any, net: Network, X: Any, y: Array, sample_weight: Array | None) -> Part:
        """Return rows as steep's core reads them; y is a matrix of targets, bool for classes."""
        X = X.toarray() if issparse(X) else X
        rows = np.ascontiguousarray(X, None if X.dtype in _FLOATS else net.dtype)
        labels = y.argmax(axis=1).astype(np.int32) if self.out_activation_ == "softmax" else None
        targets = None if labels is not None else np.ascontiguousarray(y, net.dtype)
        weights = None if sample_weight is None else np.ascontiguousarray(sample_weight, np.float64)
        return Part(rows, targets, labels, weights, y)

    def _poisson_constant(self: Any, y: Array) -> Array | None:
        """Return what scikit-learn's Poisson loss of each row has beyond steep's: y log y - y."""
        if self.out_activation_ != "exp":
            return None
        from scipy.special import xlogy

        found: Array = (xlogy(y, y) - y).sum(axis=1)
        return found

    def _forward_pass_fast(self: Any, X: Any, check_input: bool = True) -> Array:
        if check_input:
            found: Array | None = self._forward_pass_at_once(X)
            if found is not None:
                return found
            X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        net = self._network()
        rows = X.toarray() if issparse(X) else X
        outputs: Array = net.predict(rows, n_threads=self.n_threads)
        return outputs.astype(np.result_type(rows.dtype, net.dtype), copy=False)

    def _forward_pass_at_once(self: Any, X: Any) -> Array | None:
        """Return the outputs without scikit-learn's checks where they could not fail, else None."""
        if type(X) is not np.ndarray or X.ndim != 2 or X.dtype not in _FLOATS or not len(X):
            return None
        own = self.__dict__
        if "feature_names_in_" in own or X.shape[1] != own.get("n_features_in_"):
            return None
        net = self._kept_network()
        if net is None:
            return None
        try:  # the core refuses rows that are not finite
            found: Array = net._predictor(X, self.n_threads or 0, False)
        except (TypeError, ValueError):
            return None
        return found if found.dtype == X.dtype else found.astype(np.result_type(X.dtype, found.dtype), copy=False)


def largest_loss(dtype: Any) -> float:
    """Return the loss of a probability of eps, where scikit-learn clips those of a dtype."""
    return -float(np.log(np.finfo(dtype).eps))


def dense_layers(net: Network) -> list[BoundLayer]:
    """Return the layers that have weights."""
    return [layer for layer, row in zip(net.layers, net._layout, strict=True) if row["kind"] == "dense"]


def _resolved(initialization: str, activation: str) -> str:
    """Return what "auto" means for a layer whose activation comes after a normalization."""
    return Dense(1, activation, initialization=initialization).weight_initialization()
