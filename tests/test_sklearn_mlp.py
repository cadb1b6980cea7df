"""The networks in scikit-learn's clothes: scikit-learn's own fits are the oracle, on the same seed."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn
import sklearn.neural_network as original
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning

import steep
from steep.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

sklearn_version = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
weights_to_compare = pytest.mark.skipif(
    sklearn_version < (1, 7), reason="scikit-learn's networks take sample_weight since 1.7: no oracle before"
)
poisson_to_compare = pytest.mark.skipif(
    sklearn_version < (1, 7), reason="scikit-learn's MLPRegressor has the Poisson loss since 1.7: no oracle before"
)

FITS = {
    "adam": {},
    "sgd, velocity": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.05},
    "sgd, Nesterov, adaptive": {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1, "tol": 1e-2},
    "sgd, invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5},
    "early stopping": {"early_stopping": True},
    "lbfgs": {"solver": "lbfgs"},
    "two layers, tanh": {"hidden_layer_sizes": (12, 7), "activation": "tanh", "alpha": 0.1},
    "logistic, batches of 32": {"activation": "logistic", "batch_size": 32, "epsilon": 1e-3},
    "in order": {"shuffle": False, "activation": "identity"},
}


def pair(name, **options):
    options = {"hidden_layer_sizes": (15,), "max_iter": 15, "random_state": 3} | options
    return getattr(original, name)(**options), {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[name](
        **options
    )


def compare(theirs, ours, X, rtol=1e-7):
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=rtol)
    if theirs.solver != "lbfgs":
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=rtol)
        assert ours.t_ == theirs.t_
    if theirs.early_stopping:
        np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=rtol)
    else:
        assert getattr(ours, "validation_scores_", "none") == getattr(theirs, "validation_scores_", "none")
    scale = max(np.abs(c).max() for c in theirs.coefs_)
    for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=100 * rtol, atol=100 * rtol * scale)
    assert ours.out_activation_ == theirs.out_activation_
    assert ours.score(X[0], X[1]) == pytest.approx(theirs.score(X[0], X[1]), rel=1000 * rtol)


@pytest.mark.parametrize("options", FITS.values(), ids=FITS)
@pytest.mark.parametrize("weighted", [False, pytest.param(True, marks=weights_to_compare)])
def test_classifier_is_scikit_learns(options, weighted):
    X, y = load_iris(return_X_y=True)
    X = X - X.mean(axis=0)
    w = {"sample_weight": np.random.default_rng(0).uniform(0.2, 3, len(y))} if weighted else {}
    theirs, ours = pair("MLPClassifier", **options)
    compare(theirs.fit(X, y, **w), ours.fit(X, y, **w), (X, y))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("options", FITS.values(), ids=FITS)
@pytest.mark.parametrize("outputs", [1, 2])
def test_regressor_is_scikit_learns(options, outputs):
    X, y = load_diabetes(return_X_y=True)
    X, y = X * 20, (y - y.mean()) / y.std()
    y = y if outputs == 1 else np.c_[y, y**2]
    if options.get("solver") == "sgd":
        options = options | {"learning_rate_init": 0.01}
    theirs, ours = pair("MLPRegressor", **options)
    compare(theirs.fit(X, y), ours.fit(X, y), (X, y))
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4, atol=1e-5)


@poisson_to_compare
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("weighted", [False, True])
def test_poisson(solver, weighted):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 3))
    y = rng.poisson(np.exp(X[:, 0] / 2))
    w = rng.uniform(0.2, 2, 300) if weighted else None
    theirs, ours = pair("MLPRegressor", loss="poisson", solver=solver, max_iter=10)
    compare(theirs.fit(X, y, w), ours.fit(X, y, w), (X, y))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_float32(solver):
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)).astype(np.float32)
    theirs, ours = pair("MLPClassifier", solver=solver, max_iter=5)
    compare(theirs.fit(X, y), ours.fit(X, y), (X, y), rtol=1e-4)
    assert ours.predict_proba(X).dtype == theirs.predict_proba(X).dtype
    assert ours.predict_proba(X.astype(np.float64)).dtype == theirs.predict_proba(X.astype(np.float64)).dtype


def test_binary_strings_and_multilabel():
    X, y = load_iris(return_X_y=True)
    X, names = X[:100], np.array(["dog", "cat"])[y[:100]]
    theirs, ours = pair("MLPClassifier")
    compare(theirs.fit(X, names), ours.fit(X, names), (X, names))
    assert ours.predict(X).dtype == names.dtype
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    X, y = make_multilabel_classification(80, random_state=0)
    theirs, ours = pair("MLPClassifier")
    compare(theirs.fit(X, y), ours.fit(X, y), (X, y))
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_partial_fit_and_warm_start():
    X, y = load_iris(return_X_y=True)
    theirs, ours = pair("MLPClassifier")
    for _ in range(4):
        theirs.partial_fit(X, y, classes=[0, 1, 2])
        ours.partial_fit(X, y, classes=[0, 1, 2])
    compare(theirs, ours, (X, y))
    theirs, ours = pair("MLPClassifier", warm_start=True, max_iter=4)
    for _ in range(3):
        theirs.fit(X, y)
        ours.fit(X, y)
    compare(theirs, ours, (X, y))


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_partial_fit_with_weights(name):
    X, y = load_iris(return_X_y=True)
    w = np.random.default_rng(0).uniform(0.2, 3, len(y))
    theirs, ours = pair(name)
    models = [theirs, ours] if sklearn_version >= (1, 7) else [ours]
    for model in models:
        classes = {"classes": [0, 1, 2]} if name == "MLPClassifier" else {}
        for _ in range(3):
            model.partial_fit(X, y, sample_weight=w, **classes)
    if sklearn_version >= (1, 7):
        compare(theirs, ours, (X, y))
    else:  # the oracle: rows repeated by their weights, in one batch
        counts = np.arange(len(y)) % 3
        _, weighted = pair(name, batch_size=10**6)
        _, repeated = pair(name, batch_size=10**6)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            weighted.partial_fit(X, y, sample_weight=counts, **classes)
            repeated.partial_fit(np.repeat(X, counts, axis=0), np.repeat(y, counts), **classes)
        np.testing.assert_allclose(weighted.coefs_[0], repeated.coefs_[0], rtol=1e-6, atol=1e-9)
    assert not hasattr(ours, "_row_weights")
    theirs, ours = pair(name, solver="lbfgs")
    assert hasattr(ours, "partial_fit") == hasattr(theirs, "partial_fit")


def test_sparse_rows_train_as_dense_ones():
    X, y = load_digits(return_X_y=True)
    dense = MLPClassifier((10,), random_state=0, max_iter=3).fit(X, y)
    sparse = MLPClassifier((10,), random_state=0, max_iter=3).fit(csr_matrix(X), y)
    np.testing.assert_array_equal(dense.coefs_[0], sparse.coefs_[0])
    np.testing.assert_array_equal(dense.predict(X), sparse.predict(csr_matrix(X)))


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "lm"])
def test_equal_bits_for_any_number_of_threads(solver):
    X, y = load_diabetes(return_X_y=True)
    fits = [
        MLPRegressor(hidden_layer_sizes=(20,), solver=solver, random_state=0, max_iter=4, n_threads=k).fit(X, y / 100)
        for k in (1, 2, 3)
    ]
    for fit in fits[1:]:
        np.testing.assert_array_equal(fit.coefs_[0], fits[0].coefs_[0])
        np.testing.assert_array_equal(fit.coefs_[1], fits[0].coefs_[1])


@pytest.fixture(scope="module")
def fitted():
    X, y = load_iris(return_X_y=True)
    theirs, ours = pair("MLPClassifier")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return X, theirs.fit(X, y), ours.fit(X, y)


class TestPrediction:
    """The quick way for plain arrays gives what the checked way gives, and leaves refusals to scikit-learn."""

    def test_one_row(self, fitted):
        X, theirs, ours = fitted
        assert [ours.predict(X[i : i + 1])[0] for i in range(len(X))] == list(theirs.predict(X))
        assert type(ours.predict(X[:1])) is np.ndarray

    def test_views_and_fortran_order(self, fitted):
        X, theirs, ours = fitted
        for rows in (X[::3], np.asfortranarray(X), X.tolist(), X.astype(np.float32)):
            np.testing.assert_array_equal(ours.predict(rows), theirs.predict(rows))

    @pytest.mark.parametrize(
        ("bad", "message"), [(np.full((1, 4), np.nan), "contains NaN"), (np.zeros((1, 3)), "expecting 4 features"),
                             (np.zeros(4), "Expected 2D array"), (np.zeros((0, 4)), "minimum of 1")]
    )  # fmt: skip
    def test_refusals(self, fitted, bad, message):
        _, theirs, ours = fitted
        for estimator in (theirs, ours):
            with pytest.raises(ValueError, match=message):
                estimator.predict(bad)

    def test_changed_coefficients_count(self, fitted):
        X, _, ours = fitted
        ours = pickle.loads(pickle.dumps(ours))
        np.testing.assert_array_equal(ours.predict(X), fitted[2].predict(X))
        ours.intercepts_[-1][:] = [0, 0, 1e6]
        assert set(ours.predict(X[:5])) == {2}
        ours.coefs_ = [c.copy() for c in ours.coefs_]
        ours.intercepts_ = [*ours.intercepts_[:-1], np.array([1e7, 0, 0])]
        assert set(ours.predict(X[:5])) == {0}

    def test_names_are_still_checked(self):
        pandas = pytest.importorskip("pandas")
        X, y = load_iris(return_X_y=True)
        frame = pandas.DataFrame(X, columns=list("abcd"))
        ours = MLPClassifier(random_state=0, max_iter=2).fit(frame, y)
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            ours.predict(X[:1])
        with pytest.raises(ValueError, match="feature names should match"):
            ours.predict(frame.rename(columns={"a": "z"}))


def test_messages_at_the_limits():
    X, y = load_iris(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        MLPClassifier(max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        MLPRegressor(solver="sgd", learning_rate_init=1e10, max_iter=5).fit(X, y)
    with pytest.raises(AttributeError, match="no attribute 'partial_fit'"):
        MLPClassifier(solver="lm").partial_fit(X, y)


def test_arguments_are_scikit_learns_and_clone():
    for ours, theirs in ((MLPClassifier, original.MLPClassifier), (MLPRegressor, original.MLPRegressor)):
        assert theirs().get_params().items() <= ours().get_params().items()
    made = MLPClassifier((5,), "tanh", solver=steep.AdamW(0.01), l1=0.5)
    assert clone(made).get_params() == made.get_params()
    with pytest.raises(TypeError, match=r"MLPClassifier.__init__\(\) got an unexpected keyword argument 'depth'"):
        MLPClassifier(depth=3)


SATURATED = {
    "three classes": ({}, "three", np.float64),
    "two classes": ({}, "two", np.float64),
    "labels": ({}, "labels", np.float64),
    "float32": ({}, "three", np.float32),
    "labels, float32": ({}, "labels", np.float32),
    "adaptive": ({"solver": "sgd", "learning_rate": "adaptive"}, "three", np.float64),
    "lbfgs": ({"solver": "lbfgs"}, "three", np.float64),
    "lbfgs, no hidden layer": ({"solver": "lbfgs", "hidden_layer_sizes": ()}, "three", np.float64),
}


@pytest.mark.parametrize("name", SATURATED)
def test_certain_mistakes_cost_what_they_cost_in_scikit_learn(name):
    """
    Its probabilities are clipped at eps, so that a mistake costs at most 36 (16 in float32).

    Its log(1 - p) of labels loses digits as p nears 1, half of them before the bound is reached.
    """
    options, target, dtype = SATURATED[name]
    X, classes = load_iris(return_X_y=True)
    lbfgs = options.get("solver") == "lbfgs"
    X = (X * (500 if lbfgs else 5)).astype(dtype)
    columns = np.c_[classes == 0, classes == 1, classes > 0].astype(int)
    y = {"three": classes, "two": classes > 0, "labels": columns}[target]
    theirs, ours = pair("MLPClassifier", max_iter=6, learning_rate_init=10.0, alpha=0.0, **options)
    theirs.fit(X, y), ours.fit(X, y)
    assert theirs.loss_ > 5
    rtol = 1e-3 if target == "labels" else 1e-7 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=rtol)
    if not lbfgs:
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=rtol)
        np.testing.assert_allclose(ours.best_loss_, theirs.best_loss_, rtol=rtol)
