"""Evidence, effective parameters and predictive intervals: closed forms on linear models, calibration on networks."""

import numpy as np
import pytest
from scipy import stats

import steep

RNG = np.random.default_rng(42)
N, D = 40, 4
A = RNG.normal(size=(N, D))
Y = A @ np.array([1.0, -2.0, 0.0, 0.5]) + 0.3 * RNG.normal(size=N)


def linear_net(bias=False, dtype="float64"):
    return steep.Network([steep.Dense(1, use_bias=bias)], D, dtype=dtype)


def marginal_likelihood(alpha, beta):
    """log p(y | alpha, beta) of y = A w + noise, w ~ N(0, 1/alpha), noise ~ N(0, 1/beta)."""
    return stats.multivariate_normal(np.zeros(N), np.eye(N) / beta + A @ A.T / alpha).logpdf(Y)


def test_evidence_of_a_linear_model():
    alpha, beta = 0.7, 9.0
    net = linear_net()
    f = steep.Risk(net, A, Y, penalty=steep.L2(alpha / (beta * N)))
    w = np.linalg.solve(beta * A.T @ A + alpha * np.eye(D), beta * A.T @ Y)
    posterior = steep.laplace(f, w, noise_std=1 / np.sqrt(beta))
    assert posterior.alpha == pytest.approx(alpha)
    assert posterior.log_evidence == pytest.approx(marginal_likelihood(alpha, beta), rel=1e-10)
    precision = beta * A.T @ A + alpha * np.eye(D)
    np.testing.assert_allclose(posterior.covariance(), np.linalg.inv(precision), rtol=1e-9, atol=1e-14)
    eigenvalues = np.linalg.eigvalsh(beta * A.T @ A)
    assert posterior.effective_parameters == pytest.approx((eigenvalues / (eigenvalues + alpha)).sum(), rel=1e-10)


def test_bayesian_regularization_maximizes_the_evidence():
    net = linear_net()
    f = steep.Risk(net, A, Y)
    res = steep.minimize(f, net.parameters, steep.BayesianRegularization(), max_iter=500)
    assert res.success, res.message
    best = marginal_likelihood(res.alpha, res.beta)
    assert res.log_evidence == pytest.approx(best, rel=1e-8)
    for a, b in ((1.02, 1), (0.98, 1), (1, 1.02), (1, 0.98), (1.5, 0.7)):
        assert marginal_likelihood(a * res.alpha, b * res.beta) < best
    np.testing.assert_allclose(
        res.x, np.linalg.solve(A.T @ A + res.alpha / res.beta * np.eye(D), A.T @ Y), rtol=1e-6
    )  # fmt: skip
    assert f.value(res.x) == pytest.approx(0.5 * np.mean((A @ res.x - Y) ** 2))  # the penalty is put back


def test_a_flat_prior_gives_the_textbook_interval():
    net = linear_net(bias=True)
    f = steep.Risk(net, A, Y)
    B = np.column_stack([A, np.ones(N)])
    w, rss = np.linalg.lstsq(B, Y, rcond=None)[:2]
    net.parameters = w
    net.posterior = steep.laplace(f, w)
    s2 = rss[0] / (N - D - 1)
    assert 1 / net.posterior.beta == pytest.approx(s2, rel=1e-9)
    assert net.posterior.effective_parameters == pytest.approx(D + 1)
    at = RNG.normal(size=(7, D))
    rows = np.column_stack([at, np.ones(7)])
    variance = s2 * np.einsum("ij,jk,ik->i", rows, np.linalg.inv(B.T @ B), rows)
    mean, std = net.predict(at, return_std=True)
    np.testing.assert_allclose(mean[:, 0], rows @ w, rtol=1e-12)
    np.testing.assert_allclose(std[:, 0], np.sqrt(variance), rtol=1e-8)
    noisy = net.predict(at, return_std=True, include_noise=True)[1]
    np.testing.assert_allclose(noisy[:, 0], np.sqrt(variance + s2), rtol=1e-8)


