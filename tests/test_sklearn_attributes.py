"""Every attribute that a fit of scikit-learn's networks leaves behind, of the same type and value in ours."""

import numpy as np
import pytest
import sklearn
import sklearn.neural_network as original
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification

import steep.sklearn as ours

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning"),
]

sklearn_version = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
X, Y = load_iris(return_X_y=True)
D, T = load_diabetes(return_X_y=True)
M, LABELS = make_multilabel_classification(80, random_state=0)
NAMES = np.array(["dog", "a", "snake"], dtype="U9")

FITS = {
    "classes": ("MLPClassifier", {}, X, Y),
    "two strings": ("MLPClassifier", {}, X[:100], NAMES[Y[:100]]),
    "three strings": ("MLPClassifier", {}, X, NAMES[Y]),
    "objects": ("MLPClassifier", {}, X, NAMES.astype(object)[Y]),
    "int32, negative, far apart": ("MLPClassifier", {}, X, (Y * 1_000_000 - 3).astype(np.int32)),
    "uint8": ("MLPClassifier", {}, X, (Y + 200).astype(np.uint8)),
    "int8": ("MLPClassifier", {}, X, (Y * 120 - 120).astype(np.int8)),
    "floats": ("MLPClassifier", {}, X, Y.astype(float)),
    "bools": ("MLPClassifier", {}, X, Y > 0),
    "a column": ("MLPClassifier", {}, X, Y[:, None]),
    "lists": ("MLPClassifier", {}, X.tolist(), Y.tolist()),
    "one class": ("MLPClassifier", {}, X[:30], Y[:30]),
    "a class a row": ("MLPClassifier", {}, X[:20], np.arange(20)),
    "multilabel": ("MLPClassifier", {}, M, LABELS),
    "float32": ("MLPClassifier", {}, X.astype(np.float32), Y),
    "sgd": ("MLPClassifier", {"solver": "sgd"}, X, Y),
    "early stopping": ("MLPClassifier", {"early_stopping": True}, X, Y),
    "early stopping of names": ("MLPClassifier", {"early_stopping": True}, X[:100], NAMES[Y[:100]]),
    "early stopping of labels": ("MLPClassifier", {"early_stopping": True}, M, LABELS),
    "lbfgs": ("MLPClassifier", {"solver": "lbfgs"}, X, Y),
    "regression": ("MLPRegressor", {}, D, T),
    "two targets": ("MLPRegressor", {}, D, np.c_[T, T]),
    "regression, early stopping": ("MLPRegressor", {"early_stopping": True}, D, T),
    "regression, lbfgs": ("MLPRegressor", {"solver": "lbfgs"}, D, T),
}
# What must differ: the schedule and slots, which are of private classes; `loss` is a parameter of our classifiers.
OTHER = {"_optimizer", "loss", "_steep_network", "solver_"}


def attributes(model):
    return {name: value for name, value in vars(model).items() if name not in model.get_params()}


def same(theirs, mine, path):
    """Compare type, dtype and value, down to the entries."""
    if path == "_random_state":
        assert mine.randint(2**31) == theirs.randint(2**31), path  # as many numbers were drawn
    elif path == "_label_binarizer":
        compare(vars(theirs), vars(mine), set())
    elif isinstance(theirs, list | tuple):
        assert type(mine) is type(theirs), path
        assert len(mine) == len(theirs), path
        for i, (a, b) in enumerate(zip(theirs, mine, strict=True)):
            same(a, b, f"{path}[{i}]")
    else:
        assert isinstance(mine, type(theirs)) or isinstance(theirs, np.float32), (path, type(theirs), type(mine))
        if isinstance(theirs, np.ndarray) and theirs.dtype.kind == "f":
            assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), path
            rtol = 1e-3 if theirs.dtype == np.float32 else 1e-7
            np.testing.assert_allclose(mine, theirs, rtol=rtol, atol=rtol * np.abs(theirs).max(), err_msg=path)
        elif isinstance(theirs, float | np.float32):  # before 1.7 losses of float32 were sums of that type
            assert mine == pytest.approx(theirs, rel=1e-6), path
        elif isinstance(theirs, np.ndarray):
            assert mine.dtype == theirs.dtype, path
            np.testing.assert_array_equal(mine, theirs, err_msg=path)
        else:
            assert mine == theirs, path


def compare(theirs, mine, other=OTHER):
    assert theirs.keys() - other == mine.keys() - other
    for name in theirs.keys() - other:
        same(theirs[name], mine[name], name)


