"""Bayesian regularization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .. import _core
from .._validation import Array, check_choice, check_integer, check_non_negative, check_positive
from .base import Method, Options

if TYPE_CHECKING:
    from ..objectives import Objective
    from ..results import Result

__all__ = ["BayesianRegularization"]


@dataclass(frozen=True)
class BayesianRegularization(Method):
    """
    Levenberg-Marquardt with an l2 penalty that the evidence sets: MATLAB's ``trainbr``.

    Parameters
    ----------
    damping : {"nielsen", "marquardt", "trust_region"}
        As in :class:`LevenbergMarquardt`.
    initial_damping : float, optional
        First damping; default 1e-3.
    max_damping : float
        A solve ends when the damping passes it.
    steps_per_update : int
        Levenberg-Marquardt steps between two updates of the penalty. ``trainbr`` makes one.
    restarts : int
        As in :class:`LevenbergMarquardt`; the best is that of the highest evidence.
    noise : {"by_output", "shared"}
        Whether each output has a noise level of its own, or all have one, as in ``trainbr``.

    Notes
    -----
    The weights have the prior N(0, 1 / alpha), the noise the precision beta, and the objective is the mean loss plus
    ``l2 / 2 ||P w||^2`` with ``l2 = alpha / (beta n)``. After every few steps (MacKay, Neural Computation 4 (1992)
    448; Foresee and Hagan, ICNN 1997)::

        effective = p - l2 tr(P H^-1)
        alpha = (effective - free) / ||P w||^2
        beta = (n k - effective) / sum of squared residuals

    with H the Gauss-Newton matrix of the objective, P the projection on what is penalized: the weights, and the biases
    too, as in ``trainbr``, but for the output layer's, which follow the targets' mean and have a flat prior. p
    parameters, n k residuals. No validation set is needed, and the network's risk must have no penalty of its own. With
    a likelihood as loss (cross-entropy, Poisson) beta is 1. Sample weights count repetitions.

    With several outputs there is a beta for each, ``beta_j = (n - effective_j) / sum of the output's squared
    residuals``, where ``effective_j`` is what the output determines (the effective_j add up to effective). The loss
    then weighs the outputs' squares by ``beta_j / beta``, ``1 / beta`` the mean of the ``1 / beta_j``, and ``l2 =
    alpha / (beta n)``.

    The result has ``alpha``, ``beta`` (an array if there are several), ``l2``, ``effective_parameters`` and
    ``log_evidence``; the trace's column ``effective_parameters`` follows the run. ``fun`` is measured with the penalty
    and the weights of its time, so it may rise.

    Examples
    --------
    >>> import numpy as np, steep
    >>> x = np.linspace(-1, 1, 60)[:, None]
    >>> y = np.sin(3 * x[:, 0]) + 0.1 * np.random.default_rng(0).normal(size=60)
    >>> net = steep.MLP([1, 10, 1], activation="tanh", dtype="float64", seed=1)
    >>> run = steep.train(net, x, y, optimizer=steep.BayesianRegularization(), epochs=300)
    >>> bool(net.posterior.effective_parameters < net.parameters.size)
    True
    """

    damping: str = "nielsen"
    initial_damping: float | None = None
    max_damping: float = 1e32
    steps_per_update: int = 3
    restarts: int = 1
    noise: str = "by_output"
    name: ClassVar[str] = "bayesian_regularization"
    owns_penalty: ClassVar[bool] = True
    penalizes_biases: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("residuals",)

    def __post_init__(self) -> None:
        check_choice(self.damping, "damping", ("nielsen", "marquardt", "trust_region"))
        check_positive(self.max_damping, "max_damping")
        check_integer(self.steps_per_update, "steps_per_update", 1)
        check_integer(self.restarts, "restarts", 1)
        check_choice(self.noise, "noise", ("by_output", "shared"))
        if self.initial_damping is not None:
            check_non_negative(self.initial_damping, "initial_damping")

    def _solver(self) -> _core.Solver:
        core: Any = _core
        solver: _core.Solver = core.BayesianRegularization(
            damping=getattr(_core.Damping, self.damping),
            initial=-1.0 if self.initial_damping is None else self.initial_damping,
            largest=self.max_damping,
            steps_per_update=self.steps_per_update,
            by_output=self.noise == "by_output",
        )
        return solver

    def _run(self, f: Objective, x0: Array, options: Options) -> Result:
        solver: Any = self._solver()
        self.check_penalty(getattr(f, "l1", 0.0), getattr(f, "l2", 0.0))
        from ..posterior import LIKELIHOODS  # which is built on the methods

        loss = getattr(f, "loss", "squared_error")
        if loss not in LIKELIHOODS:
            raise ValueError(f"loss must be a likelihood with {self.name} ({', '.join(LIKELIHOODS)}), got {loss!r}")
        result = self._run_solver(f, solver, x0, options)
        found = solver.found
        result.update({name: found[name] for name in ("alpha", "beta", "effective_parameters", "log_evidence")})
        result.l2 = found["l2"]
        weights = np.array(solver.output_weights)
        if weights.size:
            result.beta, result.output_weights = result.beta * weights, weights
        return result
