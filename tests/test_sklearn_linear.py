"""Linear estimators: scikit-learn's tightest fit is the oracle, and optimality conditions computed by hand."""

import warnings

import numpy as np
import pytest
import sklearn
import sklearn.linear_model as linear_model
import sklearn.svm as svm
from scipy.sparse import csr_matrix
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

import steep.sklearn as ours

sklearn_version = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


@pytest.fixture(scope="module")
def three():
    X, y = load_iris(return_X_y=True)
    return scale(X), y, np.random.default_rng(0).uniform(0.1, 3, len(y))


@pytest.fixture(scope="module")
def two():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), y, np.random.default_rng(0).uniform(0.1, 3, len(y))


@pytest.fixture(scope="module")
def real():
    X, y = load_diabetes(return_X_y=True)
    return 20 * X, y, np.random.default_rng(0).uniform(0.1, 3, len(y))


def same(theirs, mine, X, y, sample_weight=None, atol=1e-5):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of the oracle, at the end of its precision
        theirs.fit(X, y, sample_weight=sample_weight)
    mine.fit(X, y, sample_weight=sample_weight)
    assert mine.coef_.shape == theirs.coef_.shape
    assert np.shape(mine.intercept_) == np.shape(theirs.intercept_)
    size = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(mine.coef_, theirs.coef_, atol=atol * size)
    np.testing.assert_allclose(mine.intercept_, theirs.intercept_, atol=atol * max(size, np.abs(y).max()))
    assert 0 <= mine.optimality_ < 1e-4
    return mine


def penalized(l1_ratio, **options):
    """Arguments of an l1 or elastic net penalty: scikit-learn had its name beside the ratio before 1.8."""
    named = {} if sklearn_version >= (1, 8) else {"penalty": "l1" if l1_ratio == 1 else "elasticnet"}
    ratio = {} if named.get("penalty") == "l1" else {"l1_ratio": l1_ratio}
    return options | named | ratio


LOGISTIC = {
    "l2": {"C": 0.5},
    "balanced": {"C": 2.0, "class_weight": "balanced"},
    "weights of classes": {"class_weight": {0: 2.0, 1: 0.3}},
    "no intercept": {"C": 0.1, "fit_intercept": False},
    "elastic net": penalized(0.5, C=0.3, solver="saga"),
}


@pytest.mark.parametrize("options", LOGISTIC.values(), ids=LOGISTIC)
@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression(two, three, options, classes):
    X, y, w = two if classes == 2 else three
    theirs = linear_model.LogisticRegression(tol=1e-9, max_iter=20000, **options)
    mine = same(theirs, ours.LogisticRegression(tol=1e-7, max_iter=5000, **options), X, y, w)
    np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("C", [0.1, 10.0])
def test_optimality_conditions_of_l1(two, three, classes, C):
    X, y, _ = two if classes == 2 else three
    model = ours.LogisticRegression(**penalized(1.0, C=C, solver="saga", tol=1e-7, max_iter=50000)).fit(X, y)
    error = model.predict_proba(X) - (y[:, None] == model.classes_)
    gradient = (C * error.T @ X)[-len(model.coef_) :]
    zero = model.coef_ == 0
    assert zero.any()
    assert np.abs(gradient[zero]).max() <= 1 + 1e-3
    np.testing.assert_allclose(gradient[~zero], -np.sign(model.coef_[~zero]), atol=2e-3)
    np.testing.assert_allclose(error.sum(axis=0), 0, atol=1e-3)


@pytest.mark.parametrize("options", [{}, penalized(1.0), {"fit_intercept": False}], ids=str)
def test_logistic_regression_of_liblinear(two, options):
    X, y, w = two
    options = {"solver": "liblinear", "C": 0.3, "intercept_scaling": 2.0} | options
    same(
        linear_model.LogisticRegression(tol=1e-9, max_iter=20000, **options),
        ours.LogisticRegression(tol=1e-7, **options), X, y, w, atol=1e-4,
    )  # fmt: skip


SVC = {
    "squared hinge": {},
    "hinge": {"loss": "hinge", "C": 0.1},
    "l1": {"penalty": "l1", "C": 0.1},
    "balanced": {"class_weight": "balanced"},
    "no intercept": {"fit_intercept": False},
    "scaled intercept": {"intercept_scaling": 5.0},
}


