"""Training steps of six networks in steep and its peers: same data, same start, same batches, Adam 1e-3, float32.

    python bench/train.py [net ...] [--threads 1 2] [--peers NAME ...] [--json FILE] [--picture FILE]

Each number of threads is a process bound to so many CPUs. First every peer trains two epochs in the rows' order and the
losses must agree; then the peers take turns in training shuffled epochs, and the least time a step counts. Compilation
is not counted. A ratio above 1 says that steep is faster; `peak` is the share of the measured FMA peak that the step's
products alone would need. Peers that are not installed are left out.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import train_peers

# name: (widths, batch, rows)
NETS = {
    "784-100-10 b200": ([784, 100, 10], 200, 12_000),
    "784-256-128-10 b128": ([784, 256, 128, 10], 128, 12_800),
    "784-512-512-10 b256": ([784, 512, 512, 10], 256, 12_800),
    "784-100-10 b32": ([784, 100, 10], 32, 12_800),
    "16-32-32-2 b32": ([16, 32, 32, 2], 32, 6_400),
    "54-128-64-7 b256": ([54, 128, 64, 7], 256, 25_600),
}
ROUNDS = 7
PAUSE = 0.25  # seconds before a turn, so that the threads of the peer before have stopped spinning


def flops(widths, batch):
    """Of the products of one step: forward, weights' gradients, and inputs' gradients but the first layer's."""
    sizes = [a * b for a, b in pairwise(widths)]
    return 2 * batch * (3 * sum(sizes) - sizes[0])


def compare(name, peers, seconds):
    """Check one net's losses, time it, and return a row."""
    widths, batch, rows = NETS[name]
    problem = train_peers.problem(widths, batch, rows)
    runners, losses = {}, {}
    for peer in peers:
        runner = train_peers.PEERS[peer](problem)
        losses[peer] = runner.check()
        runners[peer] = runner
    expected = losses["steep"]
    for peer, found in losses.items():
        error = max(abs(a / b - 1) for a, b in zip(found, expected, strict=True))
        if error > 2e-3:
            raise AssertionError(f"{name}: losses of {peer} are {found}, of steep {expected}")
    steps = rows // batch
    least = dict.fromkeys(peers, float("inf"))
    epochs = {}
    for peer, runner in runners.items():  # also the warm-up
        start = time.perf_counter()
        runner.epochs(1)
        one = time.perf_counter() - start
        epochs[peer] = max(1, min(200, int(seconds / ROUNDS / max(one, 1e-6))))
    for _ in range(ROUNDS):
        for peer, runner in runners.items():
            time.sleep(PAUSE)
            start = time.perf_counter()
            runner.epochs(epochs[peer])
            least[peer] = min(least[peer], (time.perf_counter() - start) / (epochs[peer] * steps))
    return {
        "net": name, "us": {peer: 1e6 * s for peer, s in least.items()}, "losses": losses,
        "flops": flops(widths, batch),
    }  # fmt: skip


def fma_peak(threads):
    """GFLOP/s in float32 of so many cores, the best of some measurements on one."""
    import numpy as np

    from steep import _core

    return threads * max(_core.fma_peak(np.dtype(np.float32), 0.05) for _ in range(5))


def child(names, peers, threads, seconds):
    peers = [peer for peer in peers if train_peers.available(peer)]
    train_peers.limit(threads)
    peak = fma_peak(threads)
    rows = []
    for name in names:
        row = compare(name, peers, seconds) | {"threads": threads, "peak_gflops": peak}
        ours = row["us"]["steep"]
        row["share_of_peak"] = row["flops"] / (1e3 * ours * peak)
        cells = "".join(f"  {peer} {us:9.1f} ({us / ours:5.2f}x)" for peer, us in row["us"].items() if peer != "steep")
        share = row["share_of_peak"]
        print(f"{threads} threads  {name:22} steep {ours:8.1f} us {share:6.1%} of peak{cells}", file=sys.stderr)
        rows.append(row)
    print(json.dumps(rows))


def machine():
    names = ("numpy", "scikit-learn", "torch", "jax", "jaxlib")
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    return {"cpu": cpu or platform.processor(), "python": platform.python_version(), "versions": versions}


def _lines(path):
    return Path(path).read_text().splitlines() if os.path.exists(path) else []


def picture(rows, path):
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    threads = sorted({row["threads"] for row in rows})
    figure, axes = plt.subplots(1, len(threads), figsize=(6 * len(threads), 4), sharey=True, squeeze=False)
    for axis, count in zip(axes[0], threads, strict=True):
        part = [row for row in rows if row["threads"] == count]
        peers = list(part[0]["us"])
        for i, peer in enumerate(peers):
            places = [k + 0.8 * (i - len(peers) / 2) / len(peers) for k in range(len(part))]
            axis.bar(
                places, [row["us"].get(peer, float("nan")) for row in part], 0.8 / len(peers), label=peer, align="edge"
            )
        axis.set(yscale="log", title=f"{count} thread{'s' * (count > 1)}", ylabel="microseconds a step")
        axis.set_xticks(range(len(part)), [row["net"] for row in part], rotation=30, ha="right")
    axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nets", nargs="*", default=list(NETS), metavar="net", help=", ".join(NETS))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--peers", nargs="+", default=list(train_peers.PEERS), choices=list(train_peers.PEERS))
    parser.add_argument("--seconds", type=float, default=1.0, help="of training for each peer and net, about")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--picture", metavar="FILE")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    unknown = set(arguments.nets) - set(NETS)
    if unknown:
        parser.error(f"net must be one of {', '.join(NETS)}, got {unknown.pop()}")
    peers = list(dict.fromkeys(["steep", *arguments.peers]))
    if arguments.child:
        return child(arguments.nets, peers, arguments.threads[0], arguments.seconds)
    rows = []
    for threads in arguments.threads:
        command = [sys.executable, __file__, "--child", "--threads", str(threads), "--seconds", str(arguments.seconds)]
        command += ["--peers", *peers, "--", *arguments.nets]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        if hasattr(os, "sched_setaffinity"):
            cpus = sorted(os.sched_getaffinity(0))[:threads]
            if len(cpus) < threads:
                print(f"{threads} threads are left out: this process has {len(cpus)} CPUs", file=sys.stderr)
                continue
            bind = lambda cpus=cpus: os.sched_setaffinity(0, cpus)  # noqa: E731
        else:
            bind = None
        done = subprocess.run(command, env=environment, preexec_fn=bind, stdout=subprocess.PIPE, text=True, check=True)
        rows += json.loads(done.stdout.splitlines()[-1])
    result = {"machine": machine(), "time": time.strftime("%Y-%m-%d %H:%M"), "rows": rows}
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(result, indent=1))
    if arguments.picture:
        picture(rows, arguments.picture)
    return None


if __name__ == "__main__":
    main()
