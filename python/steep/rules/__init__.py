"""
Update rules: theta -> theta after one step along a gradient, in place and in one pass.

Every rule serves :func:`steep.train` and, by ``init`` and ``update``, arrays of one's own. Below, theta are the
parameters, g the gradient, eta the learning rate, t = 1, 2, ... the step; slots start as zeros.

``learning_rate`` is a positive number, a schedule (:mod:`steep.schedules`) or any callable of the number of updates
already made (0 at the first). ``weight_decay`` is PyTorch's: g + weight_decay theta stands for g, except in AdamW and
Lion, which multiply theta by 1 - eta weight_decay.
"""

from __future__ import annotations

from typing import Any

from .._checks import check_choice, show
from ._rule import Rule
from ._state import RuleState
from .adaptive import AdaGrad, Adam, AdamW, AMSGrad, NAdam, RMSProp
from .momentum import SGD, Momentum, Nesterov
from .sign import Lion, Rprop

__all__ = [
    "RULE_NAMES",
    "SGD",
    "AMSGrad",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Lion",
    "Momentum",
    "NAdam",
    "Nesterov",
    "RMSProp",
    "Rprop",
    "Rule",
    "RuleState",
    "resolve_optimizer",
]  # fmt: skip

_BY_NAME: dict[str, type[Rule]] = {
    rule.__name__.lower(): rule
    for rule in (SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW, NAdam, AMSGrad, Lion, Rprop)
}
RULE_NAMES = tuple(_BY_NAME)


def resolve_optimizer(optimizer: Any, name: str = "optimizer") -> Rule:
    """
    Return an update rule: the object itself, or the rule of a name with its defaults.

    Parameters
    ----------
    optimizer : str or Rule
        Names: sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, nadam, amsgrad, lion, rprop.
    name : str
        The argument's name, for messages.

    Raises
    ------
    ValueError
        For another string; the message lists the names.
    TypeError
        For anything else.
    """
    if isinstance(optimizer, Rule):
        return optimizer
    if isinstance(optimizer, str):
        return _BY_NAME[check_choice(optimizer, name, _BY_NAME)]()
    if isinstance(optimizer, type) and issubclass(optimizer, Rule):
        raise TypeError(f"{name} must be an update rule, got the class: write {optimizer.__name__}()")
    raise TypeError(f"{name} must be an update rule or one of {', '.join(map(repr, _BY_NAME))}, got {show(optimizer)}")
