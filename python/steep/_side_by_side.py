"""Tasks run on a number of threads, which Ctrl-C and the first error end."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

__all__ = ["run_side_by_side"]

Ended = TypeVar("Ended")


def run_side_by_side(
    tasks: Sequence[Callable[[], Ended | None]], n_threads: int, watched: threading.Event | None = None
) -> list[Ended | None]:
    """
    Return what the tasks return, run on some threads; a Ctrl-C interrupts those that run and starts no others.

    The first task's error is raised, the others stopped. Also one thread is a thread beside the caller's, which hears.
    Tasks that end by themselves when an event is set give it; it is set also where an exception leaves this function.
    """
    runs: list[Ended | None] = [None] * len(tasks)
    errors: dict[int, BaseException] = {}
    places = iter(range(len(tasks)))
    lock, stop = threading.Lock(), watched or threading.Event()
    finished: SimpleQueue[threading.Thread] = SimpleQueue()

    def work() -> None:
        try:
            while not stop.is_set():
                with lock:
                    i = next(places, None)
                if i is None:
                    return
                try:
                    runs[i] = tasks[i]()
                except KeyboardInterrupt:
                    return
                except BaseException as error:
                    errors[i] = error
                    stop.set()
        finally:
            finished.put(threading.current_thread())

    # Not daemons: a thread that comes back from the core while the interpreter ends would take the process down.
    threads = [threading.Thread(target=work) for _ in range(min(n_threads, len(tasks)))]
    interrupted = False
    try:
        with _counted_interrupts() as presses:
            for thread in threads:
                thread.start()
            alive = set(threads)
            while alive:
                with suppress(Empty):
                    alive.discard(finished.get(timeout=0.05))
                if len(presses) > 1:
                    raise KeyboardInterrupt
                if presses and not interrupted:
                    interrupted = True
                    stop.set()
                    if watched is None:
                        _interrupt(alive)
    finally:  # an exception of a handler of the user's own, too
        stop.set()
    if errors:
        raise errors[min(errors)]
    return runs


@contextmanager
def _counted_interrupts() -> Iterator[list[int]]:
    """Note each Ctrl-C in a list, where this is the main thread and Ctrl-C would raise; nothing is lost in between."""
    presses: list[int] = []
    heard = threading.current_thread() is threading.main_thread()
    if not heard or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield presses
        return
    signal.signal(signal.SIGINT, lambda number, frame: presses.append(number))
    try:
        yield presses
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt(threads: Iterable[threading.Thread]) -> None:
    """Raise KeyboardInterrupt in threads, which training answers as it does a Ctrl-C."""
    for thread in threads:
        if thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt)
            )
