"""Interior points against HiGHS, and Clarabel, quadprog, OSQP and ProxQP where they are installed: LAD, Chebyshev, QPs.

    python bench/constrained.py [lad chebyshev qp] [--json FILE] [--repeat N]

Every answer is checked first: objectives agree to 1e-8 (relative; quadratic programs 1e-6), and programs meet their
constraints to 1e-7. HiGHS gets each fit as the primal and as the dual program, by simplex and by interior point, and
the fastest counts. OSQP is asked for 1e-5 and polishes. A peer's time is from NumPy arrays to its answer, as is that of
"steep, made anew", which checks its arguments (Q's definiteness among them); "steep" has the objective already.
"""

import argparse
import json
import platform
import statistics
import time

import numpy as np
import scipy
from scipy.optimize import linprog

import steep


def timed(run):
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def regression(n, d):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d))
    return X, X @ rng.standard_normal(d) + rng.standard_t(2, n)


def highs_fits(kind, X, y):
    """Name -> function that returns the least value, through HiGHS."""
    n, d = X.shape
    if kind == "lad":
        bounds = [(-1, 1)] * n
        return {
            f"HiGHS {method}, dual": lambda method=method: (
                -linprog(-y, A_eq=X.T, b_eq=np.zeros(d), bounds=bounds, method=method).fun
            )
            for method in ("highs-ds", "highs-ipm")
        }
    ones = np.ones((n, 1))
    A, b = np.vstack([np.hstack([X, -ones]), np.hstack([-X, -ones])]), np.r_[y, -y]
    cost = np.r_[np.zeros(d), 1.0]
    free = [(None, None)] * d + [(0, None)]
    rows = np.vstack([np.hstack([X.T, -X.T]), np.ones((1, 2 * n))])
    right = np.r_[np.zeros(d), 1.0]
    runs = {}
    for method in ("highs-ds", "highs-ipm"):
        runs[f"HiGHS {method}, dual"] = lambda method=method: (
            -linprog(-np.r_[y, -y], A_eq=rows, b_eq=right, bounds=(0, None), method=method).fun
        )
        runs[f"HiGHS {method}, primal"] = lambda method=method: linprog(cost, A, b, bounds=free, method=method).fun
    return runs


def fit_case(kind, n, d, repeat):
    X, y = regression(n, d)
    f = getattr(steep.problems, kind)(X, y)
    res = steep.minimize(f)
    assert res.success
    assert res.certificate.value <= 1e-8 * max(1, res.fun)
    ours = statistics.median(timed(lambda: steep.minimize(f))[0] for _ in range(repeat))
    row = {"case": f"{kind} {n} x {d}", "steep": ours, "iterations": res.nit, "objective": res.fun}
    for name, run in highs_fits(kind, X, y).items():
        seconds, value = timed(run)
        assert abs(value - res.fun) <= 1e-8 * max(1, res.fun), (name, value, res.fun)
        row[name] = seconds
    return row


def qp_case(n, m, repeat):
    rng = np.random.default_rng(0)
    root = rng.standard_normal((n, n))
    Q, c = root @ root.T / n + 1e-3 * np.eye(n), rng.standard_normal(n)
    G, x = rng.standard_normal((m, n)), rng.standard_normal(n)
    h = G @ x + rng.uniform(0, 1, m)
    f = steep.problems.quadratic_program(Q, c, G, h)
    res = steep.minimize(f)
    assert res.success
    assert (G @ res.x - h).max() < 1e-7
    row = {"case": f"qp n={n} m={m}", "iterations": res.nit, "objective": res.fun}

    def by_clarabel():
        import clarabel
        from scipy import sparse

        settings = clarabel.DefaultSettings()
        settings.verbose = False
        cones = [clarabel.NonnegativeConeT(m)]
        return np.array(
            clarabel.DefaultSolver(sparse.csc_matrix(Q), c, sparse.csc_matrix(G), h, cones, settings).solve().x
        )

    def by_quadprog():
        import quadprog

        return quadprog.solve_qp(Q, -c, -G.T, -h)[0]

    def by_osqp():
        import osqp
        from scipy import sparse

        solver = osqp.OSQP()
        options = {"verbose": False, "eps_abs": 1e-5, "eps_rel": 1e-5, "polishing": True, "max_iter": 20000}
        solver.setup(sparse.triu(Q, format="csc"), c, sparse.csc_matrix(G), np.full(m, -np.inf), h, **options)
        return solver.solve().x

    def by_proxqp():
        import proxsuite

        solver = proxsuite.proxqp.dense.QP(n, 0, m)
        solver.settings.eps_abs = 1e-8
        solver.init(Q, c, None, None, G, np.full(m, -1e20), h)
        solver.solve()
        return solver.results.x

    candidates = {
        "steep": lambda: steep.minimize(f),
        "steep, made anew": lambda: steep.minimize(steep.problems.quadratic_program(Q, c, G, h)),
    }
    runs = {"Clarabel": by_clarabel, "quadprog": by_quadprog, "OSQP": by_osqp, "ProxQP": by_proxqp}
    for name, run in runs.items():
        try:
            w = run()
        except ImportError:
            continue
        value, beyond = 0.5 * w @ Q @ w + c @ w, (G @ w - h).max()
        if abs(value - res.fun) > 1e-6 * max(1, abs(res.fun)) or beyond > 1e-7:
            print(f"  {name}: objective {value:.9g} against {res.fun:.9g}, constraints exceeded by {beyond:.1e}")
            continue
        candidates[name] = run
    seconds = {name: [] for name in candidates}
    for _ in range(repeat):
        for name, run in candidates.items():
            seconds[name].append(timed(run)[0])
    return row | {name: statistics.median(values) for name, values in seconds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=["lad", "chebyshev", "qp"])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = []
    for case in options.cases:
        if case == "qp":
            rows.extend(qp_case(n, m, options.repeat) for n, m in ((50, 100), (200, 400)))
        else:
            rows.append(fit_case(case, options.rows, options.columns, options.repeat))
    for row in rows:
        own = ("case", "steep", "steep, made anew", "iterations", "objective")
        peers = {k: v for k, v in row.items() if k not in own}
        text = "  ".join(f"{k} {1e3 * v:.2f} ms" for k, v in peers.items())
        best = min(peers.values(), default=float("nan"))
        ours = f"steep {1e3 * row['steep']:.2f} ms, {row['iterations']} iterations"
        if "steep, made anew" in row:
            ours += f" ({1e3 * row['steep, made anew']:.2f} ms made anew)"
        print(f"{row['case']}: {ours}  {text}  ratio {best / row['steep']:.1f}")
    if options.json:
        about = {
            "machine": platform.processor(),
            "threads": steep.get_num_threads(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        }
        with open(options.json, "w") as file:
            json.dump({"about": about, "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
