"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_atomically(path: str | os.PathLike[str], chunks: Iterable[Any]) -> None:
    """
    Write chunks of bytes to a file beside `path`, then move it there, so that a reader sees the old file or the new.

    Nothing is left behind when writing fails. An existing file keeps its permissions, a symbolic link its place.
    """
    final = os.path.realpath(os.fspath(path))
    folder = os.path.dirname(final)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"path must be in an existing folder, got {str(path)!r}")
    if os.path.exists(final) and not os.path.isfile(final):
        raise IsADirectoryError(f"path must be a regular file, got {str(path)!r}")
    temporary = os.path.join(folder, f".{os.path.basename(final)[:200]}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(final):
            os.chmod(temporary, os.stat(final).st_mode & 0o7777)
        os.replace(temporary, final)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    """Make the move itself durable, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def existing_file(path: str | os.PathLike[str], name: str = "path") -> Path:
    """Return the path of a file that is there, or raise the error that says what is wrong."""
    result = Path(path)
    if not result.exists():
        raise FileNotFoundError(f"{name} must be an existing file, got {str(path)!r}")
    if result.is_dir():
        raise IsADirectoryError(f"{name} must be a file, got the folder {str(path)!r}")
    return result
