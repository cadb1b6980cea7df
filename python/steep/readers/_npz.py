"""NPZ archives of NumPy: arrays `X` and `y`, and a test set where there is one."""

from __future__ import annotations

import os
import zipfile
import zlib

import numpy as np

from .._files import existing_file
from .._safetensors import FileFormatError
from .._validation import Array
from ._dataset import Dataset

_NAMES = {
    "X": ("X", "x", "X_train", "x_train", "data", "images", "inputs"),
    "y": ("y", "Y", "y_train", "Y_train", "target", "targets", "labels"),
    "X_test": ("X_test", "x_test"),
    "y_test": ("y_test", "Y_test"),
}


def read_npz(path: str | os.PathLike[str], *, need_target: bool = True) -> Dataset:
    """
    Read inputs and targets from an NPZ archive.

    Parameters
    ----------
    path : path
        The archive's arrays are found by name: ``X`` (or ``x``, ``X_train``, ``x_train``, ``data``, ``images``,
        ``inputs``), ``y`` (or ``Y``, ``y_train``, ``target``, ``targets``, ``labels``), and ``X_test``, ``y_test``.
    need_target : bool
        Refuse an archive without targets.

    Returns
    -------
    Dataset
        With ``input_scale`` 1/255 for images of bytes (three or more axes).

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        It is no NPZ archive, is damaged, lacks `X` or `y`, or holds Python objects (which are never unpickled).
    """
    file_path = existing_file(path)
    if not zipfile.is_zipfile(file_path):
        raise FileFormatError(f"{os.fspath(path)!r} cannot be read as NPZ: it is not a complete zip archive")
    try:
        with open(file_path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            found = {role: _member(archive, names, path) for role, names in _NAMES.items()}
            names = archive.files
    except FileFormatError:
        raise
    except (
        ValueError,
        OSError,
        EOFError,
        KeyError,
        MemoryError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        reason = "it holds Python objects" if "allow_pickle" in str(error) else f"{type(error).__name__}: {error}"
        raise FileFormatError(f"{os.fspath(path)!r} cannot be read as NPZ: {reason}") from None
    X, y, X_test, y_test = (found[role] for role in _NAMES)
    for role, array in (("X", X), ("y", y)):
        if array is None and (role == "X" or need_target):
            raise FileFormatError(
                f"{os.fspath(path)!r} must have an array {role!r} (or one of {', '.join(_NAMES[role][1:])}), "
                f"got {', '.join(names) or 'none'}"
            )
    if (X_test is None) != (y_test is None):
        raise FileFormatError(
            f"{os.fspath(path)!r} must have both X_test and y_test or neither, got {', '.join(names)}"
        )
    assert X is not None
    return Dataset(
        X=X,
        y=y,
        name=file_path.stem,
        X_test=X_test,
        y_test=y_test,
        input_scale=1 / 255 if X.dtype == np.uint8 and X.ndim > 2 else None,
        is_image=X.ndim > 2,
    )


def _member(archive: np.lib.npyio.NpzFile, names: tuple[str, ...], path: str | os.PathLike[str]) -> Array | None:
    present = [name for name in names if name in archive.files]
    if len(present) > 1:
        raise FileFormatError(
            f"{os.fspath(path)!r} must have one array of {', '.join(names)}, got {', '.join(present)}"
        )
    if not present:
        return None
    array: Array = archive[present[0]]
    return array
