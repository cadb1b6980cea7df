"""Pooling by loops over outputs."""

import numpy as np

from .conv2d import padding_of


def pool2d(X, pool, strides, padding, reduce):
    n, height, width, channels = X.shape
    each = (padding, padding) if isinstance(padding, str) else padding
    top, _, out_y = padding_of(each[0], height, pool[0], strides[0], 1)
    left, _, out_x = padding_of(each[1], width, pool[1], strides[1], 1)
    out = np.zeros((n, out_y, out_x, channels))
    for y in range(out_y):
        for x in range(out_x):
            i, j = y * strides[0] - top, x * strides[1] - left
            out[:, y, x] = reduce(X[:, max(i, 0) : i + pool[0], max(j, 0) : j + pool[1]], axis=(1, 2))
    return out
