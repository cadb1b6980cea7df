"""
What scikit-learn calls LIBLINEAR for, by `steep.minimize`.

The objective is LIBLINEAR's, whose intercept is the weight of a further constant column and so penalized: ``sum C s_i
l_i + 1/2 ||w||^2`` or ``||w||_1``; several classes are one against the rest. In regression y and epsilon are divided
by the size of y, so that tolerances mean the same in every unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.svm._base import _get_liblinear_solver_type
from sklearn.utils.validation import _check_sample_weight

from .._validation import Array
from ._linear import LinearFit, class_weights, fit_linear, with_column

__all__ = ["Liblinear"]

_WARNING = "Liblinear failed to converge, increase the number of iterations"
_LOSSES = {"logistic_regression": "logistic", "hinge": "hinge", "squared_hinge": "squared_hinge"}
_REGRESSION = ("epsilon_insensitive", "squared_epsilon_insensitive")


class Liblinear:
    """Stands for scikit-learn's `_fit_liblinear`; keeps the optimality of the last fit."""

    def __init__(self) -> None:
        self.optimality = 0.0

    def __call__(
        self,
        X: Any,
        y: Array,
        C: float,
        fit_intercept: bool,
        intercept_scaling: float,
        class_weight: Any,
        penalty: str,
        dual: bool,
        verbose: int,
        max_iter: int,
        tol: float,
        random_state: Any = None,
        multi_class: str = "ovr",
        loss: str = "logistic_regression",
        epsilon: float = 0.1,
        sample_weight: Array | None = None,
    ) -> tuple[Array, Any, Array]:
        """Return coef (1 or k, d), intercept and the iterations of each class."""
        _get_liblinear_solver_type(multi_class, penalty, loss, dual)  # refuses what LIBLINEAR has not
        real = loss in _REGRESSION
        classes = np.unique(y)
        if not real and len(classes) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one class: "
                f"{classes[0]!r}"
            )
        if fit_intercept and intercept_scaling <= 0:
            raise ValueError(
                f"Intercept scaling is {intercept_scaling!r} but needs to be greater than 0. To disable fitting an "
                "intercept, set fit_intercept=False."
            )
        w = _check_sample_weight(sample_weight, X, dtype=np.float64)
        each = class_weights(class_weight, classes, y, w) if class_weight else None
        rows = with_column(X, intercept_scaling) if fit_intercept else X
        if real:
            if epsilon < 0:
                raise ValueError(f"epsilon must be at least 0, got {epsilon}")
            fits = [self._regression(rows, y, w, C, loss, epsilon, tol=tol, max_iter=max_iter)]
        else:
            fits = self._classes(rows, y, w, classes, each, C, penalty, loss, tol=tol, max_iter=max_iter)
        self.optimality = max(fit.optimality for fit in fits)
        coef = np.array([fit.coef for fit in fits])
        iterations = np.array([fit.n_iter for fit in fits], np.int32)
        if not fit_intercept:
            return coef, 0.0, iterations
        return coef[:, :-1], intercept_scaling * coef[:, -1], iterations

    def _classes(
        self,
        rows: Any,
        y: Array,
        w: Array,
        classes: Array,
        each: Array | None,
        C: float,
        penalty: str,
        loss: str,
        **options: Any,
    ) -> list[LinearFit]:
        fits, scores = [], classes[1:] if len(classes) == 2 else classes
        for positive in scores:
            weights = w
            if each is not None and len(scores) == 1:
                weights = w * each[np.searchsorted(classes, y)]
            elif each is not None:  # LIBLINEAR weighs the class itself, and leaves the rest at 1
                weights = np.where(y == positive, w * each[np.searchsorted(classes, positive)], w)
            strength = 1.0 / (C * weights.sum())
            l1, l2 = (strength, 0.0) if penalty == "l1" else (0.0, strength)
            fits.append(
                fit_linear(
                    rows, (y == positive).astype(np.float64), _LOSSES[loss], l1=l1, l2=l2, intercept=False,
                    sample_weight=None if np.ptp(weights) == 0 else weights, warning=_WARNING, **options,
                )
            )  # fmt: skip
        return fits

    def _regression(
        self, rows: Any, y: Array, w: Array, C: float, loss: str, epsilon: float, **options: Any
    ) -> LinearFit:
        y = np.asarray(y, np.float64)
        size = float(np.sqrt(np.average(np.square(y), weights=w))) or 1.0
        degree = 1 if loss == "epsilon_insensitive" else 2
        fit = fit_linear(
            rows, y / size, loss, loss_parameter=epsilon / size, l2=size ** (2 - degree) / (C * w.sum()),
            intercept=False, sample_weight=None if np.ptp(w) == 0 else w, warning=_WARNING, **options,
        )  # fmt: skip
        fit.coef, fit.optimality = fit.coef * size, fit.optimality * size**degree
        return fit
