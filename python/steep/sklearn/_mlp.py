"""
scikit-learn's multi-layer perceptrons, trained by steep.

The estimators derive from scikit-learn's own: arguments, checks, labels, tags, messages and scores are its; the three
places where its time goes (an epoch of minibatches, the objective of L-BFGS, the forward pass) are steep's. Shuffles
and initial parameters are drawn as scikit-learn draws them, so the same `random_state` gives the same fit up to
rounding, and the same bits for any number of threads.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier as _MLPClassifier
from sklearn.neural_network import MLPRegressor as _MLPRegressor
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer
from sklearn.utils import shuffle
from sklearn.utils.validation import validate_data

from .. import _core
from .._problem import Part, Problem
from .._validation import Array
from ..layers import Dense
from ..network import Network
from ..risk import Risk
from ..rules import Adam, Momentum, Nesterov, Rule

__all__ = ["MLPClassifier", "MLPRegressor"]

_ACTIVATIONS = {"logistic": "sigmoid"}  # scikit-learn's name where it is another
_LOSSES = {
    "softmax": "cross_entropy",
    "logistic": "binary_cross_entropy",
    "identity": "squared_error",
    "exp": "poisson",
}
_INTERRUPTED = "Training interrupted by user."
_NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class _Optimizer(SGDOptimizer):  # type: ignore[misc]
    """scikit-learn's schedule of learning rates, and what the update rule goes on from in partial_fit."""

    def __init__(self, rule: Rule, learning_rate_init: float, schedule: str, power_t: float) -> None:
        super().__init__([], learning_rate_init, schedule, power_t=power_t)
        self.rule = rule
        self.slots: list[Array] | None = None
        self.step = 0


