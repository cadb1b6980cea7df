"""Fits by absolute and largest errors at their limits: columns of zeros alone, exact fits of targets of any size."""

import numpy as np
import pytest

import steep
from steep.problems import chebyshev, lad, quantile

MAKERS = {"lad": lad, "chebyshev": chebyshev, "quantile": lambda X, y: quantile(X, y, 0.3)}


@pytest.mark.parametrize("options", [{}, {"tol": 0}, {"tol": 0, "rtol": 1e-8}])
@pytest.mark.parametrize("make", MAKERS)
def test_columns_of_zeros_alone(make, options):
    """Every w has the same value, which is the least."""
    y = np.array([1.0, -2.0, 4.0])
    res = steep.minimize(MAKERS[make](np.zeros((3, 2)), y), **options)
    assert res.success, res.message
    assert res.fun == pytest.approx({"lad": 7.0, "chebyshev": 4.0, "quantile": 2.9}[make])
    assert (res.certificate.value, res.certificate.bound) == (0.0, 0.0)


@pytest.mark.parametrize("options", [{}, {"tol": 0}, {"tol": 0, "rtol": 1e-8}])
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("shape", [(5, 5), (3, 5), (10, 3)])
def test_exact_fits(shape, scale, make, options):
    rng = np.random.default_rng(42)
    X = rng.standard_normal(shape)
    y = scale * (X @ rng.standard_normal(shape[1]))
    res = steep.minimize(MAKERS[make](X, y), **options)
    assert res.success, res.message
    assert res.fun <= 1e-12 * np.abs(y).sum()
    assert res.certificate.bound <= 1e-12 * np.abs(y).sum()
