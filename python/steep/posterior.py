"""The Gaussian approximation of a posterior over a network's parameters, and what it says about predictions."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._checks import check_threads, show
from ._validation import Array, as_scale
from .risk import Risk

if TYPE_CHECKING:
    from .network import Network

__all__ = ["LIKELIHOODS", "Posterior", "laplace"]

_CORE: Any = _core  # untyped: one function for networks of both precisions

LIKELIHOODS = (
    "squared_error", "cross_entropy", "softmax_cross_entropy", "binary_cross_entropy", "logistic", "poisson",
)  # fmt: skip
_LIMIT = 10_000  # parameters: the root of the covariance takes 8 p^2 bytes


@dataclass(frozen=True)
class Posterior:
    """
    The normal distribution ``N(parameters, covariance)`` of a network's parameters.

    Attributes
    ----------
    parameters : array (p,)
        Its mean: the parameters it was made at.
    root : array (p, p)
        Upper triangular; the covariance is ``root @ root.T``.
    alpha : float
        Precision of the weights' prior.
    beta : float or array (n_outputs,)
        Precision of the noise in the network's own output units (1 for likelihood losses), of each output where they
        differ.
    effective_parameters : float
        How many parameters the data determine.
    log_evidence : float
        Logarithm of the evidence p(data | alpha, beta), by Laplace's approximation; biases have a flat prior of
        density 1. -inf without a penalty.
    has_noise : bool
        Whether the loss is the squared error, so that 1 / beta is the variance of the noise.
    shift : float
        What was added, relative to its diagonal, to the Gauss-Newton matrix because it was singular; 0 where it was
        not.
    degrees_of_freedom : float
        Of the residuals that told the noise: observations less effective parameters. Near 0, where the network
        interpolates, they cannot tell it, and standard deviations warn. Infinite where the noise is known.
    """

    parameters: Array = field(repr=False)
    root: Array = field(repr=False)
    alpha: float
    beta: float | Array
    effective_parameters: float
    log_evidence: float
    has_noise: bool
    shift: float = 0.0
    degrees_of_freedom: float = np.inf

    def covariance(self) -> Array:
        """Return the covariance of the parameters, (p, p)."""
        found: Array = self.root @ self.root.T
        return found

    def deviation(self, net: Network, X: Any, *, include_noise: bool = False, n_threads: int | None = None) -> Array:
        """
        Return the standard deviation of each output at X, (n, n_outputs), in the outputs' own units.

        Parameters
        ----------
        net : Network
            With the parameters that this posterior was made at.
        X : array_like
            As for ``net.predict``.
        include_noise : bool
            Add the variance of the noise, for intervals of observations.
        n_threads : int, optional
        """
        if not np.array_equal(net.parameters, self.parameters.astype(net.dtype)):
            raise ValueError(
                "net.parameters must be those that the posterior was made at, got others: call steep.laplace again"
            )
        if include_noise and not self.has_noise:
            raise ValueError("include_noise must be False with a loss that has no noise of its own, got True")
        if self.degrees_of_freedom < 0.5:
            warnings.warn(
                f"the noise cannot be told from the residuals: {self.effective_parameters:.6g} effective parameters "
                f"leave {max(self.degrees_of_freedom, 0.0):.2g} degrees of freedom, and standard deviations are too "
                "small; give the noise by steep.laplace(f, net.parameters, noise_std=...)",
                RuntimeWarning,
                stacklevel=4,  # from predict's caller
            )
        double = net if net.dtype == np.float64 else net.astype("float64")
        threads = _core.default_threads() if n_threads is None else check_threads(n_threads)
        exact, core = double._exact, _CORE
        found: Array = core.predictive_deviation(
            double._core, self.parameters, double.state, double._as_inputs(X), exact["input_scale"],
            exact["input_shift"], exact["output_scale"], self.root, threads,
        )  # fmt: skip
        if include_noise:
            scale = 1.0 if exact["output_scale"] is None else np.abs(exact["output_scale"])
            found = np.hypot(found, scale / np.sqrt(self.beta))
        return found.astype(net.dtype, copy=False)


def laplace(f: Risk, w: Any, *, noise_std: Any = None) -> Posterior:
    """
    Return the Gaussian approximation of the posterior at a minimizer (Laplace's, linearized).

    Parameters
    ----------
    f : Risk
        Of a network, with a loss that is a likelihood: the squared error, a cross-entropy, or Poisson's. Its l2 penalty
        is the prior; without one the prior is flat.
    w : array (p,)
        Where f is least.
    noise_std : float or array (n_outputs,), optional
        Standard deviation of the noise in the targets' units (those of predict), one for all outputs or one for each;
        by default estimated from the residuals, as one in the network's own units, ``noise_std / |output_scale|``.

    Returns
    -------
    Posterior
        Assign it to ``net.posterior`` for ``net.predict(X, return_std=True)``.

    Notes
    -----
    The precision is ``n beta H``, H the generalized Gauss-Newton matrix of f, so the network is replaced by its
    linearization at w (Khan et al., NeurIPS 2019; Immer et al., AISTATS 2021). The default noise is the unbiased
    ``1 / beta = sum of squared residuals / (n k - effective parameters)``. Sample weights count repetitions. With
    another noise for each output, in the network's units, the outputs' parts of H are weighed by their precisions over
    beta, ``1 / beta`` the mean variance; w should then be least with these weights, as that of
    :class:`BayesianRegularization` is.

    Examples
    --------
    >>> import numpy as np, steep
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> y = x[:, 0] + 0.1 * np.random.default_rng(0).normal(size=50)
    >>> net = steep.MLP([1, 1], dtype="float64")
    >>> f = steep.Risk(net, x, y)
    >>> net.parameters = steep.minimize(f, method="direct").x
    >>> net.posterior = steep.laplace(f, net.parameters)
    >>> mean, std = net.predict(x, return_std=True)
    >>> noise = 1 / np.sqrt(net.posterior.beta)
    >>> round(float(std.min() / (noise / np.sqrt(50))), 2)  # in the middle: that of a mean of 50
    1.0
    """
    if not isinstance(f, Risk):
        raise TypeError(f"f must be a steep.Risk, got {show(f)}")
    if f.dim > _LIMIT:
        raise ValueError(f"f must have at most {_LIMIT:,} parameters for a dense posterior, got {f.dim:,}")
    if f.l1 > 0:
        raise ValueError(f"f must have no l1 penalty, whose prior is no normal distribution, got l1={f.l1}")
    if f.loss not in LIKELIHOODS:
        raise ValueError(f"f must have one of the losses {', '.join(LIKELIHOODS)}, got {f.loss!r}")
    has_noise = f.loss == "squared_error"
    if noise_std is not None and not has_noise:
        raise ValueError(f"noise_std must be None with the loss {f.loss}, got {show(noise_std)}")
    risk, known = f.double().as_network(), 0.0
    point = risk._point(w)
    if noise_std is not None:
        variances = _variances(risk.network, noise_std)
        known = 1 / float(np.mean(variances))
        if np.ptp(variances) > 1e-12 * variances.max():
            risk = risk.fresh().weigh_outputs(1 / (variances * known))
    core: Any = risk._core
    found = _CORE.evidence(core, point, known)
    degrees = _observations(risk) - found["effective_parameters"] if has_noise and known == 0 else np.inf
    weights = np.array(core.output_weights)
    beta = found["beta"] * weights if weights.size else found["beta"]
    return Posterior(
        point.copy(), found["root"], found["alpha"], beta, found["effective_parameters"], found["log_evidence"],
        has_noise, found["shift"], degrees,
    )  # fmt: skip


def _variances(net: Network, noise_std: Any) -> Array:
    """Return the variance of the noise of each output in the network's own units."""
    deviations = as_scale(noise_std, net.n_outputs, "noise_std", np.float64)
    if deviations is None or not (deviations > 0).all():
        raise ValueError(f"noise_std must be positive, got {show(noise_std)}")
    scale = net._exact["output_scale"]
    return (deviations if scale is None else deviations / np.abs(scale)) ** 2


def _observations(risk: Risk) -> float:
    part = risk._part
    weight = float(len(part.X)) if part.weights is None else float(np.sum(part.weights))
    outputs = part.targets(risk.network.n_outputs, np.float64)
    return weight * outputs.size / len(outputs)
