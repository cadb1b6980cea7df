"""What is called between epochs: callbacks, early stopping, and the progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ._checks import check_bool, check_choice, check_integer, check_non_negative, show
from .metrics import lower_is_better

if TYPE_CHECKING:
    from ._validation import Array
    from .network import Network

__all__ = ["EarlyStopping", "EpochInfo", "Patience", "Progress"]


@dataclass(frozen=True)
class EpochInfo:
    """
    What a callback is given after an epoch.

    Attributes
    ----------
    epoch : int
        Epochs done, from 1.
    epochs : int
        Epochs in all.
    logs : dict of str to float
        The epoch's row of the history.
    network : Network
        With the parameters of the end of the epoch.
    """

    epoch: int
    epochs: int
    logs: Mapping[str, float]
    network: Network = field(repr=False)


def stops(callback: Callable[[EpochInfo], Any], info: EpochInfo) -> bool:
    """Call a callback; whether it stops the run: it returns True, NumPy's too, or raises StopIteration."""
    try:
        returned = callback(info)
    except StopIteration:
        return True
    return isinstance(returned, bool | np.bool_) and bool(returned)


@dataclass(frozen=True)
class EarlyStopping:
    """
    Stop when a monitored quantity has not improved for `patience` epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A column of the history with one number an epoch: loss, objective, val_loss, a metric, or val_ and a metric;
        also gradient_norm, learning_rate, seconds and zeros.
    patience : int, default 10
    min_delta : float, default 0
        An improvement must be larger than this.
    mode : {"auto", "min", "max"}
        Which way is better; "auto" is "min" for losses, errors and gradient_norm, and "max" for all others, a metric of
        one's own among them.
    restore_best : bool, default True
        End with the parameters of the best epoch, however the run ends.

    Examples
    --------
    >>> import steep
    >>> steep.EarlyStopping("val_accuracy", patience=5).patience
    5
    """

    monitor: str = "val_loss"
    patience: int = 10
    min_delta: float = 0.0
    mode: str = "auto"
    restore_best: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.monitor, str):
            raise TypeError(f"monitor must be a name, got {show(self.monitor)}")
        check_integer(self.patience, "patience", 0)
        check_non_negative(self.min_delta, "min_delta")
        check_choice(self.mode, "mode", ("auto", "min", "max"))
        check_bool(self.restore_best, "restore_best")

    def better(self, value: float, best: float) -> bool:
        """Whether `value` improves on `best` by more than min_delta; anything improves on NaN."""
        if np.isnan(best):
            return not np.isnan(value)
        downwards = self.mode == "min" or (self.mode == "auto" and lower_is_better(self.monitor))
        return bool(value < best - self.min_delta if downwards else value > best + self.min_delta)


@dataclass
class Patience:
    """What early stopping remembers: the best value, its epoch and parameters, and how long ago that was."""

    best: float = float("nan")
    best_epoch: int = 0
    waited: int = 0
    parameters: Array | None = None
    state: Array | None = None

    def exhausted(self, rule: EarlyStopping, value: float, epoch: int, parameters: Array, state: Array) -> bool:
        """Note an epoch's value; True when the patience is at its end."""
        if rule.better(value, self.best):
            found = Patience(value, epoch, 0, parameters, state)
            vars(self).update(vars(found))  # all at once, so that no interrupt comes between
            return False
        self.waited += 1
        return self.spent(rule)

    def spent(self, rule: EarlyStopping) -> bool:
        """Whether the wait has been as long as a rule allows."""
        return self.waited >= max(rule.patience, 1)

    def sentence(self, rule: EarlyStopping) -> str:
        """Say why the run was stopped early."""
        return (
            f"{rule.monitor} was best at epoch {self.best_epoch} ({self.best:.6g}) and has not improved in "
            f"{self.waited} epochs."
        )

    def restored(self, rule: EarlyStopping) -> str:
        """Say what the network was given at the end of a run that was not stopped early."""
        return (
            f"The network has the parameters of epoch {self.best_epoch}, the best by {rule.monitor} ({self.best:.6g})."
        )


class Progress:
    """A tqdm bar over epochs; nothing where there is no terminal, unless asked for."""

    def __init__(self, wanted: bool | None, total: int, done: int) -> None:
        self._bar: Any = None
        if wanted or (wanted is None and sys.stderr is not None and sys.stderr.isatty()):
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, initial=done, unit="epoch", leave=True)

    @property
    def shown(self) -> bool:
        """Whether there is a bar."""
        return self._bar is not None

    def update(self, epochs: int, logs: Mapping[str, float]) -> None:
        """Move the bar, and show the last epoch's numbers."""
        if self._bar is not None:
            shown = {
                k: v for k, v in logs.items() if k not in ("objective", "learning_rate", "gradient_norm", "seconds")
            }
            self._bar.set_postfix({k: f"{v:.4g}" for k, v in shown.items()}, refresh=False)
            self._bar.update(epochs)

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()
