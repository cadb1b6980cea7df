"""Types of the command line's options; argparse puts the option's name before the message."""

from __future__ import annotations

import argparse
import math


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


def seed(text: str) -> int:
    """Return a whole number of at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be an integer of at least 0, got {text!r}")
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
    names = [name.strip() for name in text.split(",")]
    return names[0] if len(names) == 1 else names


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
