"""From the command line's options to a network and the arguments of `train`; a misfit names its option."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ._error import UsageError

if TYPE_CHECKING:
    from ..network import Network
    from ..runs import Run
    from ._problem import Problem

# The arguments of `train` and `MLP` that an option stands for; errors of the library begin with the argument's name.
_OPTION_OF = {
    "activation": "--activation",
    "batch_size": "--batch-size",
    "class_weight": "--class-weight",
    "clip_norm": "--clip-norm",
    "loss": "--loss",
    "method": "--optimizer",
    "mixup": "--mixup",
    "optimizer": "--optimizer",
}


@dataclass
class Plan:
    """A network and how it is trained."""

    net: Network
    rows: tuple[Any, Any]
    options: dict[str, Any]
    words: dict[str, str]  # the option that each argument came from

    def train(self) -> Run:
        """Train the network."""
        import steep

        return steep.train(self.net, *self.rows, **self.options)

    def try_out(self) -> None:
        """Make no epoch on a copy, so that options that do not go together are refused before anything is printed."""
        import steep

        with _Naming(self.words):
            steep.train(self.net.copy(), *self.rows, **self.options | {"epochs": 0, "progress": False})


class _Naming:
    """Turns an error about an argument that an option stands for into one about the option."""

    def __init__(self, words: dict[str, str]) -> None:
        self.words = words

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (ValueError, TypeError)):
            argument, _, rest = str(error).partition(" ")
            if argument in self.words:
                rest = rest.replace("must be None", "must be left out")
                raise UsageError(f"{self.words[argument]} {rest}") from None


def make_plan(arguments: argparse.Namespace, problem: Problem) -> Plan:
    """Return the network that a problem and the options ask for, and the arguments of `train`."""
    import steep

    perceptron = arguments.loss == "perceptron"
    optimizer = _optimizer(arguments, perceptron)
    words = _OPTION_OF | {"penalty": "--l1" if arguments.l1 else "--l2"}
    options: dict[str, Any] = {
        "loss": arguments.loss or problem.loss,
        "optimizer": optimizer,
        "batch_size": arguments.batch_size or (1 if perceptron else _batch_size(optimizer, len(problem.train[0]))),
        "epochs": arguments.epochs,
        "penalty": _penalty(arguments),
        "validation": problem.validation,
        "class_weight": arguments.class_weight,
        "early_stopping": steep.EarlyStopping(patience=arguments.early_stopping) if arguments.early_stopping else None,
        "clip_norm": arguments.clip_norm,
        "mixup": arguments.mixup,
        "seed": arguments.seed,
        "max_time": arguments.max_time,
        "progress": False if arguments.quiet else None,
    }
    with _Naming(words):
        net = _network(arguments, problem, ([] if perceptron else [128]), optimizer)
    return Plan(net, problem.train, options, words)


def _network(arguments: argparse.Namespace, problem: Problem, default: list[int], optimizer: Any) -> Network:
    import steep

    from ..rules import Rule

    hidden = default if arguments.hidden is None else arguments.hidden
    dtype = arguments.dtype or ("float32" if isinstance(optimizer, Rule) else "float64")
    sizes = [problem.n_inputs, *hidden, problem.n_outputs]
    _check_memory(sizes, hidden, dtype)
    net = steep.MLP(sizes, activation=arguments.activation, output=problem.output, dtype=dtype, seed=arguments.seed)
    net.input_scale, net.input_shift = problem.input_scale, problem.input_shift
    net.output_scale, net.output_shift = problem.output_scale, problem.output_shift
    return net


def _check_memory(sizes: list[int], hidden: list[int], dtype: str) -> None:
    """Refuse a network whose parameters, their gradient and an optimizer's two slots are more than the machine has."""
    count = sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))
    needed = 4 * count * (8 if dtype == "float64" else 4)
    if hasattr(os, "sysconf") and needed > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"):
        raise UsageError(
            f"--hidden must be widths of a network that fits into memory, got {','.join(map(str, hidden))}: "
            f"{count:,} parameters, {needed / 1e9:,.0f} GB to train"
        )


def _batch_size(optimizer: Any, rows: int) -> int | None:
    """Return a power of two from 16 to 128 that makes about 50 steps an epoch, so that small sets get enough steps."""
    from ..rules import Rule

    if not isinstance(optimizer, Rule):
        return None
    return int(min(128, max(16, 2 ** ((rows // 50).bit_length() - 1 if rows >= 50 else 0))))


def _optimizer(arguments: argparse.Namespace, perceptron: bool) -> Any:
    import steep

    from ..methods import method_table
    from ..rules import resolve_optimizer

    rate = arguments.learning_rate
    if arguments.optimizer is None and perceptron:
        return steep.SGD(1.0 if rate is None else rate)
    name = arguments.optimizer or "adam"
    kind: Any = method_table[name] if name in method_table else type(resolve_optimizer(name))
    if rate is None:
        return kind()
    try:
        return kind(learning_rate=rate)
    except TypeError:
        raise UsageError(f"--learning-rate must be left out, {name} has none, got {rate}") from None


def _penalty(arguments: argparse.Namespace) -> Any:
    import steep

    parts: list[Any] = []
    if arguments.l2:
        parts.append(steep.L2(arguments.l2))
    if arguments.l1:
        parts.append(steep.L1(arguments.l1))
    return None if not parts else parts[0] if len(parts) == 1 else parts[0] + parts[1]
