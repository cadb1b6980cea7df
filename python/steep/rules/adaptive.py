"""Rules that divide each entry's step by the root of a mean of its squared gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .._checks import check_bool
from ._rule import LearningRate, Rule, option


@dataclass(frozen=True)
class AdaGrad(Rule):
    """
    AdaGrad: ``G += g^2``, ``theta -= eta g / (sqrt(G) + eps)``.

    Parameters
    ----------
    learning_rate : float, schedule or callable, default 0.01
    eps : float, positive, default 1e-10
    weight_decay : float, default 0

    Notes
    -----
    As PyTorch with ``lr_decay=0`` (a schedule does that) and no initial accumulator.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011.

    Examples
    --------
    >>> import numpy as np, steep
    >>> w, rule = np.array([1.0]), steep.AdaGrad(0.5)
    >>> rule.update(w, np.array([100.0]), rule.init(w))  # the first step has length eta
    >>> w
    array([0.5])
    """

    eps: float = option(1e-10)
    weight_decay: float = option(0.0)

    _kernel: ClassVar[str] = "adagrad"
    _slots: ClassVar[tuple[str, ...]] = ("G",)


@dataclass(frozen=True)
class RMSProp(Rule):
    """
    RMSProp: ``E = beta E + (1 - beta) g^2``, ``theta -= eta g / (sqrt(E) + eps)``.

    Parameters
    ----------
    learning_rate : float, schedule or callable, default 1e-3
    beta : float in [0, 1), default 0.9
        PyTorch calls it alpha, with default 0.99.
    eps : float, positive, default 1e-8
    weight_decay : float, default 0

    Notes
    -----
    Neither centred nor with momentum; eps is outside the root, as in PyTorch (inside it in TensorFlow's old form).

    References
    ----------
    Tieleman and Hinton, "Lecture 6.5: rmsprop", 2012.

    Examples
    --------
    >>> import steep
    >>> steep.RMSProp(beta=0.99)
    RMSProp(learning_rate=0.001, beta=0.99, eps=1e-08, weight_decay=0.0)
    """

    learning_rate: LearningRate = 1e-3
    beta: float = option(0.9)
    eps: float = option(1e-8)
    weight_decay: float = option(0.0)

    _kernel: ClassVar[str] = "rmsprop"
    _slots: ClassVar[tuple[str, ...]] = ("E",)

    def _hyper_parameters(self) -> dict[str, Any]:
        return {"beta2": self.beta, "eps": self.eps, "weight_decay": self.weight_decay}


@dataclass(frozen=True)
class Adam(Rule):
    """
    Adam: steps along the mean of g over the root of the mean of g^2, both corrected for their start at zero.

    ``m = beta1 m + (1 - beta1) g``, ``v = beta2 v + (1 - beta2) g^2``, ``mhat = m / (1 - beta1^t)``,
    ``vhat = v / (1 - beta2^t)``, ``theta -= eta mhat / (sqrt(vhat) + eps)``.

    Parameters
    ----------
    learning_rate : float, schedule or callable, default 1e-3
    beta1, beta2 : float in [0, 1), default 0.9 and 0.999
    eps : float, positive, default 1e-8
    weight_decay : float, default 0
        Added to the gradient, as in PyTorch's Adam; see :class:`AdamW` for the decoupled form.
    eps_before_correction : bool, default False
        True: eps is added to sqrt(v) before the correction, as in scikit-learn. It is the form above with
        ``eps / sqrt(1 - beta2^t)`` in place of eps.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.

    Examples
    --------
    >>> import numpy as np, steep
    >>> w = {"weight": np.ones((2, 3)), "bias": np.zeros(2)}
    >>> rule = steep.Adam(0.1)
    >>> state = rule.init(w)
    >>> rule.update(w, {"weight": np.full((2, 3), 5.0), "bias": np.zeros(2)}, state)
    >>> w["weight"].round(6), state.step
    (array([[0.9, 0.9, 0.9],
           [0.9, 0.9, 0.9]]), 1)
    """

    learning_rate: LearningRate = 1e-3
    beta1: float = option(0.9)
    beta2: float = option(0.999)
    eps: float = option(1e-8)
    weight_decay: float = option(0.0)
    eps_before_correction: bool = option(False)

    _kernel: ClassVar[str] = "adam"
    _slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def _check(self, name: str, value: Any) -> Any:
        return check_bool(value, name) if name == "eps_before_correction" else super()._check(name, value)


@dataclass(frozen=True)
class AdamW(Adam):
    """
    Adam with decoupled weight decay: ``theta *= 1 - eta weight_decay``, then Adam's step on g alone.

    Parameters
    ----------
    learning_rate : float, schedule or callable, default 1e-3
    beta1, beta2, eps, eps_before_correction
        As for :class:`Adam`.
    weight_decay : float, default 0.01
        As PyTorch's, it is multiplied by the learning rate of the step.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.

    Examples
    --------
    >>> import numpy as np, steep
    >>> w, rule = np.ones(1), steep.AdamW(0.1, weight_decay=0.5)
    >>> rule.update(w, np.zeros(1), rule.init(w))
    >>> w
    array([0.95])
    """

    weight_decay: float = option(0.01)

    _kernel: ClassVar[str] = "adamw"


@dataclass(frozen=True)
class NAdam(Rule):
    """
    Adam with Nesterov's momentum, as PyTorch has it.

    ``mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2)``, ``P_t = mu_1 ... mu_t``, m, v and vhat of Adam, and
    ``theta -= eta ((1 - mu_t) g / (1 - P_t) + mu_{t+1} m / (1 - P_{t+1})) / (sqrt(vhat) + eps)``.

    Parameters
    ----------
    learning_rate : float, schedule or callable, default 2e-3
    beta1, beta2 : float in [0, 1), default 0.9 and 0.999
    eps : float, positive, default 1e-8
    momentum_decay : float, default 4e-3
    weight_decay : float, default 0
        Added to the gradient.

    References
    ----------
    Dozat, "Incorporating Nesterov momentum into Adam", 2016.

    Examples
    --------
    >>> import steep
    >>> steep.NAdam().momentum_decay
    0.004
    """

    learning_rate: LearningRate = 2e-3
    beta1: float = option(0.9)
    beta2: float = option(0.999)
    eps: float = option(1e-8)
    momentum_decay: float = option(4e-3)
    weight_decay: float = option(0.0)

    _kernel: ClassVar[str] = "nadam"
    _slots: ClassVar[tuple[str, ...]] = ("m", "v")


@dataclass(frozen=True)
class AMSGrad(Adam):
    """
    Adam whose v never decreases: the largest v so far, then corrected, stands for v under the root.

    Parameters
    ----------
    learning_rate : float, schedule or callable, default 1e-3
    beta1, beta2, eps, weight_decay, eps_before_correction
        As for :class:`Adam`.

    Notes
    -----
    As PyTorch's ``Adam(amsgrad=True)``: the maximum is taken before the bias correction.

    References
    ----------
    Reddi, Kale and Kumar, "On the convergence of Adam and beyond", 2018.

    Examples
    --------
    >>> import steep
    >>> sorted(steep.AMSGrad().init(__import__("numpy").zeros(2)).slots)
    ['largest', 'm', 'v']
    """

    _kernel: ClassVar[str] = "amsgrad"
    _slots: ClassVar[tuple[str, ...]] = ("m", "v", "largest")
