"""scikit-learn's L-BFGS-B on its own packed vector, with steep's objective and gradient."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np

from .._layout import view
from .._validation import Array
from ..network import Network
from ..risk import Risk
from ._network import largest_loss

__all__ = ["LbfgsMixin"]


class LbfgsMixin:
    """The objective of solver="lbfgs"."""

    def _fit_packed(self: Any, X: Any, y: Array, sample_weight: Array | None, units: list[int]) -> None:
        if self.l1 > 0:
            raise ValueError(f"l1 must be 0 with solver='lbfgs', got {self.l1}: use solver='adam' or 'sgd'")
        self._refuse_noise("lbfgs")
        self._network()
        try:
            nothing: list[Any] = [None] * len(units)
            weights = (sample_weight,) if "sample_weight" in signature(self._fit_lbfgs).parameters else ()
            self._fit_weights = sample_weight
            self._fit_lbfgs(X, y, *weights, nothing, nothing, nothing, nothing, units)
        except KeyboardInterrupt:  # as in scikit-learn it is raised, and the model is that of the last evaluation
            if "_steep_point" in self.__dict__:
                self._network().parameters[...] = self._steep_point
            raise
        finally:
            for name in ("_steep_risk", "_steep_point", "_fit_weights"):
                self.__dict__.pop(name, None)

    def _refuse_noise(self: Any, solver: str) -> None:
        """Refuse layers that act differently in training with a solver that sees all rows at once."""
        if np.any(np.asarray(self.dropout) > 0) or self.batch_norm:
            name, neutral = ("batch_norm", False) if self.batch_norm else ("dropout", 0)
            raise ValueError(f"{name} must be {neutral} with solver={solver!r}, got {getattr(self, name)!r}")

    def _loss_grad_lbfgs(self: Any, packed: Array, X: Any, y: Array, *rest: Any) -> tuple[float, Array]:
        """Value and gradient of scikit-learn's objective at its packed vector: coefs (in, out), then intercepts."""
        weights = rest[0] if len(rest) == 5 else self.__dict__.get("_fit_weights")
        kept = self.__dict__.get("_steep_risk")
        if kept is None or kept[0] is not X or kept[1] is not y or kept[2] is not weights:
            net = self._network()
            bounded = self._bounded_loss()
            risk = self._risk(net, X, y, weights, linear=not bounded)  # linear models have no bound
            if bounded:
                core: Any = risk._core
                core.limit_loss(largest_loss(np.float64))
            constant = self._poisson_constant(y)
            offset = 0.0 if constant is None else float(np.average(constant, weights=weights))
            kept = self._steep_risk = (X, y, weights, risk, packed_order(net), offset)
        risk, order, offset = kept[3:]
        w = np.empty(order.size)
        w[order] = packed
        self._steep_point = w
        value, gradient = risk.value_and_gradient(w)
        return np.float64(self._reported(risk, w, value) + offset), gradient[order].astype(packed.dtype, copy=False)

    def _risk(
        self: Any, net: Network, X: Any, y: Array, weights: Array | None, penalized: bool = True, linear: bool = True
    ) -> Risk:
        """Return the mean loss with scikit-learn's penalty: alpha / 2 over the sum of weights."""
        total = float(X.shape[0] if weights is None else weights.sum())
        if total <= 0:
            raise ValueError(f"sample_weight must have a positive sum, got {total}")
        part = self._part(net, X, y, weights)
        loss, parameter = self._loss()
        l2 = self.alpha / total if penalized else 0.0
        risk = Risk.of_part(net, part, loss, parameter, self.l1 / total, l2, linear)
        if self.n_threads is not None:
            risk._core.threads = self.n_threads
        return risk

    def _reported(self: Any, risk: Risk, w: Array, value: float) -> float:
        """Return the value scikit-learn reports: of squared errors the mean over outputs (its gradient is a sum)."""
        if risk.loss != "squared_error" or self.n_outputs_ == 1:
            return value
        penalty = risk.penalty(w)
        return penalty + (value - penalty) / float(self.n_outputs_)


def packed_order(net: Network) -> Array:
    """Return where the entries of scikit-learn's packed vector lie in the flat vector."""
    index = np.arange(net.parameters.size)
    weights, biases = [], []
    for row in net._layout:
        for name, shape, offset in row["arrays"]:
            places = view(index, shape, offset)
            if name == "weight":
                weights.append(places.T.reshape(-1))
            else:
                biases.append(places)
    return np.concatenate([*weights, *biases])
