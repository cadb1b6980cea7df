"""
Second order on networks: time to an accuracy, the speed of J'J and of Hessian-vector products, many fits at once.

    python bench/second_order.py [sinc] [friedman] [gram] [hvp] [many]

Every row checks its answer before it times it. Times are the best or the median of several runs, as said; PyTorch is
measured in the same process with the same number of threads where it is installed.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise

import numpy as np

import steep
from steep import _core

SEEDS = range(10)


def until(target, history):
    """A callback that stops when f is at most the target; `history` receives (seconds, f)."""
    began = time.perf_counter()

    def call(intermediate_result):
        history.append((time.perf_counter() - began, intermediate_result.fun))
        if intermediate_result.fun <= target:
            raise StopIteration

    return call


def fit(net, x, y, target, method=None, max_time=10.0):
    """Return (seconds, mean squared error) of a fit by Levenberg-Marquardt; the error is checked by predict."""
    f = steep.Risk(net, x, y)
    history = []
    began = time.perf_counter()
    res = steep.minimize(
        f, net.parameters, method or steep.LevenbergMarquardt(), max_time=max_time, max_iter=5000,
        callback=until(target / 2, history),
    )  # fmt: skip
    seconds = time.perf_counter() - began
    net.parameters = res.x
    return seconds, float(np.mean((net.predict(x) - y) ** 2)), res.nit


def adam_in_torch(widths, x, y, target, seed, limit, rate=1e-2):
    """Return (seconds, best mean squared error) of full-batch Adam in PyTorch, stopped at the target or the limit."""
    import torch

    torch.manual_seed(seed)
    layers = []
    for i, (a, b) in enumerate(pairwise(widths)):
        layers += [torch.nn.Linear(a, b)] + ([torch.nn.Tanh()] if i < len(widths) - 2 else [])
    net = torch.nn.Sequential(*layers).double()
    rule = torch.optim.Adam(net.parameters(), rate, fused=True)
    xs, ys = torch.from_numpy(x), torch.from_numpy(y)
    best, began = np.inf, time.perf_counter()
    while time.perf_counter() - began < limit and best > target:
        rule.zero_grad()
        loss = torch.mean((net(xs) - ys) ** 2)
        loss.backward()
        rule.step()
        best = min(best, float(loss))
    return time.perf_counter() - began, best


def has_torch():
    """Return whether PyTorch is there."""
    try:
        import torch
    except ImportError:
        return False
    torch.set_num_threads(steep.get_num_threads())
    return True


def sinc():
    """sin(10x) / (10x), 20,000 points, 61 weights, to a mean squared error of 1e-8."""
    x = np.linspace(-1, 1, 20_000)[:, None]
    y = np.sinc(10 * x / np.pi)
    rows = []
    for seed in SEEDS:
        net = steep.MLP([1, 20, 1], activation="tanh", dtype="float64", seed=seed, initialization="nguyen_widrow")
        rows.append(fit(net, x, y, 1e-8))
    seconds = np.array([row[0] for row in rows])
    reached = np.array([row[1] <= 1e-8 for row in rows])
    print(f"sinc: {reached.sum()} of {len(rows)} seeds reach 1e-8, {np.sum(reached & (seconds < 0.25))} within 0.25 s")
    print("  seconds", seconds.round(3), "\n  steps  ", [row[2] for row in rows])
    if has_torch():
        limit = 50 * np.median(seconds)
        spent, best = adam_in_torch([1, 20, 1], x, y, 1e-8, 0, min(limit, 20.0))
        print(f"  PyTorch Adam: {best:.1e} after {spent:.1f} s ({spent / np.median(seconds):.0f} times the median)")


def friedman():
    """Friedman's first function, 5,000 rows without noise, a 5-20-1 net."""
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(5000, 5))
    y = 10 * np.sin(np.pi * x[:, :1] * x[:, 1:2]) + 20 * (x[:, 2:3] - 0.5) ** 2 + 10 * x[:, 3:4] + 5 * x[:, 4:]
    y = (y - y.mean()) / y.std()
    target = 1e-4
    rows = []
    for seed in SEEDS:
        net = steep.MLP([5, 20, 1], activation="tanh", dtype="float64", seed=seed, input_scale=2.0, input_shift=-1.0)
        rows.append(fit(net, x, y, target))
    seconds = np.median([row[0] for row in rows])
    print(
        f"friedman: {sum(row[1] <= target for row in rows)} of {len(rows)} seeds reach {target}, median {seconds:.3f} s"
    )
    if has_torch():
        spent, best = adam_in_torch([5, 20, 1], 2 * x - 1, y, target, 0, min(40 * seconds, 20.0))
        print(f"  PyTorch Adam: {best:.1e} after {spent:.1f} s ({spent / seconds:.0f} times)")


