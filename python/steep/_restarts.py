"""Minimizing a network's risk from several starts: a method with `restarts`, in `minimize`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ._side_by_side import run_side_by_side
from ._validation import Array
from .full_batch import NOT_FINITE
from .methods import Method, Options
from .methods.arguments import inside
from .methods.base import with_defaults, wrap_callback
from .results import Result
from .risk import Risk

__all__ = ["minimize_from_several"]


def minimize_from_several(
    f: Risk, start: Array, method: Method, n_threads: int, solve: Callable[[Risk, Array, Method, float | None], Result],
    options: Options,
) -> Result:  # fmt: skip
    """
    Return the best of the runs from x0 and from the network's initial parameters with the seeds after its own.

    Parameters
    ----------
    f : Risk
    start : array (dim,)
        Of the first run.
    method : Method
        With ``restarts``.
    n_threads : int
        Runs at once.
    solve : callable
        ``solve(f, start, method, max_time)`` minimizes once.
    options : Options
        ``max_time`` holds for all runs together; the callback is replaced by one that ends all runs at a Ctrl-C.
    """
    once = with_defaults(method, restarts=1)
    began = time.perf_counter()

    def run(number: int) -> Callable[[], Result | None]:
        own = f.network.copy()
        x = start
        if number > 0:
            own.initialize(own.seed + number)
            x = inside(own.parameters.astype(np.float64), options.lower, options.upper)

        def task() -> Result | None:
            left = options.max_time
            if left is not None:
                left = max(left - (time.perf_counter() - began), 0.0)
            risk = f.fresh().for_method(once)
            try:
                return solve(risk, x, once, left)
            except ValueError as error:
                if number > 0 and NOT_FINITE in str(error):
                    return None  # a draw that is no start
                raise

        return task

    restarts: int = method.restarts  # type: ignore[attr-defined]
    stop = threading.Event()
    options.callback = _until(stop, options.callback)
    found = run_side_by_side([run(number) for number in range(restarts)], n_threads, stop)
    done = {number: result for number, result in enumerate(found) if result is not None}
    if not done:
        raise KeyboardInterrupt
    scores = {number: -result.get("log_evidence", -result.fun) for number, result in done.items()}
    best = min(scores, key=lambda number: scores[number] if np.isfinite(scores[number]) else np.inf)
    result = Result(done[best])
    result.message = f"Best of {len(done)} starts (number {best}). {result.message}"
    result.restarts = list(done.values())
    return result


def _until(stop: threading.Event, callback: Callable[..., Any] | None) -> Callable[..., None]:
    """Return the callback of a run that ends, as at a Ctrl-C, when the event is set."""
    wrapped = wrap_callback(callback)

    def watched(intermediate_result: Result) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        if wrapped is not None:
            r = intermediate_result
            wrapped(r.nit, r.x, r.fun, r.gradient_norm, r.jac, r.step_size)

    return watched
