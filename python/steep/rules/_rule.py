"""The base of all update rules: hyper-parameters that are checked once, and the step on the user's own arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

import numpy as np

from .. import _core
from .._checks import check_in_range, check_non_negative, check_positive, show
from .._validation import Array
from ._state import RuleState, check_parameter, check_writeable, contiguous, label, leaves, matching

LearningRate: TypeAlias = float | Callable[[int], float]


def option(default: Any) -> Any:
    return field(default=default, kw_only=True)


@dataclass(frozen=True)
class Rule:
    """
    What all update rules share. Use one of the classes below.

    Hyper-parameters are fixed when the rule is made; what changes from step to step lives in the state. Rules compare
    by value, print as the call that makes them, and can be pickled.
    """

    learning_rate: LearningRate = 0.01

    _kernel: ClassVar[str] = ""
    _slots: ClassVar[tuple[str, ...]] = ()
    # Weight decay of each layer's weights and of its other parameters, where a rule stands for one of another library.
    _layer_decays: ClassVar[tuple[list[float], list[float]] | None] = None

    def __post_init__(self) -> None:
        if type(self) is Rule:
            raise TypeError("use one of the update rules derived from Rule")
        for entry in fields(self):
            value = getattr(self, entry.name)
            object.__setattr__(self, entry.name, self._check(entry.name, value))

    def _check(self, name: str, value: Any) -> Any:
        """Return a hyper-parameter in its plain type; the one list of their rules."""
        if name == "learning_rate":
            return value if callable(value) and not isinstance(value, type) else check_positive(value, name)
        if name in ("beta", "beta1", "beta2"):
            return check_in_range(value, name, 0.0, 1.0, "left")
        if name == "eps":
            return check_positive(value, name)
        return check_non_negative(value, name)

    def __getstate__(self) -> dict[str, Any]:
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    @property
    def kernel(self) -> str:
        """Name of the rule among ``steep._core.rule_names()``."""
        return self._kernel

    def _hyper_parameters(self) -> dict[str, Any]:
        return {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "learning_rate"}

    @cached_property
    def core(self) -> _core.UpdateRule:
        """The rule as the compiled core takes it."""
        return _core.UpdateRule(self.kernel, **self._hyper_parameters())

    def rate(self, step: int) -> float:
        """Return the learning rate after `step` updates, from the number, the schedule or the callable."""
        if not callable(self.learning_rate):
            return float(self.learning_rate)
        name = f"learning_rate({step})"
        value: Any = self.learning_rate(step)
        return check_non_negative(value.item() if isinstance(value, np.ndarray) and value.size == 1 else value, name)

    def rates(self, start: int, count: int) -> Array:
        """Return the learning rates of `count` steps from `start` on, (count,) float64."""
        from ..schedules import Schedule

        if isinstance(self.learning_rate, Schedule):
            return self.learning_rate(np.arange(start, start + count))
        if callable(self.learning_rate):
            return np.array([self.rate(k) for k in range(start, start + count)], np.float64)
        return np.full(count, float(self.learning_rate))

    def init(self, params: Any) -> RuleState:
        """
        Return the state to go with `params`: slots of zeros, and step 0.

        Parameters
        ----------
        params : float32 or float64 array, or a list, tuple or dict of such arrays
            Of any shapes; only shapes and dtypes are read.

        Raises
        ------
        TypeError
            If an entry is not a float32 or float64 array.
        """
        structure, arrays = leaves(params, "params")
        for i, array in enumerate(arrays):
            check_parameter(array, label(structure, i, "params"))
        slots = {name: [np.zeros(a.shape, a.dtype.newbyteorder("=")) for a in arrays] for name in self._slots}
        return RuleState(self.kernel, 0, slots, structure, [a.shape for a in arrays])

    def update(self, params: Any, grads: Any, state: RuleState, *, l1: float = 0.0) -> None:
        """
        Take one step: `params` and `state` are changed in place, in one pass over each array.

        Parameters
        ----------
        params : as given to `init`
            Arrays that are not contiguous are updated through a copy.
        grads : arrays of the same shapes and dtypes, held in the same way
        state : RuleState
            From this rule's `init`.
        l1 : float, default 0
            Weight of an l1 penalty on these arrays. After the step comes its proximal step with the threshold l1 times
            the rule's own step size of each entry (for Adam eta / (sqrt(vhat) + eps)), so that entries become exactly
            zero and rest at the minimizer. Lion and Rprop refuse it.

        Raises
        ------
        TypeError, ValueError
            If a shape, a dtype or the state does not fit, or an array is read-only. Nothing is changed then.
        """
        if not isinstance(state, RuleState):
            raise TypeError(f"state must be what {type(self).__name__}.init returned, got {show(state)}")
        if l1 != 0.0:
            l1 = self._check_l1(l1)
        rate, slots = self.rate(state.step), list(state.slots.values())
        if type(params) is np.ndarray:
            held, arrays, gradients = None, [params], [grads]
        else:
            held, arrays, gradients = (len(params) if type(params) is list else -1), params, grads
        # First as if all were exact; the core refuses what is not, and then there is time to copy or to explain.
        if (
            state.rule == self.kernel
            and state.structure == held
            and type(gradients) is list
            and self.core.update(state.step + 1, rate, l1, arrays, gradients, slots)
        ):
            state.step += 1
            return
        self._update_with_copies(params, grads, state, rate, l1)

    def _update_with_copies(self, params: Any, grads: Any, state: RuleState, rate: float, l1: float) -> None:
        arrays = self._check_against(params, state)
        gradients = matching(grads, state.structure, "grads")
        ready: list[tuple[Array, Array]] = []
        for i, (theta, g) in enumerate(zip(arrays, gradients, strict=True)):
            name, of = label(state.structure, i, "grads"), label(state.structure, i, "params")
            check_writeable(theta, of)
            if not isinstance(g, np.ndarray):
                raise TypeError(f"{name} must be a NumPy array like {of}, got {show(g)}")
            if g.shape != theta.shape:
                raise ValueError(f"{name} must have the shape of {of}, {theta.shape}, got {g.shape}")
            if g.dtype != theta.dtype:
                raise TypeError(f"{name} must have the dtype of {of}, {theta.dtype}, got {g.dtype}")
            native = theta.dtype.newbyteorder("=")
            target = contiguous(theta, native)
            ready.append((target, contiguous(g, native, copy=np.may_share_memory(g, target))))
        slots = list(state.slots.values())
        if not self.core.update(state.step + 1, rate, l1, [t for t, _ in ready], [g for _, g in ready], slots):
            raise ValueError("state must hold arrays of its own like params: make it anew with init")
        for theta, (target, _) in zip(arrays, ready, strict=True):
            if target is not theta:
                theta[...] = target
        state.step += 1

    def _check_against(self, params: Any, state: RuleState) -> list[Array]:
        """Return the arrays of params, refusing those that `state` was not made for."""
        if state.rule != self.kernel:
            raise ValueError(f"state must be one of the rule {self.kernel!r}, got one of {state.rule!r}")
        structure, arrays = leaves(params, "params")
        arrays = matching(params, state.structure, "params") if structure != state.structure else arrays
        for i, array in enumerate(arrays):
            name = label(state.structure, i, "params")
            check_parameter(array, name)
            if array.shape != state.shapes[i]:
                raise ValueError(f"{name} must have the shape it had in init, {state.shapes[i]}, got {array.shape}")
            for slot in state.slots.values():
                if slot[i].dtype != array.dtype.newbyteorder("="):
                    raise TypeError(f"{name} must have the dtype it had in init, {slot[i].dtype}, got {array.dtype}")
        return arrays

    def _check_l1(self, l1: Any) -> float:
        value = check_non_negative(l1, "l1")
        if value > 0 and not self.core.allows_l1:
            raise ValueError(
                f"l1 must be 0 with {type(self).__name__}, which has no step size to scale the proximal step by, "
                f"got {show(l1)}"
            )
        return value
