"""Objectives with names: each knows where to start and, where it is known, its minimum."""

from __future__ import annotations

from .analytic import quadratic, rosenbrock
from .linear import least_squares, logistic, matrix_least_squares, softmax, svm

__all__ = [
    "least_squares",
    "logistic",
    "matrix_least_squares",
    "quadratic",
    "rosenbrock",
    "softmax",
    "svm",
]
