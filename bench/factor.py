"""X'DX against the FMA peak, and Cholesky factors against OpenBLAS (SciPy's dpotrf), in float64.

    python bench/factor.py

Answers are checked first: some entries of X'DX in long double, and A = L L' within rounding. Times are medians. Each
library runs by itself, since OpenBLAS's threads spin for a while after their work and would take the other's cores.
"""

import time

import numpy as np
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from steep import _core

SHAPES = ((100_000, 50), (500_000, 54), (20_000, 200), (20_000, 500))
COLUMNS = (500, 1000, 2000)


def median(repeat, call, argument=lambda: None):
    """Median seconds of `call`, whose argument is made anew outside the clock."""
    seconds = []
    for _ in range(repeat):
        given = argument()
        start = time.perf_counter()
        call(given)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def gram(rng):
    """X'DX on one thread."""
    peak = _core.fma_peak(np.dtype("float64"), 0.3)
    for n, d in SHAPES:
        x, weight, h = rng.standard_normal((n, d)), rng.random(n), np.zeros((d, d))
        _core.weighted_gram(x, weight, out=h)
        some = x[:, :3].astype(np.longdouble)
        exact, size = (some.T * weight) @ some, (np.abs(some).T * weight) @ np.abs(some)
        assert np.abs(np.tril(h[:3, :3] - exact) / size).max() < 1e-13
        flops = n * d**2 * 1e-9
        for name, w in (("weighted", weight), ("plain", None)):
            repeat = int(np.clip(25 / flops, 5, 40))
            rate = flops / median(repeat, lambda _, x=x, w=w, h=h: _core.weighted_gram(x, w, out=h))
            print(f"X'DX {n} x {d}, {name}: {rate:.1f} GFLOP/s, {rate / peak:.0%} of peak", flush=True)


def cholesky(rng):
    """Factors on 1 and 2 threads, steep's first."""
    matrices = []
    with threadpool_limits(1):
        for n in COLUMNS:
            x = rng.standard_normal((n + 50, n))
            a = x.T @ x / n + 0.1 * np.eye(n)
            factor = a.copy()
            assert _core.cholesky(factor, n_threads=2) == 0
            assert np.abs(np.tril(factor) @ np.tril(factor).T - a).max() < 1e-13 * n
            matrices.append(a)
    time.sleep(0.3)
    libraries = {
        "steep": (np.copy, lambda a, threads: _core.cholesky(a, n_threads=threads)),
        "OpenBLAS": (np.asfortranarray, lambda a, _: lapack.dpotrf(a, lower=1, overwrite_a=1, clean=0)),
    }
    for name, (copy, factor) in libraries.items():
        for threads in (1, 2):
            with threadpool_limits(threads if name == "OpenBLAS" else 1):
                for a in matrices:
                    flops, repeat = len(a) ** 3 / 3e9, int(np.clip(8e9 / len(a) ** 3, 5, 40))
                    seconds = median(
                        repeat,
                        lambda f, factor=factor, threads=threads: factor(f, threads),
                        lambda a=a, copy=copy: copy(a),
                    )
                    print(f"Cholesky of {len(a)}, {threads} threads: {name} {flops / seconds:.1f} GFLOP/s", flush=True)


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    gram(generator)
    cholesky(generator)
