"""
Epochs of minibatches: scikit-learn's loop around steep's trainer.

Shuffles, split, schedules, stopping, warnings and messages are scikit-learn's; an epoch is one call of the core.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from .. import _core
from .._problem import Problem
from .._validation import Array
from ..callbacks import EpochInfo, stops
from ..rules import Adam, Momentum, Nesterov, Rule, resolve_optimizer
from ._interrupts import Interrupts
from ._network import largest_loss
from ._solver import NOT_FINITE

__all__ = ["EpochsMixin"]


class _Optimizer(SGDOptimizer):  # type: ignore[misc]
    """scikit-learn's schedule of learning rates, and what the update rule goes on from in partial_fit."""

    def __init__(self, rule: Rule, schedule: str, power_t: float) -> None:
        self.varies = callable(rule.learning_rate)
        start = 1.0 if callable(rule.learning_rate) else float(rule.learning_rate)
        super().__init__([], start, schedule, power_t=power_t)
        self.rule = rule
        self.slots: list[Array] | None = None
        self.step = 0

    def rates(self, step: int, count: int) -> Array:
        """Return the learning rates of the next steps."""
        if self.varies:
            return self.rule.rates(step, count)
        return np.full(count, float(self.learning_rate))


class EpochsMixin:
    """Solvers that are update rules."""

    def _rule(self: Any, solver: str | Rule) -> Rule:
        rate = self.learning_rate if callable(self.learning_rate) else float(self.learning_rate_init)
        if isinstance(solver, Rule):
            return replace(solver, learning_rate=rate) if callable(self.learning_rate) else solver
        if solver == "adam":
            return Adam(rate, beta1=self.beta_1, beta2=self.beta_2, eps=float(self.epsilon), eps_before_correction=True)
        if solver == "sgd":
            beta = min(float(self.momentum), float(np.nextafter(1.0, 0.0)))
            kind = Nesterov if self.nesterovs_momentum else Momentum
            return kind(rate, beta=beta, form="velocity")
        return replace(resolve_optimizer(solver, "solver"), learning_rate=rate)

    def _fit_epochs(
        self: Any, X: Any, y: Array, sample_weight: Array | None, incremental: bool, solver: str | Rule
    ) -> None:
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        if not incremental or not hasattr(self, "_optimizer"):
            named = isinstance(self.learning_rate, str) and solver != "adam"
            self._optimizer = _Optimizer(self._rule(solver), self.learning_rate if named else "constant", self.power_t)
        held = self._validated_rows()
        if self.early_stopping and held is None:
            X, y, sample_weight, held = self._split(X, y, sample_weight)
        n = X.shape[0]
        batch_size = self._batch_rows(n)
        net, optimizer = self._network(), self._optimizer
        if self.l1 > 0 and not optimizer.rule.core.allows_l1:
            raise ValueError(
                f"l1 must be 0 with {type(optimizer.rule).__name__}, which has no step size to scale its proximal step "
                f"by, got {self.l1}: use solver='adam' or 'sgd'"
            )
        problem = Problem(self._part(net, X, y, sample_weight), None, *self._loss())
        weight = 1.0 if sample_weight is None else float(np.mean(sample_weight)) or 1.0
        options = {
            "batch_size": batch_size, "shuffle": False, "seed": self._noise_seed(),
            "l1": float(self.l1) / (batch_size * weight),
            "l2": float(self.alpha), "clip_norm": np.inf if self.clip_norm is None else float(self.clip_norm),
            "n_threads": self.n_threads or _core.default_threads(), "per_batch": True,
        }  # fmt: skip
        if self._bounded_loss():
            options["largest_loss"] = largest_loss(net.dtype)
        trainer = problem.trainer(net, optimizer.rule, options)
        if optimizer.slots is not None:
            w, state = net.parameters, net.state
            trainer.restore(w, state, optimizer.slots, optimizer.step, 0, 0, trainer.partial, w, state)
        constant = self._poisson_constant(y)
        order = np.arange(n, dtype=np.int64)
        end = np.inf if self.max_time is None else time.monotonic() + self.max_time
        best: tuple[Array, Array] | None = None
        self.n_iter_ = 0
        if held is not None and self.validation_scores_ is None:
            vars(self)["validation_scores_"] = []
        watched = held is not None or bool(self.callbacks)  # someone looks at the network after every epoch
        with Interrupts() as interrupts:
            try:
                for _ in range(self.max_iter):
                    if self.shuffle:
                        self._random_state.shuffle(order)  # as sklearn.utils.shuffle, which copies and indexes
                    trainer.set_order(order)
                    rates = optimizer.rates(trainer.step, trainer.steps_per_epoch)
                    interrupts.call(trainer.run, 1, rates, max(0.0, end - time.monotonic()))
                    found = trainer.report
                    if watched:
                        net.parameters[...], net.state[...] = trainer.parameters, trainer.state
                    if found["status"] == "interrupted":
                        interrupts.heard = True
                        break
                    if found["status"] == "diverged":
                        if not self.early_stopping:
                            raise ValueError(NOT_FINITE)
                        self.loss_curve_.append(float("nan"))  # the best epoch's parameters are finite
                        self.validation_scores_.append(float("nan"))
                        break
                    if not len(found["loss"]):
                        self._warn_time()
                        break
                    self.n_iter_ += 1
                    self.t_ += n
                    self.loss_ = self._epoch_loss(problem.loss, found, y, sample_weight, constant, order, batch_size)
                    self.loss_curve_.append(self.loss_)
                    if self.verbose:
                        print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
                    if held is not None:
                        self._held_trainer = trainer
                        try:
                            self.validation_scores_.append(interrupts.call(self._score, *held))
                        finally:
                            del self._held_trainer
                        if self.verbose and self.early_stopping:
                            print(f"Validation score: {self.validation_scores_[-1]:f}")
                    if self._count_improvement() and self.early_stopping:
                        best = net.parameters.copy(), net.state.copy()
                    optimizer.iteration_ends(self.t_)
                    if interrupts.call(self._call_back, found):
                        break
                    if self._no_improvement_count > self.n_iter_no_change:
                        what = "Validation score" if self.early_stopping else "Training loss"
                        message = (
                            f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} "
                            "consecutive epochs."
                        )
                        if optimizer.trigger_stopping(message, self.verbose):
                            break
                        self._no_improvement_count = 0
                    if incremental:
                        break
                    if found["status"] == "max_time" or time.monotonic() >= end:
                        self._warn_time()
                        break
                    if self.n_iter_ == self.max_iter:
                        warnings.warn(
                            f"Stochastic Optimizer: Maximum iterations ({int(self.max_iter)}) reached and the "
                            "optimization hasn't converged yet.",
                            ConvergenceWarning,
                            stacklevel=2,
                        )
            except KeyboardInterrupt:
                interrupts.heard = True
            finally:
                net.parameters[...], net.state[...] = trainer.parameters, trainer.state
            optimizer.slots, optimizer.step = trainer.slots, trainer.step
            if best is not None:
                net.parameters[...], net.state[...] = best
            if self.early_stopping:
                self._best_coefs, self._best_intercepts = self.coefs_, self.intercepts_

    def _count_improvement(self: Any) -> bool:
        """Count epochs without progress of the watched score or loss; return whether the last is the best so far."""
        if not self.early_stopping:
            value, best = self.loss_curve_[-1], self.best_loss_
            self._no_improvement_count = self._no_improvement_count + 1 if value > best - self.tol else 0
            self.best_loss_ = min(value, best)
            return bool(value < best)
        value, best = self.validation_scores_[-1], self.best_validation_score_
        self._no_improvement_count = self._no_improvement_count + 1 if value < best + self.tol else 0
        self.best_validation_score_ = max(value, best) if value == value else best
        return bool(value > best)

    def _noise_seed(self: Any) -> int:
        """Return the seed of dropout; without dropout nothing is drawn, as in scikit-learn."""
        return int(self._random_state.randint(np.iinfo(np.int32).max)) if np.any(np.asarray(self.dropout) > 0) else 0

    def _batch_rows(self: Any, n: int) -> int:
        if isinstance(self.batch_size, str):  # "auto"
            return min(200, n)
        if self.batch_size > n:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2
            )
        return int(np.clip(self.batch_size, 1, n))

    def _warn_time(self: Any) -> None:
        warnings.warn(
            f"Stochastic Optimizer: max_time={self.max_time:g} s was over after {self.n_iter_} epochs and the "
            "optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=3,
        )

    def _calls(self: Any) -> list[Any]:
        """Return the callbacks."""
        return [self.callbacks] if callable(self.callbacks) else list(self.callbacks or ())

    def _call_back(self: Any, found: dict[str, Array]) -> bool:
        """Call the callbacks; whether one of them stops the run."""
        calls = self._calls()
        if not calls:
            return False
        logs = {"loss": self.loss_, "gradient_norm": float(found["gradient_norm"][0])}
        if self.validation_scores_:
            logs["validation_score"] = float(self.validation_scores_[-1])
        stop = False
        for call in calls:
            stop |= stops(call, EpochInfo(self.n_iter_, self.max_iter, logs, self._network()))
        return stop

    def _epoch_loss(
        self: Any,
        loss: str,
        found: dict[str, Array],
        y: Array,
        weights: Array | None,
        constant: Array | None,
        order: Array,
        batch: int,
    ) -> np.float64:
        """Return scikit-learn's loss of an epoch: a mean over outputs for the squared error, with the penalty."""
        data, objective = found["loss"][0], found["objective"][0]
        if loss == "squared_error":
            return np.float64(data / y.shape[1] + (objective - data))
        if constant is None:
            return np.float64(objective)
        starts = np.arange(0, len(order), batch)
        w = np.ones(len(order)) if weights is None else weights[order]
        rows = np.diff([*starts, len(order)])
        means = np.add.reduceat(constant[order] * w, starts) / np.add.reduceat(w, starts)
        return np.float64(objective + (means * rows).sum() / len(order))

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
