"""
PyTorch modules trained here: ``steep.torch.fit(module, X, y)`` in place of a loop, and the weights are written back.

Needs torch, the extra ``torch``. Supported are ``nn.Sequential`` of Linear, Flatten, Dropout, BatchNorm1d, LayerNorm
and the activations Sigmoid, Tanh, ReLU, LeakyReLU, ELU, GELU, SiLU, Softplus and Softmax.
"""

from __future__ import annotations

try:
    import torch as _torch  # noqa: F401
except ImportError:
    raise ImportError("steep.torch needs PyTorch: pip install 'steep[torch]'") from None

from ._fit import fit
from ._modules import from_module, to_module

__all__ = ["fit", "from_module", "to_module"]
