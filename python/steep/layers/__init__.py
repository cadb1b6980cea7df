"""Layers as they are described: what kind, how large, which activation. A network makes their arrays."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from .._checks import check_choice, show
from ._layer import ACTIVATIONS, INITIALIZATIONS, Layer
from .dense import Activation, Dense, Flatten, Reshape
from .images import AveragePool2D, Conv2D, GlobalAveragePool2D, MaxPool2D
from .regularization import BatchNorm, Dropout, LayerNorm
from .residual import Residual

__all__ = [
    "ACTIVATIONS", "INITIALIZATIONS", "Activation", "AveragePool2D", "BatchNorm", "Conv2D", "Dense", "Dropout",
    "Flatten", "GlobalAveragePool2D", "Layer", "LayerNorm", "MaxPool2D", "Reshape", "Residual", "layer_from_config",
]  # fmt: skip

_KINDS: dict[str, type[Layer]] = {
    layer.kind: layer
    for layer in (
        Dense, Activation, Flatten, Reshape, Dropout, BatchNorm, LayerNorm, Conv2D, MaxPool2D, AveragePool2D,
        GlobalAveragePool2D, Residual,
    )
}  # fmt: skip


def layer_from_config(config: dict[str, Any]) -> Layer:
    """Return the layer that :meth:`Layer.to_config` described."""
    options = dict(config)
    kind = check_choice(options.pop("kind", None), "kind", _KINDS)
    known = {entry.name for entry in fields(_KINDS[kind])}  # type: ignore[arg-type]
    unknown = sorted(set(options) - known)
    if unknown:
        raise ValueError(f"options of a {kind} layer must be of {', '.join(sorted(known))}, got {show(unknown[0])}")
    for name in ("layers", "shortcut"):
        if name in options:
            options[name] = [layer_from_config(inner) for inner in options[name]]
    return _KINDS[kind](**options)
