"""Pick the kernels of one instruction-set level, once, at import."""

from __future__ import annotations

import importlib
import os
import sys

from . import _core

_ORDER = ("v2", "v3", "v4")


def _usable() -> list[str]:
    """Levels that were built and that this CPU runs, lowest first."""
    built = _core.built_levels().split(",")
    best = _core.cpu_level()
    if best not in _ORDER:
        return built
    return [level for level in _ORDER[: _ORDER.index(best) + 1] if level in built]


def _is_command() -> bool:
    """Whether the import is that of the command `steep` or of `python -m steep`, whose user wants no traceback."""
    name = os.path.basename((getattr(sys, "argv", None) or [""])[0]).removesuffix(".exe")
    before = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1] if name == "-m" else []
    return name == "steep" or before[-2:] == ["-m", "steep"]


def load() -> None:
    """Install the kernels that ``STEEP_ISA`` names, or else the highest usable level's."""
    usable = _usable()
    if not usable:
        raise ImportError(
            f"steep was built for the instruction-set levels {_core.built_levels()}, and this CPU has only "
            f"{_core.cpu_level()}: build it on this machine with `pip install .`"
        )
    level = os.environ.get("STEEP_ISA") or usable[-1]
    if level not in usable:
        message = (
            f"STEEP_ISA must be one of {', '.join(usable)} (built: {_core.built_levels()}; this CPU: "
            f"{_core.cpu_level()}), got {level!r}"
        )
        if _is_command():
            print(f"steep: {message}", file=sys.stderr)
            sys.exit(2)
        raise ImportError(message)
    _core.use_kernels(importlib.import_module(f"._kernels_{level}", __package__).table)
