"""Data sets from files: IDX, NPZ, CSV, and the built-in digits."""

from ._csv import read_csv
from ._dataset import Dataset, load_digits, read_dataset
from ._idx import read_idx, read_idx_folder
from ._npz import read_npz

__all__ = ["Dataset", "load_digits", "read_csv", "read_dataset", "read_idx", "read_idx_folder", "read_npz"]
