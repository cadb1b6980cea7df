"""
Test accuracy of whole trainings, and the time they take: digits, Fashion-MNIST, MNIST.

    python bench/accuracy.py --fashion FOLDER --mnist FOLDER [--seeds 3] [--threads 2] [--json FILE]

The folders hold IDX files under MNIST's names, gzipped or not; what is not given is left out. The digits are built in
(a stratified split for each seed, a fifth of the rows for testing). Each line: mean and range over seeds of the test
accuracy after the last epoch (not the best one), and the median time of a training.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path

import numpy as np

import steep
from steep.readers._dataset import split_indices


def digits(seed: int, threads: int) -> tuple[float, float]:
    """Train on four fifths of the digits; accuracy on the rest, and seconds."""
    X, y = steep.load_digits()
    rest, part = split_indices(y, 0.2, seed, stratify=True)
    net = steep.MLP([64, 128, 10], output="softmax", seed=seed, input_scale=1 / 16)
    return fit(net, X[rest], y[rest], X[part], y[part], 60, 64, 2e-3, seed, threads)


def images(folder: Path, widths: list[int], epochs: int, batch_size: int, rate: float, seed: int, threads: int):
    """Train on a folder of IDX files; accuracy on its test set, and seconds."""
    data = steep.read_idx_folder(folder)
    net = steep.MLP([784, *widths, 10], output="softmax", seed=seed, input_scale=1 / 255)
    return fit(net, data.X, data.y, data.X_test, data.y_test, epochs, batch_size, rate, seed, threads)


def fit(net, X, y, X_test, y_test, epochs, batch_size, rate, seed, threads):
    """Adam under a cosine schedule."""
    steps = epochs * -(-len(X) // batch_size)
    optimizer = steep.Adam(steep.Cosine(rate, steps))
    start = time.perf_counter()
    steep.train(net, X, y, optimizer=optimizer, epochs=epochs, batch_size=batch_size, seed=seed, n_threads=threads)
    seconds = time.perf_counter() - start
    return float(np.mean(net.predict_classes(X_test) == y_test)), seconds


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fashion", type=Path)
    parser.add_argument("--mnist", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=steep.get_num_threads())
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    n = arguments.threads
    jobs = {"digits 64-128-10, 60 epochs": lambda seed: digits(seed, n)}
    if arguments.fashion:
        jobs["Fashion-MNIST 784-256-128-10, 15 epochs"] = lambda seed: images(
            arguments.fashion, [256, 128], 15, 128, 1e-3, seed, n
        )
    if arguments.mnist:
        jobs["MNIST 784-100-100-10, 20 epochs"] = lambda seed: images(
            arguments.mnist, [100, 100], 20, 200, 1e-3, seed, n
        )
    found = {}
    for name, job in jobs.items():
        results = [job(seed) for seed in range(arguments.seeds)]
        scores, seconds = np.array(results).T
        print(
            f"{name}: test accuracy {scores.mean():.4f} ({scores.min():.4f} to {scores.max():.4f}), "
            f"{np.median(seconds):.2f} s with {n} threads"
        )
        found[name] = {"accuracy": scores.tolist(), "seconds": seconds.tolist()}
    if arguments.json:
        config = {k: v for k, v in steep.get_config().items() if k != "path"}
        machine = {"machine": platform.processor() or platform.machine(), "threads": n, "steep": config}
        arguments.json.write_text(json.dumps(machine | {"results": found}, indent=1))


if __name__ == "__main__":
    main()
