"""Ctrl-C in a fit of the networks: scikit-learn's warning and a fitted model, wherever it comes."""

import random
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import steep
from steep.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

INTERRUPTED = "Training interrupted by user."
LONG = "max_iter=10**6, tol=0, n_iter_no_change=10**6, hidden_layer_sizes=(3,)"
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), RNG.normal(size=60)


def fit_under_interrupts(make, y, at):
    """Fit while SIGINT comes before a line of steep's own code: the one of that number since the fit's loop began."""
    count, sent = 0, False

    def trace(frame, event, arg):
        nonlocal count, sent
        if "steep/sklearn" not in frame.f_code.co_filename.replace("\\", "/") or frame.f_code.co_name == "__exit__":
            return None
        if event == "line" and not sent and inside(frame):
            count += 1
            if count == at:
                sent = True
                signal.raise_signal(signal.SIGINT)
        return trace

    def inside(frame):
        while frame is not None:
            if frame.f_code.co_name in ("_fit_epochs", "_fit_method") and "interrupts" in frame.f_locals:
                return True
            frame = frame.f_back
        return False

    model = make()
    before = sys.gettrace()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        sys.settrace(trace)
        try:
            model.fit(X, y)
        except KeyboardInterrupt:
            pytest.fail(f"interrupted before line {at} of the loop, the fit raised")
        finally:
            sys.settrace(before)
    said = [str(w.message) for w in caught]
    return model, sent, said


MODELS = {
    "adam": (lambda: MLPClassifier(hidden_layer_sizes=(3,), max_iter=2), Y > 0),
    "scorer": (
        lambda: MLPRegressor(
            hidden_layer_sizes=(3,), max_iter=2, early_stopping=True, scoring="neg_mean_squared_error",
            callbacks=lambda info: False,
        ),
        Y,
    ),
    "lm": (lambda: MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, solver="lm", random_state=0), Y),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_an_interrupt_before_any_line(name):
    make, y = MODELS[name]
    at, ended = 1, False
    while not ended:
        model, sent, said = fit_under_interrupts(make, y, at)
        assert said.count(INTERRUPTED) == sent, at
        assert np.isfinite(model.predict(X).astype(float)).all()
        assert len(model.loss_curve_) == model.n_iter_
        ended = not sent
        at += 1
    assert at > 30
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handlers_of_ones_own_are_called():
    class Enough(Exception):
        pass

    def handler(*_):
        raise Enough

    def look(info):
        if info.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(Enough):
            MLPRegressor(hidden_layer_sizes=(3,), callbacks=look).fit(X, Y)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupted_fit_goes_on():
    def look(info):
        if info.epoch == 3:
            signal.raise_signal(signal.SIGINT)

    model = MLPRegressor(hidden_layer_sizes=(3,), random_state=0, callbacks=look)
    with pytest.warns(UserWarning, match=INTERRUPTED):
        model.fit(X, Y)
    assert (model.n_iter_, len(model.loss_curve_), model.t_) == (3, 3, 180)
    assert model.partial_fit(X, Y).t_ == 240


def test_lbfgs_raises_as_in_scikit_learn():
    """The model is that of the last point evaluated, there as here."""
    model = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0)
    evaluate, calls = model._loss_grad_lbfgs, []

    def interrupted(*args):
        calls.append(args[0].copy())
        if len(calls) == 5:
            signal.raise_signal(signal.SIGINT)
        return evaluate(*args)

    model._loss_grad_lbfgs = interrupted
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    first = model.coefs_[0].size
    np.testing.assert_array_equal(model.coefs_[0].ravel(), calls[-2][:first])


SCRIPT = """
import numpy as np, warnings
from sklearn.base import clone
from steep.sklearn import MLPClassifier, MLPRegressor
rng = np.random.default_rng(0)
X, y = rng.normal(size=(2000, 20)), rng.normal(size=2000)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model = {make}
    clone(model).set_params(max_iter=1).fit(X, {y})  # what is imported by need is there
    caught.clear()
    print("go", flush=True)
    model.fit(X, {y})
print([str(w.message) for w in caught], len(model.loss_curve_) - model.n_iter_, len(model.predict(X)))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "y"),
    [
        (f"MLPClassifier({LONG})", "y > 0"),
        (f"MLPClassifier({LONG}, early_stopping=True)", "y > 0"),
        ("MLPRegressor(hidden_layer_sizes=(5,), activation='tanh', solver='lm', max_iter=10**6, tol=0)", "y"),
    ],
    ids=["adam", "early stopping", "lm"],
)
def test_signals_from_outside_at_random(make, y):
    draw = random.Random(0)
    source = str(Path(steep.__file__).parents[1])  # the one under test: that of the tree may have no binaries
    script = f"import sys; sys.path.insert(0, {source!r})\n" + textwrap.dedent(SCRIPT.format(make=make, y=y))
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "go\n"
        time.sleep(0.2 + 0.3 * draw.random())  # an epoch at least, on a busy machine too
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0, out
        assert out.split() == f"['{INTERRUPTED}'] 0 2000".split()
