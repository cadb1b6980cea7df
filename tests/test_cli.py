"""The command line, in process: every kind of data, exit codes, and train followed by predict."""

import csv
import gzip
import io
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

import steep
from data_files import mnist_folder, write
from steep.__main__ import main
from steep.readers import load_digits
from steep.serialization import load_saved

IRIS = datasets.load_iris(as_frame=True)


def result(text, part, column):
    """A number of the final table."""
    lines = text.splitlines()
    (top,) = [i for i, line in enumerate(lines) if line.split()[:1] == ["rows"]]
    header = lines[top].replace("log loss", "log_loss").split()
    for line in lines[top + 1 :]:
        if line.split()[:1] == [part]:
            return float(line.split()[1 + header.index(column)].replace(",", "").rstrip("%"))
    raise AssertionError(f"no row {part} in {text}")


# what it does


def test_digits_reach_97_percent_with_the_defaults(steep_cli):
    accuracy = []
    for seed in range(5):
        code, out, err = steep_cli("train", "digits", "--seed", seed)
        assert (code, err) == (0, "")
        accuracy.append(result(out, "test", "accuracy"))
    assert np.mean(accuracy) >= 97
    assert result(out, "train", "rows") + result(out, "validation", "rows") + result(out, "test", "rows") == 1797
    assert "digits: 64 inputs (uint8)" in out
    assert "inputs times 1/16" in out
    assert "true \\ predicted" in out
    matrix = out[out.index("true \\ predicted") :].splitlines()[1:11]
    counts = np.array([[0 if c == "." else int(c) for c in line.split()[1:]] for line in matrix])
    assert counts.sum() == result(out, "test", "rows")
    assert abs(counts.trace() / counts.sum() - accuracy[-1] / 100) < 1e-4


def test_the_same_seed_gives_the_same_output(steep_cli):
    def lines(seed):
        out = steep_cli("train", "digits", "--epochs", 3, "--seed", seed)[1]
        return [line for line in out.splitlines() if " s: " not in line]

    assert lines(7) == lines(7)
    assert lines(7) != lines(8)


def test_csv_with_labels_then_predict(steep_cli, iris, tmp_path):
    model = tmp_path / "iris.safetensors"
    code, out, err = steep_cli("train", iris, "--target", "species", "--epochs", 100, "--out", model)
    assert (code, err) == (0, "")
    assert "classify into 3: setosa, versicolor, virginica" in out
    assert "inputs standardized" in out
    assert result(out, "test", "rows") == 30
    assert result(out, "test", "accuracy") >= 86
    saved = load_saved(model)
    assert saved.labels == ["setosa", "versicolor", "virginica"]
    assert saved.columns == ["sepal length", "sepal width", "petal length", "petal width"]
    assert saved.target == "species"

    # Columns in another order and one too many: the same answers, and the left-out column is named.
    frame = pd.read_csv(iris)[["petal width", "species", "sepal width", "sepal length", "petal length"]]
    frame.insert(0, "id", range(150))
    frame.to_csv(tmp_path / "new.csv", index=False)
    code, out, err = steep_cli("predict", model, tmp_path / "new.csv")
    assert code == 0
    assert "columns left out, which the model does not know: 'id'" in err
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0]) == ["class", "p(setosa)", "p(versicolor)", "p(virginica)"]
    assert np.mean([row["class"] for row in rows] == frame["species"]) > 0.9
    probabilities = np.array([[float(v) for v in list(row.values())[1:]] for row in rows])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert [saved.labels[k] for k in probabilities.argmax(axis=1)] == [row["class"] for row in rows]
    expected = saved.network.predict(IRIS.data.to_numpy())
    np.testing.assert_array_equal(probabilities.astype("f4"), expected)  # printed digits read back exactly

    assert steep_cli("predict", model, tmp_path / "new.csv", "--out", tmp_path / "answers.csv")[1] == ""
    assert (tmp_path / "answers.csv").read_text() == out


