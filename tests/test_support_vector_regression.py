"""Linear support vector regression: a linear program, a quadratic program, LIBLINEAR, duality, hard data."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from sklearn import datasets, svm

import steep

P = steep.problems
METHODS = ["dual_coordinate_ascent", "hinge_interior_point"]
KINDS = ["epsilon_insensitive", "squared_epsilon_insensitive"]


@pytest.fixture(scope="module")
def diabetes():
    X, y = datasets.load_diabetes(return_X_y=True)
    return (X - X.mean(0)) / X.std(0), (y - y.mean()) / y.std()


def line(n=120, d=5, seed=42):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    return X, X @ rng.standard_normal(d) + 3 + 0.5 * rng.standard_t(2, n)


def by_dual_qp(X, y, l2, epsilon, weights, intercept, squared):
    """The least value, as that of SciPy's general solver for the dual in b = a+ - a-, |b| <= c."""
    c = weights / weights.sum()
    K = X @ X.T / l2

    def value(v):
        up, down = np.split(v, 2)
        b = up - down
        Kb = K @ b
        f = 0.5 * b @ Kb - y @ b + epsilon * (up + down).sum()
        g = np.concatenate([Kb - y + epsilon, -Kb + y + epsilon])
        if squared:
            f, g = f + (v**2 / np.tile(c, 2)).sum() / 4, g + v / np.tile(c, 2) / 2
        return f, g

    n = len(y)
    balance = np.concatenate([np.ones(n), -np.ones(n)])
    more = (
        {"constraints": [{"type": "eq", "fun": lambda v: balance @ v, "jac": lambda v: balance}]} if intercept else {}
    )
    top = [(0, None if squared else k) for k in np.tile(c, 2)]
    found = scipy.optimize.minimize(
        value, np.zeros(2 * n), jac=True, bounds=top, method="SLSQP" if intercept else "L-BFGS-B",
        options={"maxiter": 5000, "ftol": 1e-15}, **more,
    )  # fmt: skip
    return -found.fun


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("loss", KINDS)
def test_against_the_dual_by_a_general_solver(loss, intercept):
    X, y = line(40, 3)
    weights = np.random.default_rng(0).uniform(0.2, 2, 40)
    f = P.svr(X, y, l2=0.1, epsilon=0.3, loss=loss, intercept=intercept, sample_weight=weights)
    dual = by_dual_qp(X, y, 0.1, 0.3, weights, intercept, loss == KINDS[1])
    for method in ["dual_coordinate_ascent", "auto"]:
        res = steep.minimize(f, None, method, tol=1e-9)
        assert res.success, res.message
        assert res.fun == pytest.approx(dual, abs=1e-6)
        assert res.fun == pytest.approx(f.value(res.x), rel=1e-12)


@pytest.mark.parametrize("epsilon", [0.0, 0.2])
def test_next_to_no_penalty_is_a_linear_program(epsilon):
    """min sum t, t >= |y - X w - b| - epsilon, by HiGHS; the penalty adds at most l2/2 ||w||^2 of its w."""
    X, y = line()
    n, d = X.shape
    A = np.hstack([X, np.ones((n, 1))])
    found = scipy.optimize.linprog(
        np.concatenate([np.zeros(d + 1), np.full(n, 1 / n)]),
        np.block([[A, -np.eye(n)], [-A, -np.eye(n)]]),
        np.concatenate([y + epsilon, epsilon - y]),
        bounds=[(None, None)] * (d + 1) + [(0, None)] * n,
    )
    l2 = 1e-9
    res = steep.minimize(P.svr(X, y, l2=l2, epsilon=epsilon, intercept=True), None, "hinge_interior_point", tol=1e-10)
    assert res.success, res.message
    assert 0 <= res.fun - found.fun + 1e-12 <= l2 / 2 * np.sum(found.x[:d] ** 2) + 2e-10


