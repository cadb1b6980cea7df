"""Training of a module: PyTorch's losses and optimizers in steep's terms, and the weights written back."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import torch
from torch import nn

from .._checks import show
from ..losses import Huber
from ..rules import SGD, AdaGrad, Adam, AdamW, AMSGrad, Momentum, NAdam, Nesterov, RMSProp, Rule, resolve_optimizer
from ..runs import Run
from ..training import train
from ._modules import from_module, to_module

__all__ = ["fit"]

# Losses of which PyTorch takes the mean over rows and outputs, and what a term of theirs is in steep's.
_MEANS: dict[Any, tuple[str, float]] = {
    nn.MSELoss: ("squared_error", 2.0), nn.L1Loss: ("absolute_error", 1.0), nn.HuberLoss: ("huber", 1.0),
    nn.BCELoss: ("binary_cross_entropy", 1.0), nn.BCEWithLogitsLoss: ("logistic", 1.0),
}  # fmt: skip


def fit(module: Any, X: Any, y: Any, *, loss: Any = None, optimizer: Any = "adam", **options: Any) -> Run:
    """
    Train a module as ``steep.train`` trains a network, and write its parameters back.

    Parameters
    ----------
    module : torch.nn.Sequential
        See :func:`steep.torch.from_module`.
    X, y : tensor or array_like
        As for :func:`steep.train`.
    loss : torch loss module, or as for :func:`steep.train`, optional
        CrossEntropyLoss, MSELoss, L1Loss, HuberLoss, BCELoss and BCEWithLogitsLoss with their default options,
        whose scaling (a mean over outputs too) is kept.
    optimizer : torch.optim optimizer, or as for :func:`steep.train`
        Of a torch optimizer the settings are taken, not the state: SGD, Adam, AdamW, NAdam, RMSprop, Adagrad.
    **options
        Of :func:`steep.train`: batch_size, epochs, validation, shuffle, ...

    Returns
    -------
    Run

    Notes
    -----
    From the same start and with ``shuffle=False`` it makes the steps of PyTorch's own loop over the rows in order, up
    to rounding. Weight decay acts on weights and not on biases.

    Examples
    --------
    >>> import torch, steep.torch
    >>> module = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    >>> x = torch.linspace(-1, 1, 50)[:, None]
    >>> run = steep.torch.fit(module, x, x**2, loss=torch.nn.MSELoss(), epochs=500)
    >>> bool(((module(x) - x**2) ** 2).mean() < 0.05)
    True
    """
    net = from_module(module)
    name, factor = _loss(loss, net.n_outputs)
    rule = _rule(optimizer)
    if isinstance(rule, Rule) and factor != 1:
        rule = _scaled(rule, factor)
    run = train(net, _array(X), _array(y), loss=name, optimizer=rule, **options)
    to_module(net, module)
    return run


def _array(data: Any) -> Any:
    return data.detach().cpu().numpy() if isinstance(data, torch.Tensor) else data


def _loss(loss: Any, outputs: int) -> tuple[Any, float]:
    """Return steep's loss, and by what PyTorch's is multiplied to be it."""
    delta: Any = getattr(loss, "delta", 1.0)
    if not isinstance(loss, nn.Module):
        return loss, 1.0
    kind = type(loss)
    plain = getattr(loss, "reduction", "mean") == "mean" and getattr(loss, "weight", None) is None
    plain = plain and getattr(loss, "pos_weight", None) is None
    if kind is nn.CrossEntropyLoss and plain and loss.label_smoothing == 0:
        return "softmax_cross_entropy", 1.0
    if kind in _MEANS and plain:
        name, term = _MEANS[kind]
        return (Huber(delta) if kind is nn.HuberLoss else name), outputs / term
    raise TypeError(f"loss must be a loss that steep.torch knows, with its default options, got {loss!r}")


def _rule(optimizer: Any) -> Any:
    """Return the update rule of a torch optimizer's settings."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        from ..training import _full_batch_method

        return optimizer if _full_batch_method(optimizer) is not None else resolve_optimizer(optimizer)
    if len(optimizer.param_groups) != 1:
        raise ValueError(f"optimizer must have one group of parameters, got {len(optimizer.param_groups)}")
    group, kind = optimizer.param_groups[0], type(optimizer)
    rate, decay = float(group["lr"]), float(group.get("weight_decay", 0))
    if group.get("maximize"):
        raise ValueError("optimizer must minimize, got maximize=True")
    if kind is torch.optim.SGD:
        if group["momentum"] == 0:
            return SGD(rate, weight_decay=decay)
        if group["dampening"] != 0:
            raise ValueError(f"optimizer must have dampening=0, got {group['dampening']}")
        if group["nesterov"]:
            return Nesterov(rate, beta=group["momentum"], form="reformulated", weight_decay=decay)
        return Momentum(rate, beta=group["momentum"], form="classical", weight_decay=decay)
    if kind in (torch.optim.Adam, torch.optim.AdamW):
        decoupled = kind is torch.optim.AdamW or group.get("decoupled_weight_decay", False)
        if group["amsgrad"] and decoupled:
            raise ValueError("optimizer must not be AdamW with amsgrad=True")
        ours = AMSGrad if group["amsgrad"] else AdamW if decoupled else Adam
        first, second = group["betas"]
        return ours(rate, beta1=first, beta2=second, eps=group["eps"], weight_decay=decay)
    if kind is torch.optim.NAdam and not group.get("decoupled_weight_decay"):
        first, second = group["betas"]
        return NAdam(
            rate, beta1=first, beta2=second, eps=group["eps"], weight_decay=decay,
            momentum_decay=group["momentum_decay"],
        )  # fmt: skip
    if kind is torch.optim.RMSprop and not group["centered"] and group["momentum"] == 0:
        return RMSProp(rate, beta=group["alpha"], eps=group["eps"], weight_decay=decay)
    if kind is torch.optim.Adagrad and group["lr_decay"] == 0 and group["initial_accumulator_value"] == 0:
        return AdaGrad(rate, eps=group["eps"], weight_decay=decay)
    raise TypeError(f"optimizer must be one that steep.torch knows, got {show(optimizer)}")


def _scaled(rule: Rule, factor: float) -> Rule:
    """Return the rule that makes on gradients `factor` times as large the steps of the given one: exactly."""
    names = {entry.name for entry in fields(rule)}
    changes: dict[str, Any] = {}
    if "eps" in names:  # m / (sqrt(v) + eps)
        changes["eps"] = getattr(rule, "eps") * factor  # noqa: B009
    elif isinstance(rule, SGD | Momentum):
        rate = rule.learning_rate
        changes["learning_rate"] = (lambda step: rate(step) / factor) if callable(rate) else rate / factor
    decay = getattr(rule, "weight_decay", 0.0)
    if decay and not isinstance(rule, AdamW):
        changes["weight_decay"] = decay * factor
    return replace(rule, **changes)
