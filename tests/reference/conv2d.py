"""Convolutions by loops over outputs and taps."""

import numpy as np


def padding_of(padding, side, kernel, stride, dilation):
    """Return (before, after, outputs) of one axis."""
    reach = (kernel - 1) * dilation + 1
    if padding == "same":
        out = -(-side // stride)
        total = max((out - 1) * stride + reach - side, 0)
        return total // 2, total - total // 2, out
    p = 0 if padding == "valid" else padding
    return p, p, (side + 2 * p - reach) // stride + 1


def conv2d(X, weight, bias, strides=(1, 1), padding="valid", dilation=(1, 1), groups=1):
    n, height, width, channels = X.shape
    filters, kernel_y, kernel_x, per_group = weight.shape
    each = (padding, padding) if isinstance(padding, str) else padding
    top, bottom, out_y = padding_of(each[0], height, kernel_y, strides[0], dilation[0])
    left, right, out_x = padding_of(each[1], width, kernel_x, strides[1], dilation[1])
    framed = np.zeros((n, height + top + bottom, width + left + right, channels))
    framed[:, top : top + height, left : left + width] = X
    out = np.zeros((n, out_y, out_x, filters))
    for y in range(out_y):
        for x in range(out_x):
            for o in range(filters):
                first = o // (filters // groups) * per_group
                for m in range(kernel_y):
                    for k in range(kernel_x):
                        taps = framed[:, y * strides[0] + m * dilation[0], x * strides[1] + k * dilation[1]]
                        out[:, y, x, o] += taps[:, first : first + per_group] @ weight[o, m, k]
    return out if bias is None else out + bias
