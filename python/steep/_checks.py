"""Scalar arguments: each function returns the value in its plain Python type, or raises an error naming the rule."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MOST_THREADS = 1024


def show(value: object) -> str:
    """Short text of a value for an error message."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def check_number(value: Any, name: str, rule: str = "a finite number") -> float:
    """Return a real, finite number as float; refuse everything else (also bool and strings)."""
    if isinstance(value, (bool, str, bytes)) or type(value).__name__ == "bool_":
        raise TypeError(f"{name} must be {rule}, got {show(value)}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be {rule}, got {show(value)}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be {rule}, got {show(value)}")
    return number


def check_positive(value: Any, name: str) -> float:
    """Return a finite number above 0."""
    number = check_number(value, name, "a positive number")
    if number <= 0:
        raise ValueError(f"{name} must be a positive number, got {show(value)}")
    return number


def check_non_negative(value: Any, name: str) -> float:
    """Return a finite number of at least 0."""
    number = check_number(value, name, "a number of at least 0")
    if number < 0:
        raise ValueError(f"{name} must be a number of at least 0, got {show(value)}")
    return number


def check_in_range(value: Any, name: str, low: float, high: float, closed: str = "both") -> float:
    """Return a number in the interval from low to high; closed: "both", "left", "right" or "neither"."""
    left, right = closed in ("both", "left"), closed in ("both", "right")
    rule = f"in {'[' if left else '('}{low:g}, {high:g}{']' if right else ')'}"
    number = check_number(value, name, rule)
    if not ((low <= number if left else low < number) and (number <= high if right else number < high)):
        raise ValueError(f"{name} must be {rule}, got {show(value)}")
    return number


def check_integer(value: Any, name: str, minimum: int | None = None, maximum: int | None = None) -> int:
    """Return an integer between the bounds; a float is refused even when it is whole."""
    rule = "an integer"
    if minimum is not None and maximum is not None:
        rule += f" from {minimum} to {maximum}"
    elif minimum is not None:
        rule += f" of at least {minimum}"
    elif maximum is not None:
        rule += f" of at most {maximum}"
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        raise TypeError(f"{name} must be {rule}, got {show(value)}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be {rule}, got {show(value)}") from None
    if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
        raise ValueError(f"{name} must be {rule}, got {show(value)}")
    return number


def check_threads(value: Any, name: str = "n_threads") -> int:
    """Return a number of threads; more than any machine has is refused before memory is taken for each."""
    return check_integer(value, name, 1, MOST_THREADS)


def check_seed(value: Any, name: str = "seed") -> int:
    """Return an integer in [0, 2**64), the key of the random numbers."""
    return check_integer(value, name, 0, 2**64 - 1)


def check_bool(value: Any, name: str) -> bool:
    """Return True or False; other truthy values are refused."""
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    raise TypeError(f"{name} must be True or False, got {show(value)}")


def check_choice(value: Any, name: str, choices: Iterable[str]) -> str:
    """Return one of the named choices; the error lists them, the likely one first."""
    names = list(choices)
    if isinstance(value, str) and value in names:
        return value
    hint = ""
    if isinstance(value, str):
        from difflib import get_close_matches

        close = get_close_matches(value.lower(), names, 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
    error = ValueError if isinstance(value, str) else TypeError
    raise error(f"{name} must be one of {', '.join(map(repr, names))}, got {show(value)}{hint}")


def check_callable(value: Any, name: str) -> Any:
    """Return a callable unchanged."""
    if not callable(value):
        raise TypeError(f"{name} must be callable, got {show(value)}")
    return value


def check_layer_numbers(values: Mapping[Any, Any], layers: Sequence[Any], name: str) -> None:
    """Refuse a dict whose keys are no numbers of layers, or that has something for a layer without weights."""
    for number, value in values.items():
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < len(layers):
            raise ValueError(f"{name} must be of layers 0 to {len(layers) - 1}, got one of {show(number)}")
        if value is not None and not any(key.endswith("weight") for key, _ in layers[number].arrays()):
            raise ValueError(f"{name} must be of layers with weights, got one of layer {number}, {layers[number]!r}")
