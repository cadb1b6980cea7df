"""Linear models as objectives: values, derivatives, constants, layouts, threads."""

import numpy as np
import pytest
import scipy.sparse as sp

import steep
from reference.linear_risk import risk
from steep.linear import LinearObjective

SMOOTH = [
    "squared_error", "huber", "squared_epsilon_insensitive", "logistic", "softmax_cross_entropy", "squared_hinge",
    "poisson",
]  # fmt: skip
LOSSES = [*SMOOTH, "absolute_error", "epsilon_insensitive", "hinge"]
BROKEN = ("huber", "squared_epsilon_insensitive", "squared_hinge")  # whose second derivative jumps


def problem(loss, outputs=1, n=37, d=5, seed=42):
    """X (n, d) and Y (n, k) that suit the loss."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    if loss == "softmax_cross_entropy":
        k = max(outputs, 3)
        return X, np.eye(k)[rng.integers(0, k, n)]
    Z = X @ rng.standard_normal((d, outputs)) + 0.5 * rng.standard_normal((n, outputs))
    if loss in ("logistic", "hinge", "squared_hinge"):
        return X, (Z > 0).astype(float)
    if loss == "poisson":
        return X, rng.poisson(np.exp(np.clip(Z, -3, 2))).astype(float)
    return X, Z


def targets(Y):
    return Y[:, 0] if Y.shape[1] == 1 else Y


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_value_gradient_and_hessian_match_the_reference(loss, intercept, outputs):
    X, Y = problem(loss, outputs)
    rng = np.random.default_rng(1)
    weights = rng.uniform(0.5, 2, X.shape[0])
    f = LinearObjective(
        X, targets(Y), loss, loss_parameter=0.7, intercept=intercept, penalty=steep.L2(0.3), sample_weight=weights
    )
    w = 0.3 * rng.standard_normal(f.dim)
    value, gradient, hessian = risk(w, X, Y, loss, intercept=intercept, l2=0.3, weights=weights, parameter=0.7)
    assert f.value(w) == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(f.subgradient(w), gradient, rtol=1e-12, atol=1e-13)
    if loss in SMOOTH:
        np.testing.assert_allclose(f.gradient(w), gradient, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(f.hessian(w), hessian, rtol=1e-12, atol=1e-13)
        v = rng.standard_normal(f.dim)
        np.testing.assert_allclose(f.hessian_product(w, v), hessian @ v, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("loss", ["hinge", "absolute_error", "epsilon_insensitive"])
def test_kinked_losses_refuse_the_gradient(loss):
    X, Y = problem(loss)
    f = LinearObjective(X, targets(Y), loss)
    with pytest.raises(ValueError, match="no gradient everywhere: use subgradient"):
        f.gradient(np.zeros(5))
    with pytest.raises(ValueError, match="no Hessian"):
        f.hessian(np.zeros(5))
    with pytest.raises(ValueError, match="needs a gradient"):
        steep.minimize(f, method="lbfgs")
    # A subgradient supports f from below everywhere.
    rng = np.random.default_rng(0)
    w, g = rng.standard_normal(5), f.subgradient(np.zeros(5))
    assert f.value(w) >= f.value(np.zeros(5)) + g @ w - 1e-12


@pytest.mark.parametrize("loss", SMOOTH)
def test_derivatives_by_differences(loss):
    X, Y = problem(loss, n=200)
    f = LinearObjective(X, targets(Y), loss, intercept=True, penalty=steep.L2(0.01))
    w = 0.2 * np.random.default_rng(3).standard_normal(f.dim)
    h, g, H = 1e-3, f.gradient(w), f.hessian(w)
    for j in range(f.dim):
        e = np.zeros(f.dim)
        e[j] = h
        slope = (8 * (f.value(w + e) - f.value(w - e)) - (f.value(w + 2 * e) - f.value(w - 2 * e))) / (12 * h)
        # h^4 f^(5) / 30 of a smooth loss; the kinks of huber and the squared hinge cost h per row that crosses one
        rough = 1e-5 if loss in BROKEN else 1e-9
        assert slope == pytest.approx(g[j], abs=rough)
        bend = (f.gradient(w + e) - f.gradient(w - e)) / (2 * h)
        np.testing.assert_allclose(bend, H[j], atol=0.1 if loss in BROKEN else 1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("outputs", [1, 4])
@pytest.mark.parametrize("loss", ["squared_error", "logistic", "softmax_cross_entropy"])
def test_sparse_equals_dense(loss, outputs, dtype):
    X, Y = problem(loss, outputs, n=120, d=17)
    X[np.abs(X) < 0.8] = 0
    X = X.astype(dtype)
    dense, sparse = (
        LinearObjective(A, targets(Y), loss, intercept=True, penalty=steep.L2(0.1)) for A in (X, sp.csr_matrix(X))
    )
    rng = np.random.default_rng(5)
    w, v = rng.standard_normal((2, dense.dim))
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    assert sparse.value(w) == pytest.approx(dense.value(w), rel=tolerance)
    np.testing.assert_allclose(sparse.gradient(w), dense.gradient(w), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(sparse.hessian(w), dense.hessian(w), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(
        sparse.hessian_product(w, v), dense.hessian_product(w, v), rtol=tolerance, atol=20 * tolerance
    )
    assert sparse.lipschitz().value == pytest.approx(dense.lipschitz().value, rel=10 * tolerance)


def test_sparse_formats_and_unsorted_columns():
    X = sp.random(40, 9, 0.3, random_state=np.random.default_rng(0), format="csr")
    y = np.arange(40) % 2
    shuffled = X.copy()
    for i in range(40):
        part = slice(shuffled.indptr[i], shuffled.indptr[i + 1])
        shuffled.indices[part], shuffled.data[part] = (
            shuffled.indices[part][::-1].copy(),
            shuffled.data[part][::-1].copy(),
        )
    shuffled.has_sorted_indices = False
    before = shuffled.indices.copy()
    w = np.random.default_rng(1).standard_normal(9)
    expected = steep.problems.logistic(X.toarray(), y).value(w)
    for A in (X, X.tocsc(), X.tocoo(), sp.csr_array(X), shuffled):
        assert steep.problems.logistic(A, y).value(w) == pytest.approx(expected, rel=1e-13)
    np.testing.assert_array_equal(shuffled.indices, before)  # the user's matrix is as it was


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", ["logistic", "softmax_cross_entropy", "squared_error"])
def test_any_number_of_threads_gives_the_same_bits(loss, dtype, sparse):
    X, Y = problem(loss, n=30011, d=23)
    X = X.astype(dtype)
    if sparse:
        X[np.abs(X) < 1] = 0
        X = sp.csr_matrix(X)
    found = []
    for threads in (1, 2, 3, 4):
        f = LinearObjective(X, targets(Y), loss, intercept=True, penalty=steep.L2(0.1), n_threads=threads)
        w = np.random.default_rng(2).standard_normal(f.dim)
        value, gradient = f.value_and_gradient(w)
        found.append([value, *gradient, *f.hessian(w).ravel(), *f.hessian_product(w, w[::-1].copy())])
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


@pytest.mark.parametrize("loss", SMOOTH)
def test_weights_are_repetition(loss):
    X, Y = problem(loss, n=60)
    times = np.random.default_rng(7).integers(0, 4, 60)
    options = {"intercept": True, "penalty": steep.L2(0.2), "outputs": Y.shape[1]}
    weighted = LinearObjective(X, targets(Y), loss, sample_weight=times, **options)
    repeated = LinearObjective(X.repeat(times, 0), targets(Y).repeat(times, 0), loss, **options)
    w = 0.3 * np.random.default_rng(8).standard_normal(weighted.dim)
    assert weighted.value(w) == pytest.approx(repeated.value(w), rel=1e-13)
    np.testing.assert_allclose(weighted.gradient(w), repeated.gradient(w), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(weighted.hessian(w), repeated.hessian(w), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("loss", SMOOTH)
def test_line_equals_evaluations(loss):
    X, Y = problem(loss, n=5000)
    f = LinearObjective(X, targets(Y), loss, intercept=True, penalty=steep.L2(0.2))
    rng = np.random.default_rng(9)
    x0, x1 = 0.2 * rng.standard_normal((2, f.dim))
    for t in (0.0, 0.3, 1.0, 2.5, -0.7):
        value, slope = f._core.line(x0, x1, t)
        x = x0 + t * (x1 - x0)
        assert value == pytest.approx(f.value(x), rel=1e-12)
        assert slope == pytest.approx(f.gradient(x) @ (x1 - x0), rel=1e-10, abs=1e-12)


def test_lipschitz_and_strong_convexity():
    X, Y = problem("logistic", n=300)
    augmented = np.column_stack([X, np.ones(300)])
    ridge = np.diag([0.1] * 5 + [0.0])
    gram = augmented.T @ augmented / 300
    least = LinearObjective(X, X[:, 0], intercept=True, penalty=steep.L2(0.1))
    values = np.linalg.eigvalsh(gram + ridge)
    assert least.lipschitz().exact
    assert least.lipschitz().value == pytest.approx(values[-1], rel=1e-12)
    assert least.strong_convexity() == pytest.approx((values[0], True), rel=1e-10)
    logistic = steep.problems.logistic(X, targets(Y), intercept=True, l2=0.1)
    assert logistic.lipschitz().exact
    assert logistic.lipschitz().value == pytest.approx(np.linalg.eigvalsh(gram / 4 + ridge)[-1], rel=1e-12)
    # It is attained at zero, and no Hessian anywhere exceeds it.
    assert np.linalg.eigvalsh(logistic.hessian(np.zeros(6)))[-1] == pytest.approx(logistic.lipschitz().value, rel=1e-12)
    for loss in ("softmax_cross_entropy", *BROKEN):
        A, T = problem(loss, n=300)
        f = LinearObjective(A, targets(T), loss, penalty=steep.L2(0.1))
        bound = f.lipschitz()
        assert not bound.exact
        for seed in range(5):
            w = np.random.default_rng(seed).standard_normal(f.dim)
            values = np.linalg.eigvalsh(f.hessian(w))
            assert values[-1] <= bound.value * (1 + 1e-12)
            assert values[0] >= f.strong_convexity().value - 1e-12
    with pytest.raises(ValueError, match="no known Lipschitz"):
        LinearObjective(X, np.ones(300), "poisson").lipschitz()


def test_residuals_make_the_objective():
    X, Y = problem("squared_error", outputs=2)
    f = steep.problems.least_squares(X, Y, l2=0.3, intercept=True, sample_weight=np.arange(37) + 1.0)
    w = np.random.default_rng(0).standard_normal(f.dim)
    r, J = f.residuals(w), f.jacobian(w)
    assert 0.5 * r @ r == pytest.approx(f.value(w), rel=1e-12)
    np.testing.assert_allclose(J.T @ r, f.gradient(w), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(J.T @ J, f.gauss_newton(w), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(f.hessian(w), f.gauss_newton(w), rtol=1e-12, atol=1e-14)


def test_scores_of_ten_thousand_are_stable():
    X = np.array([[1e4], [-1e4]])
    f = steep.problems.logistic(X, [1, 0])
    assert f.value([1.0]) == 0.0
    assert f.value([-1.0]) == pytest.approx(1e4)
    np.testing.assert_allclose(f.gradient([-1.0]), [-1e4])


def test_the_sampled_hessian_is_close_to_the_hessian():
    X, Y = problem("logistic", n=40000, d=20)
    X *= np.geomspace(1e-4, 1e4, 20)  # closeness is relative, whatever the scales
    f = steep.problems.logistic(X, targets(Y), l2=1e-6, intercept=True)
    w = np.zeros(21)
    H = f.hessian(w)
    S = f._core.approximate_hessian(w)
    scale = 1 / np.sqrt(np.diag(H))
    values = np.linalg.eigvals(np.linalg.solve(scale[:, None] * H * scale, scale[:, None] * S * scale)).real
    assert values.min() > 0.6
    assert values.max() < 1.6


def test_data_are_used_in_place_and_left_alone():
    X, Y = problem("logistic", n=500)
    X.setflags(write=False)
    f = steep.problems.logistic(X, targets(Y), l2=0.1)
    before = X.copy()
    res = steep.minimize(f, method="newton")
    np.testing.assert_array_equal(X, before)
    x0 = res.x.copy()
    steep.minimize(f, x0, "lbfgs", max_iter=3)
    np.testing.assert_array_equal(x0, res.x)


def test_bad_inputs():
    X, y = np.ones((4, 2)), np.array([0, 1, 0, 1])
    with pytest.raises(ValueError, match="y must have as many rows as X"):
        steep.problems.logistic(X, y[:3])
    with pytest.raises(ValueError, match="sample_weight must not be negative"):
        steep.problems.logistic(X, y, sample_weight=[1, 1, 1, -1])
    with pytest.raises(ValueError, match="y must be 0 and 1"):
        steep.problems.svm(X, [0, 1, 2, 1], l2=1.0)
    with pytest.raises(ValueError, match="loss must be one of"):
        steep.problems.svm(X, y, l2=1.0, loss="logistic")
    with pytest.raises(ValueError, match="X must be finite"):
        steep.problems.logistic(sp.csr_matrix(np.array([[np.nan]])), [1])
    with pytest.raises(ValueError, match="l2 must be a number of at least 0"):
        steep.problems.logistic(X, y, l2=-1.0)
    with pytest.raises(TypeError, match="penalty must be None"):
        steep.problems.logistic(X, y, penalty=0.1)


@pytest.mark.parametrize(
    ("activation", "loss", "units"),
    [
        ("identity", None, 2),
        ("identity", "hinge", 1),
        ("softmax", None, 3),
        ("sigmoid", None, 1),
        ("exp", None, 1),
    ],
)
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("scaled", [False, True])
def test_the_risk_of_a_single_dense_layer_is_a_linear_risk(activation, loss, units, use_bias, scaled):
    rng = np.random.default_rng(42)
    X = rng.standard_normal((80, 5))
    y = {
        "identity": rng.standard_normal((80, units)) if loss is None else rng.integers(0, 2, 80),
        "softmax": rng.integers(0, 3, 80),
        "sigmoid": rng.integers(0, 2, 80),
        "exp": rng.poisson(2.0, 80),
    }[activation]
    weights = rng.uniform(0.5, 2, 80)
    layers = [steep.Dense(units, activation, use_bias=use_bias)]
    scaling = {"input_scale": rng.uniform(0.5, 2, 5), "input_shift": rng.standard_normal(5)} if scaled else {}
    net = steep.Network(layers, input_shape=5, dtype="float64", seed=1, **scaling)
    linear = steep.Risk(net, X, y, loss=loss, penalty=steep.L2(0.1), sample_weight=weights)
    general = linear.fresh()
    assert linear.is_linear
    assert linear.is_convex
    assert not general.is_linear  # the same through the network
    w, v = rng.standard_normal((2, linear.dim))
    assert linear.value(w) == pytest.approx(general.value(w), rel=1e-12)
    np.testing.assert_allclose(linear.subgradient(w), general.subgradient(w), rtol=1e-10, atol=1e-12)
    if loss is None:
        np.testing.assert_allclose(linear.hessian_product(w, v), general.hessian_product(w, v), rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(linear.gauss_newton(w), general.gauss_newton(w), rtol=1e-9, atol=1e-11)
        found = steep.minimize(linear)
        assert found.success, found.message
        other = steep.minimize(general, general.x0, "lbfgs")
        assert found.fun == pytest.approx(other.fun, rel=1e-10)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("method", ["direct", "auto", "newton", "coordinate_descent", "levenberg_marquardt"])
def test_scaled_inputs_and_targets_of_a_linear_network(method, dtype):
    """Standardized ends: the fit is that of the plain columns, by least squares."""
    rng = np.random.default_rng(42)
    X = rng.normal(size=(200, 3)) * [1, 100, 0.01] + [5, 0, 1]
    y = X @ [1.0, 0.02, 30.0] + rng.normal(size=200)
    ends, out = steep.Standardize().fit(X), steep.Standardize().fit(y).inverse()
    net = steep.MLP(
        [3, 1], dtype=dtype, input_scale=ends.scale, input_shift=ends.shift, output_scale=out.scale,
        output_shift=out.shift,
    )  # fmt: skip
    res = steep.minimize(steep.Risk(net, X.astype(dtype), y), net.parameters, method)
    net.parameters = res.x
    columns = np.column_stack([X, np.ones(200)])
    expected = columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
    np.testing.assert_allclose(net.predict(X)[:, 0], expected, atol=1e-6 if dtype == "float64" else 1e-3)


def test_direct_says_what_a_network_needs():
    net = steep.MLP([3, 4, 1], dtype="float64", seed=0)
    with pytest.raises(ValueError, match="direct needs a quadratic objective, and network risk has none: take leven"):
        steep.minimize(steep.Risk(net, np.ones((5, 3)), np.ones(5)), net.parameters, "direct")
