"""The estimators in the rest of scikit-learn: pipelines, searches, calibration, routing, frames, memory maps."""

import pickle

import joblib
import numpy as np
import pytest
import sklearn.linear_model
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import steep.sklearn as ours

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning"),
]

CLASSIFIERS = [
    ours.MLPClassifier((8,), max_iter=100, learning_rate_init=0.02, random_state=0),
    ours.LogisticRegression(),
    ours.LinearSVC(),
]
REGRESSORS = [
    ours.MLPRegressor(hidden_layer_sizes=(8,), solver="lm", max_iter=10, random_state=0),
    ours.Ridge(), ours.Lasso(0.1), ours.ElasticNet(0.1), ours.HuberRegressor(), ours.PoissonRegressor(),
    ours.LinearSVR(), ours.LADRegressor(), ours.ChebyshevRegressor(),
]  # fmt: skip
ALL = CLASSIFIERS + REGRESSORS


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return X * 20, y / 100


def of(estimator, iris, diabetes):
    return iris if sklearn.base.is_classifier(estimator) else diabetes


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_grid_search(iris, backend):
    grid = {"mlpclassifier__alpha": [1e-4, 1.0], "mlpclassifier__activation": ["relu", "silu"]}
    pipeline = make_pipeline(StandardScaler(), ours.MLPClassifier((5,), max_iter=40, random_state=0))
    with joblib.parallel_backend(backend, n_jobs=2):
        parallel = GridSearchCV(pipeline, grid, cv=3).fit(*iris)
    alone = GridSearchCV(pipeline, grid, cv=3).fit(*iris)
    np.testing.assert_array_equal(parallel.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


@pytest.mark.parametrize("estimator", ALL, ids=lambda e: type(e).__name__)
class TestEach:
    def test_clone_pickle_joblib(self, estimator, iris, diabetes, tmp_path):
        X, y = of(estimator, iris, diabetes)
        fit = clone(estimator).fit(X, y)
        prediction = fit.predict(X)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(fit)).predict(X), prediction)
        joblib.dump(fit, tmp_path / "fit.joblib")
        np.testing.assert_array_equal(joblib.load(tmp_path / "fit.joblib").predict(X), prediction)
        assert clone(fit).get_params() == estimator.get_params()
        np.testing.assert_array_equal(clone(fit).fit(X, y).predict(X), prediction)

    def test_read_only_memory_maps(self, estimator, iris, diabetes, tmp_path):
        X, y = of(estimator, iris, diabetes)
        joblib.dump((X, y), tmp_path / "data.joblib")
        mapped = joblib.load(tmp_path / "data.joblib", mmap_mode="r")
        assert not mapped[0].flags.writeable
        np.testing.assert_array_equal(
            clone(estimator).fit(*mapped).predict(mapped[0]), clone(estimator).fit(X, y).predict(X)
        )

    @pytest.mark.parametrize("library", ["pandas", "polars"])
    def test_frames(self, estimator, iris, diabetes, library):
        frames = pytest.importorskip(library)
        X, y = of(estimator, iris, diabetes)
        names = [f"column {i}" for i in range(X.shape[1])]
        frame = frames.DataFrame({name: X[:, i] for i, name in enumerate(names)})
        if not hasattr(sklearn.linear_model.Ridge().fit(frame, y), "feature_names_in_"):
            pytest.skip(f"this scikit-learn reads no names of columns from {library} {frames.__version__}")
        fit = clone(estimator).fit(frame, frames.Series(y))
        assert list(fit.feature_names_in_) == names
        np.testing.assert_allclose(fit.predict(frame), clone(estimator).fit(X, y).predict(X), rtol=1e-9)
        with pytest.raises(ValueError, match="feature names should match"):
            fit.predict(frame[names[::-1]])

    def test_in_a_pipeline_with_named_outputs(self, estimator, iris, diabetes):
        pytest.importorskip("pandas")
        X, y = of(estimator, iris, diabetes)
        pipeline = make_pipeline(StandardScaler(), clone(estimator)).set_output(transform="pandas").fit(X, y)
        assert pipeline.score(X, y) > 0.3
        assert list(pipeline[-1].feature_names_in_) == [f"x{i}" for i in range(X.shape[1])]

    def test_permutation_importance(self, estimator, iris, diabetes):
        X, y = of(estimator, iris, diabetes)
        found = permutation_importance(clone(estimator).fit(X, y), X, y, n_repeats=2, random_state=0)
        assert found.importances_mean.max() > 0


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_calibration(estimator, iris):
    model = CalibratedClassifierCV(make_pipeline(StandardScaler(), clone(estimator)), cv=3).fit(*iris)
    np.testing.assert_allclose(model.predict_proba(iris[0]).sum(axis=1), 1)
    assert model.score(*iris) > 0.8


@pytest.mark.parametrize(
    "estimator", [e for e in ALL if not isinstance(e, ours.ChebyshevRegressor)], ids=lambda e: type(e).__name__
)
def test_routing_of_sample_weight(estimator, iris, diabetes):
    X, y = of(estimator, iris, diabetes)
    w = np.random.default_rng(0).uniform(0.1, 3, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        routed = make_pipeline(scaler, clone(estimator).set_fit_request(sample_weight=True))
        routed.fit(X, y, sample_weight=w)
        asked = clone(estimator).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        cross_val_score(asked, X, y, params={"sample_weight": w}, cv=3)
    direct = clone(estimator).fit(StandardScaler().fit_transform(X), y, sample_weight=w)
    np.testing.assert_array_equal(routed.predict(X), direct.predict(StandardScaler().fit_transform(X)))


def test_import_needs_scikit_learn():
    import subprocess
    import sys

    script = "import sys; sys.modules['sklearn'] = None\nimport steep\nimport steep.sklearn"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "pip install 'steep[sklearn]'" in found.stderr
    plain = "import sys, steep; assert 'sklearn' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", plain]).returncode == 0


def test_many_threads_at_once(iris):
    from concurrent.futures import ThreadPoolExecutor

    def fit(seed):
        return ours.MLPClassifier((8,), max_iter=10, random_state=seed).fit(*iris).coefs_[0]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(fit, range(8)))
    for seed, coef in enumerate(together):
        np.testing.assert_array_equal(coef, fit(seed))


def test_callbacks_of_scikit_learn(iris):
    """Its protocol of version 1.9, which of these estimators LogisticRegression takes part in."""
    pytest.importorskip("sklearn.callback")
    calls, coefs = [], []

    class Recorder:
        def setup(self, estimator, context):
            calls.append("setup")

        def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
            calls.append("begin")

        def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
            calls.append("end")
            if fitted_estimator is not None:
                coefs.append(fitted_estimator.coef_)

        def teardown(self, estimator, context):
            calls.append("teardown")

    model = ours.LogisticRegression().set_callbacks(Recorder()).fit(*iris)
    assert calls[0] == "setup"
    assert calls[-1] == "teardown"
    assert calls.count("begin") == calls.count("end") >= model.n_iter_[0] > 1
    assert len(coefs) >= model.n_iter_[0]
    sizes = [np.abs(coef - model.coef_).max() for coef in coefs]
    assert sizes[-1] < 1e-4 < sizes[0]
