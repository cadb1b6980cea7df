"""Noise: given in the targets' units, one for each output, and found for each output by Bayesian regularization."""

import numpy as np
import pytest
from scipy import stats

import steep

RNG = np.random.default_rng(42)
N, D = 60, 3
A = RNG.normal(size=(N, D))
W = np.array([[1.0, -2.0, 0.5], [0.3, 0.0, 1.0]])
NOISE = np.array([0.05, 0.8])
Y = A @ W.T + NOISE * RNG.normal(size=(N, 2))


def linear_net(outputs, **options):
    return steep.Network([steep.Dense(outputs, use_bias=False)], D, dtype="float64", seed=0, **options)


def by_hand(noise, alpha):
    """Standard deviations of y_j = w_j' a with noise_j known and w_j ~ N(0, 1 / alpha), one output at a time."""
    columns = []
    for std in noise:
        covariance = np.linalg.inv(A.T @ A / std**2 + alpha * np.eye(D))
        columns.append(np.sqrt(np.einsum("ij,jk,ik->i", A, covariance, A)))
    return np.stack(columns, axis=1)


def test_noise_std_is_in_the_targets_units():
    """A network that learns targets in other units has the deviations of the fit by hand in the targets' units."""
    scale, noise, l2 = -40.0, 3.0, 0.02
    net = linear_net(1, output_scale=scale, output_shift=5.0)
    y = scale * Y[:, :1] + 5.0
    f = steep.Risk(net, A, y, penalty=steep.L2(l2))
    net.parameters = steep.minimize(f, net.parameters, "direct").x
    own = noise / abs(scale)
    net.posterior = steep.laplace(f, net.parameters, noise_std=noise)
    assert net.posterior.beta == pytest.approx(1 / own**2)
    alpha = l2 * N / own**2
    assert net.posterior.alpha == pytest.approx(alpha)
    expected = abs(scale) * by_hand([own], alpha)
    np.testing.assert_allclose(net.predict(A, return_std=True)[1], expected, rtol=1e-9)
    noisy = net.predict(A, return_std=True, include_noise=True)[1]
    np.testing.assert_allclose(noisy, np.hypot(expected, noise), rtol=1e-9)


@pytest.mark.parametrize("scales", [None, (10.0, 0.1)])
def test_noise_of_each_output(scales):
    """Outputs of a linear model without shared weights are as many models; scales and noise may differ."""
    factor = np.ones(2) if scales is None else np.array(scales)
    net = linear_net(2, output_scale=scales)
    f = steep.Risk(net, A, factor * Y, penalty=steep.L2(1e-2))
    w = steep.minimize(f, net.parameters, "lbfgs").x
    net.parameters = w
    net.posterior = steep.laplace(f, w, noise_std=factor * NOISE)
    np.testing.assert_allclose(net.posterior.beta, 1 / NOISE**2)
    alpha = 1e-2 * N / np.mean(NOISE**2)
    assert net.posterior.alpha == pytest.approx(alpha)
    std = net.predict(A, return_std=True)[1]
    np.testing.assert_allclose(std, factor * by_hand(NOISE, alpha), rtol=1e-8)
    noisy = net.predict(A, return_std=True, include_noise=True)[1]
    np.testing.assert_allclose(noisy, np.hypot(std, factor * NOISE), rtol=1e-10)
    assert f.value(w) == pytest.approx(steep.Risk(net, A, factor * Y, penalty=steep.L2(1e-2)).value(w), rel=1e-14)


def test_one_noise_for_outputs_of_several_scales():
    """3 in the targets' units is 0.3 and 30 in the network's."""
    net = linear_net(2, output_scale=(10.0, 0.1))
    f = steep.Risk(net, A, Y)
    found = steep.laplace(f, net.parameters, noise_std=3.0)
    np.testing.assert_allclose(found.beta, [1 / 0.3**2, 1 / 30.0**2])


@pytest.mark.parametrize(
    ("noise", "text"), [([1.0, 2.0, 3.0], "have 2 entries"), (0.0, "positive"), ([1, -1], "positive")]
)
def test_noise_that_is_none(noise, text):
    net = linear_net(2)
    with pytest.raises(ValueError, match=f"noise_std must be .*{text}"):
        steep.laplace(steep.Risk(net, A, Y), net.parameters, noise_std=noise)


