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
from sklearn.exceptions import ConvergenceWarning

import steep
import steep.sklearn._full_batch as full_batch
import steep.sklearn._lbfgs as lbfgs
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
    "lm, callbacks": (
        lambda: MLPRegressor(
            hidden_layer_sizes=(3,), max_iter=2, solver="lm", random_state=0, callbacks=lambda info: False
        ),
        Y,
    ),
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


def test_a_handler_that_returns_is_called_again():
    """As asyncio's, which raises at the second Ctrl-C; with the frame that the signal came in."""
    frames = []

    def handler(_, frame):
        frames.append(frame.f_lineno)
        if len(frames) == 2:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handler)
    try:
        model = MLPRegressor(
            hidden_layer_sizes=(3,), solver="lm", tol=0, callbacks=lambda info: signal.raise_signal(signal.SIGINT)
        )
        with pytest.warns(UserWarning, match=INTERRUPTED):
            model.fit(X, Y)
        assert (model.n_iter_, len(frames)) == (2, 2)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_handler_of_ones_own_is_called_at_the_end_of_the_fit(monkeypatch):
    count, numbers = MLPRegressor._count_improvement, []

    def counted(self, *args):
        signal.raise_signal(signal.SIGINT)
        return count(self, *args)

    monkeypatch.setattr(MLPRegressor, "_count_improvement", counted)
    before = signal.signal(signal.SIGINT, lambda number, frame: numbers.append((number, frame.f_lineno > 0)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            warnings.simplefilter("ignore", ConvergenceWarning)
            MLPRegressor(hidden_layer_sizes=(3,), max_iter=1).fit(X, Y)
    finally:
        signal.signal(signal.SIGINT, before)
    assert numbers == [(signal.SIGINT, True)]


def test_a_handler_that_a_callback_installs_stays():
    def handler(*_):
        pass

    before = signal.getsignal(signal.SIGINT)
    try:
        MLPRegressor(
            hidden_layer_sizes=(3,), max_iter=2, callbacks=lambda info: signal.signal(signal.SIGINT, handler) and False
        ).fit(X, Y)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_in_the_last_long_iteration_keeps_the_last_point(monkeypatch):
    solve = full_batch.minimize

    def interrupted(*args, **kwargs):
        solve(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(full_batch, "minimize", interrupted)
    rows = 100_000 // 19 + 1  # of 19 parameters
    x = np.random.default_rng(0).normal(size=(rows, 4))
    model = MLPRegressor(hidden_layer_sizes=(3,), solver="bfgs", max_iter=3, random_state=0)
    with pytest.warns(UserWarning, match=INTERRUPTED):
        model.fit(x, x[:, 0])
    assert (model.n_iter_, len(model.loss_curve_), hasattr(model, "result_")) == (3, 3, False)


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


def test_lbfgs_interrupted_between_two_lines(monkeypatch):
    """The point is the model's when it is whole."""

    class Interrupted:
        def __getattr__(self, name):
            return getattr(np, name)

        def empty(self, size):
            calls.append(size)
            if len(calls) == 4:
                sys.settrace(trace)
                sys._getframe(1).f_trace = trace
            return np.full(size, np.nan)

    def trace(frame, event, arg):
        if frame.f_code.co_name != "_loss_grad_lbfgs":
            return None
        if event == "line":
            sys.settrace(None)
            signal.raise_signal(signal.SIGINT)
        return trace

    calls = []
    monkeypatch.setattr(lbfgs, "np", Interrupted())
    before = sys.gettrace()
    model = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0)
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y)
    finally:
        sys.settrace(before)
    assert np.isfinite(model.coefs_[0]).all()


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
