"""Check what a wheel and an sdist contain: size, licences, modules of every level, stubs, data; nothing else."""

import re
import sys
import tarfile
import zipfile
from pathlib import Path

wheel_path, sdist_path = sys.argv[1:]
failures = []


def need(condition: object, what: str) -> None:
    """Collect a failure."""
    if not condition:
        failures.append(what)


size = Path(wheel_path).stat().st_size
need(size < 8_000_000, f"wheel must be under 8 MB, got {size / 1e6:.2f} MB")
with zipfile.ZipFile(wheel_path) as wheel:
    names = wheel.namelist()
    metadata = wheel.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()
text = "\n".join(names)
for licence in ("LICENSE", "LICENSE-Eigen", "LICENSE-pybind11", "LICENSE-digits"):
    need(re.search(rf"dist-info/licenses/.*{licence}$", text, re.M), f"wheel must have the licence {licence}")
for name in ("py.typed", "_core.pyi", "data/digits.npz", "data/README.md", "__main__.py"):
    need(f"steep/{name}" in names, f"wheel must have steep/{name}")
for level in ("v2", "v3", "v4") if "x86_64" in wheel_path else ("generic",):
    need(re.search(rf"^steep/_kernels_{level}\..*so$", text, re.M), f"wheel must have the kernels of level {level}")
strangers = [
    n for n in names if not re.match(r"steep/|steep-[^/]*\.dist-info/", n) or re.search(r"\.(cpp|hpp|pyc)$", n)
]
need(not strangers, f"wheel must have nothing else, got {strangers}")
need(len(re.findall(r"^steep/_core\..*so$", text, re.M)) == 1, "wheel must have one core")
need("License-Expression: BSD-3-Clause" in metadata, "metadata must name the licence BSD-3-Clause")
need("Provides-Extra: test" in metadata, "metadata must have the extra test")

with tarfile.open(sdist_path) as sdist:
    tops = {name.split("/")[1] for name in sdist.getnames() if "/" in name}
visible = {name for name in tops if not name.startswith(".")}
expected = {"CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE", "PKG-INFO", "cpp", "python", "tests", "bench"}
need(visible == expected, f"sdist must have {sorted(expected)} at its top, got {sorted(visible)}")

for failure in failures:
    print(failure, file=sys.stderr)
print(f"wheel {size / 1e6:.2f} MB, {len(names)} files; sdist {Path(sdist_path).stat().st_size / 1e6:.2f} MB")
sys.exit(bool(failures))
