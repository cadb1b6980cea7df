"""What was built, what runs, and how many threads a call uses."""

from __future__ import annotations

import os
import platform
from typing import Any

import numpy as np

from . import _core
from ._checks import check_threads

_registered = False


def get_config() -> dict[str, Any]:
    """
    Return how steep was built and what it uses.

    Returns
    -------
    dict
        ``version``, ``compiler``, ``eigen``, ``levels_built`` (list), ``cpu_level``, ``level`` (in use), ``threads``,
        ``numpy``, ``python``, ``platform``, ``path``.

    Examples
    --------
    >>> steep.get_config()["level"] in steep.get_config()["levels_built"]
    True
    """
    return {
        "version": installed_version(),
        "compiler": _core.compiler(),
        "eigen": _core.eigen_version(),
        "levels_built": _core.built_levels().split(","),
        "cpu_level": _core.cpu_level(),
        "level": _core.level(),
        "threads": _core.default_threads(),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "path": os.path.dirname(__file__),
    }


def show_config() -> None:
    """
    Print how steep was built and what it uses: compiler, instruction-set levels, threads, versions.

    Examples
    --------
    >>> steep.show_config()  # doctest: +ELLIPSIS
    steep ...
    """
    config = get_config()
    forced = " (forced by STEEP_ISA)" if os.environ.get("STEEP_ISA") else ""
    rows = {
        "compiler": config["compiler"],
        "Eigen": config["eigen"],
        "levels built": ", ".join(config["levels_built"]),
        "level of this CPU": config["cpu_level"],
        "level in use": config["level"] + forced,
        "threads": config["threads"],
        "NumPy": config["numpy"],
        "Python": config["python"],
        "platform": config["platform"],
        "installed in": config["path"],
    }
    print(f"steep {config['version']}")
    for name, value in rows.items():
        print(f"  {name:<18} {value}")


def installed_version() -> str:
    """Return the version of the installed package."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("steep")
    except PackageNotFoundError:
        return "(not installed)"


def get_num_threads() -> int:
    """
    Return how many threads a call uses unless it is told otherwise.

    That is the number of CPUs this process may run on, at most ``OMP_NUM_THREADS``, or what :func:`set_num_threads` or
    ``threadpoolctl`` set. Results do not depend on it, bit for bit.
    """
    return int(_core.default_threads())


def set_num_threads(n: int | None) -> None:
    """
    Set how many threads a call uses unless it is told otherwise.

    Parameters
    ----------
    n : int of at least 1, or None
        None returns to the default of :func:`get_num_threads`.

    Examples
    --------
    >>> steep.set_num_threads(1)
    >>> steep.get_num_threads()
    1
    >>> steep.set_num_threads(None)
    """
    _core.set_default_threads(0 if n is None else check_threads(n, "n"))


def register_with_threadpoolctl() -> None:
    """
    Let ``threadpoolctl.threadpool_limits`` govern steep's threads too, where threadpoolctl (3.2 or newer) is installed.

    Called once when steep is imported; without threadpoolctl it does nothing.
    """
    global _registered
    try:
        import threadpoolctl
    except ImportError:
        return
    if _registered or not hasattr(threadpoolctl, "register"):
        return

    class SteepController(threadpoolctl.LibController):  # type: ignore[misc]
        """Threads of steep, for threadpoolctl."""

        user_api = "steep"
        internal_api = "steep"
        filename_prefixes = ("_core",)
        check_symbols = ("steep_get_num_threads", "steep_set_num_threads")

        def get_num_threads(self) -> int:
            return int(self.dynlib.steep_get_num_threads())

        def set_num_threads(self, num_threads: int) -> None:
            self.dynlib.steep_set_num_threads(num_threads)

        def get_version(self) -> str:
            return installed_version()

    threadpoolctl.register(SteepController)
    _registered = True
