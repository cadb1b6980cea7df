"""CUTEst's problems of up to 150 variables through SciPy's door, beside SciPy's own methods: who solves which.

    python bench/cutest.py [--bounded] [--methods BFGS,LBFGS,...] [--tol 1e-5] [--half A|B] [--only NAME,...]

Needs sif2jax (the problems as JAX functions, compiled here in float64; minutes). Larger problems are shrunk by their
own parameters. Solved: the infinity norm of the (projected) gradient at the answer is at most tol. Halves are by a hash
of the name, so that a method can be tuned on one and judged on the other.
"""

import argparse
import dataclasses
import hashlib
import time
import warnings

import jax
import numpy as np
import sif2jax
from jax.flatten_util import ravel_pytree
from scipy.optimize import Bounds, minimize

import steep

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")

# What a problem's parameter of this name is set to where the problem is large; and where several belong together.
SMALL = {name: 60 for name in ("n", "_n", "N", "n_param", "n_minus_1")}
SMALL |= {"p": 8, "M": 7, "q": 5, "px": 10, "py": 10, "n_charges": 30, "_nknots": 30}
TOGETHER = {
    "ARGLINA": {"n": 50, "m": 100},
    "ARGLINB": {"n": 50, "m": 100},
    "ARGLINC": {"n": 50, "m": 100},
    "EIGENALS": {"n": 8},
    "EIGENBLS": {"n": 8},
    "EIGENCLS": {"n": 9, "m": 4},
    "CHAINWOO": {"ns": 29, "n": 60},
    "WOODS": {"ns": 15, "n": 60},
    "CRAGGLVY": {"m": 29, "n": 60},
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
SECONDS = 20.0  # of one run


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

        self.f, self.gradient, self.hessian = (jax.jit(g) for g in (f, jax.grad(f), jax.hessian(f)))

    def norm(self, x):
        g = np.asarray(self.gradient(x))
        moved = x - g if self.bounds is None else np.clip(x - g, self.bounds.lb, self.bounds.ub)
        return float(np.abs(x - moved).max()) if self.bounds is not None else float(np.abs(g).max())

    def solve(self, method, options, with_hessian):
        """The gradient's norm at the answer (infinite after an error), and the evaluations."""
        end = time.time() + SECONDS

        def f(x):
            if time.time() > end:
                raise TimeUpError
            return float(self.f(x))

        more = {"hess": lambda x: np.array(self.hessian(x))} if with_hessian else {}
        try:
            found = minimize(
                f,
                self.x0,
                jac=lambda x: np.array(self.gradient(x)),
                method=method,
                bounds=self.bounds,
                options=options,
                **more,
            )
        except (TimeUpError, ValueError, np.linalg.LinAlgError):
            return np.inf, 0
        return self.norm(found.x), found.nfev


def of_size(problem, largest=150):
    """The problem, shrunk where it is large; None where it does not shrink."""
    if ravel_pytree(problem.y0)[0].size <= 110:
        return problem
    names = [field.name for field in dataclasses.fields(problem)]
    parameters = TOGETHER.get(problem.name, {name: SMALL[name] for name in names if name in SMALL})
    try:
        shrunk = type(problem)(**parameters)
    except TypeError:
        return None
    return shrunk if ravel_pytree(shrunk.y0)[0].size <= largest else None


def half(name):
    return "AB"[hashlib.sha1(name.encode()).digest()[0] % 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bounded", action="store_true")
    parser.add_argument("--methods")
    parser.add_argument("--tol", type=float, default=1e-5)
    parser.add_argument("--half", choices=("A", "B"))
    parser.add_argument("--only")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    source = sif2jax.bounded_minimisation_problems if arguments.bounded else sif2jax.unconstrained_minimisation_problems
    chosen = {p.name: p for p in source if not arguments.half or half(p.name) == arguments.half}
    if arguments.only:
        chosen = {name: chosen[name] for name in arguments.only.split(",")}
    problems = [Problem(p) for p in map(of_size, chosen.values()) if p is not None]
    names = "LBFGS" if arguments.bounded else "BFGS,LBFGS,CG,NewtonCG,Newton,TrustRegion"
    for name in (arguments.methods or names).split(","):
        ours, peer, options, with_hessian = METHODS[name]
        solved, calls = {"steep": set(), "SciPy": set()}, {"steep": {}, "SciPy": {}}
        for p in problems:
            for who, method, more in (("steep", ours, {}), ("SciPy", peer, options)):
                norm, calls[who][p.name] = p.solve(method, {"gtol": arguments.tol} | more, with_hessian)
                if norm <= arguments.tol:
                    solved[who].add(p.name)
        both = solved["steep"] & solved["SciPy"]
        a, b = (sum(calls[who][name] for name in both) for who in ("steep", "SciPy"))
        print(
            f"{name}: steep solves {len(solved['steep'])}, SciPy's {peer} {len(solved['SciPy'])} of {len(problems)}; "
            f"evaluations where both do {a} and {b}; "
            f"only SciPy: {', '.join(sorted(solved['SciPy'] - solved['steep'])) or 'none'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
