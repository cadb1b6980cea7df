"""The risk of a network on a data set, as an objective."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from ._checks import check_bool, show
from ._problem import Part, Problem, prepare
from ._validation import Array
from .linear import linear_core
from .methods import Method
from .network import Network
from .objectives import Objective
from .penalties import resolve_penalty

__all__ = ["IN_SINGLE", "Risk"]

# Methods that do as well with the rounding of float32; the others work on a float32 network's risk in float64.
IN_SINGLE = (
    "lbfgs", "gradient_descent", "accelerated_gradient", "heavy_ball", "conjugate_gradient", "proximal_gradient",
)  # fmt: skip


class Risk(Objective):
    """
    The mean loss of a network plus a penalty: ``f(w) = (1 / sum s) sum s_i l(h(x_i; w), y_i) + penalty(w)``.

    Parameters
    ----------
    net : Network
        Its architecture and scaling are used, and its running statistics; it is never written to. Install a result with
        ``net.parameters = res.x``.
    X, y : array_like
        As for :func:`steep.train`.
    loss : str, steep.Huber, Pinball, EpsilonInsensitive, SoftL1, Cauchy, optional
        Default: by the output layer.
    penalty : steep.L2, steep.L1 or steep.ElasticNet, optional
        On weights, not on biases.
    sample_weight : array_like (n,), optional
        At least 0.
    inference : bool, default False
        Must be True for networks with dropout or batch normalization: the risk is the one in inference mode.

    Raises
    ------
    ValueError, TypeError
        For arguments that do not fit.

    Notes
    -----
    The derivatives are exact: `gradient` by backpropagation, `hessian_product` by the R-operator (Pearlmutter, "Fast
    exact multiplication by the Hessian", 1994), `gauss_newton` is the generalized Gauss-Newton matrix (Schraudolph,
    "Fast curvature matrix-vector products", 2002): J'J for the squared error. Values are in inference mode.

    A single dense layer with a loss on its scores (softmax with cross-entropy, say) is a linear model: convex, with its
    Hessian from the design matrix, and "auto" knows the methods for it.

    Examples
    --------
    >>> import numpy as np, steep
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    >>> net = steep.MLP([1, 1], dtype="float64")
    >>> f = steep.Risk(net, X, y)
    >>> res = steep.minimize(f, net.parameters, "lbfgs")
    >>> np.round(res.x, 5)
    array([2., 1.])
    """

    def __init__(
        self,
        net: Network,
        X: Any,
        y: Any,
        *,
        loss: Any = None,
        penalty: Any = None,
        sample_weight: Any = None,
        inference: bool = False,
    ) -> None:
        if not isinstance(net, Network):
            raise TypeError(f"net must be a steep.Network, got {show(net)}")
        changing = net.changes_in_training()
        if changing and not check_bool(inference, "inference"):
            raise ValueError(
                f"inference must be True for a network with a {changing} layer, whose loss in training is no function "
                f"of the parameters alone, got {inference}"
            )
        self.l1, self.l2 = resolve_penalty(penalty)
        problem = prepare(net, X, y, loss, None, sample_weight, None, 0)
        self._setup(net.copy(), problem.train, problem.loss, problem.parameter)

    def _setup(self, net: Network, part: Part, loss: str, parameter: float, linear: bool = True) -> None:
        self._net, self._part, self.loss, self._loss_parameter = net, part, loss, parameter
        self._weights = net.weight_mask()
        self.default_tol = 1e-4 if net.dtype == np.float32 else None
        core = linear_core(net, part, loss, parameter, self.l1, self.l2) if linear else None
        self.is_linear = core is not None
        if core is not None:
            super().__init__(core, x0=net.parameters, name="network risk")
            return
        kind: Any = _core.NetworkRisk32 if net.dtype == np.float32 else _core.NetworkRisk64
        exact = net._exact
        core = kind(
            net._core, net.state, *part.arrays(), exact["input_scale"], exact["input_shift"], loss, parameter,
            self.l1, self.l2, _core.default_threads(),
        )  # fmt: skip
        super().__init__(core, x0=net.parameters)

    @classmethod
    def of_part(
        cls,
        net: Network,
        part: Part,
        loss: str,
        parameter: float,
        l1: float = 0.0,
        l2: float = 0.0,
        linear: bool = True,
    ) -> Risk:
        """Return the risk on rows that are prepared already; unless `linear`, never as a linear model."""
        new = object.__new__(Risk)
        new.l1, new.l2 = l1, l2
        new._setup(net.copy(), part, loss, parameter, linear)
        return new

    @classmethod
    def of_problem(cls, net: Network, problem: Problem, l1: float = 0.0, l2: float = 0.0) -> Risk:
        """Return the risk on a prepared problem's training rows."""
        return cls.of_part(net, problem.train, problem.loss, problem.parameter, l1, l2)

    def penalty(self, w: Array) -> float:
        """
        Return the penalty alone.

        Parameters
        ----------
        w : array of shape (dim,)
        """
        return float(self.penalties(np.asarray(w)[None], np.array([-1.0]))[0])

    def penalties(self, x: Array, l2: Array) -> Array:
        """
        Return the penalty alone at each row of x.

        Parameters
        ----------
        x : array of shape (n, dim)
        l2 : array of shape (n,)
            Of the time of each row; -1 stands for this risk's own.
        """
        l2 = np.where(l2 < 0, self.l2, l2)
        if self.l1 == 0 and not l2.any():
            return np.zeros(len(x))
        weights = np.compress(self._weights, x, axis=1)
        found: Array = self.l1 * np.abs(weights).sum(axis=1) + l2 / 2 * (weights * weights).sum(axis=1)
        return found

    @property
    def network(self) -> Network:
        """A copy of the architecture and scaling, with the parameters of the time this risk was made."""
        return self._net

    def gauss_newton(self, w: Any) -> Array:
        """
        Return the generalized Gauss-Newton matrix, shape (dim, dim), the l2 penalty included.

        Parameters
        ----------
        w : array of shape (dim,)
        """
        if self._curved():
            return self.hessian(w)
        core: Any = self._core
        found: Array = core.normal_equations(self._point(w))[1]
        return found

    def gauss_newton_product(self, w: Any, v: Any) -> Array:
        """
        Return the generalized Gauss-Newton matrix at w times v, shape (dim,), the l2 penalty included.

        Parameters
        ----------
        w, v : array of shape (dim,)

        Notes
        -----
        One pass with tangents and one backwards (Schraudolph, 2002): about the cost of two gradients, in the memory of
        one, without the matrix.
        """
        if self._curved():
            return self.hessian_product(w, v)
        core: Any = self._core
        found: Array = core.gauss_newton_product(self._point(w), self._point(v, "v"))
        return found

    def _curved(self) -> bool:
        """Say whether the Gauss-Newton matrix is the Hessian, that of a linear model; refuse risks that have none."""
        core: Any = self._core
        linear = self.is_linear and core.residual_count == 0
        self._need(
            core.has_hessian if linear else core.has_gauss_newton,
            f"Gauss-Newton matrix: the loss {self.loss} has no curvature, or a layer no tangents",
        )
        return linear

    def double(self) -> Risk:
        """Return the same risk computed in float64."""
        if self._net.dtype == np.float64:
            return self
        part = self._part
        rows = None if part.rows is None else part.rows.astype(np.float64)
        part = Part(part.X, rows, part.labels, part.weights, part.y)
        return Risk.of_part(self._net.astype("float64"), part, self.loss, self._loss_parameter, self.l1, self.l2)

    def as_network(self, l2: float | None = None, *, biases: bool = False) -> Risk:
        """
        Return the same risk as that of any network, also of one dense layer.

        Parameters
        ----------
        l2 : float, optional
            Another l2 penalty.
        biases : bool
            With the penalty on the biases too, but for the last layer's.
        """
        if not self.is_linear and l2 in (None, self.l2) and not biases:
            return self
        f = self.fresh(l2)
        if biases:
            core: Any = f._core
            core.penalize_biases()
            f._weights = core.penalized
        return f

    def fresh(self, l2: float | None = None) -> Risk:
        """
        Return a copy as a network's risk.

        Parameters
        ----------
        l2 : float, optional
            Another l2 penalty.
        """
        l2 = self.l2 if l2 is None else l2
        return Risk.of_part(self._net, self._part, self.loss, self._loss_parameter, self.l1, l2, linear=False)

    def weigh_outputs(self, weights: Array) -> Risk:
        """
        Weigh the outputs' squared errors from now on.

        Parameters
        ----------
        weights : array of shape (n_outputs,)
        """
        core: Any = self._core
        core.output_weights = weights
        return self

    def for_method(self, method: Method) -> Risk:
        """Return this risk as a method takes it: in float64 for methods of second order, with residuals on demand."""
        if getattr(method, "penalizes_biases", False):
            return self.double().as_network(biases=True)
        if self.is_linear:
            return self.double().as_network() if "residuals" in method.needs else self
        return self if method.name in IN_SINGLE else self.double()
