"""Objectives of linear support vector machines: classification and regression."""

from __future__ import annotations

from typing import Any

from .._checks import check_choice, check_non_negative
from ..linear import LinearObjective
from ..penalties import L2

__all__ = ["svm", "svr"]


def svm(
    X: Any,
    y: Any,
    *,
    l2: float,
    loss: str = "hinge",
    intercept: bool = False,
    average: bool = True,
    sample_weight: Any = None,
    n_threads: int | None = None,
) -> LinearObjective:
    """
    Return the objective of a support vector machine, ``mean max(1 - y x'w, 0) + l2/2 ||w||^2``.

    Parameters
    ----------
    X : array of shape (n, d), or a SciPy sparse matrix
    y : array of shape (n,)
        -1 and 1, or 0 and 1.
    l2 : float
    loss : {"hinge", "squared_hinge"}
        The squared hinge ``max(1 - m, 0)^2`` is smooth. The hinge has no gradient everywhere: it offers `subgradient`.
    intercept, average, sample_weight, n_threads
        As in :func:`least_squares`.

    Returns
    -------
    LinearObjective

    Notes
    -----
    Scikit-learn's LinearSVC has ``C = 1 / (n l2)``, and penalizes its intercept.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.svm([[1.0], [-1.0]], [1, -1], l2=1.0)
    >>> f.value([0.5])
    0.625
    """
    return LinearObjective(
        X,
        y,
        check_choice(loss, "loss", ("hinge", "squared_hinge")),
        intercept=intercept,
        penalty=L2(check_non_negative(l2, "l2")),
        average=average,
        sample_weight=sample_weight,
        n_threads=n_threads,
        name="svm" if loss == "hinge" else "svm (squared_hinge)",
    )


def svr(
    X: Any,
    y: Any,
    *,
    l2: float,
    epsilon: float = 0.1,
    loss: str = "epsilon_insensitive",
    intercept: bool = False,
    average: bool = True,
    sample_weight: Any = None,
    n_threads: int | None = None,
) -> LinearObjective:
    """
    Return the objective of linear support vector regression, ``mean max(|y - x'w| - epsilon, 0) + l2/2 ||w||^2``.

    Parameters
    ----------
    X : array of shape (n, d), or a SciPy sparse matrix
    y : array of shape (n,)
    l2 : float
    epsilon : float
        Errors up to it cost nothing.
    loss : {"epsilon_insensitive", "squared_epsilon_insensitive"}
        The squared one is smooth. The other has no gradient everywhere: it offers `subgradient`.
    intercept, average, sample_weight, n_threads
        As in :func:`least_squares`.

    Returns
    -------
    LinearObjective

    Notes
    -----
    Scikit-learn's LinearSVR has ``C = 1 / (n l2)``, and penalizes its intercept.

    Examples
    --------
    >>> import steep
    >>> f = steep.problems.svr([[1.0], [2.0]], [1.0, 3.0], l2=1.0)
    >>> f.value([1.0])
    0.95
    """
    return LinearObjective(
        X,
        y,
        check_choice(loss, "loss", ("epsilon_insensitive", "squared_epsilon_insensitive")),
        loss_parameter=check_non_negative(epsilon, "epsilon"),
        intercept=intercept,
        penalty=L2(check_non_negative(l2, "l2")),
        average=average,
        sample_weight=sample_weight,
        n_threads=n_threads,
        name="svr" if loss == "epsilon_insensitive" else "svr (squared_epsilon_insensitive)",
    )