def test_bayesian_regularization_finds_the_noise_of_each_output():
    """On a linear model the evidence, a normal density in closed form, is largest at what is found."""
    net = linear_net(2)
    f = steep.Risk(net, A, Y)
    res = steep.minimize(f, net.parameters, steep.BayesianRegularization(), max_iter=500, tol=1e-10)
    assert res.success, res.message
    np.testing.assert_allclose(1 / np.sqrt(res.beta), NOISE, rtol=0.3)

    def evidence(alpha, beta):
        return sum(
            stats.multivariate_normal(np.zeros(N), np.eye(N) / b + A @ A.T / alpha).logpdf(y)
            for b, y in zip(beta, Y.T, strict=True)
        )

    best = evidence(res.alpha, res.beta)
    assert res.log_evidence == pytest.approx(best, rel=1e-6)
    for a, b in ((1.05, [1, 1]), (0.95, [1, 1]), (1, [1.05, 1]), (1, [0.95, 1]), (1, [1, 1.05]), (1, [1, 0.95])):
        assert evidence(a * res.alpha, np.multiply(b, res.beta)) < best
    # Each output is the ridge regression of its own alpha / beta.
    expected = [
        np.linalg.solve(A.T @ A + res.alpha / b * np.eye(D), A.T @ y) for b, y in zip(res.beta, Y.T, strict=True)
    ]
    np.testing.assert_allclose(res.x, np.concatenate(expected), rtol=1e-5)
    assert f.value(res.x) == pytest.approx(0.5 * np.mean(np.sum((A @ np.reshape(res.x, (2, D)).T - Y) ** 2, axis=1)))


def test_noise_of_each_output_of_a_network(tmp_path):
    x = np.linspace(-1, 1, 300)[:, None]
    truth = np.column_stack([np.sin(3 * x[:, 0]), np.cos(2 * x[:, 0]), x[:, 0] ** 2])
    noise = np.array([0.3, 0.03, 0.003])
    y = truth + noise * RNG.normal(size=truth.shape)
    found = {}
    for kind in ("by_output", "shared"):
        net = steep.MLP([1, 10, 3], activation="tanh", dtype="float64", seed=0)
        run = steep.train(net, x, y, optimizer=steep.BayesianRegularization(noise=kind), epochs=600)
        found[kind] = np.sqrt(np.mean((net.predict(x) - truth) ** 2, axis=0))
        assert np.ndim(net.posterior.beta) == (kind == "by_output"), run.message
        if kind == "shared":
            continue
        np.testing.assert_allclose(1 / np.sqrt(net.posterior.beta), noise, rtol=0.15)
        mean, std = net.predict(x, return_std=True, include_noise=True)
        inside = np.mean(np.abs(truth + noise * RNG.normal(size=truth.shape) - mean) < 1.96 * std, axis=0)
        assert (inside > 0.91).all(), inside
        assert (inside < 0.985).all(), inside
        net.save(tmp_path / "net.safetensors", posterior=True)
        again = steep.load(tmp_path / "net.safetensors").predict(x, return_std=True, include_noise=True)[1]
        np.testing.assert_array_equal(again, std)
    # With one noise level the clean outputs are fitted as if they were as noisy as the first.
    assert found["by_output"][2] < 0.5 * found["shared"][2]
    assert found["by_output"][1] < found["shared"][1]


def test_outputs_alike_are_one_noise():
    """Of equal noise the precisions come out equal, but for what the sample says."""
    y = A @ W.T + 0.3 * np.random.default_rng(1).normal(size=(N, 2))
    both = {}
    for kind in ("by_output", "shared"):
        net = linear_net(2)
        res = steep.minimize(steep.Risk(net, A, y), net.parameters, steep.BayesianRegularization(noise=kind))
        both[kind] = res
    assert np.max(both["by_output"].beta) / np.min(both["by_output"].beta) < 1.6
    assert 1 / np.mean(1 / both["by_output"].beta) == pytest.approx(both["shared"].beta, rel=0.02)


@pytest.mark.parametrize("penalty", [steep.L2(0.1), steep.L1(0.1)])
def test_bayesian_regularization_refuses_a_penalty(penalty):
    net = linear_net(2)
    before = net.parameters.copy()
    text = "penalty must be None with bayesian_regularization, which finds its own, got l1="
    for method in (steep.BayesianRegularization(), steep.BayesianRegularization(restarts=2)):
        with pytest.raises(ValueError, match=text):
            steep.train(net, A, Y, optimizer=method, penalty=penalty)
    with pytest.raises(ValueError, match=text):
        steep.minimize(steep.Risk(net, A, Y, penalty=penalty), before, steep.BayesianRegularization())
    np.testing.assert_array_equal(net.parameters, before)


def test_weights_of_rows_count_repetitions():
    """Weight 2 is the row twice, for the noise of each output too; threads change nothing."""
    times = np.arange(N) % 3
    found = []
    for rows, y, weights, threads in ((A, Y, times, 1), (A, Y, times, 2), (np.repeat(A, times, 0), None, None, 1)):
        net = linear_net(2)
        target = np.repeat(Y, times, 0) if y is None else y
        f = steep.Risk(net, rows, target, sample_weight=weights)
        found.append(
            steep.minimize(
                f, net.parameters, steep.BayesianRegularization(), tol=1e-10, max_iter=300, n_threads=threads
            )
        )
    np.testing.assert_array_equal(found[0].x, found[1].x)
    np.testing.assert_array_equal(found[0].beta, found[1].beta)
    np.testing.assert_allclose(found[0].beta, found[2].beta, rtol=1e-6)
    assert found[0].effective_parameters == pytest.approx(found[2].effective_parameters, rel=1e-6)
