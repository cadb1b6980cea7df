"""L-BFGS begun on a draft: a sample of the rows or single precision. The oracle is Newton's method on all rows."""

import numpy as np
import pytest

import steep


def data(n, d, seed=42, k=2):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) @ (np.eye(d) + 0.3 * rng.standard_normal((d, d)) / np.sqrt(d))
    scores = X @ rng.standard_normal((d, k)) / np.sqrt(d) + rng.gumbel(size=(n, k))
    return X, np.argmax(scores, axis=1), rng.uniform(0.0, 2.0, n).round(1)


def drafted(f, **options):
    return steep.minimize(f, method=steep.LBFGS(precondition=f.dim < 600, draft=True), **options)


CASES = {
    "sample": (40_000, 8, {}),
    "sample of weighted rows": (40_000, 8, {"weights": True}),
    "sample of a sum": (40_000, 8, {"average": False, "tol": 1e-3}),
    "single precision": (24_000, 60, {}),
    "single precision of weighted rows": (24_000, 60, {"weights": True}),
    "single precision of a sum": (24_000, 60, {"average": False, "tol": 1e-3}),
}


@pytest.mark.parametrize("case", CASES)
def test_minimizers_are_those_of_all_rows(case):
    n, d, options = CASES[case]
    X, y, weights = data(n, d)
    average, tol = options.get("average", True), options.get("tol", 1e-9)
    l2 = 1e-3 if average else 1e-3 * n
    sample_weight = weights if options.get("weights") else None
    f = steep.problems.logistic(X, y, l2=l2, intercept=True, average=average, sample_weight=sample_weight)
    res, plain = drafted(f, tol=tol), steep.minimize(f, method="lbfgs", tol=tol)
    exact = steep.minimize(f, method="newton", tol=tol * 1e-2)
    assert res.status == "converged"
    np.testing.assert_array_equal(res.jac, f.gradient(res.x))
    assert np.abs(res.jac).max() <= tol
    # ||x - x*|| <= ||g|| / mu; the intercept's curvature is above l2 here
    assert np.linalg.norm(res.x - exact.x) <= 2 * np.sqrt(f.dim) * tol / l2
    assert res.nfev < 0.8 * plain.nfev, "a draft saves evaluations of all rows"


def test_softmax():
    X, y, _ = data(24_000, 50, k=5)
    f = steep.problems.softmax(X, y, l2=1e-3, intercept=True)
    res, plain = drafted(f), steep.minimize(f, method="lbfgs")
    assert res.status == plain.status == "converged"
    assert abs(res.fun - plain.fun) < 1e-12
    assert res.nfev < 0.5 * plain.nfev


@pytest.mark.parametrize("d", [8, 60])
@pytest.mark.parametrize("scale", [1e-8, 1e8, 1e30])
def test_scales_beyond_single_precision(d, scale):
    X, y, _ = data(24_000, d)
    f = steep.problems.logistic(X * scale, y, l2=1e-3 * scale * scale)
    res = drafted(f, tol=0, rtol=1e-7)
    usual = steep.minimize(steep.problems.logistic(X, y, l2=1e-3), tol=1e-10)
    assert res.status == "converged"
    np.testing.assert_allclose(res.x * scale, usual.x, rtol=0, atol=1e-4)


@pytest.mark.parametrize("d", [8, 60])
def test_rows_far_from_the_origin(d):
    X, y, _ = data(24_000, d)
    f = steep.problems.logistic(X + 1e5, y, l2=1e-3, intercept=True)
    res = drafted(f, tol=1e-4, max_iter=200)
    start = f.value(np.zeros(f.dim))
    assert res.fun < start
    assert res.status in ("converged", "line_search_failed", "max_iter")


def test_rows_in_order_and_separable():
    X, y, _ = data(40_000, 8)
    order = np.argsort(y, kind="stable")
    f = steep.problems.logistic(X[order], y[order], l2=1e-3)
    assert drafted(f).status == "converged"
    separable = (X[:, 0] > 0).astype(int)
    f = steep.problems.logistic(X, separable, l2=1e-6)
    assert drafted(f).status == "converged"


@pytest.mark.parametrize("d", [8, 60])
def test_threads_do_not_change_bits(d):
    X, y, _ = data(24_000, d)
    runs = [drafted(steep.problems.logistic(X, y, l2=1e-3, intercept=True), n_threads=t) for t in (1, 2)]
    np.testing.assert_array_equal(runs[0].x, runs[1].x)


def test_the_callback_stops_and_the_start_may_be_the_minimizer():
    X, y, _ = data(40_000, 8)
    f = steep.problems.logistic(X, y, l2=1e-3)

    def stop(at):
        raise StopIteration

    res = drafted(f, callback=stop)
    assert res.status == "interrupted"
    assert res.nit == 1
    best = steep.minimize(f, tol=1e-10)
    assert drafted(f, x0=best.x).nit == 0


@pytest.mark.parametrize("spread", [1.0, 1e6])
def test_newton_on_hessians_in_single_precision(spread):
    X, y, _ = data(20_000, 150)
    X = X * np.geomspace(1.0, spread, 150)
    f = steep.problems.logistic(X, y, l2=1e-3, intercept=True)
    res = steep.minimize(f, method="newton", tol=0, rtol=1e-8)
    assert res.status == "converged"
    assert res.nit < 20
    pure = steep.minimize(f, x0=res.x, method=steep.Newton("pure"), tol=0, rtol=1e-2, max_iter=3)
    assert abs(pure.fun - res.fun) < 1e-12 * abs(res.fun)
