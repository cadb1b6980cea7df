"""Losses where scores are NaN or probabilities near 0 and 1: nothing is lost, and nothing is hidden."""

import numpy as np
import pytest

from test_loss import DTYPES, NAMES, call, example
from tolerances import ULPS, ulp_error

LONG = np.longdouble


@pytest.mark.skipif(np.finfo(LONG).nmant < 63, reason="long double is no wider than double here")
@pytest.mark.parametrize("dtype", DTYPES)
def test_logarithms_in_units_in_the_last_place(dtype):
    rng = np.random.default_rng(42)
    p = np.concatenate([10.0 ** rng.uniform(-43.4, 0, 50_000), rng.uniform(0.4, 1, 50_000)]).astype(dtype)
    p = np.unique(p[(p > 0) & (p < 1)])[:, None]  # in float32 subnormal numbers are among them
    assert dtype == np.float64 or p.min() < np.finfo(dtype).tiny
    keep = p[:, 0] > 1.1 * np.exp(-100.0)  # below, the loss is 100
    for y, exact in ((1, -np.log(p[:, 0].astype(LONG))), (0, -np.log1p(-p[:, 0].astype(LONG)))):
        loss = call("binary_cross_entropy", p, np.full_like(p, y))[0].astype(dtype)
        assert ulp_error(loss, exact)[keep].max() <= ULPS["log"]


@pytest.mark.parametrize("outputs", [1, 3, 40])
@pytest.mark.parametrize("name", NAMES)
def test_a_score_of_nan_makes_its_row_nan(name, outputs):
    score, target = example(name, 3, outputs)
    score[1, outputs - 1] = np.nan
    loss, gradient = call(name, score, target)
    assert np.isnan(loss).tolist() == [False, True, False]
    assert np.isnan(gradient).any(axis=1).tolist() == [False, True, False]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["absolute_error", "huber", "pinball", "hinge", "perceptron"])
def test_an_infinite_score_has_the_slope_of_a_large_one(name, dtype):
    """These losses are straight lines far out, so the slope there is finite; the loss itself is not."""
    target = np.array([[0.0], [1.0]], dtype)
    for sign in (1, -1):
        loss, gradient = call(name, np.full((2, 1), sign * np.inf, dtype), target)
        far, slope = call(name, np.full((2, 1), sign * 1e6, dtype), target)
        np.testing.assert_array_equal(gradient, slope)
        np.testing.assert_array_equal(np.isinf(loss), far > 1)
        assert not np.isnan(loss).any()
