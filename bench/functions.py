"""The solver's own time on Python functions, against SciPy: Rosenbrock in 100 variables, and fits of three parameters.

    python bench/functions.py [--repeat N]

Own time is the total less the time inside the user's functions, which count their calls and clock themselves. Answers
are checked first: gradient norm at most 1e-8, and no more evaluations than SciPy. Medians of alternating runs.
"""

import argparse
import time

import numpy as np
from scipy import optimize

import steep

START = np.tile([-1.2, 1.0], 50)
PEERS = {"BFGS": ({"maxiter": 5000}, steep.BFGS()), "L-BFGS-B": ({"ftol": 0.0, "maxfun": 20000}, steep.LBFGS())}
TIMES = np.linspace(0, 4, 20)
OBSERVED = 2.5 * np.exp(-1.3 * TIMES) + 0.5 + 0.05 * np.random.default_rng(0).standard_normal(20)


class Clocked:
    """A function that adds up the seconds spent in it."""

    def __init__(self, function):
        self.function, self.seconds, self.calls = function, 0.0, 0

    def __call__(self, *args):
        start = time.perf_counter()
        value = self.function(*args)
        self.seconds += time.perf_counter() - start
        self.calls += 1
        return value


def own_time(method, options):
    f, g = Clocked(optimize.rosen), Clocked(optimize.rosen_der)
    start = time.perf_counter()
    result = optimize.minimize(f, START, jac=g, method=method, options={"gtol": 1e-8} | options)
    total = time.perf_counter() - start
    assert np.abs(optimize.rosen_der(result.x)).max() <= 1e-8
    return total - f.seconds - g.seconds, f.calls


def rosenbrock(repeat):
    for name, (options, method) in PEERS.items():
        ours, theirs = [], []
        for _ in range(repeat):
            ours.append(own_time(method, {}))
            theirs.append(own_time(name, options))
        assert ours[0][1] <= theirs[0][1]
        a, b = np.median([t for t, _ in ours]), np.median([t for t, _ in theirs])
        print(
            f"rosenbrock-100 {name:9} own time: steep {1e3 * a:.1f} ms ({ours[0][1]} evaluations), "
            f"SciPy {1e3 * b:.1f} ms ({theirs[0][1]}), ratio {b / a:.1f}"
        )


def overhead(repeat):
    """What an evaluation costs beyond the functions' own time, by gradient descent on cheap ones."""
    slope = np.ones(4)
    x = np.zeros(4)

    def f(x):
        return -x[0]

    def gradient(x):
        return -slope

    steps, extra = 2000, []
    method = steep.GradientDescent(step_size=1e-3)
    for _ in range(repeat):
        start = time.perf_counter()
        result = steep.minimize(f, x, method, jac=gradient, tol=0, max_iter=steps)
        total = time.perf_counter() - start
        start = time.perf_counter()
        for _ in range(steps):
            f(x)
            gradient(x)
        extra.append((total - (time.perf_counter() - start)) / steps)
        assert result.nfev == steps + 1
    print(f"one evaluation of f and its gradient: {1e6 * np.median(extra):.2f} us beyond the functions' own")


def model(t, a, b, c):
    return a * np.exp(-b * t) + c


def residuals(p):
    return model(TIMES, *p) - OBSERVED


def jacobian(p):
    decay = np.exp(-p[1] * TIMES)
    return np.stack([decay, -p[0] * TIMES * decay, np.ones_like(TIMES)], axis=1)


def fits(repeat):
    tasks = {
        "curve_fit": lambda m: m.curve_fit(model, TIMES, OBSERVED)[0],
        "least_squares, jac": lambda m: m.least_squares(residuals, [1.0, 1.0, 1.0], jac=jacobian).x,
    }
    for name, task in tasks.items():
        best = task(steep)
        assert np.allclose(best, task(optimize), rtol=1e-5)
        ours, theirs = [], []
        for _ in range(20 * repeat):
            for module, times in ((steep, ours), (optimize, theirs)):
                start = time.perf_counter()
                task(module)
                times.append(time.perf_counter() - start)
        a, b = np.median(ours), np.median(theirs)
        print(f"{name:18} 20 x 3: steep {1e6 * a:.0f} us, SciPy {1e6 * b:.0f} us, ratio {b / a:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7)
    repeat = parser.parse_args().repeat
    rosenbrock(repeat)
    overhead(repeat)
    fits(repeat)
