"""Curve fitting in SciPy's words."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from ._least_squares import UNBOUNDED, _bounds, least_squares
from ._validation import Array, as_numeric, check_choice, check_positive, show
from ._validation import check_finite as _check_finite

__all__ = ["curve_fit"]


def curve_fit(
    f: Callable[..., Any],
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: bool | None = None,
    bounds: Any = UNBOUNDED,
    method: Any = None,
    jac: Callable[..., Any] | str | None = None,
    *,
    full_output: bool = False,
    nan_policy: str | None = None,
    **kwargs: Any,
) -> tuple[Any, ...]:
    """
    Fit ``ydata = f(xdata, *params)`` by nonlinear least squares, with SciPy's signature.

    Parameters
    ----------
    f : callable
        ``f(x, *params)`` returns the prediction, of ydata's size.
    xdata, ydata : array
    p0 : array of shape (n,), optional
        Default: ones, or the middle of finite bounds.
    sigma : array of shape (m,) or (m, m), optional
        Standard deviations or covariance of ydata.
    absolute_sigma : bool
        Take sigma as it is; otherwise only its proportions count, and the residuals tell the scale.
    check_finite : bool, optional
        Refuse NaN and infinite data (the default).
    bounds : pair of arrays or numbers, or SciPy's Bounds
    method : Method or str, optional
    jac : callable or {"2-point", "3-point", "cs"}, optional
        ``jac(x, *params)``, shape (m, n), dense or sparse.
    full_output : bool
        Return ``(popt, pcov, infodict, mesg, ier)``; infodict holds SciPy's ``nfev`` and ``fvec``, and ``covariance``,
        ``standard_errors``, ``r_squared``, ``residual_std``, ``trace`` and ``result``.
    nan_policy : {"raise", "omit"}, optional
        Refuse NaN, or leave out observations that have any; with either, infinite data are not looked for unless
        `check_finite` says so.
    **kwargs
        Of :func:`steep.least_squares`, such as ``loss``, ``ftol``, ``max_nfev``, ``callback``; of ``leastsq``
        ``maxfev``, ``epsfcn`` and ``diag`` too.

    Returns
    -------
    popt : array of shape (n,)
    pcov : array of shape (n, n)
        Infinite, with a warning, where the Jacobian is rank-deficient (SciPy's "trf" takes a pseudo-inverse there) or
        there are no degrees of freedom. With a robust loss that of the loss's Gauss-Newton matrix, as SciPy's.

    Raises
    ------
    RuntimeError
        When the run does not converge: :func:`steep.least_squares` returns its result then.

    Examples
    --------
    >>> import numpy as np
    >>> import steep
    >>> x = np.linspace(0, 4, 50)
    >>> popt, pcov = steep.curve_fit(lambda x, a, b: a * np.exp(-b * x), x, 2.5 * np.exp(-1.3 * x))
    >>> popt.round(8)
    array([2.5, 1.3])
    """
    if not callable(f):
        raise TypeError(f"f must be callable, got {show(f)}")
    kwargs = _of_leastsq(kwargs)
    if p0 is None:
        p0 = _default_start(f, bounds)
    start = np.atleast_1d(as_numeric(p0, "p0")).astype(np.float64)
    y = np.asarray(as_numeric(ydata, "ydata"), dtype=np.float64).reshape(-1)
    x = np.asarray(xdata, dtype=np.float64) if isinstance(xdata, (list, tuple, np.ndarray)) else xdata
    if y.size == 0:
        raise ValueError("ydata must not be empty, got shape (0,)")
    if check_finite or (check_finite is None and nan_policy is None):
        _check_finite(y, "ydata")
        if isinstance(x, np.ndarray):
            _check_finite(x, "xdata")
    if nan_policy is not None:
        x, y, sigma = _without_nan(x, y, sigma, check_choice(nan_policy, "nan_policy", ("raise", "omit")))
    transform = _whitening(sigma, y.size)
    method = "lm" if method is None else method
    lower, upper = _bounds(bounds, start.size)
    if lower is not None and upper is not None and ((start < lower) | (start > upper)).any():
        raise ValueError(f"p0 must be within the bounds, got {show(start.tolist())}")

    def residuals(params: Array) -> Array:
        prediction = np.asarray(f(x, *params))
        if prediction.shape != y.shape:
            if prediction.size not in (1, y.size):
                raise ValueError(f"f must return {y.size} values, as ydata has, or one, got shape {prediction.shape}")
            prediction = prediction.reshape(-1)
        return transform(prediction - y)

    def jacobian(params: Array) -> Array:
        assert callable(jac)
        found = jac(x, *params)
        found = np.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=np.float64)
        if found.shape != (y.size, start.size):
            raise ValueError(f"jac must return shape ({y.size}, {start.size}), got shape {found.shape}")
        return transform(found)

    res = least_squares(
        residuals,
        start,
        jac=jacobian if callable(jac) else ("2-point" if jac is None else jac),
        bounds=bounds,
        method=method,
        **kwargs,
    )
    if res.status == "interrupted":
        raise KeyboardInterrupt
    # A method of the user's may end where nothing decreases beyond rounding with its gradient above an absolute tol.
    if not res.success and res.status != "line_search_failed":
        raise RuntimeError(
            f"Optimal parameters not found, the fit did not converge: {res.message} Its best point is "
            f"{show(res.x.tolist())}"
        )
    degrees = y.size - start.size
    covariance, full_rank = _covariance(res.jac)
    variance = 2 * res.cost / degrees if degrees > 0 else np.inf
    if full_rank and degrees > 0 and not absolute_sigma:
        covariance = covariance * variance
    if not full_rank or (degrees <= 0 and not absolute_sigma):
        covariance = np.full_like(covariance, np.inf)
        warnings.warn(_covariance_warning()("Covariance of the parameters could not be estimated"), stacklevel=2)
    if not full_output:
        return res.x, covariance
    weighted_mean = transform(np.ones_like(y))
    target = transform(y)
    level = float(weighted_mean @ target) / float(weighted_mean @ weighted_mean)
    total = float(np.sum((target - level * weighted_mean) ** 2))
    info = {
        "nfev": res.nfev,
        "fvec": res.fun,
        "covariance": covariance,
        "standard_errors": np.sqrt(np.diag(covariance)),
        "r_squared": 1 - float(res.fun @ res.fun) / total if total > 0 else np.nan,
        "residual_std": float(np.sqrt(variance)) if degrees > 0 else np.nan,
        "degrees_of_freedom": degrees,
        "trace": res.trace,
        "result": res,
    }
    return res.x, covariance, info, res.message, 1


def _default_start(f: Callable[..., Any], bounds: Any) -> Array:
    n = _count_parameters(f)
    if n < 1:
        raise ValueError("p0 must be given when f does not name its parameters, got None")
    lower, upper = _bounds(bounds, n)
    start = np.ones(n)
    if lower is not None and upper is not None:
        low, high = np.isfinite(lower), np.isfinite(upper)
        both = low & high
        start[both] = (lower[both] + upper[both]) / 2
        start[low & ~high] = lower[low & ~high] + 1
        start[high & ~low] = upper[high & ~low] - 1
    return start


def _count_parameters(f: Callable[..., Any]) -> int:
    """Return how many parameters f names after x; 0 where it does not say."""
    if type(f) is FunctionType and not f.__dict__:  # inspect.signature takes as long as five evaluations of a small f
        return 0 if f.__code__.co_flags & inspect.CO_VARARGS else f.__code__.co_argcount - 1
    parameters = [p for p in inspect.signature(f).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    return 0 if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(parameters) - 1


def _of_leastsq(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return options with those of SciPy's leastsq in the words of least_squares."""
    if "args" in kwargs:
        raise ValueError(f"args must not be given: put them into f, got {show(kwargs['args'])}")
    if "factor" in kwargs:
        raise TypeError(
            "factor must be given as method=steep.LevenbergMarquardt(damping='trust_region', initial_damping=factor), "
            f"got {show(kwargs['factor'])}"
        )
    kwargs = dict(kwargs)
    if "maxfev" in kwargs:
        limit = kwargs.pop("maxfev")
        kwargs["max_nfev"] = None if limit == 0 else limit  # 0: the default
    if "epsfcn" in kwargs:
        step = kwargs.pop("epsfcn")
        kwargs["diff_step"] = None if step is None else check_positive(step, "epsfcn") ** 0.5
    if "diag" in kwargs:
        diag = kwargs.pop("diag")
        kwargs["x_scale"] = None if diag is None else 1 / np.asarray(as_numeric(diag, "diag"), np.float64)
    return kwargs


def _without_nan(x: Any, y: Array, sigma: Any, policy: str) -> tuple[Any, Array, Any]:
    if not isinstance(x, np.ndarray):
        raise ValueError(f"xdata must be an array with nan_policy={policy!r}, got {show(x)}")
    bad = np.isnan(y) | np.isnan(x).reshape(-1, y.size).any(axis=0)
    if policy == "raise" and bad.any():
        raise ValueError(f"xdata and ydata must have no NaN, got one in observation {int(bad.argmax())}")
    if sigma is not None:
        sigma = np.asarray(sigma)
        sigma = sigma[~bad] if sigma.ndim == 1 else sigma[~bad][:, ~bad]
    return x[..., ~bad], y[~bad], sigma


def _whitening(sigma: Any, m: int) -> Callable[[Array], Array]:
    if sigma is None:
        return lambda r: r
    s = np.asarray(as_numeric(sigma, "sigma"), dtype=np.float64)
    if s.size == 1 or s.shape == (m,):
        if not (s > 0).all():
            first = int((~(s.reshape(-1) > 0)).argmax())
            raise ValueError(f"sigma must be positive, got {s.flat[first]} in entry {first}")
        weights = 1 / np.broadcast_to(s.reshape(-1), (m,))
        return lambda r: (r.T * weights).T
    if s.shape == (m, m):
        _check_finite(s, "sigma")
        try:
            inverse = np.linalg.inv(np.linalg.cholesky(s))
        except np.linalg.LinAlgError:
            least = float(np.linalg.eigvalsh(s)[0])
            raise ValueError(
                f"sigma must be positive definite as a covariance, got a least eigenvalue of {least:.3g}"
            ) from None
        return lambda r: inverse @ r
    raise ValueError(f"sigma must have shape ({m},) or ({m}, {m}), got shape {s.shape}")


def _covariance(jacobian: Array) -> tuple[Array, bool]:
    """Return (J'J)^-1 by singular values of J with columns of norm 1, and whether J has full rank."""
    m, n = jacobian.shape
    norms = np.sqrt(np.einsum("ij,ij->j", jacobian, jacobian))
    norms[norms == 0] = 1
    _, values, Vt = np.linalg.svd(jacobian / norms, full_matrices=False)
    full = m >= n and bool(values[-1] > np.finfo(float).eps * max(m, n) * values[0])
    if not full:
        return np.full((n, n), np.inf), False
    W = Vt.T / values / norms[:, None]
    return W @ W.T, True


def _covariance_warning() -> type[Warning]:
    try:
        from scipy.optimize import OptimizeWarning
    except ImportError:
        return RuntimeWarning
    found: type[Warning] = OptimizeWarning
    return found
