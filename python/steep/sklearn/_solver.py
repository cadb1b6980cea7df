"""Which solver runs: scikit-learn's three, every update rule and full-batch method, and what "auto" takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import _check_sample_weight

from ..methods import Method, method_table
from ..rules import _BY_NAME, Rule

__all__ = ["NOT_FINITE", "RENAMED", "SOLVERS", "SolverMixin"]

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)

_NETWORK_METHODS = sorted(
    set(method_table)
    - {"dual_coordinate_ascent", "hinge_interior_point", "coordinate_descent", "interior_point", "direct", "lbfgs"}
)
RENAMED = {"lm": "levenberg_marquardt", "newton-cg": "newton_cg"}  # scikit-learn's and SciPy's words
SOLVERS = {"lbfgs", "auto", *RENAMED, *_BY_NAME, *_NETWORK_METHODS} - set(RENAMED.values())
# "auto": Levenberg-Marquardt factors a matrix of all parameters in every iteration; L-BFGS reads all rows.
_LM_PARAMETERS, _LM_WORK, _LBFGS_ROWS = 600, 2e9, 2000


class SolverMixin:
    """`_fit`, where a solver is chosen."""

    def _choose(self: Any, rows: int) -> tuple[Any, str]:
        """Return what "auto" takes for the initialized network, and why."""
        p = sum(a.size for a in (*self.coefs_, *self.intercepts_))
        loss = self._loss()[0]
        noisy = self.batch_norm or bool(np.any(np.asarray(self.dropout) > 0))
        stochastic = (
            noisy or self.early_stopping or self.clip_norm is not None or self.__dict__.get("_held") is not None
        )
        if stochastic:
            return "adam", "adam: validation rows, clipping, dropout and batch_norm go with minibatches"
        work = float(rows) * self.n_outputs_ * p * p
        if loss == "squared_error" and self.l1 == 0 and p <= _LM_PARAMETERS and work <= _LM_WORK:
            return "lm", f"lm: a squared error, and {p} parameters make a factorization affordable"
        if rows <= _LBFGS_ROWS and self.l1 == 0:
            return "lbfgs", f"lbfgs: {rows} rows make full batches affordable"
        return "adam", f"adam: {rows} rows are many for full batches"

    def _is_rule(self: Any) -> bool:
        return isinstance(self.solver, Rule) or self.solver in _BY_NAME

    def _check_solver(self: Any) -> bool:
        if not self._is_rule():
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not stochastic."
            )
        return True

    def _weights(self: Any, y: Any, sample_weight: Any) -> Any:
        """Return the rows' weights with those of the classes."""
        if getattr(self, "class_weight", None) is None:
            return sample_weight
        each = compute_sample_weight(self.class_weight, y)
        return each if sample_weight is None else np.asarray(sample_weight) * each

    def _check_further(self: Any, hidden: int) -> None:
        """Refuse what scikit-learn's constraints cannot say of the further arguments."""
        if self.dtype is not None and self.dtype not in (np.float32, np.float64, "float32", "float64", float):
            raise ValueError(f"dtype must be float32 or float64, got {self.dtype!r}")
        for call in self._calls():
            if not callable(call):
                raise TypeError(f"callbacks must be callables, got {call!r}")
        self._hidden_activations(hidden)
        self._rates(hidden)

    def _fit(self: Any, X: Any, y: Any, sample_weight: Any = None, incremental: bool = False) -> Any:
        """Fit with any solver; checks and initialization are as in scikit-learn's `_fit`."""
        if incremental and getattr(self, "class_weight", None) is not None:
            raise ValueError(f"class_weight must be None in partial_fit, got {self.class_weight!r}: give sample_weight")
        for name in ("posterior_", "result_"):  # of a fit before
            self.__dict__.pop(name, None)
        if sample_weight is None:
            sample_weight = self.__dict__.get("_row_weights")
        sample_weight = self._weights(y, sample_weight)
        sizes = self.hidden_layer_sizes
        hidden = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if np.any(np.array(hidden) <= 0):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {hidden}.")
        self._check_further(len(hidden))
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, y = self._validate_input(X, y, incremental, reset=first)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        y = y.reshape(-1, 1) if y.ndim == 1 else y
        self.n_outputs_ = y.shape[1]
        self._random_state = check_random_state(self.random_state)
        units = [X.shape[1], *hidden, self.n_outputs_]
        if first:
            self._initialize(y, units, X.dtype)
        chosen, reason = (self.solver, str(self.solver)) if self.solver != "auto" else self._choose(X.shape[0])
        self.solver_ = reason
        if chosen == "lbfgs":
            self._fit_packed(X, y, sample_weight, units)
            if not all(np.isfinite(array).all() for array in (*self.coefs_, *self.intercepts_)):
                raise ValueError(NOT_FINITE)
        elif isinstance(chosen, Rule) or chosen in _BY_NAME:
            self._fit_epochs(X, y, sample_weight, incremental, chosen)
        else:
            assert isinstance(chosen, str | Method)
            self._fit_method(X, y, sample_weight, chosen)
        return self