def test_regression_then_predict(steep_cli, diabetes, tmp_path):
    model = tmp_path / "m"
    code, out, err = steep_cli(
        "train", diabetes, "--target", "target", "--hidden", "16", "--epochs", 30, "--out", model, "--l2", 0.01
    )
    assert (code, err) == (0, "")
    assert "predict target (1 value)" in out
    assert "target standardized" in out
    assert result(out, "test", "R2") > 0.3  # a linear model has 0.4 to 0.5
    assert result(out, "test", "RMSE") < 77  # the target's own deviation
    assert "predicted" not in out
    code, out, _ = steep_cli("predict", model, diabetes)
    lines = out.splitlines()
    assert lines[0] == "target"
    y = pd.read_csv(diabetes)["target"]
    assert np.corrcoef([float(line) for line in lines[1:]], y)[0, 1] > 0.6


def test_the_scaling_is_fitted_on_training_rows_alone(steep_cli, diabetes, tmp_path):
    model = tmp_path / "m"
    steep_cli(
        "train", diabetes, "--target", "target", "--epochs", 1, "--test", "0", "--validation", "0", "--out", model
    )
    net = load_saved(model).network
    X = pd.read_csv(diabetes).drop(columns="target").to_numpy()
    np.testing.assert_allclose(np.asarray(net.input_scale), 1 / X.std(axis=0), rtol=1e-6)
    steep_cli("train", diabetes, "--target", "target", "--epochs", 1, "--out", model)
    assert not np.allclose(np.asarray(load_saved(model).network.input_scale), 1 / X.std(axis=0), rtol=1e-3)


@pytest.mark.parametrize("pack", [lambda content: content, gzip.compress])
def test_idx_folder_then_predict(steep_cli, tmp_path, pack):
    X, y = load_digits()
    X = X.reshape(-1, 8, 8)
    folder, model = tmp_path / "mnist", tmp_path / "m"
    folder.mkdir()
    parts = {"train-images-idx3-ubyte": X[:1000], "train-labels-idx1-ubyte": y[:1000].astype("u1")}
    mnist_folder(
        folder,
        pack=pack,
        **parts,
        **{"t10k-images-idx3-ubyte": X[1000:1300]},
        **{"t10k-labels-idx1-ubyte": y[1000:1300].astype("u1")},
    )
    code, out, _ = steep_cli("train", folder, "--epochs", 20, "--out", model)
    assert code == 0
    assert "8 x 8 inputs (uint8), rows: 900 train, 100 validation, 300 test" in out
    assert result(out, "test", "accuracy") > 80
    of_folder = steep_cli("predict", model, folder)[1]
    assert len(of_folder.splitlines()) == 301
    assert steep_cli("predict", model, folder / "t10k-images-idx3-ubyte")[1] == of_folder


def test_npz_then_predict(steep_cli, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    np.savez(tmp_path / "a.npz", X=X, y=np.column_stack([X @ [1, 2, 3], X[:, 0]]))
    code, out, _ = steep_cli(
        "train", tmp_path / "a.npz", "--hidden", "0", "--epochs", 200, "--learning-rate", 0.01, "--out", tmp_path / "m"
    )
    assert code == 0
    assert "predict y (2 values)" in out
    assert result(out, "test", "R2") > 0.9
    np.savez(tmp_path / "b.npz", X=X[:3])
    lines = steep_cli("predict", tmp_path / "m", tmp_path / "b.npz")[1].splitlines()
    assert lines[0] == "prediction_0,prediction_1"
    assert len(lines) == 4


def test_task_is_recognized_or_said(steep_cli, tmp_path):
    text = "a,y\n" + "".join(f"{i},{i % 3}\n" for i in range(60))
    path = write(tmp_path / "a.csv", text)
    run = ("train", path, "--target", "y", "--epochs", 1)
    assert "classify into 3: 0, 1, 2" in steep_cli(*run)[1]
    assert "predict y (1 value)" in steep_cli(*run, "--task", "regress")[1]
    run = ("train", path, "--target", "a", "--epochs", 1)
    assert "classify into 60" in steep_cli(*run, "--task", "classify", "--test", "0", "--validation", "0")[1]
    assert "predict a (1 value)" in steep_cli(*run)[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--loss", "squared_error"], "accuracy"),
        (["--scale", "minmax"], "inputs to [-1, 1]"),
        (["--scale", "none"], "inputs as they are"),
        (["--hidden", "8,4", "--activation", "tanh,relu"], "accuracy"),
        (["--validation", "0"], "120 train, 30 test"),
        (["--test", "0"], "135 train, 15 validation\n"),
        (["--test", "0.5"], "75 test"),
        (["--early-stopping", "--validation", "0.2"], "accuracy"),
        (["--early-stopping", "3"], "accuracy"),
        (["--batch-size", "7", "--clip-norm", "1", "--l2", "1e-3", "--class-weight", "balanced"], "accuracy"),
        (["--mixup", "0.2"], "accuracy"),
        (["--optimizer", "SGD", "--learning-rate", "0.1"], "accuracy"),
        (["--dtype", "float64", "--threads", "1"], "accuracy"),
        (["--max-time", "60"], "accuracy"),
    ],
)
def test_options(options, said, steep_cli, iris):
    code, out, err = steep_cli("train", iris, "--target", "species", "--epochs", 5, *options)
    assert (code, err) == (0, "")
    assert said in out


