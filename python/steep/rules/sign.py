"""Rules that look at the sign of the gradient only. They have no step size to scale a proximal step by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .._checks import check_in_range, check_number, check_positive, show
from ._rule import LearningRate, Rule, option


@dataclass(frozen=True)
class Lion(Rule):
    """
    Lion: ``theta -= eta (sign(beta1 m + (1 - beta1) g) + weight_decay theta)``, then ``m = beta2 m + (1 - beta2) g``.

    Parameters
    ----------
    learning_rate : float, schedule or callable, default 1e-4
        Every entry moves by this much in every step: about a tenth of Adam's.
    beta1, beta2 : float in [0, 1), default 0.9 and 0.99
    weight_decay : float, default 0
        Decoupled.

    References
    ----------
    Chen and others, "Symbolic discovery of optimization algorithms", 2023, program 1.

    Examples
    --------
    >>> import numpy as np, steep
    >>> w, rule = np.zeros(3), steep.Lion(0.1)
    >>> rule.update(w, np.array([7.0, 0.0, -0.01]), rule.init(w))
    >>> w
    array([-0.1,  0. ,  0.1])
    """

    learning_rate: LearningRate = 1e-4
    beta1: float = option(0.9)
    beta2: float = option(0.99)
    weight_decay: float = option(0.0)

    _kernel: ClassVar[str] = "lion"
    _slots: ClassVar[tuple[str, ...]] = ("m",)


@dataclass(frozen=True)
class Rprop(Rule):
    """
    Resilient propagation: each entry has a step size of its own, and only the sign of g counts. For full batches.

    While the sign stays, the entry's step size grows by `eta_plus`; when it changes, the step size shrinks by
    `eta_minus` and the entry rests for one step.

    Parameters
    ----------
    learning_rate : float, default 0.01
        The first step size of every entry; a number, as nothing else reads it.
    eta_minus : float in (0, 1), default 0.5
    eta_plus : float above 1, default 1.2
    step_min, step_max : float, positive, default 1e-6 and 50

    References
    ----------
    Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning", 1993; the variant of PyTorch
    (iRprop-, Igel and Huesken, 2000), without weight backtracking.

    Examples
    --------
    >>> import numpy as np, steep
    >>> w, rule = np.array([1.0]), steep.Rprop(0.1)
    >>> state = rule.init(w)
    >>> for _ in range(100):
    ...     rule.update(w, 2 * w, state)
    >>> bool(abs(w[0]) < 1e-5)
    True
    """

    eta_minus: float = option(0.5)
    eta_plus: float = option(1.2)
    step_min: float = option(1e-6)
    step_max: float = option(50.0)

    _kernel: ClassVar[str] = "rprop"
    _slots: ClassVar[tuple[str, ...]] = ("g", "step_size")

    def _check(self, name: str, value: Any) -> Any:
        if name == "eta_minus":
            return check_in_range(value, name, 0.0, 1.0, "neither")
        if name == "eta_plus":
            factor = check_number(value, name, "a number above 1")
            if factor <= 1.0:
                raise ValueError(f"eta_plus must be a number above 1, got {show(value)}")
            return factor
        number = check_positive(value, name)
        if name == "step_max" and number < self.step_min:
            raise ValueError(f"step_max must be at least step_min, {self.step_min:g}, got {show(value)}")
        return number
