"""steep: train dense networks and solve smooth machine-learning problems on a CPU, from NumPy arrays."""

from . import _core, _levels

_levels.load()
