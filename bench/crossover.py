"""
When Levenberg-Marquardt wins: against L-BFGS and Adam, all of steep, by the number of parameters.

    python bench/crossover.py [regression] [classification] [SECONDS]

Every method trains the same network from the same start for SECONDS (2) of wall time; a row gives the objective that
each ended at, and when each first had what the slowest of the three ended at. Adam's batches are of 32 rows, its rate
the better of 1e-2 and 2e-3; its objective is the epoch's mean.
"""

from __future__ import annotations

import sys

import numpy as np

import steep


def friedman(rng):
    """Friedman's first function without noise: 5,000 rows, 5 inputs, to a unit variance."""
    x = rng.uniform(size=(5000, 5))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return 2 * x - 1, (y - y.mean()) / y.std()


def curve(net, x, y, optimizer, seconds, penalty, batch=None):
    """Return (seconds, objective) at every epoch of a run."""
    options = {"batch_size": batch} if batch else {"tol": 0.0}
    run = steep.train(net, x, y, optimizer=optimizer, epochs=10**6, max_time=seconds, penalty=penalty, **options)
    return run.history["seconds"], np.minimum.accumulate(run.history["objective"])


def compare(widths, x, y, output, seconds, penalty=None):
    """Print one row of the table."""
    runs = {}
    for name, rules in {
        "LM": [(steep.LevenbergMarquardt(), None)],
        "L-BFGS": [(steep.LBFGS(), None)],
        "Adam": [(steep.Adam(1e-2), 32), (steep.Adam(2e-3), 32)],
    }.items():
        tried = []
        for rule, batch in rules:
            net = steep.MLP(widths, activation="tanh", output=output, dtype="float64", seed=0)
            tried.append(curve(net, x, y, rule, seconds, penalty, batch))
        runs[name] = min(tried, key=lambda pair: pair[1][-1] if len(pair[1]) else np.inf)
    p = net.parameters.size
    missing = [name for name, (_, f) in runs.items() if not len(f)]
    if missing:
        print(f"{p:>6} parameters: no step in time of {', '.join(missing)}")
        return
    common = max(f[-1] for _, f in runs.values())
    times = {name: t[np.argmax(f <= common)] for name, (t, f) in runs.items()}
    cells = " ".join(f"{name} {times[name]:.3f} s, ends at {f[-1]:.2e};" for name, (_, f) in runs.items())
    print(f"{p:>6} parameters, to {common:.2e}: {cells} {min(times, key=times.get)} first", flush=True)


def regression(seconds):
    """Networks 5-W-1 on Friedman's function."""
    x, y = friedman(np.random.default_rng(0))
    for width in (5, 20, 60, 150, 400):
        compare([5, width, 1], x, y, "identity", seconds)


def classification(seconds):
    """Networks 64-W-10 on the digits, with l2 1e-4, so that there is a minimum."""
    x, y = steep.load_digits()
    for width in (3, 8, 16, 32):
        compare([64, width, 10], x / 16.0, y, "softmax", seconds, steep.L2(1e-4))


if __name__ == "__main__":
    words = sys.argv[1:]
    numbers = [float(w) for w in words if w.replace(".", "").isdigit()]
    for name in [w for w in words if w in ("regression", "classification")] or ["regression", "classification"]:
        print(name)
        globals()[name](numbers[0] if numbers else 2.0)
