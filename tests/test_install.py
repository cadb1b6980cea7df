"""What an installed steep brings: metadata, licences, command, typing marker. Skipped when it runs from its sources."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import steep

try:
    DISTRIBUTION = importlib.metadata.distribution("steep")
except importlib.metadata.PackageNotFoundError:
    DISTRIBUTION = None
installed = pytest.mark.skipif(DISTRIBUTION is None, reason="steep runs from its source tree")


@installed
def test_metadata():
    metadata = DISTRIBUTION.metadata
    assert metadata["Name"] == "steep"
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["Summary"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    runtime = [line for line in metadata.get_all("Requires-Dist") if "extra" not in line]
    assert sorted(line.split(">")[0] for line in runtime) == ["numpy", "tqdm"]
    assert {"test", "sklearn", "scipy", "plot", "pandas", "torch"} <= set(metadata.get_all("Provides-Extra"))
    assert "Typing :: Typed" in metadata.get_all("Classifier")
    assert metadata.get_all("Project-URL") is None
    assert steep.get_config()["version"] == metadata["Version"]


@installed
def test_licences_of_all_that_is_inside():
    names = [Path(file).name for file in DISTRIBUTION.files or []]
    assert {"LICENSE", "LICENSE-Eigen", "LICENSE-pybind11", "LICENSE-digits"} <= set(names)


@installed
def test_the_command_is_installed():
    (entry,) = [point for point in DISTRIBUTION.entry_points if point.group == "console_scripts"]
    assert (entry.name, entry.value) == ("steep", "steep.__main__:main")
    command = Path(sys.executable).parent / "steep"
    shown = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == f"steep {DISTRIBUTION.version}"


def test_package_data():
    folder = Path(steep.__file__).parent
    for name in ("py.typed", "_core.pyi", "data/digits.npz", "data/README.md", "data/LICENSE-digits"):
        assert (folder / name).is_file()
    assert (folder / "data" / "digits.npz").stat().st_size < 60_000


def test_every_public_name_is_there():
    for name in steep.__all__:
        assert getattr(steep, name) is not None
        assert name in dir(steep)
    with pytest.raises(AttributeError, match="module 'steep' has no attribute 'nothing'"):
        _ = steep.nothing
