"""convergence_rate: the order of Newton's last steps, and predictions for the step rule and variant that ran."""

import pickle

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der, rosen_hess

import steep


@pytest.mark.parametrize("start", [[-1.2, 1.0], [0.5, 1.0, 0.5, 2.0], [3.0, 3.0]])
@pytest.mark.parametrize("known", [True, False])
def test_order_of_newton_after_a_damped_phase(start, known):
    res = steep.minimize(rosen, start, "newton", jac=rosen_der, hess=rosen_hess)
    assert steep.convergence_rate(res, minimum=0.0 if known else None).order == pytest.approx(2, abs=0.3)


def test_order_where_the_least_value_is_not_zero():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5))
    f = steep.problems.logistic(X, X[:, 0] + rng.normal(size=200) > 0, l2=1e-3)
    assert steep.convergence_rate(steep.minimize(f, method="newton"), f).order == pytest.approx(2, abs=0.3)
    assert steep.convergence_rate(steep.minimize(f, method="gradient_descent"), f).order == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize(
    ("method", "predicted"),
    [
        (steep.GradientDescent("1/L"), 1 - 1 / 100),
        (steep.GradientDescent(1e-3), 1 - 1e-3),
        (steep.GradientDescent(0.0199), None),
        (steep.GradientDescent("exact"), (99 / 101) ** 2),
        (steep.GradientDescent("diminishing"), None),
        (steep.GradientDescent("armijo"), None),
        (steep.GradientDescent("barzilai_borwein"), None),
        (steep.AcceleratedGradient(restart=False), None),
        (steep.AcceleratedGradient(variant="strongly_convex"), 0.9),
        (steep.HeavyBall(), (9 / 11) ** 2),
        # The root of z^2 - (1 + b - a mu) z + b for mu = 1, a = 1e-3, b = 1/2.
        (steep.HeavyBall(1e-3, 0.5), ((1.499 + (1.499**2 - 2) ** 0.5) / 2) ** 2),
    ],
)
def test_predictions_are_of_the_rule_that_ran(method, predicted):
    f = steep.problems.quadratic(np.diag([100.0, 1.0]), [0.0, 0.0])
    res = steep.minimize(f, [1.0, 100.0], method, max_iter=300)
    assert res.settings is method
    found = steep.convergence_rate(pickle.loads(pickle.dumps(res)), f, minimum=0.0)
    assert found.predicted == (None if predicted is None else pytest.approx(predicted))
    if predicted is not None:
        assert found.rate <= found.predicted + 0.03  # best parameters of the heavy ball: (k rho^k)^2
    assert found.theory


@pytest.mark.parametrize("step_size", ["1/L", 0.0199, "exact", "armijo"])
def test_order_of_linear_convergence_to_an_unknown_minimum(step_size):
    """Gaps to the run's own last value would say 1.3."""
    f = steep.problems.quadratic(np.diag([100.0, 1.0]), [3.0, -2.0])
    res = steep.minimize(f, [1.0, 100.0], steep.GradientDescent(step_size))
    assert res.success
    assert steep.convergence_rate(res, f).order == pytest.approx(1, abs=0.15)


def test_no_order_of_a_method_that_ends():
    """Conjugate gradients are done after n steps, which is no order of 1700."""
    f = steep.problems.quadratic(np.diag([100.0, 1.0]), [0.0, 0.0])
    order = steep.convergence_rate(steep.minimize(f, [1.0, 100.0], "conjugate_gradient"), f).order
    assert not order > 50
