"""Many independent fits at once: one network a thread, to the same bits as each alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from . import _core
from ._checks import check_threads, show
from ._side_by_side import run_side_by_side
from ._validation import Array
from .network import Network
from .runs import Run

__all__ = ["Fits", "fit_many"]


class Fits:
    """
    What :func:`fit_many` returns.

    Attributes
    ----------
    runs : list of Run
        In the order of the fits; None for one that a Ctrl-C kept from starting.
    monitor : str
        What `best` goes by: the history's column "val_loss" where every run has it, else "-log_evidence" where all are
        of Bayesian regularization (whose restarts always go by that), else "objective".
    scores : array (fits,)
        That column at the epoch whose parameters the network was left with; inf for a fit that diverged, NaN for none.
    """

    def __init__(self, runs: list[Run | None], by_evidence: bool = False) -> None:
        self.runs = runs
        done = [run for run in runs if run is not None]
        validated = bool(done) and all("val_loss" in run.history for run in done)
        if done and all(run.log_evidence is not None for run in done) and (by_evidence or not validated):
            self.monitor = "-log_evidence"
        else:
            self.monitor = "val_loss" if validated else "objective"
        self.scores = np.array([_score(run, self.monitor) for run in runs], np.float64)

    @property
    def best_index(self) -> int:
        """Place of the run with the lowest score; the first of equals."""
        if not np.isfinite(self.scores).any():
            raise ValueError("best must be asked of fits with a finite score, got none")
        return int(np.nanargmin(self.scores))

    @property
    def best(self) -> Run:
        """The run with the lowest score; its network is ``best.network``."""
        run = self.runs[self.best_index]
        assert run is not None
        return run

    @property
    def table(self) -> dict[str, Array]:
        """One row a fit: status, epochs, score, seconds, and the last entry of every column of the histories."""
        last = [{} if run is None else run.history.last() for run in self.runs]
        names = list(dict.fromkeys(name for row in last for name in row if name != "seconds"))
        table = {
            "status": np.array(["not_started" if run is None else run.status for run in self.runs]),
            "epochs": np.array([0 if run is None else run.epochs for run in self.runs]),
            "score": self.scores,
            "seconds": np.array([row.get("seconds", 0.0) for row in last]),
        }
        return table | {name: np.array([row.get(name, np.nan) for row in last]) for name in names}

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[Run | None]:
        return iter(self.runs)

    def __getitem__(self, i: int) -> Run | None:
        return self.runs[i]

    def __repr__(self) -> str:
        table = self.table
        lines = [f"{'fit':>4} {'status':<14} {'epochs':>7} {self.monitor:>12} {'seconds':>9}"]
        for i in range(len(self)):
            mark = "*" if np.isfinite(self.scores).any() and i == self.best_index else " "
            lines.append(
                f"{i:>3}{mark} {table['status'][i]:<14} {table['epochs'][i]:>7} {self.scores[i]:>12.6g} "
                f"{table['seconds'][i]:>9.3f}"
            )
        return "\n".join(lines)


def _score(run: Run | None, monitor: str) -> float:
    if run is None:
        return np.nan
    if run.status == "diverged":
        return np.inf
    if monitor == "-log_evidence":
        assert run.log_evidence is not None
        return -run.log_evidence
    column = run.history.get(monitor, np.zeros(0))
    row = min(run.best_epoch, len(column)) - 1
    score = column[row] if row >= 0 else run.at_start.get(monitor, np.inf)
    return float(score) if np.isfinite(score) else np.inf


def fit_many(
    fits: Iterable[Network | Mapping[str, Any]],
    X: Any = None,
    y: Any = None,
    *,
    n_threads: int | None = None,
    **common: Any,
) -> Fits:
    """
    Train independent networks side by side, one network a thread.

    Parameters
    ----------
    fits : sequence of networks or mappings
        Each a network, or a mapping of :func:`steep.train`'s arguments: "net", and any of X, y, optimizer, epochs,
        penalty, seed, validation, ... that are its own.
    X, y : array_like, optional
        For the fits that have none of their own.
    n_threads : int, optional
        How many fits run at once.
    **common
        Options of :func:`steep.train` for the fits that do not have them. Callbacks and metrics are called from
        several threads.

    Returns
    -------
    Fits
        ``runs``, ``table``, ``best``.

    Raises
    ------
    ValueError, TypeError
        As :func:`steep.train`; the message begins with the fit's place. The other fits are stopped first.

    Notes
    -----
    Each fit is what ``steep.train(net, X, y, n_threads=1, ...)`` is, to the bit, for any number of threads: with fewer
    fits than threads the rest of the threads idle. The work runs without the GIL. A first Ctrl-C stops all of them.

    Examples
    --------
    >>> import numpy as np, steep
    >>> x = np.linspace(-1, 1, 100)[:, None]
    >>> nets = [steep.MLP([1, 6, 1], activation="tanh", dtype="float64", seed=s) for s in range(4)]
    >>> fits = steep.fit_many(nets, x, np.sin(4 * x), optimizer=steep.LevenbergMarquardt(), epochs=30)
    >>> len(fits), fits.best is fits.runs[fits.best_index]
    (4, True)

    A fit may have its own options, such as its width, penalty or optimizer; ``fits.table`` has a row for each, in
    arrays that pandas takes as columns, and ``print(fits)`` shows it with a star at the best:

    >>> grid = [
    ...     {"net": steep.MLP([1, width, 1], activation="tanh", dtype="float64", seed=0), "penalty": steep.L2(l2)}
    ...     for width in (3, 6) for l2 in (1e-2, 1e-5)
    ... ]
    >>> fits = steep.fit_many(grid, x, np.sin(4 * x), optimizer="lbfgs", epochs=200, validation=0.2)
    >>> fits.monitor, int(fits.table["val_loss"].argmin()) == fits.best_index
    ('val_loss', True)
    >>> net = fits.best.network  # trained, and one of those given

    Cross-validation is a fit for each fold, with rows and validation of its own:

    >>> parts = np.array_split(np.random.default_rng(0).permutation(100), 5)
    >>> y, folds = np.sin(4 * x), []
    >>> for held in parts:
    ...     rows = np.setdiff1d(np.arange(100), held)
    ...     net = steep.MLP([1, 6, 1], activation="tanh", dtype="float64", seed=0)
    ...     folds.append({"net": net, "X": x[rows], "y": y[rows], "validation": (x[held], y[held])})
    >>> fits = steep.fit_many(folds, optimizer=steep.LevenbergMarquardt(), epochs=30)
    >>> bool(np.mean(fits.table["val_loss"]) < 1e-3)
    True
    """
    from .training import train

    if isinstance(fits, (Network, Mapping)):
        raise TypeError(
            f"fits must be a sequence of networks or mappings, got one {type(fits).__name__}: call "
            "fit_many([net, other, ...], X, y), or steep.train(net, X, y) for one network"
        )
    tasks: list[Callable[[], Run]] = []
    seen = set()
    for i, fit in enumerate(fits):
        options = dict(common)
        options |= {"net": fit} if isinstance(fit, Network) else _as_options(fit, i)
        options.setdefault("X", X)
        options.setdefault("y", y)
        for name in ("net", "X", "y"):
            if options.get(name) is None:
                raise ValueError(f"fits[{i}] must have {name}, got none")
        if id(options["net"]) in seen:
            raise ValueError(f"fits[{i}] must have a network of its own, got that of an earlier fit")
        seen.add(id(options["net"]))
        options |= {"n_threads": 1, "progress": False}
        net, rows, target = (options.pop(name) for name in ("net", "X", "y"))
        tasks.append(_naming(i, partial(train, net, rows, target, **options)))
    if not tasks:
        raise ValueError("fits must be at least one, got none")
    workers = _core.default_threads() if n_threads is None else check_threads(n_threads)
    return Fits(run_side_by_side(tasks, workers))


def _as_options(fit: Any, i: int) -> dict[str, Any]:
    if not isinstance(fit, Mapping):
        raise TypeError(f"fits[{i}] must be a network or a mapping of train's arguments, got {show(fit)}")
    for name in ("n_threads", "progress"):
        if name in fit:
            raise ValueError(f"fits[{i}] must leave {name} to fit_many, got {fit[name]!r}")
    return dict(fit)


def _naming(i: int, task: Callable[[], Run]) -> Callable[[], Run]:
    """Return a task whose errors begin with the fit's place."""

    def named() -> Run:
        try:
            return task()
        except (ValueError, TypeError) as error:
            if type(error) not in (ValueError, TypeError):
                raise
            raise type(error)(f"fits[{i}]: {error}") from error

    return named
