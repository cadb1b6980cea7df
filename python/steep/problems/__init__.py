"""Objectives with names: each knows where to start and, where it is known, its minimum."""

from __future__ import annotations

from .analytic import quadratic, rosenbrock

__all__ = ["quadratic", "rosenbrock"]
