"""The further arguments of the networks: constructors that have scikit-learn's arguments and these."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Hidden, Interval, StrOptions

from ..layers import ACTIVATIONS, INITIALIZATIONS
from ..losses import EpsilonInsensitive, Huber, Pinball
from ..methods import Method
from ..rules import Rule
from ._solver import RENAMED, SOLVERS

__all__ = ["CLASSIFIER", "CONSTRAINTS", "DEFAULTS", "REGRESSOR", "constructor"]

DEFAULTS: dict[str, Any] = {
    "initialization": None, "dropout": 0.0, "batch_norm": False, "l1": 0.0, "clip_norm": None,
    "scoring": None, "max_time": None, "dtype": None,
    "n_threads": None, "callbacks": (),
}  # fmt: skip


class _InOrder(set[str]):
    """A set whose names a message lists in order."""

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(super().__iter__()))


_POSITIVE = Interval(Real, 0, None, closed="neither")
CONSTRAINTS: dict[str, Any] = {
    "activation": [StrOptions({"logistic", *ACTIVATIONS} - {"step"}), "array-like"],
    "solver": [
        StrOptions(_InOrder(SOLVERS)),
        Hidden(StrOptions(set(RENAMED.values()))),
        Rule,
        Method,
    ],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"}), callable],
    "initialization": [StrOptions({*INITIALIZATIONS, "glorot", "xavier", "he", "lecun", "auto"}), None],
    "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
    "batch_norm": ["boolean"],
    "l1": [Interval(Real, 0, None, closed="left")],
    "clip_norm": [_POSITIVE, None],
    "scoring": [str, callable, None],
    "max_time": [_POSITIVE, None],
    "dtype": [StrOptions({"float32", "float64"}), type, np.dtype, None],
    "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    "callbacks": [callable, list, tuple, None],
}
CLASSIFIER: dict[str, Any] = {
    "loss": [StrOptions({"log_loss", "hinge", "squared_hinge"})],
    "class_weight": [StrOptions({"balanced"}), dict, list, None],
}
REGRESSOR: dict[str, Any] = {
    "loss": [
        StrOptions({
            "squared_error", "poisson", "absolute_error", "huber", "pinball", "epsilon_insensitive",
            "squared_epsilon_insensitive",
        }),
        Huber, Pinball, EpsilonInsensitive,
    ],
}  # fmt: skip


def constructor(original: type, more: dict[str, Any]) -> Callable[..., None]:
    """
    Return an `__init__` that stores its arguments: those of scikit-learn's class as it is installed, then more.

    Its signature is the whole list, which is what `get_params`, `clone` and `help` read.
    """
    signature = inspect.signature(original.__init__)  # type: ignore[misc]
    old = list(signature.parameters.values())
    new = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in more.items()
        if name not in signature.parameters
    ]
    whole = signature.replace(parameters=old + new)
    defaults = {name: parameter.default for name, parameter in list(whole.parameters.items())[1:]}

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if not args and kwargs.keys() <= defaults.keys():  # in searches models are made by the thousand
            vars(self).update(defaults, **kwargs)
            return
        try:
            bound = whole.bind(self, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}.__init__() {error}") from None
        bound.apply_defaults()
        vars(self).update(list(bound.arguments.items())[1:])

    __init__.__signature__ = whole  # type: ignore[attr-defined]
    __init__.names = sorted(defaults)  # type: ignore[attr-defined]
    return __init__
