"""IDX, NPZ, CSV and the built-in digits: values, what is recognized, and every malformed case by its message."""

import contextlib
import gzip

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from data_files import CODES, idx_bytes, mnist_folder, write
from steep._safetensors import FileFormatError
from steep.readers import load_digits, read_csv, read_dataset, read_idx, read_idx_folder, read_npz
from steep.readers._dataset import split_indices

# digits


def test_digits_are_scikit_learns():
    X, y = load_digits()
    oracle = datasets.load_digits()
    assert X.dtype == np.uint8
    np.testing.assert_array_equal(X, oracle.data)
    np.testing.assert_array_equal(y, oracle.target)
    data = read_dataset("digits")
    assert data.input_scale == 1 / 16
    assert data.is_image


# IDX


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 5)])
@pytest.mark.parametrize("compressed", [False, True])
def test_idx_of_every_type(code, shape, compressed, tmp_path):
    array = np.random.default_rng(0).integers(0, 100, shape).astype(code)
    content = idx_bytes(array)
    path = write(tmp_path / "a", gzip.compress(content) if compressed else content)
    result = read_idx(path)
    np.testing.assert_array_equal(result, array)
    assert result.dtype == array.dtype.newbyteorder("=")
    assert result.dtype.isnative
    assert isinstance(result, np.memmap) == (not compressed and array.itemsize == 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no IDX header"),
        (b"\0\0\x08", "no IDX header"),
        (b"\0\0\x07\x01\0\0\0\x01a", "no IDX header"),
        (b"\0\0\x08\x00", "no IDX header"),
        (b"hello world", "68 65 6c 6c"),
        (b"\0\0\x08\x03\0\0\0\x01", "header is truncated"),
        (idx_bytes(np.zeros((3, 4), "u1"))[:-1], r"truncated: shape \(3, 4\) needs 12 bytes of data, the file has 11"),
        (idx_bytes(np.zeros(3, ">f8")) + b"x", "followed by other bytes"),
        (b"\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", "truncated"),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_malformed_idx(content, message, compressed, tmp_path):
    path = write(tmp_path / "a", gzip.compress(content) if compressed else content)
    with pytest.raises(FileFormatError, match=message):
        read_idx(path)


def test_truncated_and_damaged_gzip(tmp_path):
    content = gzip.compress(idx_bytes(np.random.default_rng(0).integers(0, 255, 500).astype("u1")))
    for damaged in (content[:200], content[:5], content[:-3], content[:100] + b"\0\0\0" + content[103:]):
        with pytest.raises(FileFormatError, match="gzip data is damaged or truncated"):
            read_idx(write(tmp_path / "a", damaged))


@pytest.mark.parametrize(("suffix", "pack"), [("", lambda content: content), (".gz", gzip.compress)])
def test_idx_folder(suffix, pack, tmp_path):
    files = mnist_folder(tmp_path, suffix, pack)
    write(tmp_path / "README", "not data")
    data = read_dataset(tmp_path)
    for value, name in zip((data.X, data.y, data.X_test, data.y_test), files, strict=True):
        np.testing.assert_array_equal(value, files[name])
    assert data.input_scale == 1 / 255
    assert data.name == tmp_path.name


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"train-labels-idx1-ubyte": None}, FileNotFoundError, "train-labels-idx1-ubyte or train-labels"),
        ({"t10k-labels-idx1-ubyte": None}, FileNotFoundError, "t10k-labels"),
        (
            {"train-labels-idx1-ubyte": np.zeros(5, "u1")},
            FileFormatError,
            r"one label an image \(6\), got shape \(5,\)",
        ),
        ({"train-labels-idx1-ubyte": np.zeros((6, 1), "u1")}, FileFormatError, "one label an image"),
        ({"train-images-idx3-ubyte": np.zeros(6, "u1")}, FileFormatError, "at least two axes"),
        ({"t10k-images-idx3-ubyte": np.zeros((2, 4, 4), "u1")}, FileFormatError, "do not fit"),
    ],
)
def test_malformed_idx_folder(change, error, message, tmp_path):
    mnist_folder(tmp_path, **change)
    with pytest.raises(error, match=message):
        read_idx_folder(tmp_path)


def test_idx_folder_without_test_set(tmp_path):
    mnist_folder(tmp_path, **{"t10k-images-idx3-ubyte": None, "t10k-labels-idx1-ubyte": None})
    assert read_idx_folder(tmp_path).X_test is None


