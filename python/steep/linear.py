"""Linear models as objectives: a design matrix with a loss on its scores; the Risk of a single dense layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from ._checks import check_bool, check_choice, check_integer, check_number, check_threads, show
from ._sparse import as_csr, is_sparse
from ._targets import CLASS_LOSSES, as_targets
from ._validation import Array, as_matrix, as_parameters, as_weights
from .objectives import Objective
from .penalties import resolve_penalty

__all__ = ["LinearObjective", "linear_core"]

# Losses that act on scores. The two on probabilities need an output activation, which a linear model has not.
LOSSES = (
    "squared_error",
    "absolute_error",
    "huber",
    "pinball",
    "epsilon_insensitive",
    "squared_epsilon_insensitive",
    "logistic",
    "softmax_cross_entropy",
    "hinge",
    "squared_hinge",
    "poisson",
    "perceptron",
)


class LinearObjective(Objective):
    """
    The risk of a linear model: ``mean of s_i l(W x_i + b, y_i) + l2/2 ||W||^2 + l1 ||W||_1``.

    Parameters
    ----------
    X : array of shape (n, d), or a SciPy sparse matrix
        float32 and float64 are used in place; everything computes in X's type. Sparse matrices become CSR.
    y : array
        Targets as the loss takes them: (n,) or (n, k), class indices for "softmax_cross_entropy".
    loss : str
        A loss on raw scores.
    loss_parameter : float
        Huber's delta, the pinball loss's q, epsilon.
    outputs : int, optional
        k; found from y unless the loss is "softmax_cross_entropy" with class indices whose last classes are missing.
    intercept : bool
        Add b, never penalized.
    penalty : L1, L2 or ElasticNet, optional
    average : bool
        The mean (weights s_i / sum s), or the sum.
    sample_weight : array of shape (n,), optional
    n_threads : int, optional

    Notes
    -----
    The variables are those of a dense layer in one vector: W (k, d) row by row, then b (k). The mean is weighted;
    weight 2 is the row twice. An evaluation reads X once; its bits do not depend on the number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> import steep
    >>> f = steep.problems.logistic([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1], intercept=True)
    >>> coef, intercept = f.unpack(steep.minimize(f).x)
    >>> np.round(coef, 4), np.round(intercept, 4)
    (array([0.9082]), np.float64(-1.3623))
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        loss: str = "squared_error",
        *,
        loss_parameter: float = 1.0,
        outputs: int | None = None,
        intercept: bool = False,
        penalty: Any = None,
        average: bool = True,
        sample_weight: Any = None,
        n_threads: int | None = None,
        name: str | None = None,
        data: str = "X",
    ) -> None:
        check_choice(loss, "loss", LOSSES)
        design, dtype = _as_design(X, data)
        n, d = design[0].shape if len(design) == 1 else (design[0].size - 1, design[3])
        k = _count_outputs(y, loss, n) if outputs is None else check_integer(outputs, "outputs", 1)
        rows, labels = as_targets(y, loss, k, n, dtype, data=data)
        weights = as_weights(sample_weight, n, dtype=dtype, data=data)
        l1, l2 = resolve_penalty(penalty)
        kind: Any = _core.LinearRisk32 if dtype == np.float32 else _core.LinearRisk64
        core = kind(
            *design,
            rows,
            labels,
            weights,
            loss=loss,
            parameter=check_number(loss_parameter, "loss_parameter"),
            outputs=k,
            intercept=check_bool(intercept, "intercept"),
            average=check_bool(average, "average"),
            l1=l1,
            l2=l2,
            n_threads=0 if n_threads is None else check_threads(n_threads),
        )
        super().__init__(core, name=name or f"linear risk ({loss})")
        self.shape: tuple[int, ...] = (d,) if k == 1 else (k, d)
        self.intercept = bool(intercept)
        self.loss = loss
        self.dtype = dtype
        self.default_tol = 1e-4 if dtype == np.float32 else None

    @property
    def rows(self) -> int:
        """Number of rows of X."""
        return int(self._linear.rows)

    @property
    def _linear(self) -> Any:
        return self._core

    def unpack(self, w: Any) -> tuple[Array, Any]:
        """
        Return the coefficients, (d,) or (k, d), and the intercept: a number, (k,), or 0.0 where there is none.

        Parameters
        ----------
        w : array of shape (dim,)
        """
        w = as_parameters(w, self.dim)
        size = int(np.prod(self.shape))
        coefficients = w[:size].reshape(self.shape)
        if not self.intercept:
            return coefficients, 0.0
        return coefficients, (float(w[size]) if len(self.shape) == 1 else w[size:])


