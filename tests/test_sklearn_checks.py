"""scikit-learn's common checks on every estimator; a failure that the original has too is listed beside it."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import steep.sklearn

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

ESTIMATORS = [steep.sklearn.MLPClassifier(max_iter=100), steep.sklearn.MLPRegressor(max_iter=100)]


@parametrize_with_checks(ESTIMATORS)
def test_common_checks(estimator, check):
    check(estimator)
