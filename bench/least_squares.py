"""Nonlinear least squares against SciPy: NIST's 54 runs, and time to the same answer.

    python bench/least_squares.py [nist time] [--json FILE] [--repeat N]

NIST: correct digits of the worst parameter (at most 11), exact Jacobians, and evaluations of the model. Time: the whole
fit with default tolerances, the same Python functions; the answers are compared first.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import scipy
import scipy.optimize

import steep

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from reference.nist import load, problems


def digits_of(name):
    """Digits and evaluations of one solver over the 54 runs."""
    digits, evaluations, failed = [], 0, []
    for p in problems():
        for k, start in enumerate(p.starts):
            with np.errstate(all="ignore"):
                if name == "steep":
                    res = steep.least_squares(p.residuals, start, p.jacobian)
                    x, calls = res.x, res.nfev
                else:
                    x, _, info, _, _ = scipy.optimize.leastsq(
                        p.residuals, start, Dfun=p.jacobian, full_output=True, ftol=1e-15, xtol=1e-15, maxfev=20000
                    )
                    calls = info["nfev"]
            digits.append(p.digits(x))
            evaluations += calls
            if digits[-1] < 4:
                failed.append(f"{p.name} {k + 1}")
    return {
        "solver": name,
        "solved": 54 - len(failed),
        "failed": failed,
        "mean digits": statistics.mean(digits),
        "least digits": min(digits),
        "evaluations": evaluations,
    }


def time_case(name, residuals, jacobian, x0, repeat):
    runs = {
        "steep": lambda: steep.least_squares(residuals, x0, jacobian),
        "scipy lm": lambda: scipy.optimize.least_squares(residuals, x0, jacobian, method="lm"),
        "scipy trf": lambda: scipy.optimize.least_squares(residuals, x0, jacobian),
    }
    row = {"case": name}
    costs = {}
    for key, run in runs.items():
        with np.errstate(all="ignore"):
            costs[key] = run().cost
            seconds = []
            for _ in range(repeat):
                start = time.perf_counter()
                run()
                seconds.append(time.perf_counter() - start)
        row[key] = statistics.median(seconds)
    assert costs["steep"] <= min(costs.values()) * (1 + 1e-9), costs
    return row


def large(n=20_000, d=30):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((n, d))
    y = np.tanh(A @ rng.standard_normal(d) / 5) + 0.01 * rng.standard_normal(n)
    return (
        lambda x: np.tanh(A @ x / 5) - y,
        lambda x: (1 - np.tanh(A @ x / 5) ** 2)[:, None] * (A / 5),
        np.zeros(d),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=["nist", "time"])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--json")
    options = parser.parse_args()
    found = {}
    if "nist" in options.cases:
        found["nist"] = [digits_of("steep"), digits_of("MINPACK")]
        for row in found["nist"]:
            print(
                f"{row['solver']:>8}: {row['solved']} of 54, {row['mean digits']:.2f} digits on average, "
                f"{row['least digits']:.1f} at least, {row['evaluations']} evaluations; failed: {row['failed']}"
            )
    if "time" in options.cases:
        found["time"] = []
        for name in ("Misra1a", "Gauss1", "Thurber", "Lanczos3"):
            p = load(name)
            found["time"].append(time_case(name, p.residuals, p.jacobian, p.starts[1], options.repeat))
        found["time"].append(time_case("tanh 20,000 x 30", *large(), options.repeat))
        for row in found["time"]:
            times = "  ".join(f"{k} {1e3 * v:.2f} ms" for k, v in row.items() if k != "case")
            print(f"{row['case']}: {times}")
    if options.json:
        found["about"] = {
            "machine": platform.processor(),
            "threads": steep.get_num_threads(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        }
        with open(options.json, "w") as file:
            json.dump(found, file, indent=1)


if __name__ == "__main__":
    main()
