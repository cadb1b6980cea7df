"""Networks from modules and back: the same layers, the same numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from .._checks import show
from ..layers import Activation, BatchNorm, Dense, Dropout, Layer, LayerNorm
from ..network import Network

__all__ = ["decaying", "from_module", "to_module"]

_PLAIN = {
    nn.Sigmoid: "sigmoid", nn.Tanh: "tanh", nn.ReLU: "relu", nn.SiLU: "silu", nn.Identity: "identity",
}  # fmt: skip


def from_module(module: Any) -> Network:
    """
    Return the network that a module is, with its weights.

    Parameters
    ----------
    module : torch.nn.Sequential or torch.nn.Linear
        Sequentials may be nested; all parameters float32, or all float64, and each used once.

    Raises
    ------
    TypeError, ValueError
        For a layer, or an option of one, that has no counterpart; the message names it.

    Examples
    --------
    >>> import torch, steep.torch
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    >>> steep.torch.from_module(module)
    <Network 4 -> [Dense(8, 'relu'), Dense(3, 'identity')], 67 parameters, float32>
    """
    flat = list(_leaves(module))
    first = next((layer for layer in flat if isinstance(layer, nn.Linear)), None)
    if first is None:
        raise ValueError(f"module must have a Linear layer, got {show(module)}")
    dtypes = {p.dtype for p in module.parameters()}
    if dtypes not in ({torch.float32}, {torch.float64}):
        raise TypeError(f"module must have parameters of float32 or of float64, got {sorted(map(str, dtypes))}")
    specs: list[Layer] = []
    for layer in flat:
        _append(specs, layer)
    net = Network(specs, first.in_features, dtype="float32" if dtypes == {torch.float32} else "float64")
    for bound, layer in zip(_with_arrays(net), _arrayed(flat), strict=True):
        for ours, theirs in _pairs(bound, layer):
            ours[...] = theirs.detach().cpu().numpy()
    return net


def to_module(net: Network, module: Any = None) -> Any:
    """
    Write a network's numbers into a module; running statistics too.

    Parameters
    ----------
    net : Network
    module : torch.nn.Module, optional
        Of the same architecture; default: a new ``nn.Sequential``.

    Returns
    -------
    torch.nn.Module
    """
    if module is None:
        module = _new_module(net)
    flat = _arrayed(list(_leaves(module)))
    bound = list(_with_arrays(net))
    if len(flat) != len(bound):
        raise ValueError(f"module must have {len(bound)} layers with parameters, as net has, got {len(flat)}")
    with torch.no_grad():
        for ours, theirs in zip(bound, flat, strict=True):
            for array, tensor in _pairs(ours, theirs):
                if tuple(array.shape) != tuple(tensor.shape):
                    raise ValueError(f"module must have arrays of net's shapes, got {tuple(tensor.shape)}")
                tensor.copy_(torch.from_numpy(np.array(array)))
    return module


def _leaves(module: Any) -> Iterator[Any]:
    if isinstance(module, nn.Sequential):
        for child in module:
            yield from _leaves(child)
    elif isinstance(module, nn.Module):
        yield module
    else:
        raise TypeError(f"module must be a torch.nn.Sequential or a torch.nn.Linear, got {show(module)}")


def _append(specs: list[Layer], layer: Any) -> None:
    """Append a layer's counterpart; an activation right after a Dense becomes part of it."""
    kind = type(layer)
    if kind is nn.Linear:
        specs.append(Dense(layer.out_features, use_bias=layer.bias is not None))
    elif kind is nn.Dropout:
        specs.append(Dropout(layer.p))
    elif kind is nn.BatchNorm1d:
        if not layer.affine or not layer.track_running_stats or layer.momentum is None:
            raise ValueError("BatchNorm1d must be affine, with running statistics and a momentum, got another")
        specs.append(BatchNorm(momentum=layer.momentum, eps=layer.eps))
    elif kind is nn.LayerNorm:
        if not layer.elementwise_affine or layer.bias is None or len(layer.normalized_shape) != 1:
            raise ValueError("LayerNorm must be over one axis with weight and bias, got another")
        specs.append(LayerNorm(eps=layer.eps))
    elif kind is nn.Flatten:
        return
    else:
        name, slope = _activation(layer)
        if name == "identity":
            return
        if specs and isinstance(specs[-1], Dense) and specs[-1].activation == "identity":
            dense = specs.pop()
            assert isinstance(dense, Dense)
            specs.append(Dense(dense.units, name, slope=slope, use_bias=dense.use_bias))
        else:
            specs.append(Activation(name, slope=slope))


