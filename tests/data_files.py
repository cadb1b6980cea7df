"""Writes small data files for the tests: IDX, and folders of them."""

import struct

import numpy as np

CODES = {"|u1": 8, "|i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}


def idx_bytes(array, code=None):
    array = np.asarray(array)
    code = code or array.dtype.newbyteorder(">").str
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, CODES[code], array.ndim]) + shape + array.astype(code).tobytes()


def write(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def mnist_folder(tmp_path, suffix="", pack=lambda content: content, **change):
    rng = np.random.default_rng(0)
    files = {
        "train-images-idx3-ubyte": rng.integers(0, 255, (6, 4, 5)).astype("u1"),
        "train-labels-idx1-ubyte": np.arange(6, dtype="u1"),
        "t10k-images-idx3-ubyte": rng.integers(0, 255, (2, 4, 5)).astype("u1"),
        "t10k-labels-idx1-ubyte": np.arange(2, dtype="u1"),
    } | change
    for name, array in files.items():
        if array is not None:
            write(tmp_path / (name + suffix), pack(idx_bytes(array)))
    return files
