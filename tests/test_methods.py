"""Full-batch methods: worked numbers, theory, statuses."""

import pickle

import numpy as np
import pytest

import steep
from reference.quasi_newton import bfgs_directions, lbfgs_directions
from reference.trust_region import subproblem

QUADRATIC = ([[4.0, 1.0], [1.0, 2.0]], [-6.0, -5.0])
METHODS = sorted(
    {"gradient_descent", "accelerated_gradient", "heavy_ball", "conjugate_gradient", "newton", "newton_cg"}
    | {"trust_region", "bfgs", "lbfgs", "direct"}
)


def random_quadratic(n=20, condition=100.0, seed=42):
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    values = np.geomspace(1, condition, n)
    H = Q * values @ Q.T
    g = rng.standard_normal(n)
    f = steep.problems.quadratic(H, g)
    f.minimum = -0.5 * g @ np.linalg.solve(H, g)
    return f, np.linalg.solve(H, -g), values


@pytest.mark.parametrize("method", METHODS)
def test_worked_quadratic(method):
    f = steep.problems.quadratic(*QUADRATIC)
    res = steep.minimize(f, [10.0, -7.0], method)
    assert res.success, res.message
    np.testing.assert_allclose(res.x, [1, 2], atol=1e-8)
    assert res.certificate.value <= 1e-8


def test_newton_needs_one_step_on_a_quadratic():
    f = steep.problems.quadratic(*QUADRATIC)
    for start in ([0.0, 0.0], [1e6, -3.0]):
        assert steep.minimize(f, start, steep.Newton("pure")).nit == 1


def test_gradient_descent_worked_numbers():
    f = steep.problems.quadratic([[2.0, 0.0], [0.0, 2.0]], [-6.0, -6.0], 18.0)
    res = steep.minimize(f, [0.0, 0.0], steep.GradientDescent(0.2), max_iter=25)
    assert res.status == "max_iter"
    np.testing.assert_allclose(res.x, 2.99999147, atol=5e-9)


@pytest.mark.parametrize("rule", ["1/L", "exact", "armijo", "wolfe", "barzilai_borwein", 0.005])
def test_step_rules_reach_the_minimum(rule):
    f, x, _ = random_quadratic()
    res = steep.minimize(f, np.zeros(20), steep.GradientDescent(rule))
    assert res.success, res.message
    np.testing.assert_allclose(res.x, x, atol=1e-7)


def test_diminishing_steps():
    f, _, _ = random_quadratic()
    res = steep.minimize(f, np.zeros(20), steep.GradientDescent("diminishing"), max_iter=50)
    np.testing.assert_allclose(res.trace["step_size"][1:], 0.01 / np.arange(1, 51), rtol=1e-12)
    assert res.trace["fun"][-1] < res.trace["fun"][0]


def test_descent_lemma():
    """With 1/L every step decreases f by at least ||g||^2 / (2 L)."""
    f, _, values = random_quadratic()
    res = steep.minimize(f, np.ones(20), steep.GradientDescent("1/L"), max_iter=200, return_all=True)
    for x, before, after in zip(res.allvecs[:-1], res.trace["fun"][:-1], res.trace["fun"][1:], strict=True):
        g = f.gradient(x)
        assert after <= before - g @ g / (2 * values[-1]) + 1e-12


def test_linear_rate_of_gradient_descent():
    f, _, values = random_quadratic()
    res = steep.minimize(f, np.ones(20), steep.GradientDescent("1/L"), max_iter=500)
    gap = res.trace["fun"] - f.minimum
    bound = gap[0] * (1 - values[0] / values[-1]) ** np.arange(gap.size)
    assert (gap <= bound * (1 + 1e-9) + 1e-12).all()
    found = steep.convergence_rate(res, f)
    assert found.rate <= found.predicted + 1e-6


def test_accelerated_bound():
    """f(x_k) - f* <= 2 L ||x_0 - x*||^2 / (k + 1)^2 for Nesterov's convex momentum."""
    f, x, values = random_quadratic(condition=1e4)
    method = steep.AcceleratedGradient(restart=False)
    res = steep.minimize(f, np.zeros(20), method, max_iter=300, tol=0)
    k = np.arange(1, 301)
    assert (res.trace["fun"][1:] - f.minimum <= 2 * values[-1] * (x @ x) / (k + 1) ** 2).all()


