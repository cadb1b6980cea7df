"""Derivatives of networks and of their risks, each with what differences of outputs and losses say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _core
from ._problem import Part, prepare
from ._validation import Array
from .network import Network
from .numerical_slopes import Compared, Pairs, along, entrywise, matrix_of_slopes, wide_slope
from .risk import Risk

__all__ = ["network_pairs", "risk_pairs"]

_RAISED = ("soft_l1", "cauchy")  # whose Gauss-Newton model bends at least a tenth of the slope over the residual


class Scores:
    """What the loss sees of a network in float64, as a function of the parameters, and the loss of each row of it."""

    def __init__(self, net: Network, part: Part, loss: str, parameter: float) -> None:
        kernel, raw = _core.resolve_loss(net.output_activation, loss, net.n_outputs)
        config = net.config() | {"dtype": "float64"}
        if raw and "activation" in config["layers"][-1]:
            config["layers"][-1]["activation"] = "identity"
        self.net = Network.from_config(config)
        self.net.state = net.state.astype(np.float64)
        for name in ("input_scale", "input_shift"):
            setattr(self.net, name, getattr(net, name))
        rows = None if part.rows is None else np.ascontiguousarray(part.rows, np.float64)
        self.X, self._loss, self._rest = part.X, (kernel, parameter), (rows, part.labels)
        self.raised = kernel in _RAISED
        self.rows = rows

    def __call__(self, w: Array, X: Array | None = None) -> Array:
        self.net.parameters = w
        found: Array = self.net.predict(self.X if X is None else X)
        return found

    def losses(self, scores: Array, weights: Array | None = None) -> Array:
        core: Any = _core
        found: Array = core.loss_value(*self._loss, np.ascontiguousarray(scores), *self._rest, weights)
        return found

    def slopes(self, scores: Array, weights: Array) -> Array:
        found: Array = _core.loss_value_and_gradient(*self._loss, np.ascontiguousarray(scores), *self._rest, weights)[1]
        return found

    def bends(self, scores: Array, weights: Array) -> Array:
        """Return the second derivative of each row's loss in its scores, (n, k, k), from differences of the first."""
        n, k = scores.shape
        found = np.empty((n, k, k))
        for c in range(k):

            def at(t: float, c: int = c) -> Array:
                return self.slopes(scores + t * np.eye(k)[c], weights)

            found[:, :, c] = wide_slope(at, 1e-4)[0]
        if self.raised:
            assert self.rows is not None
            each = np.arange(k)
            least = 0.1 * self.slopes(scores, weights) / (scores - self.rows)
            found[:, each, each] = np.maximum(found[:, each, each], least)
        return found


def risk_pairs(f: Risk, exact: Risk, w: Array, v: Array) -> Pairs:
    """Return the Gauss-Newton matrix of a risk at w and its product with v, with ``J'HJ`` from differences."""
    core: Any = exact._core
    linear = f.is_linear and core.residual_count == 0
    if not (core.has_hessian if linear else core.has_gauss_newton):
        return {}
    part = exact._part
    scores = Scores(exact.network, part, f.loss, f._loss_parameter)
    s = np.ones(len(part.X)) if part.weights is None else np.asarray(part.weights, np.float64)
    s = s / s.sum()
    penalty = f.l2 * f._weights

    def matrix() -> Compared:
        found, at = f.gauss_newton(w), scores(w)
        J = matrix_of_slopes(scores, w)
        bent = np.einsum("ncd,ndj->ncj", scores.bends(at, s), J)
        return found, np.einsum("nci,ncj->ij", J, bent) + np.diag(penalty), 0.0

    def product() -> Compared:
        found, at = f.gauss_newton_product(w, v), scores(w)
        Jv = along(lambda t: scores(w + t * v), 1 / float(np.abs(v).max()), None)[0]
        seed = np.einsum("ncd,nd->nc", scores.bends(at, s), Jv)
        _, G, size = entrywise(lambda x: (scores(x) * seed).sum(), w, found - penalty * v)
        return found, G + penalty * v, size

    return {"gauss_newton": matrix, "gauss_newton_product": product}


def network_pairs(net: Network, X: Any, y: Any, loss: Any) -> Pairs:
    """Return a network's derivatives at its parameters on inputs X, and with targets those of each row's loss."""
    exact, matrix = net.astype("float64"), np.asarray(net._as_inputs(X))
    w, wide = exact.parameters.copy(), matrix.astype(np.float64).reshape(len(matrix), -1)
    steps = _steps(wide)

    def outputs(x: Array) -> Array:
        exact.parameters = x
        found: Array = exact.predict(matrix)
        return found

    def by_inputs(function: Callable[[Array], Array], found: Array) -> Compared:
        exact.parameters = w
        columns = []
        for j, step in enumerate(steps):

            def at(t: float, j: int = j) -> Array:
                moved = wide.copy()
                moved[:, j] += t
                return function(moved.reshape(matrix.shape))

            columns.append(along(at, step, found[..., j]))
        return found, np.stack([column for column, _ in columns], axis=-1), max(size for _, size in columns)

    pairs: Pairs = {
        "jacobian": lambda: entrywise(outputs, w, net.jacobian(matrix)),
        "input_jacobian": lambda: by_inputs(exact.predict, net.jacobian(matrix, wrt="inputs")),
    }
    if y is not None:
        problem = prepare(net, matrix, y, loss, None, None, None, 0)
        scores = Scores(net, problem.train, problem.loss, problem.parameter)
        pairs["sample_gradients"] = lambda: entrywise(
            lambda x: scores.losses(scores(x)), w, net.sample_gradients(matrix, y, loss=loss)
        )
        pairs["input_gradients"] = lambda: by_inputs(
            lambda x: scores.losses(scores(w, x)), net.input_gradients(matrix, y, loss=loss)
        )
    return pairs


def _steps(X: Array) -> list[float]:
    """Return the size of each column's steps: its spread, or else its size."""
    found = []
    for column in X.T:
        spread, size = float(column.std()), float(np.abs(column).max())
        found.append(spread if spread > 1e-9 * size else size or 1.0)
    return found
