"""Squared hinges of rows that differ in size: line searches along Newton's steps went on without end."""

import numpy as np
import pytest

import steep


@pytest.mark.parametrize("seed", range(6, 12))
def test_newton_ends(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(20, 5)) * 10.0 ** rng.uniform(-4, 4, size=(20, 1))
    y = np.where(X @ rng.normal(size=5) + rng.normal(size=20) > 0, 1, -1)
    res = steep.minimize(steep.problems.svm(X, y, l2=1e-4, loss="squared_hinge"))
    assert res.method == "newton"
    assert res.status == "converged", res.message
