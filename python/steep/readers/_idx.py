"""
IDX files, the format of MNIST: two zero bytes, the element type, the number of axes, each axis as a big-endian
32-bit number, then the elements, big-endian, C order. Source: http://yann.lecun.com/exdb/mnist/ (section FILE FORMATS).
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import numpy as np

from .._files import existing_file
from .._safetensors import FileFormatError
from .._validation import Array
from ._dataset import Dataset

_TYPES = {0x08: "|u1", 0x09: "|i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_AXES = 32


def read_idx(path: str | os.PathLike[str]) -> Array:
    """
    Read one IDX file, gzipped or not.

    Parameters
    ----------
    path : path
        The name does not matter: gzip is recognized by its first bytes.

    Returns
    -------
    array
        Of the file's shape and element type (uint8, int8, int16, int32, float32 or float64) in native byte order. An
        uncompressed file of bytes is memory-mapped, read-only, and not loaded.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is no IDX file, is truncated, or has bytes left over.

    Examples
    --------
    >>> images = steep.read_idx("train-images-idx3-ubyte.gz")  # doctest: +SKIP
    >>> images.shape  # doctest: +SKIP
    (60000, 28, 28)
    """
    file_path = existing_file(path)
    with open(file_path, "rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not compressed:
            dtype, shape, start = _read_header(raw, path)
            have = file_path.stat().st_size - start
            _check_size(have, dtype, shape, path)
            if dtype.itemsize == 1 and have > 0:
                return np.memmap(raw, dtype=dtype, mode="r", offset=start, shape=shape)
            return _native(np.fromfile(raw, dtype=dtype).reshape(shape))
        try:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                dtype, shape, _ = _read_header(cast(BinaryIO, unpacked), path)
                want = prod(shape) * dtype.itemsize
                data = bytearray()  # grows with what is there, not with what a damaged header claims
                while len(data) <= want and (piece := unpacked.read(min(want + 1 - len(data), 1 << 24))):
                    data += piece
        except (EOFError, OSError, zlib.error) as error:
            _refuse(path, f"its gzip data is damaged or truncated ({error})")
        _check_size(len(data), dtype, shape, path, exact=len(data) <= want)
        return _native(np.frombuffer(data, dtype=dtype).reshape(shape))


def is_idx(path: str | os.PathLike[str]) -> bool:
    """Whether a file starts as an IDX file does, under gzip or not."""
    with open(path, "rb") as raw:
        first = raw.read(4)
        if first[:2] == b"\x1f\x8b":
            raw.seek(0)
            try:
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    first = unpacked.read(4)
            except (EOFError, OSError, zlib.error):
                return False
    return len(first) == 4 and first[:2] == b"\0\0" and first[2] in _TYPES and 1 <= first[3] <= _MAX_AXES


def _native(array: Array) -> Array:
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _refuse(path: str | os.PathLike[str], reason: str) -> NoReturn:
    raise FileFormatError(f"{os.fspath(path)!r} cannot be read as IDX: {reason}")


def _read_header(file: BinaryIO, path: str | os.PathLike[str]) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or not 1 <= magic[3] <= _MAX_AXES:
        _refuse(path, f"it starts with the bytes {magic.hex(' ') or '(none)'}, which are no IDX header")
    axes = file.read(4 * magic[3])
    if len(axes) < 4 * magic[3]:
        _refuse(path, "its header is truncated")
    shape = tuple(int(size) for size in np.frombuffer(axes, ">u4"))
    return np.dtype(_TYPES[magic[2]]), shape, 4 + len(axes)


def _check_size(
    have: int, dtype: np.dtype[Any], shape: tuple[int, ...], path: str | os.PathLike[str], exact: bool = True
) -> None:
    want = prod(shape) * dtype.itemsize
    if have == want:
        return
    more = "truncated" if have < want else "followed by other bytes"
    got = str(have) if exact else "more"
    _refuse(path, f"it is {more}: shape {shape} needs {want} bytes of data, the file has {got}")


def read_idx_folder(folder: str | os.PathLike[str]) -> Dataset:
    """
    Read a folder of IDX files under MNIST's names.

    Parameters
    ----------
    folder : path
        With ``train-images...`` and ``train-labels...``, and, where there is a test set, ``t10k-images...`` and
        ``t10k-labels...`` (or ``test-``), each gzipped or not.

    Returns
    -------
    Dataset
        With ``input_scale`` 1/255 for images of bytes.

    Raises
    ------
    FileNotFoundError
        A file is missing; the message names it.
    FileFormatError
        A file is damaged, or images and labels differ in number.
    """
    files = _find(Path(folder))
    X, y = _pair(files, "train", folder)
    test = _pair(files, "test", folder) if any(part == "test" for part, _ in files) else (None, None)
    if test[0] is not None and test[0].shape[1:] != X.shape[1:]:
        _refuse(folder, f"test images of shape {test[0].shape[1:]} do not fit training images of shape {X.shape[1:]}")
    return Dataset(
        X=X,
        y=y,
        name=Path(folder).resolve().name,
        X_test=test[0],
        y_test=test[1],
        input_scale=1 / 255 if X.dtype == np.uint8 else None,
        is_image=X.ndim > 2,
    )


def _find(folder: Path) -> dict[tuple[str, str], Path]:
    pattern = re.compile(
        r"(train|t10k|test)[-_.](images|labels)[-_.]?(idx\d[-_.]ubyte)?(\.idx)?(\.gz)?$", re.IGNORECASE
    )
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.iterdir()):  # an uncompressed file sorts before its .gz and wins
        match = pattern.match(path.name)
        if match:
            part = "train" if match[1].lower() == "train" else "test"
            found.setdefault((part, match[2].lower()), path)
    return found


def _pair(files: dict[tuple[str, str], Path], part: str, folder: str | os.PathLike[str]) -> tuple[Array, Array]:
    prefix = "train" if part == "train" else "t10k"
    for kind, axes in (("images", 3), ("labels", 1)):
        if (part, kind) not in files:
            expected = f"{prefix}-{kind}-idx{axes}-ubyte"
            raise FileNotFoundError(f"folder must have the file {expected} or {expected}.gz, got {os.fspath(folder)!r}")
    images, labels = read_idx(files[part, "images"]), read_idx(files[part, "labels"])
    if images.ndim < 2:
        _refuse(files[part, "images"], f"images must have at least two axes, got shape {images.shape}")
    if labels.ndim != 1 or labels.shape[0] != images.shape[0]:
        _refuse(files[part, "labels"], f"it must have one label an image ({images.shape[0]}), got shape {labels.shape}")
    return images, labels
