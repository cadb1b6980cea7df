"""Training by methods of second order: Levenberg-Marquardt, Newton-CG, trust regions; p > n; float32; restarts."""

import numpy as np
import pytest
import scipy.optimize

import steep

RNG = np.random.default_rng(42)
X = RNG.normal(size=(60, 2))
SMOOTH = np.sin(X[:, 0]) + 0.5 * X[:, 1] ** 2


def regression_net(**options):
    return steep.MLP([2, 6, 1], **{"activation": "tanh", "dtype": "float64", "seed": 0} | options)


@pytest.mark.parametrize("damping", ["trust_region", "nielsen", "marquardt"])
def test_history_of_levenberg_marquardt(damping):
    net = regression_net()
    run = steep.train(
        net, X, SMOOTH, optimizer=steep.LevenbergMarquardt(damping=damping), epochs=40,
        validation=(X[:20], SMOOTH[:20]), metrics="rmse",
    )  # fmt: skip
    n = run.epochs
    assert n > 3
    for name in (
        "loss",
        "objective",
        "rmse",
        "val_loss",
        "val_rmse",
        "gradient_norm",
        "damping",
        "step_size",
        "seconds",
    ):
        assert run.history[name].shape == (n,), name
    assert (np.diff(run.history["loss"]) <= 0).all()
    residuals = SMOOTH - net.predict(X)[:, 0]
    assert run.history["loss"][-1] == pytest.approx(0.5 * np.mean(residuals**2), rel=1e-10)
    assert run.history["rmse"][-1] == pytest.approx(np.sqrt(np.mean(residuals**2)), rel=1e-10)


def test_it_is_minimize_on_the_risk():
    net = regression_net()
    method = steep.LevenbergMarquardt(damping="nielsen")
    f = steep.Risk(net, X, SMOOTH, penalty=steep.L2(1e-3))
    res = steep.minimize(f, net.parameters, method, max_iter=25)
    run = steep.train(net, X, SMOOTH, optimizer=method, epochs=25, penalty=steep.L2(1e-3))
    np.testing.assert_array_equal(net.parameters, res.x)
    np.testing.assert_array_equal(run.history["objective"], res.trace["fun"][1:])
    np.testing.assert_array_equal(run.history["damping"], res.trace["damping"][1:])


def test_a_linear_network_takes_one_undamped_step():
    net = steep.MLP([2, 1], dtype="float64", seed=3)
    y = 2 * X[:, :1] - X[:, 1:] + 0.5 + 0.1 * RNG.normal(size=(60, 1))
    steep.train(net, X, y, optimizer=steep.LevenbergMarquardt(damping="marquardt", initial_damping=0.0), epochs=1)
    exact = np.linalg.lstsq(np.column_stack([X, np.ones(60)]), y, rcond=None)[0][:, 0]
    np.testing.assert_allclose(net.parameters, exact, rtol=1e-10)


def test_float32_networks_are_fitted_in_float64():
    double = regression_net()
    single = double.astype("float32")
    double.parameters = single.parameters.astype(np.float64)  # the same start
    x32, y32 = X.astype("float32"), SMOOTH.astype("float32")
    method = steep.LevenbergMarquardt()
    steep.train(double, x32.astype("float64"), y32.astype("float64"), optimizer=method, epochs=30)
    steep.train(single, x32, y32, optimizer=method, epochs=30)
    np.testing.assert_array_equal(single.parameters, double.parameters.astype(np.float32))
    start = regression_net(dtype="float32")
    res = steep.minimize(steep.Risk(start, x32, y32), start.parameters, method, max_iter=30)
    assert res.fun < 1e-3
    assert res.x.dtype == np.float64


