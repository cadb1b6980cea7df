"""
Second order on networks: time to an accuracy, the speed of J'J and of Hessian-vector products, many fits at once.

    python bench/second_order.py [sinc] [friedman] [gram] [hvp] [many]

Every row checks its answer before it times it. Times are the best or the median of several runs, as said; PyTorch, and
SciPy with JAX's derivatives, are measured in the same process with the same number of threads where they are installed.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
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
    net = torch_net(widths)
    rule = torch.optim.Adam(net.parameters(), rate, fused=True)
    xs, ys = torch.from_numpy(x), torch.from_numpy(y)
    best, began = np.inf, time.perf_counter()
    while time.perf_counter() - began < limit and best > target:
        rule.zero_grad()
        loss = torch.mean((net(xs) - ys) ** 2)
        loss.backward()
        rule.step()
        best = min(best, loss.item())
    return time.perf_counter() - began, best


def lbfgs_in_torch(widths, x, y, target, seed, limit):
    """Return (seconds, best mean squared error) of PyTorch's L-BFGS with a strong Wolfe line search."""
    import torch

    torch.manual_seed(seed)
    net = torch_net(widths)
    rule = torch.optim.LBFGS(net.parameters(), max_iter=20, history_size=50, line_search_fn="strong_wolfe",
                             tolerance_grad=0, tolerance_change=0)  # fmt: skip
    xs, ys = torch.from_numpy(x), torch.from_numpy(y)
    best, began = np.inf, time.perf_counter()

    def closure():
        nonlocal best
        rule.zero_grad()
        loss = torch.mean((net(xs) - ys) ** 2)
        loss.backward()
        best = min(best, loss.item())
        return loss

    while time.perf_counter() - began < limit and best > target:
        rule.step(closure)
    return time.perf_counter() - began, best


def torch_net(widths):
    """Return a network of tanh layers in float64."""
    import torch

    layers = []
    for i, (a, b) in enumerate(pairwise(widths)):
        layers += [torch.nn.Linear(a, b)] + ([torch.nn.Tanh()] if i < len(widths) - 2 else [])
    return torch.nn.Sequential(*layers).double()


class _Reached(Exception):
    """The residuals are small enough."""


def scipy_with_jax(widths, x, y, target, seed, limit):
    """Return (seconds, best mean squared error, method) of SciPy's least_squares, by JAX; compilation apart."""
    import jax
    import scipy.optimize

    jax.config.update("jax_enable_x64", True)
    hidden = widths[1]
    rng = np.random.default_rng(seed)
    cut = np.cumsum([hidden * widths[0], hidden, hidden])
    limits = np.sqrt(6 / (widths[0] + hidden)), np.sqrt(6 / (hidden + 1))
    start = np.concatenate([rng.uniform(-limits[0], limits[0], cut[0]), np.zeros(hidden),
                            rng.uniform(-limits[1], limits[1], hidden), np.zeros(1)])  # fmt: skip

    def residuals(w):
        first, b, last, c = jax.numpy.split(w, cut)
        return jax.numpy.tanh(x @ first.reshape(hidden, -1).T + b) @ last + c[0] - y[:, 0]

    fun, jac = jax.jit(residuals), jax.jit(jax.jacrev(residuals) if len(x) < start.size else jax.jacfwd(residuals))
    np.asarray(fun(start)), np.asarray(jac(start))
    found = []
    for method in ("lm", "trf"):
        best, began = np.inf, time.perf_counter()

        def call(w, began=began):
            nonlocal best
            r = np.asarray(fun(w))
            best = min(best, float(np.mean(r**2)))
            if best <= target or time.perf_counter() - began > limit:
                raise _Reached
            return r

        with suppress(_Reached):
            scipy.optimize.least_squares(call, start, jac=lambda w: np.asarray(jac(w)), method=method, max_nfev=10**6,
                                         ftol=None if method == "trf" else 1e-15, xtol=1e-15, gtol=1e-15)  # fmt: skip
        found.append((time.perf_counter() - began, best, method))
    return min(found, key=lambda row: (row[1] > target, row[0]))


def has_jax():
    """Return whether JAX is there."""
    try:
        import jax  # noqa: F401
    except ImportError:
        return False
    return True


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
    peers = {"PyTorch Adam": adam_in_torch, "PyTorch L-BFGS": lbfgs_in_torch} if has_torch() else {}
    if has_jax():
        peers["SciPy least_squares, JAX's Jacobian"] = scipy_with_jax
    for name, peer in peers.items():
        found = [peer([5, 20, 1], 2 * x - 1, y, target, seed, 8.0) for seed in range(3)]
        spent = np.median([row[0] for row in found])
        reached = sum(row[1] <= target for row in found)
        print(f"  {name}: {reached} of 3 seeds, median {spent:.2f} s ({spent / seconds:.0f} times)", found[0][2:] or "")


