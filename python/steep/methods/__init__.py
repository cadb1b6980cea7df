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


# Other names: FISTA is what proximal_gradient is by default; the rest are SciPy's, spelled as here.
_ALIASES = {
    "fista": "proximal_gradient",
    "cg": "conjugate_gradient",
    "l_bfgs_b": "lbfgs",
    "trust_exact": "trust_region",
    "slsqp": "interior_point",
    "trust_constr": "interior_point",
    "lm": "levenberg_marquardt",
}


def resolve_method(method: str | Method) -> Method:
    """
    Return the method object a user means.

    Parameters
    ----------
    method : Method or str
        An object, a class, or a name in snake case; SciPy's name of a method of this kind is understood.
    """
    if isinstance(method, Method):
        return method
    if isinstance(method, type) and issubclass(method, Method):
        made: Method = method()
        return made
    if not isinstance(method, str):
        raise TypeError(f"method must be a Method, a name or 'auto', got {show(method)}")
    name = method.lower().replace("-", "_")
    name = _ALIASES.get(name, name)
    known = name if name in method_table else check_choice(method, "method", ["auto", *sorted(method_table)])
    named: Method = method_table[known]()
    return named
