"""Pictures: what is drawn, and that files come out."""

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
