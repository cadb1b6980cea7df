"""Loops of one's own: a generative adversarial pair on a mixture of normals in the plane."""

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