RULES = "adam AdamW rmsprop momentum nesterov adagrad nadam amsgrad lion rprop sgd"


@pytest.mark.parametrize("optimizer", RULES.split())
def test_every_rule(optimizer, steep_cli, iris):
    assert steep_cli("train", iris, "--target", "species", "--epochs", 2, "--optimizer", optimizer)[0] == 0


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "logistic", "hinge", "squared_hinge", "cross_entropy"])
def test_losses_of_two_classes(loss, steep_cli, tmp_path):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 2))
    frame = pd.DataFrame(X, columns=["a", "b"])
    frame["y"] = np.where(X.sum(axis=1) > 0, "yes", "no")
    frame.to_csv(tmp_path / "a.csv", index=False)
    code, out, err = steep_cli(
        "train", tmp_path / "a.csv", "--target", "y", "--loss", loss, "--epochs", 40, "--out", tmp_path / "m"
    )
    assert (code, err) == (0, "")
    assert result(out, "test", "accuracy") > 90
    rows = list(csv.DictReader(io.StringIO(steep_cli("predict", tmp_path / "m", tmp_path / "a.csv")[1])))
    assert np.mean([row["class"] for row in rows] == frame["y"]) > 0.9
    probabilities = loss in ("binary_cross_entropy", "cross_entropy")
    assert list(rows[0]) == (["class", "p(no)", "p(yes)"] if probabilities else ["class", "score"])
    if probabilities:
        assert all((float(row["p(yes)"]) > 0.5) == (row["class"] == "yes") for row in rows)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "poisson"])
def test_losses_of_real_targets(loss, steep_cli, tmp_path):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 2))
    frame = pd.DataFrame(X, columns=["a", "b"])
    frame["y"] = rng.poisson(np.exp(X[:, 0] * 0.5 + 1)) + 0.0
    frame.to_csv(tmp_path / "a.csv", index=False)
    run = ("train", tmp_path / "a.csv", "--target", "y", "--task", "regress", "--loss", loss, "--epochs", 30)
    code, out, err = steep_cli(*run)
    assert (code, err) == (0, "")
    assert result(out, "test", "R2") > 0.1


def test_test_file(steep_cli, iris, tmp_path):
    frame = pd.read_csv(iris)
    frame.iloc[:, ::-1].iloc[::3].to_csv(tmp_path / "test.csv", index=False)
    frame.drop(index=frame.index[::3]).to_csv(tmp_path / "train.csv", index=False)
    run = ("train", tmp_path / "train.csv", "--target", "species", "--epochs", 60, "--test")
    code, out, _ = steep_cli(*run, tmp_path / "test.csv")
    assert code == 0
    assert "90 train, 10 validation, 50 test" in out
    assert result(out, "test", "accuracy") > 85
    frame.replace({"species": {"setosa": "rose"}}).to_csv(tmp_path / "test.csv", index=False)
    code, _, err = steep_cli(*run, tmp_path / "test.csv")
    assert code == 1
    assert err == "steep: test rows must have labels of the training rows, got 'rose' in row 0\n"


def test_divergence_is_said_once_and_nothing_untrained_is_saved(steep_cli, diabetes, tmp_path):
    run = ("train", diabetes, "--target", "target", "--optimizer", "sgd", "--hidden", "0", "--out", tmp_path / "m")
    code, out, err = steep_cli(*run, "--learning-rate", "1e12")
    assert code == 3
    assert (out + err).count("diverged") == 1
    assert err.startswith("steep: training diverged after 0 epochs")
    assert f"nothing was saved to {tmp_path / 'm'}" in err
    assert "RMSE" not in out
    assert not (tmp_path / "m").exists()
    code, out, err = steep_cli(*run, "--learning-rate", "0.8", "--epochs", "500")  # grows for some epochs first
    assert code == 3
    epochs = int(err.split("after ")[1].split()[0])
    assert epochs > 0
    assert f"saved the parameters of the end of epoch {epochs}, before training diverged, to" in out
    assert load_saved(tmp_path / "m").network.n_inputs == 10


