"""What method="auto" takes, and that its table says so in one place."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

import steep
from steep import problems

RNG = np.random.default_rng(0)
X, TALL = RNG.normal(size=(60, 3)), RNG.normal(size=(5000, 3))
WIDE = RNG.normal(size=(20, 2100))


def square(x):
    return float(x @ x)


ABOVE = {"type": "ineq", "fun": lambda x: x[0] - 0.5}
CASES = {
    "constraints": (lambda: problems.quadratic(np.eye(2), np.ones(2)), {"constraints": ABOVE}, "interior_point"),
    "program": (lambda: problems.linear_program([1.0, 2.0]), {}, "interior_point"),
    "lasso": (lambda: problems.least_squares(X, X[:, 0], penalty=steep.L1(0.1)), {}, "coordinate_descent"),
    "softmax l1": (lambda: problems.softmax(X, np.arange(60) % 3, penalty=steep.L1(0.1)), {}, "proximal_gradient"),
    "lasso, bounds": (
        lambda: problems.least_squares(X, X[:, 0], penalty=steep.L1(0.1)),
        {"bounds": [(0, 1)] * 3},
        "proximal_gradient",
    ),
    "svm": (lambda: problems.svm(X, np.sign(X[:, 0]), l2=0.1), {}, "hinge_interior_point"),
    "sparse svm": (lambda: problems.svm(csr_matrix(X), np.sign(X[:, 0]), l2=0.1), {}, "hinge_interior_point"),
    "wide svm": (
        lambda: problems.svm(csr_matrix(np.tile(X, 200)), np.sign(X[:, 0]), l2=0.1),
        {},
        "dual_coordinate_ascent",
    ),
    "lad": (lambda: problems.lad(X, X[:, 0]), {}, "interior_point"),
    "bounds": (lambda: problems.logistic(X, X[:, 0] > 0), {"bounds": [(0, 1)] * 3}, "lbfgs"),
    "ridge": (lambda: problems.least_squares(X, X[:, 0], l2=0.1), {}, "direct"),
    "quadratic": (lambda: problems.quadratic(np.eye(3), np.ones(3)), {}, "direct"),
    "logistic": (lambda: problems.logistic(X, X[:, 0] > 0, l2=0.1), {}, "newton"),
    "tall logistic": (lambda: problems.logistic(TALL, TALL[:, 0] > 0, l2=0.1), {}, "lbfgs"),
    "wide logistic": (lambda: problems.logistic(WIDE, WIDE[:, 0] > 0, l2=0.1), {}, "newton_cg"),
    "rosenbrock": (lambda: problems.rosenbrock(3), {}, "trust_region"),
    "function": (lambda: square, {"x0": np.ones(3)}, "bfgs"),
    "large function": (lambda: square, {"x0": np.ones(201)}, "lbfgs"),
    "hessian": (lambda: square, {"x0": np.ones(3), "hessian": lambda x: 2 * np.eye(3)}, "trust_region"),
    "product": (lambda: square, {"x0": np.ones(3), "hessian_product": lambda x, v: 2 * v}, "newton_cg"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_row_that_applies(name):
    make, options, method = CASES[name]
    res = steep.minimize(make(), **options, max_iter=2)
    assert res.method == method
    assert res.reason.startswith(method + ": ")
    assert "{" not in res.reason