# NPZ


@pytest.mark.parametrize(("x", "y"), [("X", "y"), ("x_train", "y_train"), ("data", "target"), ("images", "labels")])
def test_npz_names(x, y, tmp_path):
    np.savez(tmp_path / "a.npz", **{x: np.ones((3, 2)), y: np.array(["b", "a", "b"])})
    data = read_dataset(tmp_path / "a.npz")
    assert data.X.shape == (3, 2)
    assert data.y.tolist() == ["b", "a", "b"]
    assert data.input_scale is None


def test_npz_with_test_set_and_images(tmp_path):
    arrays = {"x_train": np.ones((3, 4, 4), "u1"), "y_train": np.arange(3)}
    np.savez(tmp_path / "a.npz", x_test=np.zeros((1, 4, 4), "u1"), y_test=np.arange(1), **arrays)
    data = read_npz(tmp_path / "a.npz")
    assert data.X_test.shape == (1, 4, 4)
    assert data.input_scale == 1 / 255


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": np.arange(3)}, "must have an array 'X'"),
        ({"X": np.ones((3, 2))}, "must have an array 'y' .* got X"),
        ({"X": np.ones((3, 2)), "x": np.ones((3, 2)), "y": np.arange(3)}, "must have one array of"),
        ({"X": np.ones((3, 2)), "y": np.arange(3), "X_test": np.ones((3, 2))}, "both X_test and y_test"),
        ({"X": np.ones((3, 2)), "y": np.array([None] * 3)}, "holds Python objects"),
        ({"X": np.ones((3, 2)), "y": np.arange(4)}, r"y must have as many rows as X \(3\), got 4"),
        ({"X": np.ones(3), "y": np.arange(3)}, "at least two axes"),
    ],
)
def test_malformed_npz_contents(arrays, message, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        read_npz(tmp_path / "a.npz")


def test_malformed_npz_files(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(3))
    np.savez(tmp_path / "a.npz", X=np.ones((300, 2)), y=np.ones(300))
    with pytest.raises(FileFormatError, match="not a complete zip archive"):
        read_npz(tmp_path / "a.npy")
    with pytest.raises(FileFormatError, match="not a complete zip archive"):
        read_npz(write(tmp_path / "b.npz", "hello"))
    with pytest.raises(FileFormatError, match="not a complete zip archive"):
        read_npz(write(tmp_path / "b.npz", (tmp_path / "a.npz").read_bytes()[:3000]))
    damaged = bytearray((tmp_path / "a.npz").read_bytes())
    damaged[400] ^= 255
    with pytest.raises(FileFormatError, match="CRC"):
        read_npz(write(tmp_path / "b.npz", bytes(damaged)))
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "none.npz")


# CSV

IRIS = "a,b,kind\n1,2.5,red\n-3e2,4,blue\n"


