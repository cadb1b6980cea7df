"""Loops of one's own: a generative adversarial pair on a mixture of normals in the plane."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import steep as s

ANGLES = 2 * np.pi * np.arange(8) / 8
CENTRES = 2 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.slow
def test_generative_adversarial_pair_finds_the_mixture():
    rng = np.random.default_rng(42)
    generator = s.MLP([8, 128, 128, 2], "relu", seed=1)
    critic = s.MLP([2, 128, 128, 1], "leaky_relu", seed=2, slope=0.2)
    rule = s.Adam(5e-4, beta1=0.5)
    states = rule.init(generator.parameters), rule.init(critic.parameters)
    n = 256
    for _ in range(4000):
        real = CENTRES[rng.integers(8, size=n)] + 0.1 * rng.normal(size=(n, 2))
        fake = generator.forward(rng.normal(size=(n, 8)))
        scores = critic.forward(np.concatenate([real, fake]))
        is_real = np.repeat([[1.0], [0.0]], n, axis=0)
        gradient, _ = critic.backward((sigmoid(scores) - is_real) / n, inputs=False)
        rule.update(critic.parameters, gradient, states[1])
        _, pull = critic.backward((sigmoid(critic.forward(fake)) - 1) / n)
        gradient, _ = generator.backward(pull, inputs=False)
        rule.update(generator.parameters, gradient, states[0])
    made = generator.predict(rng.normal(size=(4000, 8)))
    distance = np.linalg.norm(made[:, None] - CENTRES, axis=2)
    share = np.bincount(distance.argmin(axis=1), minlength=8) / 4000
    # Untrained: 0.03 of the points lie within 4 deviations of a centre, and five centres have none.
    assert (distance.min(axis=1) < 0.4).mean() > 0.7
    assert (share > 0.02).sum() >= 7


def test_a_loop_by_hand_is_what_train_does():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.normal(size=(60, 2))
    layers = [s.Dense(7, "tanh"), s.LayerNorm(), s.Dense(2)]
    by_hand, trained = (s.Network(layers, 4, dtype="float64", seed=5) for _ in range(2))
    rule = s.Adam(0.01)
    state = rule.init(by_hand.parameters)
    for _ in range(4):
        for first in range(0, 60, 16):
            rows = slice(first, first + 16)
            error = by_hand.forward(X[rows]) - y[rows]
            gradient, _ = by_hand.backward(error / len(error), inputs=False)
            rule.update(by_hand.parameters, gradient, state)
    s.train(trained, X, y, optimizer=rule, batch_size=16, epochs=4, shuffle=False, progress=False)
    np.testing.assert_allclose(by_hand.parameters, trained.parameters, rtol=1e-10, atol=1e-12)


def test_backward_takes_its_argument_as_inputs_are_taken():
    net = s.MLP([2, 3, 1], activation="tanh", dtype="float64")
    X, dY = np.arange(8.0).reshape(4, 2), np.array([[1.0], [2.0], [3.0], [4.0]])
    net.forward(X)
    expected = net.backward(dY)[0]
    for same in (dY.tolist(), dY.astype(np.float16), np.repeat(dY, 2, 0)[::2], dY[:, 0]):
        np.testing.assert_array_equal(net.backward(same)[0], expected)
    with pytest.raises(ValueError, match="dY must have no masked entries, got 1: fill or drop them"):
        net.backward(np.ma.masked_equal(dY, 3))
    with pytest.raises(TypeError, match="dY must be an array of real numbers, got complex numbers"):
        net.backward(dY + 1j)
    with pytest.raises(TypeError, match="dY must be an array of real numbers, got strings"):
        net.backward(dY.astype(str))


def test_gradients_are_those_at_the_forwards_parameters():
    net = s.Network([s.Dense(5, "tanh"), s.LayerNorm(), s.Dense(1)], 3, dtype="float64", seed=1)
    X, dY = np.random.default_rng(0).normal(size=(6, 3)), np.ones((6, 1))
    net.forward(X)
    wanted = net.backward(dY)
    net.parameters *= 2
    for found, old in zip(net.backward(dY), wanted, strict=True):
        np.testing.assert_array_equal(found, old)


def test_threads_that_share_a_network_wait_for_each_other():
    net = s.MLP([20, 64, 3], "tanh", seed=1)
    batches = [np.random.default_rng(k).normal(size=(n, 20)) for k, n in enumerate((3, 20000, 700, 9000))]
    wanted = [net.predict(X) for X in batches]

    def work(k):
        for _ in range(20):
            found = net.forward(batches[k], training=False)
            np.testing.assert_allclose(found, wanted[k], rtol=1e-4, atol=1e-5)  # products of another size of block

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, k) for k in range(4)]:
            done.result()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the address space")
def test_memory_that_ran_out_leaves_a_network_that_works():
    code = """
import resource
import numpy as np, steep
net = steep.MLP([4, 2000, 2000, 1], seed=1)
net.forward(np.ones((10, 4), np.float32), n_threads=1)
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 400 * 2**20,) * 2)
try:
    net.forward(np.ones((200000, 4), np.float32), n_threads=1)
except MemoryError:
    print("refused")
few = np.ones((5000, 4), np.float32)
print(np.allclose(net.forward(few, training=False, n_threads=1), net.predict(few, n_threads=1), rtol=1e-4))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["refused", "True"]), done.stderr
