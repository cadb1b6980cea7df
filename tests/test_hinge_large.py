"""Hinges and tubes of a million entries, whose interior point begins in single precision, against LIBLINEAR."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC, LinearSVR

import steep


def problem(n=21_000, d=50, seed=42):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    return X, X @ rng.standard_normal(d) / d**0.5 + rng.standard_normal(n)


@pytest.mark.parametrize("C", [1.0, 0.01])
def test_hinge_is_at_most_liblinears(C):
    X, score = problem()
    y = np.where(score > 0, 1, -1)
    f = steep.problems.svm(X, y, l2=1 / (len(y) * C), loss="hinge")
    res = steep.minimize(f)
    assert res.success, res.message
    assert res.fun == pytest.approx(f.value(res.x), rel=1e-13)
    assert res.certificate.value <= 1e-8
    model = LinearSVC(C=C, loss="hinge", fit_intercept=False, tol=0.1, max_iter=20000).fit(X, y)
    other = f.value(model.coef_.ravel())
    assert other * (1 - 1e-3) <= res.fun <= other + 1e-9


def test_tube_is_at_most_liblinears():
    X, y = problem()
    f = steep.problems.svr(X, y, l2=1 / len(y), epsilon=0.1)
    res = steep.minimize(f)
    assert res.success, res.message
    assert res.fun == pytest.approx(f.value(res.x), rel=1e-13)
    model = LinearSVR(C=1.0, epsilon=0.1, fit_intercept=False, tol=1e-3, max_iter=20000).fit(X, y)
    other = f.value(model.coef_.ravel())
    assert other * (1 - 1e-3) <= res.fun <= other + 1e-9


def test_weights_and_intercept_from_any_tolerance():
    X, score = problem()
    y, weight = np.where(score + 0.7 > 0, 1, -1), np.random.default_rng(1).uniform(0.1, 2, len(X))
    f = steep.problems.svm(X, y, l2=1e-4, loss="hinge", intercept=True, sample_weight=weight)
    tight = steep.minimize(f, tol=1e-10)
    assert tight.success, tight.message
    for tol in (1e-2, 1e-5, 1e-8):
        res = steep.minimize(f, tol=tol)
        assert res.success, res.message
        assert res.fun == pytest.approx(f.value(res.x), rel=1e-13)
        gap = res.certificate.value  # a bound on what is left
        assert -1e-12 <= res.fun - tight.fun <= gap + 1e-10
        assert gap <= tol
    answers = [steep.minimize(f, n_threads=k).x for k in (1, 2, 3)]
    assert all(np.array_equal(answers[0], answer) for answer in answers[1:])
