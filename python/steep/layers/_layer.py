"""What all layers share, and the names they may be given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, fields
from numbers import Integral
from typing import Any, ClassVar

from .._checks import check_choice, check_integer, check_non_negative, show

ACTIVATIONS = (
    "identity", "step", "sigmoid", "tanh", "relu", "leaky_relu", "softmax", "elu", "gelu", "silu", "softplus", "exp",
)  # fmt: skip
INITIALIZATIONS = (
    "zeros", "normal", "uniform", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal",
    "lecun_uniform", "orthogonal", "nguyen_widrow",
)  # fmt: skip
_SHORT = {"glorot": "glorot_uniform", "xavier": "glorot_uniform", "he": "he_normal", "lecun": "lecun_normal"}
_RECTIFIERS = ("relu", "leaky_relu", "elu", "gelu", "silu", "softplus")


def option(default: Any) -> Any:
    """Return a keyword-only field."""
    return field(default=default, kw_only=True)


class Layer:
    """What all layers share: they are frozen dataclasses with a `kind`, and checked when they are made."""

    kind: ClassVar[str] = ""

    def to_config(self) -> dict[str, Any]:
        """Return the kind and the options, as JSON can hold them."""
        config: dict[str, Any] = {"kind": self.kind}
        for entry in fields(self):  # type: ignore[arg-type]
            value = getattr(self, entry.name)
            if isinstance(value, tuple) and value and isinstance(value[0], Layer):
                value = [layer.to_config() for layer in value]
            config[entry.name] = list(value) if isinstance(value, tuple) else value
        return config

    def weight_initialization(self) -> str:
        """Return the name of the initialization of its weights, with "auto" resolved."""
        initialization: str = getattr(self, "initialization", "zeros")
        if initialization != "auto":
            return initialization
        return "he_normal" if getattr(self, "activation", "identity") in _RECTIFIERS else "glorot_uniform"

    def parts(self) -> tuple[Layer, ...]:
        """Return the layers inside this one."""
        return ()

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)


def check_activation(value: Any) -> str:
    """Return the name of an activation."""
    return check_choice(value, "activation", ACTIVATIONS)


def check_slope(value: Any) -> float:
    """Return leaky_relu's slope; a negative one would make its inputs' signs unknown from its outputs."""
    return check_non_negative(value, "slope")


def check_initialization(value: Any) -> str:
    """Return the full name of an initialization."""
    name = _SHORT.get(value, value) if isinstance(value, str) else value
    return check_choice(name, "initialization", ("auto", *INITIALIZATIONS))


def check_pair(value: Any, name: str, minimum: int) -> tuple[int, int]:
    """Return (vertical, horizontal) from one integer or two."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        one = check_integer(value, name, minimum)
        return one, one
    if len(value) != 2:
        raise ValueError(f"{name} must be an integer or two, got {show(value)}")
    first, second = (check_integer(side, name, minimum) for side in value)
    return first, second


def check_padding(value: Any) -> str | tuple[int, int]:
    """Return "valid", "same" or (vertical, horizontal)."""
    if value in ("valid", "same"):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return check_pair(value, "padding", 0)
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 0:
        raise ValueError(f"padding must be 'valid', 'same' or integers of at least 0, got {show(value)}")
    return int(value), int(value)


def check_layers(value: Any, name: str) -> tuple[Layer, ...]:
    """Return layers as a tuple."""
    if isinstance(value, Layer) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a list of layers, got {show(value)}")
    for i, layer in enumerate(value):
        if not isinstance(layer, Layer):
            raise TypeError(f"{name} must hold layers such as steep.Dense(10), got {show(layer)} at {i}")
    return tuple(value)