def test_early_stopping_keeps_the_best_epoch():
    noisy = SMOOTH + 0.5 * RNG.normal(size=60)
    net = regression_net(seed=1)
    run = steep.train(
        net, X[:30], noisy[:30], optimizer=steep.LevenbergMarquardt(), epochs=200, validation=(X[30:], noisy[30:]),
        early_stopping=steep.EarlyStopping(patience=5),
    )  # fmt: skip
    assert run.status == "early_stopped"
    assert run.epochs == run.best_epoch + 5
    best = 0.5 * np.mean((noisy[30:] - net.predict(X[30:])[:, 0]) ** 2)
    assert run.history["val_loss"].min() == pytest.approx(best, rel=1e-10)


def test_time_and_callbacks_stop_it():
    net = regression_net()
    assert steep.train(net, X, SMOOTH, optimizer=steep.LevenbergMarquardt(), max_time=0.0).status == "max_time"
    run = steep.train(net, X, SMOOTH, optimizer=steep.LevenbergMarquardt(), callbacks=lambda info: info.epoch == 3)
    assert (run.status, run.epochs) == ("interrupted", 3)


@pytest.mark.parametrize("damping", ["trust_region", "nielsen"])
def test_more_parameters_than_rows(damping):
    net = steep.MLP([2, 40, 1], activation="tanh", dtype="float64", seed=0)
    assert net.parameters.size > 60
    run = steep.train(net, X, SMOOTH, optimizer=steep.LevenbergMarquardt(damping=damping), epochs=100)
    assert run.history["loss"][-1] < 1e-9  # it interpolates


def test_the_dual_form_is_the_primal_one():
    """J J' is factored with more parameters than residuals: the same steps as (J'J + damping D^2) p = -J'r."""
    net = steep.MLP([2, 8, 1], activation="tanh", dtype="float64", seed=0)
    rows, y = X[:10], SMOOTH[:10]
    f = steep.Risk(net, rows, y)
    w = net.parameters.copy()
    method = steep.LevenbergMarquardt(damping="marquardt", initial_damping=0.5, factorization="cholesky", scale=True)
    res = steep.minimize(f, w, method, max_iter=1)
    J, r = f.jacobian(w), f.residuals(w)
    D2 = (J**2).sum(axis=0)
    damping = res.trace["damping"][1]
    step = np.linalg.solve(J.T @ J + damping * np.diag(D2), -J.T @ r)
    np.testing.assert_allclose(res.x - w, step, rtol=1e-8, atol=1e-12)


CASES = {
    "softmax": ("cross_entropy", (X[:, 0] * X[:, 1] > 0).astype(int), 2),
    "sigmoid": ("binary_cross_entropy", (X[:, 0] * X[:, 1] > 0).astype(int), 1),
    "exp": ("poisson", RNG.poisson(np.exp(np.sin(2 * X[:, 0]))), 1),
}


@pytest.mark.parametrize("method", ["levenberg_marquardt", "newton_cg", "trust_region", "newton"])
@pytest.mark.parametrize("output", CASES)
def test_classification_and_counts(output, method):
    loss, y, k = CASES[output]
    net = steep.MLP([2, 6, k], activation="tanh", output=output, dtype="float64", seed=1)
    penalty = steep.L2(1e-2)
    f = steep.Risk(net, X, y, loss=loss, penalty=penalty)
    before = f.value(net.parameters)
    run = steep.train(net, X, y, loss=loss, optimizer=method, penalty=penalty, epochs=300)
    w = net.parameters.copy()
    # Gauss-Newton steps converge linearly where the loss is not small at the optimum.
    tol = 1e-5 if method == "levenberg_marquardt" else 1e-7
    assert np.abs(f.gradient(w)).max() < tol, run.message
    assert np.linalg.eigvalsh(f.hessian(w)).min() > -1e-8  # no saddle
    assert run.history["objective"][-1] < before


ROBUST = [steep.Huber(0.1), steep.SoftL1(0.1), steep.Cauchy(0.1)]


@pytest.mark.parametrize("loss", ROBUST, ids=lambda l: type(l).__name__)
def test_robust_losses_are_not_moved_by_outliers(loss):
    y = SMOOTH.copy()
    y[::10] += 50
    clean = np.arange(60) % 10 != 0
    errors = {}
    for name, chosen in {"robust": loss, "squared": "squared_error"}.items():
        net = regression_net()
        steep.train(net, X, y, loss=chosen, optimizer=steep.LevenbergMarquardt(), penalty=steep.L2(1e-4), epochs=300)
        errors[name] = np.sqrt(np.mean((net.predict(X)[clean, 0] - SMOOTH[clean]) ** 2))
    assert errors["robust"] < 0.2 < errors["squared"]


