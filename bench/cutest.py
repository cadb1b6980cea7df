"""CUTEst's problems of up to 150 variables through SciPy's door, beside SciPy's own methods: who solves which.

    python bench/cutest.py [--bounded] [--methods BFGS,LBFGS,...] [--tols 1e-5,1e-8,default] [--differences]
                           [--half A|B] [--only NAME,...] [--store FILE] [--anew] [--seconds 200]

Needs sif2jax (the problems as JAX functions, compiled here in float64; what is compiled is kept beside the store).
Larger problems are shrunk by their own parameters. Solved: the infinity norm of the (projected) gradient at the answer
is at most tol (1e-5 under default options). Runs are kept in the store and not repeated; what --seconds cut short goes
on when called again, and --anew forgets steep's runs, so that SciPy's are made once. Halves are by a hash of the name,
so that a method can be tuned on one and judged on the other.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import time
import warnings
from pathlib import Path

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import numpy as np
import sif2jax
from jax.flatten_util import ravel_pytree
from scipy.optimize import Bounds, minimize

import steep

# What a problem's parameter of this name is set to where the problem is large; and where several belong together.
SMALL = {name: 60 for name in ("n", "_n", "N", "n_param", "n_minus_1")}
SMALL |= {"p": 8, "M": 7, "q": 5, "px": 10, "py": 10, "n_charges": 30, "_nknots": 30}
TOGETHER = {
    "ARGLINA": {"n": 50, "m": 100},
    "ARGLINB": {"n": 50, "m": 100},
    "ARGLINC": {"n": 50, "m": 100},
    "FREUROTH": {"n": 50},
    "EIGENALS": {"n": 8},
    "EIGENBLS": {"n": 8},
    "EIGENCLS": {"n": 9, "m": 4},
    "CHAINWOO": {"ns": 29, "n": 60},
    "WOODS": {"ns": 15, "n": 60},
    "CYCLOOCFLS": {"p": 20},
    "CYCLOOCTLS": {"p": 20},
    "YATP1LS": {"N": 8},
    "YATP1CLS": {"N": 8},
    "EXPLIN": {"N": 60, "M": 10},
    "EXPLIN2": {"N": 60, "M": 10},
    "QUDLIN": {"n": 60, "m": 30},
    "SPIN2LS": {"n": 30},
}
METHODS = {  # name -> (steep's, SciPy's, SciPy's options, whether they take a Hessian)
    "BFGS": (steep.BFGS(), "BFGS", {}, False),
    "LBFGS": (steep.LBFGS(), "L-BFGS-B", {"ftol": 0.0, "maxfun": 15000, "maxiter": 15000}, False),
    "CG": (steep.ConjugateGradient(), "CG", {}, False),
    "NewtonCG": (steep.NewtonCG(), "Newton-CG", {"xtol": 1e-12}, True),
    "Newton": (steep.Newton(), "trust-exact", {}, True),
    "TrustRegion": (steep.TrustRegion(), "trust-exact", {}, True),
}
SECONDS = 20.0  # of the process's time, for one run


class TimeUpError(Exception):
    """A run took too long."""


class Problem:
    def __init__(self, problem):
        self.name = problem.name
        start, unravel = ravel_pytree(problem.y0)
        self.x0 = np.array(start, dtype=float)
        self.bounds = None
        if getattr(problem, "bounds", None) is not None:
            self.bounds = Bounds(*(np.array(ravel_pytree(side)[0], dtype=float) for side in problem.bounds))

        def f(x):
            return problem.objective(unravel(x), problem.args)

        self.compiled = {}
        self.functions = {"f": f, "gradient": jax.grad(f), "hessian": jax.hessian(f)}

    def call(self, what, x):
        if what not in self.compiled:
            self.compiled[what] = jax.jit(self.functions[what]).lower(self.x0).compile()
        return self.compiled[what](np.array(x, dtype=float))

    def norm(self, x):
        g = np.array(self.call("gradient", x))
        moved = x - g if self.bounds is None else np.clip(x - g, self.bounds.lb, self.bounds.ub)
        return float(np.abs(x - moved).max()) if self.bounds is not None else float(np.abs(g).max())

    def solve(self, method, options, *, with_hessian, differences):
        """The gradient's norm at the answer (infinite after an error), the value, evaluations, message and success."""
        more = {"hess": lambda x: np.array(self.call("hessian", x))} if with_hessian else {}
        self.call("f", self.x0), self.norm(self.x0)  # compiled before the clock starts
        end = time.process_time() + SECONDS

        def f(x):
            if time.process_time() > end:
                raise TimeUpError
            return float(self.call("f", x))

        jac = None if differences else (lambda x: np.array(self.call("gradient", x)))
        try:
            with np.errstate(all="ignore"):
                found = minimize(f, self.x0, jac=jac, method=method, bounds=self.bounds, options=options, **more)
                return self.norm(found.x), float(found.fun), int(found.nfev), str(found.message), bool(found.success)
        except (TimeUpError, ValueError, np.linalg.LinAlgError) as error:
            return np.inf, np.nan, 0, f"{type(error).__name__}: {error}", False


