"""Training of a module: PyTorch's losses and optimizers in steep's terms, and the weights written back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from ..losses import Huber
from ..rules import resolve_optimizer
from ..runs import Run
from ..training import _full_batch_method as full_batch_method
from ..training import train
from ._modules import from_module, to_module
from ._optimizers import rule_of, scaled

__all__ = ["fit"]

# Losses of which PyTorch takes the mean over rows and outputs, and what a term of theirs is in steep's.
_MEANS: dict[Any, tuple[str, float]] = {
    nn.MSELoss: ("squared_error", 2.0), nn.L1Loss: ("absolute_error", 1.0), nn.HuberLoss: ("huber", 1.0),
    nn.BCELoss: ("binary_cross_entropy", 1.0), nn.BCEWithLogitsLoss: ("logistic", 1.0),
}  # fmt: skip


def fit(module: Any, X: Any, y: Any, *, loss: Any = None, optimizer: Any = "adam", **options: Any) -> Run:
    """
    Train a module as ``steep.train`` trains a network, and write its parameters back.

    Parameters
    ----------
    module : torch.nn.Sequential
        See :func:`steep.torch.from_module`; all its parameters are trained.
    X, y : tensor or array_like
        As for :func:`steep.train`.
    loss : torch loss module, or as for :func:`steep.train`, optional
        CrossEntropyLoss (label_smoothing too), MSELoss, L1Loss, HuberLoss, BCELoss and BCEWithLogitsLoss with their
        default options, whose scaling (a mean over outputs too) is kept.
    optimizer : torch.optim optimizer, or as for :func:`steep.train`
        Of a torch optimizer the settings are taken, not the state: SGD, Adam, AdamW, NAdam, RMSprop, Adagrad, Rprop. It
        must be of all the module's parameters; its groups may differ in weight_decay.
    **options
        Of :func:`steep.train`: batch_size, epochs, validation, shuffle, ...

    Returns
    -------
    Run

    Notes
    -----
    From the same start and with ``shuffle=False`` it makes the steps of PyTorch's own loop over the rows in order, up
    to rounding. A torch optimizer's weight decay acts on all parameters of its group, biases too, as there; that of an
    update rule of steep's on weights alone.

    Examples
    --------
    >>> import torch, steep.torch
    >>> _ = torch.manual_seed(0)
    >>> module = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    >>> x = torch.linspace(-1, 1, 50)[:, None]
    >>> adam = torch.optim.Adam(module.parameters(), lr=0.02)
    >>> run = steep.torch.fit(module, x, x**2, loss=torch.nn.MSELoss(), optimizer=adam, epochs=500)
    >>> bool(((module(x) - x**2) ** 2).mean() < 0.05)
    True
    """
    net = from_module(module)
    frozen = sum(not p.requires_grad for p in module.parameters())
    if frozen:
        raise ValueError(f"module must have parameters that are all trained, got {frozen} with requires_grad=False")
    targets = _array(y)
    _check_labels(targets, loss, net)
    name, factor = _loss(loss, net.n_outputs)
    smoothing = getattr(loss, "label_smoothing", 0.0)
    if smoothing and options.setdefault("label_smoothing", smoothing) != smoothing:
        raise ValueError(
            f"label_smoothing must be given once, got {options['label_smoothing']} and the loss's {smoothing}"
        )
    rule = optimizer
    if isinstance(optimizer, torch.optim.Optimizer):
        rule = rule_of(optimizer, module, factor)
    elif factor != 1 and full_batch_method(optimizer) is None:
        rule = scaled(resolve_optimizer(optimizer), factor)
    run = train(net, _array(X), targets, loss=name, optimizer=rule, **options)
    to_module(net, module)
    return run


def _array(data: Any) -> Any:
    return data.detach().cpu().numpy() if isinstance(data, torch.Tensor) else data


def _check_labels(y: Any, loss: Any, net: Any) -> None:
    """Name the loss that a user of PyTorch would give for class indices."""
    dtype = getattr(y, "dtype", None)
    raw = net.n_outputs > 1 and net.output_activation == "identity"
    if loss is None and raw and dtype is not None and dtype.kind in "iu" and np.ndim(y) == 1:
        raise ValueError("loss must be given for class indices, loss=torch.nn.CrossEntropyLoss(), got None")


def _loss(loss: Any, outputs: int) -> tuple[Any, float]:
    """Return steep's loss, and by what PyTorch's is multiplied to be it."""
    delta: Any = getattr(loss, "delta", 1.0)
    if not isinstance(loss, nn.Module):
        return loss, 1.0
    kind: Any = type(loss)
    if kind is not nn.CrossEntropyLoss and kind not in _MEANS:
        names = ", ".join(known.__name__ for known in (nn.CrossEntropyLoss, *_MEANS))
        raise TypeError(f"loss must be a loss that steep.torch knows ({names}), got {loss!r}")
    for name, default in (("reduction", "mean"), ("weight", None), ("pos_weight", None), ("ignore_index", -100)):
        value = getattr(loss, name, default)
        if value is not default and value != default:
            raise TypeError(
                f"loss must have {name}={default!r} in steep.torch, got {kind.__name__} with {name}={value}"
            )
    if kind is nn.CrossEntropyLoss:
        return "softmax_cross_entropy", 1.0
    name, term = _MEANS[kind]
    return (Huber(delta) if kind is nn.HuberLoss else name), outputs / term
