"""How a CSV file is written: its encoding, separator, and whether it begins with a header."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import zlib
from pathlib import Path
from typing import IO

from .._safetensors import FileFormatError

MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-", "#n/a", "<na>", "nil"}


def open_text(path: Path) -> IO[str]:
    """Text of a file, gzipped or not, without a byte order mark."""
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    raw = gzip.open(path, "rb") if compressed else open(path, "rb")  # noqa: SIM115 (closed by the wrapper)
    return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")


def first_records(path: Path, where: str) -> tuple[list[list[str]], str]:
    """Return up to 20 records, and the separator: the candidate that splits most of them alike, into most columns."""
    try:
        with open_text(path) as file:
            text = "".join(itertools.islice((line for line in file if line.strip()), 50))
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{where!r} must be UTF-8 text, got bytes that are not ({error.reason})") from None
    except (OSError, EOFError, zlib.error) as error:
        raise FileFormatError(f"{where!r} cannot be read: {error}") from None
    if "\0" in text:
        raise FileFormatError(f"{where!r} must be a CSV file, got binary data")
    if not text:
        raise FileFormatError(f"{where!r} must have at least one row, got an empty file")
    best, best_separator, best_score = [[text]], ",", (0, 0)
    for candidate in (",", ";", "\t", "|"):
        try:
            records = [r for r in itertools.islice(csv.reader(io.StringIO(text), delimiter=candidate), 20) if r]
        except csv.Error:
            continue
        width = len(records[0]) if records else 0
        score = (sum(len(r) == width for r in records) if width > 1 else 0, width)
        if score > best_score:
            best, best_separator, best_score = records, candidate, score
    return best, best_separator


def parse_number(text: str) -> float | None:
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def has_header(records: list[list[str]]) -> bool:
    """Whether the first record has text where a later one has a number, or no number at all."""
    first = [0.0 if field.strip().lower() in MISSING else parse_number(field) for field in records[0]]
    if all(number is not None for number in first):
        return False
    for i, number in enumerate(first):
        if number is None and any(i < len(r) and parse_number(r[i]) is not None for r in records[1:]):
            return True
    return all(parse_number(field) is None for field in records[0])