class _SteepMixin:
    """What both estimators do differently from scikit-learn's."""

    coefs_: list[Array]
    intercepts_: list[Array]

    def __getstate__(self) -> Any:
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_steep_network", "_steep_risk")}

    def _network(self: Any) -> Network:
        """Return the network whose arrays coefs_ and intercepts_ are views of; made anew when they are not."""
        arrays = [*self.coefs_, *self.intercepts_]
        kept = self.__dict__.get("_steep_network")
        if (
            kept is not None
            and all(a is b for a, b in zip(arrays, kept[1], strict=False))
            and len(arrays) == len(kept[1])
        ):
            return kept[0]  # type: ignore[no-any-return]
        names = [_ACTIVATIONS.get(self.activation, self.activation)] * (len(self.coefs_) - 1)
        names.append(_ACTIVATIONS.get(self.out_activation_, self.out_activation_))
        layers = [
            Dense(coef.shape[1], name, initialization="zeros") for coef, name in zip(self.coefs_, names, strict=True)
        ]
        dtype = np.float32 if all(a.dtype == np.float32 for a in arrays) else np.float64
        net = Network(layers, int(self.coefs_[0].shape[0]), dtype=dtype)
        for layer, coef, intercept in zip(net.layers, self.coefs_, self.intercepts_, strict=True):
            layer.weight, layer.bias = coef.T, intercept
        self._install(net)
        return net

    def _install(self: Any, net: Network) -> None:
        layers = net.layers
        self.coefs_ = [layer.weight.T for layer in layers]
        self.intercepts_ = [layer.bias for layer in layers]
        self._steep_network = (net, [*self.coefs_, *self.intercepts_])

    def _forward_pass_fast(self: Any, X: Any, check_input: bool = True) -> Array:
        if check_input:
            X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        net = self._network()
        rows = X.toarray() if issparse(X) else X
        found: Array = net.predict(rows).astype(rows.dtype if rows.dtype.kind == "f" else np.float64, copy=False)
        return found

    def _problem(self: Any, X: Any, y: Array, sample_weight: Array | None) -> Problem:
        """Return the data as steep's core reads them; y is a matrix of targets, bool for classes."""
        net = self._network()
        X = X.toarray() if issparse(X) else X
        rows = np.ascontiguousarray(X, None if X.dtype in (np.float32, np.float64) else net.dtype)
        loss = _LOSSES[self.out_activation_]
        labels = y.argmax(axis=1).astype(np.int32) if loss == "cross_entropy" else None
        targets = None if labels is not None else np.ascontiguousarray(y, net.dtype)
        weights = None if sample_weight is None else np.ascontiguousarray(sample_weight, np.float64)
        part = Part(rows, targets, labels, weights, y)
        return Problem(part, None, loss, 1.0)

    def _poisson_constant(self: Any, y: Array) -> Array | None:
        """Return what scikit-learn's Poisson loss of each row has beyond steep's: y log y - y."""
        if self.out_activation_ != "exp":
            return None
        from scipy.special import xlogy

        found: Array = (xlogy(y, y) - y).sum(axis=1)
        return found

    def _loss_grad_lbfgs(self: Any, packed: Array, X: Any, y: Array, *rest: Any) -> tuple[float, Array]:
        """Value and gradient of scikit-learn's objective at its packed vector: coefs (in, out), then intercepts."""
        weights = rest[0] if len(rest) == 5 else None
        kept = self.__dict__.get("_steep_risk")
        if kept is None or kept[0] is not X or kept[1] is not y or kept[2] is not weights:
            total = float(X.shape[0] if weights is None else weights.sum())
            part = self._problem(X, y, weights)
            net = self._network()
            dtype = net.dtype
            risk = Risk.of_part(net, part.train, part.loss, 1.0, 0.0, self.alpha / total)
            order = np.concatenate([a.reshape(-1) for a in _positions(net)])
            constant = self._poisson_constant(y)
            offset = 0.0 if constant is None else float(np.average(constant, weights=weights))
            kept = self._steep_risk = (X, y, weights, risk, order, offset, dtype)
        risk, order, offset = kept[3:6]
        w = np.empty(order.size)
        w[order] = packed
        value, gradient = risk.value_and_gradient(w)
        if (
            self.out_activation_ == "identity" and y.shape[1] > 1
        ):  # its value is a mean over outputs, its gradient a sum
            penalty = risk.penalty(w)
            value = penalty + (value - penalty) / y.shape[1]
        return value + offset, gradient[order].astype(packed.dtype, copy=False)

    def _fit_lbfgs(self: Any, X: Any, y: Array, *rest: Any) -> None:
        self._network()
        try:
            super()._fit_lbfgs(X, y, *rest)  # type: ignore[misc]
        finally:
            self.__dict__.pop("_steep_risk", None)

    def _rule(self: Any) -> Rule:
        if self.solver == "adam":
            return Adam(
                self.learning_rate_init,
                beta1=self.beta_1,
                beta2=self.beta_2,
                eps=self.epsilon,
                eps_before_correction=True,
            )
        beta = min(float(self.momentum), float(np.nextafter(1.0, 0.0)))
        kind = Nesterov if self.nesterovs_momentum else Momentum
        return kind(self.learning_rate_init, beta=beta, form="velocity")

    def _fit_stochastic(self: Any, X: Any, y: Array, *rest: Any) -> None:
        sample_weight, incremental = (rest[0] if len(rest) == 7 else None), rest[-1]
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        if not incremental or not hasattr(self, "_optimizer"):
            schedule = self.learning_rate if self.solver == "sgd" else "constant"
            self._optimizer = _Optimizer(self._rule(), self.learning_rate_init, schedule, self.power_t)
        held = None
        if self.early_stopping:
            X, y, sample_weight, held = self._split(X, y, sample_weight)
        n = X.shape[0]
        if self.batch_size == "auto":
            batch_size = min(200, n)
        else:
            if self.batch_size > n:
                warnings.warn(
                    "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2
                )
            batch_size = int(np.clip(self.batch_size, 1, n))
        net, problem, optimizer = self._network(), self._problem(X, y, sample_weight), self._optimizer
        options = {
            "batch_size": batch_size, "shuffle": False, "seed": 0, "l1": 0.0, "l2": float(self.alpha),
            "clip_norm": np.inf, "n_threads": _core.default_threads(), "per_batch": True,
        }  # fmt: skip
        trainer = problem.trainer(net, optimizer.rule, options)
        if optimizer.slots is not None:
            w, state = net.parameters, net.state
            trainer.restore(w, state, optimizer.slots, optimizer.step, 0, 0, trainer.partial, w, state)
        constant = self._poisson_constant(y)
        order = np.arange(n, dtype=np.int64)
        self.n_iter_ = 0
        for _ in range(self.max_iter):
            if self.shuffle:
                order = np.ascontiguousarray(shuffle(order, random_state=self._random_state))
            trainer.set_order(order)
            trainer.run(1, np.full(trainer.steps_per_epoch, float(optimizer.learning_rate)))
            found = trainer.report
            net.parameters[...] = trainer.parameters
            if found["status"] == "interrupted":
                warnings.warn(_INTERRUPTED, stacklevel=2)
                break
            if found["status"] == "diverged":
                if not self.early_stopping:
                    raise ValueError(_NOT_FINITE)
                self.loss_curve_.append(float("nan"))  # the best epoch's parameters are finite
                self.validation_scores_.append(float("nan"))
                break
            self.n_iter_ += 1
            self.t_ += n
            self.loss_ = self._epoch_loss(found, y, sample_weight, constant, order, batch_size)
            self.loss_curve_.append(self.loss_)
            if self.verbose:
                print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
            self._update_no_improvement_count(self.early_stopping, *(held or (None, None, None)))
            optimizer.iteration_ends(self.t_)
            if self._no_improvement_count > self.n_iter_no_change:
                what = "Validation score" if self.early_stopping else "Training loss"
                message = (
                    f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs."
                )
                if optimizer.trigger_stopping(message, self.verbose):
                    break
                self._no_improvement_count = 0
            if incremental:
                break
            if self.n_iter_ == self.max_iter:
                warnings.warn(
                    f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                    "converged yet.",
                    ConvergenceWarning,
                    stacklevel=2,
                )
        optimizer.slots, optimizer.step = trainer.slots, trainer.step
        if self.early_stopping:
            self.coefs_, self.intercepts_ = self._best_coefs, self._best_intercepts

    def _epoch_loss(
        self: Any,
        found: dict[str, Array],
        y: Array,
        weights: Array | None,
        constant: Array | None,
        order: Array,
        batch: int,
    ) -> float:
        """Return scikit-learn's loss of an epoch: a mean over outputs for the squared error, with the penalty."""
        loss, objective = float(found["loss"][0]), float(found["objective"][0])
        if self.out_activation_ == "identity":
            return loss / int(y.shape[1]) + (objective - loss)
        if constant is None:
            return objective
        starts = np.arange(0, len(order), batch)
        w = np.ones(len(order)) if weights is None else weights[order]
        rows = np.diff([*starts, len(order)])
        means = np.add.reduceat(constant[order] * w, starts) / np.add.reduceat(w, starts)
        return objective + float((means * rows).sum() / len(order))

    def _split(self: Any, X: Any, y: Array, sample_weight: Array | None) -> tuple[Any, ...]:
        """Split off the validation rows of early stopping, as scikit-learn does."""
        stratify = y if is_classifier(self) and self.n_outputs_ == 1 else None
        arrays = (X, y) if sample_weight is None else (X, y, sample_weight)
        parts = train_test_split(
            *arrays, random_state=self._random_state, test_size=self.validation_fraction, stratify=stratify
        )
        X_train, X_val, y_train, y_val = parts[:4]
        w_train, w_val = parts[4:] if sample_weight is not None else (None, None)
        if X_val.shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        if is_classifier(self):
            y_val = self._label_binarizer.inverse_transform(y_val)
        return X_train, y_train, w_train, (X_val, y_val, w_val)


