"""What the command line refuses: one sentence on standard error, the right exit code, nothing written."""

import os
import subprocess
import sys

import numpy as np
import pytest

import steep
from data_files import idx_bytes, write

BAD_COMMAND_LINES = [
    ([], 2, "usage: steep"),
    (["fly"], 2, "invalid choice: 'fly'"),
    (["train"], 2, "the following arguments are required: DATA"),
    (["predict", "m"], 2, "the following arguments are required: DATA"),
    (["train", "digits", "--epochs", "0"], 2, "--epochs: must be an integer of at least 1, got '0'"),
    (["train", "digits", "--epochs", "x"], 2, "--epochs: must be an integer of at least 1, got 'x'"),
    (["train", "digits", "--batch-size", "-1"], 2, "--batch-size: must be an integer of at least 1, got '-1'"),
    (["train", "digits", "--learning-rate", "0"], 2, "--learning-rate: must be a positive number, got '0'"),
    (["train", "digits", "--learning-rate", "nan"], 2, "--learning-rate: must be a positive number, got 'nan'"),
    (["train", "digits", "--l2", "-1"], 2, "--l2: must be a positive number, got '-1'"),
    (["train", "digits", "--hidden", "8,,4"], 2, "--hidden: must be widths such as 256,128"),
    (["train", "digits", "--validation", "1"], 2, "--validation: must be a fraction from 0 to below 1, got '1'"),
    (["train", "digits", "--test", "1.5"], 2, "--test: must be a fraction from 0 to below 1, got '1.5'"),
    (["train", "digits", "--seed", "-1"], 2, "--seed: must be an integer from 0 to 18446744073709551615, got '-1'"),
    (["train", "digits", "--seed", str(2**64)], 2, "--seed: must be an integer from 0 to 18446744073709551615"),
    (["train", "digits", "--threads", "5000"], 2, "--threads: must be an integer from 1 to 1024, got '5000'"),
    (["train", "digits", "--batch-size", "9" * 20], 2, "--batch-size: must be an integer of at most 2147483647"),
    (["predict", "m", "digits", "--threads", "0"], 2, "--threads: must be an integer of at least 1, got '0'"),
    (["train", "digits", "--task", "guess"], 2, "--task: invalid choice"),
    (["train", "nothing.csv"], 1, "data must be a file, a folder or a built-in set ('digits'), got 'nothing.csv'"),
    (["train", "digits", "--target", "y"], 1, "target must be left out: it names a column of a CSV file, got 'y'"),
    (["train", "digits", "--optimizer", "adamm"], 2, "got 'adamm' (did you mean 'adam'?)"),
    (["train", "digits", "--optimizer", "lbfg"], 2, "got 'lbfg' (did you mean 'lbfgs'?)"),
    (["train", "digits", "--activation", "rellu"], 2, "--activation: must be one of 'identity', "),
    (["train", "digits", "--activation", "relu,step"], 2, "got 'step'"),
    (["train", "digits", "--loss", "cross"], 2, "--loss: must be one of 'squared_error', "),
    (["train", "digits", "--loss", "hinge"], 2, "--loss must be one for 10 classes (such as cross_entropy)"),
    (["train", "digits", "--hidden", "8,8,8", "--activation", "relu,tanh"], 2, "--activation must be one name, or"),
    (["train", "digits", "--hidden", "1000000000"], 2, "--hidden must be widths of a network that fits into memory"),
    (["train", "digits", "--l1", "1e-3", "--optimizer", "lion"], 2, "--l1 must have no l1 part with Lion"),
    (["train", "digits", "--optimizer", "lbfgs", "--batch-size", "9"], 2, "--batch-size must be left out or 1294 with"),
    (["train", "digits", "--optimizer", "lbfgs", "--clip-norm", "9"], 2, "--clip-norm must be left out with lbfgs"),
    (["train", "digits", "--optimizer", "lbfgs", "--mixup", "9"], 2, "--mixup must be left out with lbfgs"),
    (["train", "digits", "--optimizer", "lm", "--learning-rate", "9"], 2, "--learning-rate must be left out"),
    (["train", "digits", "--task", "regress", "--class-weight", "balanced"], 2, "--class-weight must be left out"),
    (["train", "digits", "--early-stopping", "--validation", "0"], 2, "--early-stopping must have validation rows"),
    (["train", "digits", "--out", "/nowhere/m"], 2, "--out must be in an existing folder, got '/nowhere/m'"),
    (["train", "digits", "--out", "/"], 2, "--out must be a file, got the folder '/'"),
    (["train", "digits", "--test", "nothing.csv"], 1, "got 'nothing.csv'"),
    (["predict", "nothing", "digits"], 1, "path must be an existing file, got 'nothing'"),
    (["predict", "/", "digits"], 1, "path must be a file, got the folder '/'"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD_COMMAND_LINES)
def test_bad_command_lines(arguments, code, message, steep_cli):
    got, out, err = steep_cli(*arguments)
    assert got == code
    assert message in err + (out if not arguments else "")
    assert not arguments or out == ""  # refused before the summary
    assert "Traceback" not in err
    if code == 1 or err.startswith("steep: "):
        assert err.startswith("steep: ")
        assert err.count("\n") == 1  # one sentence


@pytest.mark.parametrize("level", ["v9", "none"])
def test_an_impossible_level_is_one_line(level, tmp_path):
    (tmp_path / "steep").write_text("import sys\nfrom steep.__main__ import main\nsys.exit(main())\n")
    for command in (["-m", "steep"], [tmp_path / "steep"]):
        run = subprocess.run(
            [sys.executable, *command, "config"], env=os.environ | {"STEEP_ISA": level}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert run.returncode == 2
        assert run.stdout == ""
        assert run.stderr.startswith("steep: STEEP_ISA must be one of v")
        assert run.stderr.count("\n") == 1
    imported = subprocess.run(
        [sys.executable, "-c", "import steep"], env=os.environ | {"STEEP_ISA": level}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert "ImportError: STEEP_ISA must be one of v" in imported.stderr  # in a program it stays an exception


def test_classes_that_cannot_be_split(steep_cli, tmp_path):
    text = "a,y\n" + "".join(f"{i / 7:.3f},{i % 400}\n" for i in range(442))
    many = write(tmp_path / "a.csv", text)
    code, out, err = steep_cli("train", many, "--target", "y", "--task", "classify")
    assert (code, out) == (2, "")
    assert "got 400 different values in 442 rows: --task regress predicts numbers" in err
    net = steep.MLP([1, 3], output="softmax")
    with pytest.raises(ValueError, match="y must have classes of at least 2 rows to split some off, got 3 classes"):
        steep.train(net, np.ones((3, 1)), [0, 1, 2], validation=0.3)


def fails(steep_cli, *arguments, code=1):
    found, _, err = steep_cli(*arguments)
    assert found == code
    assert err.startswith("steep: ")
    assert err.count("\n") == 1
    return err


def test_bad_data(steep_cli, iris, tmp_path):
    assert "target must be one of the columns 'sepal length'" in fails(steep_cli, "train", iris)
    assert "got 'kind'" in fails(steep_cli, "train", iris, "--target", "kind")
    error = fails(steep_cli, "train", iris, "--target", "petal width")
    assert "column 'species'" in error
    assert "must be numbers, got 'setosa' on line 2" in error
    text = iris.read_text().replace("5.1", "", 1)
    error = fails(steep_cli, "train", write(tmp_path / "b.csv", text), "--target", "species")
    assert "column 'sepal length'" in error
    assert "no missing values, got one on line 2" in error
    one_class = "a,y\n" + "1,red\n" * 20
    error = fails(steep_cli, "train", write(tmp_path / "b.csv", one_class), "--target", "y")
    assert "y must have at least two classes, got only 'red'" in error
    error = fails(steep_cli, "train", write(tmp_path / "b.csv", "a,y\n1,red\n2,blue\n"), "--target", "y")
    assert "DATA must have at least 10 rows to split, got 2" in error
    assert "no IDX header" not in fails(steep_cli, "train", tmp_path)
    assert "train-images" in fails(steep_cli, "train", tmp_path)
    lone = write(tmp_path / "images", idx_bytes(np.zeros((3, 4, 4), "u1")))
    assert "a folder with IDX files" in fails(steep_cli, "train", lone)
    error = fails(steep_cli, "train", iris, "--target", "species", "--task", "regress")
    assert "strings" in error
    other = write(tmp_path / "c.csv", "a,species\n1,setosa\n")
    error = fails(steep_cli, "train", iris, "--target", "species", "--test", other)
    assert "must have the columns" in error


def test_data_that_do_not_fit_the_model(steep_cli, iris, tmp_path):
    model = tmp_path / "m"
    assert steep_cli("train", iris, "--target", "species", "--epochs", 1, "--out", model)[0] == 0
    other = write(tmp_path / "a.csv", "sepal length,sepal width,petal length,petal\n1,2,3,4\n")
    error = fails(steep_cli, "predict", model, other)
    assert "must have the columns 'sepal length', 'sepal width', 'petal length', 'petal width'" in error
    assert "got none named 'petal width'" in error
    error = fails(steep_cli, "predict", model, write(tmp_path / "a.csv", "1,2,3\n4,5,6\n"))
    assert "must have 4 columns" in error
    assert "must have 4 inputs a row, as the model has, got 64" in fails(steep_cli, "predict", model, "digits")
    assert "existing folder" in fails(steep_cli, "predict", model, iris, "--out", tmp_path / "no" / "a.csv")
    damaged = write(tmp_path / "d", model.read_bytes()[:-8])
    assert "cannot be read: it is truncated" in fails(steep_cli, "predict", damaged, iris)
    error = fails(steep_cli, "predict", iris, iris)
    assert "not a safetensors file" in error


def test_a_failed_prediction_writes_nothing(steep_cli, iris, tmp_path):
    model = tmp_path / "m"
    steep_cli("train", iris, "--target", "species", "--epochs", 1, "--out", model)
    header = "sepal length,sepal width,petal length,petal width\n"
    bad = write(tmp_path / "a.csv", header + "1,2,3,4\n1,2,x,4\n")
    answers = tmp_path / "answers.csv"
    assert "got 'x' on line 3" in fails(steep_cli, "predict", model, bad, "--out", answers)
    assert not answers.exists()


def test_nothing_is_written_over_what_is_read(steep_cli, iris, tmp_path):
    before = iris.read_bytes()
    assert "--out must be another file" in fails(steep_cli, "train", iris, "--target", "species", "--out", iris, code=2)
    model = tmp_path / "m"
    assert steep_cli("train", iris, "--target", "species", "--epochs", 1, "--out", model)[0] == 0
    for out in (model, iris):
        assert "--out must be another file" in fails(steep_cli, "predict", model, iris, "--out", out, code=2)
    assert iris.read_bytes() == before


def test_bad_rows_of_a_file_are_named_before_training(steep_cli, tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(int)
    model = tmp_path / "m"
    np.savez(tmp_path / "shape.npz", X=X, y=y, X_test=X[:5, :2], y_test=y[:5])
    error = fails(steep_cli, "train", tmp_path / "shape.npz", "--out", model)
    assert "the test rows must have the shape of the training rows, (3,), got (2,)" in error
    bad = X.copy()
    bad[17, 2] = np.nan
    np.savez(tmp_path / "nan.npz", X=bad, y=y)
    assert "got nan at row 17, column 2" in fails(steep_cli, "train", tmp_path / "nan.npz", "--out", model)
    np.savez(tmp_path / "test.npz", X=X, y=y, X_test=bad, y_test=y)
    assert "test rows' X must be finite" in fails(steep_cli, "train", tmp_path / "test.npz", "--out", model)
    assert not model.exists()
