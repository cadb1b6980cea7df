"""One call of `train`: chunks of epochs in the core, and what Python does between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ._checks import show
from ._validation import Array
from .callbacks import EarlyStopping, EpochInfo, Patience, Progress, stops
from .runs import History, Run, TrainState

if TYPE_CHECKING:
    from ._problem import Problem
    from .network import Network
    from .rules import Rule

__all__ = ["Loop"]

_CHUNK_SECONDS = 0.1  # of work between two looks at the progress bar
_CHUNK_RATES = 1_000_000  # learning rates worked out ahead


@dataclass
class Loop:
    """A trainer of the core and everything that goes on around it."""

    net: Network
    problem: Problem
    rule: Rule
    trainer: Any
    metrics: dict[str, Callable[..., float]]
    early_stopping: EarlyStopping | None
    callbacks: list[Callable[..., Any]]
    epochs: int
    max_time: float
    tol: float
    columns: list[str]  # of the history
    identity: dict[str, Any]  # what a resumed run must have in common with the one it goes on from
    history: History = field(default_factory=History)
    patience: Patience = field(default_factory=Patience)
    unmeasured: bool = False  # the last epoch's metrics, early stopping and callbacks are still to come
    seconds_before: float = 0.0
    elapsed: float = 0.0  # seconds of this call before the trainer's last, and the learning rates of that
    rates: Array = field(default_factory=lambda: np.zeros(0))
    status: str = "max_epochs"
    message: str = ""

    def resume(self, source: Any) -> None:
        """Go on from a run or its state."""
        state = source.state if isinstance(source, Run) else source
        if not isinstance(state, TrainState):
            raise TypeError(f"resume must be a Run or a TrainState, got {show(source)}")
        if state.status == "diverged":
            raise ValueError(
                "resume must be a run that did not diverge, got one that did: train on without resume, from the "
                "parameters that it left in the network"
            )
        for name in {**self.identity, **state.identity}:
            before, now = state.identity.get(name), self.identity.get(name)
            if before != now:
                got = _difference(name, before, now)
                raise ValueError(f"resume must be a run with the same {name}, got {got}")
        if state.epoch > self.epochs:
            raise ValueError(
                f"epochs must be at least {state.epoch}, what resume has made already (it counts all epochs), got "
                f"{self.epochs}"
            )
        self.trainer.restore(
            state.parameters, state.network_state, state.slots, state.step, state.epoch, state.position, state.partial,
            state.start_parameters, state.start_state,
        )  # fmt: skip
        self.history = History({name: column.copy() for name, column in state.history.items()})
        self.patience = Patience(**vars(state.patience))
        self.unmeasured = state.unmeasured
        if len(self.history.get("seconds", ())):
            self.seconds_before = float(self.history["seconds"][-1])

    def run(self, wanted: bool | None) -> Run:
        """Train until something ends it; the network is written to at the end, and for each callback."""
        self.history.add_columns(self.columns, len(self.net.layers))
        start = time.perf_counter()
        trainer = self.trainer
        bar = Progress(wanted, self.epochs, trainer.epoch)
        one_by_one = bool(self.metrics or self.callbacks or self.early_stopping)
        chunk = 1
        try:
            going = not self._already_stopped() and (not self.unmeasured or self._between(bar))
            while going and trainer.epoch < self.epochs:
                began = time.perf_counter()
                count = min(1 if one_by_one else chunk, self.epochs - trainer.epoch)
                going = self._epochs(count, began - start, bar)
                spent = time.perf_counter() - began
                largest = max(1, _CHUNK_RATES // trainer.steps_per_epoch)
                chunk = min(max(1, int(chunk * min(_CHUNK_SECONDS / max(spent, 1e-6), 8))), largest)
        except KeyboardInterrupt:  # while Python was at work; the core hears its own and says so
            self._record()
            self.status, self.message = "interrupted", ""
        finally:
            bar.close()
        return self._finish()

    def _already_stopped(self) -> bool:
        """Whether the run that this one goes on from ended by early stopping, and would again."""
        rule = self.early_stopping
        if rule is None or not self.patience.spent(rule):
            return False
        self.status, self.message = "early_stopped", self.patience.sentence(rule)
        return True

    def _epochs(self, count: int, elapsed: float, bar: Progress) -> bool:
        """Make up to `count` epochs; False when the run is over."""
        trainer, steps = self.trainer, self.trainer.steps_per_epoch
        self.elapsed, self.rates = elapsed, self._rates(trainer.epoch * steps, count * steps)
        trainer.run(count, self.rates, max(self.max_time - elapsed, 0.0), self.tol)
        self._record()
        report = trainer.report
        going = self._between(bar, report["epochs"]) if self.unmeasured else True
        if report["status"] == "running":
            return going
        self.status, self.message = report["status"], ""  # what the core found comes before what a callback thinks
        if self.status == "diverged":
            self.message = (
                f"Loss, gradient or parameters became infinite or NaN in epoch {trainer.epoch + 1}, step "
                f"{report['step'] + 1} of {steps}; the parameters are those of the {self._place()}. A smaller learning "
                "rate, clip_norm or scaled inputs may help."
            )
        return False

    def _record(self) -> None:
        """Put what the core reports into the history, once."""
        if "loss" in self.history and len(self.history["loss"]) == self.trainer.epoch:
            return
        found = dict(self.trainer.report)
        if not found:  # the core has not run yet
            return
        done, _, _ = found.pop("epochs"), found.pop("status"), found.pop("step")
        steps = self.trainer.steps_per_epoch
        found["learning_rate"] = self.rates[: done * steps : steps]
        found["seconds"] = found["seconds"] + (self.elapsed + self.seconds_before)
        self.unmeasured = done > 0
        self.history.extend(found)

    def _rates(self, first: int, count: int) -> Array:
        rates = self.rule.rates(first, count)
        if not np.isfinite(rates).all() or (rates < 0).any():
            raise ValueError(
                f"learning_rate must give finite rates of at least 0, got {rates.min():g} to {rates.max():g}"
            )
        return rates

    def _between(self, bar: Progress, done: int = 1) -> bool:
        """Metrics, early stopping and callbacks after an epoch; False when they end the run."""
        trainer, rule, epoch = self.trainer, self.early_stopping, self.trainer.epoch
        parameters: Any = None
        state: Any = None
        if self.metrics or rule is not None or self.callbacks:
            parameters, state = trainer.parameters, trainer.state
        if self.metrics and len(self.history.get(next(iter(self.metrics)), ())) < epoch:
            self.history.extend(self.problem.measure(self.net, parameters, state, self.metrics))
        self.unmeasured = False
        logs = self.history.last()
        bar.update(done, logs)
        going = True
        if rule is not None and self.patience.exhausted(rule, logs[rule.monitor], epoch, parameters, state):
            going, self.status = False, "early_stopped"
            self.message = self.patience.sentence(rule)
        if self.callbacks and not self._call(EpochInfo(epoch, self.epochs, logs, self.net), parameters, state):
            if going:
                self.status, self.message = "interrupted", f"A callback stopped the run after epoch {epoch}."
            going = False
        return going

    def _call(self, info: EpochInfo, parameters: Any, state: Any) -> bool:
        """Call the callbacks; False when one of them wants to stop. What they write into the network counts."""
        self._install(parameters, state)
        going = True
        for call in self.callbacks:
            going = not stops(call, info) and going
        net = self.net
        if not (np.array_equal(net.parameters, parameters) and np.array_equal(net.state, state)):
            self.trainer.set_parameters(net.parameters.copy(), net.state.copy())
        return going

    def _install(self, parameters: Array, state: Array) -> None:
        self.net.parameters[...] = parameters
        self.net.state[...] = state

    def _restores(self) -> EarlyStopping | None:
        """Return the rule by which the network ends with the best parameters, where it does."""
        rule = self.early_stopping
        return rule if rule is not None and rule.restore_best and self.patience.parameters is not None else None

    def _place(self) -> str:
        epoch, rule = self.trainer.epoch, self._restores()
        if rule is not None:
            return f"end of epoch {self.patience.best_epoch}, the best by {rule.monitor}"
        return f"end of epoch {epoch}" if epoch else "start"

    def _finish(self) -> Run:
        trainer, epochs = self.trainer, self.trainer.epoch
        last = f"loss {self.history['loss'][-1]:.6g}" if len(self.history.get("loss", ())) else "no epoch finished"
        sentences = {
            "max_epochs": f"All {self.epochs} epochs done; {last}.",
            "converged": f"The gradient's mean norm is at most {self.tol:g} after {epochs} epochs; {last}.",
            "separated": f"Every row is on its side after {epochs} epochs: the classes are separated.",
            "max_time": f"max_time of {self.max_time:g} s was up in epoch {epochs + 1}; {last}.",
            "interrupted": f"Interrupted in epoch {epochs + 1}; {last}.",
        }
        if self.problem.loss == "perceptron":
            sentences["max_epochs"] = f"Not separated within {self.epochs} epochs; {last}."
        state = TrainState(
            trainer.parameters, trainer.state, trainer.slots, trainer.step, epochs, trainer.position,
            list(trainer.partial), trainer.start_parameters, trainer.start_state, self.history, self.patience,
            self.identity, self.status, self.unmeasured,
        )  # fmt: skip
        message, best, rule = self.message or sentences[self.status], epochs, self._restores()
        if rule is not None:
            assert self.patience.parameters is not None
            assert self.patience.state is not None
            if self.status not in ("early_stopped", "diverged") and self.patience.best_epoch != epochs:
                message += f" {self.patience.restored(rule)}"
            self._install(self.patience.parameters, self.patience.state)
            best = self.patience.best_epoch
        else:
            self._install(state.parameters, state.network_state)
        return Run(self.net, self.history, self.status, message, state, best)


def _difference(name: str, old: Any, new: Any) -> str:
    """Return what differs between an entry of a run's identity and this call's, in words."""
    if name == "data" and isinstance(old, list):
        if len(old) != len(new):
            return "validation rows in only one of the two"
        for prefix, before, now in zip(("", "validation "), old, new, strict=False):
            if before != now:
                differs = [b != a for b, a in zip(before, now, strict=True)]
                if differs[0]:
                    return f"{before[0]:.0f} {prefix}rows where this call has {now[0]:.0f}"
                parts = zip(("rows of X", "targets", "weights"), differs[1:], strict=True)
                return "other " + " and ".join(prefix + what for what, differ in parts if differ)
    if name == "optimizer" and isinstance(old, dict):
        for field in [*new, *old]:
            if old.get(field) != new.get(field):
                was, now = old.get(field), new.get(field)
                return f"{field} {was} where this call has {now}"
    return f"{show(old)} where this call has {show(new)}"
