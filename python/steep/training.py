"""Training: the whole run in C++, epoch by epoch only where Python has something to do between epochs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from . import _core
from ._checks import (
    check_bool,
    check_choice,
    check_in_range,
    check_integer,
    check_non_negative,
    check_positive,
    check_seed,
    check_threads,
    show,
)
from ._loop import Loop
from ._problem import Problem, prepare
from .augmentation import Augment
from .callbacks import EarlyStopping
from .constraints import limits_of_training, resolve_constraint
from .metrics import METRICS, resolve_metrics
from .network import Network
from .penalties import resolve_groups, resolve_layer_penalties, resolve_penalty
from .rules import RULE_NAMES, SGD, Rule, resolve_optimizer
from .runs import Run
from .schedules import Schedule

__all__ = ["train"]


def train(
    net: Network,
    X: Any,
    y: Any,
    *,
    loss: Any = None,
    optimizer: Any = "adam",
    batch_size: int | None = None,
    epochs: int = 100,
    penalty: Any = None,
    validation: Any = None,
    metrics: Any = (),
    sample_weight: Any = None,
    class_weight: Any = None,
    early_stopping: EarlyStopping | None = None,
    constraint: Any = None,
    bounds: Any = None,
    augment: Augment | None = None,
    mixup: float | None = None,
    label_smoothing: float = 0.0,
    clip_norm: float | None = None,
    tol: float | None = None,
    shuffle: bool = True,
    seed: int = 0,
    callbacks: Callable[..., Any] | Iterable[Callable[..., Any]] = (),
    max_time: float | None = None,
    n_threads: int | None = None,
    progress: bool | None = None,
    resume: Any = None,
) -> Run:
    """
    Train a network; its parameters are replaced at the end.

    Parameters
    ----------
    net : Network
    X : array_like, (n, n_inputs) or (n, *input_shape)
        C-contiguous float32, float64 and uint8 arrays are read in place, memory maps too; others are converted once.
    y : array_like
        Class indices (n,), one-hot rows or class probabilities (n, k) for cross-entropies; {0, 1} or {-1, 1} for binary
        losses; real (n, k), or (n,) for one output, for the rest.
    loss : str, steep.Huber, Pinball, EpsilonInsensitive, SoftL1, Cauchy, optional
    optimizer : str, update rule or full-batch method, default "adam"
        With a method (``steep.LBFGS()``) an epoch is an accepted iteration, and batch_size must be None or n.
    batch_size : int, optional
        Default: min(128, n). The last short batch is used.
    epochs : int, default 100
        In all; a resumed run makes the rest.
    penalty : steep.L2, steep.L1, steep.ElasticNet or steep.GroupLasso, optional
        On weights, not on biases. L1 acts by the rule's own proximal step; Lion and Rprop refuse it. GroupLasso makes
        whole units zero by its proximal step, which Nesterov's rule refuses too. A list of one for each layer, or a
        dict of layer numbers, gives each layer its own.
    validation : float, (X, y) or (X, y, weights), optional
        A fraction is split off by seed, stratified for classes.
    metrics : name, callable (y, prediction), or several
        accuracy, balanced_accuracy, log_loss, roc_auc, r2, mae, mse, rmse; in inference mode at the end of an epoch.
    sample_weight : array_like (n,), optional
        A batch's gradient is sum s g / sum s; rows of weight zero are dropped.
    class_weight : "balanced", dict or sequence, optional
        Multiplied into the training rows' weights for the loss; metrics and validation rows are not weighted by it.
    early_stopping : EarlyStopping, optional
    constraint : steep.MaxNorm, steep.NonNegative, both in a list, or dict of layer number to these, optional
        On the weights of all layers, or of those in the dict, by projection after each step. A full-batch method that
        takes bounds takes NonNegative as one.
    bounds : SciPy's Bounds, or a list of pairs, one for each of ``net.parameters``, optional
        Of the parameters, for the full-batch methods that take bounds: LBFGS, LevenbergMarquardt, ProximalGradient and
        InteriorPoint. Parameters outside start at the nearest bound. A fit that ends at a bound has no posterior.
    augment : steep.Augment, optional
        Random changes of training images.
    mixup : float > 0, optional
        Train on mixtures of two rows, ``l x_i + (1 - l) x_j`` with targets ``l y_i + (1 - l) y_j`` and
        ``l ~ Beta(mixup, mixup)`` [1]_. See Notes.
    label_smoothing : float in [0, 1), default 0
        Training targets become ``(1 - a) target + a / classes``; validation and metrics see the targets as they are.
    clip_norm : float, optional
        Gradients of a larger norm are scaled down to it.
    tol : float, optional
        Stop as converged when the epoch's mean gradient norm is at most this.
    shuffle : bool, default True
    seed : int, default 0
        Of shuffles, dropout, mixup and the validation split.
    callbacks : callable or several
        Called with an :class:`steep.EpochInfo` after every epoch; returning True or raising StopIteration stops.
    max_time : float, optional
        Seconds.
    n_threads : int, optional
        The result is the same bits for any number.
    progress : bool, optional
        Whether there is a bar; by default only on a terminal.
    resume : Run or TrainState, optional
        Go on from there, bit for bit as if uninterrupted.

    Returns
    -------
    Run
        ``history``, ``status``, ``message``, ``state``.

    Raises
    ------
    ValueError, TypeError
        For arguments that do not fit, before anything changes.

    Notes
    -----
    Not converging is a status: converged, max_epochs, early_stopped, max_time, interrupted (Ctrl-C, or a callback),
    diverged, separated. On divergence the parameters are those of the end of the last epoch with a finite loss. An
    exception of a callback or a metric goes through to the caller; the network then has the parameters of the last call
    of a callback, or those from before.

    With ``output_scale`` and ``output_shift`` the loss sees the targets in the network's own units,
    ``(y - output_shift) / output_scale``; metrics see them as they were given.

    With ``mixup`` each row of a batch has an l and a partner of its own, the partner drawn uniformly from all training
    rows of positive weight (the paper's code shares one l in a batch and permutes the batch); the mixture has the
    row's own weight. Labels become class probabilities. ``history["loss"]`` is that of the mixtures; metrics and
    validation see the rows as they are. Not for hinge, squared_hinge and perceptron, whose targets are signs.

    References
    ----------
    .. [1] H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, "mixup: Beyond empirical risk minimization", ICLR 2018.

    Examples
    --------
    >>> import numpy as np, steep
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
    >>> y = np.array([0, 1, 1, 0])
    >>> net = steep.MLP([2, 8, 2], activation="tanh", output="softmax", seed=1)
    >>> run = steep.train(net, X, y, optimizer=steep.Adam(0.05), epochs=200)
    >>> net.predict_classes(X), run.status
    (array([0, 1, 1, 0]), 'max_epochs')
    """
    if not isinstance(net, Network):
        raise TypeError(f"net must be a steep.Network, got {show(net)}")
    epochs = check_integer(epochs, "epochs", 0)
    seed = check_seed(seed)
    shuffle = check_bool(shuffle, "shuffle")
    progress = None if progress is None else check_bool(progress, "progress")
    n_threads = _core.default_threads() if n_threads is None else check_threads(n_threads)
    clip = float("inf") if clip_norm is None else check_positive(clip_norm, "clip_norm")
    limit = float("inf") if max_time is None else check_non_negative(max_time, "max_time")
    smoothing = check_in_range(label_smoothing, "label_smoothing", 0.0, 1.0, "left")
    alpha = None if mixup is None else check_positive(mixup, "mixup")
    tol = -1.0 if tol is None else check_non_negative(tol, "tol")
    own = resolve_layer_penalties(penalty, net.layers)
    l1, l2 = resolve_penalty(penalty, groups=True) if own is None else (max(own[0]), max(own[1]))
    groups = resolve_groups(penalty, len(net.layers))
    measures = resolve_metrics(metrics)
    calls = _callbacks(callbacks)
    if batch_size is not None:
        batch_size = check_integer(batch_size, "batch_size", 1)
    if early_stopping is not None and not isinstance(early_stopping, EarlyStopping):
        raise TypeError(f"early_stopping must be None or steep.EarlyStopping(...), got {show(early_stopping)}")
    method = _full_batch_method(optimizer)
    rule = SGD() if method is not None else resolve_optimizer(optimizer)
    if l1 > 0 and not rule.core.allows_l1:
        raise ValueError(
            f"penalty must have no l1 part with {type(rule).__name__}, which has no step size to scale its proximal "
            f"step by, got {penalty!r}: use Adam or SGD"
        )
    if groups is not None and method is None and not rule.core.allows_groups:
        raise ValueError(
            f"penalty must have no group part with {type(rule).__name__}, which has no proximal step for it, got "
            f"{show(penalty)}: use Adam, RMSProp, SGD or Momentum"
        )
    seen = net
    if method is not None:
        from .full_batch import train_full_batch, working_copy

        seen = working_copy(net, method)
    problem = prepare(seen, X, y, loss, validation, sample_weight, class_weight, seed)
    problem.n_threads = n_threads
    problem.check_metrics(name for name, function in measures.items() if METRICS.get(name) is function)
    if resume is None:
        _check_parameters(net)
    if smoothing > 0:
        problem.smooth_labels(smoothing, seen.n_outputs, seen.dtype)
    if alpha is not None and method is None:
        problem.allow_mixtures(alpha, seen.n_outputs, seen.dtype)
    names = ["loss", "objective", *measures]
    if problem.validation is not None:
        names += ["val_loss", *(f"val_{name}" for name in measures)]
    sparse = method is None and (l1 > 0 or groups is not None)
    columns = [*names, "gradient_norm", "learning_rate", "seconds", *(["zeros"] if sparse else [])]
    if early_stopping is not None and early_stopping.monitor not in columns:
        hint = ": give validation" if early_stopping.monitor.startswith("val_") else ""
        raise ValueError(f"monitor must be one of {', '.join(columns)}, got {early_stopping.monitor!r}{hint}")
    columns += ["layer_gradient_norm"] if method is not None else ["layer_gradient_norm", "layer_activation_norm"]
    if augment is not None and not isinstance(augment, Augment):
        raise TypeError(f"augment must be None or steep.Augment(...), got {show(augment)}")
    if augment is not None and len(net.input_shape) != 3:
        raise ValueError(f"augment must be None for inputs that are no images, got input_shape {net.input_shape}")
    limits = limits_of_training(net, method, rule, bounds, constraint)
    if method is not None:
        changing = net.changes_in_training()
        if changing:
            raise ValueError(
                f"optimizer must be an update rule for a network with a {changing} layer, whose loss in training is no "
                f"function of the parameters alone, got {method.name}"
            )
        method.check_penalty(l1, l2)
        if own is not None:
            raise ValueError(f"penalty must be one for all layers with {method.name}, got {show(penalty)}")
        if groups is not None:
            raise ValueError(f"penalty must have no group part with {method.name}, got {show(penalty)}")
        for name, value in (("augment", augment), ("mixup", mixup), ("clip_norm", clip_norm)):
            if value is not None:
                raise ValueError(f"{name} must be None with {method.name}, got {value!r}")
        if batch_size not in (None, problem.n):
            raise ValueError(f"batch_size must be None or {problem.n} with {method.name}, got {batch_size}")
        if resume is not None:
            raise ValueError(
                f"resume must be None with {method.name}, whose memory of earlier iterations is not kept: without "
                f"resume it starts afresh from net.parameters, got {show(resume)}"
            )
        return train_full_batch(
            net, seen, problem, method, (l1, l2), epochs, measures, early_stopping, calls, limit,
            None if tol < 0 else tol, n_threads, progress, columns, limits,
        )  # fmt: skip
    options: dict[str, Any] = {
        "batch_size": min(128 if batch_size is None else batch_size, problem.n),
        "shuffle": shuffle, "seed": seed, "l1": l1, "l2": l2, "clip_norm": clip, "n_threads": n_threads,
    }  # fmt: skip
    if own is not None:
        options["layer_l1"], options["layer_l2"] = own
    if groups is not None:
        options["layer_group"] = groups
    if rule._layer_decays is not None:
        options["layer_decay"], options["layer_other_decay"] = rule._layer_decays
    options |= resolve_constraint(constraint, net.layers)
    if augment is not None:
        options["augment"] = asdict(augment)
    if alpha is not None:
        options["mixup"] = alpha
    trainer = problem.trainer(net, rule, options)
    identity = _identity(net, problem, rule, options, names)
    loop = Loop(net, problem, rule, trainer, measures, early_stopping, calls, epochs, limit, tol, columns, identity)
    if resume is not None:
        loop.resume(resume)
    return loop.run(progress)


def _check_parameters(net: Network) -> None:
    """Refuse parameters to start from that are NaN or infinite."""
    parameters = net.parameters
    finite = np.isfinite(parameters)
    if not finite.all():
        place = int(finite.argmin())
        raise ValueError(f"net.parameters must be finite, got {parameters[place]!s} at entry {place}")


def _full_batch_method(optimizer: Any) -> Any:
    """Return the method that an object or a name stands for; None for an update rule."""
    if isinstance(optimizer, Rule) or (isinstance(optimizer, str) and optimizer in RULE_NAMES):
        return None
    from .methods import Method, method_table

    if isinstance(optimizer, str):
        return method_table[check_choice(optimizer, "optimizer", [*RULE_NAMES, *method_table])]()
    if isinstance(optimizer, type) and issubclass(optimizer, Method):
        raise TypeError(f"optimizer must be a full-batch method, got the class: write {optimizer.__name__}()")
    return optimizer if isinstance(optimizer, Method) else None


def _callbacks(callbacks: Any) -> list[Callable[..., Any]]:
    if not callable(callbacks) and not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks must be a callable or several, got {show(callbacks)}")
    calls = [callbacks] if callable(callbacks) else list(callbacks)
    for i, call in enumerate(calls):
        if not callable(call):
            raise TypeError(f"callbacks[{i}] must be callable, got {show(call)}")
    return calls


def _identity(
    net: Network, problem: Problem, rule: Rule, options: dict[str, Any], columns: list[str]
) -> dict[str, Any]:
    """Return what a resumed run must have in common with the one it goes on from, as JSON can hold it."""
    rate = rule.learning_rate
    shown = {name: value for name, value in options.items() if name != "n_threads"}
    return {
        "network": json.dumps({name: value for name, value in net.config().items() if name != "seed"}),
        "scaling": json.dumps({k: v if v is None else np.asarray(v).tolist() for k, v in net._scaling.items()}),
        "loss": [problem.loss, problem.parameter],
        "optimizer": {"rule": type(rule).__name__}
        | {f.name: repr(getattr(rule, f.name)) for f in fields(rule) if f.repr and f.name != "learning_rate"},
        "learning_rate": repr(rate) if isinstance(rate, float | Schedule) else "a function",
        "data": problem.fingerprint(),
        "metrics and validation": columns,
    } | {name: str(value) for name, value in shown.items()}
