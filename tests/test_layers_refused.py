"""Layers and networks that cannot be: what is refused, and in which words."""

import numpy as np
import pytest

import steep as s


@pytest.mark.parametrize(
    ("layers", "shape", "message"),
    [
        ([s.Dense(4), s.Conv2D(3)], 5, r"layer 1 \(conv2d\): input must be an image .*, got shape \(4,\)"),
        ([s.Conv2D(3)], (4, 9), r"got shape \(4, 9\): give input_shape a third side of 1 for one channel"),
        ([s.Conv2D(3, 5)], (4, 9, 1), r"layer 0 \(conv2d\): kernel must fit .* kernel \(5, 5\), input \(4, 9, 1\)"),
        ([s.Conv2D(3, 3, dilation=2)], (4, 9, 1), r"with dilation \(2, 2\)"),
        ([s.Conv2D(3, 2, strides=(3, 5))], (4, 4, 1), r"strides must be at most .* \(4, 4, 1\), got \(3, 5\)"),
        ([s.Conv2D(4, groups=3)], (4, 4, 3), "groups must divide the 3 channels of the input and the 4 filters, got 3"),
        ([s.MaxPool2D(5)], (4, 4, 1), r"layer 0 \(max_pool2d\): pool must fit .* pool \(5, 5\), input \(4, 4, 1\)"),
        ([s.MaxPool2D(5, strides=1)], (4, 4, 1), "would leave an output without entries"),
        ([s.AveragePool2D(2, padding=2)], (4, 4, 1), "padding must be at most half the window"),
        ([s.Reshape((3, 5))], 16, r"shape must hold the 16 entries of the input \(16,\), got \(3, 5\)"),
        ([s.Reshape((-1, -1))], 16, "one of them -1"),
        ([s.Residual([s.Dense(3)])], 4, r"shape of the skip connection, \(4,\), got \(3,\): give a shortcut"),
        ([s.Residual([s.Dense(4), s.Conv2D(3)])], 4, r"layer 0 \(residual\): layers\[1\] \(conv2d\): input must"),
        ([s.LayerNorm()], (4, 4, 1), "at least 2 entries to normalize over"),
        # Products of sides that would overflow.
        ([s.Dense(1)], (2**32, 2**32, 1), r"input_shape must fit memory, got \(4294967296, 4294967296, 1\)"),
        ([s.Dense(2**61)], 4, r"layer 0 \(dense\): units must fit memory"),
        ([s.Reshape((2**32, 2**32, -1))], 4, r"layer 0 \(reshape\): shape must fit memory"),
        ([s.Conv2D(4, 3, dilation=2**62)], (4, 4, 1), "dilation must be two from 1 to 1073741824"),
        ([s.Conv2D(4, 3, padding=2**61)], (4, 4, 1), "padding must be two from 0 to 1073741824"),
        ([s.Conv2D(4, 3, padding=2**29)], (4, 4, 1), "output must fit memory"),
        ([s.Conv2D(2**40, 3)], (4, 4, 1), "weight must fit memory"),
    ],
)
def test_what_does_not_fit_is_refused_when_the_network_is_built(layers, shape, message):
    with pytest.raises(ValueError, match=message):
        s.Network(layers, shape)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: s.Dropout(1.0), r"rate must be in \[0, 1\), got 1.0"),
        (lambda: s.Dropout(-0.1), "rate must be in"),
        (lambda: s.BatchNorm(eps=0), "eps must be"),
        (lambda: s.BatchNorm(momentum=1.5), r"momentum must be in \[0, 1\], got 1.5"),
        (lambda: s.Conv2D(0), "filters must be"),
        (lambda: s.Conv2D(3, (1, 2, 3)), "kernel must be an integer or two"),
        (lambda: s.Conv2D(3, padding="full"), "padding must be 'valid', 'same' or integers of at least 0, got 'full'"),
        (lambda: s.Conv2D(3, padding=1.0), "padding must be 'valid', 'same' or integers"),
        (lambda: s.Conv2D(3, strides=0), "strides must be"),
        (lambda: s.Residual([]), "layers must be at least one"),
        (lambda: s.Activation("relo"), "activation must be"),
    ],
)
def test_bad_options(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_batch_norm_refuses_batches_of_one_row():
    net = s.Network([s.BatchNorm(), s.Dense(1)], 3)
    X, y = np.ones((9, 3), np.float32), np.ones(9, np.float32)
    with pytest.raises(ValueError, match=r"batch_size must leave .* 2 rows .* layer 0 \(batch_norm\)"):
        s.train(net, X, y, batch_size=4, progress=False)
    with pytest.raises(ValueError, match="X must have at least 2 rows in training"):
        net.forward(X[:1])
    assert net.forward(X[:1], training=False).shape == (1, 1)


def test_loops_refuse_what_does_not_fit():
    net = s.MLP([3, 2])
    with pytest.raises(ValueError, match="backward must come after forward"):
        net.backward(np.ones((1, 2)))
    net.forward(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"dY must have shape \(4, 2\)"):
        net.backward(np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"gradient must be an array like .*, float32 \(8,\), got float64 \(8,\)"):
        net.backward(np.ones((4, 2)), gradient=np.ones(8))