@pytest.mark.parametrize("options", SVC.values(), ids=SVC)
@pytest.mark.parametrize("classes", [2, 3])
def test_linear_svc(two, three, options, classes):
    X, y, w = two if classes == 2 else three
    mine = ours.LinearSVC(tol=1e-7, max_iter=10000, **options)
    same(svm.LinearSVC(tol=1e-8, max_iter=500000, **options), mine, X, y, w, atol=1e-4)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_crammer_singer_is_scikit_learns(three):
    X, y, _ = three
    options = {"multi_class": "crammer_singer", "random_state": 0}
    np.testing.assert_array_equal(ours.LinearSVC(**options).fit(X, y).coef_, svm.LinearSVC(**options).fit(X, y).coef_)


SVR = {
    "default": {},
    "tube": {"epsilon": 30.0, "C": 0.1},
    "squared": {"loss": "squared_epsilon_insensitive", "epsilon": 10.0, "C": 0.01},
    "no intercept": {"fit_intercept": False, "epsilon": 1.0},
    "scaled intercept": {"intercept_scaling": 5.0, "epsilon": 1.0},
}


@pytest.mark.parametrize("options", SVR.values(), ids=SVR)
@pytest.mark.parametrize("weighted", [False, True])
def test_linear_svr(real, options, weighted):
    X, y, w = real
    X = X + 0.3
    w = w if weighted else None
    mine = ours.LinearSVR(tol=1e-7, max_iter=10000, **options)
    theirs = svm.LinearSVR(tol=1e-9, max_iter=500000, random_state=0, **options)
    mine.fit(X, y, w)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of the oracle, at the end of its precision
        theirs.fit(X, y, w)
    s, squared = np.ones(len(y)) if w is None else w, "loss" in options
    scaling = options.get("intercept_scaling", 1.0)

    def objective(model):
        beyond = np.maximum(np.abs(y - X @ model.coef_ - model.intercept_) - model.epsilon, 0)
        size = model.coef_ @ model.coef_ + np.sum(np.square(model.intercept_)) / scaling**2
        return model.C * (s * beyond ** (2 if squared else 1)).sum() + size / 2

    assert objective(mine) <= objective(theirs) * (1 + 1e-9)
    if not squared:  # a duality gap of the mean objective
        assert objective(theirs) >= objective(mine) - mine.optimality_ * mine.C * s.sum() * 1.001
        assert 0 <= mine.optimality_ < 1e-4
    np.testing.assert_allclose(mine.coef_, theirs.coef_, atol=1e-3 * np.abs(theirs.coef_).max())
    assert np.shape(mine.intercept_) == np.shape(theirs.intercept_)
    assert type(mine.n_iter_) is type(theirs.n_iter_)


def test_linear_svr_does_not_depend_on_the_unit_of_y(real):
    X, y, _ = real
    one = ours.LinearSVR(epsilon=5.0).fit(X, y)
    many = ours.LinearSVR(epsilon=5e9, C=1e9).fit(X, y * 1e9)
    np.testing.assert_allclose(many.coef_ / 1e9, one.coef_, rtol=1e-7)


