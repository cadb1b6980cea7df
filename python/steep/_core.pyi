"""
The compiled core of steep; use the functions of the package steep instead.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
import typing_extensions
__all__: list[str] = ['AcceleratedGradient', 'BFGS', 'ConjugateGradient', 'Direct', 'FunctionObjective', 'GradientDescent', 'HeavyBall', 'LBFGS', 'Newton', 'NewtonCG', 'Objective', 'Quadratic', 'Solver', 'StepRule', 'TrustRegion', 'UpdateRule', 'built_levels', 'compiler', 'cpu_level', 'default_threads', 'eigen_version', 'gather', 'level', 'minimize', 'rule_names', 'set_default_threads', 'squared_norm', 'use_kernels']
class Objective:
    """
    An objective of the core.
    """
    def hessian(self, w: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
        """
        Hessian (dim, dim).
        """
    def hessian_product(self, w: numpy.typing.NDArray[numpy.float64], v: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
        """
        H(w) v.
        """
    def l1(self) -> typing.Any:
        """
        l1 weight of each entry, or None.
        """
    def lipschitz(self) -> typing.Any:
        """
        (L, exact) or None.
        """
    def normal_equations(self, w: numpy.typing.NDArray[numpy.float64]) -> tuple[float, numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]]:
        """
        (1/2 r'r, J'J, J'r).
        """
    def residuals(self, w: numpy.typing.NDArray[numpy.float64], jacobian: bool = False) -> typing.Any:
        """
        r, or (r, J).
        """
    def strong_convexity(self) -> typing.Any:
        """
        (mu, exact) or None.
        """
    def value(self, w: numpy.typing.NDArray[numpy.float64]) -> float:
        """
        Smooth part of f at w.
        """
    def value_and_gradient(self, w: numpy.typing.NDArray[numpy.float64]) -> tuple[float, numpy.typing.NDArray[numpy.float64]]:
        """
        Smooth part and its gradient.
        """
    @property
    def approximated(self) -> str:
        """
        Derivatives taken by differences.
        """
    @property
    def dim(self) -> int:
        """
        Number of variables.
        """
    @property
    def has_gradient(self) -> bool:
        """
        Has a gradient everywhere.
        """
    @property
    def has_hessian(self) -> bool:
        """
        Has a Hessian.
        """
    @property
    def has_hessian_product(self) -> bool:
        """
        Has Hessian-vector products.
        """
    @property
    def is_convex(self) -> bool:
        """
        Known to be convex.
        """
    @property
    def is_quadratic(self) -> bool:
        """
        Known to be quadratic.
        """
    @property
    def name(self) -> str:
        """
        Name of the kind of objective.
        """
    @property
    def residual_count(self) -> int:
        """
        Residuals, or 0.
        """
class Solver:
    """
    A full-batch method of the core.
    """
    @property
    def handles_bounds(self) -> bool:
        """
        Takes bounds.
        """
    @property
    def handles_l1(self) -> bool:
        """
        Takes an l1 penalty.
        """
    @property
    def name(self) -> str:
        """
        Name in snake case.
        """
class FunctionObjective(Objective):
    """
    Python functions as an objective.
    """
    def __init__(self, dim: typing.SupportsInt | typing.SupportsIndex, function: typing.Any, gradient: typing.Any, hessian: typing.Any, hessian_product: typing.Any, args: tuple[typing.Any, ...], *, central: bool = False, lower: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], upper: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = []) -> None:
        ...
    @property
    def central(self) -> bool:
        """
        3-point differences.
        """
    @central.setter
    def central(self, arg1: bool) -> None:
        ...
    @property
    def counts(self) -> tuple[int, int, int]:
        """
        Calls of f, gradient, and second derivatives.
        """
    @property
    def exact_gradient(self) -> bool:
        """
        The gradient is the user's.
        """
    @property
    def exact_hessian(self) -> bool:
        """
        The Hessian is the user's.
        """
    @property
    def exact_product(self) -> bool:
        """
        H v comes from the user's functions.
        """
class Quadratic(Objective):
    """
    1/2 x'Hx + g'x + c.
    """
    def __init__(self, H: numpy.typing.NDArray[numpy.float64], g: numpy.typing.NDArray[numpy.float64], c: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class BFGS(Solver):
    """
    Dense BFGS.
    """
    def __init__(self) -> None:
        ...
class LBFGS(Solver):
    """
    L-BFGS, with bounds.
    """
    def __init__(self, memory: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class StepRule:
    """
    How gradient descent chooses its steps.
    
    Members:
    
      constant
    
      lipschitz
    
      diminishing
    
      exact
    
      armijo
    
      wolfe
    
      barzilai_borwein
    """
    __members__: typing.ClassVar[dict[str, StepRule]]
    armijo: typing.ClassVar[StepRule]
    barzilai_borwein: typing.ClassVar[StepRule]
    constant: typing.ClassVar[StepRule]
    diminishing: typing.ClassVar[StepRule]
    exact: typing.ClassVar[StepRule]
    lipschitz: typing.ClassVar[StepRule]
    wolfe: typing.ClassVar[StepRule]
    @typing.overload
    def __eq__(self, other: StepRule) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: StepRule) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class GradientDescent(Solver):
    """
    Gradient descent.
    """
    def __init__(self, rule: StepRule, size: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class AcceleratedGradient(Solver):
    """
    Nesterov's accelerated gradient.
    """
    def __init__(self, step_size: typing.SupportsFloat | typing.SupportsIndex, strongly_convex: bool, restart: bool) -> None:
        ...
class HeavyBall(Solver):
    """
    Polyak's heavy ball.
    """
    def __init__(self, step_size: typing.SupportsFloat | typing.SupportsIndex, momentum: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class ConjugateGradient(Solver):
    """
    Nonlinear conjugate gradients.
    """
    def __init__(self) -> None:
        ...
class Newton(Solver):
    """
    Newton's method.
    """
    def __init__(self, pure: bool) -> None:
        ...
class TrustRegion(Solver):
    """
    Trust region, exact subproblem.
    """
    def __init__(self, radius: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class NewtonCG(Solver):
    """
    Truncated Newton.
    """
    def __init__(self, trust_region: bool) -> None:
        ...
class Direct(Solver):
    """
    The minimizer of a quadratic.
    """
    def __init__(self) -> None:
        ...
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
def minimize(objective: Objective, solver: Solver, x0: numpy.typing.NDArray[numpy.float64], *, tol: typing.SupportsFloat | typing.SupportsIndex = 1e-08, rtol: typing.SupportsFloat | typing.SupportsIndex = 0.0, max_iter: typing.SupportsInt | typing.SupportsIndex = -1, max_time: typing.SupportsFloat | typing.SupportsIndex = ..., lower: typing.Any = None, upper: typing.Any = None, callback: typing.Any = None) -> dict[str, typing.Any]:
    """
    Run a solver; a dictionary of its result.
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
