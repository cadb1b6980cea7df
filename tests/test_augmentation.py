"""Augmentation: what the network is given, read from one step of a linear model, against SciPy and NumPy."""

import numpy as np
import pytest
from scipy import ndimage

import steep as s
from reference.dropout import philox

STREAM, GOLDEN = 3, 0x9E3779B97F4A7C15


def seen(image, augment, seed=0, row=0):
    """Return what one row of a data set looks like to the network in the first epoch.

    With weights zero and target 1 the gradient of 1/2 (w x - 1)^2 in w is -x.
    """
    X = np.zeros((row + 1, *image.shape))
    X[row] = image
    weight = np.zeros(row + 1)
    weight[row] = 1
    layers = [s.Dense(1, initialization="zeros", use_bias=False)]
    net = s.Network(layers, image.shape, dtype="float64")
    s.train(
        net, X, np.ones(row + 1), sample_weight=weight, optimizer=s.SGD(1.0), batch_size=1, epochs=1, seed=seed,
        augment=augment, progress=False,
    )  # fmt: skip
    return net.parameters.reshape(image.shape).copy()


def drawn(seed, row=0):
    """Return the two blocks of random numbers of a row in the first epoch."""
    return philox(seed, (row, 0, 0, STREAM)), philox(seed ^ GOLDEN, (row, 0, 0, STREAM))


def between(bits, low, high):
    return low + (bits * (high - low + 1) >> 32)


@pytest.fixture
def image():
    return np.random.default_rng(0).normal(size=(9, 11, 2))


@pytest.mark.parametrize("seed", range(6))
def test_shift_and_flip(image, seed):
    bits, _ = drawn(seed, row=3)
    down, right = between(bits[0], -2, 2), between(bits[1], -2, 2)
    wanted = ndimage.shift(image[:, ::-1] if bits[2] & 1 else image, (down, right, 0), order=0)
    np.testing.assert_array_equal(seen(image, s.Augment(shift=2, flip=True), seed, row=3), wanted)


@pytest.mark.parametrize("seed", range(4))
def test_rotation(image, seed):
    angle = np.deg2rad(25) * (drawn(seed)[0][3] / 2**31 - 1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = (np.array(image.shape[:2]) - 1) / 2
    wanted = np.stack(
        [
            ndimage.affine_transform(image[..., k], turn, middle - turn @ middle, order=1, mode="grid-constant")
            for k in range(2)
        ],
        axis=-1,
    )
    np.testing.assert_allclose(seen(image, s.Augment(rotate=25), seed), wanted, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_cutout(image, seed):
    _, bits = drawn(seed)
    top, left = between(bits[0], 0, 8) - 2, between(bits[1], 0, 10) - 2
    wanted = image.copy()
    wanted[max(top, 0) : max(top + 4, 0), max(left, 0) : max(left + 4, 0)] = 0
    np.testing.assert_array_equal(seen(image, s.Augment(cutout=4), seed), wanted)


@pytest.mark.parametrize("seed", range(6))
def test_all_of_it(image, seed):
    """Mirrored, turned about the middle, moved, then a square cut out."""
    bits, more = drawn(seed)
    down, right = between(bits[0], -2, 2), between(bits[1], -2, 2)
    angle = np.deg2rad(25) * (bits[3] / 2**31 - 1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = (np.array(image.shape[:2]) - 1) / 2
    offset = middle - turn @ (middle + np.array([down, right]))
    mirrored = image[:, ::-1] if bits[2] & 1 else image
    planes = [ndimage.affine_transform(mirrored[..., k], turn, offset, order=1, mode="grid-constant") for k in range(2)]
    wanted = np.stack(planes, axis=-1)
    top, left = between(more[0], 0, 8) - 1, between(more[1], 0, 10) - 1
    wanted[max(top, 0) : max(top + 3, 0), max(left, 0) : max(left + 3, 0)] = 0
    np.testing.assert_allclose(seen(image, s.Augment(2, True, 25, 3), seed), wanted, atol=1e-12)


def test_nothing_is_the_identity_and_all_of_it_differs_by_row_and_epoch(image):
    np.testing.assert_array_equal(seen(image, s.Augment()), image)
    every = s.Augment(shift=3, flip=True, rotate=15, cutout=3)
    assert (seen(image, every, row=1) != seen(image, every, row=2)).any()
    net = s.Network([s.Dense(1, use_bias=False)], image.shape, dtype="float64", seed=1)
    X, y = image[None], np.zeros(1)
    run = s.train(net, X, y, optimizer=s.SGD(1e-300), epochs=5, augment=every, progress=False)
    assert len(set(run.history["loss"])) == 5


def test_threads_and_storage_do_not_matter():
    X = np.random.default_rng(0).integers(0, 256, size=(150, 8, 8, 1)).astype(np.uint8)
    y = np.arange(150) % 3
    found = []
    for threads, data in ((1, X), (2, X), (1, X.astype(np.float32))):
        layers = [s.Conv2D(4, 3, "relu"), s.Dense(3, "softmax")]
        net = s.Network(layers, (8, 8, 1), input_scale=1 / 255)
        augment = s.Augment(shift=1, flip=True, rotate=10, cutout=2)
        s.train(net, data, y, batch_size=70, epochs=2, augment=augment, n_threads=threads, progress=False)
        found.append(net.parameters.tobytes())
    assert found[0] == found[1] == found[2]


def test_validation_is_not_augmented():
    X = np.random.default_rng(0).normal(size=(40, 6, 6, 1))
    net = s.Network([s.Dense(1)], (6, 6, 1), dtype="float64")
    run = s.train(
        net, X, X[:, 2, 2, 0], optimizer=s.SGD(1e-12), epochs=1, validation=(X, X[:, 2, 2, 0]), progress=False,
        augment=s.Augment(cutout=6),
    )  # fmt: skip
    plain = s.train(net, X, X[:, 2, 2, 0], optimizer=s.SGD(1e-12), epochs=1, progress=False)
    np.testing.assert_allclose(run.history["val_loss"], plain.history["loss"], rtol=1e-9)
    assert run.history["loss"][0] != plain.history["loss"][0]


def test_bad_input():
    for value in (-1, 2**62):
        with pytest.raises(ValueError, match="shift must be an integer from 0 to 65535"):
            s.Augment(shift=value)
    with pytest.raises(ValueError, match=r"rotate must be in \[0, 180\]"):
        s.Augment(rotate=200)
    with pytest.raises(ValueError, match="augment must be None for inputs that are no images"):
        s.train(s.MLP([3, 1]), np.ones((4, 3)), np.ones(4), augment=s.Augment(shift=1))
    net = s.Network([s.Dense(1)], (2, 2, 1))
    with pytest.raises(TypeError, match="augment must be None or"):
        s.train(net, np.ones((4, 4)), np.ones(4), augment={"shift": 1})
