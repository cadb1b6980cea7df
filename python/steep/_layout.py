"""
Where the arrays of layers lie in a flat vector.

A layout has a row (a dict) a layer: ``arrays`` and ``state`` list (name, shape, offset) in the vectors of parameters
and of state, ``parts`` holds the rows of the layers inside a layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from ._validation import Array
from .layers import Layer

__all__ = ["view", "with_parts"]


def view(vector: Array, shape: tuple[int, ...], offset: int) -> Array:
    """Return one array of a flat vector, as a view."""
    return vector[offset : offset + prod(shape)].reshape(shape)


def with_parts(specs: Sequence[Layer], layout: Sequence[dict[str, Any]]) -> Iterator[tuple[Layer, dict[str, Any]]]:
    """Yield layers with their rows of the layout, and the layers inside a layer right after it."""
    for spec, row in zip(specs, layout, strict=True):
        yield spec, row
        yield from with_parts(spec.parts(), row["parts"])
