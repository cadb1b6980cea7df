"""scikit-learn's callbacks (its protocol of version 1.9) around the iterations of `steep.minimize`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._validation import Array

__all__ = ["Iterations"]


class Iterations:
    """
    One task of a fit's callback context for each iteration, and an empty one at the end, as scikit-learn has it.

    Parameters
    ----------
    context : CallbackContext
    estimator : estimator
        Whose callbacks are called.
    X, y : arrays
    metadata : dict, optional
    attributes : callable
        From the variables to the attributes with which the estimator could predict.
    start : array
        Variables at the start.
    """

    def __init__(
        self,
        context: Any,
        estimator: Any,
        X: Any,
        y: Array,
        metadata: dict[str, Any] | None,
        attributes: Callable[[Array], dict[str, Any]],
        start: Array,
    ) -> None:
        self._context, self._estimator = context, estimator
        self._data = {"X": X, "y": y, "metadata": metadata}
        self._attributes = attributes
        self._count = 0
        self._task = self._begin(start)

    def _begin(self, w: Array) -> Any:
        task = self._context.subcontext(task_name="lbfgs-iter")
        task.call_on_fit_task_begin(
            estimator=self._estimator, **self._data, reconstruction_attributes=self._attributes(w)
        )
        return task

    def __call__(self, intermediate_result: Any) -> None:
        """End an iteration's task, and begin the next."""
        self._next(intermediate_result.x)

    def _next(self, w: Array) -> None:
        self._task.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=self._attributes(w)
        )
        self._count += 1
        self._task = self._begin(w)

    def close(self, w: Array) -> None:
        """End the last task, which no iteration belongs to; without any iteration there is one task before it."""
        if self._count == 0:
            self._next(w)
        self._task.call_on_fit_task_end(estimator=self._estimator)
