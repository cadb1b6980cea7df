"""Hinges and tubes of many rows, whose interior point runs on the rows near their corners: hard data."""

import numpy as np
import pytest

import steep

N, D = 2_400, 6


def rows():
    rng = np.random.default_rng(42)
    X = rng.standard_normal((N, D))
    return rng, X, X @ rng.standard_normal(D) / D**0.5 + rng.standard_normal(N)


def labels(score, share=0.5):
    return np.where(score > np.quantile(score, 1 - share), 1, -1)


def plain(C):
    _, X, score = rows()
    return X, labels(score), {"l2": 1 / (N * C)}


def unbalanced(count, C):
    _, X, score = rows()
    return X, labels(score, count / N), {"l2": 1 / (N * C)}


def duplicates():
    rng, X, score = rows()
    k = rng.integers(0, 40, N)
    return X[k], np.where(rng.random(N) < 0.8, 1, -1) * labels(score)[k], {"l2": 1e-3}


def columns():
    _, X, score = rows()
    return np.c_[X * 10.0 ** np.arange(-3, 3), np.full(N, 5.0)], labels(score), {"l2": 1e-3}


def rank_two():
    rng, X, score = rows()
    return X[:, :2] @ rng.standard_normal((2, D)), labels(score), {"l2": 1e-4}


def separable(gap):
    _, X, _ = rows()
    y = labels(X[:, 0])
    return X + gap * y[:, None], y, {"l2": 1e-4}


def weighted(kind):
    rng, X, score = rows()
    weight = rng.uniform(0, 2, N) if kind == "zeros" else 10 ** rng.uniform(-6, 3, N)
    weight[rng.random(N) < 0.5] = 0
    if kind == "five":
        weight[5:] = 0
        weight[:5] = 1
    return X, labels(score), {"l2": 1e-3, "sample_weight": weight}


def periodic():
    """A sample of every fourth row would have one class."""
    _, X, _ = rows()
    y = np.where(np.arange(N) % 4 == 0, 1, -1)
    return X + 0.5 * y[:, None], y, {"l2": 1e-3}


def ordered():
    X, y, options = plain(1)
    order = np.argsort(y, kind="stable")
    return X[order], y[order], options


def tube(epsilon, C, noise=1.0):
    rng, X, _ = rows()
    y = X @ rng.standard_normal(D) + noise * rng.standard_normal(N) + 7
    return X, y, {"l2": 1 / (N * C), "epsilon": epsilon}


CASES = {
    **{f"C={C:g}": lambda C=C: plain(C) for C in (1e-6, 1e-4, 1e-2, 1, 1e3)},
    **{f"{k} of a class, C={C:g}": lambda k=k, C=C: unbalanced(k, C) for k in (3, 76) for C in (1e-3, 1)},
    "duplicates": duplicates,
    "columns": columns,
    "rank 2": rank_two,
    "touching": lambda: separable(0),
    "apart": lambda: separable(3),
    "weights of zero": lambda: weighted("zeros"),
    "heavy weights": lambda: weighted("heavy"),
    "five weights": lambda: weighted("five"),
    "periodic": periodic,
    "ordered": ordered,
    "far from zero": lambda: (plain(1)[0] + 100, *plain(1)[1:]),
    **{f"tube {e:g}, C={C:g}": lambda e=e, C=C: tube(e, C) for e in (0, 0.1, 1) for C in (1e-3, 1)},
    "tube, no row outside": lambda: tube(100, 1),
    "tube, little noise": lambda: tube(1e-3, 1, 1e-3),
}


def make(case, intercept):
    X, y, options = CASES[case]()
    problem = steep.problems.svr if "epsilon" in options else steep.problems.svm
    return problem(X, y, intercept=intercept, **options)


@pytest.mark.parametrize("tol", [1e-2, 1e-9])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_gap_against_the_interior_point_on_all_rows(case, intercept, tol):
    """Each run's duality gap bounds how far the other may lie below it; a limit of 49 steps takes all rows."""
    f = make(case, intercept)
    res = steep.minimize(f, method="hinge_interior_point", tol=tol)
    other = steep.minimize(f, method="hinge_interior_point", tol=1e-9, max_iter=49)
    assert res.success, res.message
    assert res.fun == pytest.approx(f.value(res.x), rel=1e-12, abs=1e-14)
    assert res.certificate.value <= tol * max(1, res.fun)
    slack = 1e-13 * max(1, res.fun)
    assert res.fun - res.certificate.value <= other.fun + slack
    assert other.fun - other.certificate.value <= res.fun + slack


@pytest.mark.parametrize("C", [1e-4, 1e-2, 1])
def test_against_coordinate_ascent(C):
    X, y, options = plain(C)
    f = steep.problems.svm(X, y, **options)
    res = steep.minimize(f)
    other = steep.minimize(f, method="dual_coordinate_ascent", tol=1e-7)
    assert res.nit <= 3  # rounds: few rows settle it
    assert res.fun <= other.fun + 1e-8
    assert other.fun - other.certificate.value <= res.fun + 1e-8


