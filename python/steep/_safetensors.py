"""
Read and write the safetensors layout: named arrays and text, no code.

A file is the length of the header (8 bytes, little-endian), the header (JSON: for each array dtype, shape and offsets
into what follows; "__metadata__" maps text to text) and the arrays' bytes, C order, little-endian, without gaps.
Layout: https://github.com/huggingface/safetensors (README, "Format").
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, NoReturn

import numpy as np

from ._files import existing_file, write_atomically
from ._validation import Array

MAX_HEADER = 100_000_000  # the layout's own limit, in bytes
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive (.npz, .pt or .keras)"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x93NUMPY", "a NumPy .npy file"),
    (b"\x80", "a pickle"),
)


class FileFormatError(ValueError):
    """A file is damaged, of another kind, or of a newer version."""


def write_safetensors(
    path: str | os.PathLike[str], tensors: Mapping[str, Array], metadata: Mapping[str, str] | None = None
) -> None:
    """
    Write named arrays and text to a file, atomically.

    Parameters
    ----------
    path : path
    tensors : mapping of str to array
        Bool, integer and float arrays (float16 to float64), of any stride.
    metadata : mapping of str to str, optional
    """
    header: dict[str, Any] = {}
    if metadata:
        for key, value in metadata.items():
            if not isinstance(key, str) or not isinstance(value, str):
                raise TypeError(f"metadata must map strings to strings, got {key!r}: {value!r}")
        header["__metadata__"] = dict(metadata)
    # Wide elements first, so that every array starts at a multiple of its own element size.
    arrays = sorted(
        ((name, np.asarray(array)) for name, array in tensors.items()), key=lambda item: (-item[1].itemsize, item[0])
    )
    offset = 0
    for name, array in arrays:
        if not isinstance(name, str) or name == "__metadata__":
            raise ValueError(f"tensors must be named by strings other than '__metadata__', got {name!r}")
        dtype = _NAMES.get(array.dtype.newbyteorder("<"))
        if dtype is None:
            raise TypeError(f"tensors must be bool, integer or float arrays, got {array.dtype} for {name!r}")
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise ValueError(f"metadata must fit a header of {MAX_HEADER} bytes, got {len(text)}")

    def chunks() -> Iterator[Any]:
        yield len(text).to_bytes(8, "little")
        yield text
        for _, array in arrays:
            yield np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(-1).view(np.uint8).data

    write_atomically(path, chunks())


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    """
    Read a file's arrays and metadata.

    Returns
    -------
    tensors : dict of str to array
        New, writable arrays in native byte order.
    metadata : dict of str to str

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        There is no such file.
    FileFormatError
        The file is of another kind, damaged or truncated; the message says which.
    """
    file_path = existing_file(path)
    size = file_path.stat().st_size
    with open(file_path, "rb") as file:
        header, start = _read_header(file, size, str(path))
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            _refuse(path, "its metadata is not text")
        entries = {name: _entry(entry, name, path) for name, entry in header.items()}
        expected = 0
        for name, (_, _, begin, end) in sorted(entries.items(), key=lambda item: item[1][2:]):
            if begin != expected:
                _refuse(path, f"array {name!r} starts at byte {begin} instead of {expected}")
            expected = end
        if expected != size - start:
            kind = "truncated" if expected > size - start else "followed by bytes that belong to no array"
            _refuse(path, f"it is {kind}: {size} bytes instead of {start + expected}")
        tensors = {}
        for name, (dtype, shape, begin, _) in entries.items():
            file.seek(start + begin)
            array = np.fromfile(file, dtype=dtype, count=prod(shape)).reshape(shape)
            if array.dtype == np.bool_ and array.size and array.view(np.uint8).max() > 1:
                _refuse(path, f"array {name!r} holds bytes that are neither true nor false")
            tensors[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
    return tensors, metadata


def _refuse(path: str | os.PathLike[str], reason: str) -> NoReturn:
    raise FileFormatError(f"{os.fspath(path)!r} cannot be read: {reason}")


def _read_header(file: Any, size: int, path: str) -> tuple[dict[str, Any], int]:
    first, brace = file.read(8), file.read(1)
    for magic, what in _FOREIGN:
        if first.startswith(magic) and brace != b"{":  # a header's length may have any first byte
            _refuse(path, f"it is {what}, not a safetensors file")
    if len(first) < 8:
        _refuse(path, f"it has {size} bytes, too few for a safetensors file")
    length = int.from_bytes(first, "little")
    if length > MAX_HEADER:
        _refuse(path, "it is not a safetensors file (its first 8 bytes are no header length)")
    if length < 2:
        _refuse(path, f"its header has {length} bytes, too few")
    if length > size - 8:
        _refuse(path, f"it is truncated: a header of {length} bytes does not fit in {size} bytes")
    try:
        header = json.loads((brace + file.read(length - 1)).decode(), object_pairs_hook=_unique)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        _refuse(path, f"its header is not valid ({type(error).__name__}: {error})")
    if not isinstance(header, dict):
        _refuse(path, "its header is not a JSON object")
    return header, 8 + length


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name occurs twice")
    return result


def _entry(entry: Any, name: str, path: str | os.PathLike[str]) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        _refuse(path, f"the header's entry of array {name!r} is not valid")
    if entry["dtype"] not in _DTYPES:
        _refuse(path, f"array {name!r} has dtype {entry['dtype']!r}; NumPy has {', '.join(_DTYPES)}")
    dtype, shape, offsets = np.dtype(_DTYPES[entry["dtype"]]), entry["shape"], entry["data_offsets"]
    numbers = shape + offsets if isinstance(shape, list) and isinstance(offsets, list) else [None]
    if not all(type(value) is int and 0 <= value < 2**62 for value in numbers) or len(offsets) != 2:
        _refuse(path, f"array {name!r} has an invalid shape or offsets")
    if len(shape) > 32 or offsets[1] - offsets[0] != prod(shape) * dtype.itemsize:
        _refuse(
            path, f"array {name!r} of shape {tuple(shape)} does not fill the {offsets[1] - offsets[0]} bytes it has"
        )
    return dtype, tuple(shape), offsets[0], offsets[1]