def _positions(net: Network) -> list[Array]:
    """Return where scikit-learn's packed vector, coefs (in, out) then intercepts, lies in the flat vector."""
    index = np.arange(net.parameters.size)
    weights, biases = [], []
    for row in net._layout:
        for name, shape, offset in row["arrays"]:
            view = net._view(index, shape, offset)
            if name == "weight":
                weights.append(view.T)
            else:
                biases.append(view)
    return [*weights, *biases]


class MLPClassifier(_SteepMixin, _MLPClassifier):  # type: ignore[misc]
    """
    scikit-learn's ``MLPClassifier``, several times faster: the same arguments, attributes and results.

    All parameters, attributes and methods are those of :class:`sklearn.neural_network.MLPClassifier`. The same
    ``random_state`` gives its fit up to rounding, and the same bits for any number of threads. ``coefs_`` and
    ``intercepts_`` are views of one flat vector; they may be changed or replaced.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from steep.sklearn import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> MLPClassifier(solver="lbfgs", random_state=0, max_iter=500).fit(X, y).score(X, y) > 0.95
    True
    """


class MLPRegressor(_SteepMixin, _MLPRegressor):  # type: ignore[misc]
    """
    scikit-learn's ``MLPRegressor``, several times faster: the same arguments, attributes and results.

    All parameters, attributes and methods are those of :class:`sklearn.neural_network.MLPRegressor`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from steep.sklearn import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> MLPRegressor((20,), random_state=0, max_iter=30, tol=0, early_stopping=True).fit(X, y).n_layers_
    3
    """