def test_acceleration_beats_gradient_descent():
    f, _, _ = random_quadratic(condition=1e3)
    slow = steep.minimize(f, np.zeros(20), steep.GradientDescent("1/L"), tol=1e-6, max_iter=100000)
    for method in (
        steep.AcceleratedGradient(),
        steep.AcceleratedGradient(variant="strongly_convex"),
        steep.HeavyBall(),
    ):
        fast = steep.minimize(f, np.zeros(20), method, tol=1e-6)
        assert fast.success
        assert fast.nit < slow.nit / 4


def test_backtracking_without_a_known_constant():
    f = steep.problems.rosenbrock(2)
    res = steep.minimize(f, method=steep.AcceleratedGradient(), tol=1e-6)
    assert res.success
    np.testing.assert_allclose(res.x, 1, atol=1e-5)


@pytest.mark.parametrize("n", [2, 5, 20])
def test_conjugate_gradients_end_in_n_steps(n):
    f, x, _ = random_quadratic(n, condition=10.0)
    res = steep.minimize(f, np.zeros(n), "conjugate_gradient")
    assert res.nit <= n
    np.testing.assert_allclose(res.x, x, atol=1e-8)


def test_newton_converges_quadratically():
    f = steep.objectives.FunctionObjective(
        lambda x: np.exp(x).sum() - x.sum(),
        gradient=lambda x: np.exp(x) - 1,
        hessian=lambda x: np.diag(np.exp(x)),
        dim=3,
    )
    res = steep.minimize(f, [1.0, 0.5, -0.5], "newton", tol=1e-14)
    found = steep.convergence_rate(res, f)
    assert found.order == pytest.approx(2, abs=0.35)
    assert found.predicted_order == 2


def _steps(f, method, x0, iterations):
    res = steep.minimize(f, x0, method, max_iter=iterations, tol=0, return_all=True)
    points = res.allvecs
    return res, points, [f.gradient(x) for x in points]


def test_bfgs_against_the_dense_definition():
    f = steep.problems.rosenbrock(4)
    res, points, gradients = _steps(f, steep.BFGS(), f.x0, 15)
    for k, d in enumerate(bfgs_directions(points, gradients)[:-1], start=1):
        np.testing.assert_allclose(points[k + 1] - points[k], res.trace["step_size"][k + 1] * d, rtol=1e-5, atol=1e-11)


@pytest.mark.parametrize("memory", [1, 3, 10])
def test_two_loops_against_dense_matrices(memory):
    f = steep.problems.rosenbrock(6)
    res, points, gradients = _steps(f, steep.LBFGS(memory=memory), f.x0, 20)
    for k, d in enumerate(lbfgs_directions(points, gradients, memory)[:-1], start=1):
        np.testing.assert_allclose(points[k + 1] - points[k], res.trace["step_size"][k + 1] * d, rtol=1e-5, atol=1e-11)


