"""
Save and load networks: a safetensors file with the parameters, and the rest as JSON text in its metadata.

Metadata: ``format`` ("steep.network"), ``version`` (of this layout), ``written_by``, ``network`` (the configuration)
and, where they are known, ``labels``, ``columns`` and ``target``. Arrays: ``parameters`` (the flat vector), ``state``
(running statistics), and the scaling ``input_scale``, ``input_shift``, ``output_scale``, ``output_shift``. With the
posterior also ``posterior.parameters`` and ``posterior.root``, and its numbers as JSON under ``posterior``. No code is
stored or run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ._checks import check_bool
from ._safetensors import FileFormatError, read_safetensors, write_safetensors
from ._validation import Array

if TYPE_CHECKING:
    from .network import Network
    from .posterior import Posterior

FORMAT = "steep.network"
VERSION = 1
_SCALING = ("input_scale", "input_shift", "output_scale", "output_shift")
_POSTERIOR_ARRAYS = ("parameters", "root")

__all__ = ["FileFormatError", "SavedNetwork", "load", "load_saved", "save"]


@dataclass
class SavedNetwork:
    """
    A network and what a file says about its data.

    Attributes
    ----------
    network : Network
    labels : list of str or numbers, or None
        What the classes are called, in the outputs' order.
    columns : list of str, or None
        Names of the inputs.
    target : str, or None
        Name of the target.
    """

    network: Network
    labels: list[Any] | None = None
    columns: list[str] | None = None
    target: str | None = None


def save(
    net: Network,
    path: str | os.PathLike[str],
    *,
    labels: Sequence[Any] | None = None,
    columns: Sequence[str] | None = None,
    target: str | None = None,
    posterior: bool = False,
) -> None:
    """
    Save a network, atomically: a reader of `path` sees the old file or the complete new one.

    Parameters
    ----------
    net : Network
    path : path
        Usually ending in ``.safetensors``; the package `safetensors` reads it too.
    labels : sequence of str or numbers, optional
        What the classes are called, one an output (two for one output).
    columns : sequence of str, optional
        Names of the inputs, one each.
    target : str, optional
        Name of the target.
    posterior : bool
        With ``net.posterior``, for ``predict(X, return_std=True)``: 8 p^2 bytes more for p parameters.

    Raises
    ------
    ValueError
        Labels or columns do not fit the network, or there is no posterior to save.
    OSError
        The file cannot be written; nothing is left behind.
    """
    config = net.config()
    outputs = net.n_outputs
    if labels is not None:
        labels = [label.item() if isinstance(label, np.generic) else label for label in labels]
        if len(labels) != max(outputs, 2):
            raise ValueError(f"labels must be {max(outputs, 2)} for {outputs} outputs, got {len(labels)}")
    if columns is not None and len(columns) != net.n_inputs:
        raise ValueError(f"columns must be {net.n_inputs} names, one an input, got {len(columns)}")
    metadata = {"format": FORMAT, "version": str(VERSION), "written_by": _writer(), "network": _to_json(config)}
    for name, value in (("labels", labels), ("columns", columns), ("target", target)):
        if value is not None:
            metadata[name] = _to_json(value if isinstance(value, str) else list(value))
    tensors: dict[str, Array] = {"parameters": net.parameters}
    if net.state is not None and net.state.size:
        tensors["state"] = net.state
    for name in _SCALING:
        value = getattr(net, name)
        if value is not None:
            tensors[name] = np.asarray(value)
    if check_bool(posterior, "posterior"):
        known = net.posterior
        if known is None:
            raise ValueError("posterior must be False for a network without a posterior, got True")
        tensors |= {f"posterior.{name}": getattr(known, name) for name in _POSTERIOR_ARRAYS}
        metadata["posterior"] = _to_json({name: _number(getattr(known, name)) for name in _posterior_numbers()})
    write_safetensors(path, tensors, metadata)


def load(path: str | os.PathLike[str]) -> Network:
    """
    Load a network that :func:`save` or ``net.save`` wrote.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is damaged, truncated, of another kind, or of a newer version of steep; the message says which.
    """
    return load_saved(path).network


def load_saved(path: str | os.PathLike[str]) -> SavedNetwork:
    """Load a network with the labels and column names saved beside it; errors as for :func:`load`."""
    from .network import Network

    tensors, metadata = read_safetensors(path)
    if metadata.get("format") != FORMAT:
        _refuse(
            path, f"it holds arrays, but no network of steep (its format is {metadata.get('format', 'not named')!r})"
        )
    version = metadata.get("version", "")
    if not version.isdecimal():
        _refuse(path, f"its version is {version!r}, not a number")
    if int(version) > VERSION:
        _refuse(
            path,
            f"it was written by a newer steep ({metadata.get('written_by', 'unknown')}, layout {version}; this one "
            f"reads up to {VERSION}): upgrade steep",
        )
    config = _from_json(metadata, "network", dict, path)
    if config is None:
        _refuse(path, "it has no network configuration")
    try:
        net = Network.from_config(config)
    except (ValueError, TypeError, KeyError) as error:
        _refuse(path, f"its network cannot be built: {error}")
    dtype = net.parameters.dtype
    _fill(net.parameters, tensors, "parameters", dtype, path)
    if net.state is not None and net.state.size:
        _fill(net.state, tensors, "state", dtype, path)
    for name in _SCALING:
        if name in tensors:
            width = net.n_inputs if name.startswith("input") else net.n_outputs
            value = tensors[name]
            if (
                value.ndim > 1
                or value.size not in (1, width)
                or value.dtype.kind != "f"
                or not np.isfinite(value).all()
            ):
                _refuse(path, f"its {name} of shape {value.shape} does not fit {width} columns of finite numbers")
            setattr(net, name, value if value.ndim else float(value))
    net.posterior = _posterior(net, tensors, metadata, path)
    labels = _from_json(metadata, "labels", list, path)
    columns = _from_json(metadata, "columns", list, path)
    target = _from_json(metadata, "target", str, path)
    if labels is not None and len(labels) != max(net.n_outputs, 2):
        _refuse(path, f"it has {len(labels)} labels for {net.n_outputs} outputs")
    if columns is not None and len(columns) != net.n_inputs:
        _refuse(path, f"it has {len(columns)} column names for {net.n_inputs} inputs")
    return SavedNetwork(net, labels, columns, target)


def _posterior_numbers() -> list[str]:
    from .posterior import Posterior

    return [field.name for field in fields(Posterior) if field.name not in _POSTERIOR_ARRAYS]


def _number(value: Any) -> float | bool | str | list[float]:
    """Return what JSON can hold, which has no infinity: the evidence of a singular matrix is "-inf"."""
    if isinstance(value, np.ndarray):
        return [float(one) for one in value]
    return value if isinstance(value, bool) or np.isfinite(value) else str(float(value))


def _posterior(
    net: Network, tensors: dict[str, Array], metadata: dict[str, str], path: str | os.PathLike[str]
) -> Posterior | None:
    from .posterior import Posterior

    found = _from_json(metadata, "posterior", dict, path)
    if found is None:
        return None
    found = {"degrees_of_freedom": np.inf} | found  # which files of earlier versions do not have
    p = net.parameters.size
    arrays = {"parameters": np.empty(p), "root": np.empty((p, p))}
    for name, place in arrays.items():
        _fill(place, tensors, f"posterior.{name}", place.dtype, path)
    try:
        numbers: dict[str, Any] = {
            name: bool(found[name]) if name == "has_noise" else float(found[name])
            for name in _posterior_numbers()
            if name != "beta"
        }
        several = isinstance(found["beta"], list)
        numbers["beta"] = np.array(found["beta"], np.float64) if several else float(found["beta"])
        if several and numbers["beta"].shape != (net.n_outputs,):
            raise ValueError(f"beta must have {net.n_outputs} entries, got {len(found['beta'])}")
    except (KeyError, TypeError, ValueError) as error:
        _refuse(path, f"the numbers of its posterior cannot be read ({error!r})")
    return Posterior(arrays["parameters"], arrays["root"], **numbers)


def _fill(
    place: Array, tensors: dict[str, Array], name: str, dtype: np.dtype[Any], path: str | os.PathLike[str]
) -> None:
    if name not in tensors:
        _refuse(path, f"it has no array {name!r}")
    value = tensors[name]
    if value.shape != place.shape or value.dtype != dtype:
        got, want = f"{value.dtype}{list(value.shape)}", f"{dtype}{list(place.shape)}"
        _refuse(path, f"its array {name!r} is {got}, and the network needs {want}")
    place[...] = value


def _refuse(path: str | os.PathLike[str], reason: str) -> NoReturn:
    raise FileFormatError(f"{os.fspath(path)!r} cannot be loaded: {reason}")


def _writer() -> str:
    from .config import get_config

    return f"steep {get_config()['version']}"


def _to_json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def _from_json(metadata: dict[str, str], name: str, kind: type, path: str | os.PathLike[str]) -> Any:
    if name not in metadata:
        return None
    try:
        value = json.loads(metadata[name])
    except (ValueError, RecursionError) as error:
        _refuse(path, f"its {name} is not valid JSON ({error})")
    if not isinstance(value, kind):
        _refuse(path, f"its {name} is not a {kind.__name__}")
    return value
