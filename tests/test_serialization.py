"""Networks in files: what comes back, and every reason to refuse a file."""

import json

import numpy as np
import pytest
import safetensors.numpy

import steep
from steep import serialization
from steep._safetensors import FileFormatError, read_safetensors, write_safetensors

X = np.random.default_rng(0).normal(size=(7, 3))


def network(dtype="float32", **options):
    net = steep.MLP([3, 5, 4, 2], activation=["tanh", "relu"], output="softmax", dtype=dtype, seed=1, **options)
    net.input_scale, net.input_shift = np.array([1.0, 2.0, 0.5]), np.array([0.0, -1.0, 3.0])
    return net


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_comes_back_bit_for_bit(dtype, tmp_path):
    net = network(dtype)
    net.save(tmp_path / "m")
    again = steep.load(tmp_path / "m")
    assert again.config() == net.config()
    np.testing.assert_array_equal(again.parameters, net.parameters)
    assert again.parameters.dtype == dtype
    np.testing.assert_array_equal(again.predict(X), net.predict(X))
    assert repr(again) == repr(net)
    assert list(tmp_path.iterdir()) == [tmp_path / "m"]


def test_scaling_of_targets_comes_back(tmp_path):
    net = steep.MLP([3, 4, 2], dtype="float64", seed=0)
    net.output_scale, net.output_shift = np.array([100.0, 2.0]), np.array([-5.0, 7.0])
    net.save(tmp_path / "m")
    np.testing.assert_array_equal(steep.load(tmp_path / "m").predict(X), net.predict(X))


def test_a_number_as_scale_comes_back(tmp_path):
    net = steep.MLP([3, 4, 2], seed=0, input_scale=1 / 255)
    net.save(tmp_path / "m")
    np.testing.assert_array_equal(steep.load(tmp_path / "m").predict(X), net.predict(X))


def test_every_activation_and_its_slope_come_back(tmp_path):
    for name in ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus"):
        net = steep.MLP([3, 4, 2], activation=name, seed=0)
        net.save(tmp_path / "m")
        np.testing.assert_array_equal(steep.load(tmp_path / "m").predict(X), net.predict(X))


def test_labels_and_columns(tmp_path):
    labels, columns = np.array(["ja", "nein\n"]), ["a", "ü", "c,d"]
    serialization.save(network(), tmp_path / "m", labels=labels, columns=columns, target="t")
    saved = serialization.load_saved(tmp_path / "m")
    assert (saved.labels, saved.columns, saved.target) == (["ja", "nein\n"], columns, "t")
    serialization.save(network(), tmp_path / "m", labels=np.array([3, 7]))
    saved = serialization.load_saved(tmp_path / "m")
    assert (saved.labels, saved.columns, saved.target) == ([3, 7], None, None)
    with pytest.raises(ValueError, match="labels must be 2 for 2 outputs, got 3"):
        serialization.save(network(), tmp_path / "m", labels=[1, 2, 3])
    with pytest.raises(ValueError, match="columns must be 3 names, one an input, got 1"):
        serialization.save(network(), tmp_path / "m", columns=["a"])


