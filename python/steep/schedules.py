"""
Learning-rate schedules: functions of the step k = 0, 1, 2, ... (the number of updates already made).

Each is called with one step or with an array of steps. With ``warmup=w`` the first w steps climb in a line to the start
of the schedule proper, which then begins: step k < w has ``(k + 1) / w`` times the schedule's first value, and step
k >= w the schedule's value at k - w. A length (``steps``) counts the steps after the warm-up, and the last value is
kept beyond.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from ._checks import check_choice, check_integer, check_non_negative, check_positive, show

__all__ = ["Constant", "Cosine", "Exponential", "InverseTime", "OneCycle", "Schedule", "Step"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Schedule:
    """What all schedules share: the call, the warm-up and the checks. Use one of the classes below."""

    warmup: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        self._set(warmup=check_integer(self.warmup, "warmup", 0))
        self._check()

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _check(self) -> None:
        raise NotImplementedError("use one of the schedules derived from Schedule")

    def _value(self, k: Floats) -> Floats:
        raise NotImplementedError

    @overload
    def __call__(self, step: int | np.integer[Any]) -> float: ...
    @overload
    def __call__(self, step: npt.NDArray[Any] | list[int] | range) -> Floats: ...
    def __call__(self, step: Any) -> Any:
        """
        Return the learning rate of a step.

        Parameters
        ----------
        step : int, or array_like of int
            Updates already made: 0 for the first.

        Returns
        -------
        float, or float64 array of the shape of `step`

        Raises
        ------
        TypeError, ValueError
            If a step is not an integer of at least 0.
        """
        k = np.asarray(step)
        if k.dtype.kind not in "iu" and k.size:
            raise TypeError(f"step must be an integer or an array of integers, got {show(step)}")
        if k.size and k.min() < 0:
            raise ValueError(f"step must be at least 0, got {int(k.min())}")
        # One step as an array of one: powers and cosines of scalars differ from those of arrays in the last bit.
        steps = np.atleast_1d(k.astype(np.float64))
        after = self._value(np.maximum(steps - self.warmup, 0.0))
        climb = np.minimum((steps + 1.0) / self.warmup, 1.0) if self.warmup else 1.0
        rate = np.asarray(after * climb, np.float64)
        return rate if k.ndim else float(rate[0])


@dataclass(frozen=True)
class Constant(Schedule):
    """
    One learning rate for all steps: ``rate(k) = value``.

    Parameters
    ----------
    value : float, positive
    warmup : int, default 0

    Examples
    --------
    >>> from steep.schedules import Constant
    >>> Constant(0.1, warmup=4)([0, 1, 2, 3, 4])
    array([0.025, 0.05 , 0.075, 0.1  , 0.1  ])
    """

    value: float

    def _check(self) -> None:
        self._set(value=check_positive(self.value, "value"))

    def _value(self, k: Floats) -> Floats:
        return np.full_like(k, self.value)


@dataclass(frozen=True)
class Step(Schedule):
    """
    A staircase: ``rate(k) = initial * factor ** j``.

    Parameters
    ----------
    initial : float, positive
    every : int, or increasing sequence of int
        With an integer, j = floor(k / every) (PyTorch's StepLR). With a sequence, j is the number of its entries that
        are at most k (PyTorch's MultiStepLR).
    factor : float, positive, default 0.1
    warmup : int, default 0

    Examples
    --------
    >>> from steep.schedules import Step
    >>> Step(0.8, every=2, factor=0.5)(range(5))
    array([0.8, 0.8, 0.4, 0.4, 0.2])
    """

    initial: float
    every: int | tuple[int, ...]
    factor: float = field(default=0.1, kw_only=True)

    def _check(self) -> None:
        every: Any = self.every
        if isinstance(every, (list, tuple, np.ndarray)):
            every = tuple(check_integer(b, f"every[{i}]", 1) for i, b in enumerate(every))
            if not every or any(b <= a for a, b in pairwise(every)):
                raise ValueError(f"every must be an integer or an increasing sequence of integers, got {show(every)}")
        else:
            every = check_integer(every, "every", 1)
        initial, factor = check_positive(self.initial, "initial"), check_positive(self.factor, "factor")
        self._set(initial=initial, every=every, factor=factor)

    def _value(self, k: Floats) -> Floats:
        j = np.floor(k / self.every) if isinstance(self.every, int) else np.searchsorted(self.every, k, side="right")
        return np.asarray(self.initial * self.factor**j)


@dataclass(frozen=True)
class Exponential(Schedule):
    """
    Exponential decay: ``rate(k) = max(initial * factor ** (k / every), final)``.

    Parameters
    ----------
    initial : float, positive
    factor : float, positive
        What `every` steps multiply the rate by.
    every : int, default 1
    final : float, default 0
        The lowest rate.
    warmup : int, default 0

    Examples
    --------
    >>> from steep.schedules import Exponential
    >>> Exponential(0.1, factor=0.5, every=10)(20)
    0.025
    """

    initial: float
    factor: float
    every: int = field(default=1, kw_only=True)
    final: float = field(default=0.0, kw_only=True)

    def _check(self) -> None:
        initial, factor = check_positive(self.initial, "initial"), check_positive(self.factor, "factor")
        every, final = check_integer(self.every, "every", 1), check_non_negative(self.final, "final")
        self._set(initial=initial, factor=factor, every=every, final=final)

    def _value(self, k: Floats) -> Floats:
        return np.asarray(np.maximum(self.initial * self.factor ** (k / self.every), self.final))


@dataclass(frozen=True)
class Cosine(Schedule):
    """
    Half a cosine: ``rate(k) = final + (initial - final) * (1 + cos(pi * min(k / steps, 1))) / 2``.

    Parameters
    ----------
    initial : float, positive
    steps : int
        Steps to `final`, after the warm-up.
    final : float, default 0
    warmup : int, default 0

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, equation 5, without restarts.

    Examples
    --------
    >>> from steep.schedules import Cosine
    >>> Cosine(0.1, steps=100)([0, 50, 100, 200])
    array([0.1 , 0.05, 0.  , 0.  ])
    """

    initial: float
    steps: int
    final: float = field(default=0.0, kw_only=True)

    def _check(self) -> None:
        initial, final = check_positive(self.initial, "initial"), check_non_negative(self.final, "final")
        self._set(initial=initial, steps=check_integer(self.steps, "steps", 1), final=final)

    def _value(self, k: Floats) -> Floats:
        half = 0.5 * (1.0 + np.cos(np.pi * np.minimum(k / self.steps, 1.0)))
        return np.asarray(self.final + (self.initial - self.final) * half)


@dataclass(frozen=True)
class InverseTime(Schedule):
    """
    Decay with the inverse of time: ``rate(k) = initial / (1 + decay * k) ** power``.

    Parameters
    ----------
    initial : float, positive
    decay : float, at least 0
        With power 1 the rate is half of `initial` after 1 / decay steps.
    power : float, positive, default 1
        A power in (1/2, 1] meets the conditions of Robbins and Monro: the rates sum to infinity, their squares do not.
    warmup : int, default 0

    Examples
    --------
    >>> from steep.schedules import InverseTime
    >>> InverseTime(0.1, decay=0.25)(4)
    0.05
    """

    initial: float
    decay: float
    power: float = field(default=1.0, kw_only=True)

    def _check(self) -> None:
        initial, decay = check_positive(self.initial, "initial"), check_non_negative(self.decay, "decay")
        self._set(initial=initial, decay=decay, power=check_positive(self.power, "power"))

    def _value(self, k: Floats) -> Floats:
        return np.asarray(self.initial / (1.0 + self.decay * k) ** self.power)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """
    One cycle: from ``peak / divide`` up to `peak`, then down to ``peak / (divide * final_divide)``.

    With T = steps and a = rise * T - 1 the rate climbs over 0 <= k <= a and falls over a <= k <= T - 1. Both ways
    follow half a cosine, or a line. It is PyTorch's OneCycleLR (two phases) without the cycle of the momentum.

    Parameters
    ----------
    peak : float, positive
    steps : int, at least 2
        Length of the cycle; the last rate is kept afterwards.
    rise : float in (0, 1), default 0.3
        Share of the cycle spent climbing. ``rise * steps`` must be more than 1.
    divide, final_divide : float, positive, default 25 and 1e4
    shape : {"cosine", "linear"}, default "cosine"
    warmup : int, default 0
        A further climb from 0 to ``peak / divide`` before the cycle.

    References
    ----------
    Smith and Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2018.

    Examples
    --------
    >>> from steep.schedules import OneCycle
    >>> OneCycle(1.0, steps=10, divide=10, shape="linear")([0, 1, 2])
    array([0.1 , 0.55, 1.  ])
    """

    peak: float
    steps: int
    rise: float = field(default=0.3, kw_only=True)
    divide: float = field(default=25.0, kw_only=True)
    final_divide: float = field(default=1e4, kw_only=True)
    shape: str = field(default="cosine", kw_only=True)

    def _check(self) -> None:
        steps, rise = check_integer(self.steps, "steps", 2), check_positive(self.rise, "rise")
        if not 1 < rise * steps < steps:
            raise ValueError(f"rise must be in ({1 / steps:g}, 1) for {steps} steps, got {show(self.rise)}")
        divide, final_divide = check_positive(self.divide, "divide"), check_positive(self.final_divide, "final_divide")
        shape = check_choice(self.shape, "shape", ("cosine", "linear"))
        peak = check_positive(self.peak, "peak")
        self._set(peak=peak, steps=steps, rise=rise, divide=divide, final_divide=final_divide, shape=shape)

    def _value(self, k: Floats) -> Floats:
        low = self.peak / self.divide
        end = low / self.final_divide
        top, last = self.rise * self.steps - 1.0, self.steps - 1.0
        up, down = np.minimum(k / top, 1.0), np.clip((k - top) / (last - top), 0.0, 1.0)
        if self.shape == "cosine":
            up, down = 0.5 * (1.0 - np.cos(np.pi * up)), 0.5 * (1.0 - np.cos(np.pi * down))
        return np.asarray(np.where(k <= top, low + (self.peak - low) * up, self.peak + (end - self.peak) * down))
