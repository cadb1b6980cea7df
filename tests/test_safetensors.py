"""The safetensors layout against the package `safetensors`, and every kind of damaged file."""

import json
import os
import stat

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from steep._files import write_atomically
from steep._safetensors import FileFormatError, read_safetensors, write_safetensors

DTYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]


def sample() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    arrays = {f"a.{code}": (rng.normal(size=(3, 5)) * 50).astype(code) for code in DTYPES if code[0] != "u"}
    arrays |= {f"a.{code}": rng.integers(0, 200, size=(2, 1, 7)).astype(code) for code in DTYPES if code[0] == "u"}
    return arrays | {"empty": np.zeros((0, 4), "f4"), "scalar": np.array(2.5), "ünï": np.arange(3.0)}


def same(left, right):
    assert left.keys() == right.keys()
    for name, array in left.items():
        assert right[name].dtype == array.dtype
        np.testing.assert_array_equal(right[name], array)


def test_the_package_reads_what_we_write(tmp_path):
    write_safetensors(tmp_path / "a.safetensors", sample(), {"k": "ü\n", "z": ""})
    same(sample(), safetensors.numpy.load_file(tmp_path / "a.safetensors"))
    with safetensors.safe_open(tmp_path / "a.safetensors", "numpy") as file:
        assert file.metadata() == {"k": "ü\n", "z": ""}


def test_we_read_what_the_package_writes(tmp_path):
    safetensors.numpy.save_file(sample(), tmp_path / "a.safetensors", {"k": "v"})
    tensors, metadata = read_safetensors(tmp_path / "a.safetensors")
    same(sample(), tensors)
    assert metadata == {"k": "v"}
    assert all(array.flags.writeable for array in tensors.values())


def test_strides_and_byte_order_are_normalized(tmp_path):
    matrix = np.arange(12, dtype=">f4").reshape(3, 4)
    write_safetensors(tmp_path / "a", {"t": matrix.T, "s": matrix[::2, ::-1]})
    tensors, metadata = read_safetensors(tmp_path / "a")
    np.testing.assert_array_equal(tensors["t"], matrix.T)
    np.testing.assert_array_equal(tensors["s"], matrix[::2, ::-1])
    assert tensors["t"].dtype == np.float32
    assert metadata == {}


def test_arrays_are_aligned(tmp_path):
    write_safetensors(tmp_path / "a", sample(), {"odd": "x" * 3})
    raw = (tmp_path / "a").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    assert length % 8 == 0
    for name, entry in json.loads(raw[8 : 8 + length]).items():
        if name != "__metadata__":
            assert entry["data_offsets"][0] % sample()[name].itemsize == 0


def test_every_header_length_is_read(tmp_path):
    first_bytes = set()
    for padding in range(0, 300, 8):
        write_safetensors(tmp_path / "a", {"w": np.arange(3.0)}, {"k": "x" * padding})
        first_bytes.add((tmp_path / "a").read_bytes()[0])
        assert read_safetensors(tmp_path / "a")[1] == {"k": "x" * padding}
    assert 0x80 in first_bytes  # also the first byte of a pickle


