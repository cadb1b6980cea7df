"""scikit-learn's own tests, with steep's classes put in the place of its own before the test module is imported."""

import subprocess
import sys

import pytest

SCRIPT = """
import importlib, sys
import pytest, steep.sklearn
home, names, test, chosen = sys.argv[1:]
module = importlib.import_module(home)
for name in names.split(","):
    setattr(module, name, getattr(steep.sklearn, name))
arguments = ["-q", "--pyargs", test, "-p", "no:cacheprovider", "--tb=short"]
arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
sys.exit(pytest.main(arguments + (["-k", chosen] if chosen else [])))
"""


def run(home, names, test, chosen=""):
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, home, names, test, chosen], capture_output=True, text=True, timeout=900
    )
    return found.returncode, found.stdout[-4000:]


@pytest.mark.slow
def test_test_mlp():
    code, text = run("sklearn.neural_network", "MLPClassifier,MLPRegressor", "sklearn.neural_network.tests.test_mlp")
    assert code == 0, text
    assert "passed" in text
    assert "failed" not in text
