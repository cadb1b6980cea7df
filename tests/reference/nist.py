"""
NIST's Statistical Reference Datasets for nonlinear regression: the 27 problems with their certified values.

The files of ``tests/data/nist`` are NIST's own (public domain). Models are written once, for real and complex
parameters, so that Jacobians are complex steps (exact to rounding).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "data" / "nist"
LOWER = ("Misra1a", "Chwirut2", "Chwirut1", "Lanczos3", "Gauss1", "Gauss2", "DanWood", "Misra1b")


def _exponentials(x, b):
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def _gauss(x, b):
    return (
        b[0] * np.exp(-b[1] * x)
        + b[2] * np.exp(-((x - b[3]) ** 2) / b[4] ** 2)
        + b[5] * np.exp(-((x - b[6]) ** 2) / b[7] ** 2)
    )


def _cubics(x, b):
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def _enso(x, b):
    def wave(period, cosine, sine):
        angle = 2 * np.pi * x / period
        return cosine * np.cos(angle) + sine * np.sin(angle)

    return b[0] + wave(12, b[1], b[2]) + wave(b[3], b[4], b[5]) + wave(b[6], b[7], b[8])


MODELS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "Misra1a": lambda x, b: b[0] * (1 - np.exp(-b[1] * x)),
    "Chwirut2": lambda x, b: np.exp(-b[0] * x) / (b[1] + b[2] * x),
    "Chwirut1": lambda x, b: np.exp(-b[0] * x) / (b[1] + b[2] * x),
    "Lanczos3": _exponentials,
    "Gauss1": _gauss,
    "Gauss2": _gauss,
    "DanWood": lambda x, b: b[0] * x ** b[1],
    "Misra1b": lambda x, b: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Kirby2": lambda x, b: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Hahn1": _cubics,
    "Nelson": lambda x, b: b[0] - b[1] * x[0] * np.exp(-b[2] * x[1]),
    "MGH17": lambda x, b: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
    "Lanczos1": _exponentials,
    "Lanczos2": _exponentials,
    "Gauss3": _gauss,
    "Misra1c": lambda x, b: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda x, b: b[0] * b[1] * x / (1 + b[1] * x),
    "Roszman1": lambda x, b: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
    "ENSO": _enso,
    "MGH09": lambda x, b: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "Thurber": _cubics,
    "BoxBOD": lambda x, b: b[0] * (1 - np.exp(-b[1] * x)),
    "Rat42": lambda x, b: b[0] / (1 + np.exp(b[1] - b[2] * x)),
    "MGH10": lambda x, b: b[0] * np.exp(b[1] / (x + b[2])),
    "Eckerle4": lambda x, b: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Rat43": lambda x, b: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Bennett5": lambda x, b: b[0] * (b[1] + x) ** (-1 / b[2]),
}


@dataclass(frozen=True)
class Problem:
    """One data set: x (n,) or (k, n), y (n,), two starts, certified parameters, errors and sum of squares."""

    name: str
    x: np.ndarray
    y: np.ndarray
    starts: tuple[np.ndarray, np.ndarray]
    certified: np.ndarray
    standard_errors: np.ndarray
    sum_of_squares: float

    def model(self, b: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(MODELS[self.name](self.x, b))

    def residuals(self, b: np.ndarray) -> np.ndarray:
        return self.model(np.asarray(b)) - self.y

    def jacobian(self, b: np.ndarray) -> np.ndarray:
        h = 1e-30
        points = np.asarray(b, dtype=complex) + 1j * h * np.eye(len(b))
        return np.stack([self.model(point).imag / h for point in points], axis=1)

    def digits(self, b: np.ndarray) -> float:
        """Correct digits of the worst parameter, at most the 11 that NIST certifies."""
        error = np.max(np.abs(b - self.certified) / np.abs(self.certified))
        return float(np.clip(-np.log10(max(error, 1e-300)), 0, 11)) if np.isfinite(error) else 0.0


def load(name: str) -> Problem:
    """Read one of NIST's files."""
    lines = (FOLDER / f"{name}.dat").read_text().splitlines()
    rows = []
    for line in lines[40:60]:
        left, equals, right = line.partition("=")
        if equals and left.strip().startswith("b"):
            rows.append([float(word) for word in right.split()])
    table = np.array(rows)
    total = next(float(line.split(":")[1]) for line in lines[40:60] if line.startswith("Residual Sum"))
    data = np.array([[float(word) for word in line.split()] for line in lines[60:] if line.strip()])
    y, x = data[:, 0], data[:, 1] if data.shape[1] == 2 else data[:, 1:].T
    if name == "Nelson":
        y = np.log(y)
    return Problem(name, x, y, (table[:, 0], table[:, 1]), table[:, 2], table[:, 3], total)


def problems() -> list[Problem]:
    """All 27, in NIST's order of difficulty."""
    return [load(name) for name in MODELS]
