"""Gradient descent, momentum and Nesterov's momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .._checks import check_choice, show
from .._validation import Array
from ._rule import Rule, option
from ._state import RuleState, leaves, matching, rebuild


@dataclass(frozen=True)
class SGD(Rule):
    """
    Stochastic gradient descent: ``theta -= eta g``.

    Parameters
    ----------
    learning_rate : float, schedule or callable, default 0.01
    weight_decay : float, default 0

    References
    ----------
    Robbins and Monro, "A stochastic approximation method", 1951. For momentum see :class:`Momentum`.

    Examples
    --------
    >>> import numpy as np, steep
    >>> w = np.array([1.0, -2.0])
    >>> rule = steep.SGD(0.5)
    >>> rule.update(w, np.array([2.0, 2.0]), rule.init(w))
    >>> w
    array([ 0., -3.])
    """

    weight_decay: float = option(0.0)

    _kernel: ClassVar[str] = "sgd"


@dataclass(frozen=True)
class Momentum(Rule):
    """
    Gradient descent with momentum, in one of three forms.

    ========== ======================= =======================================================================
    averaged   v = beta v + (1-beta) g theta -= eta v
    classical  v = beta v + g          theta -= eta v; PyTorch's ``SGD(momentum=beta)``
    velocity   v = beta v - eta g      theta += v; scikit-learn's, which differs from classical under a schedule
    ========== ======================= =======================================================================

    The classical form with rate eta (1 - beta) makes the steps of the averaged one with rate eta.

    Parameters
    ----------
    learning_rate : float, schedule or callable, default 0.01
    beta : float in [0, 1), default 0.9
    form : {"averaged", "classical", "velocity"}
    weight_decay : float, default 0

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.

    Examples
    --------
    >>> import steep
    >>> steep.Momentum(0.1, form="classical")
    Momentum(learning_rate=0.1, beta=0.9, form='classical', weight_decay=0.0)
    """

    beta: float = option(0.9)
    form: str = option("averaged")
    weight_decay: float = option(0.0)

    _slots: ClassVar[tuple[str, ...]] = ("v",)
    _forms: ClassVar[dict[str, str]] = {
        "averaged": "momentum", "classical": "momentum_classical", "velocity": "momentum_velocity",
    }  # fmt: skip

    def _check(self, name: str, value: Any) -> Any:
        return check_choice(value, name, self._forms) if name == "form" else super()._check(name, value)

    @property
    def kernel(self) -> str:
        """Name of the rule among ``steep._core.rule_names()``."""
        return self._forms[self.form]

    def _hyper_parameters(self) -> dict[str, Any]:
        return {"beta1": self.beta, "weight_decay": self.weight_decay}


@dataclass(frozen=True)
class Nesterov(Momentum):
    """
    Nesterov's momentum, in one of three forms.

    ============ ========================== =============================================================
    lookahead    v = beta v + (1-beta) g    theta -= eta v, with g taken at ``theta - eta beta v``
    reformulated v = beta v + g             theta -= eta (g + beta v); PyTorch's ``SGD(nesterov=True)``
    velocity     v = beta v - eta g         theta += beta v - eta g; scikit-learn's
    ============ ========================== =============================================================

    The last two take g at theta itself, and theta stands for the look-ahead point of the first: the reformulated form
    with rate eta (1 - beta) visits the look-ahead points of the look-ahead form with rate eta. Under ``lookahead`` the
    caller takes the gradient at the point that :meth:`lookahead` returns; :func:`steep.train` does so by itself.

    Parameters
    ----------
    learning_rate : float, schedule or callable, default 0.01
    beta : float in [0, 1), default 0.9
    form : {"lookahead", "reformulated", "velocity"}
    weight_decay : float, default 0
        Acts at the point where the gradient is taken.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning", 2013.

    Examples
    --------
    >>> import numpy as np, steep
    >>> w, rule = np.array([1.0]), steep.Nesterov(0.1)
    >>> state = rule.init(w)
    >>> for _ in range(300):
    ...     rule.update(w, 2 * rule.lookahead(w, state), state)  # gradient of x^2
    >>> bool(abs(w[0]) < 1e-6)
    True
    """

    form: str = option("lookahead")

    _forms: ClassVar[dict[str, str]] = {
        "lookahead": "nesterov", "reformulated": "nesterov_reformulated", "velocity": "nesterov_velocity",
    }  # fmt: skip

    def lookahead(self, params: Any, state: RuleState, *, l1: float = 0.0) -> Any:
        """
        Return where the next gradient is to be taken: ``theta - eta beta v``, held as `params` are.

        Parameters
        ----------
        params : as given to `init`
        state : RuleState
        l1 : float, default 0
            As it will be given to `update`: the point is then the proximal step of the above, with the threshold
            ``eta beta l1``, so that a minimizer of the penalized objective stays one.

        Raises
        ------
        TypeError, ValueError
            If the arrays do not fit the state, or the form is not "lookahead".
        """
        if self.form != "lookahead":
            raise ValueError(
                f"form must be 'lookahead' for this call, got {self.form!r}, whose gradients belong at theta"
            )
        if not isinstance(state, RuleState):
            raise TypeError(f"state must be what {type(self).__name__}.init returned, got {show(state)}")
        arrays = [np.array(a, a.dtype.newbyteorder("="), order="C") for a in self._check_against(params, state)]
        out: list[Array] = [np.empty_like(a) for a in arrays]
        slots = list(state.slots.values())
        if not self.core.lookahead(state.step + 1, self.rate(state.step), self._check_l1(l1), arrays, slots, out):
            raise ValueError("state must hold arrays of its own like params: make it anew with init")
        if isinstance(params, dict) and tuple(params) != state.structure:
            keys = leaves(params, "params")[0]
            out = matching(dict(zip(state.structure, out, strict=True)), keys, "params")  # type: ignore[arg-type]
        return rebuild(params, out)
