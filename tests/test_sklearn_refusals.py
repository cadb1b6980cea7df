"""Further arguments of the networks that mean nothing: each is refused before anything changes, and named."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from steep.sklearn import MLPClassifier

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
        ({"dropout": [-0.5]}, r"dropout must be in \[0, 1\), got -0.5"),
        ({"dropout": [1.5]}, r"dropout must be in \[0, 1\), got 1.5"),
        ({"activation": ["step"]}, "activation must be one of 'identity', .* got 'step'"),
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


def test_no_callbacks(iris):
    np.testing.assert_array_equal(classifier(callbacks=None).fit(*iris).coefs_[0], classifier().fit(*iris).coefs_[0])


def test_the_loss_of_unknown_classes_is_refused(iris):
    X, y = iris
    fit = classifier(early_stopping=True).fit(X[:100], y[:100], X_val=X, y_val=y)  # an unknown class is a mistake
    assert max(fit.validation_scores_) <= 2 / 3
    with pytest.raises(ValueError, match=r"y_val must hold classes of y with scoring='loss', got np.int64\(2\)"):
        classifier(early_stopping=True, scoring="loss").fit(X[:100], y[:100], X_val=X, y_val=y)
