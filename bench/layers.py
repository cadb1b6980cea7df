"""
Layers beside PyTorch and JAX: the speed of convolutions, steps of a small network of convolutions, what batch
normalization and dropout add, and the accuracy on Fashion-MNIST and on the digits. Answers are checked before anything
is timed. JAX takes every core that it may run on: one thread needs `taskset -c 0`.

    python bench/layers.py conv | step | extras | fashion [--epochs 12] | digits    [--threads 1]
"""

import argparse
import json
import os
import platform
import time

import numpy as np

import steep as s
from steep import _core

FASHION = "/usr/share/datasets/fashion-mnist"


def best(f, seconds=1.0):
    """Return the smallest time of a call, in seconds."""
    f()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times)


def bench_conv(threads):
    """GFLOP/s of a layer's forward and of its two gradients, framing and bias included, as a share of the FMA peak."""
    peak = _core.fma_peak(np.dtype("float32"), 0.2) * threads
    print(f"FMA peak {peak:.0f} GFLOP/s ({threads} threads)")
    rng = np.random.default_rng(0)
    for side, channels, filters in ((28, 16, 16), (28, 16, 32), (14, 32, 32), (14, 32, 64), (7, 64, 64), (28, 64, 64)):
        net = s.Network([s.Conv2D(filters, 3, padding="same")], (side, side, channels))
        one = 2.0 * side * side * channels * filters * 9 / 1e9
        rows = max(2, int(0.1 / one))  # so few that a call is short beside a time slice
        X = rng.normal(size=(rows, side * side * channels)).astype(np.float32)
        dY = rng.normal(size=(rows, side * side * filters)).astype(np.float32)
        net.forward(X, n_threads=threads)
        gradient = np.zeros_like(net.parameters)
        work = rows * one
        ahead = best(lambda: net.forward(X, n_threads=threads), 0.5)  # noqa: B023
        weights = best(lambda: net.backward(dY, gradient=gradient, inputs=False, n_threads=threads), 0.5)  # noqa: B023
        both = best(lambda: net.backward(dY, gradient=gradient, n_threads=threads), 0.5)  # noqa: B023
        rates = [work / ahead, work / weights, 2 * work / both]
        text = "  ".join(f"{rate:6.1f} ({rate / peak:4.0%})" for rate in rates)
        print(f"{side:3d} x {side:<3d} {channels:3d} -> {filters:<3d} forward, weights, weights and inputs: {text}")


def small_net(seed=0, dropout=0.0):
    layers = [s.Conv2D(16, 3, "relu", padding="same"), s.MaxPool2D(2), s.Conv2D(32, 3, "relu"), s.MaxPool2D(2)]
    layers += [s.Dense(40, "relu"), *([s.Dropout(dropout)] if dropout else []), s.Dense(10, "softmax")]
    return s.Network(layers, (28, 28, 1), seed=seed, input_scale=1 / 255)


def torch_net(torch):
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1152, 40), nn.ReLU(), nn.Linear(40, 10),
    )  # fmt: skip


def bench_step(threads, batch=128):
    """Microseconds a training step of the small net (51,330 parameters, Adam) beside its peers'."""
    import torch

    torch.set_num_threads(threads)
    rng = np.random.default_rng(0)
    n = 16 * batch
    X = rng.integers(0, 256, size=(n, 28, 28, 1)).astype(np.uint8)
    y = rng.integers(0, 10, size=n)
    ours, theirs = small_net(), torch_net(torch)
    arrays = [array for layer in ours.layers for _, array in layer.arrays()]
    with torch.no_grad():
        for array, parameter in zip(arrays, theirs.parameters(), strict=True):
            if array.shape == (40, 1152):  # PyTorch flattens channels first
                array = array.reshape(40, 6, 6, 32).transpose(0, 3, 1, 2).reshape(40, 1152)
            parameter.copy_(
                torch.from_numpy(np.ascontiguousarray(np.moveaxis(array, -1, 1) if array.ndim == 4 else array))
            )
    pixels = (
        torch.from_numpy(X.astype(np.float32) / 255).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    )
    labels = torch.from_numpy(y)
    wanted = torch.softmax(theirs(pixels[:64]), 1).detach().numpy()
    np.testing.assert_allclose(ours.predict(X[:64]), wanted, atol=1e-4)
    found = {"steep": 1e6 * _epoch_of_ours(ours, X, y, batch, threads) / 16}
    for name in ("torch", "torch channels_last", "torch.compile"):
        model = torch_net(torch)
        data = pixels.contiguous()
        if name != "torch":
            model, data = model.to(memory_format=torch.channels_last), pixels
        optimizer = torch.optim.Adam(model.parameters(), fused=True)
        loss = torch.nn.CrossEntropyLoss()
        if name == "torch.compile":
            model = torch.compile(model)

        def epoch(model=model, data=data, optimizer=optimizer, loss=loss):
            for first in range(0, n, batch):
                optimizer.zero_grad()
                loss(model(data[first : first + batch]), labels[first : first + batch]).backward()
                optimizer.step()

        found[name] = 1e6 * best(epoch, 3) / 16
    jax = _jax_epoch(ours, X, y, batch)
    if jax is not None:
        found["jax, jitted scan"] = 1e6 * best(jax, 3) / 16
    print(f"{threads} threads, batch {batch}")
    for name, value in found.items():
        print(f"  {name:22s} {value:9.0f} us a step, {value / found['steep']:.2f} of ours")


