"""
Estimators for scikit-learn, trained by steep: change one import line.

``from steep.sklearn import MLPClassifier`` in place of ``from sklearn.neural_network import MLPClassifier``. Needs
scikit-learn 1.6 or newer, the extra ``sklearn``.

The networks beside scikit-learn's
----------------------------------
The classes derive from scikit-learn's; with its arguments alone, ``MLPClassifier`` and ``MLPRegressor`` are the same in
what follows, which ``tests/test_sklearn_attributes.py`` compares name by name:

==============================  ========================================================================================
fitted attributes               ``coefs_``, ``intercepts_``, ``loss_``, ``loss_curve_``, ``best_loss_``, ``n_iter_``,
                                ``t_``, ``validation_scores_``, ``best_validation_score_``, ``n_layers_``,
                                ``n_outputs_``, ``out_activation_``, ``classes_``, ``n_features_in_``,
                                ``feature_names_in_``: there in the same cases, of the same type, and equal up to
                                rounding for the same ``random_state``
numbers drawn                   as many, in the same order: a ``RandomState`` that is shared goes on alike
warnings                        maximum of iterations, L-BFGS that failed, a batch larger than the data, a column of
                                targets, an interrupted run: the same classes and words
errors                          the same classes and words; messages that list what is allowed list more
progress of ``verbose=True``    the same lines
==============================  ========================================================================================

and different in what follows:

==============================  ========================================================================================
``coefs_``, ``intercepts_``     views of one flat vector: an entry that is set counts, as does a list that is replaced
``solver_``, ``posterior_``,    further attributes: what ran and why, Laplace's posterior and the result after a method
``result_``                     of second order
``_optimizer``                  private, of another class: the slots of the update rule are in the flat order
steps that overflow             end the run at once by the same error, without NumPy's RuntimeWarnings before it; with
                                early_stopping the best epoch is kept, without the warning of a maximum of iterations
bits                            the same for any number of threads, where scikit-learn's depend on its BLAS
sparse rows                     are made dense, once, in training and in prediction
scikit-learn 1.6                has ``sample_weight`` (in partial_fit by name) and ``loss="poisson"``, new in 1.7
``class_weight``                is refused in partial_fit: give ``sample_weight``
a pickle                        holds scikit-learn's attributes, and the running statistics of ``batch_norm``
==============================  ========================================================================================
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
