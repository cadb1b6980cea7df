"""Objectives with names: each knows where to start and, where it is known, its minimum."""

from __future__ import annotations

from .analytic import quadratic, rosenbrock
from .deep import deep_linear
from .fits import chebyshev, lad, quantile
from .linear import least_squares, logistic, matrix_least_squares, softmax
from .programs import linear_program, quadratic_program
from .support_vectors import svm, svr

__all__ = [
    "chebyshev",
    "deep_linear",
    "lad",
    "least_squares",
    "linear_program",
    "logistic",
    "matrix_least_squares",
    "quadratic",
    "quadratic_program",
    "quantile",
    "rosenbrock",
    "softmax",
    "svm",
    "svr",
]
