"""What a run returns: SciPy's field names, a status with its sentence, a trace for each iteration, a certificate."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._validation import Array

__all__ = ["STATUSES", "Certificate", "Result"]

# The words of Result.status; their places are the integers of SciPy's door (0 is success there too).
STATUSES = (
    "converged",
    "max_iter",
    "max_time",
    "line_search_failed",
    "not_positive_definite",
    "diverged",
    "unbounded",
    "infeasible",
    "singular",
    "interrupted",
)


class Certificate(NamedTuple):
    """
    How good a point is known to be.

    Attributes
    ----------
    kind : str
        "gradient_norm" (infinity norm, projected onto bounds), "prox_gradient_norm", "duality_gap" or "kkt_residual".
    value : float
    bound : float
        On f(x) minus the least value; infinite when the measure implies none. Known for strongly convex quadratics,
        for convex programs, and for linear models with a penalty, where it is the duality gap if an intercept is free.
    """

    kind: str
    value: float
    bound: float


class Result(dict[str, Any]):
    """
    The result of a run; its entries are attributes too.

    Attributes
    ----------
    x : array of shape (dim,)
        The best point seen; where the run converged, the point that passed the test.
    fun : float
        The objective there, an l1 penalty included.
    jac : array of shape (dim,)
        Gradient of the smooth part there.
    nit, nfev, njev, nhev : int
        Iterations; evaluations of values, gradients, and Hessians or Hessian-vector products.
    status : str
        One of :data:`STATUSES`.
    success : bool
        Whether the status is "converged".
    message : str
        The status in a sentence.
    trace : dict of arrays of shape (nit + 1,)
        ``fun``, ``gradient_norm``, ``step_size``, ``seconds`` (since the start), and the method's own column.
    certificate : Certificate
    method : str
        The method that ran; with "auto" the one chosen, and `reason` says why.
    settings : Method
        The method object, with its hyper-parameters.
    minimum : float or None
        The least value, where the problem knows it.

    Examples
    --------
    >>> import steep
    >>> res = steep.minimize(lambda x: (x - 1) @ (x - 1), [0.0, 0.0], "bfgs", gradient=lambda x: 2 * (x - 1))
    >>> res.status, res.success
    ('converged', True)
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"a Result has no {name!r}; it has {', '.join(self)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (dict(self),))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self})

    def __repr__(self) -> str:
        lines = []
        for key, value in self.items():
            if value is None or key == "settings":
                continue
            if key == "trace":
                text = f"{len(value['fun'])} rows of {', '.join(value)}"
            elif isinstance(value, np.ndarray):
                text = np.array2string(value, threshold=8, precision=8, prefix=" " * 13)
            else:
                text = str(value)
            lines.append(f"{key:>11}: {text}")
        return "\n".join(lines)

    @classmethod
    def from_core(cls, found: dict[str, Any], **more: Any) -> Result:
        """Make a Result of what the core returns."""
        result = cls(
            x=found["x"],
            fun=found["fun"],
            jac=found["jac"],
            nit=found["nit"],
            nfev=found["nfev"],
            njev=found["njev"],
            nhev=found["nhev"],
            status=found["status"],
            success=found["status"] == "converged",
            message=found["message"],
            certificate=Certificate(*found["certificate"]),
            trace=found["trace"],
        )
        for key in ("direction", "multipliers"):
            if found.get(key) is not None:
                result[key] = found[key]
        result.update(more)
        return result

    def extend(self, rest: Result) -> None:
        """Append the iterations of a run that went on from x."""
        start = float(self.trace["seconds"][-1])
        trace = {
            key: np.concatenate([values, rest.trace[key][1:] + (start if key == "seconds" else 0.0)])
            for key, values in self.trace.items()
        }
        nit, nfev, njev, nhev = (self[key] + rest[key] for key in ("nit", "nfev", "njev", "nhev"))
        self.update(rest)
        self.update(trace=trace, nit=nit, nfev=nfev, njev=njev, nhev=nhev)

    def plot(self, *, minimum: float | None = None, axes: Any = None) -> Any:
        """
        Draw the objective's gap and the gradient norm against iterations and seconds, on log scales.

        Parameters
        ----------
        minimum : float, optional
            The least value; otherwise the problem's own where it is known, else the least value of the run.
        axes : 2 x 2 array of Matplotlib axes, optional

        Returns
        -------
        figure
        """
        from .plot import compare

        return compare({self.get("method", "run"): self}, minimum=minimum, axes=axes)

    def to_scipy(self) -> Any:
        """Return it as ``scipy.optimize.OptimizeResult``: an integer status, with the word in ``status_name``."""
        from scipy.optimize import OptimizeResult

        result = OptimizeResult(self)
        result.status_name = self.status
        result.status = STATUSES.index(self.status)
        return result


def gap(result: Result, minimum: float | None = None) -> Array:
    """Return trace.fun minus the least value known."""
    fun = np.asarray(result.trace["fun"])
    least = minimum if minimum is not None else result.get("minimum")
    if least is None:
        least = min(float(np.nanmin(fun)), result.fun)
    return fun - least
