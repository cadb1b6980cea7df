"""From a data set to a training problem: the task, the split, the targets' form, scaling, and the report."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._targets import CLASS_LOSSES, encode_classes
from .._validation import Array, as_array, as_matrix
from ..readers import Dataset, read_dataset
from ..readers._dataset import split_indices
from ._error import CommandError, UsageError
from ._report import classification_scores, confusion_matrix, regression_scores, table

Rows = tuple[Array, Array]
_ONE_OUTPUT = {"logistic": "identity", "hinge": "identity", "squared_hinge": "identity", "perceptron": "step"}
_MOST_CLASSES = 20  # different whole numbers that are still taken for classes


@dataclass
class Problem:
    """A data set, split, with the network's ends that it needs. Targets in `train` and `validation` fit the loss."""

    data: Dataset
    train: Rows
    validation: Rows | None
    test: Rows | None
    labels: list[Any] | None
    loss: str
    output: str
    n_inputs: int
    n_outputs: int
    input_scale: Any = None
    input_shift: Any = None
    output_scale: Any = None
    output_shift: Any = None
    scaling: str = "inputs as they are"

    @property
    def columns(self) -> list[str] | None:
        """Names of the inputs."""
        return self.data.columns

    @property
    def target(self) -> str | None:
        """Name of the target."""
        return self.data.target

    def summary(self) -> str:
        """Say what the data are, in a few lines."""
        parts = [("train", self.train), ("validation", self.validation), ("test", self.test)]
        counts = ", ".join(f"{len(rows[0]):,} {name}" for name, rows in parts if rows is not None)
        shape = " x ".join(map(str, self.data.X.shape[1:]))
        lines = [f"data      {self.data.name}: {shape} inputs ({self.data.X.dtype}), rows: {counts}"]
        if self.labels is not None:
            shown = ", ".join(map(str, self.labels[:12])) + (", ..." if len(self.labels) > 12 else "")
            lines.append(f"task      classify into {len(self.labels)}: {shown}")
        else:
            lines.append(f"task      predict {self.target or 'y'} ({self.n_outputs} value{'s' * (self.n_outputs > 1)})")
        lines.append(f"scaling   {self.scaling}")
        return "\n".join(lines)

    def report(self, net: Any) -> str:
        """Return the table of results by part, and a classifier's confusion matrix."""
        rows, confusion = [], ""
        header: list[str] = []
        for name, part in (("train", self.train), ("validation", self.validation), ("test", self.test)):
            if part is None:
                continue
            scores, matrix = self._score(net, part)
            header = ["", *scores]
            rows.append([name, *scores.values()])
            if matrix:
                confusion = f"\n\n{name} rows\n{matrix}"
        return table(header, rows) + confusion

    def _score(self, net: Any, part: Rows) -> tuple[dict[str, str], str]:
        X, y = part
        prediction = net.predict(X)
        if self.labels is None:
            return regression_scores(y, prediction), ""
        classes = net.predict_classes(X)
        labels = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1).astype(np.int64)
        probabilities = prediction if self.output == "softmax" else None
        if self.output == "sigmoid" and self.n_outputs == 1:
            probabilities = np.hstack([1 - prediction, prediction])
        return classification_scores(labels, probabilities, classes), confusion_matrix(labels, classes, self.labels)


def read_problem(arguments: argparse.Namespace) -> Problem:
    """Read DATA and the test rows, and say how a network is to be trained on them."""
    data = read_dataset(arguments.data, target=arguments.target)
    if isinstance(arguments.test, str):
        data = _with_test_file(data, arguments)
    assert data.y is not None
    _check_inputs(data)
    classify = _is_classification(data.y, arguments.task)
    labels: list[Any] | None = None
    y_test = data.y_test
    if classify:
        labels, y, y_test = _encode(data.y, data.y_test)
    else:
        y = _real(data.y, "y")
        y_test = None if data.y_test is None else _real(data.y_test, "y_test")
    problem = _split(data, y, y_test, labels, arguments)
    problem = _ends(problem, arguments.loss)
    return _scaled(problem, arguments.scale)


def _with_test_file(data: Dataset, arguments: argparse.Namespace) -> Dataset:
    test = read_dataset(arguments.test, target=data.target or arguments.target, columns=data.columns)
    if test.X.shape[1:] != data.X.shape[1:]:
        raise UsageError(f"--test must have rows of shape {data.X.shape[1:]} as DATA, got {test.X.shape[1:]}")
    return replace(data, X_test=test.X, y_test=test.y)


def _check_inputs(data: Dataset) -> None:
    """Refuse rows that no network can take before they are shuffled, so that the message has the file's rows."""
    as_matrix(data.X, "X", elements=(np.dtype(np.uint8),))
    if data.X_test is None:
        return
    if data.X_test.shape[1:] != data.X.shape[1:]:
        raise CommandError(
            f"the test rows must have the shape of the training rows, {data.X.shape[1:]}, got {data.X_test.shape[1:]}"
        )
    as_matrix(data.X_test, "the test rows' X", elements=(np.dtype(np.uint8),))


def _is_classification(y: Array, task: str) -> bool:
    if task != "auto":
        return task == "classify"
    if y.dtype.kind in "USOb":
        return True
    if y.ndim == 2 and y.shape[1] > 1:
        return bool(np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all())
    if y.dtype.kind == "f" and not np.array_equal(y, np.floor(y)):
        return False
    return np.unique(y).size <= _MOST_CLASSES


