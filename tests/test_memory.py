"""Memory maps are trained on and predicted from in place, in a small part of the memory that the data would take."""

import subprocess
import sys
import textwrap

import pytest

CODE = """
    import resource, sys
    import numpy as np
    import steep

    path, dtype, what = sys.argv[1:]
    X = np.memmap(path, dtype, "r", shape=(100_000, 28, 28))
    y = np.arange(len(X)) % 10
    net = steep.MLP([784, 16, 10], output="softmax", input_scale=1 / 255, dtype="float32")

    def work(rows):
        if what == "train":
            steep.train(net, X[:rows], y[:rows], epochs=1, batch_size=500, n_threads=1, shuffle=rows == len(X))
        else:
            assert net.predict(X[:rows], n_threads=1).shape == (rows, 10)

    work(100)  # what is loaded once
    with open("/proc/self/status") as file:
        used = next(1024 * int(line.split()[1]) for line in file if line.startswith("VmData"))
    limit = used + (X.nbytes // 5 if what == "train" else 4 * 10 * len(X) + X.nbytes // 10)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    work(len(X))
    try:
        copy = X.astype(np.float64)
    except MemoryError:
        print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limit of data")
@pytest.mark.parametrize("what", ["train", "predict"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_memory_map_stays_on_disk(tmp_path, dtype, what):
    path = tmp_path / "X"
    with path.open("wb") as file:  # zeros that take no room
        file.truncate(100_000 * 784 * (1 if dtype == "uint8" else 4))
    command = [sys.executable, "-c", textwrap.dedent(CODE), str(path), dtype, what]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "done\n"), result.stderr
