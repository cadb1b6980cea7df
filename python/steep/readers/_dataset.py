"""A data set as the readers return it, and which reader a name or path calls for."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._validation import Array, check_same_rows

BUILT_IN = ("digits",)


@dataclass
class Dataset:
    """
    Inputs, targets and what is known of them.

    Attributes
    ----------
    X : array, (n, d) or (n, height, width[, channels])
        Inputs, uint8 for images of bytes.
    y : array (n,) or (n, k), or None
        Targets as the file has them: numbers, or strings.
    name : str
        What the set is called.
    columns : list of str, or None
        Names of the d inputs.
    target : str, or None
        Name of the target.
    X_test, y_test : arrays, or None
        The test set, where the files have one.
    input_scale : float, or None
        What a network should scale the inputs by: 1/255 for images of bytes.
    is_image : bool
        Whether the inputs are pixels (and so are not standardized column by column).
    """

    X: Array
    y: Array | None
    name: str = "data"
    columns: list[str] | None = None
    target: str | None = None
    X_test: Array | None = None
    y_test: Array | None = None
    input_scale: float | None = None
    is_image: bool = False
    ignored: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check that rows agree."""
        if self.X.ndim < 2:
            raise ValueError(f"X must have at least two axes, got shape {self.X.shape}")
        for X, y, suffix in ((self.X, self.y, ""), (self.X_test, self.y_test, "_test")):
            if X is not None and y is not None:
                check_same_rows(y.shape[0] if y.ndim else 0, X.shape[0], f"y{suffix}", f"X{suffix}")


def load_digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """
    Return the built-in set of handwritten digits.

    Returns
    -------
    X : uint8 array (1797, 64)
        Images of 8 x 8 pixels from 0 to 16, row by row: give the network ``input_scale=1/16``.
    y : int64 array (1797,)
        The digit each image shows.

    Notes
    -----
    E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998,
    https://doi.org/10.24432/C50P49, CC BY 4.0; the same rows as scikit-learn's ``load_digits``.

    Examples
    --------
    >>> X, y = steep.load_digits()
    >>> X.shape, y[:5]
    ((1797, 64), array([0, 1, 2, 3, 4]))
    """
    with np.load(Path(__file__).parent.parent / "data" / "digits.npz") as archive:
        return archive["X"].reshape(-1, 64), archive["y"].astype(np.int64)


def read_dataset(
    source: str | os.PathLike[str],
    *,
    target: str | int | None = None,
    columns: list[str] | None = None,
    need_target: bool = True,
    width: int | None = None,
) -> Dataset:
    """
    Read a data set by name or path, as the command line does.

    Parameters
    ----------
    source : str or path
        ``"digits"``, a CSV file, an NPZ archive, a folder of IDX files under MNIST's names, or, where no target is
        needed, one IDX file. What a file is, its first bytes tell, not its name.
    target : str or int, optional
        The target's column in a CSV file.
    columns : list of str, optional
        Names of the inputs to take from a CSV file.
    need_target : bool
        Refuse data without targets.
    width : int, optional
        How many inputs of a CSV file are wanted where no target is.

    Returns
    -------
    Dataset

    Raises
    ------
    FileNotFoundError
        There is neither a built-in set of that name nor such a file or folder.
    FileFormatError
        The file is damaged or of another kind.
    ValueError
        The file's values cannot be used; the message names row and column.
    """
    from ._csv import read_csv
    from ._idx import is_idx, read_idx, read_idx_folder
    from ._npz import read_npz

    path = Path(source)
    if source in BUILT_IN and not path.exists():
        X, y = load_digits()
        _no_target(target, source, need_target)
        return Dataset(X=X, y=y, name="digits", input_scale=1 / 16, is_image=True)
    if not path.exists():
        names = ", ".join(map(repr, BUILT_IN))
        raise FileNotFoundError(f"data must be a file, a folder or a built-in set ({names}), got {str(source)!r}")
    if path.is_dir():
        _no_target(target, source, need_target)
        return read_idx_folder(path)
    if zipfile.is_zipfile(path) or path.suffix == ".npz":
        _no_target(target, source, need_target)
        return read_npz(path, need_target=need_target)
    if is_idx(path):
        if need_target:
            raise ValueError(f"data must be a folder with IDX files of images and labels, got the file {str(source)!r}")
        X = read_idx(path)
        return Dataset(X=X, y=None, name=path.name, input_scale=1 / 255 if X.dtype == np.uint8 else None, is_image=True)
    return read_csv(path, target=target, columns=columns, need_target=need_target, width=width)


def _no_target(target: str | int | None, source: str | os.PathLike[str], need_target: bool) -> None:
    if target is not None and need_target:
        raise ValueError(
            f"target must be left out: it names a column of a CSV file, got {target!r} for {str(source)!r}"
        )


def split_indices(
    y: Any, fraction: float, seed: int, *, stratify: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """
    Return sorted row indices (rest, part) of a random split by seed, `part` holding about `fraction` of the rows.

    Stratified: each class gives its share, rounded so that the total is right (largest remainders), and keeps at least
    one row in the rest.

    Raises
    ------
    ValueError
        Every class has one row, so that none can be split off.
    """
    n = len(y)
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    size = min(max(round(fraction * n), 1), n - 1)
    if stratify:
        _, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
        exact = counts * (size / n)
        if counts.max() == 1:
            raise ValueError(f"y must have classes of at least 2 rows to split some off, got {n} classes in {n} rows")
        take = np.minimum(np.floor(exact).astype(np.int64), counts - 1)
        by_remainder = np.argsort(-(exact - np.floor(exact)), kind="stable")
        for label in by_remainder[: size - int(take.sum())]:
            take[label] += take[label] < counts[label] - 1
        ranks = np.empty(n, np.int64)  # position of each row within its class, in the shuffled order
        for label in range(counts.size):
            rows = order[labels[order] == label]
            ranks[rows] = np.arange(rows.size)
        chosen = ranks < take[labels]
    else:
        chosen = np.zeros(n, np.bool_)
        chosen[order[:size]] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)
