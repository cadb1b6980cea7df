"""Solvers that are full-batch methods: Levenberg-Marquardt, Newton-CG and every other of `steep.minimize`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from .._minimize import minimize
from .._validation import Array
from ..callbacks import EpochInfo, stops
from ..full_batch import WITH_POSTERIOR, posterior_after, working_copy
from ..methods import Method, resolve_method
from ._interrupts import Interrupts
from ._solver import NOT_FINITE, RENAMED

__all__ = ["FullBatchMixin", "resolve_full_batch"]

# Rows times parameters from which an iteration takes 0.1 ms or more, of which a call of Python's is a small part. The
# result of a run can be lost to an interrupt in its last iteration only, so that shorter ones need not be watched.
_LONG = 100_000


def resolve_full_batch(solver: str | Method) -> Method:
    """Return the method of a solver's name or object."""
    return resolve_method(RENAMED.get(solver, solver)) if isinstance(solver, str) else solver


class _Seen:
    """The last iteration and the values of all, for a run that is interrupted where it cannot return them."""

    def __init__(self, start: Array, after: Callable[..., None]) -> None:
        self.x, self.values, self._after = start, list[float](), after

    def __call__(self, intermediate_result: Any) -> None:
        self.x = intermediate_result.x
        self.values.append(float(intermediate_result.fun))
        self._after(intermediate_result)


class FullBatchMixin:
    """An iteration is an epoch of the whole data."""

    def _fit_method(self: Any, X: Any, y: Array, sample_weight: Array | None, solver: str | Method) -> None:
        method = resolve_full_batch(solver)
        for name, neutral in (("early_stopping", False), ("clip_norm", None), ("_held", None)):
            if getattr(self, name, neutral) != neutral:
                shown = "X_val" if name == "_held" else name
                raise ValueError(f"{shown} must be {neutral} with solver={method.name!r}, which sees all rows at once")
        self._refuse_noise(method.name)
        net = self._network()
        risk = self._risk(working_copy(net, method), X, y, sample_weight, not method.owns_penalty)
        core: Any = risk._core
        if "residuals" in method.needs and not core.has_gauss_newton:
            raise ValueError(
                f"loss must be smooth with solver={method.name!r}, got {self.loss!r}: use solver='lbfgs' or 'adam', or "
                "another loss ('huber' for outliers)"
            )
        constant = self._poisson_constant(y)
        offset = 0.0 if constant is None else float(np.average(constant, weights=sample_weight))
        start = net.parameters.astype(np.float64)
        seen = _Seen(start, self._after_iteration)
        several = getattr(method, "restarts", 1) > 1  # side by side: no last iteration, and they hear Ctrl-C themselves
        watched = self._calls() or self.verbose or X.shape[0] * start.size > _LONG
        run = partial(
            minimize, risk, start, method, tol=self.tol, max_iter=self.max_iter, max_time=self.max_time,
            callback=self._after_iteration if several else seen if watched else None, n_threads=self.n_threads,
        )  # fmt: skip
        with Interrupts(listens=not several) as interrupts:
            try:
                result = interrupts.call(run)
                x, fun, curve, nit = result.x, result.fun, result.trace["fun"][1:], int(result.nit)
                interrupts.heard = "Interrupted after" in result.message
            except KeyboardInterrupt:  # outside the solver, which ends with what it has
                result, interrupts.heard = None, True
                x, curve, nit = seen.x, seen.values, len(seen.values)
                fun = curve[-1] if curve else risk.value(x)
            if not np.isfinite(x).all():
                raise ValueError(NOT_FINITE)
            net.parameters[...] = x
            self.n_iter_ = nit
            self.loss_ = self._reported(risk, x, float(fun)) + offset
            self.loss_curve_ = [float(value) + offset for value in curve]
            self.best_loss_ = self.loss_
            self.t_ += self.n_iter_ * X.shape[0]
            if result is not None:
                self.result_ = result
                posterior = posterior_after(net, risk, method, result)
                if posterior is not None:
                    self.posterior_ = posterior
                if result.status in ("max_iter", "max_time"):
                    warnings.warn(f"solver={method.name!r}: {result.message}", ConvergenceWarning, stacklevel=2)

    def _deviation(self: Any, X: Any, include_noise: bool) -> Array:
        """Return the standard deviation of each output (n, n_outputs) by the posterior of the fit."""
        check_is_fitted(self)
        if not hasattr(self, "posterior_"):
            raise ValueError(
                f"return_std must be False after solver={self.solver!r} with loss={self.loss!r} and l1={self.l1}, got "
                "True: it needs solver='lm' or another method of second order "
                f"({', '.join(WITH_POSTERIOR[1:])}), a loss that is a likelihood, no l1, and at most 1,000 parameters"
            )
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        rows = X.toarray() if issparse(X) else X
        found: Array = self.posterior_.deviation(
            self._network(), rows, include_noise=include_noise, n_threads=self.n_threads
        )
        return found

    def _after_iteration(self: Any, intermediate_result: Any) -> None:
        loss = float(intermediate_result.fun)
        if self.verbose:
            print(f"Iteration {intermediate_result.nit}, loss = {loss:.8f}")
        calls = self._calls()
        if not calls:
            return
        logs = {"loss": loss, "gradient_norm": float(intermediate_result.gradient_norm)}
        net = self._network()
        net.parameters[...] = intermediate_result.x
        for call in calls:
            if stops(call, EpochInfo(int(intermediate_result.nit), self.max_iter, logs, net)):
                raise StopIteration
