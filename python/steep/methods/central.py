"""A second run by central differences, where forward ones were too coarse for the last digits."""

from __future__ import annotations

import re
from typing import Any

from .. import _core
from ..objectives import FunctionObjective
from ..results import Result

__all__ = ["go_on_by_central_differences"]


def go_on_by_central_differences(
    f: FunctionObjective, solver: _core.Solver, result: Result, arguments: dict[str, Any]
) -> None:
    """Extend the result of a run with those arguments where it ended at the rounding of forward differences."""
    core: Any = f._core
    coarse = not (core.exact_gradient or core.central or "3-point" in result.message)
    if result.status != "line_search_failed" or not coarse:
        return
    norm, rtol = float(result.trace["gradient_norm"][0]), arguments["rtol"]
    more = arguments | {"rtol": 0.0}
    if rtol * norm > more["tol"]:  # relative to x0's gradient, not to this second start's
        more["tol"], more["unit"] = rtol * norm, norm / min(rtol, 1.0)
    if more["max_iter"] >= 0:
        more["max_iter"] = max(more["max_iter"] - result.nit, 0)
    more["max_time"] = max(more["max_time"] - float(result.trace["seconds"][-1]), 0.0)
    core.central = True
    try:
        rest = _core.minimize(core, solver, result.x, **more)
    finally:
        core.central = False
    rest["message"] = re.sub("^The start is (optimal|stationary)", "Converged", rest["message"])
    result.extend(Result.from_core(rest, method=result.method))