def test_perceptron(steep_cli, tmp_path):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 2))
    X = X[np.abs(X.sum(axis=1)) > 0.1]
    frame = pd.DataFrame(X, columns=["a", "b"])
    frame["y"] = np.where(X.sum(axis=1) > 0, "yes", "no")
    frame.to_csv(tmp_path / "a.csv", index=False)
    run = ("train", tmp_path / "a.csv", "--target", "y", "--loss", "perceptron", "--out", tmp_path / "m")
    code, out, _ = steep_cli(*run)
    assert code == 0
    assert "dense step" in out
    assert "separated after" in out
    assert result(out, "train", "accuracy") == 100
    net = load_saved(tmp_path / "m").network
    assert net.parameters[2] == np.round(net.parameters[2])  # the bias started at 0 and moved by 1 a mistake
    assert "dense relu" in steep_cli(*run, "--hidden", "4", "--optimizer", "adam", "--epochs", "2")[1]


def test_a_file_without_header_serves_training_and_prediction(steep_cli, tmp_path):
    rows = [line.split(",") for line in ["1,2,a,3", "4,1,b,0", "2,2,a,4", "5,0,b,1"]] * 10
    path = write(tmp_path / "a.csv", "".join(",".join(row) + "\n" for row in rows))
    assert steep_cli("train", path, "--target", "2", "--epochs", "3", "--out", tmp_path / "m")[0] == 0
    code, out, err = steep_cli("predict", tmp_path / "m", path)
    assert (code, err) == (0, "")
    bare = write(tmp_path / "b.csv", "".join(",".join(row[:2] + row[3:]) + "\n" for row in rows))
    assert steep_cli("predict", tmp_path / "m", bare)[1] == out
    assert len(out.splitlines()) == 41


def test_max_time_includes_the_reading(steep_cli, iris):
    out = steep_cli("train", iris, "--target", "species", "--max-time", "1e-6")[1]
    assert "max_time after 0 epochs" in out


def test_more_than_20_classes_list_the_commonest_confusions(steep_cli, tmp_path):
    rng = np.random.default_rng(0)
    text = "a,y\n" + "".join(f"{rng.normal():.3f},class{i % 25}\n" for i in range(250))
    out = steep_cli("train", write(tmp_path / "a.csv", text), "--target", "y", "--epochs", 1)[1]
    assert "commonest confusions" in out
    assert "taken for class" in out


def test_help_names_every_option(steep_cli):
    code, out, _ = steep_cli("train", "--help")
    assert code == 0
    options = ["target", "test", "validation", "hidden", "activation", "optimizer", "learning-rate", "batch-size"]
    for option in [*options, "epochs", "seed", "threads", "out"]:
        assert f"--{option}" in out
    assert steep_cli("predict", "--help")[0] == 0
    assert "exit codes" in steep_cli("--help")[1]
    assert steep_cli("--version")[1].startswith("steep ")
    assert "compiler" in steep_cli("config")[1]


def test_as_a_module_and_through_a_closed_pipe(iris, tmp_path):
    command = [sys.executable, "-m", "steep"]
    shown = subprocess.run([*command, "train", "digits", "--epochs", "2"], capture_output=True, text=True, check=False)
    assert shown.returncode == 0
    assert shown.stderr == ""  # no progress bar where there is no terminal
    model = tmp_path / "m"
    assert main(["train", "digits", "--epochs", "1", "--out", str(model)]) == 0
    with subprocess.Popen(
        [*command, "predict", model, "digits"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        run.stdout.readline()
        run.stdout.close()
        error = run.stderr.read()
    assert error == b""
    assert run.returncode == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="closes a pipe's end")
def test_a_reader_who_leaves_does_not_cost_the_model(tmp_path):
    model = tmp_path / "m"
    command = [sys.executable, "-u", "-m", "steep", "train", "digits", "--epochs", "1", "--out", model]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
    assert steep.load(model).n_outputs == 10
