"""Arguments that mean nothing: each is refused before anything changes, and named."""

import copy

import numpy as np
import pytest
import sklearn.linear_model as linear_model
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

import steep.sklearn as ours
from steep.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def classifier(**options):
    return MLPClassifier(**({"hidden_layer_sizes": (10,), "max_iter": 20, "random_state": 0} | options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": int}, "dtype must be float32 or float64, got <class 'int'>"),
        ({"dtype": np.dtype("float16")}, "dtype must be float32 or float64, got dtype"),
        ({"dropout": [-0.5]}, r"dropout must be in \[0, 1\), got -0.5"),
        ({"dropout": [1.5]}, r"dropout must be in \[0, 1\), got 1.5"),
        ({"activation": ["step"]}, "activation must be one of 'identity', .* got 'step'"),
        ({"activation": [1]}, "The 'activation' parameter of MLPClassifier must be a name .* Got \\[1\\] instead"),
        ({"callbacks": [3]}, "callbacks must be callables, got 3"),
        ({"class_weight": "even"}, "'class_weight' parameter of MLPClassifier"),
    ],
    ids=lambda value: str(value)[:25],
)
def test_refusals_change_nothing(iris, options, message):
    model = classifier(**options)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(*iris)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("dtype", [np.dtype("float32"), np.float32, "float32"])
def test_dtypes(iris, dtype):
    assert classifier(dtype=dtype, max_iter=1).fit(*iris).coefs_[0].dtype == np.float32


@pytest.mark.parametrize("solver", ["lbfgs", "lm", "bfgs"])
def test_weights_without_a_positive_sum(iris, solver):
    X, y = iris
    with pytest.raises(ValueError, match=r"sample_weight must have a positive sum, got -150\.0"):
        MLPRegressor(hidden_layer_sizes=(3,), solver=solver, max_iter=2).fit(X, y, -np.ones(150))


def test_constraints_are_copied():
    copied = copy.deepcopy(MLPClassifier._parameter_constraints)
    assert copied.keys() == MLPClassifier._parameter_constraints.keys()
    assert str(copied["solver"][0]) == str(MLPClassifier._parameter_constraints["solver"][0])


def test_results_do_not_outlive_their_fit(iris):
    model = MLPRegressor(hidden_layer_sizes=(3,), solver="lm", max_iter=2).fit(*iris)
    assert hasattr(model, "result_")
    assert not hasattr(model.set_params(solver="adam").fit(*iris), "result_")


def test_no_callbacks(iris):
    np.testing.assert_array_equal(classifier(callbacks=None).fit(*iris).coefs_[0], classifier().fit(*iris).coefs_[0])


def test_the_loss_of_unknown_classes_is_refused(iris):
    X, y = iris
    fit = classifier(early_stopping=True).fit(X[:100], y[:100], X_val=X, y_val=y)  # an unknown class is a mistake
    assert max(fit.validation_scores_) <= 2 / 3
    with pytest.raises(ValueError, match=r"y_val must hold classes of y with scoring='loss', got np.int64\(2\)"):
        classifier(early_stopping=True, scoring="loss").fit(X[:100], y[:100], X_val=X, y_val=y)


def test_a_loss_that_levenberg_marquardt_cannot_take(iris):
    with pytest.raises(ValueError, match="got 'absolute_error': use solver='lbfgs' or 'adam'"):
        MLPRegressor(solver="lm", loss="absolute_error").fit(*iris)


def test_the_solvers_are_listed_in_order_and_once(iris):
    with pytest.raises(ValueError, match="'solver' parameter") as caught:
        classifier(solver="adamm").fit(*iris)
    listed = [name.strip(" '") for name in str(caught.value).split("{")[1].split("}")[0].split(",")]
    assert listed == sorted(listed)
    assert {"lm", "newton-cg", "adam", "lbfgs"} < set(listed)
    assert not {"newton_cg", "levenberg_marquardt"} & set(listed)
    for name in ("newton_cg", "levenberg_marquardt"):
        assert classifier(solver=name, max_iter=2).fit(*iris).n_iter_ <= 2


def test_numbers_may_be_booleans(iris):
    """As in scikit-learn, whose checks take them for numbers."""
    fits = [classifier(learning_rate_init=one, epsilon=one, max_iter=3).fit(*iris) for one in (True, 1.0)]
    np.testing.assert_array_equal(fits[0].coefs_[0], fits[1].coefs_[0])
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(1\) reached"):
        classifier(max_iter=True).fit(*iris)


@pytest.mark.parametrize("loss", ["epsilon_insensitive", "squared_epsilon_insensitive"])
def test_a_negative_tube(iris, loss):
    with pytest.raises(ValueError, match="epsilon must be at least 0, got -1"):
        ours.LinearSVR(epsilon=-1, loss=loss).fit(*iris)


def test_a_gram_matrix_that_is_none(iris):
    for module in (linear_model, ours):
        with pytest.raises(
            ValueError, match=r"Precompute should be one of True, False, 'auto' or array-like. Got \[1\]"
        ):
            module.Lasso(precompute=[1]).fit(*iris)


@pytest.mark.parametrize(
    ("name", "options", "beginning"),
    [
        ("HuberRegressor", {}, "lbfgs failed to converge"),
        ("PoissonRegressor", {}, "lbfgs failed to converge"),
        ("LogisticRegression", {}, "lbfgs failed to converge"),
        ("Lasso", {"alpha": 1e-6, "tol": 1e-12}, "Objective did not converge"),
    ],
)
def test_warnings_begin_as_scikit_learns(iris, name, options, beginning):
    rows, y = np.tile(iris[0], (1, 30)) + np.random.default_rng(0).normal(size=(150, 120)), iris[1]
    for module in (linear_model, ours):
        with pytest.warns(ConvergenceWarning, match=f"^{beginning}"):
            getattr(module, name)(max_iter=1, **options).fit(rows, y)