def of_size(problem, largest=150):
    """The problem, shrunk where it is large; None where it does not shrink."""
    if ravel_pytree(problem.y0)[0].size <= 110:
        return problem
    names = [field.name for field in dataclasses.fields(problem)]
    parameters = TOGETHER.get(problem.name, {name: SMALL[name] for name in names if name in SMALL})
    try:
        shrunk = type(problem)(**parameters)
    except TypeError:  # a parameter that is set by another
        return None
    return shrunk if ravel_pytree(shrunk.y0)[0].size <= largest else None


def half(name):
    return "AB"[hashlib.sha1(name.encode()).digest()[0] % 2]


class Store:
    """Runs by a key of words, kept in a file."""

    def __init__(self, path):
        self.path = Path(path)
        self.runs = json.loads(self.path.read_text()) if self.path.exists() else {}

    def forget(self, chosen):
        self.runs = {key: run for key, run in self.runs.items() if not chosen(*key.split())}

    def save(self):
        draft = self.path.with_suffix(".part")
        draft.write_text(json.dumps(self.runs))
        draft.replace(self.path)


def report(name, tol, names, runs):
    """Who solves which, as sets; and where steep's answer has a higher value than SciPy's."""
    limit = 1e-5 if tol == "default" else float(tol)
    ours, theirs = ({p: runs[p, who] for p in names} for who in ("steep", "SciPy"))
    solved, also = ({p for p in names if found[p][0] <= limit} for found in (ours, theirs))
    both = sorted(solved & also)
    counts = [np.array([found[p][2] for p in both]) for found in (ours, theirs)]
    print(
        f"{name}, tol {tol}: steep solves {len(solved)}, SciPy's {METHODS[name][1]} {len(also)} of {len(names)}; "
        f"evaluations where both do {counts[0].sum()} and {counts[1].sum()}, "
        f"in the median {np.median(counts[0]):g} and {np.median(counts[1]):g}, "
        f"their ratio {np.median(counts[0] / counts[1]):.2f}"
    )

    def told(p):
        return f"{p}: |g| {ours[p][0]:.2g} and {theirs[p][0]:.2g}, f {ours[p][1]:.12g} and {theirs[p][1]:.12g}"

    for p in names:
        if ours[p][4] and p not in solved:
            print(f"    success, but not solved: {told(p)}; {ours[p][3]}")
        if p in solved and not ours[p][4]:
            print(f"    solved, but no success: {told(p)}; {ours[p][3]}")
    for p in sorted(also - solved):
        print(f"    only SciPy solves {told(p)}; {ours[p][3]}")
    higher = [p for p in names if theirs[p][1] < ours[p][1] - 1e-6 * max(1.0, abs(theirs[p][1]))]
    for p in sorted(higher):
        print(f"    higher: {told(p)}{'' if p in also else ' (not solved by SciPy)'}")
    print(f"    only steep: {' '.join(sorted(solved - also)) or 'none'}")
    print(f"    neither: {' '.join(sorted(set(names) - solved - also)) or 'none'}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bounded", action="store_true")
    parser.add_argument("--methods")
    parser.add_argument("--tols", default="1e-5")
    parser.add_argument("--differences", action="store_true", help="gradients by differences, on both sides")
    parser.add_argument("--half", choices=("A", "B"))
    parser.add_argument("--only")
    parser.add_argument("--store", default="cutest.json")
    parser.add_argument("--anew", action="store_true")
    parser.add_argument("--seconds", type=float, default=np.inf)
    arguments = parser.parse_args()
    end = time.time() + arguments.seconds
    warnings.simplefilter("ignore")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_compilation_cache_dir", os.path.abspath(arguments.store) + ".compiled")
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    source = sif2jax.bounded_minimisation_problems if arguments.bounded else sif2jax.unconstrained_minimisation_problems
    chosen = {p.name: p for p in source if not arguments.half or half(p.name) == arguments.half}
    if arguments.only:
        chosen = {name: chosen[name] for name in arguments.only.split(",")}
    problems = {name: Problem(p) for name, p in ((name, of_size(p)) for name, p in chosen.items()) if p is not None}
    methods = (arguments.methods or ("LBFGS" if arguments.bounded else ",".join(METHODS))).split(",")
    tols = arguments.tols.split(",")
    mode = "differences" if arguments.differences else "gradient"
    store = Store(arguments.store)
    if arguments.anew:
        store.forget(
            lambda p, who, name, tol, how: (
                who == "steep" and p in problems and name in methods and tol in tols and how == mode
            )
        )
    left = 0
    for name in methods:
        ours, peer, more, with_hessian = METHODS[name]
        for tol in tols:
            runs = {}
            for p, problem in problems.items():
                for who, method, own in (("steep", ours, {}), ("SciPy", peer, more)):
                    key = f"{p} {who} {name if who == 'steep' else peer} {tol} {mode}"
                    if key not in store.runs and time.time() < end:
                        options = own | ({} if tol == "default" else {"gtol": float(tol)})
                        store.runs[key] = problem.solve(
                            method, options, with_hessian=with_hessian, differences=arguments.differences
                        )
                        store.save()
                    left += key not in store.runs
                    runs[p, who] = store.runs.get(key)
            names = [p for p in problems if runs[p, "steep"] and runs[p, "SciPy"]]
            if names:
                report(name, tol, names, runs)
    if left:
        print(f"{left} runs are left: call again")


if __name__ == "__main__":
    main()
