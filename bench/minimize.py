"""Linear models against scikit-learn and LIBLINEAR: the same objective to the same gradient norm, 1 and 2 threads.

    python bench/minimize.py [case ...] [--json FILE] [--repeat N]

Every run is checked first: the infinity norm of the mean objective's gradient (by steep's float64 objective, whose
values are tested against NumPy) must be at most 1e-8 (or the objective within 1e-9 for LIBLINEAR). A peer's tolerance
is lowered by tenths until its answer passes; the first setting that passes is timed. Times are medians of alternating
runs, each from the arrays: steep's objective is made anew, for it keeps single-precision copies and factors. Before
each run the machine rests a moment, for OpenBLAS's threads go on spinning after their work and would take a core of it.
"""

import argparse
import json
import platform
import time
import warnings

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

import steep

NORM = 1e-8
REST = 0.2  # s


def timed(run):
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def first_that_passes(fit, passes, tolerances=(1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12), limit=60.0):
    """The largest tolerance whose answer passes, or None."""
    for tol in tolerances:
        seconds, answer = timed(lambda: fit(tol))  # noqa: B023
        if passes(answer):
            return tol
        if seconds > limit:
            return None
    return None


def compare(case, make, ours, peers, passes, repeat, threads):
    """Time steep's methods on the objectives of `make` against the peers, alternating; returns rows."""
    candidates = {}
    for name, method in ours.items():
        res = steep.minimize(make(), method=method, n_threads=threads)
        if not passes(res.x):
            print(f"  steep {name}: {res.message}")
            continue
        candidates[f"steep {name}"] = lambda method=method: steep.minimize(make(), method=method, n_threads=threads).x
    with threadpool_limits(threads):
        for name, fit in peers.items():
            tol = first_that_passes(fit, passes)
            if tol is None:
                print(f"  {name}: never reaches the answer asked for")
                continue
            candidates[name] = lambda fit=fit, tol=tol: fit(tol)
        seconds = {name: [] for name in candidates}
        for _ in range(repeat):
            for name, run in candidates.items():
                time.sleep(REST)
                seconds[name].append(timed(run)[0])
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    others = [value for name, value in medians.items() if not name.startswith("steep")]
    best = min(others, default=float("nan"))
    rows = []
    for name, value in medians.items():
        ratio = best / value if name.startswith("steep") else None
        more = f"  {best / value:5.1f} times the best peer" if ratio else ""
        print(f"  {name:32s} {1e3 * value:10.1f} ms{more}")
        rows.append({"case": case, "threads": threads, "run": name, "seconds": value, "ratio": ratio})
    return rows


def classification(n, d, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    score = X @ rng.standard_normal(d) * (2 / np.sqrt(d)) + rng.standard_normal(n)
    return X, (score > 0).astype(int)


def logistic(n, d, repeat, threads):
    X, y = classification(n, d)
    l2 = 1 / n
    make = lambda: steep.problems.logistic(X, y, l2=l2, intercept=True)  # noqa: E731
    f = make()

    def sklearn_fit(solver):
        def fit(tol):
            model = LogisticRegression(C=1 / (n * l2), solver=solver, tol=tol, max_iter=10000).fit(X, y)
            return np.append(model.coef_.ravel(), model.intercept_)

        return fit

    peers = {name: sklearn_fit(name) for name in ("newton-cholesky", "lbfgs", "newton-cg")}
    ours = {"newton": "newton", "auto": "auto", "lbfgs": "lbfgs"}
    passes = lambda w: np.abs(f.gradient(w)).max() <= NORM  # noqa: E731
    return compare(f"logistic {n}x{d}", make, ours, peers, passes, repeat, threads)


def softmax(n, d, k, repeat, threads):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d))
    y = np.argmax(X @ rng.standard_normal((d, k)) * 0.3 + rng.gumbel(size=(n, k)), axis=1)
    l2 = 1 / n
    make = lambda: steep.problems.softmax(X, y, l2=l2, intercept=True)  # noqa: E731
    f = make()

    def fit(tol):
        model = LogisticRegression(C=1 / (n * l2), tol=tol, max_iter=10000).fit(X, y)
        return np.concatenate([model.coef_.ravel(), model.intercept_])

    ours = {"auto": "auto", "lbfgs": "lbfgs"}
    passes = lambda w: np.abs(f.gradient(w)).max() <= NORM  # noqa: E731
    return compare(f"softmax {n}x{d}x{k}", make, ours, {"lbfgs": fit}, passes, repeat, threads)


def squared_hinge(n, d, repeat, threads):
    X, y = classification(n, d)
    l2 = 1 / n
    make = lambda: steep.problems.svm(X, y, l2=l2, loss="squared_hinge")  # noqa: E731
    f = make()
    best = steep.minimize(f, tol=1e-12).fun

    def fit(tol):
        return (
            LinearSVC(C=1 / (n * l2), dual=False, fit_intercept=False, tol=tol, max_iter=10000).fit(X, y).coef_.ravel()
        )

    passes = lambda w: f.value(w) <= best * (1 + 1e-9)  # noqa: E731
    ours = {"auto": "auto", "newton": "newton"}
    return compare(f"squared hinge {n}x{d}", make, ours, {"liblinear": fit}, passes, repeat, threads)


def ridge(n, d, repeat, threads):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d))
    y = X @ rng.standard_normal(d) + rng.standard_normal(n)
    make = lambda: steep.problems.least_squares(X, y, l2=1 / n, intercept=True)  # noqa: E731
    f = make()

    def fit(tol):
        model = Ridge(alpha=1.0, solver="cholesky").fit(X, y)
        return np.append(model.coef_, model.intercept_)

    passes = lambda w: np.abs(f.gradient(w)).max() <= NORM  # noqa: E731
    return compare(f"ridge {n}x{d}", make, {"auto": "auto"}, {"cholesky": fit}, passes, repeat, threads)


CASES = {
    "logistic-50": lambda r, t: logistic(100_000, 50, r, t),
    "logistic-500": lambda r, t: logistic(20_000, 500, r, t),
    "logistic-54": lambda r, t: logistic(500_000, 54, r, t),
    "softmax": lambda r, t: softmax(60_000, 100, 10, r, t),
    "squared-hinge": lambda r, t: squared_hinge(500_000, 54, r, t),
    "ridge-54": lambda r, t: ridge(500_000, 54, r, t),
    "ridge-500": lambda r, t: ridge(20_000, 500, r, t),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="*", default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--json")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # peers that stop short say so by failing the check
    rows = []
    for case in arguments.cases:
        for threads in arguments.threads:
            print(f"{case}, {threads} thread{'s' * (threads > 1)}")
            rows += CASES[case](arguments.repeat, threads)
    if arguments.json:
        about = {"cpu": platform.processor(), "numpy": np.__version__, "sklearn": sklearn.__version__}
        with open(arguments.json, "w") as file:
            json.dump({"about": about, "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
