"""Training by a full-batch method: an epoch is an accepted iteration of `minimize` on the network's risk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._problem import Problem
from ._validation import Array
from .callbacks import EarlyStopping, EpochInfo, Patience, Progress
from .methods import Method, Options
from .network import Network
from .results import Result
from .risk import Risk
from .runs import History, Run, TrainState

__all__ = ["train_full_batch", "working_copy"]

# Methods that do as well with the rounding of float32; the others work on the same network in float64.
_SINGLE = ("lbfgs", "gradient_descent", "accelerated_gradient", "heavy_ball", "conjugate_gradient", "proximal_gradient")


def working_copy(net: Network, method: Method) -> Network:
    """Return the network in the dtype that a method works in."""
    return net if method.name in _SINGLE else net.astype("float64")


def train_full_batch(
    net: Network,
    seen: Network,
    problem: Problem,
    method: Method,
    penalty: tuple[float, float],
    epochs: int,
    metrics: dict[str, Callable[..., float]],
    early_stopping: EarlyStopping | None,
    callbacks: list[Callable[..., Any]],
    max_time: float,
    tol: float | None,
    n_threads: int,
    progress: bool | None,
) -> Run:
    """Minimize the risk of `seen`, the working copy of `net`, and install the result; `train` has checked the rest."""
    f = Risk.of_problem(seen, problem, *penalty)
    core: Any = f._core
    core.set_threads(n_threads)
    loop = _Loop(net, problem, f, metrics, early_stopping, callbacks, epochs)
    if tol is None:
        tol = 1e-8 if f.network.dtype == np.float64 else 1e-4
    options = Options(tol, max_iter=epochs, max_time=max_time, callback=loop.after_iteration)
    start = net.parameters.astype(np.float64)
    loop.bar = Progress(progress, epochs, 0)
    try:
        result = method._run(f, start, options)
    finally:
        loop.bar.close()
    return loop.finish(result, method)


class _Loop:
    def __init__(
        self,
        net: Network,
        problem: Problem,
        f: Risk,
        metrics: dict[str, Callable[..., float]],
        early_stopping: EarlyStopping | None,
        callbacks: list[Callable[..., Any]],
        epochs: int,
    ) -> None:
        self.net, self.problem, self.f, self.metrics, self.epochs = net, problem, f, metrics, epochs
        self.early_stopping, self.callbacks = early_stopping, callbacks
        self.patience, self.history = Patience(), History()
        self.stop: tuple[str, str] | None = None
        self.bar: Progress
        self.validation = None
        if problem.validation is not None:
            self.validation = Risk.of_part(f.network, problem.validation, problem.loss, problem.parameter)

    def after_iteration(self, intermediate_result: Result) -> None:
        w, epoch = intermediate_result.x, int(intermediate_result.nit)
        fun = float(intermediate_result.fun)
        row = {
            "loss": fun - self.f.penalty(w),
            "objective": fun,
            "gradient_norm": float(intermediate_result.gradient_norm),
        }
        if self.validation is not None:
            row["val_loss"] = self.validation.value(w)
        parameters = w.astype(self.net.dtype)
        if self.metrics:
            found = self.problem.measure(self.net, parameters, self.net.state, self.metrics)
            row |= {name: float(value[0]) for name, value in found.items()}
        self.history.extend({name: np.array([value]) for name, value in row.items()})
        self.bar.update(1, row)
        rule = self.early_stopping
        if rule is not None:
            value, p = row[rule.monitor], self.patience
            if p.exhausted(rule, value, epoch, parameters, self.net.state.copy()):
                sentence = f"{rule.monitor} has not improved on {p.best:.6g} of epoch {p.best_epoch} since."
                self.stop = "early_stopped", sentence
        if self.callbacks:
            self.net.parameters[...] = parameters
            info = EpochInfo(epoch, self.epochs, row, self.net)
            for call in self.callbacks:
                try:
                    stopped = call(info) is True
                except StopIteration:
                    stopped = True
                if stopped and self.stop is None:
                    self.stop = "interrupted", f"A callback stopped the run after epoch {epoch}."
        if self.stop is not None:
            raise StopIteration

    def finish(self, result: Result, method: Method) -> Run:
        rows = len(self.history.get("loss", ()))
        for name, column in result.trace.items():
            if name in ("fun", "gradient_norm"):
                continue
            self.history[name] = np.asarray(column[1 : rows + 1], np.float64)
        status, message = self.stop or (result.status, result.message)
        if status == "max_iter":
            status, message = "max_epochs", f"All {self.epochs} epochs done. {message}"
        w: Array = result.x.astype(self.net.dtype)
        best, chosen = result.nit, w
        if self.early_stopping is not None:
            best = self.patience.best_epoch
            if self.early_stopping.restore_best and self.patience.parameters is not None:
                chosen = self.patience.parameters
        self.net.parameters[...] = chosen
        state = TrainState(
            w, self.net.state.copy(), [], result.nit, result.nit, 0, [], w, self.net.state.copy(), self.history,
            self.patience, {"optimizer": method.name}, status,
        )  # fmt: skip
        return Run(self.net, self.history, status, message, state, int(best))
