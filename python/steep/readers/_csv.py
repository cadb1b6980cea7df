"""
CSV files: NumPy's C parser for files that are as they should be, Python's csv module to say what is wrong elsewhere.

The separator (comma, semicolon, tab or bar), a header line and quotes are recognized. Inputs must be numbers: missing
values and category columns are refused with line and column.
"""

from __future__ import annotations

import csv
import os
import warnings
import zlib
from pathlib import Path
from typing import NoReturn

import numpy as np

from .._checks import show
from .._files import existing_file
from .._safetensors import FileFormatError
from .._validation import Array
from ._csv_layout import MISSING, first_records, has_header, open_text, parse_number
from ._dataset import Dataset

_NO_LABEL = MISSING - {"-", "none"}  # these two may be classes


def read_csv(
    path: str | os.PathLike[str],
    *,
    target: str | int | None = None,
    need_target: bool = True,
    columns: list[str] | None = None,
    width: int | None = None,
) -> Dataset:
    """
    Read inputs and a target from a CSV file.

    Parameters
    ----------
    path : path
        UTF-8 text, gzipped or not, separated by commas, semicolons, tabs or bars; quotes as in RFC 4180. The first
        line is a header when it has text where the next lines have numbers.
    target : str or int, optional
        The target's column: its name, or its number from 0 (negative: from the end). Its values may be text.
    need_target : bool
        Refuse a missing `target`. Otherwise its column is left out where it is there, and y is None.
    columns : list of str, optional
        The inputs to take, in this order, by name; others are left out (`ignored` lists them). In a file without a
        header the number of columns must agree.
    width : int, optional
        How many inputs are wanted where no target is: a file without a header that has one column more holds the target
        too, and it is left out.

    Returns
    -------
    Dataset
        X is float64 (n, d); y is float64 (n,), or an array of strings.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is empty, not text, or its lines have different numbers of columns.
    ValueError
        A value is missing, is not a number or is infinite (the message names line and column), or `target` is no
        column.
    """
    file_path = existing_file(path)
    where = os.fspath(path)
    first, separator = first_records(file_path, where)
    header = has_header(first)
    names = [name.strip() for name in first[0]] if header else [f"x{i}" for i in range(len(first[0]))]
    _check_names(names, where)
    target_index = None
    with_target = target in names and (header or len(names) - 1 == width)
    if target is not None and (need_target or with_target):
        target_index = _find_column(target, names, header, where)
    if target is None and need_target:
        raise ValueError(f"target must be one of the columns {_list(names)}, got none")
    inputs, ignored = _choose(names, columns, target_index, header, where)
    if not inputs:
        raise ValueError(f"{where!r} must have at least one column beside the target, got {_list(names)}")
    left_out = target_index
    if not need_target:
        target_index = None
    try:
        X, y = _fast(file_path, separator, header, inputs, target_index)
        good = bool(np.isfinite(X).all()) and not _has_nan(y)
    except (ValueError, OSError, EOFError, IndexError, StopIteration, zlib.error):
        good = False
    if not good:  # outside of the except clause: its error says all there is to say
        X, y = _careful(file_path, where, separator, header, names, inputs, target_index)
    if X.shape[0] == 0:
        raise FileFormatError(f"{where!r} must have at least one row below the header, got none")
    return Dataset(
        X=X,
        y=y,
        name=Path(where).name.removesuffix(".gz").rsplit(".", 1)[0],
        columns=[names[i] for i in inputs] if header else None,
        target=names[left_out] if left_out is not None else None,
        ignored=[names[i] for i in ignored],
    )


def _has_nan(y: Array | None) -> bool:
    return y is not None and y.dtype.kind == "f" and not bool(np.isfinite(y).all())


def _check_names(names: list[str], where: str) -> None:
    for i, name in enumerate(names):
        if not name:
            hint = ": an index written by pandas? (to_csv(index=False) leaves it out)" if i == 0 else ""
            raise ValueError(f"{where!r} must have a name for every column, got none for column {i}{hint}")
        if name in names[:i]:
            raise ValueError(f"{where!r} must have different column names, got {name!r} twice")


def _find_column(target: str | int, names: list[str], header: bool, where: str) -> int:
    if isinstance(target, str) and target in names:
        return names.index(target)
    try:
        index = int(target)
    except ValueError:
        rule = f"one of the columns {_list(names)}" if header else f"a number from 0 to {len(names) - 1} (no header)"
        raise ValueError(f"target must be {rule}, got {show(target)} for {where!r}") from None
    if not -len(names) <= index < len(names):
        raise ValueError(f"target must be a column from 0 to {len(names) - 1}, got {index} for {where!r}")
    return index % len(names)


