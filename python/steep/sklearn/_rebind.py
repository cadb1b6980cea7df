"""
scikit-learn's own `fit` around another solver.

A linear model's `fit` checks arguments, encodes classes and warns, and then calls a solver by a name of its module. A
copy of that function in which the name means steep's solver keeps all the rest, and changes nothing in scikit-learn.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

__all__ = ["rebind"]


def rebind(function: Callable[..., Any], **names: Any) -> Callable[..., Any]:
    """
    Return a copy of a function for which some global names mean something else.

    Parameters
    ----------
    function : function
        Decorators that set ``__wrapped__`` are taken off.
    **names
        Each must be one that the function uses, else an AttributeError says that this scikit-learn is another.
    """
    inner: Any = function
    while hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
    for name in names:
        if name not in inner.__code__.co_names:
            raise AttributeError(f"{inner.__qualname__} of this scikit-learn does not use {name}")
    copy = types.FunctionType(
        inner.__code__, {**inner.__globals__, **names}, inner.__name__, inner.__defaults__, inner.__closure__
    )
    copy.__kwdefaults__ = inner.__kwdefaults__
    return copy