def raw_file(header, data=b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


DAMAGED = {
    "empty file": (b"", "0 bytes, too few"),
    "no header": (bytes(16), "0 bytes, too few"),
    "short": (b"abc", "3 bytes, too few"),
    "npz": (b"PK\x03\x04 and more", "zip archive"),
    "pickle": (b"\x80\x04\x95 and more", "pickle"),
    "hdf5": (b"\x89HDF\r\n\x1a\n", "HDF5"),
    "gzip": (b"\x1f\x8b\x08 and more", "gzip"),
    "npy": (b"\x93NUMPY and more", "npy"),
    "text": (b"a,b,c\n1,2,3\n4,5,6\n", "not a safetensors file"),
    "header too long for the file": ((500).to_bytes(8, "little") + b"{}", "truncated"),
    "header not JSON": (raw_file(b"hello"), "header is not valid"),
    "header not UTF-8": (raw_file(b"\xff\xfe{}"), "header is not valid"),
    "header nested without end": (raw_file(b"[" * 100_000), "header is not valid"),
    "header a list": (raw_file([1]), "not a JSON object"),
    "duplicate name": (raw_file(b'{"a":1,"a":2}'), "occurs twice"),
    "metadata not text": (raw_file({"__metadata__": {"a": 1}}), "metadata is not text"),
    "entry not an object": (raw_file({"a": 3}), "entry of array 'a'"),
    "entry incomplete": (raw_file({"a": {"dtype": "F32"}}), "entry of array 'a'"),
    "unknown dtype": (raw_file({"a": entry("BF16", (4,))}, b"0" * 8), "BF16"),
    "negative shape": (raw_file({"a": entry(shape=(-2, -1))}, b"0" * 8), "invalid shape"),
    "float shape": (raw_file({"a": entry(shape=(2.0,))}, b"0" * 8), "invalid shape"),
    "three offsets": (raw_file({"a": entry(offsets=(0, 8, 8))}, b"0" * 8), "invalid shape"),
    "offsets reversed": (raw_file({"a": entry(offsets=(8, 0))}, b"0" * 8), "does not fill"),
    "shape too large": (raw_file({"a": entry(shape=(2**40, 2**21))}, b"0" * 8), "does not fill"),
    "array truncated": (raw_file({"a": entry()}, b"0" * 5), "truncated"),
    "array beyond the file": (raw_file({"a": entry(shape=(2**40,), offsets=(0, 2**42))}), "truncated"),
    "bytes left over": (raw_file({"a": entry()}, b"0" * 9), "belong to no array"),
    "gap": (raw_file({"a": entry(), "b": entry(offsets=(12, 20))}, b"0" * 20), "starts at byte 12"),
    "overlap": (raw_file({"a": entry(), "b": entry(offsets=(4, 12))}, b"0" * 12), "starts at byte 4"),
    "bool of 2": (raw_file({"a": entry("BOOL", (1,), (0, 1))}, b"\x02"), "neither true nor false"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_files_are_refused_with_the_reason(case, tmp_path):
    content, reason = DAMAGED[case]
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(FileFormatError, match=reason):
        read_safetensors(tmp_path / "a")


def test_every_truncation_is_refused(tmp_path):
    write_safetensors(tmp_path / "a", {"w": np.arange(6.0), "b": np.arange(3, dtype="u1")}, {"k": "v"})
    raw = (tmp_path / "a").read_bytes()
    for size in range(len(raw)):
        (tmp_path / "b").write_bytes(raw[:size])
        with pytest.raises(FileFormatError):
            read_safetensors(tmp_path / "b")


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_header_byte_never_crashes(seed, tmp_path):
    write_safetensors(tmp_path / "a", {"w": np.arange(6.0)}, {"k": "v"})
    raw = bytearray((tmp_path / "a").read_bytes())
    rng = np.random.default_rng(seed)
    for _ in range(30):
        damaged = raw.copy()
        damaged[rng.integers(0, len(raw) - 48)] = rng.integers(0, 256)
        (tmp_path / "b").write_bytes(damaged)
        try:
            tensors, _ = read_safetensors(tmp_path / "b")
        except FileFormatError:
            continue
        assert sum(array.nbytes for array in tensors.values()) == 48


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="must be an existing file"):
        read_safetensors(tmp_path / "none")
    with pytest.raises(IsADirectoryError, match="got the folder"):
        read_safetensors(tmp_path)
    with pytest.raises(FileNotFoundError, match="existing folder"):
        write_safetensors(tmp_path / "none" / "a", {})


@pytest.mark.parametrize(
    ("tensors", "metadata", "error", "message"),
    [
        ({"a": np.array(["x"])}, None, TypeError, "bool, integer or float"),
        ({"a": np.array([1j])}, None, TypeError, "complex128 for 'a'"),
        ({"a": np.array([None])}, None, TypeError, "object"),
        ({"__metadata__": np.zeros(1)}, None, ValueError, "other than '__metadata__'"),
        ({}, {"a": 1}, TypeError, "strings to strings"),
    ],
)
def test_what_cannot_be_written_leaves_no_file(tensors, metadata, error, message, tmp_path):
    with pytest.raises(error, match=message):
        write_safetensors(tmp_path / "a", tensors, metadata)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(tmp_path):
    target = tmp_path / "model"
    target.write_bytes(b"old")

    def chunks():
        yield b"new"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(target, chunks())
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_links_and_permissions_survive(tmp_path):
    target, link = tmp_path / "model", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_atomically(link, [b"new"])
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(os.stat(target).st_mode) == 0o640
    with pytest.raises(IsADirectoryError, match="regular file"):
        write_atomically(tmp_path, [b""])