def linear_core(net: Any, part: Any, loss: str, parameter: float, l1: float, l2: float) -> Any:
    """
    Return the risk of a single dense layer as a linear risk of the core, or None where it is not one.

    It is one when the layer's inputs are of the network's type, and the loss is taken on its scores. The design matrix
    of scaled inputs is a copy of them.

    Parameters
    ----------
    net : Network
    part : Part
        Prepared rows.
    loss : str
    parameter : float
        The loss's.
    l1, l2 : float
        Coefficients of the penalty.
    """
    specs, exact = net._specs, net._exact
    if len(specs) != 1 or specs[0].kind != "dense" or part.X.dtype != net.dtype or part.X.ndim != 2:
        return None
    kernel, on_raw = _core.resolve_loss(net.output_activation, loss, net.n_outputs)
    labels_fit = part.labels is None or kernel == "softmax_cross_entropy"
    if kernel not in LOSSES or not (on_raw or net.output_activation == "identity") or not labels_fit:
        return None
    kind: Any = _core.LinearRisk32 if net.dtype == np.float32 else _core.LinearRisk64
    weights = None if part.weights is None else np.ascontiguousarray(part.weights, dtype=net.dtype)
    design = part.X if exact["input_scale"] is None else part.X * exact["input_scale"]
    if exact["input_shift"] is not None:
        design = design + exact["input_shift"]
    return kind(
        np.ascontiguousarray(design),
        part.rows,
        part.labels,
        weights,
        loss=kernel,
        parameter=parameter,
        outputs=net.n_outputs,
        intercept=specs[0].use_bias,
        l1=l1,
        l2=l2,
    )


def _as_design(X: Any, name: str) -> tuple[tuple[Any, ...], np.dtype[Any]]:
    """Return ((matrix,) or (start, column, data, columns), dtype)."""
    if is_sparse(X):
        rows = as_csr(X, name)
        return rows, rows[2].dtype
    matrix = as_matrix(X, name)
    return (matrix,), matrix.dtype


_HINT = ": encode classes with np.unique(y, return_inverse=True)[1]"


def _count_outputs(y: Any, loss: str, n: int) -> int:
    array = np.asarray(y)
    if array.ndim == 2:
        k = int(array.shape[1])
        if loss not in CLASS_LOSSES or k > 1:
            return k
    if loss in CLASS_LOSSES:
        if array.dtype.kind not in "buif" or array.size == 0:
            raise ValueError(f"y must be class indices or rows of class probabilities, got {show(y)}{_HINT}")
        if not ((array >= 0) & (array < 2**31) & (array == np.floor(array))).all():
            bad = array[~((array >= 0) & (array < 2**31) & (array == np.floor(array)))]
            raise ValueError(f"y must be class indices, whole numbers from 0, got {bad.flat[0]}{_HINT}")
        present = np.unique(array)
        if present.size < 2:
            raise ValueError(f"y must hold at least 2 classes where their number is not given, got {present[0]:g} only")
        if present.size <= present[-1]:
            missing = int(np.setdiff1d(np.arange(present.size + 1), present)[0])
            raise ValueError(
                f"y must hold every class from 0 to {int(present[-1])} where their number is not given, got none of "
                f"class {missing}{_HINT}"
            )
        return int(present.size)
    return 1
