"""Minimizing a network's risk from several starts: a method with `restarts`, in `minimize`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ._validation import Array
from .fits import run_side_by_side
from .methods import Method, Options
from .methods.arguments import inside
from .methods.base import with_defaults
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
        ``max_time`` holds for all runs together.
    """
    once = with_defaults(method, restarts=1)
    began = time.perf_counter()

    def run(number: int) -> Callable[[], Result]:
        own = f.network.copy()
        x = start
        if number > 0:
            own.initialize(own.seed + number)
            x = inside(own.parameters.astype(np.float64), options.lower, options.upper)

        def task() -> Result:
            left = options.max_time
            if left is not None:
                left = max(left - (time.perf_counter() - began), 0.0)
            risk = f.fresh().for_method(once)
            risk.set_threads(1)
            return solve(risk, x, once, left)

        return task

    restarts: int = method.restarts  # type: ignore[attr-defined]
    found = run_side_by_side([run(number) for number in range(restarts)], n_threads)
    done = [result for result in found if result is not None]
    scores = [-result.get("log_evidence", -result.fun) for result in done]
    best = int(np.argmin([score if np.isfinite(score) else np.inf for score in scores]))
    result = Result(done[best])
    result.message = f"Best of {len(done)} starts (number {best}). {result.message}"
    result.restarts = done
    return result