@pytest.mark.parametrize("case", ["apart", "tube 0.1, C=1", "tube 1, C=1"])
def test_rows_left_out_wrongly_join_the_second_round(case):
    res = steep.minimize(make(case, False), method="hinge_interior_point", tol=1e-9)
    assert res.nit == 2
    assert res.trace["gradient_norm"][1] > 1e-9


@pytest.mark.parametrize("count", [24, 72, 120])
def test_near_rows_of_one_class_take_no_steps(count):
    """Their multipliers cannot balance the others': their problem is unbounded."""
    X, y, options = unbalanced(count, 1e-3)
    res = steep.minimize(steep.problems.svm(X, y, intercept=True, **options))
    assert res.nhev < res.nit


@pytest.mark.parametrize("case", ["C=0.01", "76 of a class, C=0.001", "tube 0.1, C=1", "far from zero"])
def test_same_bits_for_any_threads(case):
    f = make(case, True)
    answers = [steep.minimize(f, n_threads=k).x for k in (1, 2, 3)]
    assert all(np.array_equal(answers[0], answer) for answer in answers[1:])


def test_trace_begins_at_zero_and_bounds_the_optimum():
    X, y, options = plain(1)
    f = steep.problems.svm(X, y, intercept=True, **options)
    res = steep.minimize(f, tol=1e-12)
    np.testing.assert_allclose(res.trace["fun"][0], 1, rtol=1e-12)
    gaps = res.trace["gradient_norm"] * np.maximum(1, res.trace["fun"])
    assert (res.trace["fun"] - res.fun <= gaps + 1e-13).all()
    assert res.nhev > res.nit


@pytest.mark.parametrize("case", ["C=1", "tube 0.1, C=1", "tube 1, C=0.001", "far from zero"])
def test_rtol_is_relative_to_the_gap_at_zero(case):
    """Whichever rows take part, 49 steps allowing all only; and on too few rows for a draft."""
    f = make(case, True)
    fun = f.value(np.zeros(f.dim))
    for options in ({}, {"max_iter": 49}):
        res = steep.minimize(f, method="hinge_interior_point", tol=0, rtol=1e-3, **options)
        assert res.success, res.message
        assert res.trace["fun"][0] == pytest.approx(fun, rel=1e-6)
        assert res.trace["gradient_norm"][0] == pytest.approx(fun / max(1, fun), rel=1e-6)
        assert float(res.message.split("<= ")[1].rstrip(".")) == pytest.approx(1e-3 * fun / max(1, fun), rel=1e-5)


def test_a_run_cut_short_in_its_first_round_returns_the_draft():
    """At zero the value is 1, at the draft nearly the least."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40_000, 50))
    f = steep.problems.svm(X, labels(X @ rng.standard_normal(50) + 3 * rng.standard_normal(40_000)), l2=1e-3)
    full = steep.minimize(f, tol=1e-10)
    seconds = full.trace["seconds"][1]
    runs = [steep.minimize(f, tol=1e-10, max_time=share * seconds) for share in np.linspace(0.04, 0.96, 24)]
    early = [res for res in runs if res.nit == 0]
    assert early
    assert min(res.fun for res in early) < 1.02 * full.fun
    for res in early:
        assert res.status == "max_time"
        assert res.fun == pytest.approx(f.value(res.x), rel=1e-6)
        assert res.fun - res.certificate.value <= full.fun
        assert np.isfinite(res.jac).all()


@pytest.mark.parametrize("count", [12, 480])
def test_rows_without_weight_do_not_tell_how_near_the_others_are(count):
    """They lie on the corner of their loss, wherever the others lead."""
    rng, X, _ = rows()
    y = X @ rng.standard_normal(D) + rng.standard_normal(N)
    weight = np.zeros(N)
    weight[rng.permutation(N)[:count]] = 1
    X[weight == 0], y[weight == 0] = 0, 0.1
    f = steep.problems.svr(X, y, epsilon=0.1, l2=1e-2, sample_weight=weight)
    res = steep.minimize(f, method="hinge_interior_point", tol=1e-9)
    assert res.success, res.message
    assert res.nit <= 3


def test_float32():
    X, y, options = plain(1)
    best = steep.minimize(steep.problems.svm(X, y, **options)).fun
    res = steep.minimize(steep.problems.svm(X.astype(np.float32), y, **options), tol=1e-5)
    assert res.success, res.message
    assert res.fun == pytest.approx(best, abs=2e-5)


def test_stops_when_asked():
    def stop(state):
        raise StopIteration

    res = steep.minimize(make("C=1", True), tol=1e-15, callback=stop)
    assert res.status == "interrupted"
    assert res.nit == 1


@pytest.mark.parametrize("max_iter", [49, 200])
def test_asked_for_more_than_rounding_allows(max_iter):
    f = make("C=1", True)
    res = steep.minimize(f, tol=1e-16, max_iter=max_iter)
    assert res.status == "line_search_failed"
    assert res.fun == pytest.approx(steep.minimize(f, tol=1e-11).fun, abs=1e-11)
    assert 0 <= res.certificate.value <= 1e-12
