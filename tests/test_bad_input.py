"""A table of bad inputs to training: which exception, which message, and that nothing was changed."""

import numpy as np
import pytest

import steep

N, D, K = 30, 4, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, D))
Y = RNG.integers(0, K, N)


def changed(array, index, value):
    array = np.array(array, float)
    array[index] = value
    return array


def softmax(**options):
    return steep.MLP([D, 5, K], output="softmax", **options)


def one(output="identity"):
    return steep.MLP([D, 5, 1], output=output)


def cut(start, stop):
    return {"X": X[start:stop], "y": Y[start:stop]}


# name: (arguments beside a softmax network, X and Y; exception; message)
TABLE = {
    "net": ({"net": 3}, TypeError, "net must be a steep.Network, got 3"),
    "X: width": ({"X": X[:, :3]}, ValueError, r"X must be an array of shape \(n, 4\), got shape \(30, 3\)"),
    "X: vector": ({"X": X[0]}, ValueError, r"X must be an array of shape \(n, 4\).* for one sample pass X\[None\]"),
    "X: scalar": ({"X": 1.0}, ValueError, "got a scalar"),
    "X: None": ({"X": None}, TypeError, "X must be an array of numbers, got None"),
    "X: empty": (cut(0, 0), ValueError, r"X must have at least one row, got shape \(0, 4\)"),
    "X: NaN": ({"X": changed(X, (7, 2), np.nan)}, ValueError, "X must be finite, got nan at row 7, column 2"),
    "X: infinite": ({"X": changed(X, (7, 2), -np.inf)}, ValueError, "X must be finite, got -inf at row 7, column 2"),
    "X: range": (
        {"X": changed(X, (7, 2), 1e300)}, ValueError, r"X must be within the range .* got 1e\+300 at row 7, column 2",
    ),
    "X: objects": ({"X": [*X.tolist()[:-1], [1, 2, 3, "a"]]}, TypeError, "X must be an array of"),
    "X: object array": (
        {"X": np.array([[1, None, 3, 4]] * N, object)}, TypeError, "X must be an array of numbers, got None at row 0",
    ),
    "X: ragged": ({"X": [[1, 2], [3]]}, ValueError, "X must be a rectangular array of numbers"),
    "X: complex": ({"X": X + 1j}, TypeError, "X must be an array of real numbers, got complex numbers"),
    "y: rows": ({"y": Y[:-1]}, ValueError, r"y must have as many rows as X \(30\), got 29"),
    "y: too large": ({"y": changed(Y, 4, 3)}, ValueError, "y must be class indices from 0 to 2, got 3.0 at row 4"),
    "y: negative": ({"y": changed(Y, 4, -1)}, ValueError, "y must be class indices from 0 to 2, got -1.0 at row 4"),
    "y: half": ({"y": changed(Y, 4, 0.5)}, ValueError, "y must be whole class indices, got 0.5 at row 4"),
    "y: NaN": ({"y": changed(Y, 4, np.nan)}, ValueError, "y must be finite, got nan at row 4"),
    "y: strings": (
        {"y": np.array(["a"] * N)}, TypeError, "y must be an array of real numbers, got strings: encode classes",
    ),
    "y: shape": ({"y": np.zeros((N, 2))}, ValueError, r"y must have shape \(30, 3\), got shape \(30, 2\)"),
    "y: sums": (
        {"y": np.full((N, K), 0.5)}, ValueError, "one-hot rows or probabilities that add to 1, got 1.5 at row 0",
    ),
    "y: real, NaN": (
        {"net": one(), "y": changed(X[:, 0], 3, np.inf)}, ValueError, "y must be finite, got inf at row 3",
    ),
    "y: binary": ({"net": one("sigmoid"), "y": Y}, ValueError, "y must be 0 and 1, -1 and 1, or probabilities, got 2"),
    "y: counts": ({"net": one("exp"), "y": -X[:, 0] ** 2}, ValueError, "y must be at least 0 for the poisson loss"),
    "y: margin": ({"net": one(), "loss": "hinge", "y": X[:, 0]}, ValueError, "y must be 0 and 1, or -1 and 1"),
    "y: labels": ({"net": steep.MLP([D, 2]), "y": Y}, ValueError, "class indices go with loss='cross_entropy'"),
    "loss: unknown": ({"loss": "mse"}, ValueError, "loss must be one of .*'squared_error'.*, got 'mse'"),
    "loss: type": ({"loss": 3}, TypeError, "loss must be None, a name, steep.Huber, .* got 3"),
    "loss: pairing": ({"loss": "binary_cross_entropy"}, ValueError, "use loss='cross_entropy', or a sigmoid output"),
    "loss: raw": ({"net": steep.MLP([D, K]), "loss": "cross_entropy"}, ValueError, "use loss='softmax_cross_entropy'"),
    "loss: one output": ({"net": one("softmax")}, ValueError, "with one output use a sigmoid output"),
    "loss: one output, squares": (
        {"net": one("softmax"), "loss": "squared_error", "y": X[:, 0]}, ValueError,
        "an identity output for real targets",
    ),
    "loss: positive scores": (
        {"net": steep.MLP([D, K], output="softplus"), "loss": "softmax_cross_entropy"}, ValueError,
        "use an identity output, whose scores may have any sign",
    ),
    "X: an axis too many": (
        {"X": X[:, :, None]}, ValueError,
        r"X must be an array of shape \(n, 4\), got shape \(30, 4, 1\): pass X.reshape\(len\(X\), 4\)",
    ),
    "class_weight: NaN": (
        {"class_weight": [1, np.nan, 1]}, ValueError, "class_weight must be finite, got nan at class 1",
    ),
    "class_weight: negative": (
        {"class_weight": [1, 1, -1]}, ValueError, "class_weight must be at least 0, got -1.0 at class 2",
    ),
    "n_threads: many": ({"n_threads": 10**9}, ValueError, "n_threads must be an integer from 1 to 1024"),
    "monitor": (
        {"early_stopping": steep.EarlyStopping("damping")}, ValueError, "monitor must be one of loss, .* got 'damping'",
    ),
    "optimizer: method name": ({"optimizer": "lbfg"}, ValueError, r"got 'lbfg' \(did you mean 'lbfgs'\?\)"),
    "optimizer: method class": ({"optimizer": steep.LBFGS}, TypeError, r"got the class: write LBFGS\(\)"),
    "loss: step": (
        {"net": one("step"), "loss": "squared_error", "y": Y > 0}, ValueError, "a step has no useful derivative",
    ),
    "hidden step": (
        {"net": steep.MLP([D, 5, K], activation="step", output="softmax")},
        ValueError,
        "activation of layer 0 must have a useful derivative for training, got 'step'",
    ),
    "output_scale": (
        {"net": softmax(output_scale=2.0)},
        ValueError,
        "output_scale must be None with the loss cross_entropy, whose targets have no unit, got 2.0",
    ),
    "optimizer: name": ({"optimizer": "adan"}, ValueError, "optimizer must be one of .* got 'adan'"),
    "optimizer: class": ({"optimizer": steep.Adam}, TypeError, r"got the class: write Adam\(\)"),
    "optimizer: type": ({"optimizer": 3}, TypeError, "optimizer must be"),
    "batch_size: 0": ({"batch_size": 0}, ValueError, "batch_size must be an integer of at least 1, got 0"),
    "batch_size: type": ({"batch_size": 2.5}, TypeError, "batch_size must be an integer of at least 1, got 2.5"),
    "batch_size: method": (
        {"optimizer": "lbfgs", "batch_size": 7}, ValueError, "batch_size must be None or 30 with lbfgs, got 7",
    ),
    "epochs: negative": ({"epochs": -1}, ValueError, "epochs must be an integer of at least 0, got -1"),
    "epochs: bool": ({"epochs": True}, TypeError, "epochs must be an integer of at least 0, got True"),
    "penalty": ({"penalty": 0.1}, TypeError, r"penalty must be None, steep.L2\(a\).* got 0.1"),
    "validation: fraction": ({"validation": 1.5}, ValueError, "validation must be .* got 1.5"),
    "validation: one part": (
        {"validation": (X,)}, ValueError, r"validation must be a fraction, \(X, y\) or .* got 1 parts",
    ),
    "validation: width": (
        {"validation": (X[:, :2], Y)}, ValueError, r"validation X must be an array of shape \(n, 4\)",
    ),
    "validation: rows": (
        {"validation": (X, Y[:3])}, ValueError, r"validation y must have as many rows as validation X \(30\), got 3",
    ),
    "validation: NaN": (
        {"validation": (changed(X, (1, 1), np.nan), Y)}, ValueError, "validation X must be finite, got nan at row 1",
    ),
    "validation: weights": (
        {"validation": (X, Y, -np.ones(N))}, ValueError, "validation weights must not be negative, got -1 at row 0",
    ),
    "validation: one row": (
        cut(0, 1) | {"validation": 0.5}, ValueError, "X must have at least 2 rows to split off validation rows",
    ),
    "metrics: name": ({"metrics": ["accurracy"]}, ValueError, r"metrics\[0\] must be one of .*did you mean 'accuracy'"),
    "metrics: type": (
        {"metrics": [3]}, TypeError, r"metrics\[0\] must be a name or a function of \(y, prediction\), got 3",
    ),
    "sample_weight: rows": (
        {"sample_weight": np.ones(3)}, ValueError, r"sample_weight must have as many rows as X \(30\), got 3",
    ),
    "sample_weight: negative": (
        {"sample_weight": changed(np.ones(N), 5, -1)}, ValueError,
        "sample_weight must not be negative, got -1 at row 5",
    ),
    "sample_weight: zeros": ({"sample_weight": np.zeros(N)}, ValueError, "sample_weight must have a positive sum"),
    "sample_weight: NaN": (
        {"sample_weight": changed(np.ones(N), 5, np.nan)}, ValueError, "sample_weight must be finite, got nan at row 5",
    ),
    "class_weight: word": ({"class_weight": "even"}, ValueError, "class_weight must be None, 'balanced', a dict or"),
    "class_weight: key": (
        {"class_weight": {3: 1.0}}, ValueError, "class_weight must have class indices from 0 to 2 as keys, got 3",
    ),
    "class_weight: length": ({"class_weight": [1, 2]}, ValueError, r"class_weight must have one number a class \(3\)"),
    "class_weight: zero": ({"class_weight": [0, 0, 0]}, ValueError, "class_weight must leave a row of positive weight"),
    "class_weight: real": (
        {"net": one(), "y": X[:, 0], "class_weight": "balanced"}, ValueError,
        "class_weight must be None with the loss squared_error",
    ),
    "early_stopping: type": (
        {"early_stopping": 5}, TypeError, r"early_stopping must be None or steep.EarlyStopping\(...\), got 5",
    ),
    "early_stopping: no validation": (
        {"early_stopping": steep.EarlyStopping()}, ValueError,
        "monitor must be one of loss, .*, got 'val_loss': give validation",
    ),
    "clip_norm: 0": ({"clip_norm": 0}, ValueError, "clip_norm must be a positive number, got 0"),
    "clip_norm: NaN": ({"clip_norm": np.nan}, ValueError, "clip_norm must be a positive number, got nan"),
    "tol": ({"tol": -1e-3}, ValueError, "tol must be"),
    "shuffle": ({"shuffle": 1}, TypeError, "shuffle must be True or False, got 1"),
    "progress": ({"progress": "no"}, TypeError, "progress must be True or False, got 'no'"),
    "y: bytes": ({"y": Y.astype("S")}, TypeError, "y must be an array of real numbers, got bytes: encode classes"),
    "y: objects": (
        {"y": Y.astype(object)}, TypeError, r"got an array of dtype object: convert it with \.astype\(float\)$",
    ),
    "seed: negative": ({"seed": -1}, ValueError, "seed must be an integer from 0"),
    "seed: type": ({"seed": 1.5}, TypeError, "seed must be an integer from 0"),
    "callbacks": ({"callbacks": [3]}, TypeError, r"callbacks\[0\] must be callable, got 3"),
    "callbacks: number": ({"callbacks": 3}, TypeError, "callbacks must be a callable or several, got 3"),
    "max_time": ({"max_time": -1}, ValueError, "max_time must be"),
    "n_threads": ({"n_threads": 0}, ValueError, "n_threads must be an integer from 1 to 1024, got 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_training(name):
    options, exception, message = TABLE[name]
    arguments = {"net": softmax(), "X": X, "y": Y, "epochs": 1} | options
    net = arguments["net"]
    start = net.parameters.copy() if isinstance(net, steep.Network) else None
    kept = {k: np.copy(v) for k, v in arguments.items() if isinstance(v, np.ndarray)}
    with pytest.raises(exception, match=message):
        steep.train(**arguments)
    if start is not None:
        np.testing.assert_array_equal(net.parameters, start)
    for k, before in kept.items():
        np.testing.assert_array_equal(arguments[k], before)


NETWORKS = {
    "no layers": (lambda: steep.Network([], 3), ValueError, "layers must be at least one, got none"),
    "a layer alone": (
        lambda: steep.Network(steep.Dense(3), 3), TypeError, "layers must be a list of layers, got Dense",
    ),
    "not a layer": (
        lambda: steep.Network([steep.Dense(3), 4], 3), TypeError,
        r"layers must hold layers such as steep.Dense\(10\), got 4 at 1",
    ),
    "no inputs": (
        lambda: steep.Network([steep.Dense(3)], 0), ValueError, "input_shape must be an integer of at least 1, got 0",
    ),
    "no shape": (
        lambda: steep.Network([steep.Dense(3)], ()), ValueError,
        r"input_shape must be an int or a tuple of at least one, got \(\)",
    ),
    "dtype": (
        lambda: steep.MLP([2, 3], dtype="float16"), ValueError, "dtype must be 'float32' or 'float64', got 'float16'",
    ),
    "widths": (
        lambda: steep.MLP([2]), ValueError,
        r"widths must be at least inputs and outputs, such as \[784, 256, 10\], got \[2\]",
    ),
    "zero width": (lambda: steep.MLP([2, 0, 1]), ValueError, r"widths\[1\] must be an integer of at least 1, got 0"),
    "activation": (
        lambda: steep.MLP([2, 3, 1], activation="rleu"), ValueError, "activation must be one of .*did you mean 'relu'",
    ),
    "activations": (
        lambda: steep.MLP([2, 3, 1], activation=["relu", "tanh"]), ValueError,
        "activation must be one name, or one for each of 1 hidden layers, got 2",
    ),
    "output": (lambda: steep.MLP([2, 1], output="soft"), ValueError, "output must be one of"),
    "units": (lambda: steep.Dense(-2), ValueError, "units must be an integer of at least 1, got -2"),
    "memory": (
        lambda: steep.Dense(2**60) and steep.MLP([2**20, 2**60]), ValueError,
        r"layer 0 \(dense\): units must fit memory",
    ),
    "slope": (lambda: steep.Dense(3, slope=np.nan), ValueError, "slope must be a number of at least 0, got nan"),
    "slope: negative": (lambda: steep.Dense(3, slope=-1), ValueError, "slope must be a number of at least 0, got -1"),
    "input_scale: zero": (lambda: steep.MLP([3, 1], input_scale=0), ValueError, "input_scale must not be zero, got 0"),
    "input_scale: a zero": (
        lambda: steep.MLP([3, 1], input_scale=[1, 0, 2]), ValueError,
        "input_scale must have no zero, got one at entry 1",
    ),
    "input_shift: NaN": (
        lambda: steep.MLP([3, 1], input_shift=[1, np.nan, 2]), ValueError,
        "input_shift must be finite, got nan at entry 1",
    ),
    "parameters": (
        lambda: setattr(steep.MLP([1, 1]), "parameters", [1, np.inf]), ValueError,
        "parameters must be finite, got inf at entry 1",
    ),
    "input_scale": (
        lambda: steep.MLP([3, 1], input_scale=[1, 2]), ValueError,
        r"input_scale must be a number or have 3 entries, got shape \(2,\)",
    ),
    "input_shift": (lambda: steep.MLP([3, 1], input_shift=np.inf), ValueError, "input_shift must be finite"),
    "patience": (
        lambda: steep.EarlyStopping(patience=-1), ValueError, "patience must be an integer of at least 0, got -1",
    ),
    "mode": (
        lambda: steep.EarlyStopping(mode="least"), ValueError, "mode must be one of 'auto', 'min', 'max', got 'least'",
    ),
    "learning_rate": (lambda: steep.Adam(-0.1), ValueError, "learning_rate must be a positive number, got -0.1"),
    "beta": (lambda: steep.Adam(beta1=1.0), ValueError, "beta1 must be .* got 1.0"),
    "delta": (lambda: steep.Huber(0), ValueError, "delta must be a positive number, got 0"),
    "q": (lambda: steep.Pinball(1.0), ValueError, "q must be .* got 1.0"),
    "epsilon": (lambda: steep.EpsilonInsensitive(-1.0), ValueError, "epsilon must be .* got -1.0"),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_construction(name):
    make, exception, message = NETWORKS[name]
    with pytest.raises(exception, match=message):
        make()


def test_one_row_and_one_class_train():
    """Small but meaningful data are no error."""
    net = softmax()
    assert steep.train(net, X[:1], Y[:1], epochs=3).status == "max_epochs"
    assert steep.train(net, X, np.zeros(N, int), epochs=3).status == "max_epochs"
    assert np.isfinite(net.parameters).all()


def test_predict_sees_the_mask():
    net = softmax()
    whole = np.ma.masked_array(X, np.zeros_like(X, bool))
    np.testing.assert_array_equal(net.predict(whole), net.predict(X))
    with pytest.raises(ValueError, match="X must have no masked entries, got 30: fill or drop them"):
        net.predict(np.ma.masked_array(X, np.arange(D) == [[1]] * N))


def test_core_refuses_what_is_not_exact():
    """Nothing that Python would have to convert gets past the binding."""
    net = softmax()
    core, p, s = net._core, net.parameters, net.state
    good = X.astype(np.float32)
    for bad in (good.astype(np.int32), good[:, ::-1], good[:, :3], good[0], good.astype(">f4"), good.tolist()):
        with pytest.raises((TypeError, ValueError)):
            core.predict(p, s, bad)
    for bad in (p.astype(np.float64), p[:-1], p[::-1]):
        with pytest.raises((TypeError, ValueError)):
            core.predict(bad, s, good)
    options = {"batch_size": 4, "shuffle": True, "seed": 0, "l1": 0.0, "l2": 0.0, "clip_norm": np.inf, "n_threads": 1}
    rule = steep.Adam().core
    for y, labels in ((None, Y.astype(np.int32) + 1), (None, None), (np.zeros((N, 2), np.float32), None)):
        with pytest.raises((TypeError, ValueError)):
            steep._core.Trainer32(core, p, s, good, y, labels, None, None, None, "cross_entropy", 1.0, rule, options)
    net = steep.MLP([D, K])
    with pytest.raises(ValueError, match="labels must be left out"):
        steep._core.Trainer32(
            net._core,
            net.parameters,
            s,
            good,
            None,
            Y.astype(np.int32),
            None,
            None,
            None,
            "squared_error",
            1.0,
            rule,
            options,
        )