def _jax_epoch(net, X, y, batch):
    """Return an epoch of Adam in one jitted scan, with the parameters of `net`; None without JAX."""
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        return None
    arrays = [array.copy() for layer in net.layers for _, array in layer.arrays()]
    arrays = [
        np.moveaxis(array, 0, -1) if array.ndim > 1 else array for array in arrays
    ]  # (kh, kw, in, out), (in, out)
    steps = len(X) // batch
    data = jnp.asarray(X.astype(np.float32) / 255).reshape(steps, batch, 28, 28, 1)
    labels = jnp.asarray(y).reshape(steps, batch)

    def pool(a):
        return jax.lax.reduce_window(a, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def scores(p, x):
        form = ("NHWC", "HWIO", "NHWC")
        a = pool(jax.nn.relu(jax.lax.conv_general_dilated(x, p[0], (1, 1), "SAME", dimension_numbers=form) + p[1]))
        a = pool(jax.nn.relu(jax.lax.conv_general_dilated(a, p[2], (1, 1), "VALID", dimension_numbers=form) + p[3]))
        return jax.nn.relu(a.reshape(len(x), -1) @ p[4] + p[5]) @ p[6] + p[7]

    def loss(p, x, t):
        return -jnp.take_along_axis(jax.nn.log_softmax(scores(p, x)), t[:, None], 1).mean()

    def step(carry, rows):
        p, m, v, t = carry
        value, g = jax.value_and_grad(loss)(p, *rows)
        m = [0.9 * a + 0.1 * b for a, b in zip(m, g, strict=True)]
        v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g, strict=True)]
        c1, c2 = 1 - 0.9**t, 1 - 0.999**t
        p = [a - 1e-3 * (b / c1) / (jnp.sqrt(c / c2) + 1e-8) for a, b, c in zip(p, m, v, strict=True)]
        return (p, m, v, t + 1), value

    start = [jnp.asarray(array) for array in arrays]
    wanted = np.asarray(jax.nn.softmax(scores(start, data[0])))
    np.testing.assert_allclose(net.predict(X[:batch]), wanted, atol=1e-4)
    zeros = [jnp.zeros_like(array) for array in start]
    run = jax.jit(lambda carry: jax.lax.scan(step, carry, (data, labels)))
    carry = (start, zeros, zeros, 1.0)
    return lambda: jax.block_until_ready(run(carry))


def _epoch_of_ours(net, X, y, batch, threads):
    run = s.train(net, X, y, batch_size=batch, epochs=30, shuffle=False, n_threads=threads, progress=False)
    return float(np.diff(run.history["seconds"]).min())


def bench_extras(threads, batch=128):
    """What batch normalization and dropout add to a step of 784-256-128-10."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(16 * batch, 784)).astype(np.float32), rng.integers(0, 10, size=16 * batch)

    def layers(norm, dropout):
        for width in (256, 128):
            yield from [s.Dense(width), s.BatchNorm(), s.Activation("relu")] if norm else [s.Dense(width, "relu")]
            if dropout:
                yield s.Dropout(0.2)
        yield s.Dense(10, "softmax")

    base = None
    for name, norm, dropout in (("plain", 0, 0), ("dropout", 0, 1), ("batch norm", 1, 0), ("both", 1, 1)):
        net = s.Network(list(layers(norm, dropout)), 784)
        spent = 1e6 * _epoch_of_ours(net, X, y, batch, threads) / 16
        base = base or spent
        print(f"784-256-128-10 {name:11s} {spent:7.0f} us a step, {spent / base - 1:+.0%} ({threads} threads)")


def bench_fashion(threads, epochs):
    train, test = _fashion()
    net = small_net(dropout=0.25)
    start = time.perf_counter()
    schedule = s.OneCycle(4e-3, epochs * -(-len(train[0]) // 128))
    run = s.train(
        net, *train, optimizer=s.Adam(schedule), batch_size=128, epochs=epochs, n_threads=threads, progress=False
    )
    spent = time.perf_counter() - start
    accuracy = (net.predict_classes(test[0]) == test[1]).mean()
    result = {
        "test_accuracy": round(float(accuracy), 4),
        "seconds": round(spent, 1),
        "epochs": epochs,
        "threads": threads,
    }
    print(json.dumps(result | {"status": run.status, "machine": platform.processor() or platform.machine()}))


def _fashion():
    found = []
    for part in ("train", "t10k"):
        X = s.read_idx(os.path.join(FASHION, f"{part}-images-idx3-ubyte.gz"))
        y = s.read_idx(os.path.join(FASHION, f"{part}-labels-idx1-ubyte.gz"))
        found.append((np.asarray(X).reshape(-1, 28, 28, 1), np.asarray(y).astype(np.int64)))
    return found


def bench_digits(threads):
    from sklearn.model_selection import StratifiedKFold

    X, y = s.load_digits()
    X = X.reshape(-1, 8, 8, 1)
    scores = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X.reshape(len(X), -1), y):
        layers = [s.Conv2D(16, 3, "relu", padding="same"), s.Conv2D(32, 3, "relu", padding="same"), s.MaxPool2D(2)]
        layers += [s.Dropout(0.25), s.Dense(64, "relu"), s.Dropout(0.5), s.Dense(10, "softmax")]
        net = s.Network(layers, (8, 8, 1), input_scale=1 / 16)
        s.train(net, X[train], y[train], batch_size=32, epochs=30, n_threads=threads, progress=False)
        scores.append(float((net.predict_classes(X[test]) == y[test]).mean()))
    print(f"digits, 5 stratified splits: mean accuracy {np.mean(scores):.4f}, least {min(scores):.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=("conv", "step", "extras", "fashion", "digits"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    if options.what == "fashion":
        bench_fashion(options.threads, options.epochs)
    else:
        globals()[f"bench_{options.what}"](options.threads)


if __name__ == "__main__":
    main()
