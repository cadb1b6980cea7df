"""SciPy's sparse matrices: as the core's CSR arrays, or made dense where they are small enough."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ._validation import Array, as_array

__all__ = ["as_csr", "is_sparse", "made_dense"]

_MOST_DENSE = 2**26  # entries of a matrix that is made dense: half a gigabyte


def is_sparse(X: Any) -> bool:
    """Whether X is one of SciPy's sparse matrices or arrays; does not import SciPy."""
    return type(X).__module__.startswith("scipy.sparse")


def as_csr(X: Any, name: str, dtype: npt.DTypeLike | None = None) -> tuple[Array, Array, Array, int]:
    """
    Return (start, column, data, columns) of a sparse matrix, columns ascending within each row.

    Parameters
    ----------
    X : sparse matrix of shape (n, d)
        Left unchanged; its arrays are used in place where they are of the core's types.
    name, dtype
        As for :func:`steep._validation.as_array`.
    """
    if len(X.shape) != 2:
        raise ValueError(f"{name} must be an array of shape (n, d), got shape {X.shape}")
    rows = X.tocsr()
    if min(rows.shape) < 1:
        raise ValueError(f"{name} must have at least one row and one column, got shape {rows.shape}")
    if rows.shape[1] > np.iinfo(np.int32).max:
        raise ValueError(f"{name} must have at most {np.iinfo(np.int32).max} columns, got {rows.shape[1]}")
    if not rows.has_canonical_format:
        rows = rows.copy() if rows is X else rows
        rows.sum_duplicates()
    data = as_array(rows.data, name, dtype, unit="stored entry")
    start = np.ascontiguousarray(rows.indptr, dtype=np.int64)
    return start, np.ascontiguousarray(rows.indices, dtype=np.int32), data, int(rows.shape[1])


def made_dense(X: Any, name: str) -> Any:
    """Return X, as an array where it is sparse; refuse one too large for that."""
    if not is_sparse(X):
        return X
    if np.prod(X.shape, dtype=float) > _MOST_DENSE:
        raise ValueError(
            f"{name} must have at most {_MOST_DENSE} rows times columns where it is sparse, as it is made dense, got "
            f"shape {X.shape}: larger programs are for a solver of sparse ones, such as HiGHS or OSQP"
        )
    return X.toarray()
