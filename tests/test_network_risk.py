"""The risk of a network between calls: what it keeps changes no bit; rows of the Jacobian; threads and forks."""

import multiprocessing

import numpy as np
import pytest

import steep

RNG = np.random.default_rng(42)


def risk(widths=(3, 8, 2), n=500, **options):
    net = steep.MLP(list(widths), activation="tanh", dtype="float64", seed=0)
    X, y = RNG.normal(size=(n, widths[0])), RNG.normal(size=(n, widths[-1]))
    return steep.Risk(net, X, y, **options), net.parameters.copy()


@pytest.mark.parametrize("widths", [(3, 8, 2), (10, 40, 2)])  # few parameters, and many
@pytest.mark.parametrize("loss", ["squared_error", "huber"])
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_what_is_kept_changes_no_bit(widths, loss, l2):
    """Derivatives at w are the same after an evaluation there (whose activations are kept), elsewhere, or nowhere."""
    f, w = risk(widths, loss=loss, penalty=steep.L2(l2) if l2 else None)
    other = w + 0.1 * RNG.normal(size=w.size)
    fresh = f.gauss_newton(w)
    before = {
        "value": lambda x: f.value(x),
        "gradient": lambda x: f.gradient(x),
        "product": lambda x: f.hessian_product(x, other),
        "normal": lambda x: f.gauss_newton(x),
    }
    for name, call in before.items():
        for point in (w, other):
            call(point)
            np.testing.assert_array_equal(f.gauss_newton(w), fresh, err_msg=name)
    if loss == "squared_error":
        r, J = f.residuals(w), f.jacobian(w)
        f.gauss_newton(other)
        np.testing.assert_array_equal(f.residuals(w), r)
        np.testing.assert_allclose(J.T @ J, fresh, rtol=1e-10, atol=1e-13)
        f.value(other)
        np.testing.assert_array_equal(f.jacobian(w), J)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_of_the_jacobian_at_every_width(dtype):
    """d (v tanh(W x + b)) / dW = v (1 - tanh^2) x': around every width of a vector."""
    eps = np.finfo(dtype).eps
    for n in (*range(1, 19), 31, 33):
        for m in (1, 2, 7, 9):
            net = steep.MLP([n, m, 1], activation="tanh", dtype=dtype, seed=n)
            X = RNG.normal(size=(3, n)).astype(dtype)
            hidden, last = net.layers
            a = np.tanh(X.astype(float) @ hidden.weight.T.astype(float) + hidden.bias)
            d = last.weight[0] * (1 - a**2)
            expected = np.concatenate([np.einsum("ri,rj->rij", d, X).reshape(3, -1), d, a, np.ones((3, 1))], axis=1)
            # 1 - a^2 is rounded relative to 1; the scores are sums of n + 1 terms of order 1.
            np.testing.assert_allclose(net.jacobian(X)[:, 0], expected, rtol=1e-5 if eps > 1e-10 else 1e-13,
                                       atol=50 * eps)  # fmt: skip


def test_an_empty_share_adds_nothing():
    """Fewer rows than accumulators: none keeps what it held."""
    f, w = risk(n=2)
    first = f.gauss_newton(w)
    np.testing.assert_array_equal(f.gauss_newton(w), first)
    J = f.jacobian(w)
    np.testing.assert_allclose(first, J.T @ J, rtol=1e-12, atol=1e-14)


def _child(f, w, queue):
    queue.put((f.value(w), f.gauss_newton(w)))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own():
    f, w = risk((5, 30, 1), 20_000)
    f._core.threads = 3
    expected = f.value(w), f.gauss_newton(w)  # the parent's threads exist
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_child, args=(f, w, queue))
    child.start()
    value, matrix = queue.get(timeout=60)
    child.join(10)
    assert child.exitcode == 0
    assert value == expected[0]
    np.testing.assert_array_equal(matrix, expected[1])
    assert f.value(w) == expected[0]  # and the parent's still work