@pytest.mark.parametrize(("name", "loss"), [("soft_l1", steep.SoftL1(0.3)), ("cauchy", steep.Cauchy(0.3))])
def test_robust_fits_are_stationary_for_scipy_too(name, loss):
    """SciPy's least_squares with the same loss, on the network's residuals, finds nothing better nearby."""
    y = SMOOTH + 0.1 * np.random.default_rng(1).standard_cauchy(60)
    net = steep.MLP([2, 2, 1], activation="tanh", dtype="float64", seed=0)
    run = steep.train(net, X, y, loss=loss, optimizer=steep.LevenbergMarquardt(), epochs=1000)
    probe = net.copy()

    def residuals(w):
        probe.parameters = w
        return probe.predict(X)[:, 0] - y

    theirs = scipy.optimize.least_squares(residuals, net.parameters, loss=name, f_scale=0.3)
    ours = 60 * run.history["loss"][-1]
    assert run.status == "converged", run.message
    assert theirs.cost == pytest.approx(ours, rel=1e-7)
    assert theirs.optimality < 1e-4  # it stands where ours ended


def test_bounds_on_parameters():
    """A network with weights kept at or above zero is monotone, and at least as good as SciPy's bounded fit."""
    x = np.linspace(-1, 1, 80)[:, None]
    y = np.tanh(4 * x[:, 0] - 1) + 0.3 * x[:, 0] + 0.2 * np.sin(8 * x[:, 0])  # not monotone
    net = steep.MLP([1, 4, 1], activation="tanh", dtype="float64", seed=0)
    net.parameters = np.abs(net.parameters)
    f = steep.Risk(net, x, y, penalty=steep.L2(1e-3))
    low = np.where(net.weight_mask(), 0.0, -np.inf)
    bounds = scipy.optimize.Bounds(low, 1.0)
    res = steep.minimize(f, net.parameters, steep.LevenbergMarquardt(), bounds=bounds, max_iter=500)
    assert (res.x >= low).all()
    assert (res.x <= 1.0).all()
    assert (res.x[net.weight_mask()] == 0).any()
    assert (res.x == 1.0).any()
    net.parameters = res.x
    assert (np.diff(net.predict(x)[:, 0]) >= 0).all()
    g = f.gradient(res.x)
    inside = np.clip(res.x - g, low, 1.0) - res.x
    assert np.abs(inside).max() < 1e-6
    theirs = scipy.optimize.minimize(f.value, res.x, jac=f.gradient, bounds=bounds, method="L-BFGS-B")
    assert theirs.fun >= res.fun - 1e-8


def test_restarts_keep_the_best():
    net = regression_net(seed=5)
    run = steep.train(net, X, SMOOTH, optimizer=steep.LevenbergMarquardt(restarts=4), epochs=15)
    assert len(run.restarts) == 4
    assert run.history["objective"][-1] == run.restarts.scores.min()
    for number in range(4):
        alone = regression_net(seed=5 + number)
        one = steep.train(alone, X, SMOOTH, optimizer=steep.LevenbergMarquardt(), epochs=15)
        np.testing.assert_array_equal(one.history["loss"], run.restarts.runs[number].history["loss"])
        if number == run.restarts.best_index:
            np.testing.assert_array_equal(net.parameters, alone.parameters)


def test_matlab_options():
    net = regression_net()
    run = steep.train(net, X, SMOOTH, optimizer=steep.LevenbergMarquardt.matlab(mu=0.01), epochs=5)
    mu = run.history["damping"]
    assert np.isin(np.round(np.log10(mu[1:] / mu[:-1])), np.arange(-1, 9)).all()  # a factor 0.1, after tens
