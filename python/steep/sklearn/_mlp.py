"""
scikit-learn's multi-layer perceptrons, trained by steep.

The estimators derive from scikit-learn's own: arguments, checks, labels, tags, messages and scores are its; the places
where its time goes (an epoch of minibatches, the objective of L-BFGS, the forward pass) are steep's. Shuffles and
initial parameters are drawn as scikit-learn draws them, so the same `random_state` gives the same fit up to rounding,
and the same bits for any number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from typing import Any, ClassVar

import numpy as np
from sklearn.neural_network import MLPClassifier as _MLPClassifier
from sklearn.neural_network import MLPRegressor as _MLPRegressor
from sklearn.utils.metaestimators import available_if

from .._validation import Array
from ._arguments import CLASSIFIER, CONSTRAINTS, DEFAULTS, REGRESSOR, constructor
from ._epochs import EpochsMixin
from ._full_batch import FullBatchMixin
from ._labels import LabelsMixin
from ._lbfgs import LbfgsMixin
from ._network import NetworkMixin
from ._solver import SolverMixin
from ._validation_rows import ValidationMixin

__all__ = ["MLPClassifier", "MLPRegressor"]


_WEIGHTED_PARTIAL_FIT = "sample_weight" in signature(_MLPRegressor.partial_fit).parameters  # since scikit-learn 1.7


class _SteepMixin(SolverMixin, EpochsMixin, LbfgsMixin, FullBatchMixin, ValidationMixin, NetworkMixin):
    """What both estimators do differently from scikit-learn's."""

    @classmethod
    def _get_param_names(cls) -> list[str]:
        found = getattr(cls.__init__, "names", None)  # a subclass may have a constructor of its own
        return list(found) if found is not None else super()._get_param_names()  # type: ignore[misc]

    def fit(self: Any, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Any:
        """
        Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
        X_val, y_val : array-like, optional
            Validation rows of one's own: scored after every epoch in ``validation_scores_``, and what early_stopping
            watches in place of a fraction of X.
        """
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together, got one of them")
        with self._kept(_row_weights=sample_weight, _held=None if X_val is None else (X_val, y_val)):
            return super().fit(X, y)  # type: ignore[misc]

    @contextmanager
    def _kept(self, **arguments: Any) -> Iterator[None]:
        """Keep what scikit-learn (1.6, weights too) would not hand on to `_fit`, as attributes while it runs."""
        try:
            vars(self).update(arguments)
            yield
        finally:
            for name in arguments:
                vars(self).pop(name, None)


def _has_probabilities(estimator: Any) -> bool:
    if estimator.loss != "log_loss":
        raise AttributeError(f"probabilities need loss='log_loss', got {estimator.loss!r}: see decision_function")
    return True


def _has_scores(estimator: Any) -> bool:
    if estimator.loss == "log_loss":
        raise AttributeError("decision_function needs loss='hinge' or 'squared_hinge', got 'log_loss'")
    return True


class MLPClassifier(LabelsMixin, _SteepMixin, _MLPClassifier):  # type: ignore[misc]
    """
    scikit-learn's ``MLPClassifier``, several times faster, with what it lacks as further arguments.

    All parameters, attributes and methods are those of :class:`sklearn.neural_network.MLPClassifier`; its arguments
    alone give its fit of the same ``random_state`` up to rounding, and the same bits for any number of threads.
    ``coefs_`` and ``intercepts_`` are views of one flat vector; they may be changed or replaced. After a fit by a
    method of second order, ``predict_proba(X, return_std=True)`` says how well the data determine the probabilities.

    Parameters
    ----------
    activation : str or one for each hidden layer
        Also leaky_relu, elu, gelu, silu, softplus, exp and sigmoid, which is scikit-learn's logistic.
    solver : str, update rule or full-batch method
        Also every update rule by name ("adamw", "nadam", "lion", ...) or object (``steep.AdamW(1e-3)``, with its own
        learning rate), every full-batch method ("lm", "newton-cg", "bfgs", ... or ``steep.LevenbergMarquardt()``), and
        "auto", which says in ``solver_`` what it took and why.
    learning_rate : str or schedule
        Also a steep schedule, or a callable of the number of updates made.
    loss : {"log_loss", "hinge", "squared_hinge"}
        The hinges, one against the rest, give `decision_function` in place of probabilities.
    class_weight : "balanced" or dict, optional
        Multiplied into the sample weights of the training rows.
    initialization : str, optional
        Of the weights, as in :class:`steep.Dense`; default scikit-learn's.
    dropout : float, or one for each hidden layer, default 0
        Rate after each hidden layer.
    batch_norm : bool, default False
        Batch normalization between each hidden layer and its activation; pickled with the estimator.
    l1 : float, default 0
        Strength of the 1-norm, scaled as alpha; weights become exactly zero. Divided by the mean weight of a batch.
    clip_norm : float, optional
        Longer gradients are scaled down to it.
    scoring : str or callable, optional
        What early_stopping watches: any scorer, or "loss"; default accuracy.
    max_time : float, optional
        Seconds.
    dtype : {"float32", "float64"}, optional
        Of the network; default that of X.
    n_threads : int, optional
        The fit is the same bits for any number.
    callbacks : callable or several
        Called with a :class:`steep.EpochInfo` after every epoch; True or StopIteration stops.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from steep.sklearn import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> MLPClassifier(solver="lbfgs", random_state=0, max_iter=500).fit(X, y).score(X, y) > 0.95
    True
    """

    _parameter_constraints: ClassVar[Any] = {**_MLPClassifier._parameter_constraints, **CONSTRAINTS, **CLASSIFIER}
    __init__ = constructor(_MLPClassifier, {"loss": "log_loss", "class_weight": None, **DEFAULTS})

    if not _WEIGHTED_PARTIAL_FIT:

        @available_if(lambda estimator: estimator._check_solver())  # type: ignore[untyped-decorator]
        def partial_fit(self, X: Any, y: Any, classes: Any = None, *, sample_weight: Any = None) -> Any:
            """Make one epoch over the rows, as scikit-learn's of 1.7, which takes weights."""
            with self._kept(_row_weights=sample_weight):
                return super().partial_fit(X, y, classes)

    def predict(self, X: Any) -> Array:
        """
        Predict classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        """
        found = self._forward_pass_at_once(X)
        return super().predict(X) if found is None else self._decide(found)

    def _predict(self, X: Any, check_input: bool = True) -> Array:
        return self._decide(self._forward_pass_fast(X, check_input=check_input))

    def _decide(self, outputs: Array) -> Array:
        """Return the classes of outputs."""
        threshold = 0.5 if self.loss == "log_loss" else 0
        if len(self.classes_) < 2 or self._label_binarizer.y_type_.startswith("multilabel"):
            scores = outputs.ravel() if self.n_outputs_ == 1 else outputs
            return self._label_binarizer.inverse_transform(scores, threshold=threshold)  # type: ignore[no-any-return]
        chosen = (outputs[:, 0] > threshold).view(np.int8) if self.n_outputs_ == 1 else outputs.argmax(axis=1)
        return self.classes_[chosen]  # type: ignore[no-any-return]

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, return_std: bool = False) -> Any:
        """
        Return the probability of each class, and with return_std how well the data determine it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        return_std : bool, default False
            Return (probabilities, standard deviations), after a fit by a method of second order (solver="lm",
            "newton", ...), by Laplace's approximation: see :func:`steep.laplace`.
        """
        found: Array = super().predict_proba(X)
        if not return_std:
            return found
        deviation = self._deviation(X, False)
        return found, np.hstack([deviation, deviation]) if found.shape[1] > deviation.shape[1] else deviation

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Array:
        """
        Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        """
        return super().predict_log_proba(X)  # type: ignore[no-any-return]

    @available_if(_has_scores)  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Array:
        """
        Return the scores under a hinge: (n,) for two classes, else (n, n_classes).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        scores: Array = self._forward_pass_fast(X)
        return scores[:, 0] if self.n_outputs_ == 1 else scores


class MLPRegressor(_SteepMixin, _MLPRegressor):  # type: ignore[misc]
    """
    scikit-learn's ``MLPRegressor``, several times faster, with what it lacks as further arguments.

    All parameters, attributes and methods are those of :class:`sklearn.neural_network.MLPRegressor`; the further
    arguments are those of :class:`steep.sklearn.MLPClassifier` but class_weight, and more losses.

    Parameters
    ----------
    loss : str, steep.Huber, steep.Pinball or steep.EpsilonInsensitive
        squared_error, poisson, absolute_error, huber (delta 1), pinball (the median), epsilon_insensitive (0.1) and
        squared_epsilon_insensitive.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from steep.sklearn import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor(hidden_layer_sizes=(20,), random_state=0, max_iter=1000, learning_rate_init=0.1, tol=1.0)
    >>> model.fit(X, y).n_layers_
    3
    >>> model = MLPRegressor(hidden_layer_sizes=3, activation="tanh", solver="lm", alpha=1.0, random_state=0)
    >>> mean, std = model.fit(X * 20, y / 100).predict(X[:2] * 20, return_std=True)
    >>> mean.shape, std.shape
    ((2,), (2,))
    """

    _parameter_constraints: ClassVar[Any] = {**_MLPRegressor._parameter_constraints, **CONSTRAINTS, **REGRESSOR}
    __init__ = constructor(_MLPRegressor, {"loss": "squared_error", **DEFAULTS})

    if not _WEIGHTED_PARTIAL_FIT:

        def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            """Make one epoch over the rows, as scikit-learn's of 1.7, which takes weights."""
            with self._kept(_row_weights=sample_weight):
                return super().partial_fit(X, y)

    def predict(self, X: Any, return_std: bool = False, include_noise: bool = False) -> Any:
        """
        Predict, and with return_std say how well the data determine the prediction.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        return_std : bool, default False
            Return (prediction, standard deviation), after a fit by a method of second order (solver="lm", "newton",
            ...), by Laplace's approximation in ``posterior_``: see :func:`steep.laplace`.
        include_noise : bool, default False
            Add the variance of the noise, for intervals of observations.
        """
        found = super().predict(X)
        if not return_std:
            return found
        deviation = self._deviation(X, include_noise)
        return found, deviation.ravel() if found.ndim == 1 else deviation
