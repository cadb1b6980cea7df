"""What all pictures share: colours, the least value on log scales, and Matplotlib."""

from __future__ import annotations

from typing import Any

__all__ = ["COLOURS", "FLOOR", "pyplot"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7f7f7f")
FLOOR = 1e-17


def pyplot() -> Any:
    """Return matplotlib.pyplot, or say how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("steep.plot needs Matplotlib: pip install 'steep[plot]'") from None
    return plt