@pytest.mark.parametrize("columns", [0, 1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_lasso_elastic_net(real, columns, weighted):
    X, y, w = real
    y = [y, y[:, None], np.c_[y, y**2 / 100]][columns]
    w = w if weighted else None
    same(linear_model.Ridge(0.1), ours.Ridge(0.1), X, y, w)
    same(linear_model.Lasso(2.0, tol=1e-12), ours.Lasso(2.0, tol=1e-8), X, y, w)
    theirs = linear_model.ElasticNet(0.5, tol=1e-12, max_iter=100000)
    same(theirs, ours.ElasticNet(0.5, tol=1e-9), X, y, w)


def test_an_alpha_for_each_target(real):
    X, y, w = real
    alpha = np.array([0.1, 10.0])
    same(linear_model.Ridge(alpha), ours.Ridge(alpha), X, np.c_[y, -y], w)


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_of_more_columns_than_rows(alpha, weighted):
    """Without a penalty: the least coefficients that fit, by the pseudoinverse of centered rows."""
    rng = np.random.default_rng(0)
    X, Y, w = rng.normal(size=(20, 50)) + 3, rng.normal(size=(20, 2)) + 5, rng.uniform(0.5, 2, 20)
    w = w if weighted else None
    middle, mean = np.average(X, axis=0, weights=w), np.average(Y, axis=0, weights=w)
    root = np.ones((20, 1)) if w is None else np.sqrt(w)[:, None]
    A, B = root * (X - middle), root * (Y - mean)
    expected = np.linalg.pinv(A, rcond=1e-12) @ B
    if alpha == 0.1:
        expected = np.linalg.solve(A.T @ A + alpha * np.eye(50), A.T @ B)
    for targets in (Y, Y[:, 0]):
        mine = ours.Ridge(alpha).fit(X, targets, w)
        coef = expected if targets.ndim == 2 else expected[:, 0]
        np.testing.assert_allclose(mine.coef_, coef.T, atol=1e-10)
        np.testing.assert_allclose(mine.predict([middle])[0], mean if targets.ndim == 2 else mean[0], rtol=1e-10)


def test_small_targets_are_fitted_as_well(real):
    X, y, _ = real
    same(linear_model.Lasso(2e-8, tol=1e-12), ours.Lasso(2e-8), X, y * 1e-8, atol=1e-3)


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_poisson(real, alpha):
    X, y, w = real
    theirs = linear_model.PoissonRegressor(alpha=alpha, tol=1e-10, max_iter=10000, solver="newton-cholesky")
    same(theirs, ours.PoissonRegressor(alpha=alpha, tol=1e-8), X, np.round(y / 30), w)
    with pytest.raises(ValueError, match="out of the valid range of the loss 'HalfPoissonLoss'"):
        ours.PoissonRegressor().fit(X, -y)


@pytest.mark.parametrize("epsilon", [1.1, 1.35, 2.5])
def test_huber(real, epsilon):
    X, y, w = real
    y = y.copy()
    y[::10] += 1000

    def objective(model, alpha=1e-3):
        z = (y - X @ model.coef_ - model.intercept_) / model.scale_
        loss = np.where(np.abs(z) <= epsilon, z**2, 2 * epsilon * np.abs(z) - epsilon**2)
        return (w * model.scale_ * (1 + loss)).sum() + alpha * model.coef_ @ model.coef_

    mine = ours.HuberRegressor(epsilon=epsilon, alpha=1e-3, tol=1e-8).fit(X, y, w)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = linear_model.HuberRegressor(epsilon=epsilon, alpha=1e-3, tol=1e-9, max_iter=10000).fit(X, y, w)
    assert objective(mine) <= objective(theirs) * (1 + 1e-9)
    assert mine.optimality_ < 1e-7
    np.testing.assert_allclose(mine.scale_, theirs.scale_, rtol=1e-3)
    np.testing.assert_array_equal(mine.outliers_, theirs.outliers_)


ALL = [
    ours.LogisticRegression(), ours.LogisticRegression(**penalized(1.0, solver="saga")), ours.LinearSVC(),
    ours.LinearSVC(loss="hinge"), ours.Ridge(), ours.Lasso(0.5), ours.ElasticNet(0.5), ours.PoissonRegressor(),
    ours.HuberRegressor(), ours.LinearSVR(), ours.LinearSVR(loss="squared_epsilon_insensitive"),
]  # fmt: skip


@pytest.mark.parametrize("model", ALL, ids=str)
def test_sparse_rows_are_never_made_dense(model, two, monkeypatch):
    X, y, _ = two
    X = np.where(np.abs(X) < 1, 0, X)
    dense = model.fit(X, y).coef_
    rows = csr_matrix(X)

    def refuse(*args, **kwargs):
        raise AssertionError("made dense")

    for name in ("toarray", "todense"):
        monkeypatch.setattr(csr_matrix, name, refuse, raising=False)
    np.testing.assert_allclose(model.fit(rows, y).coef_, dense, atol=2e-3 * np.abs(dense).max())
    assert model.predict(rows).shape == (len(y),)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", ALL, ids=str)
def test_float32(model, two):
    X, y, _ = two
    double = model.fit(X, y).coef_
    single = model.fit(X.astype(np.float32), y).coef_
    theirs = type(model).__bases__[-1](**model.get_params()).fit(X.astype(np.float32), y)
    assert single.dtype in (np.float32, theirs.coef_.dtype)  # that is float64 for liblinear, and more before 1.9
    np.testing.assert_allclose(single, double, atol=2e-2 * np.abs(double).max())


def test_too_few_iterations_are_said(three):
    X, y, _ = three
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 1 iteration"):
        ours.LogisticRegression(max_iter=1, tol=1e-12).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="Liblinear failed to converge, increase the number of iterations"):
        ours.LinearSVC(max_iter=1, tol=1e-12).fit(X, y)


def test_inputs_are_untouched(real):
    X, y, w = real
    before = X.copy(), y.copy(), w.copy()
    for model in (ours.Ridge(), ours.Lasso(), ours.HuberRegressor(), ours.PoissonRegressor()):
        model.fit(X, y, sample_weight=w)
    for a, b in zip((X, y, w), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_lad_and_quantiles_are_scikit_learns(real):
    X, y, w = real
    for q in (0.5, 0.9):
        theirs = linear_model.QuantileRegressor(quantile=q, alpha=0.0).fit(X, y, w)
        mine = ours.LADRegressor(quantile=q).fit(X, y, w)

        def objective(model, q=q):
            r = y - model.predict(X)
            return (w * np.maximum(q * r, (q - 1) * r)).sum()

        assert objective(mine) <= objective(theirs) * (1 + 1e-7)
        assert objective(theirs) >= objective(mine) - (1 if q != 0.5 else 0.5) * mine.optimality_ * 1.001 - 1e-9
        assert (y < mine.predict(X)).mean() == pytest.approx(q, abs=0.15)


def test_chebyshev_equioscillates(real):
    X, y, _ = real
    mine = ours.ChebyshevRegressor().fit(X, y)
    size = np.abs(y - mine.predict(X))
    assert (size > size.max() * (1 - 1e-6)).sum() >= X.shape[1] + 2  # the condition of a unique minimizer
    assert mine.optimality_ < 1e-6


def test_perceptron(three, two):
    X, y, _ = three
    model = ours.Perceptron().fit(X, y == 0)
    assert model.score(X, y == 0) == 1
    assert model.optimality_ == 0
    w, b = np.zeros(4), 0.0
    for x, positive in [*zip(X, y == 0, strict=True)] * 3:
        error = float(positive) - float(x @ w + b >= 0)
        w, b = w + error * x, b + error
    mine = ours.Perceptron(shuffle=False, tol=None, max_iter=3).fit(X, np.where(y == 0, "yes", "no"))
    np.testing.assert_allclose(mine.coef_[0], w, atol=1e-12)
    assert mine.intercept_[0] == b
    X, y, _ = two
    assert ours.Perceptron().fit(X, y).score(X, y) > 0.95
    weighted = ours.Perceptron(penalty="l2").fit(X, y)
    np.testing.assert_array_equal(weighted.coef_, linear_model.Perceptron(penalty="l2").fit(X, y).coef_)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_exact_fits_are_least_in_norm(fit_intercept):
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(8, 20)) + 1, rng.normal(size=8), rng.integers(0, 3, 8)
    kept = w > 0
    A = X[kept] - (X[kept].mean(axis=0) if fit_intercept else 0)
    expected = np.linalg.pinv(A, rcond=1e-12) @ (y[kept] - (y[kept].mean() if fit_intercept else 0))
    model = ours.LADRegressor(fit_intercept=fit_intercept).fit(X, y, w)
    np.testing.assert_allclose(model.coef_, expected, atol=1e-12)
    np.testing.assert_allclose(model.predict(X[kept]), y[kept], atol=1e-12)
    assert model.optimality_ == 0
    model = ours.ChebyshevRegressor(fit_intercept=fit_intercept).fit(X[kept], y[kept])
    np.testing.assert_allclose(model.coef_, expected, atol=1e-12)
