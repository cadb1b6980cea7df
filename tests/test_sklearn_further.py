"""What the networks can do beyond scikit-learn's: each argument has its effect, and refuses what it cannot do."""

import pickle
import time

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning

import steep
from steep.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return X * 20, (y - y.mean()) / y.std()


def classifier(**options):
    return MLPClassifier(**({"hidden_layer_sizes": (10,), "max_iter": 20, "random_state": 0} | options))


def regressor(**options):
    return MLPRegressor(**({"hidden_layer_sizes": (10,), "max_iter": 20, "random_state": 0} | options))


def test_activation_of_each_layer(iris):
    X, y = iris
    fit = classifier(hidden_layer_sizes=(6, 5), activation=("tanh", "silu"), solver="lbfgs").fit(X, y)
    z = np.tanh(X @ fit.coefs_[0] + fit.intercepts_[0]) @ fit.coefs_[1] + fit.intercepts_[1]
    z = z / (1 + np.exp(-z)) @ fit.coefs_[2] + fit.intercepts_[2]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    np.testing.assert_allclose(fit.predict_proba(X), p / p.sum(axis=1, keepdims=True), rtol=1e-9)
    with pytest.raises(ValueError, match="one for each of 2 hidden layers, got 1"):
        classifier(hidden_layer_sizes=(6, 5), activation=("tanh",)).fit(X, y)
    with pytest.raises(ValueError, match="'activation' parameter"):
        classifier(activation="step").fit(X, y)


@pytest.mark.parametrize("solver", ["adamw", "nadam", "rmsprop", "rprop", steep.Lion(5e-3), steep.AMSGrad(0.01)])
def test_update_rules(iris, solver):
    X, y = iris
    options = {"batch_size": 150} if solver == "rprop" else {}
    fit = classifier(solver=solver, learning_rate_init=0.01, max_iter=60, **options).fit(X, y)
    assert fit.loss_curve_[-1] < 0.6 * fit.loss_curve_[0]
    assert len(fit.loss_curve_) == fit.n_iter_
    assert clone(fit).get_params()["solver"] == solver


def test_a_rule_of_the_same_formula_gives_the_same_fit(iris):
    X, y = iris
    ours = classifier(solver="sgd", momentum=0.8, learning_rate_init=0.02).fit(X, y)
    rule = classifier(solver=steep.Nesterov(0.02, beta=0.8, form="velocity")).fit(X, y)
    np.testing.assert_array_equal(ours.coefs_[0], rule.coefs_[0])


@pytest.mark.parametrize("solver", ["lm", "newton-cg", "bfgs", steep.LevenbergMarquardt()])
def test_full_batch_methods_reach_the_optimum_of_lbfgs(diabetes, solver):
    X, y = diabetes
    options = {"hidden_layer_sizes": (3,), "activation": "tanh", "alpha": 1.0, "max_iter": 3000, "tol": 1e-7}
    fit = regressor(solver=solver, **options).fit(X, y)
    again = regressor(solver="lbfgs", warm_start=True, **options).fit(X, y)
    again.coefs_, again.intercepts_ = [c.copy() for c in fit.coefs_], [b.copy() for b in fit.intercepts_]
    again.fit(X, y)  # starts there, and finds nothing to improve
    assert fit.loss_ == pytest.approx(again.loss_, rel=1e-6)
    assert fit.loss_curve_[-1] == pytest.approx(fit.loss_)
    assert fit.result_.status == "converged"


def test_auto_says_why(iris, diabetes):
    assert regressor(solver="auto").fit(*diabetes).solver_.startswith("lm: a squared error, and 121 parameters")
    assert classifier(solver="auto").fit(*iris).solver_.startswith("lbfgs: 150 rows")
    assert classifier(solver="auto", early_stopping=True).fit(*iris).solver_.startswith("adam: validation rows")
    X, y = np.tile(iris[0], (20, 1)), np.tile(iris[1], 20)
    assert classifier(solver="auto", max_iter=2).fit(X, y).solver_.startswith("adam: 3000 rows")


@pytest.mark.parametrize(
    "loss", ["absolute_error", "huber", "pinball", steep.Huber(0.3), steep.Pinball(0.9), "epsilon_insensitive"]
)
def test_losses_of_regression(diabetes, loss):
    X, y = diabetes
    fit = regressor(loss=loss, learning_rate_init=0.01, max_iter=150, alpha=0, tol=0).fit(X, y)
    residual = y - fit.predict(X)
    if loss == steep.Pinball(0.9):
        assert (residual < 0).mean() == pytest.approx(0.9, abs=0.05)
    else:
        assert fit.score(X, y) > 0.4
    net_loss = steep.Risk(steep.MLP([10, 10, 1], dtype="float64"), X, y, loss=loss)
    flat = np.concatenate([a for c, b in zip(fit.coefs_, fit.intercepts_, strict=True) for a in (c.T.ravel(), b)])
    assert net_loss.value(flat) == pytest.approx(fit.loss_, rel=0.05)  # the mean over an epoch, at its end


