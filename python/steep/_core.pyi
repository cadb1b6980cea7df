"""
The compiled core of steep; use the functions of the package steep instead.
"""
from __future__ import annotations
import numpy
import numpy.typing
import typing
import typing_extensions
__all__: list[str] = ['UpdateRule', 'built_levels', 'compiler', 'cpu_level', 'default_threads', 'eigen_version', 'gather', 'level', 'rule_names', 'set_default_threads', 'squared_norm', 'use_kernels']
class UpdateRule:
    """
    An update rule with its hyper-parameters.
    """
    def __init__(self, name: str, *, beta1: typing.SupportsFloat | typing.SupportsIndex = 0.9, beta2: typing.SupportsFloat | typing.SupportsIndex = 0.999, eps: typing.SupportsFloat | typing.SupportsIndex = 1e-08, weight_decay: typing.SupportsFloat | typing.SupportsIndex = 0.0, momentum_decay: typing.SupportsFloat | typing.SupportsIndex = 0.004, eta_minus: typing.SupportsFloat | typing.SupportsIndex = 0.5, eta_plus: typing.SupportsFloat | typing.SupportsIndex = 1.2, step_min: typing.SupportsFloat | typing.SupportsIndex = 1e-06, step_max: typing.SupportsFloat | typing.SupportsIndex = 50.0, eps_before_correction: bool = False) -> None:
        """
        Check and keep the hyper-parameters.
        """
    def lookahead(self, t: typing.SupportsInt | typing.SupportsIndex, learning_rate: typing.SupportsFloat | typing.SupportsIndex, l1: typing.SupportsFloat | typing.SupportsIndex, params: list[numpy.ndarray], slots: list[list[numpy.ndarray]], out: list[numpy.ndarray]) -> bool:
        """
        Look-ahead points into out; False if an array is not exact.
        """
    def update(self, t: typing.SupportsInt | typing.SupportsIndex, learning_rate: typing.SupportsFloat | typing.SupportsIndex, l1: typing.SupportsFloat | typing.SupportsIndex, params: list[numpy.ndarray], grads: list[numpy.ndarray], slots: list[list[numpy.ndarray]]) -> bool:
        """
        Step t in place; False, and nothing changed, if an array is not exact.
        """
    @property
    def allows_l1(self) -> bool:
        """
        Whether it has a proximal step for l1.
        """
    @property
    def name(self) -> str:
        """
        Name in the list of rules.
        """
    @property
    def needs_lookahead(self) -> bool:
        """
        Whether gradients belong at the look-ahead point.
        """
    @property
    def slot_count(self) -> int:
        """
        Arrays of state for each array of parameters.
        """
def built_levels() -> str:
    """
    Levels built, separated by commas.
    """
def compiler() -> str:
    """
    Compiler that built the core.
    """
def cpu_level() -> str:
    """
    Highest instruction-set level of this CPU.
    """
def default_threads() -> int:
    """
    Threads a call uses unless told otherwise.
    """
def eigen_version() -> str:
    """
    Version of Eigen.
    """
@typing.overload
def gather(source: numpy.ndarray, rows: numpy.typing.NDArray[numpy.int64] | None, out: numpy.typing.NDArray[numpy.float32], scale: numpy.typing.NDArray[numpy.float32] | None = None, shift: numpy.typing.NDArray[numpy.float32] | None = None) -> None:
    """
    Rows of source into out, converted, scaled and shifted.
    """
@typing.overload
def gather(source: numpy.ndarray, rows: numpy.typing.NDArray[numpy.int64] | None, out: numpy.typing.NDArray[numpy.float64], scale: numpy.typing.NDArray[numpy.float64] | None = None, shift: numpy.typing.NDArray[numpy.float64] | None = None) -> None:
    """
    Rows of source into out, converted, scaled and shifted.
    """
def level() -> str:
    """
    Level in use.
    """
def rule_names() -> list[str]:
    """
    Names of the update rules.
    """
def set_default_threads(n: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Set the default number of threads; 0 resets.
    """
@typing.overload
def squared_norm(gradient_scale: typing.SupportsFloat | typing.SupportsIndex, weight_decay: typing.SupportsFloat | typing.SupportsIndex, theta: numpy.typing.NDArray[numpy.float32], g: numpy.typing.NDArray[numpy.float32]) -> float:
    """
    Sum of (gradient_scale g + weight_decay theta)^2.
    """
@typing.overload
def squared_norm(gradient_scale: typing.SupportsFloat | typing.SupportsIndex, weight_decay: typing.SupportsFloat | typing.SupportsIndex, theta: numpy.typing.NDArray[numpy.float64], g: numpy.typing.NDArray[numpy.float64]) -> float:
    """
    Sum of (gradient_scale g + weight_decay theta)^2.
    """
def use_kernels(table: typing_extensions.CapsuleType) -> None:
    """
    Install the kernels of a level.
    """
