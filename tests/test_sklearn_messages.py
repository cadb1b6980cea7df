"""What scikit-learn's networks warn of, refuse and print, in the same words."""

import warnings

import numpy as np
import pytest
import sklearn
import sklearn.neural_network as original
from sklearn.datasets import load_diabetes, load_iris

import steep.sklearn as ours

sklearn_version = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
X, Y = load_iris(return_X_y=True)
D, T = load_diabetes(return_X_y=True)


def classifier(module, **options):
    return module.MLPClassifier(**({"hidden_layer_sizes": (5,), "random_state": 0, "max_iter": 3} | options))


def regressor(module, **options):
    return module.MLPRegressor(**({"hidden_layer_sizes": (5,), "random_state": 0, "max_iter": 3} | options))


CASES = {
    "too few epochs": lambda m: classifier(m).fit(X, Y),
    "too few iterations": lambda m: classifier(m, solver="lbfgs").fit(X, Y),
    "a batch of more than all": lambda m: classifier(m, batch_size=1000).fit(X, Y),
    "a column of classes": lambda m: classifier(m).fit(X, Y[:, None]),
    "a column of targets": lambda m: regressor(m).fit(D, T[:, None]),
    "NaN": lambda m: classifier(m).fit(np.where(X > 7, np.nan, X), Y),
    "an infinite value": lambda m: classifier(m).fit(np.where(X > 7, np.inf, X), Y),
    "NaN in targets": lambda m: regressor(m).fit(D, np.where(T > 300, np.nan, T)),
    "too few targets": lambda m: classifier(m).fit(X, Y[:-1]),
    "a vector for rows": lambda m: classifier(m).fit(X[:, 0], Y),
    "real targets for classes": lambda m: classifier(m).fit(X, Y + 0.5),
    "columns of classes": lambda m: classifier(m).fit(X, np.c_[Y, Y]),
    "complex rows": lambda m: classifier(m).fit(X * 1j, Y),
    "no targets": lambda m: classifier(m).fit(X, None),
    "one row": lambda m: classifier(m).fit(X[:1], Y[:1]),
    "three dimensions": lambda m: classifier(m).fit(X[None], Y),
    "predict before fit": lambda m: classifier(m).predict(X),
    "predict_proba before fit": lambda m: classifier(m).predict_proba(X),
    "predict_log_proba before fit": lambda m: classifier(m).predict_log_proba(X),
    "regression before fit": lambda m: regressor(m).predict(X),
    "score before fit": lambda m: classifier(m).score(X, Y),
    "too few features": lambda m: classifier(m).fit(X, Y).predict(X[:, :2]),
    "NaN in prediction": lambda m: classifier(m).fit(X, Y).predict(X * np.nan),
    "strings in prediction": lambda m: classifier(m).fit(X, Y).predict([["a"] * 4]),
    "no rows in prediction": lambda m: classifier(m).fit(X, Y).predict(X[:0]),
    "negative width": lambda m: classifier(m, hidden_layer_sizes=-1).fit(X, Y),
    "no width": lambda m: classifier(m, hidden_layer_sizes=(3, 0)).fit(X, Y),
    "negative alpha": lambda m: classifier(m, alpha=-1).fit(X, Y),
    "alpha of another type": lambda m: classifier(m, alpha="a").fit(X, Y),
    "no epochs": lambda m: classifier(m, max_iter=0).fit(X, Y),
    "shuffle of another type": lambda m: classifier(m, shuffle="yes").fit(X, Y),
    "empty batches": lambda m: classifier(m, batch_size=0).fit(X, Y),
    "momentum": lambda m: classifier(m, momentum=2).fit(X, Y),
    "warm start with other classes": lambda m: classifier(m, warm_start=True).fit(X, Y).fit(X[:100], Y[:100]),
    "partial_fit without classes": lambda m: classifier(m).partial_fit(X, Y),
    "partial_fit with other classes": lambda m: (
        classifier(m).partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X, Y, classes=[0, 1])
    ),
    "partial_fit of lbfgs": lambda m: classifier(m, solver="lbfgs").partial_fit(X, Y, classes=[0, 1, 2]),
    "partial_fit with early stopping": lambda m: classifier(m, early_stopping=True).partial_fit(
        X, Y, classes=[0, 1, 2]
    ),
    "partial_fit with fewer features": lambda m: (
        classifier(m).partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X[:, :2], Y)
    ),
    "an unknown argument": lambda m: m.MLPClassifier(depth=1),
    "progress": lambda m: classifier(m, verbose=True, max_iter=30, tol=1.0, n_iter_no_change=2).fit(X, Y),
    "progress of early stopping": lambda m: classifier(m, verbose=True, early_stopping=True).fit(X, Y),
    "repr": lambda m: print(classifier(m, alpha=0.5)),
}
if sklearn_version >= (1, 7):
    CASES |= {
        "no validation rows": lambda m: classifier(m, early_stopping=True, validation_fraction=0.001).fit(X, Y),
        "one validation row": lambda m: regressor(m, early_stopping=True, validation_fraction=0.001).fit(D, T),
        "too few weights": lambda m: classifier(m).fit(X, Y, np.ones(3)),
        "NaN in weights": lambda m: classifier(m).fit(X, Y, np.full(150, np.nan)),
        "a weight for all": lambda m: classifier(m).fit(X, Y, 2.0),
    }


@pytest.mark.parametrize("run", CASES.values(), ids=CASES)
def test_words(run, capsys):
    said = []
    for module in (original, ours):
        error = None
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                run(module)
            except Exception as raised:
                error = type(raised).__name__, str(raised)
        said.append((error, [(w.category, str(w.message)) for w in seen], capsys.readouterr().out))
    assert any(said[0])
    assert said[0] == said[1]


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_overflow_is_the_same_error():
    said = []
    for module in (original, ours):
        model = regressor(module, solver="sgd", learning_rate_init=1e10)
        with pytest.raises(ValueError, match="non-finite") as info:
            model.fit(D, T)
        said.append(str(info.value))
    assert said[0] == said[1]
