"""The same seed gives the same bits: for any number of threads, side by side, and after fork."""

import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

import steep

# Widths at and beside the kernels' tiles; batches that cut into even and uneven blocks.
SHAPES = [([20, 33, 3], 37), ([64, 200, 130, 3], 128), ([300, 100, 3], 200), ([257, 128, 3], 1500)]


def problem(inputs, n=1500):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, inputs)).astype(np.float32), rng.integers(0, 3, n)


def trained(widths, batch, n_threads, dtype="float32", **options):
    X, y = problem(widths[0])
    net = steep.MLP(widths, activation="gelu", output="softmax", dtype=dtype)
    run = steep.train(net, X, y, epochs=3, batch_size=batch, n_threads=n_threads, **options)
    return net.parameters, run.history["loss"], run.history["gradient_norm"]


def equal(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("widths", "batch"), SHAPES)
def test_any_number_of_threads(widths, batch, dtype):
    options = {"validation": 0.1, "clip_norm": 1.0, "penalty": steep.ElasticNet(1e-3)}
    expected = trained(widths, batch, 1, dtype, **options)
    for n in (2, 3, 4):
        equal(trained(widths, batch, n, dtype, **options), expected)


def test_threads_are_used():
    """Otherwise the test above would say nothing: work enough for two threads starts a second one."""
    seen = []
    stop = threading.Event()

    def look():
        while not stop.is_set():
            with open("/proc/self/status") as file:
                seen.extend(int(line.split()[1]) for line in file if line.startswith("Threads:"))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        trained([784, 512, 3], 256, 2)
    finally:
        stop.set()
        watcher.join()
    assert max(seen) > min(seen)


def test_python_threads_side_by_side():
    expected = {batch: trained([64, 100, 3], batch, 1) for batch in (32, 100)}
    found = {}

    def work(i):
        found[i] = trained([64, 100, 3], (32, 100)[i % 2], 1 + i % 3)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(6):
        equal(found[i], expected[(32, 100)[i % 2]])


def _child(queue):
    queue.put(trained([64, 200, 130, 3], 128, 2))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_fork():
    expected = trained([64, 200, 130, 3], 128, 2)  # the parent has used its threads
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_child, args=(queue,))
    child.start()
    equal(queue.get(timeout=60), expected)
    child.join(10)
    assert child.exitcode == 0


def test_another_process():
    code = """
        import sys
        sys.path.insert(0, "tests")
        import numpy as np, steep
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(200, 10)), rng.integers(0, 3, 200)
        net = steep.MLP([10, 20, 3], output="softmax")
        steep.train(net, X, y, epochs=5)
        print(net.parameters.tobytes().hex())
    """
    runs = {
        subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1


def test_seeds_differ():
    X, y = problem(20)
    nets = [steep.MLP([20, 8, 3], output="softmax") for _ in range(2)]
    for seed, net in enumerate(nets):
        steep.train(net, X, y, epochs=1, seed=seed)
    assert (nets[0].parameters != nets[1].parameters).any()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_one_thread_leaves_the_other_cores_alone():
    """A large product in NumPy would keep its library's threads spinning for 30 ms beside ours: train makes none."""
    script = """
        import os, numpy as np, steep
        def others():
            ticks = 0
            for task in os.listdir("/proc/self/task"):
                if int(task) != os.getpid():
                    with open(f"/proc/self/task/{task}/stat") as file:
                        ticks += sum(int(x) for x in file.read().rsplit(")", 1)[1].split()[11:13])
            return ticks
        X = np.random.default_rng(0).normal(size=(40_000, 8))
        net = steep.MLP([8, 4, 1])
        weights = np.ones(len(X))
        before = others()
        for _ in range(10):
            steep.train(net, X, X[:, 0], epochs=1, batch_size=4096, n_threads=1, sample_weight=weights)
        print(others() - before)
    """
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) <= 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads cannot be kept on one processor here")
def test_two_threads_on_one_processor_are_hardly_slower_than_one():
    """A call waits for its tasks and not for every thread, so one that never gets a processor costs nothing."""
    script = """
        import os, time, numpy as np, steep
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        X = np.random.default_rng(0).normal(size=(20_000, 54))
        def seconds(n_threads):
            net = steep.MLP([54, 100, 7], dtype="float64", seed=0)
            begin = time.process_time()
            steep.train(net, X, X[:, :7], epochs=2, batch_size=200, n_threads=n_threads)
            return time.process_time() - begin
        one, two = (np.median([seconds(n) for _ in range(5)]) for n in (1, 2))
        print(two / one)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 1.5
