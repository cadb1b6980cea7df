"""Exact derivatives of networks: Jacobians of the outputs, and gradients of each row's loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import _core
from ._checks import check_choice, check_integer, check_threads
from ._network_scaling import ScaledNetwork
from ._problem import prepare
from ._validation import Array

__all__ = ["input_gradients", "iter_jacobian", "jacobian", "sample_gradients"]

_CORE: Any = _core  # untyped: one function for networks of both precisions

_LIMIT = 2**31  # bytes of one result
_WRT = ("parameters", "inputs")


def _size(net: ScaledNetwork, wrt: str) -> int:
    return net.n_inputs if check_choice(wrt, "wrt", _WRT) == "inputs" else net.parameters.size


def jacobian(net: ScaledNetwork, X: Any, wrt: str = "parameters", *, n_threads: int | None = None) -> Array:
    """
    Return the derivatives of the outputs (after the declared output activation and the output scaling).

    Parameters
    ----------
    net : Network
    X : array_like
        As for ``net.predict``.
    wrt : {"parameters", "inputs"}
        With respect to the flat vector, or to X as it is given (before the input scaling).
    n_threads : int, optional

    Returns
    -------
    array (n, n_outputs, p) or (n, n_outputs, n_inputs)

    Raises
    ------
    ValueError
        If the result would be over 2 GiB; ``net.iter_jacobian`` gives it in blocks of rows.
    """
    size, matrix = _size(net, wrt), net._as_inputs(X)
    bytes_ = len(matrix) * net.n_outputs * size * net.dtype.itemsize
    if bytes_ > _LIMIT:
        raise ValueError(
            f"X must have so few rows that the Jacobian is at most 2 GiB, got {len(matrix)} rows and "
            f"{bytes_ / 2**30:.1f} GiB: use net.iter_jacobian(X, rows=...)"
        )
    threads = _core.default_threads() if n_threads is None else check_threads(n_threads)
    exact, core = net._exact, _CORE
    found: Array = core.jacobian(
        net._core, net.parameters, net.state, matrix, exact["input_scale"], exact["input_shift"], exact["output_scale"],
        wrt == "inputs", threads,
    )  # fmt: skip
    return found


def iter_jacobian(
    net: ScaledNetwork, X: Any, wrt: str = "parameters", *, rows: int = 256, n_threads: int | None = None
) -> Iterator[Array]:
    """
    Yield the Jacobian of one block of rows after the other.

    Parameters
    ----------
    net : Network
    X : array_like
    wrt : {"parameters", "inputs"}
    rows : int, default 256
        Of a block.
    n_threads : int, optional

    Yields
    ------
    array (at most rows, n_outputs, size)
    """
    rows, matrix = check_integer(rows, "rows", 1), net._as_inputs(X)
    _size(net, wrt)
    return (jacobian(net, matrix[i : i + rows], wrt, n_threads=n_threads) for i in range(0, len(matrix), rows))


def sample_gradients(net: ScaledNetwork, X: Any, y: Any, *, loss: Any = None, n_threads: int | None = None) -> Array:
    """
    Return each row's own gradient with respect to the parameters, (n, p).

    Parameters
    ----------
    net : Network
    X, y : array_like
        As for :func:`steep.train`.
    loss : str, steep.Huber, Pinball, EpsilonInsensitive, SoftL1, Cauchy, optional
        Default: by the output layer.
    n_threads : int, optional
    """
    return _row_gradients(net, X, y, loss, False, n_threads)


def input_gradients(net: ScaledNetwork, X: Any, y: Any, *, loss: Any = None, n_threads: int | None = None) -> Array:
    """
    Return the gradient of each row's loss with respect to its inputs as they are given, (n, n_inputs).

    Parameters
    ----------
    net : Network
    X, y : array_like
        As for :func:`steep.train`.
    loss : str, steep.Huber, Pinball, EpsilonInsensitive, SoftL1, Cauchy, optional
        Default: by the output layer.
    n_threads : int, optional
    """
    return _row_gradients(net, X, y, loss, True, n_threads)


def _row_gradients(net: ScaledNetwork, X: Any, y: Any, loss: Any, inputs: bool, n_threads: int | None) -> Array:
    problem = prepare(net, X, y, loss, None, None, None, 0)
    size = net.n_inputs if inputs else net.parameters.size
    bytes_ = len(problem.train.X) * size * net.dtype.itemsize
    if bytes_ > _LIMIT:
        raise ValueError(f"X must have so few rows that the gradients are at most 2 GiB, got {bytes_ / 2**30:.1f} GiB")
    threads = _core.default_threads() if n_threads is None else check_threads(n_threads)
    exact, core = net._exact, _CORE
    found: Array = core.row_gradients(
        net._core, net.parameters, net.state, *problem.train.arrays(), exact["input_scale"], exact["input_shift"],
        problem.loss, problem.parameter, inputs, threads,
    )  # fmt: skip
    return found