def test_hinge(iris):
    X, y = iris
    fit = classifier(loss="hinge", max_iter=300, learning_rate_init=0.01).fit(X, y)
    assert fit.score(X, y) > 0.93
    np.testing.assert_array_equal(fit.predict(X), fit.decision_function(X).argmax(axis=1))
    assert not hasattr(fit, "predict_proba")
    names = np.array(["b", "a"])[y[:100]]
    fit = classifier(loss="squared_hinge", max_iter=300, learning_rate_init=0.01).fit(X[:100], names)
    assert fit.score(X[:100], names) == 1
    np.testing.assert_array_equal(fit.predict(X[:100]) == "b", fit.decision_function(X[:100]) > 0)
    np.testing.assert_array_equal(fit.predict(X[:100].tolist()), fit.predict(X[:100]))
    assert hasattr(classifier(), "predict_proba")
    assert not hasattr(classifier(), "decision_function")


def test_initialization(iris):
    X, y = iris
    start = classifier(initialization="orthogonal", max_iter=1, learning_rate_init=1e-12).fit(X, y)
    W = start.coefs_[0]  # (4, 10) with orthonormal rows, up to one factor
    np.testing.assert_allclose(W @ W.T, np.eye(4) * (W[0] @ W[0]), atol=1e-6)
    assert not start.intercepts_[0].any() or np.abs(start.intercepts_[0]).max() < 1e-9


def test_dropout_and_batch_norm(iris):
    X, y = iris
    plain = classifier(max_iter=50).fit(X, y)
    dropped = classifier(max_iter=50, dropout=0.5).fit(X, y)
    assert dropped.loss_ > plain.loss_
    again = classifier(max_iter=50, dropout=0.5, n_threads=2).fit(X, y)
    np.testing.assert_array_equal(dropped.coefs_[0], again.coefs_[0])
    normed = classifier(max_iter=100, batch_norm=True, hidden_layer_sizes=(8, 8), learning_rate_init=0.01).fit(X, y)
    assert normed.score(X, y) > 0.93
    p = normed.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(normed)).predict_proba(X), p)
    normed.coefs_ = [c.copy() for c in normed.coefs_]
    np.testing.assert_array_equal(normed.predict_proba(X), p)
    best = classifier(max_iter=30, batch_norm=True, early_stopping=True).fit(X, y)
    assert best.best_validation_score_ == max(best.validation_scores_)
    with pytest.raises(ValueError, match=r"dropout must be 0 with solver='lbfgs', got 0\.5"):
        classifier(dropout=0.5, solver="lbfgs").fit(X, y)
    with pytest.raises(ValueError, match="one for each of 1 hidden layers, got 2"):
        classifier(dropout=(0.5, 0.5)).fit(X, y)


def test_l1_makes_zeros(diabetes):
    X, y = diabetes
    fit = regressor(l1=5.0, max_iter=200, learning_rate_init=0.01, tol=0).fit(X, y)
    assert (fit.coefs_[0] == 0).mean() > 0.3
    with pytest.raises(ValueError, match="l1 must be 0 with Lion"):
        regressor(l1=1.0, solver="lion").fit(X, y)
    with pytest.raises(ValueError, match="l1 must be 0 with solver='lbfgs'"):
        regressor(l1=1.0, solver="lbfgs").fit(X, y)


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "newton-cg"])
def test_class_weight_is_a_sample_weight(iris, solver):
    X, y = iris
    weight = {0: 1.0, 1: 4.0, 2: 0.5}
    one = classifier(class_weight=weight, solver=solver, max_iter=5).fit(X, y)
    other = classifier(solver=solver, max_iter=5).fit(X, y, np.array([weight[c] for c in y]))
    np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])
    with pytest.raises(ValueError, match="class_weight must be None in partial_fit"):
        classifier(class_weight=weight).partial_fit(X, y, classes=[0, 1, 2])


