"""Types of the command line's options; argparse puts the option's name before the message."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Iterable

from .._checks import MOST_THREADS, check_choice
from ..layers import ACTIVATIONS
from ._error import UsageError

OPTIMIZERS = (
    "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "nadam", "amsgrad", "lion", "rprop",
    "lbfgs", "bfgs", "newton", "newton_cg", "gauss_newton", "levenberg_marquardt", "gradient_descent",
    "conjugate_gradient",
)  # fmt: skip
_SHORT = {"lm": "levenberg_marquardt", "cg": "conjugate_gradient"}
_LARGEST = 2**31 - 1


def positive(text: str) -> float:
    """Return a finite number above 0."""
    number = _number(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a positive number, got {text!r}")
    return number


def positive_int(text: str) -> int:
    """Return a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be an integer of at least 1, got {text!r}")
    return int(text)


def count(text: str) -> int:
    """Return a whole number of at least 1 that the core can count to."""
    number = positive_int(text)
    if number > _LARGEST:
        raise argparse.ArgumentTypeError(f"must be an integer of at most {_LARGEST}, got {text!r}")
    return number


def threads(text: str) -> int:
    """Return a number of threads."""
    number = positive_int(text)
    if number > MOST_THREADS:
        raise argparse.ArgumentTypeError(f"must be an integer from 1 to {MOST_THREADS}, got {text!r}")
    return number


def seed(text: str) -> int:
    """Return a whole number from 0 to 2**64 - 1."""
    if not text.isdecimal() or int(text) >= 2**64:
        raise argparse.ArgumentTypeError(f"must be an integer from 0 to {2**64 - 1}, got {text!r}")
    return int(text)


def share(text: str) -> float:
    """Return a fraction in [0, 1)."""
    number = _number(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"must be a fraction from 0 to below 1, got {text!r}")
    return number


def fraction_or_path(text: str) -> float | str:
    """Return a fraction in [0, 1) where the text is a number, else the text."""
    return text if math.isnan(_number(text)) else share(text)


def layer_widths(text: str) -> list[int]:
    """Return widths from "256,128"; none from "0"."""
    if text == "0":
        return []
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"must be widths such as 256,128, or 0 for no hidden layer, got {text!r}")
    return [int(part) for part in parts]


def activation_list(text: str) -> str | list[str]:
    """Return one name, or a list of them from "relu,tanh"."""
    names = [_choice(name.strip(), [name for name in ACTIVATIONS if name != "step"]) for name in text.split(",")]
    return names[0] if len(names) == 1 else names


def loss(text: str) -> str:
    """Return a loss's name."""
    from .. import _core

    return _choice(text, _core.loss_names())


def optimizer(text: str) -> str:
    """Return an update rule's or full-batch method's name, from any spelling: adamw, AdamW, newton-cg, lm."""

    def plain(name: str) -> str:
        return name.lower().replace("_", "").replace("-", "")

    known = {plain(name): name for name in OPTIMIZERS}
    return _choice(_SHORT.get(text.lower()) or known.get(plain(text), text), OPTIMIZERS)


def _choice(text: str, names: Iterable[str]) -> str:
    try:
        return check_choice(text, "value", names)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("value ")) from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def no_input(path: str, *inputs: object) -> None:
    """Refuse to write over what is read."""
    for source in inputs:
        if (
            isinstance(source, str)
            and os.path.exists(path)
            and os.path.exists(source)
            and os.path.samefile(path, source)
        ):
            raise UsageError(f"--out must be another file than those that are read, got {path!r}")