def gram():
    """J'J of networks of p parameters against the FMA peak of the threads in use."""
    rng = np.random.default_rng(0)
    threads = steep.get_num_threads()
    peak = _core.fma_peak(np.dtype("float64"))
    for width, rows in ((18, 20_000), (45, 10_000), (90, 5_000), (180, 3_000)):
        net = steep.MLP([10, width, 1], activation="tanh", dtype="float64", seed=0)
        p = net.parameters.size
        f = steep.Risk(net, rng.normal(size=(rows, 10)), rng.normal(size=rows))
        f._core.threads = threads
        w = net.parameters.copy()
        J = f.jacobian(w)
        np.testing.assert_allclose(f.gauss_newton(w), J.T @ J, rtol=1e-8, atol=1e-12)
        seconds = min(_timed(lambda f=f, w=w: f._core.normal_equations(w)) for _ in range(25))
        rate = rows * p * p / seconds / 1e9
        print(f"gram: p {p:>5} {seconds * 1e3:8.2f} ms {rate:7.1f} GFLOP/s, {rate / (threads * peak):.0%} of peak")


def hvp():
    """Hessian- and Gauss-Newton-vector products of a 784-100-10 net against its gradient."""
    rng = np.random.default_rng(0)
    for dtype in ("float32", "float64"):
        net = steep.MLP([784, 100, 10], output="softmax", dtype=dtype, seed=0)
        x, y = rng.random((4096, 784)).astype(dtype), rng.integers(0, 10, 4096)
        f = steep.Risk(net, x, y)
        w, v = net.parameters.astype(np.float64), rng.normal(size=net.parameters.size)
        if dtype == "float64":
            h = 1e-7
            near = (f.gradient(w + h * v) - f.gradient(w - h * v)) / (2 * h)
            exact = f.hessian_product(w, v)
            assert np.abs(near - exact).max() < 1e-3 * np.abs(exact).max()  # ReLU: a few rows cross a kink
            few = steep.Risk(net, x[:20], y[:20])  # v'Gv = sum_i v'J_i' H_i J_i v / n, of scores z
            p, Jv = net.predict(x[:20]), net.jacobian(x[:20]) @ v  # Jv = H_i J_i v after softmax
            curved = np.mean(np.sum(Jv * (Jv / p), axis=1))  # H_i^+ = diag(1 / p) on what sums to 0
            np.testing.assert_allclose(v @ few.gauss_newton_product(w, v), curved, rtol=1e-8)
        f._core.threads = steep.get_num_threads()
        gradient = min(_timed(lambda f=f, w=w: f._core.value_and_gradient(w)) for _ in range(9))
        product = min(_timed(lambda f=f, w=w, v=v: f._core.hessian_product(w, v)) for _ in range(9))
        model = min(_timed(lambda f=f, w=w, v=v: f._core.gauss_newton_product(w, v)) for _ in range(9))
        print(
            f"hvp: {dtype} gradient {gradient * 1e3:.2f} ms, Hessian's product {product * 1e3:.2f} ms: "
            f"{product / gradient:.2f}, Gauss-Newton's {model * 1e3:.2f} ms: {model / gradient:.2f}"
        )
        if has_jax():
            spent = hvp_in_jax(net, x, y, w, v, f.hessian_product(w, v))
            print(f"  JAX, jitted: {spent * 1e3:.2f} ms, {spent / product:.2f} times")


def hvp_in_jax(net, x, y, w, v, expected):
    """Return the best time of JAX's jitted forward-over-reverse product, checked against `expected`."""
    import jax

    jax.config.update("jax_enable_x64", True)
    dtype = x.dtype

    def risk(w):
        first, b, last, c = jax.numpy.split(w, np.cumsum([784 * 100, 100, 1000]))
        z = jax.nn.relu(x @ first.reshape(100, 784).T + b) @ last.reshape(10, 100).T + c
        return -jax.numpy.mean(jax.nn.log_softmax(z)[np.arange(len(y)), y])

    product = jax.jit(lambda w, v: jax.jvp(jax.grad(risk), (w,), (v,))[1])
    w, v = jax.numpy.asarray(w, dtype), jax.numpy.asarray(v, dtype)
    error = np.abs(np.asarray(product(w, v), float) - expected).max() / np.abs(expected).max()
    assert error < (1e-3 if dtype == np.float32 else 1e-9), error
    return min(_timed(lambda: product(w, v).block_until_ready()) for _ in range(9))


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
    if has_torch():
        few, began = 4, time.perf_counter()
        for seed in range(few):
            adam_by_batches_in_torch([3, 10, 1], x, y[:, None], seed, 100, 50)
        loop = (time.perf_counter() - began) * 64 / few
        print(f"  a loop of PyTorch fits by Adam: {loop:.1f} s, {loop / spent[2]:.0f} times")


def adam_by_batches_in_torch(widths, x, y, seed, epochs, batch):
    """Fit as `many` does with Adam."""
    import torch

    torch.manual_seed(seed)
    net = torch_net(widths)
    rule = torch.optim.Adam(net.parameters(), 1e-2, fused=True)
    xs, ys = torch.from_numpy(x), torch.from_numpy(y)
    for _ in range(epochs):
        order = torch.randperm(len(xs))
        for rows in order.split(batch):
            rule.zero_grad()
            loss = torch.mean((net(xs[rows]) - ys[rows]) ** 2) / 2
            loss.backward()
            rule.step()
    return loss.item()


def _timed(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    for name in sys.argv[1:] or ["sinc", "friedman", "gram", "hvp", "many"]:
        globals()[name]()
