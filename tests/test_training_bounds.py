"""Bounds in training by full-batch methods: against NNLS, by the optimality conditions, and what is refused."""

import numpy as np
import pytest
import scipy.optimize

import steep

RNG = np.random.default_rng(42)
A = RNG.normal(size=(80, 6))
Y = A @ [1.0, -1.0, 0.5, -0.2, 0.0, 2.0] + RNG.normal(size=80)
METHODS = [steep.LBFGS(), steep.LevenbergMarquardt(), steep.ProximalGradient(), steep.InteriorPoint()]


def by_name(method):
    return method.name


def linear_net(dtype="float64"):
    return steep.Network([steep.Dense(1, use_bias=False)], 6, dtype=dtype, seed=0)


@pytest.mark.parametrize("method", METHODS, ids=by_name)
@pytest.mark.parametrize("how", ["bounds", "pairs", "constraint"])
def test_non_negative_least_squares(method, how):
    """min ||A w - y|| over w >= 0, SciPy's nnls the oracle, through every door."""
    doors = {
        "bounds": {"bounds": scipy.optimize.Bounds(0, np.inf)},
        "pairs": {"bounds": [(0, None)] * 6},
        "constraint": {"constraint": steep.NonNegative()},
    }
    net = linear_net()
    run = steep.train(net, A, Y, optimizer=method, epochs=2000, tol=1e-10, **doors[how])
    expected = scipy.optimize.nnls(A, Y)[0]
    assert run.status == "converged", run.message
    np.testing.assert_allclose(net.parameters, expected, atol=1e-7)
    assert (net.parameters >= 0).all()
    if method.name != "interior_point":
        np.testing.assert_array_equal(net.parameters == 0, expected == 0)


def box_problem():
    x = np.linspace(-1, 1, 80)[:, None]
    y = np.tanh(4 * x[:, 0] - 1) + 0.3 * x[:, 0] + 0.2 * np.sin(8 * x[:, 0])  # not monotone
    net = steep.MLP([1, 4, 1], activation="tanh", dtype="float64", seed=0)
    return net, x, y


@pytest.mark.parametrize("method", METHODS[:2], ids=by_name)
def test_optimality_of_a_bounded_network(method):
    """At the end the gradient is 0 inside, points out of the box at bounds, and SciPy finds nothing better."""
    net, x, y = box_problem()
    low, high = np.where(net.weight_mask(), 0.0, -1.5), np.full(net.parameters.size, 1.0)
    penalty = steep.L2(1e-3)
    run = steep.train(
        net, x, y, optimizer=method, epochs=3000, penalty=penalty, bounds=scipy.optimize.Bounds(-1.5, 1.0),
        constraint=steep.NonNegative(), tol=1e-7,
    )  # fmt: skip
    assert run.status == "converged", run.message
    w = net.parameters.copy()
    assert (w >= low).all()
    assert (w <= high).all()
    at_low, at_high = w == low, w == high
    assert at_low.any()
    assert at_high.any()
    f = steep.Risk(net, x, y, penalty=penalty)
    g = f.gradient(w)
    assert np.abs(g[~at_low & ~at_high]).max() <= 1e-7
    assert (g[at_low] >= 0).all()
    assert (g[at_high] <= 0).all()
    assert (np.diff(net.predict(x)[:, 0]) >= 0).all()  # weights of at least 0: monotone
    bounds = scipy.optimize.Bounds(low, high)
    theirs = scipy.optimize.minimize(f.value, w, jac=f.gradient, bounds=bounds, method="L-BFGS-B")
    assert theirs.fun >= f.value(w) - 1e-9
    assert net.posterior is None  # no normal distribution at the edge of a box
    assert steep.minimize(f, w, method, bounds=bounds, tol=1e-7).nit <= 1


def test_constraints_of_single_layers_are_bounds_of_their_weights():
    net, x, y = box_problem()
    steep.train(net, x, -y, optimizer=steep.LevenbergMarquardt(), epochs=50, constraint={1: steep.NonNegative()})
    assert (net.layers[1].weight >= 0).all()
    assert (net.layers[0].weight < 0).any()
    assert net.layers[1].bias.min() < 0


def test_restarts_and_single_precision_keep_bounds():
    net, x, y = box_problem()
    net = net.astype("float32")
    run = steep.train(
        net, x, y, optimizer=steep.LevenbergMarquardt(restarts=3), epochs=20, bounds=scipy.optimize.Bounds(-0.1, 0.1)
    )
    for one in run.restarts:
        assert np.abs(one.network.parameters).astype(np.float64).max() <= 0.1  # float32(0.1) is above it
    assert np.abs(net.parameters).max() == np.nextafter(np.float32(0.1), np.float32(0))
    assert net.posterior is None


def test_a_bound_that_is_not_reached_changes_nothing():
    free, bounded = (steep.MLP([6, 3, 1], activation="tanh", dtype="float64", seed=1) for _ in range(2))
    steep.train(free, A, Y, optimizer="lbfgs", epochs=10)
    steep.train(bounded, A, Y, optimizer="lbfgs", epochs=10, bounds=[(None, None)] * bounded.parameters.size)
    np.testing.assert_array_equal(free.parameters, bounded.parameters)
    run = steep.train(bounded, A, Y, optimizer=steep.LevenbergMarquardt(), bounds=scipy.optimize.Bounds(-1e6, 1e6))
    assert bounded.posterior is not None, run.message


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"optimizer": "adam", "bounds": [(0, 1)] * 6}, "bounds must be None with Adam, whose steps"),
        (
            {"optimizer": "newton", "bounds": [(0, 1)] * 6},
            "bounds must be None with newton, whose steps.*: use .*lbfgs",
        ),
        ({"optimizer": "bfgs", "constraint": steep.NonNegative()}, "constraint must be None with bfgs, whose steps"),
        ({"optimizer": "lbfgs", "constraint": steep.MaxNorm(1.0)}, "constraint must be None or steep.NonNegative"),
        ({"optimizer": "lbfgs", "bounds": [(0, 1)] * 5}, r"bounds must be 6 pairs \(low, high\)"),
        ({"optimizer": "lbfgs", "bounds": [(1, 0)] * 6}, "bounds must have low <= high"),
        (
            {"optimizer": "lbfgs", "bounds": [(-2, -1)] * 6, "constraint": steep.NonNegative()},
            "bounds must have high >= 0 for weights that constraint keeps non-negative, got -1.0 at entry 0",
        ),
        ({"optimizer": steep.BayesianRegularization(), "bounds": [(0, 1)] * 6}, "bounds must be None with bayesian"),
    ],
)
def test_what_is_refused(options, text):
    net = linear_net()
    before = net.parameters.copy()
    with pytest.raises(ValueError, match=text):
        steep.train(net, A, Y, **options)
    np.testing.assert_array_equal(net.parameters, before)


def test_minimize_names_the_methods_that_take_bounds():
    with pytest.raises(ValueError, match="newton does not take bounds: use interior_point, lbfgs, levenberg_marquardt"):
        steep.minimize(steep.Risk(linear_net(), A, Y), np.zeros(6), "newton", bounds=[(0, 1)] * 6)
