"""Tolerances that several tests share, and where each comes from."""

import numpy as np

# Largest errors of the kernels' functions in units in the last place of the exact result: the roundings of each form
# added up (a product or quotient 1/2 of the result's unit, at most 1 of an argument's; exp and log as measured).
ULPS = {
    "exp": 1.5,  # 1 + (e^r - 1): sum 1/2, the reduced argument 1/4, the polynomial's last product 1/4
    "elu": 1.5,  # expm1: as exp, with one more rounding of its own size
    "tanh": 3.0,  # u / (u + 2): u 1.5 and its binade's step, sum and quotient 1/2 each
    "sigmoid": 2.5,  # e / (1 + e): e 1, sum and quotient 1/2 each, a binade's step
    "softplus": 2.5,  # log1p(e): e 1, log1p 1, the sum with x 1/2
    "gelu": 6.0,  # z e P u: e 1, P 1.5, u 1/2, three products 1/2 each, 1 - tail and a binade's step
    "silu": 3.5,  # z sigma(z)
    "log": 2.5,  # binary_cross_entropy's logarithms: the function 1, negation and product with y exact
}

# 4th-order central differences of step h: h^4 f^(5) / 30 + 3 eps max|f| / (2 h). With h = 1e-3, f^(5) at most 100 and
# max|f| at most 100 in the tests: 3e-12 + 3.3e-11.
DIFFERENCE_STEP = 1e-3
DIFFERENCE_ERROR = 1e-10


def ulp_error(got, exact):
    """Distance in units in the last place of `exact` (long double), as got's type has them."""
    got = np.asarray(got)
    spacing = np.spacing(np.abs(exact).astype(got.dtype)).astype(np.longdouble)
    return np.abs(got.astype(np.longdouble) - exact) / spacing


def central_difference(f, x, direction, h=DIFFERENCE_STEP):
    """The derivative of f at x along a direction, by 4th-order central differences."""
    return (
        8 * (f(x + h * direction) - f(x - h * direction)) - (f(x + 2 * h * direction) - f(x - 2 * h * direction))
    ) / (12 * h)
