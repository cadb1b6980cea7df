"""Dense products and factorizations, the obvious way."""

import numpy as np


def multiply(a, b, bias=None, out=None, relu=False):
    """Return a b [+ out] [+ bias], [max(., 0)]."""
    c = a @ b
    if out is not None:
        c = out + c
    if bias is not None:
        c = c + bias
    return np.where(c < 0, 0, c) if relu else c


def weighted_gram(x, weight):
    """Return x' diag(weight) x."""
    return (x * weight[:, None]).T @ x


def cholesky(a):
    """Return L, lower triangular with L L' = a, and the 1-based pivot that is not positive (0: none)."""
    n = len(a)
    L = np.zeros_like(a)
    for j in range(n):
        pivot = a[j, j] - L[j, :j] @ L[j, :j]
        if not pivot > 0:
            return L, j + 1
        L[j, j] = np.sqrt(pivot)
        for i in range(j + 1, n):
            L[i, j] = (a[i, j] - L[i, :j] @ L[j, :j]) / L[j, j]
    return L, 0


def solve_lower(L, x):
    """Return L^-1 x by forward substitution."""
    x = x.copy()
    for i in range(len(x)):
        x[i] = (x[i] - L[i, :i] @ x[:i]) / L[i, i]
    return x
