"""
scikit-learn's own tests, with steep's classes put in the place of its own before the test module is imported.

What cannot hold is listed below, each with its reason; everything else in the file must pass.
"""

import subprocess
import sys

import pytest
import sklearn

SCRIPT = """
import importlib, sys
import pytest, steep.sklearn
home, names, test, chosen = sys.argv[1:]
module = importlib.import_module(home)
for name in names.split(","):
    setattr(module, name, getattr(steep.sklearn, name))
arguments = ["-q", "--pyargs", test, "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short"]
sys.exit(pytest.main(arguments + (["-k", chosen] if chosen else [])))
"""

# test_logistic.py
LOGISTIC = {
    "CV": "LogisticRegressionCV and its helpers are scikit-learn's own class and solvers",
    "_cv_": "the same",
    "array_api": "arrays of other libraries (skipped without them)",
    "test_liblinear_dual_random_state": "wants two seeds to give different coefficients: ours are the minimizer",
    "test_newton_cholesky_fallback_to_lbfgs": "wants the warning of a fallback that is not needed",
    "test_logistic_regression_callback_fitted_estimator": "counts iterations of SciPy's L-BFGS-B",
}
# test_coordinate_descent.py
LASSO = {
    "test_lasso_dual_gap": "computes the gap at scikit-learn's own dual point",
    "test_elasticnet_precompute_incorrect_gram": "precompute is not used, so a wrong Gram matrix does no harm",
    "test_overridden_gram_matrix": "the same",
    "test_warm_start_convergence_with_regularizer_decrement": "wants a cold start to take more than one iteration",
    "test_enet_nonfinite_params": "wants an overflow, which y brought to unit size avoids",
    "test_check_input_false": "ours checks in any case",
    "test_enet_copy_X_False_check_input_False": "wants X to be overwritten",
    "test_enet_coordinate_descent_raises_convergence": "wants few iterations to be too few",
}
sklearn_version = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
if sklearn_version < (1, 9):  # tests that later files have changed
    LASSO |= {
        "test_overrided_gram_matrix": "the same as test_overridden_gram_matrix",
        "test_sparse_input_convergence_warning": "wants few iterations to be too few",
    }
if sklearn_version < (1, 8):
    LASSO |= {
        "test_warm_start_convergence": "wants a warm start at the minimizer to take one iteration: ours takes none",
        "test_enet_coordinate_descent": "wants few iterations to be too few",
    }
NEWEST = sklearn_version >= (1, 9)  # its files hold more tests than those of 1.6
# test_ridge.py, of which the tests of RidgeCV and RidgeClassifier are of scikit-learn's own classes
RIDGE = {
    "CV": "scikit-learn's own class",
    "Classifier": "the same",
    "loo": "the same",
    "test_ridge_regression[": "wants solver_ to be the solver asked for: ours says what ran",
    "test_n_iter": "n_iter_ is None for a direct solver, also where an iterative one was asked for",
    "test_ridge_fit_intercept_sparse_error": "wants solvers to refuse sparse rows that ours takes",
    "test_ridge_fit_intercept_sparse_sag": "the same, a warning",
}
# test_glm.py
GLM = {
    "test_linalg_warning_with_newton_solver": "wants the warning of a fallback that is not needed",
}
# test_svm.py
SVM = {
    "test_linear_svm_convergence_warnings": "wants two iterations to be too few",
}


def run(home, names, test, without, folder):
    chosen = " and ".join(f"not ({name})" for name in without)
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, home, names, test, chosen],
        capture_output=True,
        text=True,
        timeout=900,
        cwd=folder,
    )
    return found.returncode, found.stdout[-4000:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("home", "names", "test", "without", "least"),
    [
        (
            "sklearn.neural_network",
            "MLPClassifier,MLPRegressor",
            "sklearn.neural_network.tests.test_mlp",
            {},
            59 if NEWEST else 55,
        ),
        ("sklearn.linear_model", "LogisticRegression", "sklearn.linear_model.tests.test_logistic", LOGISTIC, 200),
        (
            "sklearn.linear_model",
            "Lasso,ElasticNet",
            "sklearn.linear_model.tests.test_coordinate_descent",
            LASSO,
            250 if NEWEST else 150,
        ),
        ("sklearn.linear_model", "Ridge", "sklearn.linear_model.tests.test_ridge", RIDGE, 150),
        ("sklearn.linear_model", "HuberRegressor", "sklearn.linear_model.tests.test_huber", {}, 12),
        ("sklearn.linear_model", "Perceptron", "sklearn.linear_model.tests.test_perceptron", {}, 6),
        ("sklearn.linear_model", "PoissonRegressor", "sklearn.linear_model._glm.tests.test_glm", GLM, 250),
        ("sklearn.svm", "LinearSVC,LinearSVR", "sklearn.svm.tests.test_svm", SVM, 50),
    ],
    ids=["mlp", "logistic", "coordinate_descent", "ridge", "huber", "perceptron", "glm", "svm"],
)
def test_own(home, names, test, without, least, tmp_path):
    code, text = run(home, names, test, without, tmp_path)
    assert code == 0, text
    import re

    assert int(re.search(r"(\d+) passed", text).group(1)) >= least, text
