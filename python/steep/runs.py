"""What training returns: the history, the status, and the state that a later call goes on from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ._safetensors import FileFormatError, read_safetensors, write_safetensors
from ._validation import Array
from .callbacks import Patience

if TYPE_CHECKING:
    from .fits import Fits
    from .network import Network

__all__ = ["History", "Run", "TrainState"]

_FORMAT = "steep.train_state"


class History(dict[str, Array]):
    """
    Columns over epochs, float64 arrays: ``history["loss"]``.

    ``loss`` (weighted mean of the minibatch losses before each update, penalty left out), ``objective`` (with the
    penalty), ``val_loss``, each metric and ``val_`` metric, ``learning_rate`` (of the epoch's first step),
    ``gradient_norm`` (mean over steps, penalty included, before clipping), ``layer_gradient_norm`` (epochs, layers),
    ``layer_activation_norm`` (epochs, layers; root mean square of a layer's outputs in the epoch's last step),
    ``seconds`` since the start; with an l1 or a group penalty ``zeros``, the share of weights that are exactly zero.

    Full-batch methods leave out the activations' norms and give ``loss`` and the norms after the iteration, at the
    parameters that they are then at; their ``learning_rate`` is the ``step_size`` along their direction (NaN where they
    have none), and they add ``damping`` and the like. All norms are Euclidean (a method's own test, in its message, may
    be of another).
    """

    def __init__(self, columns: Mapping[str, Array] | None = None) -> None:
        super().__init__({} if columns is None else columns)
        self._rooms: dict[str, Array] = {}  # arrays with room for more epochs, of which the columns are views

    def extend(self, rows: dict[str, Array]) -> None:
        """Add epochs at the end of every column."""
        longer = {}
        for name, column in rows.items():
            column = np.asarray(column, np.float64)
            old = self.get(name, column[:0])
            n = len(old) + len(column)
            room = self._rooms.get(name)
            if room is None or old.base is not room or len(room) < n:
                room = self._rooms[name] = np.empty((max(n, 2 * len(old)), *column.shape[1:]))
                room[: len(old)] = old
            room[len(old) : n] = column
            longer[name] = room[:n]
        self.update(longer)  # all columns at once, so that no interrupt comes between

    def add_columns(self, names: Iterable[str], layers: int) -> None:
        """Add the columns that are not there yet, without epochs."""
        for name in names:
            self.setdefault(name, np.zeros((0, layers) if name.startswith("layer_") else 0))

    def __reduce__(self) -> tuple[Any, ...]:
        return History, ({name: column.copy() for name, column in self.items()},)

    def last(self) -> dict[str, float]:
        """Return the last epoch's row, without the layers' norms."""
        return {name: float(column[-1]) for name, column in self.items() if column.ndim == 1 and len(column)}


@dataclass
class TrainState:
    """
    Everything a resumed run needs: picklable, and saved in safetensors layout.

    Attributes
    ----------
    parameters, network_state : arrays
        The last ones, whatever early stopping put into the network.
    slots : list of arrays (p,)
        The rule's own.
    step, epoch, position : int
        Updates made, whole epochs made, updates made of the current epoch.
    partial, start_parameters, start_state
        Sums of the unfinished epoch, and what it started from.
    history : History
    status : str
        How the run ended.
    """

    parameters: Array
    network_state: Array
    slots: list[Array]
    step: int
    epoch: int
    position: int
    partial: list[float]
    start_parameters: Array
    start_state: Array
    history: History
    patience: Patience
    identity: dict[str, Any] = field(repr=False)
    status: str = "max_epochs"
    unmeasured: bool = False

    def __repr__(self) -> str:
        return f"<TrainState of {self.parameters.size:,} parameters after {self.epoch} epochs, {self.step} steps>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """
        Save the state, atomically.

        Parameters
        ----------
        path : path
        """
        tensors = {"parameters": self.parameters, "network_state": self.network_state}
        if self.position:
            tensors |= {"start_parameters": self.start_parameters, "start_state": self.start_state}
        tensors |= {f"slot{k}": slot for k, slot in enumerate(self.slots)}
        tensors |= {f"history.{name}": column for name, column in self.history.items()}
        best = self.patience
        if best.parameters is not None and best.state is not None:
            tensors |= {"best_parameters": best.parameters, "best_state": best.state}
        tensors["partial"] = np.array([*self.partial, best.best], np.float64)
        counts = [self.step, self.epoch, self.position, best.best_epoch, best.waited, len(self.slots)]
        counts.append(int(self.unmeasured))
        metadata = {
            "format": _FORMAT,
            "version": "1",
            "counts": json.dumps(counts),
            "identity": json.dumps(self.identity),
            "status": self.status,
        }
        write_safetensors(path, {name: array for name, array in tensors.items() if array.size}, metadata)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TrainState:
        """
        Load a state that :meth:`save` wrote.

        Raises
        ------
        FileFormatError
            The file is damaged or of another kind.
        """
        tensors, metadata = read_safetensors(path)
        if metadata.get("format") != _FORMAT:
            raise FileFormatError(f"{os.fspath(path)!r} cannot be loaded: it holds no state of a training run")
        try:
            counts = (int(v) for v in json.loads(metadata["counts"]))
            step, epoch, position, best_epoch, waited, slots, unmeasured = counts
            parameters = tensors["parameters"]
            none = np.zeros(0, parameters.dtype)
            state = tensors.get("network_state", none)
            start = tensors.get("start_parameters", parameters), tensors.get("start_state", state)
            *partial, best = tensors["partial"].tolist()
            patience = Patience(best, best_epoch, waited, tensors.get("best_parameters"))
            if patience.parameters is not None:
                patience.state = tensors.get("best_state", none)
            columns = {k: v for k, v in tensors.items() if k.startswith("history.")}
            history = History({k.removeprefix("history."): v for k, v in columns.items()})
            return cls(
                parameters, state, [tensors[f"slot{k}"] for k in range(slots)], step, epoch, position, partial, *start,
                history, patience, json.loads(metadata["identity"]), metadata["status"], bool(unmeasured),
            )  # fmt: skip
        except (KeyError, ValueError, TypeError) as error:
            raise FileFormatError(f"{os.fspath(path)!r} cannot be loaded: {error!r} in the state") from None


@dataclass
class Run:
    """
    The result of :func:`steep.train`.

    Attributes
    ----------
    network : Network
        The trained network, the one that was given.
    history : History
    status : str
        converged, max_epochs, early_stopped, max_time, interrupted, diverged or separated; of a full-batch method also
        its own, such as singular or line_search_failed.
    message : str
        The same in a sentence.
    state : TrainState
        For ``train(..., resume=run)``.
    best_epoch : int
        The epoch whose parameters early stopping kept; else the last.
    restarts : Fits or None
        All runs of a method with ``restarts``, this one among them.
    log_evidence : float or None
        Of Bayesian regularization, at the parameters it ended with.
    at_start : dict
        "objective", and "val_loss" with validation rows, of a run of a full-batch method that made no epoch.
    """

    network: Network
    history: History
    status: str
    message: str
    state: TrainState = field(repr=False)
    best_epoch: int = 0
    restarts: Fits | None = field(default=None, repr=False)
    log_evidence: float | None = None
    at_start: dict[str, float] = field(default_factory=dict, repr=False)

    @property
    def epochs(self) -> int:
        """Whole epochs made."""
        return self.state.epoch

    def __repr__(self) -> str:
        last = ", ".join(f"{k}={v:.4g}" for k, v in self.history.last().items() if k in ("loss", "val_loss", "seconds"))
        return f"<Run {self.status} after {self.epochs} epochs{': ' + last if last else ''}>"

    def plot(self, names: Any = None, axes: Any = None) -> Any:
        """
        Draw columns of the history against epochs (needs the extra ``plot``).

        Parameters
        ----------
        names : str or sequence of str, optional
            Default: the losses, and the metrics with their validation values.
        axes : one or two Matplotlib axes, optional

        Returns
        -------
        figure
        """
        from .plot import history

        return history(self.history, names, axes)