@pytest.mark.parametrize(
    "text",
    [
        IRIS,
        IRIS.replace(",", ";"),
        IRIS.replace(",", "\t"),
        IRIS.replace(",", "|"),
        IRIS.replace("\n", "\r\n"),
        IRIS.rstrip("\n"),
        "\ufeff" + IRIS,
        '"a","b","kind"\n"1","2.5","red"\n"-3e2",4,"blue"\n',
        "a, b, kind\n1, 2.5 , red\n -3e2,4, blue\n",
        IRIS + "\n\n",
        'a,b,"kind"\n1,2.5,"red"\n\n-3e2,4,"blue"\n',
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_csv_spellings(text, compressed, tmp_path):
    path = write(tmp_path / "iris.csv", gzip.compress(text.encode()) if compressed else text)
    data = read_csv(path, target="kind")
    np.testing.assert_array_equal(data.X, [[1, 2.5], [-300, 4]])
    assert data.y.tolist() == ["red", "blue"]
    assert (data.columns, data.target, data.name) == (["a", "b"], "kind", "iris")
    assert data.X.flags.c_contiguous


@pytest.mark.parametrize("target", [0, -2, "0"])
def test_csv_target_by_number_without_header(target, tmp_path):
    data = read_csv(write(tmp_path / "a.csv", "1,2\n3,4\n5,6\n"), target=target)
    assert data.columns is None
    np.testing.assert_array_equal(data.X[:, 0], [2, 4, 6])
    np.testing.assert_array_equal(data.y, [1, 3, 5])


def test_csv_quotes_hide_separators_and_line_breaks(tmp_path):
    text = 'a,"the, kind",b\n1,"red, dark",2\n3,"blue\nlight ""x""",4\n'
    data = read_csv(write(tmp_path / "a.csv", text), target="the, kind")
    assert data.y.tolist() == ["red, dark", 'blue\nlight "x"']
    np.testing.assert_array_equal(data.X, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", None),
        ("label,1x1,1x2\n5,0,0\n", ["label", "1x1"]),
        ("2019,2020,kind\n1,2,x\n", ["2019", "2020"]),
        ("year,2020,kind\n1,2,x\n", ["year", "2020"]),
    ],
)
def test_csv_header_is_recognized(text, columns, tmp_path):
    data = read_csv(write(tmp_path / "a.csv", text), target=2)
    if columns == ["2019", "2020"]:  # numbers above numbers: only text above numbers tells a header
        assert data.X.shape == (2, 2)
    else:
        assert data.columns == columns


def test_csv_against_pandas(tmp_path):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(500, 6)) * 10.0 ** rng.integers(-300, 300, (500, 6)), columns=list("abcdef"))
    frame["label"] = rng.choice(["x y", "z,", 'q"'], 500)
    frame.to_csv(tmp_path / "a.csv", index=False)
    data = read_csv(tmp_path / "a.csv", target="label")
    np.testing.assert_array_equal(data.X, frame[list("abcdef")].to_numpy())
    assert data.y.tolist() == frame["label"].tolist()


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("", "y", "empty file"),
        ("\n\n", "y", "empty file"),
        ("a,b,y\n", "y", "at least one row below the header"),
        ("a\0b,y\n1,2\n", "y", "binary data"),
        ("a,b,y\n1,,3\n", "y", "column 'b' of .* must have no missing values, got one on line 2"),
        ("a,b,y\n1,2,3\n4,NA,6\n", "y", r"column 'b' .* no missing values, got one \(NA\) on line 3"),
        ("a,b,y\n1,2,3\n4,nan,6\n", "y", r"column 'b' .* no missing values, got one \(nan\) on line 3"),
        ("a,b,y\n1,2,3\n4,inf,6\n", "y", "column 'b' .* must be finite, got 'inf' on line 3"),
        ("a,b,y\n1,2,3\n4,5,1e999\n", "y", "column 'y' .* must be finite, got '1e999' on line 3"),
        ("a,b,y\n1,2,3\n\n4,5,\n", "y", "column 'y' .* no missing values, got one on line 4"),
        ("a,b,y\n1,2,u\n4,5,NA\n", "y", r"column 'y' .* no missing values, got one \(NA\) on line 3"),
        (",1,2\n3,4,5\n", 2, "column 'x0' .* no missing values, got one on line 1"),
        ("a,b,y\n1,2,3\n4,red,6\n", "y", "column 'b' .* must be numbers, got 'red' on line 3: encode categories"),
        ("a,b,y\n1,2,3\n4,5\n", "y", "must have 3 columns on every line, got 2 on line 3"),
        ("a,b,y\n1,2,u\n4,5,v,6\n", "y", "must have 3 columns on every line, got 4 on line 3"),
        ('a,b,y\n1,2,u\n4,"5,v\n', "y", "cannot be read near line"),
        ("a,b,y\n1,2,3\n", "z", "target must be one of the columns 'a', 'b', 'y', got 'z'"),
        ("a,b,y\n1,2,3\n", 3, "target must be a column from 0 to 2, got 3"),
        ("1,2\n3,4\n", "y", r"target must be a number from 0 to 1 \(no header\), got 'y'"),
        ("a,b,y\n1,2,3\n", None, "target must be one of the columns 'a', 'b', 'y', got none"),
        ("a,a,y\n1,2,3\n", "y", "different column names, got 'a' twice"),
        (",a,y\n0,1,2\n", "y", r"got none for column 0: an index written by pandas\?"),
        ("y\n1\n2\n", "y", "at least one column beside the target"),
        ("a,y\n1_000,2\n", "y", "must be numbers, got '1_000'"),
        ("a;y\n1,5;2\n2,5;3\n", "y", "must be numbers, got '1,5' on line 2"),
    ],
)
def test_malformed_csv(text, target, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_csv(write(tmp_path / "a.csv", text), target=target)


def test_csv_not_text(tmp_path):
    with pytest.raises(FileFormatError, match="UTF-8"):
        read_csv(write(tmp_path / "a.csv", b"a,y\n\xff\xfe,1\n"), target="y")
    with pytest.raises(FileFormatError, match=r"UTF-8|cannot be read"):
        read_csv(write(tmp_path / "a.csv", b"a,y\n" + b"1,2\n" * 100_000 + b"\xff,1\n"), target="y")
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_csv(write(tmp_path / "a.csv", gzip.compress(b"a,y\n1,2\n")[:-4]), target="y")
    with pytest.raises(FileNotFoundError):
        read_csv(tmp_path / "none.csv", target="y")


def test_csv_columns_are_chosen_by_name(tmp_path):
    path = write(tmp_path / "a.csv", "id,b,a,note\n7,1,2,hello\n8,3,4,you\n")
    data = read_csv(path, columns=["a", "b"], need_target=False)
    np.testing.assert_array_equal(data.X, [[2, 1], [4, 3]])
    assert data.y is None
    assert data.ignored == ["id", "note"]
    with pytest.raises(ValueError, match="must have the columns 'a', 'c', 'd', got none named 'c', 'd'"):
        read_csv(path, columns=["a", "c", "d"], need_target=False)
    with pytest.raises(ValueError, match=r"must have 3 columns \('a', 'b', 'c'\), got 2"):
        read_csv(write(tmp_path / "b.csv", "1,2\n3,4\n"), columns=["a", "b", "c"], need_target=False)


def test_csv_of_one_column(tmp_path):
    data = read_csv(write(tmp_path / "a.csv", "a\n1\n2\n"), need_target=False)
    np.testing.assert_array_equal(data.X, [[1], [2]])


# which reader


def test_unknown_data(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a built-in set \('digits'\), got 'digit'"):
        read_dataset("digit")
    with pytest.raises(ValueError, match="target must be left out"):
        read_dataset("digits", target="y")


@pytest.mark.parametrize("seed", range(5))
def test_stratified_split(seed):
    y = np.repeat([0, 1, 2, 3], [50, 30, 19, 1])
    rest, part = split_indices(y, 0.2, seed, stratify=True)
    assert sorted([*rest, *part]) == list(range(100))
    assert len(part) == 20
    counts = np.bincount(y[part], minlength=4)
    assert np.all(np.abs(counts - np.array([10, 6, 3.8, 0.2])) <= 1)
    assert counts[3] == 0
    again = split_indices(y, 0.2, seed, stratify=True)
    np.testing.assert_array_equal(part, again[1])
    assert not np.array_equal(part, split_indices(y, 0.2, seed + 100, stratify=True)[1])
    rest, part = split_indices(y, 0.95, seed, stratify=True)
    assert set(y[rest]) == {0, 1, 2, 3}  # every class is left something to train on
    rest, part = split_indices(y, 0.2, seed, stratify=False)
    assert len(part) == 20
    assert sorted([*rest, *part]) == list(range(100))


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "npz", "idx", "idx.gz"])
@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes_give_an_error_of_ours(kind, seed, tmp_path):
    if kind == "npz":
        np.savez_compressed(tmp_path / "a", X=np.ones((5, 2)), y=np.arange(5))
        content, read = (tmp_path / "a.npz").read_bytes(), read_npz
    elif kind.startswith("idx"):
        content, read = idx_bytes(np.ones((3, 2), "i2")), read_idx
    else:
        content, read = IRIS.encode(), lambda path: read_csv(path, target=-1)
    content = gzip.compress(content) if kind.endswith("gz") else content
    rng = np.random.default_rng(seed)
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(rng.integers(1, 4)):
            place, action = int(rng.integers(len(damaged))), rng.integers(3)
            if action == 0:
                damaged[place] = rng.integers(256)
            elif action == 1:
                del damaged[place : place + 4]
            else:
                damaged[place:place] = rng.choice(list(b',;"\n\r\t x1.-e\0\xff'), 3).astype("u1").tobytes()
        with contextlib.suppress(ValueError):  # FileFormatError is one
            read(write(tmp_path / "b", bytes(damaged)))
