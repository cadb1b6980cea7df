"""Training by a full-batch method: an epoch is an accepted iteration of `minimize` on the network's risk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ._hints import hint
from ._problem import Problem
from ._side_by_side import run_side_by_side
from ._validation import Array
from .callbacks import EarlyStopping, EpochInfo, Patience, Progress, stops
from .fits import Fits
from .methods import Method, Options
from .methods.arguments import inside
from .methods.base import with_defaults
from .network import Network
from .posterior import LIKELIHOODS, Posterior, laplace
from .results import Result
from .risk import IN_SINGLE, Risk
from .runs import History, Run, TrainState

__all__ = ["WITH_POSTERIOR", "posterior_after", "train_full_batch", "working_copy"]

# Methods after which the network has a posterior, up to this many parameters: O(p^3) at the end.
WITH_POSTERIOR = ("levenberg_marquardt", "gauss_newton", "bayesian_regularization", "newton", "trust_region", "direct")
_POSTERIOR_LIMIT = 1000
NOT_FINITE = "must be finite at x0"  # in the core's error about a start
_INTERVAL = 0.05  # seconds between two looks at the iterations of a run that nothing else looks at


def working_copy(net: Network, method: Method) -> Network:
    """Return the network in the dtype that a method works in."""
    return net if method.name in IN_SINGLE else net.astype("float64")


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
    columns: list[str],
    limits: tuple[Array | None, Array | None] = (None, None),
) -> Run:
    """Minimize the risk of `seen`, the working copy of `net`, and install the result; `train` has checked the rest."""
    restarts = getattr(method, "restarts", 1)
    if restarts > 1:
        began = time.perf_counter()

        def fit(number: int) -> Callable[[], Run | None]:
            own, once = net.copy(), with_defaults(method, restarts=1)
            if number > 0:
                own.initialize(net.seed + number)

            def task() -> Run | None:
                try:
                    return train_full_batch(
                        own, seen, problem, once, penalty, epochs, metrics, early_stopping, callbacks,
                        max(max_time - (time.perf_counter() - began), 0.0), tol, 1, False, columns, limits,
                    )  # fmt: skip
                except ValueError as error:
                    if number > 0 and NOT_FINITE in str(error):
                        return None  # a draw that is no start
                    raise

            return task

        return _best_of(net, [fit(number) for number in range(restarts)], n_threads)
    f = Risk.of_problem(seen, problem, *penalty).for_method(method)
    lower, upper = limits
    loop = _Loop(net, problem, f, metrics, early_stopping, callbacks, epochs, lower, upper)
    loop.history.add_columns(columns, len(net.layers))
    if tol is None:
        tol = 1e-8 if f.network.dtype == np.float64 else 1e-4
    options = Options(
        tol, max_iter=epochs, max_time=max_time, lower=lower, upper=upper, records=loop.after_iterations,
        interval=loop.interval, n_threads=n_threads,
    )  # fmt: skip
    start = inside(net.parameters.astype(np.float64), lower, upper)
    loop.bar = Progress(progress, epochs, 0)
    loop.before = time.perf_counter() - loop.began
    try:
        result = method._run(f, start, options)
    except ValueError as error:
        if NOT_FINITE not in str(error):
            raise
        raise ValueError(
            f"net.parameters must give a finite loss and gradient on the training rows to start from ({error}): draw "
            "other parameters with net.initialize(seed), or scale the inputs (steep.Standardize)"
        ) from None
    finally:
        loop.bar.close()
    run = loop.finish(result, method)
    run.message += hint(net, problem.train.X, run.status)
    w = net.parameters
    at_bound = (lower is not None and (w <= _within(lower, w.dtype, lower, upper)).any()) or (
        upper is not None and (w >= _within(upper, w.dtype, lower, upper)).any()
    )
    net.posterior = None if at_bound else posterior_after(net, f, method, result)
    return run


def _best_of(net: Network, tasks: list[Callable[[], Run | None]], n_threads: int) -> Run:
    """Run restarts side by side and leave the best in the network."""
    found = Fits(run_side_by_side(tasks, n_threads), by_evidence=True)
    done = [number for number, run in enumerate(found.runs) if run is not None]
    if not done:
        raise KeyboardInterrupt
    best = found.best_index if np.isfinite(found.scores).any() else done[0]
    run = found.runs[best]
    assert run is not None
    net.parameters[...] = run.network.parameters
    net.posterior = run.network.posterior
    message = f"Best of {len(done)} starts (number {best}). {run.message}"
    return replace(run, network=net, message=message, restarts=found)


def _within(x: Array, dtype: Any, lower: Array | None, upper: Array | None) -> Array:
    """Round to a dtype, inwards where that would leave the bounds."""
    rounded = x.astype(dtype)
    if lower is not None:
        rounded = np.where(rounded < lower, np.nextafter(rounded, rounded.dtype.type(np.inf)), rounded)
    if upper is not None:
        rounded = np.where(rounded > upper, np.nextafter(rounded, rounded.dtype.type(-np.inf)), rounded)
    return rounded


def posterior_after(net: Network, f: Risk, method: Method, result: Result) -> Posterior | None:
    """
    Return the posterior at the network's parameters, where a method of second order found them.

    Parameters
    ----------
    net : Network
        With its final parameters.
    f : Risk
        What was minimized.
    method : Method
    result : Result
    """
    if method.name not in WITH_POSTERIOR or f.dim > _POSTERIOR_LIMIT or f.l1 > 0 or f.loss not in LIKELIHOODS:
        return None
    w: Array = net.parameters.astype(np.float64)
    if np.array_equal(w.astype(net.dtype), result.x.astype(net.dtype)):
        w = result.x  # unrounded
    if not np.isfinite(w).all():
        return None
    biases = getattr(method, "penalizes_biases", False)
    risk = f.as_network(result.get("l2"), biases=biases)
    weights = result.get("output_weights")
    try:
        return laplace(risk if weights is None else risk.weigh_outputs(weights), w)
    except ValueError:  # a Gauss-Newton matrix that is not finite: all else that it refuses is left out above
        return None


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
        lower: Array | None,
        upper: Array | None,
    ) -> None:
        self.lower, self.upper = lower, upper
        self.net, self.problem, self.f, self.metrics, self.epochs = net, problem, f, metrics, epochs
        self.early_stopping, self.callbacks = early_stopping, callbacks
        self.patience, self.history = Patience(), History()
        self.stop: tuple[str, str] | None = None
        self.began = time.perf_counter()
        self.before = 0.0  # seconds until the method began
        self.bar: Progress
        self.validation = None
        if problem.validation is not None:
            self.validation = Risk.of_part(f.network, problem.validation, problem.loss, problem.parameter)

    @property
    def interval(self) -> float:
        """Seconds between two looks at the iterations; 0 where something is to be done after each."""
        each = self.validation is not None or self.metrics or self.early_stopping is not None or self.callbacks
        return 0.0 if each else _INTERVAL

    def after_iterations(
        self, number: Array, x: Array, fun: Array, gradient: Array, step_size: Array, seconds: Array, l2: Array
    ) -> None:
        """Record iterations, a row each; several at once only where nothing else is to be done between them."""
        if number[-1] <= len(self.history["loss"]):
            return  # they were recorded when a Ctrl-C came
        rows = {
            "loss": fun - self.f.penalties(x, l2),
            "objective": fun,
            "gradient_norm": np.sqrt((gradient * gradient).sum(axis=1)),
            "learning_rate": step_size,
            "seconds": seconds + self.before,
        }
        if self.f.l1 > 0:
            rows["zeros"] = (x[:, self.net.weight_mask()] == 0).mean(axis=1)
        parameters = self._rounded(x[-1])
        if self.validation is not None:
            rows["val_loss"] = np.array([self.validation.value(x[-1])])
        if self.metrics:
            rows |= self.problem.measure(self.net, parameters, self.net.state, self.metrics)
        self.history.extend(rows | {"layer_gradient_norm": self.net.layer_norms(gradient)})
        self.bar.update(len(fun), self.history.last())
        if self.interval == 0:
            self._between(int(number[-1]), {name: float(column[-1]) for name, column in rows.items()}, parameters)

    def _between(self, epoch: int, row: dict[str, float], parameters: Array) -> None:
        rule = self.early_stopping
        if rule is not None:
            value, p = row[rule.monitor], self.patience
            if p.exhausted(rule, value, epoch, parameters, self.net.state.copy()):
                self.stop = "early_stopped", p.sentence(rule)
        if self.callbacks:
            self.net.parameters[...] = parameters
            info = EpochInfo(epoch, self.epochs, row, self.net)
            for call in self.callbacks:
                if stops(call, info) and self.stop is None:
                    self.stop = "interrupted", f"A callback stopped the run after epoch {epoch}."
        if self.stop is not None:
            raise StopIteration

    def finish(self, result: Result, method: Method) -> Run:
        rows = len(self.history.get("loss", ()))
        for name, column in result.trace.items():
            if name in ("fun", "gradient_norm", "seconds"):
                continue
            self.history[name] = np.asarray(column[1 : rows + 1], np.float64)
        status, message = self.stop or (result.status, result.message)
        if status == "max_iter":
            last = f"loss {self.history['loss'][-1]:.6g}" if rows else "no epoch finished"
            status, message = "max_epochs", f"All {self.epochs} epochs done; {last}."
        w = self._rounded(result.x)
        best, chosen = result.nit, w
        if self.early_stopping is not None:
            best = self.patience.best_epoch
            if self.early_stopping.restore_best and self.patience.parameters is not None:
                chosen = self.patience.parameters
                if status != "early_stopped" and best != result.nit:
                    message += f" {self.patience.restored(self.early_stopping)}"
        self.net.parameters[...] = chosen
        state = TrainState(
            w, self.net.state.copy(), [], result.nit, result.nit, 0, [], w, self.net.state.copy(), self.history,
            self.patience, {"optimizer": method.name}, status,
        )  # fmt: skip
        at_start = {}
        if rows == 0:
            at_start["objective"] = float(result.fun)
            if self.validation is not None:
                at_start["val_loss"] = float(self.validation.value(result.x))
        evidence = result.get("log_evidence")
        return Run(self.net, self.history, status, message, state, int(best), None, evidence, at_start)

    def _rounded(self, x: Array) -> Array:
        return _within(x, self.net.dtype, self.lower, self.upper)