def test_schedules_and_clipping(diabetes):
    X, y = diabetes
    seen = []

    def rate(step):
        seen.append(step)
        return 0.05 / (1 + step)

    fit = regressor(learning_rate=rate, max_iter=3, batch_size=100).fit(X, y)
    assert seen == list(range(15))
    schedule = regressor(learning_rate=steep.InverseTime(0.05, decay=1.0), max_iter=3, batch_size=100).fit(X, y)
    np.testing.assert_allclose(schedule.coefs_[0], fit.coefs_[0], rtol=1e-12)
    clipped = regressor(solver=steep.SGD(1.0), clip_norm=1e-3, max_iter=1, batch_size=442, alpha=0)
    start = regressor(solver=steep.SGD(1e-300), max_iter=1, batch_size=442).fit(X, y)
    clipped.fit(X, y)
    arrays = zip(clipped.coefs_ + clipped.intercepts_, start.coefs_ + start.intercepts_, strict=True)
    assert np.sqrt(sum(((a - b) ** 2).sum() for a, b in arrays)) == pytest.approx(1e-3, rel=1e-6)


class TestValidation:
    def test_rows_of_ones_own(self, iris):
        X, y = iris
        fit = classifier(max_iter=25, tol=0).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
        assert len(fit.validation_scores_) == fit.n_iter_ == 25
        assert fit.validation_scores_[-1] == pytest.approx(fit.score(X[1::2], y[1::2]))
        plain = classifier(max_iter=25, tol=0).fit(X[::2], y[::2])
        np.testing.assert_array_equal(fit.coefs_[0], plain.coefs_[0])

    def test_early_stopping_restores_the_best(self, iris):
        X, y = iris
        fit = classifier(max_iter=500, early_stopping=True, learning_rate_init=0.05).fit(
            X[::2], y[::2], X_val=X[1::2], y_val=y[1::2]
        )
        assert fit.n_iter_ < 500
        assert fit.score(X[1::2], y[1::2]) == pytest.approx(max(fit.validation_scores_))

    @pytest.mark.parametrize("scoring", ["loss", "neg_log_loss"])
    def test_on_the_loss(self, iris, scoring):
        X, y = iris
        fit = classifier(max_iter=40, early_stopping=True, scoring=scoring, alpha=0).fit(X, y)
        other = classifier(max_iter=40, early_stopping=True, alpha=0, scoring="neg_log_loss").fit(X, y)
        np.testing.assert_allclose(fit.validation_scores_, other.validation_scores_, rtol=1e-6)

    @pytest.mark.parametrize("regression", [False, True])
    def test_early_stopping_weighs_the_rows(self, regression):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(400, 2))
        counts = rng.uniform(size=400) < 0.5  # the other rows say something else, at next to no weight
        y = np.where(counts, X[:, 0], 50 + 9 * X[:, 1]) if regression else np.where(counts, 1, 0)
        fit = (regressor if regression else classifier)(max_iter=60, early_stopping=True, learning_rate_init=0.05)
        fit.fit(X, y, np.where(counts, 1, 1e-9))
        assert fit.best_validation_score_ > 0.9
        assert fit.score(X, y) < 0.6

    def test_any_scorer(self, diabetes):
        X, y = diabetes
        fit = regressor(scoring="neg_mean_absolute_error", early_stopping=True).fit(X, y, X_val=X[:50], y_val=y[:50])
        assert fit.best_validation_score_ == pytest.approx(-np.abs(fit.predict(X[:50]) - y[:50]).mean())

    def test_names_of_features(self, iris):
        pandas = pytest.importorskip("pandas")
        X, y = iris
        frame = pandas.DataFrame(X, columns=list("abcd"))
        classifier(scoring="roc_auc_ovr", early_stopping=True).fit(frame, y, X_val=frame, y_val=y)
        with pytest.raises(ValueError, match="feature names should match"):
            classifier().fit(frame, y, X_val=frame.rename(columns={"a": "z"}), y_val=y)

    def test_refusals(self, iris):
        X, y = iris
        with pytest.raises(ValueError, match="X_val and y_val must be given together"):
            classifier().fit(X, y, X_val=X)
        with pytest.raises(ValueError, match="X_val must be None with solver='newton_cg'"):
            classifier(solver="newton-cg").fit(X, y, X_val=X, y_val=y)


def test_max_time(iris):
    X, y = np.tile(iris[0], (100, 1)), np.tile(iris[1], 100)
    start = time.monotonic()
    with pytest.warns(ConvergenceWarning, match=r"max_time=0.3 s was over after \d+ epochs"):
        fit = classifier(max_time=0.3, max_iter=10**6, tol=0, n_iter_no_change=10**6, hidden_layer_sizes=(50,)).fit(
            X, y
        )
    assert time.monotonic() - start < 3
    assert fit.n_iter_ == len(fit.loss_curve_)
    fit.predict(X[:1])


