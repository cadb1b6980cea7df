"""``steep predict MODEL DATA``: a saved network's answers as CSV."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._validation import Array
from ._error import CommandError
from ._options import no_input, threads

if TYPE_CHECKING:
    from ..serialization import SavedNetwork

HELP = "predict with a saved network"
DESCRIPTION = """\
Predict with a network that `steep train --out` saved, and write CSV: for a classifier the class and the probability of
each class, else the predicted values.

MODEL   a file written by `steep train --out MODEL` or net.save(MODEL)
DATA    a CSV file with the model's input columns (in any order; others are left out), an NPZ archive with an array X,
        an IDX file, a folder of IDX files (its test images, where there are any), or the built-in set `digits`"""
_ROWS = 16384


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="the saved network")
    parser.add_argument("data", metavar="DATA", help="what to predict for")
    parser.add_argument("--out", metavar="FILE", help="write the CSV there instead of to the standard output")
    parser.add_argument("--threads", type=threads, metavar="N", help="threads (default: all CPUs this process may use)")


def run(arguments: argparse.Namespace) -> int:
    """Predict and write."""
    from ..serialization import load_saved

    if arguments.out is not None:
        no_input(arguments.out, arguments.model, arguments.data)
    if arguments.threads is not None:
        from ..config import set_num_threads

        set_num_threads(arguments.threads)
    saved = load_saved(arguments.model)
    X = _inputs(arguments.data, saved)
    chunks = _lines(saved, X)
    if arguments.out is None:
        for chunk in chunks:
            sys.stdout.write(chunk)
    else:
        from .._files import write_atomically

        write_atomically(arguments.out, (chunk.encode() for chunk in chunks))
    return 0


def _inputs(source: str, saved: SavedNetwork) -> Array:
    from ..readers import read_dataset

    expected = saved.network.n_inputs
    data = read_dataset(source, target=saved.target, columns=saved.columns, need_target=False, width=expected)
    if data.ignored:
        names = ", ".join(map(repr, data.ignored[:8])) + (", ..." if len(data.ignored) > 8 else "")
        print(f"steep: columns left out, which the model does not know: {names}", file=sys.stderr)
    X = data.X if data.X_test is None else data.X_test
    width = int(np.prod(X.shape[1:]))
    if width != expected:
        raise CommandError(f"{source!r} must have {expected} inputs a row, as the model has, got {width}")
    return X


def _lines(saved: SavedNetwork, X: Array) -> Iterator[str]:
    """CSV text, in blocks of rows."""
    names = header(saved)
    yield _text([names])
    for start in range(0, X.shape[0], _ROWS):
        block = X[start : start + _ROWS]
        values = saved.network.predict(block)
        if not np.isfinite(values).all():
            row = start + int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
            raise CommandError(f"the model must predict finite values, got {values[row - start].tolist()} in row {row}")
        digits = [[repr_float(v) for v in row] for row in columns(saved, values)]
        if saved.labels is not None:
            classes = saved.network.predict_classes(block)
            digits = [[str(saved.labels[c]), *row] for c, row in zip(classes, digits, strict=True)]
        yield _text(digits)


def repr_float(value: Any) -> str:
    """The shortest text that reads back as the same number of its type."""
    return str(value)


def header(saved: SavedNetwork) -> list[str]:
    """Names of the columns that are written."""
    outputs = saved.network.n_outputs
    if saved.labels is not None:
        if outputs == 1 and saved.network.output_activation != "sigmoid":
            return ["class", "score"]
        kind = "p" if _gives_probabilities(saved) else "score"
        return ["class", *(f"{kind}({label})" for label in saved.labels)]
    name = saved.target or "prediction"
    return [name] if outputs == 1 else [f"{name}_{i}" for i in range(outputs)]


def columns(saved: SavedNetwork, values: Array) -> Array:
    """Values in the header's columns: both probabilities of a sigmoid's one output."""
    if saved.labels is not None and values.shape[1] == 1 and _gives_probabilities(saved):
        return np.hstack([1 - values, values])
    return values


def _gives_probabilities(saved: SavedNetwork) -> bool:
    return saved.network.output_activation in ("softmax", "sigmoid")


def _text(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
