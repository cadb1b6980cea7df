"""Philox4x32-10 (Salmon and others, SC 2011) and what is drawn with it, with Python's integers."""

from math import cos, log, pi, sin, sqrt

SHUFFLE, INITIALIZE, LAYER = 1, 5, 1000  # streams
WORD = 2**32


def block(seed, counter):
    """Four words from a 64-bit key and a counter of four words."""
    key = [seed % WORD, seed // WORD]
    c = list(counter)
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [q // WORD ^ c[1] ^ key[0], q % WORD, p // WORD ^ c[3] ^ key[1], p % WORD]
        key = [(key[0] + 0x9E3779B9) % WORD, (key[1] + 0xBB67AE85) % WORD]
    return c


class Reader:
    """The words of one stream, one after the other."""

    def __init__(self, seed, stream, epoch=0):
        self.words = self._words(seed, stream, epoch)
        self.spare = None

    @staticmethod
    def _words(seed, stream, epoch):
        count = 0
        while True:
            yield from block(seed, (count % WORD, count // WORD, epoch, stream))
            count += 1

    def uniform(self):
        """In [0, 1), from 27 and 26 bits."""
        high, low = next(self.words) >> 5, next(self.words) >> 6
        return (high * 2**26 + low) / 2**53

    def normal(self):
        """Box and Muller: two at a time."""
        if self.spare is not None:
            value, self.spare = self.spare, None
            return value
        radius, angle = sqrt(-2 * log(1 - self.uniform())), 2 * pi * self.uniform()
        self.spare = radius * sin(angle)
        return radius * cos(angle)

    def below(self, n):
        """An integer in [0, n), unbiased (Lemire, 2019)."""
        while True:
            product = next(self.words) * n
            if product % WORD >= WORD % n:
                return product // WORD


def shuffled(items, seed, epoch):
    """Fisher and Yates, from the end."""
    items, random = list(items), Reader(seed, SHUFFLE, epoch)
    for i in range(len(items) - 1, 0, -1):
        j = random.below(i + 1)
        items[i], items[j] = items[j], items[i]
    return items
