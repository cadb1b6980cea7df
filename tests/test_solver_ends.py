"""How the methods for Python functions end where matrices are too large."""

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

import steep


def named(method):
    return method.name


@pytest.mark.parametrize("method", [steep.BFGS(), steep.Newton(), steep.TrustRegion()], ids=named)
def test_matrices_beyond_the_memory_are_refused(method):
    with pytest.raises(MemoryError, match=r"method must be one that fits into memory, got .* lbfgs and newton_cg"):
        steep.minimize(rosen, np.zeros(2_000_000), method, jac=rosen_der)
