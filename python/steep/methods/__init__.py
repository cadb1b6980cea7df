"""Full-batch methods: one object each, that holds hyper-parameters and nothing else."""

from __future__ import annotations

import importlib
import pkgutil

from .._validation import check_choice, show
from .base import Method, Options, method_table

# Every module of this package defines methods, which enter method_table by being defined.
for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["Method", "Options", "method_table", "resolve_method"]


_ALIASES = {"fista": "proximal_gradient"}  # which is accelerated by default


def resolve_method(method: str | Method) -> Method:
    """
    Return the method object a user means.

    Parameters
    ----------
    method : Method or str
        An object, a class, or a name in snake case.
    """
    if isinstance(method, Method):
        return method
    if isinstance(method, type) and issubclass(method, Method):
        made: Method = method()
        return made
    if not isinstance(method, str):
        raise TypeError(f"method must be a Method, a name or 'auto', got {show(method)}")
    name = _ALIASES.get(method, method)
    named: Method = method_table[check_choice(name, "method", ["auto", *sorted(method_table)])]()
    return named