def test_the_package_safetensors_reads_the_file(tmp_path):
    net = network()
    net.save(tmp_path / "m.safetensors")
    tensors = safetensors.numpy.load_file(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(tensors["parameters"], net.parameters)
    with safetensors.safe_open(tmp_path / "m.safetensors", "numpy") as file:
        metadata = file.metadata()
    assert metadata["format"] == "steep.network"
    assert metadata["version"] == "1"
    assert json.loads(metadata["network"]) == json.loads(json.dumps(net.config()))


def change(**metadata):
    def apply(tensors, text):
        for name, value in metadata.items():
            if value is None:
                del text[name]
            else:
                text[name] = value

    return apply


def set_array(name, value):
    def apply(tensors, text):
        if value is None:
            del tensors[name]
        else:
            tensors[name] = value

    return apply


BAD = {
    "another format": (change(format="pt"), r"no network of steep \(its format is 'pt'\)"),
    "no format": (change(format=None), "its format is 'not named'"),
    "newer": (change(version="2", written_by="steep 9"), r"newer steep \(steep 9, layout 2; this one reads up to 1\)"),
    "no version": (change(version=None), "its version is ''"),
    "version a word": (change(version="one"), "its version is 'one', not a number"),
    "no network": (change(network=None), "no network configuration"),
    "network not JSON": (change(network="{"), "its network is not valid JSON"),
    "network a list": (change(network="[]"), "its network is not a dict"),
    "network of nothing": (change(network="{}"), "its network cannot be built"),
    "labels too many": (change(labels="[1,2,3]"), "it has 3 labels for 2 outputs"),
    "labels not a list": (change(labels="3"), "its labels is not a list"),
    "columns too few": (change(columns='["a"]'), "1 column names for 3 inputs"),
    "no parameters": (set_array("parameters", None), "no array 'parameters'"),
    "too few parameters": (set_array("parameters", np.zeros(3, "f4")), r"is float32\[3\], and the network needs"),
    "other dtype": (set_array("parameters", np.zeros(54, "f8")), "'parameters' is float64"),
    "scale of other width": (set_array("input_scale", np.ones(4)), "input_scale of shape .* does not fit 3 columns"),
    "scale infinite": (set_array("input_scale", np.full(3, np.inf)), "finite numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_files_are_refused_with_the_reason(case, tmp_path):
    apply, message = BAD[case]
    network().save(tmp_path / "m")
    tensors, metadata = read_safetensors(tmp_path / "m")
    apply(tensors, metadata)
    write_safetensors(tmp_path / "m", tensors, metadata)
    with pytest.raises(FileFormatError, match=message):
        steep.load(tmp_path / "m")


def test_a_network_that_names_unknown_parts_is_refused(tmp_path):
    network().save(tmp_path / "m")
    tensors, metadata = read_safetensors(tmp_path / "m")
    for old, new in (("tanh", "tanhh"), ("float32", "float16")):
        changed = {**metadata, "network": metadata["network"].replace(old, new)}
        assert changed != metadata
        write_safetensors(tmp_path / "n", tensors, changed)
        with pytest.raises(FileFormatError, match="its network cannot be built"):
            steep.load(tmp_path / "n")


def test_truncated_and_foreign_files(tmp_path):
    network().save(tmp_path / "m")
    raw = (tmp_path / "m").read_bytes()
    for size in (0, 7, 40, len(raw) - 1):
        (tmp_path / "n").write_bytes(raw[:size])
        with pytest.raises(FileFormatError):
            steep.load(tmp_path / "n")
    safetensors.numpy.save_file({"w": np.ones(3)}, tmp_path / "other.safetensors")
    with pytest.raises(FileFormatError, match="holds arrays, but no network of steep"):
        steep.load(tmp_path / "other.safetensors")
    with pytest.raises(FileNotFoundError, match="must be an existing file"):
        steep.load(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        network().save(tmp_path)


def test_saving_leaves_the_network_alone_and_the_file_apart(tmp_path):
    net = network()
    before = net.parameters.copy()
    net.save(tmp_path / "m")
    net.parameters[:] = 0
    np.testing.assert_array_equal(steep.load(tmp_path / "m").parameters, before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_posterior_comes_back_on_request(dtype, tmp_path):
    net = steep.MLP([3, 4, 1], activation="tanh", dtype=dtype, seed=0)
    with pytest.raises(ValueError, match="posterior must be False for a network without a posterior, got True"):
        net.save(tmp_path / "m", posterior=True)
    rows = np.random.default_rng(1).normal(size=(60, 3))
    steep.train(net, rows, rows[:, 0] ** 2 + 0.1 * rows[:, 1], optimizer="levenberg_marquardt", epochs=20)
    net.save(tmp_path / "m", posterior=True)
    again = steep.load(tmp_path / "m")
    for noise in (False, True):
        expected = net.predict(X, return_std=True, include_noise=noise)
        for a, b in zip(again.predict(X, return_std=True, include_noise=noise), expected, strict=True):
            np.testing.assert_array_equal(a, b)
    assert again.posterior.log_evidence == net.posterior.log_evidence
    net.save(tmp_path / "m")
    assert steep.load(tmp_path / "m").posterior is None


def test_a_damaged_posterior_is_refused(tmp_path):
    net = steep.MLP([1, 3, 1], activation="tanh", dtype="float64", seed=0)
    net.posterior = steep.laplace(steep.Risk(net, np.ones((5, 1)), np.zeros(5)), net.parameters)
    assert net.posterior.log_evidence == -np.inf  # which JSON has no number for
    net.save(tmp_path / "m", posterior=True)
    assert steep.load(tmp_path / "m").posterior.log_evidence == -np.inf
    arrays, metadata = read_safetensors(tmp_path / "m")
    small = arrays | {"posterior.root": np.eye(3)}
    without = {name: value for name, value in arrays.items() if name != "posterior.root"}
    for tensors, text, reason in (
        (small, metadata["posterior"], "posterior.root.* the network needs"),
        (without, metadata["posterior"], "no array 'posterior.root'"),
        (arrays, "{}", "numbers of its posterior cannot be read"),
        (arrays, json.dumps(json.loads(metadata["posterior"]) | {"alpha": None}), "cannot be read"),
    ):
        write_safetensors(tmp_path / "m", tensors, metadata | {"posterior": text})
        with pytest.raises(FileFormatError, match=reason):
            steep.load(tmp_path / "m")
