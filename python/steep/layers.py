"""Layers as they are described: kind, size, activation. A network makes the arrays that go with them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from ._checks import check_bool, check_choice, check_integer, check_number, show

__all__ = ["ACTIVATIONS", "INITIALIZATIONS", "Dense", "Layer", "layer_from_config"]

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
    return field(default=default, kw_only=True)


class Layer:
    """What all layers share: they are frozen dataclasses with a `kind`, and checked when they are made."""

    kind: ClassVar[str] = ""

    def to_config(self) -> dict[str, Any]:
        """Return the kind and the options, as JSON can hold them."""
        return {"kind": self.kind} | {entry.name: getattr(self, entry.name) for entry in fields(self)}  # type: ignore[arg-type]

    def weight_initialization(self) -> str:
        """Return the name of the initialization of its weights, with "auto" resolved."""
        return "zeros"


@dataclass(frozen=True)
class Dense(Layer):
    """
    A dense layer: ``y = activation(W x + b)``.

    Parameters
    ----------
    units : int
        Number of outputs. An input of several axes is flattened.
    activation : str, default "identity"
        One of identity, step (forward only), sigmoid, tanh, relu, leaky_relu, softmax, elu, gelu (exact), silu,
        softplus, exp.
    initialization : str, default "auto"
        Of W: zeros, normal (deviation 0.01), uniform (within 0.05), glorot_normal, glorot_uniform (also "glorot"),
        he_normal (also "he"), he_uniform, lecun_normal (also "lecun"), lecun_uniform, orthogonal, nguyen_widrow (for
        inputs in [-1, 1]; it sets biases too). "auto" is he_normal for relu, leaky_relu, elu, gelu, silu and softplus,
        and glorot_uniform for the rest. Biases start at zero.
    slope : float, default 0.01
        Of leaky_relu for negative inputs.
    use_bias : bool, default True

    Examples
    --------
    >>> import steep
    >>> steep.Dense(10, "softmax")
    Dense(units=10, activation='softmax', initialization='auto', slope=0.01, use_bias=True)
    """

    units: int
    activation: str = "identity"
    initialization: str = option("auto")
    slope: float = option(0.01)
    use_bias: bool = option(True)

    kind: ClassVar[str] = "dense"

    def __post_init__(self) -> None:
        values = {
            "units": check_integer(self.units, "units", 1),
            "activation": check_choice(self.activation, "activation", ACTIVATIONS),
            "initialization": check_choice(
                _SHORT.get(self.initialization, self.initialization), "initialization", ("auto", *INITIALIZATIONS)
            ),
            "slope": check_number(self.slope, "slope"),
            "use_bias": check_bool(self.use_bias, "use_bias"),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def weight_initialization(self) -> str:
        """Return the name of the initialization of its weights, with "auto" resolved."""
        if self.initialization != "auto":
            return self.initialization
        return "he_normal" if self.activation in _RECTIFIERS else "glorot_uniform"


_KINDS: dict[str, type[Layer]] = {layer.kind: layer for layer in (Dense,)}


def layer_from_config(config: dict[str, Any]) -> Layer:
    """Return the layer that :meth:`Layer.to_config` described."""
    options = dict(config)
    kind = check_choice(options.pop("kind", None), "kind", _KINDS)
    known = {entry.name for entry in fields(_KINDS[kind])}  # type: ignore[arg-type]
    unknown = sorted(set(options) - known)
    if unknown:
        raise ValueError(f"options of a {kind} layer must be of {', '.join(sorted(known))}, got {show(unknown[0])}")
    return _KINDS[kind](**options)