WHOLE_FITS_ONLY = [fit for fit in FITS if "early stopping" in fit or fit == "lbfgs"]  # no partial_fit


@pytest.mark.parametrize("fit", WHOLE_FITS_ONLY)
def test_partial_fit_is_refused_as_by_scikit_learn(fit):
    name, options, rows, targets = FITS[fit]
    theirs, mine = (getattr(module, name)(**options) for module in (original, ours))
    with pytest.raises((AttributeError, ValueError)) as refused:
        theirs.partial_fit(rows, targets)
    with pytest.raises(refused.type) as info:
        mine.partial_fit(rows, targets)
    assert "partial_fit" in str(info.value)


@pytest.mark.parametrize(
    ("fit", "how"),
    [
        (fit, how)
        for fit in FITS
        for how in ("fit", "twice", "warm_start", "partial_fit")
        if how != "partial_fit" or fit not in WHOLE_FITS_ONLY
    ],
)
def test_attributes(fit, how):
    name, options, rows, targets = FITS[fit]
    if sklearn_version < (1, 9) and "early_stopping" in options and np.asarray(targets).dtype.kind == "U":
        pytest.skip("this scikit-learn fails on the score of names")
    always = {"hidden_layer_sizes": (5,), "random_state": 0, "max_iter": 4, "warm_start": how == "warm_start"}
    pair = [getattr(module, name)(**always, **options) for module in (original, ours)]
    for model in pair:
        if how == "partial_fit":
            classes = {"classes": np.unique(targets)} if name == "MLPClassifier" and targets is not LABELS else {}
            if targets is LABELS:
                classes = {"classes": np.arange(LABELS.shape[1])}
            model.partial_fit(rows, targets, **classes)
            model.partial_fit(rows[::2], targets[::2])
        else:
            model.fit(rows, targets)
            if how != "fit":
                model.fit(rows, targets)
    compare(*map(attributes, pair))
    a, b = (model.predict(rows) for model in pair)
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    if name == "MLPClassifier":
        np.testing.assert_array_equal(a, b)
        assert pair[0].score(rows, targets) == pair[1].score(rows, targets)


@pytest.mark.parametrize("spoil", ["an unknown class", "strings for numbers", "a real number"])
def test_partial_fit_refuses_labels_as_scikit_learn(spoil):
    wrong = {
        "an unknown class": np.where(Y == 0, 9, Y),
        "strings for numbers": NAMES[Y],
        "a real number": np.where(Y == 0, 0.5, Y),
    }[spoil]
    said = []
    for module in (original, ours):
        model = module.MLPClassifier((5,), random_state=0).partial_fit(X, Y, classes=[0, 1, 2])
        before = [c.copy() for c in model.coefs_]
        with pytest.raises((ValueError, TypeError)) as info:
            model.partial_fit(X, wrong)
        said.append(str(info.value))
        for a, b in zip(before, model.coefs_, strict=True):
            np.testing.assert_array_equal(a, b)
    assert said[0] == said[1]


def test_accuracy_of_what_is_no_class_is_scikit_learns():
    models = [module.MLPClassifier((5,), random_state=0, max_iter=2).fit(X, Y) for module in (original, ours)]
    for targets in (Y.astype(float), Y[:, None], Y.tolist(), Y == 0, Y.astype(np.uint8)):
        assert models[1].score(X, targets) == models[0].score(X, targets)
    w = np.random.default_rng(0).uniform(size=len(Y))
    assert models[1].score(X, Y, w) == models[0].score(X, Y, w)
    for targets in (NAMES[Y], Y[:-1], np.full(len(Y), 0.5)):
        said = []
        for model in models:
            try:
                said.append(model.score(X, targets))
            except (ValueError, TypeError) as error:
                said.append(str(error))
        assert said[0] == said[1]


def test_parameters_are_scikit_learns_and_in_its_order():
    for name in ("MLPClassifier", "MLPRegressor"):
        theirs, mine = getattr(original, name)(), getattr(ours, name)()
        both = [key for key in mine.get_params() if key in theirs.get_params()]
        assert both == list(theirs.get_params())
        assert {key: mine.get_params()[key] for key in both} == theirs.get_params()

    class Narrow(ours.MLPRegressor):
        def __init__(self, alpha=1.0):
            super().__init__(alpha=alpha)

    assert Narrow().get_params() == {"alpha": 1.0}
    assert sklearn.base.clone(Narrow(2.0)).alpha == 2.0
