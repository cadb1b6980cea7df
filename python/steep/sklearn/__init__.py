"""
Estimators for scikit-learn, trained by steep: change one import line.

``from steep.sklearn import MLPClassifier`` in place of ``from sklearn.neural_network import MLPClassifier``. Needs
scikit-learn 1.6 or newer, the extra ``sklearn``.
"""

from __future__ import annotations

try:
    import sklearn as _sklearn
except ImportError:
    raise ImportError("steep.sklearn needs scikit-learn 1.6 or newer: pip install 'steep[sklearn]'") from None

_version = tuple(int(part) for part in _sklearn.__version__.split(".")[:2])
if _version < (1, 6):
    raise ImportError(
        f"steep.sklearn needs scikit-learn 1.6 or newer, got {_sklearn.__version__}: pip install 'steep[sklearn]'"
    )

from ._deviations import ChebyshevRegressor, LADRegressor  # noqa: E402
from ._huber import HuberRegressor  # noqa: E402
from ._lasso import ElasticNet, Lasso  # noqa: E402
from ._logistic import LogisticRegression  # noqa: E402
from ._mlp import MLPClassifier, MLPRegressor  # noqa: E402
from ._perceptron import Perceptron  # noqa: E402
from ._poisson import PoissonRegressor  # noqa: E402
from ._ridge import Ridge  # noqa: E402
from ._svm import LinearSVC, LinearSVR  # noqa: E402

__all__ = [
    "ChebyshevRegressor",
    "ElasticNet",
    "HuberRegressor",
    "LADRegressor",
    "Lasso",
    "LinearSVC",
    "LinearSVR",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "Perceptron",
    "PoissonRegressor",
    "Ridge",
]