def gram():
    """J'J of networks of p parameters against the FMA peak of the threads in use."""
    rng = np.random.default_rng(0)
    threads = steep.get_num_threads()
    peak = _core.fma_peak(np.dtype("float64"))
    for width, rows in ((18, 20_000), (45, 10_000), (90, 5_000), (180, 3_000)):
        net = steep.MLP([10, width, 1], activation="tanh", dtype="float64", seed=0)
        p = net.parameters.size
        f = steep.Risk(net, rng.normal(size=(rows, 10)), rng.normal(size=rows))
        f._core.set_threads(threads)
        w = net.parameters.copy()
        J = f.jacobian(w)
        np.testing.assert_allclose(f.gauss_newton(w), J.T @ J, rtol=1e-8, atol=1e-12)
        seconds = min(_timed(lambda f=f, w=w: f._core.normal_equations(w)) for _ in range(5))
        rate = rows * p * p / seconds / 1e9
        print(f"gram: p {p:>5} {seconds * 1e3:8.2f} ms {rate:7.1f} GFLOP/s, {rate / (threads * peak):.0%} of peak")


def hvp():
    """A Hessian-vector product of a 784-100-10 net against its gradient."""
    rng = np.random.default_rng(0)
    for dtype in ("float32", "float64"):
        net = steep.MLP([784, 100, 10], output="softmax", dtype=dtype, seed=0)
        x, y = rng.random((4096, 784)).astype(dtype), rng.integers(0, 10, 4096)
        f = steep.Risk(net, x, y)
        w, v = net.parameters.astype(np.float64), rng.normal(size=net.parameters.size)
        if dtype == "float64":
            h = 1e-5
            near = (f.gradient(w + h * v) - f.gradient(w - h * v)) / (2 * h)
            exact = f.hessian_product(w, v)
            assert np.abs(near - exact).max() < 1e-3 * np.abs(exact).max()  # ReLU: a few rows cross a kink
        gradient = min(_timed(lambda f=f, w=w: f._core.value_and_gradient(w)) for _ in range(5))
        product = min(_timed(lambda f=f, w=w, v=v: f._core.hessian_product(w, v)) for _ in range(5))
        print(
            f"hvp: {dtype} gradient {gradient * 1e3:.2f} ms, product {product * 1e3:.2f} ms: {product / gradient:.2f}"
        )


def many():
    """64 small nets by Levenberg-Marquardt and by Adam, on one thread and on two."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(500, 3))
    y = np.sin(3 * x[:, 0]) * x[:, 1] + x[:, 2] ** 2
    for name, options in {
        "levenberg_marquardt": {"optimizer": steep.LevenbergMarquardt(), "epochs": 60},
        "adam": {"optimizer": steep.Adam(1e-2), "epochs": 100, "batch_size": 50},
    }.items():
        spent, losses = {}, {}
        for threads in (1, 2, 1, 2):
            nets = [steep.MLP([3, 10, 1], activation="tanh", dtype="float64", seed=s) for s in range(64)]
            began = time.perf_counter()
            fits = steep.fit_many(nets, x, y, n_threads=threads, **options)
            spent[threads] = min(spent.get(threads, np.inf), time.perf_counter() - began)
            losses[threads] = fits.table["loss"]
        np.testing.assert_array_equal(losses[1], losses[2])
        print(
            f"many: 64 nets, {name}: {spent[1]:.2f} s on one thread, {spent[2]:.2f} s on two: {spent[1] / spent[2]:.2f}"
        )


def _timed(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    for name in sys.argv[1:] or ["sinc", "friedman", "gram", "hvp", "many"]:
        globals()[name]()