def test_units_of_the_outputs():
    """Scaling the targets scales the deviations."""
    x = RNG.uniform(-1, 1, size=(80, 1))
    y = np.sin(3 * x) + 0.1 * RNG.normal(size=(80, 1))
    plain = steep.MLP([1, 6, 1], activation="tanh", dtype="float64", seed=2)
    scaled = steep.MLP([1, 6, 1], activation="tanh", dtype="float64", seed=2, output_scale=-50.0, output_shift=7.0)
    penalty = steep.L2(1e-3)
    steep.train(plain, x, y, optimizer=steep.LevenbergMarquardt(), penalty=penalty, epochs=100)
    scaled.parameters = plain.parameters
    scaled.posterior = steep.laplace(steep.Risk(scaled, x, 7 - 50 * y, penalty=penalty), scaled.parameters)
    for noise in (False, True):
        a = plain.predict(x, return_std=True, include_noise=noise)[1]
        b = scaled.predict(x, return_std=True, include_noise=noise)[1]
        np.testing.assert_allclose(b, 50 * a, rtol=1e-8)


def test_deviation_is_that_of_the_linearized_network():
    x = RNG.normal(size=(200, 2))
    labels = (x[:, 0] + RNG.normal(size=200) > x[:, 1]).astype(int)
    net = steep.MLP([2, 3, 2], activation="tanh", output="softmax", dtype="float64", seed=0)
    steep.train(net, x, labels, optimizer=steep.LevenbergMarquardt(), penalty=steep.L2(1e-4), epochs=100)
    H = steep.Risk(net, x, labels, penalty=steep.L2(1e-4)).gauss_newton(net.parameters)
    # H is singular: one constant added to both scores changes nothing, and biases have a flat prior.
    values, vectors = np.linalg.eigh(200 * H)
    assert values[0] < 1e-11 < 1e-4 < values[1]
    J = net.jacobian(x) @ vectors[:, 1:]
    expected = np.sqrt((J**2 / values[1:]).sum(axis=2))
    np.testing.assert_allclose(net.predict(x, return_std=True)[1], expected, rtol=1e-6)
    weights = np.r_[0:6, 9:15]
    bound = 0.02 * (vectors[weights, 1:] ** 2 / values[1:]).sum()  # alpha tr(P H^-1)
    assert net.posterior.effective_parameters == pytest.approx(len(values) - 1 - bound, abs=1e-4)
    with pytest.raises(ValueError, match="include_noise must be False"):
        net.predict(x, return_std=True, include_noise=True)


def test_intervals_cover():
    """Over data sets from a known function, 95 % intervals of the function and of observations hold what they say."""
    x = np.linspace(-1, 1, 60)[:, None]
    truth = np.sin(3 * x)
    inside = {False: [], True: []}
    penalties = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        net = steep.MLP([1, 8, 1], activation="tanh", dtype="float64", seed=seed)
        steep.train(
            net, x, truth + 0.2 * rng.normal(size=x.shape), optimizer=steep.BayesianRegularization(), epochs=300
        )
        penalties.append(net.posterior.effective_parameters)
        for noise, y in ((False, truth), (True, truth + 0.2 * rng.normal(size=x.shape))):
            mean, std = net.predict(x, return_std=True, include_noise=noise)
            inside[noise].append(np.mean(np.abs(y - mean) < 1.96 * std))
    # The standard error over 30 sets of strongly correlated points is about 0.02.
    assert 0.88 < np.mean(inside[False]) <= 1
    assert 0.93 < np.mean(inside[True]) < 0.975
    assert 3 < np.median(penalties) < 12  # of 25 parameters


def test_noise_and_parameters_without_signal():
    x = RNG.normal(size=(300, 3))
    y = 0.5 * RNG.normal(size=300)
    net = steep.MLP([3, 6, 1], activation="tanh", dtype="float64", seed=0)
    run = steep.train(net, x, y, optimizer=steep.BayesianRegularization(), epochs=500)
    assert net.posterior.effective_parameters < 20  # of 31
    assert 1 / np.sqrt(net.posterior.beta) == pytest.approx(0.5, rel=0.1)
    assert run.history["effective_parameters"].shape == (run.epochs,)
    np.testing.assert_allclose(run.history["loss"][-1], 0.5 * np.mean((y - net.predict(x)[:, 0]) ** 2), rtol=1e-8)


def test_restarts_go_by_the_evidence():
    x = np.linspace(-1, 1, 50)[:, None]
    y = np.sin(5 * x) + 0.1 * RNG.normal(size=x.shape)
    net = steep.MLP([1, 8, 1], activation="tanh", dtype="float64", seed=0)
    run = steep.train(net, x, y, optimizer=steep.BayesianRegularization(restarts=4), epochs=200)
    assert run.restarts.monitor == "-log_evidence"
    assert net.posterior.log_evidence == max(r.network.posterior.log_evidence for r in run.restarts)


