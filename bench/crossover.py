"""
When Levenberg-Marquardt wins: against L-BFGS and Adam, all of steep, by the number of parameters.

    python bench/crossover.py [regression] [classification] [--widths W ...] [--seconds 2] [--seeds 3]

Every method trains the same network from the same start for SECONDS of wall time, from each of the seeds. A row gives
the objective that each ended at, and when each first had what the worst of the three ended at: medians over the seeds,
and how often each was first. Adam's batches are of 32 rows, its rate the better of 1e-2 and 2e-3; its objective is the
epoch's mean.
"""

from __future__ import annotations

import argparse

import numpy as np

import steep

NAMES = ("LM", "L-BFGS", "Adam")


def friedman(rng):
    """Friedman's first function without noise: 5,000 rows, 5 inputs, to a unit variance."""
    x = rng.uniform(size=(5000, 5))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return 2 * x - 1, (y - y.mean()) / y.std()


def curve(net, x, y, optimizer, seconds, penalty, batch=None):
    """Return (seconds, least objective so far) at every epoch of a run."""
    options = {"batch_size": batch} if batch else {"tol": 0.0}
    run = steep.train(net, x, y, optimizer=optimizer, epochs=10**6, max_time=seconds, penalty=penalty, **options)
    return run.history["seconds"], np.minimum.accumulate(run.history["objective"])


def race(widths, x, y, output, seconds, penalty, seed):
    """Return (seconds until each had what the worst ended at, objective that each ended at, parameters)."""
    rules = {"LM": [(steep.LevenbergMarquardt(), None)], "L-BFGS": [(steep.LBFGS(), None)],
             "Adam": [(steep.Adam(1e-2), 32), (steep.Adam(2e-3), 32)]}  # fmt: skip
    curves = []
    for name in NAMES:
        tried = []
        for rule, batch in rules[name]:
            net = steep.MLP(widths, activation="tanh", output=output, dtype="float64", seed=seed)
            t, f = curve(net, x, y, rule, seconds, penalty, batch)
            tried.append((t, f) if len(f) else (np.array([np.inf]), np.array([np.inf])))
        curves.append(min(tried, key=lambda pair: pair[1][-1]))
    ends = [f[-1] for _, f in curves]
    worst = max(end for end in ends if np.isfinite(end))
    times = [t[np.argmax(f <= worst)] if (f <= worst).any() else np.inf for t, f in curves]
    return times, ends, net.parameters.size


def compare(widths, x, y, output, options, penalty=None):
    """Print one row of the table."""
    found = [race(widths, x, y, output, options.seconds, penalty, seed) for seed in range(options.seeds)]
    times, ends = (np.median([row[i] for row in found], axis=0) for i in (0, 1))
    first = np.bincount([int(np.argmin(row[0])) for row in found], minlength=3)
    cells = ", ".join(
        f"{name} {1e3 * t:.0f} ms, ends at {f:.2e}, first {n}x"
        for name, t, f, n in zip(NAMES, times, ends, first, strict=True)
    )
    print(f"{'-'.join(map(str, widths)):>10} {found[0][2]:>6} parameters: {cells}", flush=True)


def regression(options):
    """Networks 5-W-1 on Friedman's function."""
    x, y = friedman(np.random.default_rng(0))
    for width in options.widths or (5, 20, 60, 150, 400):
        compare([5, width, 1], x, y, "identity", options)


def classification(options):
    """Networks 64-W-10 on the digits, with l2 1e-4, so that there is a minimum."""
    x, y = steep.load_digits()
    for width in options.widths or (3, 8, 16, 32):
        compare([64, width, 10], x / 16.0, y, "softmax", options, steep.L2(1e-4))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("problems", nargs="*", choices=["regression", "classification", []])
    parser.add_argument("--widths", nargs="*", type=int)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    for name in chosen.problems or ["regression", "classification"]:
        print(name)
        globals()[name](chosen)
