"""Fixtures of the command line's tests, and a Ctrl-C that is heard however pytest was started."""

import signal

import pytest
from sklearn import datasets

import steep
from steep.__main__ import main

# A process started in the background of a shell ignores SIGINT, and Python then installs no handler.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def iris(tmp_path):
    source = datasets.load_iris(as_frame=True)
    frame = source.data.copy()
    frame.columns = ["sepal length", "sepal width", "petal length", "petal width"]
    frame["species"] = source.target_names[source.target]
    frame.to_csv(tmp_path / "iris.csv", index=False)
    return tmp_path / "iris.csv"


@pytest.fixture
def diabetes(tmp_path):
    frame = datasets.load_diabetes(as_frame=True).frame
    frame["bp"] += 1e4  # an offset that only standardized inputs survive
    frame.to_csv(tmp_path / "diabetes.csv", index=False)
    return tmp_path / "diabetes.csv"


@pytest.fixture
def steep_cli(capsys):
    """Run the command; return exit code, standard output, standard error."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse's way out
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield run
    steep.set_num_threads(None)