def test_what_is_refused():
    net = linear_net()
    x = np.zeros((2, D))
    with pytest.raises(ValueError, match="return_std must be False for a network without a posterior"):
        net.predict(x, return_std=True)
    steep.train(net, A, Y, optimizer=steep.LevenbergMarquardt())
    net.predict(x, return_std=True)
    copy = net.copy()
    np.testing.assert_array_equal(copy.predict(A, return_std=True)[1], net.predict(A, return_std=True)[1])
    net.parameters[0] += 1
    with pytest.raises(ValueError, match="must be those that the posterior was made at"):
        net.predict(x, return_std=True)
    with pytest.raises(ValueError, match="no l1 penalty"):
        steep.laplace(steep.Risk(net, A, Y, penalty=steep.L1(0.1)), net.parameters)
    with pytest.raises(ValueError, match="one of the losses"):
        steep.laplace(steep.Risk(net, A, Y, loss="absolute_error"), net.parameters)
    with pytest.raises(ValueError, match="needs residuals"):
        steep.minimize(steep.problems.rosenbrock(2), None, steep.BayesianRegularization())


@pytest.mark.parametrize("method", [steep.BayesianRegularization(), steep.LevenbergMarquardt()], ids=lambda m: m.name)
def test_a_gauss_newton_matrix_that_overflows_ends_the_fit_without_a_posterior(method):
    x, y, start = np.array([[1e160], [2e160], [-1e160]]), np.array([1.0, 2.0, 3.0]), np.array([1e-165, 0.0])
    net = steep.Network([steep.Dense(1)], 1, dtype="float64")
    net.parameters = start
    run = steep.train(net, x, y, optimizer=method, epochs=10)
    assert run.status == ("diverged" if method.name == "bayesian_regularization" else "line_search_failed")
    assert np.isfinite(run.history["loss"]).all()
    assert net.posterior is None
    np.testing.assert_array_equal(net.parameters, start)
    with pytest.raises(ValueError, match="w must have a finite Gauss-Newton matrix"):
        steep.laplace(steep.Risk(net, x, y), start)


def test_singular_matrices_are_said():
    x = np.ones((5, 1))
    net = steep.MLP([1, 3, 1], activation="tanh", dtype="float64", seed=0)
    posterior = steep.laplace(steep.Risk(net, x, np.zeros(5)), net.parameters)
    assert posterior.shift > 0
    assert np.isfinite(posterior.root).all()
    assert posterior.log_evidence == -np.inf


def test_after_a_huber_fit_the_error_says_which_losses_have_a_posterior():
    net = linear_net()
    steep.train(net, A, Y, optimizer=steep.LevenbergMarquardt(), loss="huber", epochs=5)
    with pytest.raises(ValueError, match="losses with a posterior are squared_error, cross_entropy"):
        net.predict(A, return_std=True)


def test_an_interpolating_fit_warns_that_the_noise_cannot_be_told():
    x, y = A[:D], Y[:D]  # as many observations as parameters
    net = linear_net()
    steep.train(net, x, y, optimizer=steep.LevenbergMarquardt(), epochs=20)
    assert net.posterior.degrees_of_freedom == pytest.approx(0, abs=1e-6)
    with pytest.warns(RuntimeWarning, match="the noise cannot be told from the residuals: 4 effective") as found:
        net.predict(x, return_std=True)
    assert found[0].filename == __file__
    net.posterior = steep.laplace(steep.Risk(net, x, y), net.parameters, noise_std=0.3)
    net.predict(x, return_std=True)  # known noise: no warning


def test_degrees_of_freedom_are_those_of_the_residuals():
    net = linear_net()
    steep.train(net, A, Y, optimizer=steep.LevenbergMarquardt(), epochs=20)
    assert net.posterior.degrees_of_freedom == pytest.approx(N - D)
    net.predict(A, return_std=True)


def test_a_file_of_an_earlier_version_has_no_degrees_of_freedom(tmp_path, monkeypatch):
    from steep import serialization

    net = linear_net()
    steep.train(net, A, Y, optimizer=steep.LevenbergMarquardt(), epochs=20)
    net.save(tmp_path / "new.safetensors", posterior=True)
    assert steep.load(tmp_path / "new.safetensors").posterior.degrees_of_freedom == pytest.approx(N - D)
    names = [name for name in serialization._posterior_numbers() if name != "degrees_of_freedom"]
    with monkeypatch.context() as patch:
        patch.setattr(serialization, "_posterior_numbers", lambda: names)
        net.save(tmp_path / "old.safetensors", posterior=True)
    steep.load(tmp_path / "old.safetensors").predict(A, return_std=True)