def _choose(
    names: list[str], columns: list[str] | None, target: int | None, header: bool, where: str
) -> tuple[list[int], list[int]]:
    """Return the indices of the inputs, and of the columns left out."""
    rest = [i for i in range(len(names)) if i != target]
    if columns is None:
        return rest, []
    if not header:
        if len(rest) != len(columns):
            raise ValueError(f"{where!r} must have {len(columns)} columns ({_list(columns)}), got {len(rest)}")
        return rest, []
    missing = [name for name in columns if name not in names]
    if missing:
        raise ValueError(f"{where!r} must have the columns {_list(columns)}, got none named {_list(missing)}")
    chosen = [names.index(name) for name in columns]
    return chosen, [i for i in rest if i not in chosen]


def _list(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:12]))
    return shown + (f", ... ({len(names)} in all)" if len(names) > 12 else "")


def _fast(
    path: Path, separator: str, header: bool, inputs: list[int], target: int | None
) -> tuple[Array, Array | None]:
    def load(usecols: list[int] | None, dtype: type) -> Array:
        with open_text(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # no data below the header: reported by the caller
            if header:
                next(csv.reader(file, delimiter=separator))
            table: Array = np.loadtxt(
                file, dtype=dtype, delimiter=separator, comments=None, quotechar='"', usecols=usecols, ndmin=2
            )
        return table

    y: Array | None = None
    try:
        table = load(None, np.float64)  # NumPy checks that every line has as many columns
        y = None if target is None else table[:, target].copy()
        return np.ascontiguousarray(table[:, inputs]), y
    except ValueError:
        X = load(inputs, np.float64)
        if target is not None:
            y = np.char.strip(load([target], str)[:, 0])
            if any(label.lower() in _NO_LABEL for label in np.unique(y)):
                raise
            y = _as_numbers(y)
        _same_width(path, separator)
        return X, y


def _as_numbers(labels: Array) -> Array:
    """Float64 where every label is a number, else the labels."""
    numbers = [parse_number(label) for label in labels.tolist()]
    return labels if None in numbers else np.array(numbers, dtype=np.float64)


def _same_width(path: Path, separator: str) -> None:
    """Raise ValueError if lines differ in their number of separators (quotes make this undecided: also an error)."""
    with open_text(path) as file:
        counts = {line.count(separator) for line in file if line.strip()}
    if len(counts) != 1:
        raise ValueError("ragged")


def _careful(
    path: Path, where: str, separator: str, header: bool, names: list[str], inputs: list[int], target: int | None
) -> tuple[Array, Array | None]:
    """Read record by record; raise the error that names line and column."""
    rows: list[list[float]] = []
    labels: list[str] = []
    lines: list[int] = []
    with open_text(path) as file:
        reader = csv.reader(file, delimiter=separator, strict=True)
        try:
            for record in reader:
                if not record:
                    continue
                if header:
                    header = False
                    continue
                line = reader.line_num
                if len(record) != len(names):
                    raise FileFormatError(
                        f"{where!r} must have {len(names)} columns on every line, got {len(record)} on line {line}"
                    )
                rows.append([_value(record[i], names[i], line, where) for i in inputs])
                if target is not None:
                    label = record[target].strip()
                    if label.lower() in _NO_LABEL:
                        _refuse_missing(label, names[target], line, where)
                    labels.append(label)
                    lines.append(line)
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileFormatError(f"{where!r} cannot be read near line {reader.line_num + 1}: {error}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise FileFormatError(f"{where!r} cannot be read: {error}") from None
    X = np.array(rows, dtype=np.float64).reshape(len(rows), len(inputs))
    if target is None:
        return X, None
    y = _as_numbers(np.array(labels))
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        row = int(np.isfinite(y).argmin())
        raise ValueError(
            f"column {names[target]!r} of {where!r} must be finite, got {labels[row]!r} on line {lines[row]}"
        )
    return X, y


def _value(text: str, name: str, line: int, where: str) -> float:
    stripped = text.strip()
    if stripped.lower() in MISSING:
        _refuse_missing(stripped, name, line, where)
    number = parse_number(stripped)
    if number is None:
        raise ValueError(
            f"column {name!r} of {where!r} must be numbers, got {show(stripped)} on line {line}: "
            "encode categories as numbers, or make the column the target"
        )
    if not np.isfinite(number):
        raise ValueError(f"column {name!r} of {where!r} must be finite, got {show(stripped)} on line {line}")
    return number


def _refuse_missing(text: str, name: str, line: int, where: str) -> NoReturn:
    got = f"({text})" if text else ""
    raise ValueError(
        f"column {name!r} of {where!r} must have no missing values, got one {got}{' ' if got else ''}on line {line}: "
        "fill or drop the row"
    )
