"""Derivatives as methods of a network: Jacobians, gradients of each row, and the two halves of a training loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import derivatives
from ._network_scaling import ScaledNetwork
from ._validation import Array
from .loops import Loop

__all__ = ["DifferentiableNetwork"]


class DifferentiableNetwork(ScaledNetwork):
    """The part of a network that is differentiated."""

    _loop: Loop | None  # made by the first forward

    def jacobian(self, X: Any, wrt: str = "parameters", *, n_threads: int | None = None) -> Array:
        """
        Return the derivatives of the outputs with respect to "parameters" (n, out, p) or "inputs" (n, out, d).

        Parameters
        ----------
        X : array_like
            As for :meth:`predict`.
        wrt : {"parameters", "inputs"}
        n_threads : int, optional

        Raises
        ------
        ValueError
            If the result would be over 2 GiB: use :meth:`iter_jacobian`.

        Examples
        --------
        >>> import numpy as np, steep
        >>> net = steep.MLP([2, 1], dtype="float64")
        >>> net.parameters = [3.0, 4.0, 5.0]
        >>> net.jacobian(np.array([[1.0, 2.0]]))
        array([[[1., 2., 1.]]])
        >>> net.jacobian(np.array([[1.0, 2.0]]), wrt="inputs")
        array([[[3., 4.]]])
        """
        return derivatives.jacobian(self, X, wrt, n_threads=n_threads)

    def iter_jacobian(
        self, X: Any, wrt: str = "parameters", *, rows: int = 256, n_threads: int | None = None
    ) -> Iterator[Array]:
        """
        Yield :meth:`jacobian` of one block of `rows` rows after the other.

        Parameters
        ----------
        X : array_like
        wrt : {"parameters", "inputs"}
        rows : int, default 256
        n_threads : int, optional
        """
        return derivatives.iter_jacobian(self, X, wrt, rows=rows, n_threads=n_threads)

    def sample_gradients(self, X: Any, y: Any, *, loss: Any = None) -> Array:
        """
        Return each row's own gradient of the loss with respect to the parameters, (n, p).

        Parameters
        ----------
        X, y : array_like
            As for :func:`steep.train`.
        loss : str, steep.Huber, Pinball, EpsilonInsensitive, SoftL1, Cauchy, optional
        """
        return derivatives.sample_gradients(self, X, y, loss=loss)

    def input_gradients(self, X: Any, y: Any, *, loss: Any = None) -> Array:
        """
        Return the gradient of each row's loss with respect to its inputs as they are given, (n, n_inputs).

        Parameters
        ----------
        X, y : array_like
            As for :func:`steep.train`.
        loss : str, steep.Huber, Pinball, EpsilonInsensitive, SoftL1, Cauchy, optional
        """
        return derivatives.input_gradients(self, X, y, loss=loss)

    def forward(self, X: Any, training: bool = True, *, seed: int | None = None, n_threads: int | None = None) -> Array:
        """
        Return the outputs of a batch, and keep what :meth:`backward` needs: for training loops of one's own.

        Parameters
        ----------
        X : array_like, (n, n_inputs) or (n, *input_shape)
        training : bool, default True
            Dropout acts, and batch normalization takes the batch's statistics and moves the running ones in `state`.
        seed : int, optional
            Of the dropout masks: the same seed, the same masks. By default every call in training draws new ones, from
            the network's seed.
        n_threads : int, optional

        Returns
        -------
        array (n, n_outputs)
            As `predict` gives it, output scaling included.

        Examples
        --------
        >>> import numpy as np, steep
        >>> net = steep.MLP([2, 8, 1], activation="tanh", dtype="float64")
        >>> X, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[1.0], [-1.0]])
        >>> rule = steep.Adam(0.1)
        >>> state = rule.init(net.parameters)
        >>> for _ in range(100):
        ...     gradient, _ = net.backward(net.forward(X) - y)
        ...     rule.update(net.parameters, gradient, state)
        >>> bool(abs(net.predict(X) - y).max() < 0.01)
        True
        """
        if self._loop is None:
            self._loop = Loop(self)
        return self._loop.forward(X, training, seed, n_threads)

    def backward(
        self, dY: Any, *, gradient: Array | None = None, inputs: bool = True, n_threads: int | None = None
    ) -> tuple[Array, Array | None]:
        """
        Return the gradients of ``sum(dY * outputs)`` for the batch of the last :meth:`forward`, at its parameters.

        Several threads may call a network's `forward`; a forward and its backward belong to one of them, undisturbed.

        Parameters
        ----------
        dY : array_like (n, n_outputs)
            The derivative of the loss with respect to each output (divide by n for a mean).
        gradient : array (p,), optional
            The parameters' gradient is added to it, and it is returned; default: a fresh one.
        inputs : bool, default True
            Whether the gradient with respect to X is wanted too.
        n_threads : int, optional

        Returns
        -------
        gradient : array (p,)
        dX : array (n, n_inputs), or None
            With respect to X as it was given, input scaling included.
        """
        if self._loop is None:
            raise ValueError("backward must come after forward, got no forward")
        return self._loop.backward(dY, gradient, inputs, n_threads)
