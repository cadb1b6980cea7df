"""
The test problems of Moré, Garbow and Hillstrom (ACM TOMS 7 (1981) 17), as residuals in NumPy.

The objective is ``sum r_i(x)^2`` and `minima` are its known local minimum values (0 and the others the paper lists).
Derivatives are complex steps of the residuals (exact to rounding), and central differences of those for Hessians.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Problem:
    """Residuals r: R^n -> R^m with a start and the known minima of the sum of squares."""

    name: str
    residuals: Callable[[np.ndarray], np.ndarray]
    x0: np.ndarray
    minima: tuple[float, ...]

    @property
    def n(self) -> int:
        return self.x0.size

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        h = 1e-30
        points = np.asarray(x, dtype=complex) + 1j * h * np.eye(self.n)
        return np.stack([np.asarray(self.residuals(point)).imag / h for point in points], axis=1)

    def fun(self, x: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            r = self.residuals(np.asarray(x, dtype=float))
            return float(r @ r)

    def grad(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return 2 * self.jacobian(x).T @ self.residuals(np.asarray(x, dtype=float))

    def hess(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            x = np.asarray(x, dtype=float)
            r, J = self.residuals(x), self.jacobian(x)
            H = 2 * J.T @ J
            for j in range(self.n):
                h = 1e-5 * max(abs(x[j]), 1e-2)
                e = np.zeros(self.n)
                e[j] = h
                H[:, j] += 2 * ((self.jacobian(x + e) - self.jacobian(x - e)) / (2 * h)).T @ r
            return (H + H.T) / 2


def rosenbrock(x):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def freudenstein_roth(x):
    return np.array([-13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1], -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]])


def powell_badly_scaled(x):
    return np.array([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])


def brown_badly_scaled(x):
    return np.array([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2])


def beale(x):
    return np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** np.arange(1, 4))


def jennrich_sampson(x):
    i = np.arange(1, 11)
    return 2 + 2 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def helical_valley(x):
    theta = np.arctan(x[1] / x[0]) / (2 * np.pi) + (0.5 if x[0].real < 0 else 0.0)
    return np.array([10 * (x[2] - 10 * theta), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]])


_BARD = np.array([14, 18, 22, 25, 29, 32, 35, 39, 37, 58, 73, 96, 134, 210, 439]) / 100


def bard(x):
    u = np.arange(1, 16)
    v = 16 - u
    return _BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


_GAUSS = np.array([9, 44, 175, 540, 1295, 2420, 3521, 3989, 3521, 2420, 1295, 540, 175, 44, 9]) / 1e4


def gaussian(x):
    t = (8 - np.arange(1, 16)) / 2
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - _GAUSS


_MEYER = np.array(
    [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872], dtype=float
)


def meyer(x):
    return x[0] * np.exp(x[1] / (45 + 5 * np.arange(1, 17) + x[2])) - _MEYER


def gulf(x):
    t = np.arange(1, 100) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    return np.exp(-(((y - x[1]) ** 2) ** (x[2] / 2)) / x[0]) - t


def box_three_dimensional(x):
    t = 0.1 * np.arange(1, 11)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x):
    a, b, c, d = x[0::4], x[1::4], x[2::4], x[3::4]
    return np.concatenate([a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2])


def wood(x):
    return np.array(
        [
            10 * (x[1] - x[0] ** 2),
            1 - x[0],
            np.sqrt(90) * (x[3] - x[2] ** 2),
            1 - x[2],
            np.sqrt(10) * (x[1] + x[3] - 2),
            (x[1] - x[3]) / np.sqrt(10),
        ]
    )


_KOWALIK = np.array([1957, 1947, 1735, 1600, 844, 627, 456, 342, 323, 235, 246]) / 1e4
_KOWALIK_U = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])


def kowalik_osborne(x):
    u = _KOWALIK_U
    return _KOWALIK - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def brown_dennis(x):
    t = np.arange(1, 21) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


_OSBORNE1 = (
    np.array(
        [
            844, 908, 932, 936, 925, 908, 881, 850, 818, 784, 751, 718, 685, 658, 628, 603, 580, 558, 538, 522, 506,
            490, 478, 467, 457, 448, 438, 431, 424, 420, 414, 411, 406,
        ]
    )
    / 1000
)  # fmt: skip


def osborne1(x):
    t = 10 * np.arange(33)
    return _OSBORNE1 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def biggs_exp6(x):
    t = 0.1 * np.arange(1, 14)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


_OSBORNE2 = (
    np.array(
        [
            1366, 1191, 1112, 1013, 991, 885, 831, 847, 786, 725, 746, 679, 608, 655, 616, 606, 602, 626, 651, 724, 649,
            649, 694, 644, 624, 661, 612, 558, 533, 495, 500, 423, 395, 375, 372, 391, 396, 405, 428, 429, 523, 562,
            607, 653, 672, 708, 633, 668, 645, 632, 591, 559, 597, 625, 739, 710, 729, 720, 636, 581, 428, 292, 162,
            98, 54,
        ]
    )
    / 1000
)  # fmt: skip


def osborne2(x):
    t = np.arange(65) / 10
    peaks = sum(x[k] * np.exp(-((t - x[k + 7]) ** 2) * x[k + 4]) for k in (1, 2, 3))
    return _OSBORNE2 - (x[0] * np.exp(-t * x[4]) + peaks)


def watson(x):
    n = x.size
    t = np.arange(1, 30)[:, None] / 29
    j = np.arange(n)
    first = (t ** np.maximum(j - 1, 0) * j) @ x
    second = (t**j) @ x
    return np.concatenate([first - second**2 - 1, [x[0], x[1] - x[0] ** 2 - 1]])


def extended_rosenbrock(x):
    return np.concatenate([10 * (x[1::2] - x[0::2] ** 2), 1 - x[0::2]])


def penalty1(x):
    return np.concatenate([np.sqrt(1e-5) * (x - 1), [x @ x - 0.25]])


def penalty2(x):
    n = x.size
    i = np.arange(2, n + 1)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)
    middle = np.sqrt(1e-5) * (np.exp(x[1:] / 10) + np.exp(x[:-1] / 10) - y)
    last = np.sqrt(1e-5) * (np.exp(x[1:] / 10) - np.exp(-0.1))
    return np.concatenate([[x[0] - 0.2], middle, last, [np.arange(n, 0, -1) @ x**2 - 1]])


def variably_dimensioned(x):
    s = np.arange(1, x.size + 1) @ (x - 1)
    return np.concatenate([x - 1, [s, s**2]])


def trigonometric(x):
    n = x.size
    return n - np.cos(x).sum() + np.arange(1, n + 1) * (1 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x):
    r = x + x.sum() - (x.size + 1)
    r[-1] = np.prod(x) - 1
    return r


def discrete_boundary_value(x):
    n = x.size
    h = 1 / (n + 1)
    t = h * np.arange(1, n + 1)
    padded = np.concatenate([[0], x, [0]])
    return 2 * x - padded[:-2] - padded[2:] + h**2 * (x + t + 1) ** 3 / 2


def discrete_integral_equation(x):
    n = x.size
    h = 1 / (n + 1)
    t = h * np.arange(1, n + 1)
    kernel = np.where(t[None, :] <= t[:, None], (1 - t[:, None]) * t[None, :], t[:, None] * (1 - t[None, :]))
    return x + h * kernel @ (x + t + 1) ** 3 / 2


def broyden_tridiagonal(x):
    padded = np.concatenate([[0], x, [0]])
    return (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1


def broyden_banded(x):
    r = x * (2 + 5 * x**2) + 1
    for i in range(x.size):
        others = [j for j in range(max(0, i - 5), min(x.size, i + 2)) if j != i]
        r[i] -= (x[others] * (1 + x[others])).sum()
    return r


def linear_full_rank(x, m=10):
    return np.concatenate([x, np.zeros(m - x.size)]) - 2 / m * x.sum() - 1


def linear_rank_one(x, m=10):
    return np.arange(1, m + 1) * (np.arange(1, x.size + 1) @ x) - 1


def linear_rank_one_zeros(x, m=10):
    """The same with columns and rows of zeros."""
    inner = np.arange(m - 1) * (np.arange(2, x.size) @ x[1:-1]) - 1
    return np.concatenate([inner, [-1]])


def chebyquad(x):
    n = x.size
    y = 2 * x - 1
    before, now = np.ones_like(y), y
    r = []
    for i in range(1, n + 1):
        r.append(now.mean() + (1 / (i**2 - 1) if i % 2 == 0 else 0))
        before, now = now, 2 * y * now - before
    return np.array(r)


def _problem(residuals, x0, *minima, name=None):
    return Problem(name or residuals.__name__, residuals, np.array(x0, dtype=float), minima)


def problems() -> list[Problem]:
    """Every problem with its standard start."""
    t10 = np.arange(1, 11) / 11
    return [
        _problem(rosenbrock, [-1.2, 1], 0.0),
        _problem(freudenstein_roth, [0.5, -2], 0.0, 48.98425),
        _problem(powell_badly_scaled, [0, 1], 0.0),
        _problem(brown_badly_scaled, [1, 1], 0.0),
        _problem(beale, [1, 1], 0.0),
        _problem(jennrich_sampson, [0.3, 0.4], 124.3621824, 259.58),
        _problem(helical_valley, [-1, 0, 0], 0.0),
        _problem(bard, [1, 1, 1], 8.214877e-3, 17.4286),
        _problem(gaussian, [0.4, 1, 0], 1.12793e-8),
        _problem(meyer, [0.02, 4000, 250], 87.94586),
        _problem(gulf, [5, 2.5, 0.15], 0.0),
        _problem(box_three_dimensional, [0, 10, 20], 0.0),
        _problem(powell_singular, [3, -1, 0, 1], 0.0),
        _problem(wood, [-3, -1, -3, -1], 0.0),
        _problem(kowalik_osborne, [0.25, 0.39, 0.415, 0.39], 3.0750560e-4, 1.02734e-3),
        _problem(brown_dennis, [25, 5, -5, -1], 85822.2016),
        _problem(osborne1, [0.5, 1.5, -1, 0.01, 0.02], 5.464895e-5),
        _problem(biggs_exp6, [1, 2, 1, 1, 1, 1], 0.0, 5.655650e-3),
        _problem(osborne2, [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5], 4.01377363e-2),
        _problem(watson, np.zeros(6), 2.287670e-3),
        _problem(watson, np.zeros(9), 1.399760e-6, name="watson9"),
        _problem(extended_rosenbrock, [-1.2, 1] * 5, 0.0),
        _problem(powell_singular, [3, -1, 0, 1] * 2, 0.0, name="extended_powell_singular"),
        _problem(penalty1, np.arange(1, 11), 7.08765e-5),
        _problem(penalty2, np.full(10, 0.5), 2.93660e-4),
        _problem(variably_dimensioned, 1 - np.arange(1, 11) / 10, 0.0),
        _problem(trigonometric, np.full(10, 0.1), 0.0, 2.795057e-5, 4.22e-5),
        _problem(brown_almost_linear, np.full(10, 0.5), 0.0, 1.0),
        _problem(discrete_boundary_value, t10 * (t10 - 1), 0.0),
        _problem(discrete_integral_equation, t10 * (t10 - 1), 0.0),
        _problem(broyden_tridiagonal, -np.ones(10), 0.0),
        _problem(broyden_banded, -np.ones(10), 0.0),
        _problem(linear_full_rank, np.ones(5), 5.0),
        _problem(linear_rank_one, np.ones(5), 10 * 9 / (2 * 21)),
        _problem(linear_rank_one_zeros, np.ones(5), 62 / 17),
        _problem(chebyquad, np.arange(1, 9) / 9, 3.516874e-3),
        _problem(chebyquad, t10, 6.50395e-3, 4.77271e-3, name="chebyquad10"),
    ]
