"""Scaling maps against scikit-learn's scalers and hand values."""

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import steep
from steep.scaling import Affine, MinMax, Standardize

RNG = np.random.default_rng(0)
X = RNG.normal(size=(9000, 5)) * [1, 1e-6, 1e6, 3, 1] + [0, 5, -1e6, 1e3, 0]  # more than two blocks of rows


@pytest.mark.parametrize("weighted", [False, True])
def test_standardize(weighted):
    w = RNG.integers(0, 4, len(X)).astype(float) if weighted else None
    oracle = StandardScaler().fit(X, sample_weight=w)
    fitted = Standardize().fit(X, w)
    # Means are exact to n eps kappa, kappa = 5 / 1e-6 in the second column.
    np.testing.assert_allclose(fitted.apply(X), oracle.transform(X), rtol=1e-7, atol=1e-7)
    if weighted:
        repeated = Standardize().fit(np.repeat(X, w.astype(int), axis=0))
        np.testing.assert_allclose(fitted.scale, repeated.scale, rtol=1e-9)
        np.testing.assert_allclose(fitted.shift, repeated.shift, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e12, 1e-300])
def test_a_constant_column_is_centred(value):
    fitted = Standardize().fit(np.full((1001, 1), value))
    assert fitted.scale[0] == 1
    assert abs(fitted.apply([[value]])[0, 0]) <= 1e-14 * abs(value)
    assert MinMax().fit(np.full((3, 1), value)).apply([[value]])[0, 0] == 0


@pytest.mark.parametrize("limits", [(-1, 1), (0, 1), (-3, 7.5)])
def test_min_max(limits):
    oracle = MinMaxScaler(limits).fit(X)
    # The affine form loses |min| / span units in the last place.
    np.testing.assert_allclose(MinMax(*limits).fit(X).apply(X), oracle.transform(X), atol=1e-8)


def test_min_max_skips_rows_of_weight_zero():
    w = np.zeros(len(X))
    w[::3] = 2
    np.testing.assert_array_equal(MinMax().fit(X, w).scale, MinMax().fit(X[::3]).scale)


def test_bytes_and_one_column():
    images = RNG.integers(0, 255, (50, 4)).astype("u1")
    np.testing.assert_allclose(Standardize().fit(images).scale, 1 / images.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(Standardize().fit(X[:, 0]).scale, 1 / X[:, 0].std(), rtol=1e-12)


def test_inverse_and_composition():
    fitted = Standardize().fit(X)
    np.testing.assert_allclose(fitted.inverse().apply(fitted.apply(X)), X, rtol=1e-9, atol=1e-9)
    both = fitted.after(2.0, 1.0)
    np.testing.assert_allclose(both.apply(X), fitted.apply(2 * X + 1), rtol=1e-6, atol=1e-6)
    assert isinstance(both, Affine)


def test_bad_input():
    with pytest.raises(ValueError, match="low must be less than high, got 1 and 1"):
        MinMax(1, 1)
    with pytest.raises(ValueError, match="X must be finite, got nan at row 1, column 0"):
        Standardize().fit([[1.0], [np.nan]])
    with pytest.raises(ValueError, match="weights must have a positive sum"):
        Standardize().fit([[1.0], [2.0]], [0, 0])


@pytest.mark.parametrize("helper", [steep.Standardize(), steep.Standardize, steep.MinMax()])
@pytest.mark.parametrize(("name", "data"), [("input_scale", "X"), ("output_shift", "y")])
def test_helpers_are_not_numbers(helper, name, data):
    """A helper in the place of its numbers is told what to do with it."""
    kind = getattr(helper, "__name__", type(helper).__name__)
    with pytest.raises(TypeError, match=rf"{name} must be numbers, got {kind}, .* s = steep.{kind}\(\).fit\({data}\)"):
        steep.MLP([3, 1], **{name: helper})
    fitted = steep.MinMax().fit(np.eye(3))
    meant = "input_scale=s.scale and input_shift=s.shift" if data == "X" else r"output_scale=s.inverse\(\).scale and"
    with pytest.raises(TypeError, match=f"{name} must be numbers, got an Affine map s: give {meant}"):
        steep.MLP([3, 1], **{name: fitted})


@pytest.mark.parametrize("scaler", [None, Standardize(), MinMax(), MinMax(0, 1)])
def test_a_network_fits_its_scaling(scaler):
    y = np.column_stack([3e3 * X[:, 0] + 7, X[:, 3]])
    net, plain = (steep.MLP([5, 4, 2], "tanh", dtype="float64", seed=1) for _ in range(2))
    net.fit_scaling(X, y, scaler)
    maps = Standardize() if scaler is None else scaler
    inputs, outputs = maps.fit(X), maps.fit(y)
    wanted = outputs.inverse().apply(plain.predict(inputs.apply(X)))
    np.testing.assert_allclose(net.predict(X), wanted, rtol=1e-9, atol=1e-9 * np.abs(wanted).max())
    before = net.config(), net.predict(X[:9]).tobytes()
    wrong = [
        (X[:, :4], y, "X must have the 5 columns"),
        (X, y[:, 0], "y must have the 2 col"),
        (X, y[1:], "y must have"),
    ]
    for rows, targets, message in wrong:
        with pytest.raises(ValueError, match=message):
            net.fit_scaling(rows, targets)
        assert (net.config(), net.predict(X[:9]).tobytes()) == before
    with pytest.raises(TypeError, match=r"scaler must be steep.Standardize\(\) or"):
        net.fit_scaling(X, y, "minmax")
    net.fit_scaling(X[:50])
    np.testing.assert_array_equal(net.input_scale, Standardize().fit(X[:50]).scale)
    np.testing.assert_array_equal(net.output_scale, outputs.inverse().scale)
