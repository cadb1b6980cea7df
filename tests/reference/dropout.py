"""Dropout masks from Philox4x32-10 in Python integers."""

import numpy as np

LOW = 0xFFFFFFFF


def philox(seed, counter):
    c = list(counter)
    k = [seed & LOW, seed >> 32]
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(q >> 32) ^ c[1] ^ k[0], q & LOW, (p >> 32) ^ c[3] ^ k[1], p & LOW]
        k = [(k[0] + 0x9E3779B9) & LOW, (k[1] + 0xBB67AE85) & LOW]
    return c


def kept(rate, seed, epoch, stream, rows, units):
    """Return which units of rows are kept, (len(rows), units)."""
    threshold = round(rate * 65536)
    mask = np.zeros((len(rows), units), bool)
    for r, row in enumerate(rows):
        for unit in range(units):
            group, place = divmod(unit, 128)
            part, lane = divmod(place, 16)
            word = philox(seed, (16 * group + lane, row, epoch, stream))[part // 2]
            mask[r, unit] = (word >> 16 if part % 2 else word & 0xFFFF) >= threshold
    return mask


def dropout(X, rate, mask):
    return np.where(mask, X * (65536 / (65536 - round(rate * 65536))), 0)
