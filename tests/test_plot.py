"""Pictures: what is drawn, and that files come out."""

import doctest

import numpy as np
import pytest

import steep

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def runs():
    f = steep.problems.rosenbrock(2)
    return f, {m: steep.minimize(f, method=m, return_all=True) for m in ("bfgs", "newton")}


def test_result_plot(tmp_path):
    _, found = runs()
    figure = found["bfgs"].plot()
    assert len(figure.axes) == 4
    assert all(ax.get_yscale() == "log" for ax in figure.axes)
    line = figure.axes[2].lines[0]
    np.testing.assert_allclose(line.get_ydata(), found["bfgs"].trace["gradient_norm"])
    figure.savefig(tmp_path / "run.png")


def test_a_run_that_starts_at_the_minimum_is_drawn(tmp_path):
    figure = steep.minimize(steep.problems.rosenbrock(2), [1.0, 1.0]).plot()
    figure.savefig(tmp_path / "zero.png")
    assert [text.get_text() for text in figure.axes[0].texts] == ["zero throughout"]
    assert all(ax.get_yscale() == "log" for ax in figure.axes)


def test_contour_without_paths_shows_the_minimizer(tmp_path):
    figure = steep.plot.contour(steep.problems.rosenbrock(2))
    (low, high), (bottom, top) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
    assert low < -1.2 < 1 < high
    assert bottom < 1 < top
    figure.savefig(tmp_path / "contour.png")


def test_compare(tmp_path):
    _, found = runs()
    figure = steep.plot.compare(found, minimum=0.0)
    labels = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert labels == ["bfgs", "newton"]
    gap = figure.axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(gap[:5], found["bfgs"].trace["fun"][:5])
    figure.savefig(tmp_path / "compare.png")
    with pytest.raises(TypeError, match="runs must be a dict"):
        steep.plot.compare([1])


def test_contour(tmp_path):
    f, found = runs()
    figure = steep.plot.contour(f, found, bounds=((-2, 2), (-1, 3)))
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xydata(), found["bfgs"].allvecs)
    figure.savefig(tmp_path / "contour.png")
    steep.plot.contour(f, found["bfgs"])
    steep.plot.contour(f)
    with pytest.raises(ValueError, match="return_all=True"):
        steep.plot.contour(f, steep.minimize(f))
    with pytest.raises(ValueError, match="f must have 2 variables, got 3"):
        steep.plot.contour(steep.problems.rosenbrock(3))


def small_run():
    X, y = steep.load_digits()
    net = steep.MLP([64, 8, 10], activation="tanh", output="softmax", input_scale=1 / 16, seed=0)
    return steep.train(net, X[:200], y[:200], epochs=4, validation=0.2, metrics=("accuracy", "log_loss"))


def test_history():
    run = small_run()
    figure = run.plot()
    above, below = figure.axes
    assert [line.get_label() for line in above.lines] == ["loss", "val_loss"]
    assert {line.get_label() for line in below.lines} == {"accuracy", "val_accuracy", "log_loss", "val_log_loss"}
    np.testing.assert_array_equal(above.lines[0].get_ydata(), run.history["loss"])
    assert len(run.plot("accuracy").axes) == 1
    with pytest.raises(ValueError, match="names must be among loss"):
        run.plot("nothing")


def test_gradients():
    run = small_run()
    (ax,) = steep.plot.gradients(run).axes
    assert len(ax.lines) == 2
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), run.history["layer_gradient_norm"][:, 1])
    (ax,) = steep.plot.activations(run).axes
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), run.history["layer_activation_norm"][:, 0])
    assert ax.get_ylabel() == "activation norm"


def test_example_of_vanishing_gradients():
    found = doctest.DocTestFinder(recurse=False).find(steep.plot.gradients, globs={})
    results = doctest.DocTestRunner().run(found[0])
    assert (results.failed, results.attempted) == (0, 7)


def test_activations_of_a_full_batch_run_are_refused():
    x = np.linspace(-1, 1, 20)[:, None]
    net = steep.MLP([1, 3, 1], activation="tanh", dtype="float64", seed=0)
    run = steep.train(net, x, x[:, 0] ** 2, optimizer=steep.LevenbergMarquardt(), epochs=3)
    with pytest.raises(ValueError, match="run must be of an optimizer with mini-batches"):
        steep.plot.activations(run)
