"""What the command line refuses: one sentence on standard error, the right exit code, nothing written."""

import numpy as np
import pytest

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
    (["train", "digits", "--seed", "-1"], 2, "--seed: must be an integer of at least 0, got '-1'"),
    (["train", "digits", "--task", "guess"], 2, "--task: invalid choice"),
    (["train", "nothing.csv"], 1, "data must be a file, a folder or a built-in set ('digits'), got 'nothing.csv'"),
    (["train", "digits", "--target", "y"], 1, "target must be left out: it names a column of a CSV file, got 'y'"),
    (["train", "digits", "--optimizer", "adamm"], 1, "--optimizer must be one of "),
    (["train", "digits", "--activation", "rellu"], 1, "'rellu'"),
    (["train", "digits", "--loss", "cross"], 1, "'cross'"),
    (["train", "digits", "--loss", "hinge"], 1, "--loss must be one for 10 classes (such as cross_entropy)"),
    (["train", "digits", "--hidden", "8,8,8", "--activation", "relu,tanh"], 1, "activation"),
    (["train", "digits", "--early-stopping", "--validation", "0"], 1, "--early-stopping must have validation rows"),
    (["train", "digits", "--out", "/nowhere/m"], 1, "--out must be in an existing folder, got '/nowhere/m'"),
    (["train", "digits", "--out", "/"], 1, "--out must be a file, got the folder '/'"),
    (["train", "digits", "--test", "nothing.csv"], 1, "got 'nothing.csv'"),
    (["predict", "nothing", "digits"], 1, "path must be an existing file, got 'nothing'"),
    (["predict", "/", "digits"], 1, "path must be a file, got the folder '/'"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD_COMMAND_LINES)
def test_bad_command_lines(arguments, code, message, steep_cli):
    got, out, err = steep_cli(*arguments)
    assert got == code
    assert message in err + (out if not arguments else "")
    if code == 1:
        assert err.startswith("steep: ")
        assert err.count("\n") == 1  # one sentence, no traceback
        assert out == "" or "--activation" in arguments or "--loss" in arguments


def fails(steep_cli, *arguments):
    code, _, err = steep_cli(*arguments)
    assert code == 1
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
