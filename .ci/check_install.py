"""Check what an sdist and the steep installed from it contain: size, licences, modules of every level; nothing else."""

import importlib.metadata
import io
import platform
import re
import sys
import tarfile
import zipfile

(sdist_path,) = sys.argv[1:]
failures = []


def need(condition: object, what: str) -> None:
    """Collect a failure."""
    if not condition:
        failures.append(what)


distribution = importlib.metadata.distribution("steep")
files = [file for file in distribution.files or [] if file.suffix != ".pyc" or file.hash]  # pip's own have none
names = [file.as_posix() for file in files]
text, metadata = "\n".join(names), distribution.metadata
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as wheel:
    for file in files:
        wheel.write(file.locate(), file.as_posix())
size = archive.tell()
need(size < 8_000_000, f"what a wheel holds must be under 8 MB, got {size / 1e6:.2f} MB")
for licence in ("LICENSE", "LICENSE-Eigen", "LICENSE-pybind11", "LICENSE-digits"):
    need(re.search(rf"dist-info/licenses/.*{licence}$", text, re.M), f"the install must have the licence {licence}")
for name in ("py.typed", "_core.pyi", "data/digits.npz", "data/README.md", "__main__.py"):
    need(f"steep/{name}" in names, f"the install must have steep/{name}")
for level in ("v2", "v3", "v4") if platform.machine() in ("x86_64", "AMD64") else ("generic",):
    need(
        re.search(rf"^steep/_kernels_{level}\..*so$", text, re.M), f"the install must have the kernels of level {level}"
    )
strangers = [
    n
    for n in names
    if not re.match(r"steep/|steep-[^/]*\.dist-info/|\.\./.*bin/steep$", n) or re.search(r"\.(cpp|hpp|pyc)$", n)
]
need(not strangers, f"the install must have nothing else, got {strangers}")
need(len(re.findall(r"^steep/_core\..*so$", text, re.M)) == 1, "the install must have one core")
need(metadata["License-Expression"] == "BSD-3-Clause", "metadata must name the licence BSD-3-Clause")
need("test" in metadata.get_all("Provides-Extra", []), "metadata must have the extra test")

with tarfile.open(sdist_path) as sdist:
    tops = {name.split("/")[1] for name in sdist.getnames() if "/" in name}
visible = {name for name in tops if not name.startswith(".")}
expected = {"CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE", "PKG-INFO", "cpp", "python", "tests", "bench"}
need(visible == expected, f"sdist must have {sorted(expected)} at its top, got {sorted(visible)}")

for failure in failures:
    print(failure, file=sys.stderr)
print(f"wheel {size / 1e6:.2f} MB, {len(names)} files")
sys.exit(bool(failures))
