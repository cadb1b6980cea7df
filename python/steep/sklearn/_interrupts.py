"""
Ctrl-C during a fit: heard where work can be broken off, kept where the fit's own books are written.

A handler of SIGINT runs between any two of Python's instructions. The exception it raises in the midst of bookkeeping
would cost the model, so for the time of a fit the handler is one that waits for the next place that can bear it.
"""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["Interrupts"]

_INTERRUPTED = "Training interrupted by user."


class Interrupts:
    """
    Context of a fit: an interrupt is raised inside `call` alone, and at the end comes scikit-learn's warning.

    In the main thread only, where Python handles signals; a handler of the user's own is called in place of Python's.

    Attributes
    ----------
    heard : bool
        Whether the fit was broken off; set by who catches the exception.
    """

    def __init__(self, listens: bool = True) -> None:
        self._listens = listens  # not where the work hears Ctrl-C itself, as fits side by side
        self.heard = False
        self._before: Any = None
        self._open = False
        self._waiting: tuple[int, Any] | None = None

    def __enter__(self) -> Interrupts:
        if self._listens and threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if callable(before):
                self._before = before
                signal.signal(signal.SIGINT, self._hear)
        return self

    def _hear(self, number: int, frame: Any) -> None:
        if not self._open:
            self._waiting = number, frame
            return
        self._open = False  # what catches the exception is not interrupted again
        self._before(number, frame)
        self._open = True  # it raised nothing: a handler that counts, as asyncio's

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function that may be interrupted: by KeyboardInterrupt, before it if one has come already."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._before(*waiting)
        try:
            self._open = True
            return function(*args)
        finally:
            self._open = False

    def __exit__(self, kind: Any, *_: Any) -> None:
        if self._before is not None and signal.getsignal(signal.SIGINT) == self._hear:  # else a callback's own
            signal.signal(signal.SIGINT, self._before)
        waiting, self._waiting = self._waiting, None
        if waiting is not None and self._before is not signal.default_int_handler:
            self._before(*waiting)
        elif waiting is not None:
            self.heard = True
        if kind is None and self.heard:
            warnings.warn(_INTERRUPTED, stacklevel=3)
