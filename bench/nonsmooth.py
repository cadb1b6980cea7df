"""Lasso, l1-logistic, hinge against scikit-learn, LIBLINEAR, skglm and celer, answers checked first, 1 and 2 threads.

    python bench/nonsmooth.py [case ...] [--json FILE]

Seconds are the least over interleaved repetitions. The number in brackets is the relative excess of each objective over
the best one found; the ratio counts peers within the accuracy named (1e-7 unless said).
"""

import argparse
import json
import platform
import time

import numpy as np
import sklearn
from sklearn import linear_model, svm
from threadpoolctl import threadpool_limits

import steep

try:
    import skglm
except ImportError:
    skglm = None
try:
    import celer
except ImportError:
    celer = None


def best_of(runs, repetitions):
    """Least seconds of each run, interleaved; the first results."""
    seconds, results = [np.inf] * len(runs), [None] * len(runs)
    for _ in range(repetitions):
        for i, run in enumerate(runs):
            start = time.perf_counter()
            results[i] = run()
            seconds[i] = min(seconds[i], time.perf_counter() - start)
    return seconds, results


def sparse_problem(n, d, nonzeros, correlation, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    if correlation:  # neighbouring columns alike
        for j in range(1, d):
            X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    w = np.zeros(d)
    w[rng.choice(d, nonzeros, replace=False)] = rng.standard_normal(nonzeros)
    score = X @ w
    return X, score + 0.5 * score.std() * rng.standard_normal(n), rng


def compare(name, make, method, peers, repetitions, value, accuracy=1e-7, tol=1e-8):
    """Print a row a thread count: steep, each peer, the ratio to the fastest peer that reached the objective."""
    rows = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            ours = lambda: steep.minimize(make(), None, method, tol=tol, n_threads=threads)  # noqa: B023, E731
            seconds, results = best_of([ours, *peers.values()], repetitions)
            res = results[0]
            best = min([res.fun] + [value(r) for r in results[1:]])
            scale = max(abs(best), 1e-300)
            row = {
                "case": name,
                "threads": threads,
                "steep": seconds[0],
                "status": res.status,
                "gap": res.certificate.value,
            }
            row["excess"] = (res.fun - best) / scale
            line = f"{name:28s} {threads} threads  steep {seconds[0] * 1e3:9.1f} ms ({row['excess']:.1e}, {res.nit} it)"
            fastest = np.inf
            for key, second, result in zip(peers, seconds[1:], results[1:], strict=True):
                excess = (value(result) - best) / scale
                row[key], row[key + "_excess"] = second, excess
                line += f"  {key} {second * 1e3:9.1f} ms ({excess:.1e})"
                if excess <= accuracy:
                    fastest = min(fastest, second)
            row["ratio"] = fastest / seconds[0]
            print(
                line,
                f" ratio {row['ratio']:.1f}" + ("" if row["excess"] <= accuracy else "  steep short of the objective"),
            )
            rows.append(row)
    return rows


def lasso(n, d, nonzeros, correlation, share, tol, repetitions=3):
    X, y, _ = sparse_problem(n, d, nonzeros, correlation)
    X, y = X - X.mean(0), y - y.mean()
    alpha = share * np.abs(X.T @ y).max() / n
    make = lambda: steep.problems.least_squares(X, y, penalty=steep.L1(alpha))  # noqa: E731
    f = make()
    F = np.asfortranarray(X)
    peers = {
        "sklearn": lambda: linear_model.Lasso(alpha, fit_intercept=False, tol=tol, max_iter=100000).fit(F, y).coef_,
        "sklearn gram": lambda: (
            linear_model.Lasso(alpha, fit_intercept=False, tol=tol, max_iter=100000, precompute=True).fit(F, y).coef_
        ),
    }
    if d > 2000:
        del peers["sklearn gram"]
    if skglm is not None:
        model = skglm.Lasso(alpha=alpha, fit_intercept=False, tol=1e-8 * alpha, max_iter=1000)
        peers["skglm"] = lambda: model.fit(F, y).coef_
        model.fit(F, y)  # compiles
    return compare(f"lasso {n}x{d} {share:g} max", make, "coordinate_descent", peers, repetitions, f.value)


def l1_logistic(n, d, nonzeros, correlation, share, tol, repetitions=3):
    X, score, _ = sparse_problem(n, d, nonzeros, correlation)
    y = np.where(score > 0, 1, -1)
    alpha = share * np.abs(X.T @ (y / 2)).max() / n
    make = lambda: steep.problems.logistic(X, y, penalty=steep.L1(alpha))  # noqa: E731
    f = make()
    C = 1 / (n * alpha)
    options = {"l1_ratio": 1.0} if sklearn.__version__ >= "1.8" else {"penalty": "l1"}

    def fit(solver, tol):
        return (
            linear_model.LogisticRegression(C=C, fit_intercept=False, solver=solver, tol=tol, max_iter=10000, **options)
            .fit(X, y)
            .coef_.ravel()
        )

    peers = {"liblinear": lambda: fit("liblinear", tol)}
    if skglm is not None:
        F = np.asfortranarray(X)
        model = skglm.SparseLogisticRegression(alpha=alpha, fit_intercept=False, tol=1e-6 * alpha, max_iter=1000)
        peers["skglm"] = lambda: model.fit(F, y).coef_.ravel()
        model.fit(F, y)  # compiles
    if n * d <= 3_000_000:
        peers["saga"] = lambda: fit("saga", 1e-6)
    return compare(f"l1-logistic {n}x{d} {share:g} max", make, "coordinate_descent", peers, repetitions, f.value)


def lasso_path(n, d, nonzeros, correlation, ratio, tol, repetitions=1):
    """100 penalties, each to the same worst gap relative to max(1, objective)."""
    X, y, _ = sparse_problem(n, d, nonzeros, correlation)
    X, y = X - X.mean(0), y - y.mean()
    F = np.asfortranarray(X)
    options = {} if d <= 2000 else {"precompute": False}
    rows = []
    for threads in (1, 2):
        f = steep.problems.least_squares(X, y, n_threads=threads)
        l1 = steep.regularization_path(f, n=100, ratio=ratio, max_iter=0).l1

        def worst(coefficients, f=f, l1=l1):
            gaps = [
                steep.minimize(
                    steep.problems.least_squares(X, y, penalty=steep.L1(a)), w, "coordinate_descent", max_iter=0
                ).certificate.value
                / max(1, f.value(w) + a * np.abs(w).sum())
                for a, w in zip(l1[::20], coefficients[::20], strict=True)
            ]
            return max(gaps)

        with threadpool_limits(threads):
            fresh = lambda threads=threads: steep.problems.least_squares(X, y, n_threads=threads)  # noqa: E731
            ours = lambda fresh=fresh, l1=l1: steep.regularization_path(fresh(), l1).x  # noqa: E731
            theirs = lambda l1=l1: linear_model.lasso_path(F, y, alphas=l1, tol=tol, max_iter=100000, **options)[1].T  # noqa: E731
            runs = {"steep": ours, "scikit-learn": theirs}
            if celer is not None:
                runs["celer"] = lambda l1=l1: celer.celer_path(F, y, "lasso", alphas=l1, tol=tol, max_iter=100)[1].T
                celer.celer_path(F[:50], y[:50], "lasso", n_alphas=2)  # loads its parts
            seconds, results = best_of(list(runs.values()), repetitions)
        gaps = [worst(result) for result in results]
        parts = [f"{k} {1e3 * s:.1f} ms (gap {gap:.1e})" for k, s, gap in zip(runs, seconds, gaps, strict=True)]
        faster = min(seconds[1:]) / seconds[0]
        print(f"lasso path {n}x{d}, {threads} threads: {', '.join(parts)}, ratio {faster:.1f}", flush=True)
        rows.append({"case": f"lasso path {n}x{d}", "threads": threads, "seconds": seconds, "gaps": gaps})
    return rows


def hinge(n, d, C, accuracy, repetitions=3):
    """To `accuracy` of the least objective, LIBLINEAR by the loosest of its tolerances that reaches it."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d))
    y = np.where(X @ rng.standard_normal(d) / d**0.5 + rng.standard_normal(n) > 0, 1, -1)
    make = lambda: steep.problems.svm(X, y, l2=1 / (n * C))  # noqa: E731
    f = make()
    least = steep.minimize(f, tol=1e-11).fun

    def fit(tol):
        model = svm.LinearSVC(C=C, loss="hinge", fit_intercept=False, tol=tol, max_iter=100000, dual=True)
        return model.fit(X, y).coef_.ravel()

    for tol in 10.0 ** np.arange(-1, -9, -1):
        start = time.perf_counter()
        reached = f.value(fit(tol)) - least <= accuracy * least
        if reached or time.perf_counter() - start > 2:
            break
    name = f"hinge {n}x{d} C={C:g} to {accuracy:g}"
    peers = {"liblinear": lambda: fit(tol)}
    return compare(name, make, "auto", peers, repetitions, f.value, accuracy, tol=accuracy * least)


CASES = {
    "lasso": lambda: [
        *lasso(100_000, 50, 10, 0.5, 0.05, 1e-10),
        *lasso(20_000, 500, 50, 0.5, 0.02, 1e-10),
        *lasso(2_000, 5_000, 100, 0.5, 0.05, 1e-9),
    ],
    "l1_logistic": lambda: [
        *l1_logistic(100_000, 50, 10, 0.5, 0.02, 1e-6),
        *l1_logistic(20_000, 500, 50, 0.5, 0.02, 1e-6),
        *l1_logistic(1_000, 3_000, 50, 0.5, 0.05, 1e-6),
    ],
    "path": lambda: [
        *lasso_path(100_000, 50, 10, 0.5, 1e-3, 1e-8),
        *lasso_path(20_000, 500, 50, 0.5, 1e-2, 1e-8),
        *lasso_path(1_000, 3_000, 50, 0.5, 0.05, 1e-8),
    ],
    "hinge": lambda: [
        row for C in (1e-4, 1e-3, 0.01, 0.1, 1) for accuracy in (1e-5, 1e-8) for row in hinge(20_000, 100, C, accuracy)
    ],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="*", choices=[*CASES, []])
    parser.add_argument("--json")
    arguments = parser.parse_args()
    import warnings

    warnings.filterwarnings("ignore")  # peers that stop at max_iter say so in the excess
    rows = [row for case in arguments.case or CASES for row in CASES[case]()]
    if arguments.json:
        about = {"cpu": platform.processor(), "sklearn": sklearn.__version__, "numpy": np.__version__}
        with open(arguments.json, "w") as file:
            json.dump({"machine": about, "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
