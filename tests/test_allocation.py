"""A training step allocates nothing: 20 epochs take as many allocations as 10, whatever the rule and the penalty."""

import os
import platform
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

CODE = """
    import ctypes, sys
    import numpy as np
    import steep

    counter = ctypes.CDLL(None).allocation_count
    counter.restype = ctypes.c_long
    network, rule, l1, clip, dtype, batch, threads = sys.argv[1:]
    rng = np.random.default_rng(0)
    n = 3000 if int(batch) > 1 else 200
    X, y = rng.normal(size=(n, 40)).astype(dtype), rng.integers(0, 3, n).astype(np.int32)
    net = steep.MLP([40, 200, 130, 3], activation=["gelu", "tanh"], output="softmax", dtype=dtype, input_scale=0.5)
    options = {"batch_size": int(batch), "shuffle": True, "seed": 0, "l1": float(l1), "l2": 1e-4,
               "clip_norm": float(clip), "n_threads": int(threads)}
    if network == "images":
        block = steep.Residual([steep.Conv2D(6, 3, "relu", padding="same"), steep.BatchNorm()])
        layers = [steep.Conv2D(6, 3, padding="same"), steep.BatchNorm(), steep.Activation("relu"), steep.MaxPool2D(2)]
        layers += [block, steep.Conv2D(4, 2, "gelu", strides=2), steep.Dropout(0.2), steep.LayerNorm()]
        net = steep.Network([*layers, steep.Dense(3, "softmax")], (5, 8, 1), dtype=dtype, input_scale=0.5)
        options |= {"augment": {"shift": 1, "flip": True, "rotate": 5.0, "cutout": 2}, "mixup": 0.3}
    rows, labels = (np.eye(3, dtype=dtype)[y], None) if "mixup" in options else (None, y)
    kind = steep._core.Trainer32 if dtype == "float32" else steep._core.Trainer64
    exact = net._exact
    trainer = kind(net._core, net.parameters, net.state, X, rows, labels, np.ones(n), exact["input_scale"], None,
                   "cross_entropy", 1.0, getattr(steep, rule)().core, options)
    trainer.set_validation(X, None, y, None)
    rates = np.full(20 * trainer.steps_per_epoch, 1e-3)

    def allocations(epochs):
        before = counter()
        trainer.run(epochs, rates)
        assert trainer.report["epochs"] == epochs
        return counter() - before

    print(*[allocations(epochs) for epochs in (10, 10, 10, 20, 10, 20)])
    before = counter()
    held = np.ones(10**6)
    assert counter() > before, "the counter counts nothing"
"""


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc" or shutil.which("cc") is None:
        pytest.skip("needs glibc and a C compiler")
    library = tmp_path_factory.mktemp("counter") / "counter.so"
    source = Path(__file__).with_name("allocation_counter.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


@pytest.mark.parametrize(
    "arguments",
    [
        ("dense", "Adam", "0", "inf", "float32", "64", "1"),
        ("dense", "Nesterov", "1e-4", "1", "float64", "64", "2"),
        ("dense", "Lion", "0", "inf", "float32", "3000", "2"),
        ("dense", "SGD", "0", "inf", "float32", "1", "1"),
        ("images", "Adam", "1e-4", "inf", "float32", "64", "1"),
        ("images", "Momentum", "0", "1", "float64", "500", "2"),
    ],
)
def test_no_allocation_in_a_step(counter, arguments):
    environment = os.environ | {"LD_PRELOAD": str(counter)}
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CODE), *arguments], env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    *_, ten, twenty, again, once_more = map(int, result.stdout.split())  # after Python's own lists are warm
    assert ten == twenty == again == once_more
