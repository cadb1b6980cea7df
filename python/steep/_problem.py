"""What a network is trained on, as the core reads it: inputs, targets and weights of training and validation rows."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._checks import check_in_range, show
from ._network_scaling import ScaledNetwork
from ._targets import CLASS_LOSSES, MARGIN_LOSSES, as_class_weights, as_targets
from ._validation import Array, as_weights
from .losses import resolve_loss
from .metrics import CLASS_METRICS, has_classes

if TYPE_CHECKING:
    from .rules import Rule

__all__ = ["Part", "Problem", "prepare"]

_REAL_LOSSES = (
    "squared_error", "absolute_error", "huber", "pinball", "epsilon_insensitive", "squared_epsilon_insensitive",
    "soft_l1", "cauchy",
)  # fmt: skip
_MOST_BYTES = 50_000_000  # of an array that its fingerprint reads


@dataclass
class Part:
    """
    Rows of a data set: inputs, targets (rows or labels, scaled as the loss sees them), weights of the loss.

    `y` and `sample_weight` are what metrics see: targets unscaled, weights without those of the classes.
    """

    X: Array
    rows: Array | None
    labels: Array | None
    weights: Array | None
    y: Array
    sample_weight: Array | None = None

    def arrays(self) -> tuple[Any, ...]:
        """Return what the core takes."""
        return self.X, self.rows, self.labels, self.weights

    def targets(self, outputs: int, dtype: Any) -> Array:
        """Return the targets as rows, labels as class probabilities of 0 and 1."""
        if self.rows is not None:
            return self.rows
        assert self.labels is not None
        found: Array = np.eye(outputs, dtype=dtype)[self.labels]
        return found

    def fingerprint(self) -> list[float]:
        """Return a few numbers that other data would not have."""
        target = self.rows if self.rows is not None else self.labels
        assert target is not None
        weights = -1.0 if self.weights is None else _checksum(self.weights)
        return [float(len(self.X)), _checksum(self.X), _checksum(target), weights]

    def take(self, rows: Array) -> Part:
        """Return some of the rows, copied."""

        def of(array: Array | None) -> Any:
            return None if array is None else np.ascontiguousarray(array[rows])

        weights = of(self.weights)
        return Part(of(self.X), of(self.rows), of(self.labels), weights, of(self.y), weights)


@dataclass
class Problem:
    """Training rows, validation rows, and the loss by name and parameter."""

    train: Part
    validation: Part | None
    loss: str
    parameter: float
    n_threads: int = 1

    @property
    def n(self) -> int:
        """Number of training rows that count."""
        w = self.train.weights
        return len(self.train.X) if w is None else int(np.count_nonzero(w))

    def trainer(self, net: ScaledNetwork, rule: Rule, options: dict[str, Any]) -> Any:
        """Return a trainer of the core for a network."""
        kind: Any = _core.Trainer32 if net.dtype == np.float32 else _core.Trainer64
        exact = net._exact
        trainer = kind(
            net._core, net.parameters, net.state, *self.train.arrays(), exact["input_scale"], exact["input_shift"],
            self.loss, self.parameter, rule.core, options,
        )  # fmt: skip
        if self.validation is not None:
            trainer.set_validation(*self.validation.arrays())
        return trainer

    def measure(
        self, net: ScaledNetwork, parameters: Array, state: Array, metrics: dict[str, Callable[..., float]]
    ) -> dict[str, Array]:
        """Return the metrics of the training and validation rows, each an array of one entry."""
        found: dict[str, Array] = {}
        for prefix, part in (("", self.train), ("val_", self.validation)):
            if part is None:
                continue
            prediction = net._core.predict(parameters, state, part.X, *net._scales, self.n_threads, False)
            for name, metric in metrics.items():
                found[prefix + name] = np.array([metric(part.y, prediction, net.output_activation, part.sample_weight)])
        return found

    def check_metrics(self, metrics: Iterable[str]) -> None:
        """Refuse metrics of classes where the targets are real numbers."""
        wrong = [name for name in metrics if name in CLASS_METRICS]
        if not wrong or self.loss not in (*_REAL_LOSSES, "poisson"):
            return
        for part in (self.train, self.validation):
            if part is not None and not has_classes(part.y):
                raise ValueError(
                    f"metrics must be r2, mae, mse or rmse with the loss {self.loss} and targets that are no classes, "
                    f"got {wrong[0]}: for classes use loss='cross_entropy', or 'logistic' with one output"
                )

    def smooth_labels(self, amount: float, outputs: int, dtype: Any) -> None:
        """Mix the training targets with equal shares of all classes; metrics and validation see the labels."""
        part = self.train
        if self.loss in CLASS_LOSSES:
            classes = outputs
        elif self.loss in ("binary_cross_entropy", "logistic"):
            classes = 2
        else:
            raise ValueError(f"label_smoothing must be 0 with the loss {self.loss}, which has no classes, got {amount}")
        rows = part.targets(outputs, dtype)
        self.train = replace(
            part, labels=None, rows=np.ascontiguousarray(rows * (1 - amount) + amount / classes, dtype)
        )

    def allow_mixtures(self, alpha: float, outputs: int, dtype: Any) -> None:
        """Make labels class probabilities, which mixup of the parameter alpha can mix."""
        if self.loss in MARGIN_LOSSES:
            raise ValueError(f"mixup must be None with the loss {self.loss}, whose targets are signs, got {alpha}")
        self.train = replace(self.train, labels=None, rows=self.train.targets(outputs, dtype))

    def fingerprint(self) -> list[list[float]]:
        """Return a few numbers that other data would not have."""
        return [part.fingerprint() for part in (self.train, self.validation) if part is not None]


def prepare(
    net: ScaledNetwork, X: Any, y: Any, loss: Any, validation: Any, sample_weight: Any, class_weight: Any, seed: int
) -> Problem:
    """Check and convert everything that `train` and `Risk` are given; nothing is changed."""
    name, parameter = resolve_loss(loss, net.output_activation, net.n_outputs)
    _check_network(net, name)
    whole = _part(net, X, y, sample_weight, name, "X", "y", "sample_weight")
    held: Part | None = None
    if validation is not None:
        if isinstance(validation, tuple | list):
            if len(validation) not in (2, 3):
                raise ValueError(
                    f"validation must be a fraction, (X, y) or (X, y, weights), got {len(validation)} parts"
                )
            weights = validation[2] if len(validation) == 3 else None
            held = _part(
                net, validation[0], validation[1], weights, name, "validation X", "validation y", "validation weights"
            )
        else:
            from .readers._dataset import split_indices

            fraction = check_in_range(validation, "validation", 0.0, 1.0, "neither")
            if len(whole.X) < 2:
                raise ValueError(f"X must have at least 2 rows to split off validation rows, got {len(whole.X)}")
            strata = _classes(whole, name)
            rest, part = split_indices(
                np.arange(len(whole.X)) if strata is None else strata, fraction, seed, stratify=strata is not None
            )
            whole, held = whole.take(rest), whole.take(part)
            if whole.weights is not None and not whole.weights.any():
                raise ValueError("sample_weight must have a positive entry outside the validation rows, got none")
    if class_weight is not None:
        classes = _classes(whole, name)
        if classes is None:
            raise ValueError(
                f"class_weight must be None with the loss {name}, which has no classes, got {show(class_weight)}"
            )
        each = as_class_weights(class_weight, classes, max(net.n_outputs, 2))[classes]
        whole.weights = each if whole.weights is None else whole.weights * each
        if not whole.weights.any():
            raise ValueError(f"class_weight must leave a row of positive weight, got {show(class_weight)}")
    return Problem(whole, held, name, parameter)


def _check_network(net: ScaledNetwork, loss: str) -> None:
    """Refuse what can be evaluated but not trained."""
    for i, layer in enumerate(net.layers[:-1]):
        if getattr(layer, "activation", None) == "step":
            raise ValueError(
                f"activation of layer {i} must have a useful derivative for training, got 'step': only the output of a "
                "perceptron can be a step"
            )
    if loss not in _REAL_LOSSES:
        for name in ("output_scale", "output_shift"):
            if net._exact[name] is not None:
                got = show(getattr(net, name))
                raise ValueError(f"{name} must be None with the loss {loss}, whose targets have no unit, got {got}")


def _part(net: ScaledNetwork, X: Any, y: Any, weights: Any, loss: str, x_name: str, y_name: str, w_name: str) -> Part:
    inputs = net._as_inputs(X, x_name)
    if inputs.dtype == np.float64 and net.dtype == np.float32:
        _check_range(inputs, x_name)
    rows, labels = as_targets(y, loss, net.n_outputs, len(inputs), net.dtype, name=y_name, data=x_name)
    seen = labels if rows is None else rows
    assert seen is not None
    scale, shift = net._exact["output_scale"], net._exact["output_shift"]
    if rows is not None and (scale is not None or shift is not None):
        rows = np.ascontiguousarray(
            ((rows - (0 if shift is None else shift)) / (1 if scale is None else scale)), net.dtype
        )
    kept = as_weights(weights, len(inputs), w_name, data=x_name)
    return Part(inputs, rows, labels, kept, seen, kept)


def _checksum(array: Array) -> float:
    """Return a CRC over the rows by their places; of a map of a file, or above 50 MB, over rows spread evenly."""
    n, each = len(array), max(array.nbytes // max(len(array), 1), 1)
    base: Any = array
    while base is not None and not isinstance(base, np.memmap):
        base = getattr(base, "base", None)
    most = 64 if base is not None else max(64, _MOST_BYTES // each)
    step, block = -(-n // most), max(1, 1_000_000 // each)
    chosen, found = array[:: max(step, 1)], zlib.crc32(repr(array.shape).encode())
    for start in range(0, len(chosen), block):
        found = zlib.crc32(np.add(chosen[start : start + block], 0, order="C").data, found)  # + 0: no zero has a sign
    return float(found)


def _check_range(X: Array, name: str, block: int = 4096) -> None:
    """Refuse float64 values that float32 cannot hold, without a copy of the data."""
    largest = np.finfo(np.float32).max
    for start in range(0, len(X), block):
        part = X[start : start + block]
        if part.max() > largest or part.min() < -largest:
            row, column = np.argwhere(np.abs(part) > largest)[0]
            raise ValueError(
                f"{name} must be within the range of the network's float32, got {part[row, column]} at row "
                f"{start + row}, column {column}"
            )


def _classes(part: Part, loss: str) -> Array | None:
    """Return each row's class index, or None where the targets are no classes."""
    if part.labels is not None:
        return part.labels
    assert part.rows is not None
    if loss in CLASS_LOSSES:
        found: Array = part.rows.argmax(axis=1).astype(np.int32)
        return found
    binary = loss in (*MARGIN_LOSSES, "binary_cross_entropy", "logistic")
    if binary and part.rows.shape[1] == 1 and np.isin(part.rows, (0, 1)).all():
        return part.rows[:, 0].astype(np.int32)
    return None