@pytest.mark.filterwarnings("ignore:Liblinear failed")  # at the end of its precision
@pytest.mark.parametrize("loss", KINDS)
@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_against_liblinear(diabetes, loss, epsilon):
    X, y = diabetes
    theirs = svm.LinearSVR(epsilon=epsilon, loss=loss, fit_intercept=False, tol=1e-9, max_iter=200000).fit(X, y)
    f = P.svr(X, y, l2=1 / len(y), epsilon=epsilon, loss=loss)
    rough = epsilon == 0 and loss == KINDS[0]  # thousands of epochs: no row stays within the tube
    for method in ["dual_coordinate_ascent", "auto"]:
        if method != "auto" and rough:
            continue
        res = steep.minimize(f, None, method, tol=1e-10)
        assert -1e-9 <= f.value(theirs.coef_) - res.fun <= (1e-5 if rough else 1e-7)  # theirs has not converged
        np.testing.assert_allclose(res.x, theirs.coef_, atol=1e-3 if rough else 1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("intercept", [False, True])
def test_gap_bounds_the_distance_to_the_optimum(method, intercept):
    X, y = line()
    f = P.svr(X, y, l2=0.01, intercept=intercept)
    best = steep.minimize(f, None, "hinge_interior_point", tol=1e-11).fun
    res = steep.minimize(f, None, method)
    assert res.certificate.kind == "duality_gap"
    gaps = res.trace["gradient_norm"] * np.maximum(1, res.trace["fun"])
    assert (res.trace["fun"] - best <= gaps + 1e-12).all()
    assert gaps[0] > 0.1


@pytest.mark.parametrize("method", METHODS)
def test_unit_of_y_does_not_matter(method):
    """y and epsilon a thousand times larger, l2 a thousand times smaller: the same fit in other units."""
    X, y = line()
    one = steep.minimize(P.svr(X, y, l2=0.1, epsilon=0.2, intercept=True), None, method, tol=1e-10)
    f = P.svr(X, 1000 * y, l2=0.1 / 1000, epsilon=200.0, intercept=True)
    many = steep.minimize(f, None, method, tol=1e-10)
    assert many.success, many.message
    assert many.fun == pytest.approx(1000 * one.fun, rel=1e-9)
    assert abs(many.nit - one.nit) <= max(3, 0.2 * one.nit)


@pytest.mark.parametrize("method", METHODS)
def test_weights_are_repetitions_and_csr_is_dense(method):
    X, y = line()
    X = X * (np.abs(X) > 0.5)
    s = np.random.default_rng(42).integers(0, 4, len(y))
    options = {"l2": 0.05, "epsilon": 0.1, "intercept": True}
    runs = [
        steep.minimize(f, None, method, tol=1e-9).fun
        for f in (
            P.svr(X, y, sample_weight=s, **options),
            P.svr(np.repeat(X, s, 0), np.repeat(y, s), **options),
            P.svr(scipy.sparse.csr_array(X), y, sample_weight=s, **options),
        )
    ]
    np.testing.assert_allclose(runs, runs[0], atol=3e-9)


@pytest.mark.parametrize("method", METHODS)
def test_hard_data(method):
    X, y = line()
    wide = steep.minimize(P.svr(X, y, l2=0.1, epsilon=1e3, intercept=True), None, method)
    assert wide.success, wide.message
    assert wide.fun == pytest.approx(0, abs=1e-8)  # the tube holds every row
    constant = steep.minimize(P.svr(X, np.full(len(y), 7.0), l2=0.1, epsilon=0.0, intercept=True), None, method)
    assert constant.success, constant.message
    assert constant.fun == pytest.approx(0, abs=1e-8)
    assert constant.x[-1] == pytest.approx(7, abs=1e-4)
    one = steep.minimize(P.svr([[2.0, 0.0]], [3.0], l2=1.0, epsilon=1.0), None, method, tol=1e-10)
    np.testing.assert_allclose(one.x, [1, 0], atol=1e-4)  # |3 - 2w| = epsilon, and less would cost
    zeros = np.vstack([X, np.zeros((30, 5))])
    padded = P.svr(zeros, np.append(y, np.full(30, 2.0)), l2=0.1 * 120 / 150, epsilon=0.5)
    alone = steep.minimize(P.svr(X, y, l2=0.1, epsilon=0.5), None, method, tol=1e-9)
    assert steep.minimize(padded, None, method, tol=1e-9).fun == pytest.approx(0.8 * alone.fun + 0.3, abs=3e-9)


def test_auto_chooses_by_shape():
    X, y = line(600)
    assert steep.minimize(P.svr(X, y, l2=0.01)).method == "hinge_interior_point"
    assert steep.minimize(P.svr(X[:6], y[:6], l2=0.01)).method == "hinge_interior_point"
    assert steep.minimize(P.svr(np.tile(X[:6], 101), y[:6], l2=0.01)).method == "dual_coordinate_ascent"
    assert steep.minimize(P.svr(X, y, l2=0.01, loss=KINDS[1])).method == "newton"


def test_refusals():
    X, y = line()
    with pytest.raises(ValueError, match="needs the hinge or the epsilon-insensitive loss"):
        steep.minimize(P.svr(X, y, l2=0.1, loss=KINDS[1]), None, "hinge_interior_point")
    with pytest.raises(ValueError, match=r"epsilon must be .* got -0\.1"):
        P.svr(X, y, l2=0.1, epsilon=-0.1)
    with pytest.raises(ValueError, match="loss must be one of"):
        P.svr(X, y, l2=0.1, loss="hinge")


def test_networks_train_with_it():
    X, y = line()
    net = steep.MLP([5, 1], dtype="float64", seed=0)
    run = steep.train(net, X, y, loss=steep.EpsilonInsensitive(0.2), epochs=300, optimizer=steep.Adam(0.03))
    best = steep.minimize(P.svr(X, y, l2=1e-9, epsilon=0.2, intercept=True))
    reached = steep.Risk(net, X, y, loss=steep.EpsilonInsensitive(0.2)).value(net.parameters)
    assert best.fun - 1e-8 <= reached <= 1.1 * best.fun
    assert run.history["loss"][-1] < run.history["loss"][0]
