"""PyTorch's optimizers as update rules: their settings, and the weight decay of each group of parameters."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import torch

from .._checks import show
from ..rules import SGD, AdaGrad, Adam, AdamW, AMSGrad, Momentum, NAdam, Nesterov, RMSProp, Rprop, Rule
from ._modules import decaying

__all__ = ["rule_of", "scaled"]

_KNOWN = "SGD, Adam, AdamW, NAdam, RMSprop, Adagrad and Rprop"


def rule_of(optimizer: torch.optim.Optimizer, module: Any, factor: float) -> Rule:
    """
    Return the update rule of a torch optimizer's settings.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Of all parameters of the module; its groups may differ in weight_decay.
    module : torch.nn.Module
    factor : float
        By what PyTorch's loss is multiplied to be steep's.
    """
    decays = _decays(optimizer, module)
    rule = scaled(_rule(optimizer), factor)
    if any(decays.values()):
        share = 1.0 if isinstance(rule, AdamW) else factor
        weights, others = decaying(module, {key: share * value for key, value in decays.items()})
        object.__setattr__(rule, "_layer_decays", (weights, others))
    return rule


def _decays(optimizer: torch.optim.Optimizer, module: Any) -> dict[int, float]:
    """Return the weight decay of each parameter, by its id."""
    groups = optimizer.param_groups
    owned = {id(p) for p in module.parameters()}
    given = {id(p): float(group.get("weight_decay", 0)) for group in groups for p in group["params"]}
    if given.keys() != owned:
        raise ValueError(
            f"optimizer must be of all {len(owned)} parameters of module, which are trained together, got one of "
            f"{len(given.keys() & owned)} of them and {len(given.keys() - owned)} others"
        )
    for name, value in groups[0].items():
        if name not in ("params", "weight_decay", "param_names"):
            other = next((group[name] for group in groups if group[name] != value), value)
            if other != value:
                raise ValueError(
                    f"optimizer must have groups of parameters that differ in weight_decay alone, got {name}={value!r} "
                    f"and {other!r}"
                )
    return given


def _rule(optimizer: torch.optim.Optimizer) -> Rule:
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
    if kind is torch.optim.Rprop:
        (down, up), (low, high) = group["etas"], group["step_sizes"]
        return Rprop(rate, eta_minus=down, eta_plus=up, step_min=low, step_max=high)
    settings = {name: value for name, value in group.items() if name != "params"}
    raise TypeError(
        f"optimizer must be one that steep.torch knows ({_KNOWN}, without options that change the rule), got "
        f"{kind.__name__} with {show(settings)}"
    )


def scaled(rule: Rule, factor: float) -> Rule:
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
