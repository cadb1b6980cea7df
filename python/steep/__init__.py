"""steep: train dense networks and solve smooth machine-learning problems on a CPU, from NumPy arrays."""

from typing import TYPE_CHECKING, Any

from . import _core as _core
from . import _levels
from .config import get_config, get_num_threads, register_with_threadpoolctl, set_num_threads, show_config

if TYPE_CHECKING:
    from .readers import Dataset as Dataset
    from .readers import load_digits as load_digits
    from .readers import read_csv as read_csv
    from .readers import read_dataset as read_dataset
    from .readers import read_idx as read_idx
    from .readers import read_idx_folder as read_idx_folder
    from .readers import read_npz as read_npz
    from .scaling import MinMax as MinMax
    from .scaling import Standardize as Standardize

_levels.load()
register_with_threadpoolctl()

# Names that are imported when they are first used, and the module each is in.
_LAZY = {
    "Dataset": "readers",
    "MinMax": "scaling",
    "Standardize": "scaling",
    "load_digits": "readers",
    "read_csv": "readers",
    "read_dataset": "readers",
    "read_idx": "readers",
    "read_idx_folder": "readers",
    "read_npz": "readers",
}

__all__ = ["get_config", "get_num_threads", "set_num_threads", "show_config", *_LAZY]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        value = getattr(import_module("." + _LAZY[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
