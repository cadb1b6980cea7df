"""Regularization paths against single solves and scikit-learn's."""

import numpy as np
import pytest
import scipy.sparse
from sklearn import datasets, linear_model

import steep
from steep.linear import LinearObjective

P = steep.problems


@pytest.fixture(scope="module")
def diabetes():
    X, y = datasets.load_diabetes(return_X_y=True)
    return (X - X.mean(0)) / X.std(0), y


def test_known_lasso_optima(diabetes):
    X, y = diabetes
    path = steep.regularization_path(P.least_squares(X, y, intercept=True), [1.0, 10.0])
    np.testing.assert_allclose(path.fun, [2125.72039414, 1533.76871696], rtol=1e-11)
    assert path.nonzeros.tolist() == [4, 7]
    assert path.status == ["converged", "converged"]


@pytest.mark.parametrize("intercept", [False, True])
def test_against_scikit_learn(diabetes, intercept):
    X, y = diabetes
    f = P.least_squares(X, y if intercept else y - y.mean(), intercept=intercept)
    path = steep.regularization_path(f, tol=1e-12)
    alphas, coefs, _ = linear_model.lasso_path(X, y - y.mean(), alphas=path.l1, tol=1e-12, max_iter=100000)
    np.testing.assert_allclose(path.x[:, :10], coefs.T, atol=1e-4)
    np.testing.assert_allclose(path.l1, alphas)
    assert path.l1[0] == pytest.approx(np.abs(X.T @ (y - y.mean())).max() / len(y), rel=1e-12)
    assert path.nonzeros[0] == 0
    assert path.nonzeros[1] > 0
    assert path.l1[-1] == pytest.approx(1e-3 * path.l1[0])


@pytest.mark.parametrize("loss", ["squared_error", "logistic", "huber"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("shape", [(150, 20), (30, 60)])
def test_each_point_is_a_minimum(loss, sparse, shape):
    rng = np.random.default_rng(42)
    X = rng.standard_normal(shape) + 1
    X = np.where(rng.random(shape) < 0.5, X, 0)
    score = X[:, :3].sum(1) + rng.standard_normal(shape[0])
    y = (score > np.median(score)).astype(int) if loss == "logistic" else score + 20
    s = rng.integers(0, 3, shape[0])
    data = scipy.sparse.csr_array(X) if sparse else X
    f = LinearObjective(data, y, loss, intercept=True, sample_weight=s, penalty=steep.L2(0.01))
    path = steep.regularization_path(f, n=7, ratio=0.01, tol=1e-11)
    assert path.status == ["converged"] * 7
    for l1, x, fun, gap in zip(path.l1, path.x, path.fun, path.gap, strict=True):
        g = LinearObjective(
            X, y, loss, intercept=True, sample_weight=s, penalty=steep.ElasticNet(l1=float(l1), l2=0.01)
        )
        alone = steep.minimize(g, None, "coordinate_descent", tol=1e-12)
        assert fun == pytest.approx(g.value(x), rel=1e-11)
        assert -1e-10 <= fun - alone.fun <= gap + 1e-10
    assert f._core.l1() is None  # the objective is as it was


def test_first_point_has_no_weights():
    X, y = datasets.load_breast_cancer(return_X_y=True)
    X = (X - X.mean(0)) / X.std(0)
    path = steep.regularization_path(P.logistic(X, y, intercept=True), n=5, ratio=0.5)
    np.testing.assert_array_equal(path.x[0, :-1], 0)
    assert path.x[0, -1] == pytest.approx(np.log(y.mean() / (1 - y.mean())), rel=1e-9)
    assert path.nonzeros[1] > 0


def test_same_bits_for_every_number_of_threads():
    rng = np.random.default_rng(42)
    X = rng.standard_normal((20000, 30))
    y = X[:, 0] + rng.standard_normal(20000)
    runs = [steep.regularization_path(P.least_squares(X, y, n_threads=k), n=10).x for k in (1, 2, 3)]
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])


def test_stops_in_time(diabetes):
    path = steep.regularization_path(P.least_squares(*diabetes), max_time=0.0)
    assert path.status[-1] == "max_time"
    assert path.l1.shape == path.fun.shape == (len(path.status),)


def test_bad_arguments(diabetes):
    f = P.least_squares(*diabetes)
    with pytest.raises(TypeError, match="f must be a linear model"):
        steep.regularization_path(P.quadratic(np.eye(2), np.zeros(2)))
    with pytest.raises(ValueError, match="l1 must not be negative, got -1"):
        steep.regularization_path(f, [1.0, -1.0])
    with pytest.raises(ValueError, match="ratio must be in"):
        steep.regularization_path(f, ratio=1.0)
    with pytest.raises(ValueError, match="coordinate_descent needs"):
        steep.regularization_path(P.svm(diabetes[0], diabetes[1] > 100, l2=0.1))