@pytest.mark.parametrize("seed", range(10))
def test_trust_region_step_is_nearly_optimal(seed):
    """One step from the origin on an indefinite quadratic plus nothing: its decrease against bisection's."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 8))
    A = rng.standard_normal((n, n))
    H, g = (A + A.T) / 2, rng.standard_normal(n)
    if seed >= 7:  # hard case: no gradient along the least eigenvector
        v = np.linalg.eigh(H)[1][:, 0]
        g -= (g @ v) * v
    scale = np.sqrt(np.maximum(np.abs(np.diag(H)), 1e-12 * np.abs(np.diag(H)).max()))
    radius = float(rng.uniform(0.3, 3))
    f = steep.problems.quadratic(H, g)
    res = steep.minimize(f, np.zeros(n), steep.TrustRegion(radius), max_iter=1)
    best = subproblem(H / np.outer(scale, scale), g / scale, radius)
    # The radius is met to 10 %, and the hard case to 20 % of the value.
    assert res.fun <= 0.75 * best
    assert np.linalg.norm(scale * res.x) <= 1.1001 * radius


@pytest.mark.parametrize("factor", [1e-8, 1.0, 1e8])
def test_direct_at_any_scale(factor):
    f, x, _ = random_quadratic(condition=1e6)
    H, g = f.hessian(x), f.gradient(np.zeros(20))
    res = steep.minimize(steep.problems.quadratic(factor * H, factor * g))
    assert res.success
    np.testing.assert_allclose(res.x, x, rtol=1e-8)


def test_bounds():
    f = steep.problems.rosenbrock(10)
    res = steep.minimize(f, np.zeros(10), bounds=[(0, 0.5)] * 5 + [(None, None)] * 5)
    assert res.success
    assert (res.x >= 0).all()
    assert (res.x[:5] <= 0.5).all()
    from scipy.optimize import minimize

    peer = minimize(
        f.value, np.zeros(10), jac=f.gradient, bounds=[(0, 0.5)] * 5 + [(None, None)] * 5, options={"ftol": 1e-15}
    )
    assert res.fun == pytest.approx(peer.fun, rel=1e-8)
    assert "bounds" in res.reason


@pytest.mark.parametrize("seed", range(5))
def test_bounded_quadratics_satisfy_kkt(seed):
    rng = np.random.default_rng(seed)
    f, x, _ = random_quadratic(30, 1e3, seed)
    low = x + rng.uniform(-1, 1, 30) * 0.1
    high = low + rng.uniform(0, 0.2, 30)
    res = steep.minimize(f, np.zeros(30), steep.LBFGS(), bounds=list(zip(low, high, strict=True)))
    assert res.success, res.message
    inside = (res.x > low) & (res.x < high)
    assert np.abs(res.jac[inside]).max(initial=0) <= 1e-8
    assert (res.jac[res.x == low] >= -1e-8).all() or (low == high).any()
    assert (res.jac[res.x == high] <= 1e-8).all() or (low == high).any()


def test_methods_refuse_what_they_lack():
    f = steep.problems.rosenbrock(2)
    with pytest.raises(ValueError, match="needs a quadratic objective"):
        steep.minimize(f, method="direct")
    with pytest.raises(ValueError, match="does not take bounds"):
        steep.minimize(f, method="bfgs", bounds=[(0, 1)] * 2)
    with pytest.raises(ValueError, match="Lipschitz"):
        steep.minimize(f, method=steep.GradientDescent("1/L"))
    with pytest.raises(ValueError, match="did you mean 'lbfgs'"):
        steep.minimize(f, method="lbgfs")
    with pytest.raises(ValueError, match="memory must be"):
        steep.LBFGS(memory=0)
    with pytest.raises(ValueError, match="step_size must be"):
        steep.GradientDescent("1/l")


def test_certificate_bounds_the_gap():
    f, _, _ = random_quadratic()
    res = steep.minimize(f, np.zeros(20), "bfgs", tol=1e-3)
    assert res.fun - f.minimum <= res.certificate.bound < 1e-3


def test_limits_and_callbacks():
    f = steep.problems.rosenbrock(2)
    assert steep.minimize(f, method="bfgs", max_iter=3).status == "max_iter"
    assert steep.minimize(f, method="bfgs", max_iter=0).nit == 0
    assert steep.minimize(f, method="bfgs", max_time=0).status == "max_time"
    seen = []
    res = steep.minimize(f, method="bfgs", callback=seen.append, return_all=True)
    assert len(seen) == res.nit
    np.testing.assert_array_equal(seen[-1], res.x)
    np.testing.assert_array_equal(res.allvecs[1:], seen)

    def stop(intermediate_result):
        if intermediate_result.nit == 4:
            raise StopIteration

    res = steep.minimize(f, method="bfgs", callback=stop)
    assert (res.status, res.nit) == ("interrupted", 4)


def test_inputs_are_left_alone_and_results_travel():
    f = steep.problems.rosenbrock(4)
    x0 = f.x0.copy()
    res = steep.minimize(f, x0)
    np.testing.assert_array_equal(x0, f.x0)
    again = pickle.loads(pickle.dumps(res))
    np.testing.assert_array_equal(again.x, res.x)
    assert again.status == res.status
    assert again.certificate == res.certificate
    assert "trust_region" in res.reason
    assert "converged" in repr(res)


def test_same_bits_twice():
    f = steep.problems.rosenbrock(30)
    for method in METHODS[:-1]:
        if method in ("direct", "heavy_ball"):
            continue
        a, b = (steep.minimize(f, method=method, max_iter=30) for _ in range(2))
        np.testing.assert_array_equal(a.x, b.x)