def _encode(y: Array, y_test: Array | None) -> tuple[list[Any], Array, Array | None]:
    """Return the classes' names and indices; one-hot rows become indices."""
    if y.ndim == 2 and y.shape[1] > 1:
        return list(range(y.shape[1])), y.argmax(axis=1), None if y_test is None else y_test.argmax(axis=1)
    classes, labels = encode_classes(y)
    names = [_plain(name) for name in classes]
    if y_test is None:
        return names, labels, None
    flat = y_test.reshape(-1)
    if (flat.dtype.kind in "US") != (classes.dtype.kind in "US"):
        flat, classes = flat.astype(str), np.array([str(name) for name in names])
    unknown = ~np.isin(flat, classes)
    if unknown.any():
        row = int(unknown.argmax())
        raise CommandError(f"test rows must have labels of the training rows, got {_plain(flat[row])!r} in row {row}")
    order = np.argsort(classes)
    return names, labels, order[np.searchsorted(classes, flat, sorter=order)]


def _plain(label: Any) -> Any:
    """Return a label as text, int or float; 3.0 from a CSV file is 3."""
    value = label.item() if isinstance(label, np.generic) else label
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _real(y: Array, name: str) -> Array:
    y = as_array(y, name, np.float64)
    return y.reshape(len(y), -1)


def _split(
    data: Dataset, y: Array, y_test: Array | None, labels: list[Any] | None, arguments: argparse.Namespace
) -> Problem:
    """Split off test rows, then validation rows of the rest: by class, and by seed."""
    X, stratify = data.X, labels is not None
    fraction = 0.2 if arguments.test is None else arguments.test
    wanted = (0 if data.X_test is not None else (fraction > 0)) + (arguments.validation > 0)
    if len(X) < 5 * wanted:
        raise CommandError(
            f"DATA must have at least {5 * wanted} rows to split, got {len(X)}: see --test, --validation"
        )
    if wanted and labels is not None and 2 * len(labels) > len(X):
        hint = "" if data.y is not None and data.y.dtype.kind in "US" else ": --task regress predicts numbers"
        raise UsageError(
            f"--target must have classes of at least 2 rows on average to split rows off, got {len(labels)} different "
            f"values in {len(X)} rows{hint}"
        )
    test: Rows | None = None
    if isinstance(fraction, float) and (data.X_test is None or arguments.test is not None):
        rest = np.arange(len(X))
        if fraction > 0:
            rest, part = split_indices(y, fraction, arguments.seed, stratify=stratify)
            test = X[part], y[part]
    else:
        rest = np.arange(len(X))
    if data.X_test is not None and y_test is not None and not isinstance(arguments.test, float):
        test = data.X_test, y_test
    validation: Rows | None = None
    if arguments.validation > 0:
        keep, part = split_indices(y[rest], arguments.validation, (arguments.seed + 1) % 2**64, stratify=stratify)
        validation = X[rest[part]], y[rest[part]]
        rest = rest[keep]
    train = (X, y) if len(rest) == len(X) else (X[rest], y[rest])
    return Problem(
        data=data,
        train=train,
        validation=validation,
        test=test,
        labels=labels,
        loss="cross_entropy" if labels is not None else "squared_error",
        output="softmax" if labels is not None else "identity",
        n_inputs=int(np.prod(X.shape[1:])),
        n_outputs=len(labels) if labels is not None else y.shape[1],
    )


def _ends(problem: Problem, loss: str | None) -> Problem:
    """Give outputs and targets the form that a loss other than the default asks for."""
    if loss is None or loss == problem.loss:
        return problem
    if problem.labels is None:
        if loss in CLASS_LOSSES or loss in _ONE_OUTPUT or loss == "binary_cross_entropy":
            raise UsageError(f"--loss must be one for real targets, got {loss!r}: --task classify makes them classes")
        return replace(problem, loss=loss, output="exp" if loss == "poisson" else "identity")
    k = len(problem.labels)
    if loss in _ONE_OUTPUT or loss == "binary_cross_entropy":
        if k != 2:
            raise UsageError(
                f"--loss must be one for {k} classes (such as cross_entropy), got {loss!r}, which is for 2"
            )
        return replace(problem, loss=loss, output=_ONE_OUTPUT.get(loss, "sigmoid"), n_outputs=1)
    if loss in ("cross_entropy", "softmax_cross_entropy"):
        return replace(problem, loss=loss, output="softmax" if loss == "cross_entropy" else "identity")

    def one_hot(part: Rows | None) -> Rows | None:
        return None if part is None else (part[0], np.eye(k)[part[1]])

    train = one_hot(problem.train)
    assert train is not None
    return replace(
        problem,
        loss=loss,
        output="identity",
        train=train,
        validation=one_hot(problem.validation),
        test=one_hot(problem.test),
    )


def _scaled(problem: Problem, scale: str) -> Problem:
    """Fit the scaling on the training rows."""
    from ..scaling import MinMax, Standardize

    changes: dict[str, Any] = {}
    said = []
    if scale == "auto":
        if problem.data.input_scale is not None:
            changes["input_scale"] = problem.data.input_scale
            said.append(f"inputs times 1/{1 / problem.data.input_scale:g}")
            scale = "none"
        else:
            scale = "none" if problem.data.is_image else "standardize"
    if scale != "none":
        X = as_matrix(problem.train[0], "X", elements=(np.dtype(np.uint8),))
        fitted = (Standardize() if scale == "standardize" else MinMax()).fit(X)
        changes["input_scale"], changes["input_shift"] = fitted.scale, fitted.shift
        said.append("inputs standardized" if scale == "standardize" else "inputs to [-1, 1]")
    if problem.labels is None and problem.output == "identity":
        back = Standardize().fit(problem.train[1]).inverse()
        changes["output_scale"], changes["output_shift"] = back.scale, back.shift
        said.append("target standardized")
    return replace(problem, **changes, scaling=", ".join(said) or "inputs as they are")
