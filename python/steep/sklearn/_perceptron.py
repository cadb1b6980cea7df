"""The perceptron: scikit-learn's class, trained row by row in steep's core."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import _fit_context
from sklearn.linear_model import Perceptron as _Perceptron
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import validate_data

from .._validation import Array
from ..callbacks import EarlyStopping
from ..layers import Dense
from ..network import Network
from ..rules import SGD
from ..runs import Run
from ..training import train

__all__ = ["Perceptron"]


class Perceptron(_Perceptron):  # type: ignore[misc]
    """
    scikit-learn's ``Perceptron``, one row a step, several classes one against the rest.

    All parameters, attributes and methods are those of :class:`sklearn.linear_model.Perceptron`. Its order of rows is
    another one than scikit-learn's of the same seed, so that fits of data that cannot be separated differ as two of its
    seeds do; a score of exactly 0, as at the start, counts as the positive class, where scikit-learn's update sees a
    mistake either way. Left to scikit-learn are penalties, weights, sparse rows, early_stopping, warm_start and given
    starts.

    Attributes
    ----------
    optimality_ : float
        The mean loss over the last epoch, ``max(0, -m)`` before each update, the largest over the classes: 0 exactly
        when an epoch made no mistake. NaN where the fit was left to scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from steep.sklearn import Perceptron
    >>> X, y = load_iris(return_X_y=True)
    >>> model = Perceptron().fit(X, y == 0)
    >>> model.score(X, y == 0), model.optimality_
    (1.0, 0.0)
    """

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self: Any, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None
    ) -> Any:
        """
        Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        coef_init, intercept_init : array-like, optional
        sample_weight : array-like of shape (n_samples,), optional
        """
        given = [coef_init, intercept_init, sample_weight, self.penalty, self.class_weight]
        if issparse(X) or self.early_stopping or self.warm_start or any(value is not None for value in given):
            super().fit(X, y, coef_init, intercept_init, sample_weight)
            self.optimality_ = float("nan")
            return self
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], order="C")
        self.classes_ = unique_labels(np.unique(y))
        if len(self.classes_) < 2:
            raise ValueError(f"The number of classes has to be greater than one; got {len(self.classes_)} class")
        positives = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        random = check_random_state(self.random_state)
        fits = [self._fit_class(X, (y == c).astype(np.int64), int(random.randint(2**31 - 1))) for c in positives]
        self.coef_ = np.vstack([net.layers[0].weight for net, _ in fits]).astype(X.dtype, copy=False)
        self.intercept_ = np.zeros(len(fits), X.dtype if len(fits) > 1 else np.float64)  # as scikit-learn has it
        if self.fit_intercept:
            self.intercept_[:] = [net.layers[0].bias[0] for net, _ in fits]
        self.n_iter_ = max(len(run.history["loss"]) for _, run in fits)
        self.t_ = 1.0 + self.n_iter_ * len(X)
        self.optimality_ = max(float(run.history["loss"][-1]) for _, run in fits)
        return self

    def _fit_class(self: Any, X: Array, labels: Array, seed: int) -> tuple[Network, Run]:
        net = Network([Dense(1, use_bias=bool(self.fit_intercept), initialization="zeros")], X.shape[1], dtype=X.dtype)
        stop = None
        if self.tol is not None:
            stop = EarlyStopping("loss", patience=self.n_iter_no_change, min_delta=self.tol, restore_best=False)
        run = train(
            net, X, labels, loss="perceptron", optimizer=SGD(self.eta0), batch_size=1, epochs=self.max_iter,
            shuffle=bool(self.shuffle), seed=seed, early_stopping=stop,
        )  # fmt: skip
        return net, run