@pytest.mark.parametrize("solver", ["adam", "sgd", "lm"])
def test_dtype(diabetes, solver):
    X, y = diabetes
    fit = regressor(dtype="float32", solver=solver, max_iter=5).fit(X, y)
    assert fit.coefs_[0].dtype == np.float32
    other = regressor(solver=solver, max_iter=5).fit(X, y)
    np.testing.assert_allclose(fit.coefs_[0], other.coefs_[0], atol=1e-3)


@pytest.mark.parametrize("solver", ["adam", "newton-cg"])
def test_callbacks(iris, solver):
    seen = []

    def stop(info):
        seen.append((info.epoch, info.logs["loss"]))
        return info.epoch == 3

    fit = classifier(callbacks=stop, solver=solver).fit(*iris)
    assert [epoch for epoch, _ in seen] == [1, 2, 3]
    assert fit.n_iter_ == 3
    np.testing.assert_allclose([loss for _, loss in seen], fit.loss_curve_)


class TestReturnStd:
    def test_a_linear_model_has_the_textbook_deviation(self, diabetes):
        """One hidden unit with the identity is a line: the deviation is that of least squares' hat matrix."""
        X, y = diabetes
        x = X[:, 2:3]
        fit = regressor(
            hidden_layer_sizes=(1,), activation="identity", solver="lm", alpha=0.0, max_iter=500, tol=1e-12
        ).fit(x, y)
        A = np.c_[x, np.ones(len(x))]
        residual = y - A @ np.linalg.lstsq(A, y, rcond=None)[0]
        hat = np.einsum("ij,jk,ik->i", A, np.linalg.inv(A.T @ A), A)
        mean, std = fit.predict(x, return_std=True)
        np.testing.assert_allclose(mean, fit.predict(x))
        # The product of two weights is one direction of the data twice: 2 effective parameters of 4.
        assert fit.posterior_.effective_parameters == pytest.approx(2, abs=1e-3)
        sigma = np.sqrt(residual @ residual / (len(y) - 2))
        np.testing.assert_allclose(std, sigma * np.sqrt(hat), rtol=1e-3)
        noisy = fit.predict(x, return_std=True, include_noise=True)[1]
        np.testing.assert_allclose(noisy, sigma * np.sqrt(1 + hat), rtol=1e-3)

    def test_survives_pickling_and_goes_with_a_new_fit(self, diabetes):
        X, y = diabetes
        fit = regressor(solver="lm", hidden_layer_sizes=(3,), alpha=1.0, warm_start=True).fit(X, np.c_[y, -y])
        std = fit.predict(X, return_std=True)[1]
        assert std.shape == (len(y), 2)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(fit)).predict(X, return_std=True)[1], std)
        fit.set_params(solver="adam").fit(X, np.c_[y, -y])
        with pytest.raises(ValueError, match="return_std must be False after solver='adam'"):
            fit.predict(X, return_std=True)
        fit = regressor(solver="lm", loss="huber", hidden_layer_sizes=(3,))
        with pytest.raises(ValueError, match=r"needs residuals|return_std must be"):
            fit.fit(X, y).predict(X, return_std=True)

    @pytest.mark.parametrize("classes", [2, 3])
    def test_probabilities(self, iris, classes):
        X, y = iris
        X, y = X[y < classes], y[y < classes]
        fit = classifier(hidden_layer_sizes=(3,), activation="tanh", solver="newton", alpha=1.0, max_iter=200).fit(X, y)
        p, std = fit.predict_proba(X, return_std=True)
        assert p.shape == std.shape == (len(y), classes)
        assert ((std > 0) & (std < 0.5)).all()
        near = np.sort(p, axis=1)[:, -1].argsort()
        assert std[near[:10]].max(axis=1).mean() > 2 * std[near[-10:]].max(axis=1).mean()  # less sure at the border
        with pytest.raises(ValueError, match="return_std must be False after solver='adam'"):
            classifier().fit(X, y).predict_proba(X, return_std=True)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg"])
@pytest.mark.parametrize("weighted", [False, True])
def test_poisson_means_balance(solver, weighted):
    """At a minimum the weighted mean of the predictions is that of the counts: the derivative by the last intercept."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 3))
    y = rng.poisson(np.exp(X[:, 0] / 2))
    w = rng.uniform(0.2, 2, 300) if weighted else None
    fit = regressor(loss="poisson", activation="tanh", solver=solver, alpha=1.0, max_iter=2000, tol=1e-9).fit(X, y, w)
    assert fit.out_activation_ == "exp"
    assert fit.predict(X).min() > 0
    assert np.average(fit.predict(X), weights=w) == pytest.approx(np.average(y, weights=w), rel=1e-4)