def _activation(layer: Any) -> tuple[str, float]:
    kind = type(layer)
    if kind in _PLAIN:
        return _PLAIN[kind], 0.01
    if kind is nn.LeakyReLU:
        return "leaky_relu", float(layer.negative_slope)
    if kind is nn.Softmax and layer.dim in (1, -1):
        return "softmax", 0.01
    if kind is nn.GELU and layer.approximate == "none":
        return "gelu", 0.01
    if kind is nn.ELU and layer.alpha == 1:
        return "elu", 0.01
    if kind is nn.Softplus and layer.beta == 1:
        return "softplus", 0.01
    raise TypeError(
        "layers must be Linear, Dropout, BatchNorm1d, LayerNorm, Flatten, Identity or activations that steep has, with "
        f"default options, got {layer!r}"
    )


def _arrayed(layers: list[Any]) -> list[Any]:
    """Return the layers with parameters, each of its own: a network has no shared ones."""
    found = [layer for layer in layers if isinstance(layer, nn.Linear | nn.BatchNorm1d | nn.LayerNorm)]
    uses = Counter(id(p) for layer in found for p in layer.parameters())
    shared = sum(count > 1 for count in uses.values())
    if shared:
        raise ValueError(f"module must have layers that share no parameters, got {shared} that are used more than once")
    return found


def _with_arrays(net: Network) -> Iterator[Any]:
    return (bound for bound, row in zip(net.layers, net._layout, strict=True) if row["arrays"])


def _pairs(bound: Any, layer: Any) -> Iterator[tuple[Any, Any]]:
    """Yield a network's array and the tensor that it corresponds to."""
    if isinstance(layer, nn.Linear):
        yield bound.weight, layer.weight
        if layer.bias is not None:
            yield bound.bias, layer.bias
        return
    yield bound.gamma, layer.weight
    yield bound.beta, layer.bias
    if isinstance(layer, nn.BatchNorm1d):
        yield bound.mean, layer.running_mean
        yield bound.variance, layer.running_var


def decaying(module: Any, decays: dict[int, float]) -> tuple[list[float], list[float]]:
    """
    Return the weight decay of each layer's weights, and that of its other parameters.

    Parameters
    ----------
    module : torch.nn.Module
    decays : dict
        Of each parameter, by its id.
    """
    net, flat = from_module(module), iter(_arrayed(list(_leaves(module))))
    weights, others = [0.0] * len(net.layers), [0.0] * len(net.layers)
    for number, row in enumerate(net._layout):
        if not row["arrays"]:
            continue
        layer = next(flat)
        own = [decays[id(p)] for p in (layer.weight, layer.bias) if p is not None]
        if isinstance(layer, nn.Linear):
            weights[number], others[number] = own[0], own[-1]
        elif own[0] != own[1]:
            raise ValueError(
                f"optimizer must have one weight_decay for {type(layer).__name__}'s weight and bias, got {own[0]} and "
                f"{own[1]}"
            )
        else:
            others[number] = own[0]
    return weights, others


def _new_module(net: Network) -> Any:
    made = {
        "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU, "elu": nn.ELU,
        "softplus": nn.Softplus,
    }  # fmt: skip
    dtype = torch.float32 if net.dtype == np.float32 else torch.float64
    layers: list[Any] = []
    width = net.n_inputs
    for spec in net._specs:
        name = getattr(spec, "activation", "identity")
        if isinstance(spec, Dense):
            layers.append(nn.Linear(width, spec.units, bias=spec.use_bias, dtype=dtype))
            width = spec.units
        elif isinstance(spec, Dropout):
            layers.append(nn.Dropout(spec.rate))
        elif isinstance(spec, BatchNorm):
            layers.append(nn.BatchNorm1d(width, eps=spec.eps, momentum=spec.momentum, dtype=dtype))
        elif isinstance(spec, LayerNorm):
            layers.append(nn.LayerNorm(width, eps=spec.eps, dtype=dtype))
        elif not isinstance(spec, Activation):
            raise TypeError(f"net must have layers that steep.torch knows, got {spec!r}")
        if name == "leaky_relu":
            layers.append(nn.LeakyReLU(float(getattr(spec, "slope", 0.01))))
        elif name == "softmax":
            layers.append(nn.Softmax(dim=1))
        elif name != "identity":
            if name not in made:
                raise TypeError(f"net must have activations that steep.torch knows, got {name!r}")
            layers.append(made[name]())
    return nn.Sequential(*layers)
