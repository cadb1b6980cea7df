"""A layer of a network together with its arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._layout import view
from ._validation import Array
from .layers import Layer

__all__ = ["BoundLayer"]


class BoundLayer:
    """A layer of a network, with its arrays as writable views: `weight`, `bias`."""

    def __init__(self, vectors: dict[str, Array], spec: Layer, row: dict[str, Any]) -> None:
        self._vectors, self._spec, self._row = vectors, spec, row

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        for source, vector in self._vectors.items():
            for key, shape, offset in self._row[source]:
                if key == name:
                    return view(vector, shape, offset)
        return getattr(self._spec, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        elif any(name == key for key, *_ in self._row["arrays"]):
            getattr(self, name)[...] = value
        else:
            raise AttributeError(f"{name} of a layer cannot be set: build another network")

    @property
    def parts(self) -> list[BoundLayer]:
        """The layers inside this one (of a residual block: its layers, then its shortcut's)."""
        rows = self._row["parts"]
        return [BoundLayer(self._vectors, spec, row) for spec, row in zip(self._spec.parts(), rows, strict=True)]

    def arrays(self) -> Iterator[tuple[str, Array]]:
        """Yield name and view of each array."""
        for key, _, _ in self._row["arrays"]:
            yield key, getattr(self, key)

    def __repr__(self) -> str:
        return repr(self._spec)
