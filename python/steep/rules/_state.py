"""The state of an update rule, and the arrays it goes with: one array, or a list, tuple or dict of arrays."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._checks import show
from .._validation import Array

# How arrays are held: None for one array, an int for a sequence of so many, the keys for a dict.
Structure = None | int | tuple[Hashable, ...]


@dataclass
class RuleState:
    """
    What an update rule remembers of the arrays it updates. Made by ``rule.init``, changed by ``rule.update``.

    Attributes
    ----------
    rule : str
        Name of the rule's kernel.
    step : int
        Updates made so far.
    slots : dict of str to list of arrays
        The rule's own arrays (``m`` and ``v`` of Adam, say), each list in the order of the parameters.
    structure : None, int or tuple
        None for one array of parameters, their number for a list or tuple, the keys for a dict.
    """

    rule: str
    step: int
    slots: dict[str, list[Array]] = field(repr=False)
    structure: Structure = None
    shapes: list[tuple[int, ...]] = field(default_factory=list)


def leaves(tree: Any, name: str) -> tuple[Structure, list[Any]]:
    """Return how the arrays are held, and the list of them."""
    if isinstance(tree, np.ndarray):
        return None, [tree]
    if isinstance(tree, (list, tuple)):
        return len(tree), list(tree)
    if isinstance(tree, dict):
        return tuple(tree), list(tree.values())
    raise TypeError(f"{name} must be an array, or a list, tuple or dict of arrays, got {show(tree)}")


def rebuild(tree: Any, arrays: list[Array]) -> Any:
    """Return the arrays held as `tree` holds its own."""
    if isinstance(tree, np.ndarray):
        return arrays[0]
    if isinstance(tree, dict):
        return dict(zip(tree, arrays, strict=True))
    if isinstance(tree, tuple) and hasattr(tree, "_make"):
        return tree._make(arrays)
    return tuple(arrays) if isinstance(tree, tuple) else arrays


def label(structure: Structure, index: int, name: str) -> str:
    """Text such as params['bias'] for one array."""
    if structure is None:
        return name
    key = index if isinstance(structure, int) else structure[index]
    return f"{name}[{key!r}]"


def matching(tree: Any, structure: Structure, name: str) -> list[Any]:
    """Return the arrays in the order of `structure`; a dict's keys may come in any order."""
    found, arrays = leaves(tree, name)
    if found == structure and type(found) is type(structure):
        return arrays
    if isinstance(structure, tuple):
        if not isinstance(found, tuple):
            raise TypeError(f"{name} must be a dict with the keys of params, got {type(tree).__name__}")
        if set(found) == set(structure):
            return [tree[key] for key in structure]
        wrong = sorted(map(repr, set(found) ^ set(structure)))
        raise ValueError(f"{name} must have the keys of params, got a difference in {', '.join(wrong)}")
    if structure is None or not isinstance(found, int):
        want = "one array" if structure is None else f"a list or tuple of {structure} arrays"
        raise TypeError(f"{name} must be {want}, got {type(tree).__name__}")
    raise ValueError(f"{name} must have {structure} arrays, got {found}")


def check_parameter(array: Any, name: str) -> Array:
    """Return a float32 or float64 array; its memory is not looked at."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array of float32 or float64, got {show(array)}")
    if array.dtype.newbyteorder("=") not in (np.float32, np.float64):
        raise TypeError(f"{name} must be a NumPy array of float32 or float64, got dtype {array.dtype}")
    return array


def check_writeable(array: Array, name: str) -> None:
    """Refuse arrays that cannot be updated in place, among them broadcast ones."""
    if not array.flags.writeable:
        raise ValueError(f"{name} must be writeable, got a read-only array")
    if any(stride == 0 and size > 1 for stride, size in zip(array.strides, array.shape, strict=True)):
        raise ValueError(f"{name} must have memory of its own for each entry, got a broadcast array")


def contiguous(array: Array, dtype: np.dtype[Any], copy: bool = False) -> Array:
    """Return the array itself where the kernels can use it, else a copy."""
    flags = array.flags
    exact = flags.c_contiguous and flags.aligned and array.dtype == dtype and array.dtype.isnative
    return array if exact and not copy else np.array(array, dtype=dtype, order="C", subok=False)
