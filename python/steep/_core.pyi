"""
The compiled core of steep; use the functions of the package steep instead.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
import typing_extensions
__all__: list[str] = ['AcceleratedGradient', 'BFGS', 'BarrierMethod', 'BayesianRegularization', 'ConjugateGradient', 'CoordinateDescent', 'Curvature', 'Damping', 'DeepLinear', 'Differences', 'Direct', 'DualCoordinateAscent', 'Factorization', 'FunctionObjective', 'GaussNewton', 'GradientDescent', 'HeavyBall', 'HingeInteriorPoint', 'InteriorPoint', 'LBFGS', 'LevenbergMarquardt', 'LinearFit', 'LinearRisk', 'LinearRisk32', 'LinearRisk64', 'Network32', 'Network64', 'NetworkRisk32', 'NetworkRisk64', 'Newton', 'NewtonCG', 'NewtonRoot', 'Objective', 'Predictor32', 'Predictor64', 'ProximalGradient', 'Quadratic', 'QuadraticProgram', 'ResidualFunction', 'RobustLoss', 'Session32', 'Session64', 'Solver', 'StepRule', 'Trainer32', 'Trainer64', 'TrustRegion', 'UpdateRule', 'activation_curvature', 'activation_names', 'activation_pullback', 'activation_value', 'built_levels', 'cholesky', 'compiler', 'coordinate_path', 'cpu_level', 'default_loss', 'default_threads', 'eigen_version', 'evidence', 'fma_peak', 'gather', 'initialization_names', 'initialize', 'jacobian', 'level', 'loss_curvature', 'loss_names', 'loss_value', 'loss_value_and_gradient', 'matrix_vector', 'minimize', 'multiply', 'needs_preactivation', 'predictive_deviation', 'resolve_loss', 'row_gradients', 'rule_names', 'set_default_threads', 'solve_lower', 'squared_norm', 'transposed_vector', 'use_kernels', 'weighted_gram']
class Objective:
    """
    An objective of the core.
    """
    def gauss_newton_product(self, w: numpy.typing.NDArray[numpy.float64], v: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
        """
        J'J v, the penalty's Hessian included.
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
    def has_gauss_newton(self) -> bool:
        """
        Has a Gauss-Newton matrix.
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
    @property
    def threads(self) -> int:
        """
        Threads of an evaluation; stays 1 where it takes no others.
        """
    @threads.setter
    def threads(self, arg1: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
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
class LinearRisk(Objective):
    """
    The risk of a linear model.
    """
    def approximate_hessian(self, w: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
        """
        Hessian of a sample of rows.
        """
    def least_loss(self) -> float:
        """
        A lower bound on the data term.
        """
    def line(self, x0: numpy.typing.NDArray[numpy.float64], x1: numpy.typing.NDArray[numpy.float64], t: typing.SupportsFloat | typing.SupportsIndex) -> tuple[float, float]:
        """
        f and its slope at x0 + t (x1 - x0).
        """
    @property
    def features(self) -> int:
        """
        Number of columns of X.
        """
    @property
    def has_gauss_newton(self) -> bool:
        """
        Has a Gauss-Newton matrix.
        """
    @property
    def intercept(self) -> bool:
        """
        Has intercepts.
        """
    @property
    def l2(self) -> float:
        """
        Coefficient of 1/2 ||W||^2.
        """
    @property
    def loss(self) -> str:
        """
        Name of the loss.
        """
    @property
    def outputs(self) -> int:
        """
        Number of outputs.
        """
    @property
    def rows(self) -> int:
        """
        Number of rows.
        """
    @property
    def sparse(self) -> bool:
        """
        Whether X is CSR.
        """
class LinearRisk32(LinearRisk):
    """
    A linear model with its data, used in place.
    """
    @typing.overload
    def __init__(self, X: numpy.typing.NDArray[numpy.float32], y: typing.Any, labels: typing.Any, weights: typing.Any, *, loss: str, parameter: typing.SupportsFloat | typing.SupportsIndex = 1.0, outputs: typing.SupportsInt | typing.SupportsIndex = 1, intercept: bool = False, average: bool = True, l1: typing.SupportsFloat | typing.SupportsIndex = 0.0, l2: typing.SupportsFloat | typing.SupportsIndex = 0.0, n_threads: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        ...
    @typing.overload
    def __init__(self, start: numpy.typing.NDArray[numpy.int64], column: numpy.typing.NDArray[numpy.int32], data: numpy.typing.NDArray[numpy.float32], columns: typing.SupportsInt | typing.SupportsIndex, y: typing.Any, labels: typing.Any, weights: typing.Any, *, loss: str, parameter: typing.SupportsFloat | typing.SupportsIndex = 1.0, outputs: typing.SupportsInt | typing.SupportsIndex = 1, intercept: bool = False, average: bool = True, l1: typing.SupportsFloat | typing.SupportsIndex = 0.0, l2: typing.SupportsFloat | typing.SupportsIndex = 0.0, n_threads: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        ...
class LinearRisk64(LinearRisk):
    """
    A linear model with its data, used in place.
    """
    @typing.overload
    def __init__(self, X: numpy.typing.NDArray[numpy.float64], y: typing.Any, labels: typing.Any, weights: typing.Any, *, loss: str, parameter: typing.SupportsFloat | typing.SupportsIndex = 1.0, outputs: typing.SupportsInt | typing.SupportsIndex = 1, intercept: bool = False, average: bool = True, l1: typing.SupportsFloat | typing.SupportsIndex = 0.0, l2: typing.SupportsFloat | typing.SupportsIndex = 0.0, n_threads: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        ...
    @typing.overload
    def __init__(self, start: numpy.typing.NDArray[numpy.int64], column: numpy.typing.NDArray[numpy.int32], data: numpy.typing.NDArray[numpy.float64], columns: typing.SupportsInt | typing.SupportsIndex, y: typing.Any, labels: typing.Any, weights: typing.Any, *, loss: str, parameter: typing.SupportsFloat | typing.SupportsIndex = 1.0, outputs: typing.SupportsInt | typing.SupportsIndex = 1, intercept: bool = False, average: bool = True, l1: typing.SupportsFloat | typing.SupportsIndex = 0.0, l2: typing.SupportsFloat | typing.SupportsIndex = 0.0, n_threads: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
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
    def __init__(self, memory: typing.SupportsInt | typing.SupportsIndex, precondition: bool = False, draft: bool = False) -> None:
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
class ProximalGradient(Solver):
    """
    Proximal gradient, FISTA.
    """
    def __init__(self, step_size: typing.SupportsFloat | typing.SupportsIndex, accelerate: bool, restart: bool) -> None:
        ...
class CoordinateDescent(Solver):
    """
    Coordinate descent on working sets.
    """
    def __init__(self) -> None:
        ...
class DualCoordinateAscent(Solver):
    """
    Dual coordinate ascent for hinges.
    """
    def __init__(self, seed: typing.SupportsInt | typing.SupportsIndex, shrink: bool) -> None:
        ...
class HingeInteriorPoint(Solver):
    """
    Interior point for hinges.
    """
    def __init__(self) -> None:
        ...
class Differences:
    """
    How a missing Jacobian is found.
    
    Members:
    
      two_point
    
      three_point
    
      complex_step
    """
    __members__: typing.ClassVar[dict[str, Differences]]
    complex_step: typing.ClassVar[Differences]
    three_point: typing.ClassVar[Differences]
    two_point: typing.ClassVar[Differences]
    @typing.overload
    def __eq__(self, other: Differences) -> bool:
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
    def __ne__(self, other: Differences) -> bool:
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
class RobustLoss:
    """
    rho of a sum of squares.
    
    Members:
    
      linear
    
      huber
    
      soft_l1
    
      cauchy
    
      arctan
    
      custom
    """
    __members__: typing.ClassVar[dict[str, RobustLoss]]
    arctan: typing.ClassVar[RobustLoss]
    cauchy: typing.ClassVar[RobustLoss]
    custom: typing.ClassVar[RobustLoss]
    huber: typing.ClassVar[RobustLoss]
    linear: typing.ClassVar[RobustLoss]
    soft_l1: typing.ClassVar[RobustLoss]
    @typing.overload
    def __eq__(self, other: RobustLoss) -> bool:
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
    def __ne__(self, other: RobustLoss) -> bool:
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
class ResidualFunction(Objective):
    """
    A Python function of residuals as an objective.
    """
    def __init__(self, x0: numpy.typing.NDArray[numpy.float64], function: typing.Any, jacobian: typing.Any, args: tuple, *, differences: Differences, step: typing.SupportsFloat | typing.SupportsIndex = 0.0, loss: RobustLoss, scale: typing.SupportsFloat | typing.SupportsIndex = 1.0, rho: typing.Any = None, lower: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], upper: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = []) -> None:
        ...
    def weighted_jacobian(self, w: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
        """
        J, with rows weighted by a robust loss: J'J is the Gauss-Newton matrix.
        """
    @property
    def counts(self) -> tuple[int, int]:
        """
        Calls of the function, and Jacobians found.
        """
    @property
    def exact_jacobian(self) -> bool:
        """
        The Jacobian is exact.
        """
class Damping:
    """
    How Levenberg-Marquardt changes its damping.
    
    Members:
    
      auto
    
      trust_region
    
      nielsen
    
      marquardt
    """
    __members__: typing.ClassVar[dict[str, Damping]]
    auto: typing.ClassVar[Damping]
    marquardt: typing.ClassVar[Damping]
    nielsen: typing.ClassVar[Damping]
    trust_region: typing.ClassVar[Damping]
    @typing.overload
    def __eq__(self, other: Damping) -> bool:
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
    def __ne__(self, other: Damping) -> bool:
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
class Factorization:
    """
    How the damped system is solved.
    
    Members:
    
      auto
    
      qr
    
      cholesky
    """
    __members__: typing.ClassVar[dict[str, Factorization]]
    auto: typing.ClassVar[Factorization]
    cholesky: typing.ClassVar[Factorization]
    qr: typing.ClassVar[Factorization]
    @typing.overload
    def __eq__(self, other: Factorization) -> bool:
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
    def __ne__(self, other: Factorization) -> bool:
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
class LevenbergMarquardt(Solver):
    """
    Levenberg-Marquardt.
    """
    def __init__(self, *, damping: Damping, initial: typing.SupportsFloat | typing.SupportsIndex, increase: typing.SupportsFloat | typing.SupportsIndex, decrease: typing.SupportsFloat | typing.SupportsIndex, largest: typing.SupportsFloat | typing.SupportsIndex, scale: bool | None, geodesic: bool, polish: bool, ftol: typing.SupportsFloat | typing.SupportsIndex, xtol: typing.SupportsFloat | typing.SupportsIndex, gtol: typing.SupportsFloat | typing.SupportsIndex, max_evaluations: typing.SupportsInt | typing.SupportsIndex, factorization: Factorization, scales: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
class GaussNewton(Solver):
    """
    Gauss-Newton.
    """
    def __init__(self, pure: bool, factorization: Factorization) -> None:
        ...
class NewtonRoot(Solver):
    """
    Newton's method for roots.
    """
    def __init__(self, pure: bool, xtol: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class LinearFit(Objective):
    """
    Linear models fitted by absolute or largest errors.
    """
    @typing.overload
    def __init__(self, X: numpy.typing.NDArray[numpy.float64], y: numpy.typing.NDArray[numpy.float64], *, intercept: bool, up: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], down: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
    @typing.overload
    def __init__(self, start: numpy.typing.NDArray[numpy.int64], column: numpy.typing.NDArray[numpy.int32], data: numpy.typing.NDArray[numpy.float64], columns: typing.SupportsInt | typing.SupportsIndex, y: numpy.typing.NDArray[numpy.float64], *, intercept: bool, up: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], down: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
class QuadraticProgram(Objective):
    """
    A linear or convex quadratic program.
    """
    def __init__(self, Q: typing.Any, c: numpy.typing.NDArray[numpy.float64], *, constant: typing.SupportsFloat | typing.SupportsIndex, A: numpy.typing.NDArray[numpy.float64], b: numpy.typing.NDArray[numpy.float64], G: numpy.typing.NDArray[numpy.float64], h: numpy.typing.NDArray[numpy.float64], lower: numpy.typing.NDArray[numpy.float64], upper: numpy.typing.NDArray[numpy.float64]) -> None:
        ...
class InteriorPoint(Solver):
    """
    Primal-dual interior point.
    """
    def __init__(self) -> None:
        ...
class Curvature:
    """
    Where a barrier method's Hessian comes from.
    
    Members:
    
      exact
    
      differences
    
      bfgs
    """
    __members__: typing.ClassVar[dict[str, Curvature]]
    bfgs: typing.ClassVar[Curvature]
    differences: typing.ClassVar[Curvature]
    exact: typing.ClassVar[Curvature]
    @typing.overload
    def __eq__(self, other: Curvature) -> bool:
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
    def __ne__(self, other: Curvature) -> bool:
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
class BarrierMethod(Solver):
    """
    Log barrier for smooth constraints.
    """
    def __init__(self, constraints: Objective, equalities: typing.SupportsInt | typing.SupportsIndex, curvature: Curvature) -> None:
        ...
class DeepLinear(Objective):
    """
    1/2 ||X W1' ... WL' - Y||^2.
    """
    def __init__(self, X: numpy.typing.NDArray[numpy.float64], Y: numpy.typing.NDArray[numpy.float64], widths: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
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
    def allows_groups(self) -> bool:
        """
        Whether it has a proximal step for groups of weights.
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
class Network32:
    """
    An architecture.
    """
    def __init__(self, layers: collections.abc.Sequence[dict], input_shape: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        """
        From one dict a layer.
        """
    def initial_parameters(self) -> numpy.typing.NDArray[numpy.float32]:
        """
        Parameters before those that are drawn at random.
        """
    def initial_state(self) -> numpy.typing.NDArray[numpy.float32]:
        """
        State before any training.
        """
    def layout(self) -> list:
        """
        One dict a layer: kind, shapes, arrays, state, fan_in, fan_out, parts (layers inside).
        """
    def predict(self, parameters: numpy.typing.NDArray[numpy.float32], state: numpy.typing.NDArray[numpy.float32], X: numpy.ndarray, input_scale: numpy.typing.NDArray[numpy.float32] | None = None, input_shift: numpy.typing.NDArray[numpy.float32] | None = None, output_scale: numpy.typing.NDArray[numpy.float32] | None = None, output_shift: numpy.typing.NDArray[numpy.float32] | None = None, n_threads: typing.SupportsInt | typing.SupportsIndex = 0, raw: bool = False) -> numpy.typing.NDArray[numpy.float32]:
        """
        Outputs (n, n_outputs) in inference mode, scaled unless raw.
        """
    @property
    def n_inputs(self) -> int:
        """
        Entries of an input row.
        """
    @property
    def n_outputs(self) -> int:
        """
        Entries of an output row.
        """
    @property
    def output_activation(self) -> str:
        """
        The last layer's activation.
        """
    @property
    def output_shape(self) -> tuple:
        """
        Of one row.
        """
    @property
    def parameter_count(self) -> int:
        """
        Length of the flat vector.
        """
    @property
    def state_count(self) -> int:
        """
        Length of the state that is not trained.
        """
class Network64:
    """
    An architecture.
    """
    def __init__(self, layers: collections.abc.Sequence[dict], input_shape: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        """
        From one dict a layer.
        """
    def initial_parameters(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        Parameters before those that are drawn at random.
        """
    def initial_state(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        State before any training.
        """
    def layout(self) -> list:
        """
        One dict a layer: kind, shapes, arrays, state, fan_in, fan_out, parts (layers inside).
        """
    def predict(self, parameters: numpy.typing.NDArray[numpy.float64], state: numpy.typing.NDArray[numpy.float64], X: numpy.ndarray, input_scale: numpy.typing.NDArray[numpy.float64] | None = None, input_shift: numpy.typing.NDArray[numpy.float64] | None = None, output_scale: numpy.typing.NDArray[numpy.float64] | None = None, output_shift: numpy.typing.NDArray[numpy.float64] | None = None, n_threads: typing.SupportsInt | typing.SupportsIndex = 0, raw: bool = False) -> numpy.typing.NDArray[numpy.float64]:
        """
        Outputs (n, n_outputs) in inference mode, scaled unless raw.
        """
    @property
    def n_inputs(self) -> int:
        """
        Entries of an input row.
        """
    @property
    def n_outputs(self) -> int:
        """
        Entries of an output row.
        """
    @property
    def output_activation(self) -> str:
        """
        The last layer's activation.
        """
    @property
    def output_shape(self) -> tuple:
        """
        Of one row.
        """
    @property
    def parameter_count(self) -> int:
        """
        Length of the flat vector.
        """
    @property
    def state_count(self) -> int:
        """
        Length of the state that is not trained.
        """
class Predictor32:
    """
    A network with its arrays, which are read in place.
    """
    def __call__(self, X: numpy.ndarray, n_threads: typing.SupportsInt | typing.SupportsIndex = 0, raw: bool = False) -> numpy.typing.NDArray[numpy.float32]:
        """
        As Network.predict.
        """
    def __init__(self, network: typing.Any, parameters: numpy.typing.NDArray[numpy.float32], state: numpy.typing.NDArray[numpy.float32], input_scale: numpy.typing.NDArray[numpy.float32] | None, input_shift: numpy.typing.NDArray[numpy.float32] | None, output_scale: numpy.typing.NDArray[numpy.float32] | None, output_shift: numpy.typing.NDArray[numpy.float32] | None) -> None:
        """
        Of a Network.
        """
class Predictor64:
    """
    A network with its arrays, which are read in place.
    """
    def __call__(self, X: numpy.ndarray, n_threads: typing.SupportsInt | typing.SupportsIndex = 0, raw: bool = False) -> numpy.typing.NDArray[numpy.float64]:
        """
        As Network.predict.
        """
    def __init__(self, network: typing.Any, parameters: numpy.typing.NDArray[numpy.float64], state: numpy.typing.NDArray[numpy.float64], input_scale: numpy.typing.NDArray[numpy.float64] | None, input_shift: numpy.typing.NDArray[numpy.float64] | None, output_scale: numpy.typing.NDArray[numpy.float64] | None, output_shift: numpy.typing.NDArray[numpy.float64] | None) -> None:
        """
        Of a Network.
        """
class Trainer32:
    """
    A training run.
    """
    def __init__(self, network: typing.Any, parameters: numpy.typing.NDArray[numpy.float32], state: numpy.typing.NDArray[numpy.float32], X: numpy.ndarray, y: numpy.typing.NDArray[numpy.float32] | None, labels: numpy.typing.NDArray[numpy.int32] | None, weights: numpy.typing.NDArray[numpy.float64] | None, input_scale: numpy.typing.NDArray[numpy.float32] | None, input_shift: numpy.typing.NDArray[numpy.float32] | None, loss: str, loss_parameter: typing.SupportsFloat | typing.SupportsIndex, rule: UpdateRule, options: dict) -> None:
        """
        Arrays are read in place; parameters and state are copied.
        """
    def evaluate(self, X: numpy.ndarray, y: numpy.typing.NDArray[numpy.float32] | None, labels: numpy.typing.NDArray[numpy.int32] | None, weights: numpy.typing.NDArray[numpy.float64] | None) -> float:
        """
        Mean loss in inference mode.
        """
    def restore(self, parameters: numpy.typing.NDArray[numpy.float32], state: numpy.typing.NDArray[numpy.float32], slots: collections.abc.Sequence[typing.Annotated[numpy.typing.ArrayLike, numpy.float32]], step: typing.SupportsInt | typing.SupportsIndex, epoch: typing.SupportsInt | typing.SupportsIndex, position: typing.SupportsInt | typing.SupportsIndex, partial: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], start_parameters: numpy.typing.NDArray[numpy.float32], start_state: numpy.typing.NDArray[numpy.float32]) -> None:
        """
        Go on from there.
        """
    def run(self, epochs: typing.SupportsInt | typing.SupportsIndex, rates: numpy.typing.NDArray[numpy.float64], max_seconds: typing.SupportsFloat | typing.SupportsIndex = ..., tol: typing.SupportsFloat | typing.SupportsIndex = -1.0) -> None:
        """
        Up to so many further epochs.
        """
    def set_order(self, order: numpy.typing.NDArray[numpy.int64]) -> None:
        """
        Rows of the epochs to come, in order.
        """
    def set_parameters(self, parameters: numpy.typing.NDArray[numpy.float32], state: numpy.typing.NDArray[numpy.float32]) -> None:
        """
        Replace them.
        """
    def set_validation(self, X: numpy.ndarray, y: numpy.typing.NDArray[numpy.float32] | None, labels: numpy.typing.NDArray[numpy.int32] | None, weights: numpy.typing.NDArray[numpy.float64] | None) -> None:
        """
        Data of val_loss.
        """
    @property
    def epoch(self) -> int:
        """
        Whole epochs made.
        """
    @property
    def parameters(self) -> numpy.typing.NDArray[numpy.float32]:
        """
        A copy.
        """
    @property
    def partial(self) -> list[float]:
        """
        Sums of the current epoch.
        """
    @property
    def position(self) -> int:
        """
        Steps made of the current epoch.
        """
    @property
    def report(self) -> dict:
        """
        What the last call of run gave: columns over epochs, and the status.
        """
    @property
    def slots(self) -> list[numpy.typing.NDArray[numpy.float32]]:
        """
        Copies of the rule's arrays.
        """
    @property
    def start_parameters(self) -> numpy.typing.NDArray[numpy.float32]:
        """
        A copy of those at the start of the epoch.
        """
    @property
    def start_state(self) -> numpy.typing.NDArray[numpy.float32]:
        """
        A copy of that at the start of the epoch.
        """
    @property
    def state(self) -> numpy.typing.NDArray[numpy.float32]:
        """
        A copy.
        """
    @property
    def step(self) -> int:
        """
        Updates made.
        """
    @property
    def steps_per_epoch(self) -> int:
        """
        Updates an epoch.
        """
class Trainer64:
    """
    A training run.
    """
    def __init__(self, network: typing.Any, parameters: numpy.typing.NDArray[numpy.float64], state: numpy.typing.NDArray[numpy.float64], X: numpy.ndarray, y: numpy.typing.NDArray[numpy.float64] | None, labels: numpy.typing.NDArray[numpy.int32] | None, weights: numpy.typing.NDArray[numpy.float64] | None, input_scale: numpy.typing.NDArray[numpy.float64] | None, input_shift: numpy.typing.NDArray[numpy.float64] | None, loss: str, loss_parameter: typing.SupportsFloat | typing.SupportsIndex, rule: UpdateRule, options: dict) -> None:
        """
        Arrays are read in place; parameters and state are copied.
        """
    def evaluate(self, X: numpy.ndarray, y: numpy.typing.NDArray[numpy.float64] | None, labels: numpy.typing.NDArray[numpy.int32] | None, weights: numpy.typing.NDArray[numpy.float64] | None) -> float:
        """
        Mean loss in inference mode.
        """
    def restore(self, parameters: numpy.typing.NDArray[numpy.float64], state: numpy.typing.NDArray[numpy.float64], slots: collections.abc.Sequence[typing.Annotated[numpy.typing.ArrayLike, numpy.float64]], step: typing.SupportsInt | typing.SupportsIndex, epoch: typing.SupportsInt | typing.SupportsIndex, position: typing.SupportsInt | typing.SupportsIndex, partial: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], start_parameters: numpy.typing.NDArray[numpy.float64], start_state: numpy.typing.NDArray[numpy.float64]) -> None:
        """
        Go on from there.
        """
    def run(self, epochs: typing.SupportsInt | typing.SupportsIndex, rates: numpy.typing.NDArray[numpy.float64], max_seconds: typing.SupportsFloat | typing.SupportsIndex = ..., tol: typing.SupportsFloat | typing.SupportsIndex = -1.0) -> None:
        """
        Up to so many further epochs.
        """
    def set_order(self, order: numpy.typing.NDArray[numpy.int64]) -> None:
        """
        Rows of the epochs to come, in order.
        """
    def set_parameters(self, parameters: numpy.typing.NDArray[numpy.float64], state: numpy.typing.NDArray[numpy.float64]) -> None:
        """
        Replace them.
        """
    def set_validation(self, X: numpy.ndarray, y: numpy.typing.NDArray[numpy.float64] | None, labels: numpy.typing.NDArray[numpy.int32] | None, weights: numpy.typing.NDArray[numpy.float64] | None) -> None:
        """
        Data of val_loss.
        """
    @property
    def epoch(self) -> int:
        """
        Whole epochs made.
        """
    @property
    def parameters(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        A copy.
        """
    @property
    def partial(self) -> list[float]:
        """
        Sums of the current epoch.
        """
    @property
    def position(self) -> int:
        """
        Steps made of the current epoch.
        """
    @property
    def report(self) -> dict:
        """
        What the last call of run gave: columns over epochs, and the status.
        """
    @property
    def slots(self) -> list[numpy.typing.NDArray[numpy.float64]]:
        """
        Copies of the rule's arrays.
        """
    @property
    def start_parameters(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        A copy of those at the start of the epoch.
        """
    @property
    def start_state(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        A copy of that at the start of the epoch.
        """
    @property
    def state(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        A copy.
        """
    @property
    def step(self) -> int:
        """
        Updates made.
        """
    @property
    def steps_per_epoch(self) -> int:
        """
        Updates an epoch.
        """
class Session32:
    """
    Forward and backward of a batch.
    """
    def __init__(self, network: typing.Any) -> None:
        """
        Of an architecture.
        """
    def backward(self, state: numpy.typing.NDArray[numpy.float32], dY: numpy.typing.NDArray[numpy.float32], gradient: numpy.typing.NDArray[numpy.float32], accumulate: bool, inputs: bool, n_threads: typing.SupportsInt | typing.SupportsIndex) -> typing.Any:
        """
        Fills the parameters' gradient of sum(dY * outputs); returns the one of the scaled inputs, or None.
        """
    def forward(self, parameters: numpy.typing.NDArray[numpy.float32], state: numpy.typing.NDArray[numpy.float32], X: numpy.ndarray, input_scale: numpy.typing.NDArray[numpy.float32] | None, input_shift: numpy.typing.NDArray[numpy.float32] | None, training: bool, seed: typing.SupportsInt | typing.SupportsIndex, epoch: typing.SupportsInt | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float32]:
        """
        Outputs (n, n_outputs); state is written in training.
        """
class Session64:
    """
    Forward and backward of a batch.
    """
    def __init__(self, network: typing.Any) -> None:
        """
        Of an architecture.
        """
    def backward(self, state: numpy.typing.NDArray[numpy.float64], dY: numpy.typing.NDArray[numpy.float64], gradient: numpy.typing.NDArray[numpy.float64], accumulate: bool, inputs: bool, n_threads: typing.SupportsInt | typing.SupportsIndex) -> typing.Any:
        """
        Fills the parameters' gradient of sum(dY * outputs); returns the one of the scaled inputs, or None.
        """
    def forward(self, parameters: numpy.typing.NDArray[numpy.float64], state: numpy.typing.NDArray[numpy.float64], X: numpy.ndarray, input_scale: numpy.typing.NDArray[numpy.float64] | None, input_shift: numpy.typing.NDArray[numpy.float64] | None, training: bool, seed: typing.SupportsInt | typing.SupportsIndex, epoch: typing.SupportsInt | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
        """
        Outputs (n, n_outputs); state is written in training.
        """
class NetworkRisk32(Objective):
    """
    The risk of a network.
    """
    def __init__(self, network: typing.Any, state: numpy.typing.NDArray[numpy.float32], X: numpy.ndarray, y: numpy.typing.NDArray[numpy.float32] | None, labels: numpy.typing.NDArray[numpy.int32] | None, weights: numpy.typing.NDArray[numpy.float64] | None, input_scale: numpy.typing.NDArray[numpy.float32] | None, input_shift: numpy.typing.NDArray[numpy.float32] | None, loss: str, loss_parameter: typing.SupportsFloat | typing.SupportsIndex, l1: typing.SupportsFloat | typing.SupportsIndex, l2: typing.SupportsFloat | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Arrays are read in place; state is copied.
        """
    def limit_loss(self, largest: typing.SupportsFloat | typing.SupportsIndex) -> None:
        """
        The largest value of a term of the loss; derivatives do not see it.
        """
    def penalize_biases(self) -> None:
        """
        l2 on biases too, but for the last layer's.
        """
    @property
    def has_gauss_newton(self) -> bool:
        """
        Has a Gauss-Newton matrix.
        """
    @property
    def l2(self) -> float:
        """
        The l2 penalty; bayesian_regularization moves it while it runs.
        """
    @property
    def output_weights(self) -> list[float]:
        """
        Weights of the squared error's outputs; empty: ones.
        """
    @output_weights.setter
    def output_weights(self, arg1: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
    @property
    def penalized(self) -> numpy.typing.NDArray[numpy.bool]:
        """
        Which parameters the penalty is on.
        """
class NetworkRisk64(Objective):
    """
    The risk of a network.
    """
    def __init__(self, network: typing.Any, state: numpy.typing.NDArray[numpy.float64], X: numpy.ndarray, y: numpy.typing.NDArray[numpy.float64] | None, labels: numpy.typing.NDArray[numpy.int32] | None, weights: numpy.typing.NDArray[numpy.float64] | None, input_scale: numpy.typing.NDArray[numpy.float64] | None, input_shift: numpy.typing.NDArray[numpy.float64] | None, loss: str, loss_parameter: typing.SupportsFloat | typing.SupportsIndex, l1: typing.SupportsFloat | typing.SupportsIndex, l2: typing.SupportsFloat | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Arrays are read in place; state is copied.
        """
    def limit_loss(self, largest: typing.SupportsFloat | typing.SupportsIndex) -> None:
        """
        The largest value of a term of the loss; derivatives do not see it.
        """
    def penalize_biases(self) -> None:
        """
        l2 on biases too, but for the last layer's.
        """
    @property
    def has_gauss_newton(self) -> bool:
        """
        Has a Gauss-Newton matrix.
        """
    @property
    def l2(self) -> float:
        """
        The l2 penalty; bayesian_regularization moves it while it runs.
        """
    @property
    def output_weights(self) -> list[float]:
        """
        Weights of the squared error's outputs; empty: ones.
        """
    @output_weights.setter
    def output_weights(self, arg1: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
    @property
    def penalized(self) -> numpy.typing.NDArray[numpy.bool]:
        """
        Which parameters the penalty is on.
        """
class BayesianRegularization(Solver):
    """
    Levenberg-Marquardt with evidence updates.
    """
    def __init__(self, *, damping: Damping, initial: typing.SupportsFloat | typing.SupportsIndex, largest: typing.SupportsFloat | typing.SupportsIndex, steps_per_update: typing.SupportsInt | typing.SupportsIndex, by_output: bool) -> None:
        ...
    @property
    def found(self) -> dict[str, typing.Any]:
        """
        The evidence at the end of the last solve.
        """
    @property
    def output_weights(self) -> list[float]:
        """
        Precisions of the outputs' noise over beta; empty where it is one.
        """
@typing.overload
def activation_curvature(name: str, slope: typing.SupportsFloat | typing.SupportsIndex, z: numpy.typing.NDArray[numpy.float32] | None, a: numpy.typing.NDArray[numpy.float32], d: numpy.typing.NDArray[numpy.float32], t: numpy.typing.NDArray[numpy.float32]) -> numpy.typing.NDArray[numpy.float32]:
    """
    The derivative along t (of z) of the pullback of d.
    """
@typing.overload
def activation_curvature(name: str, slope: typing.SupportsFloat | typing.SupportsIndex, z: numpy.typing.NDArray[numpy.float64] | None, a: numpy.typing.NDArray[numpy.float64], d: numpy.typing.NDArray[numpy.float64], t: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
    """
    The derivative along t (of z) of the pullback of d.
    """
def activation_names() -> list[str]:
    """
    Names of the activations.
    """
@typing.overload
def activation_pullback(name: str, slope: typing.SupportsFloat | typing.SupportsIndex, z: numpy.typing.NDArray[numpy.float32] | None, a: numpy.typing.NDArray[numpy.float32], d: numpy.typing.NDArray[numpy.float32]) -> numpy.typing.NDArray[numpy.float32]:
    """
    Phi'(z) d, given a = Phi(z); z is None unless it is needed.
    """
@typing.overload
def activation_pullback(name: str, slope: typing.SupportsFloat | typing.SupportsIndex, z: numpy.typing.NDArray[numpy.float64] | None, a: numpy.typing.NDArray[numpy.float64], d: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
    """
    Phi'(z) d, given a = Phi(z); z is None unless it is needed.
    """
@typing.overload
def activation_value(name: str, slope: typing.SupportsFloat | typing.SupportsIndex, z: numpy.typing.NDArray[numpy.float32]) -> numpy.typing.NDArray[numpy.float32]:
    """
    Phi(z) of rows z; slope is leaky_relu's.
    """
@typing.overload
def activation_value(name: str, slope: typing.SupportsFloat | typing.SupportsIndex, z: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
    """
    Phi(z) of rows z; slope is leaky_relu's.
    """
def built_levels() -> str:
    """
    Levels built, separated by commas.
    """
@typing.overload
def cholesky(a: numpy.typing.NDArray[numpy.float32], *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> int:
    """
    Lower factor in place; 0 or the 1-based pivot that failed.
    """
@typing.overload
def cholesky(a: numpy.typing.NDArray[numpy.float64], *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> int:
    """
    Lower factor in place; 0 or the 1-based pivot that failed.
    """
def compiler() -> str:
    """
    Compiler that built the core.
    """
def coordinate_path(objective: LinearRisk, l1: numpy.typing.NDArray[numpy.float64], x0: numpy.typing.NDArray[numpy.float64], *, tol: typing.SupportsFloat | typing.SupportsIndex = 1e-08, max_iter: typing.SupportsInt | typing.SupportsIndex = -1, max_time: typing.SupportsFloat | typing.SupportsIndex = ...) -> dict[str, typing.Any]:
    """
    Minimize for each l1 in turn, each from the answer before.
    """
def cpu_level() -> str:
    """
    Highest instruction-set level of this CPU.
    """
def default_loss(activation: str) -> str:
    """
    The loss that goes with an output activation.
    """
def default_threads() -> int:
    """
    Threads a call uses unless told otherwise.
    """
def eigen_version() -> str:
    """
    Version of Eigen.
    """
def evidence(objective: Objective, w: numpy.typing.NDArray[numpy.float64], beta: typing.SupportsFloat | typing.SupportsIndex) -> dict[str, typing.Any]:
    """
    Evidence, precisions and a root of the posterior covariance; beta 0: estimated.
    """
def fma_peak(dtype: numpy.dtype[typing.Any], seconds: typing.SupportsFloat | typing.SupportsIndex = 0.05) -> float:
    """
    GFLOP/s of this level's fused multiply-adds on one core.
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
def initialization_names() -> list[str]:
    """
    Names of the initializations.
    """
def initialize(name: str, out: typing.SupportsInt | typing.SupportsIndex, in_: typing.SupportsInt | typing.SupportsIndex, fan_in: typing.SupportsInt | typing.SupportsIndex, fan_out: typing.SupportsInt | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, layer: typing.SupportsInt | typing.SupportsIndex) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]]:
    """
    Weight (out, in) and bias (out) in float64.
    """
@typing.overload
def jacobian(network: Network32, parameters: numpy.typing.NDArray[numpy.float32], state: numpy.typing.NDArray[numpy.float32], X: numpy.ndarray, input_scale: numpy.typing.NDArray[numpy.float32] | None, input_shift: numpy.typing.NDArray[numpy.float32] | None, output_scale: numpy.typing.NDArray[numpy.float32] | None, inputs: bool, n_threads: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float32]:
    """
    Derivatives (n, outputs, size) of the outputs.
    """
@typing.overload
def jacobian(network: Network64, parameters: numpy.typing.NDArray[numpy.float64], state: numpy.typing.NDArray[numpy.float64], X: numpy.ndarray, input_scale: numpy.typing.NDArray[numpy.float64] | None, input_shift: numpy.typing.NDArray[numpy.float64] | None, output_scale: numpy.typing.NDArray[numpy.float64] | None, inputs: bool, n_threads: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
    """
    Derivatives (n, outputs, size) of the outputs.
    """
def level() -> str:
    """
    Level in use.
    """
@typing.overload
def loss_curvature(name: str, parameter: typing.SupportsFloat | typing.SupportsIndex, score: numpy.typing.NDArray[numpy.float32], target: numpy.typing.NDArray[numpy.float32] | None, label: numpy.typing.NDArray[numpy.int32] | None, weight: numpy.typing.NDArray[numpy.float32] | None, v: numpy.typing.NDArray[numpy.float32]) -> numpy.typing.NDArray[numpy.float32]:
    """
    Each row's weight * second derivative in the scores, times v.
    """
@typing.overload
def loss_curvature(name: str, parameter: typing.SupportsFloat | typing.SupportsIndex, score: numpy.typing.NDArray[numpy.float64], target: numpy.typing.NDArray[numpy.float64] | None, label: numpy.typing.NDArray[numpy.int32] | None, weight: numpy.typing.NDArray[numpy.float64] | None, v: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
    """
    Each row's weight * second derivative in the scores, times v.
    """
def loss_names() -> list[str]:
    """
    Names of the losses.
    """
@typing.overload
def loss_value(name: str, parameter: typing.SupportsFloat | typing.SupportsIndex, score: numpy.typing.NDArray[numpy.float32], target: numpy.typing.NDArray[numpy.float32] | None, label: numpy.typing.NDArray[numpy.int32] | None, weight: numpy.typing.NDArray[numpy.float32] | None) -> numpy.typing.NDArray[numpy.float64]:
    """
    Each row's weight * loss.
    """
@typing.overload
def loss_value(name: str, parameter: typing.SupportsFloat | typing.SupportsIndex, score: numpy.typing.NDArray[numpy.float64], target: numpy.typing.NDArray[numpy.float64] | None, label: numpy.typing.NDArray[numpy.int32] | None, weight: numpy.typing.NDArray[numpy.float64] | None) -> numpy.typing.NDArray[numpy.float64]:
    """
    Each row's weight * loss.
    """
@typing.overload
def loss_value_and_gradient(name: str, parameter: typing.SupportsFloat | typing.SupportsIndex, score: numpy.typing.NDArray[numpy.float32], target: numpy.typing.NDArray[numpy.float32] | None, label: numpy.typing.NDArray[numpy.int32] | None, weight: numpy.typing.NDArray[numpy.float32] | None) -> tuple:
    """
    Each row's weight * loss, and weight * its gradient in the scores.
    """
@typing.overload
def loss_value_and_gradient(name: str, parameter: typing.SupportsFloat | typing.SupportsIndex, score: numpy.typing.NDArray[numpy.float64], target: numpy.typing.NDArray[numpy.float64] | None, label: numpy.typing.NDArray[numpy.int32] | None, weight: numpy.typing.NDArray[numpy.float64] | None) -> tuple:
    """
    Each row's weight * loss, and weight * its gradient in the scores.
    """
@typing.overload
def matrix_vector(x: numpy.typing.NDArray[numpy.float32], w: numpy.typing.NDArray[numpy.float32]) -> numpy.typing.NDArray[numpy.float32]:
    """
    x w.
    """
@typing.overload
def matrix_vector(x: numpy.typing.NDArray[numpy.float64], w: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
    """
    x w.
    """
def minimize(objective: Objective, solver: Solver, x0: numpy.typing.NDArray[numpy.float64], *, tol: typing.SupportsFloat | typing.SupportsIndex = 1e-08, rtol: typing.SupportsFloat | typing.SupportsIndex = 0.0, unit: typing.SupportsFloat | typing.SupportsIndex = 0.0, enough: typing.SupportsFloat | typing.SupportsIndex = 0.0, max_iter: typing.SupportsInt | typing.SupportsIndex = -1, max_time: typing.SupportsFloat | typing.SupportsIndex = ..., lower: typing.Any = None, upper: typing.Any = None, callback: typing.Any = None, records: typing.Any = None, interval: typing.SupportsFloat | typing.SupportsIndex = 0.0, n_threads: typing.SupportsInt | typing.SupportsIndex = 0) -> dict[str, typing.Any]:
    """
    Run a solver; a dictionary of its result.
    """
@typing.overload
def multiply(a: numpy.typing.NDArray[numpy.float32], b: numpy.typing.NDArray[numpy.float32], *, bias: numpy.typing.NDArray[numpy.float32] | None = None, out: numpy.typing.NDArray[numpy.float32] | None = None, accumulate: bool = False, relu: bool = False, pack: bool = False) -> numpy.typing.NDArray[numpy.float32]:
    """
    a b [+ out] [+ bias], [max(., 0)]; pack: b into panels first.
    """
@typing.overload
def multiply(a: numpy.typing.NDArray[numpy.float64], b: numpy.typing.NDArray[numpy.float64], *, bias: numpy.typing.NDArray[numpy.float64] | None = None, out: numpy.typing.NDArray[numpy.float64] | None = None, accumulate: bool = False, relu: bool = False, pack: bool = False) -> numpy.typing.NDArray[numpy.float64]:
    """
    a b [+ out] [+ bias], [max(., 0)]; pack: b into panels first.
    """
def needs_preactivation(name: str) -> bool:
    """
    Whether an activation's derivatives need z beside its value.
    """
def predictive_deviation(network: Network64, parameters: numpy.typing.NDArray[numpy.float64], state: numpy.typing.NDArray[numpy.float64], X: numpy.ndarray, input_scale: numpy.typing.NDArray[numpy.float64] | None, input_shift: numpy.typing.NDArray[numpy.float64] | None, output_scale: numpy.typing.NDArray[numpy.float64] | None, root: numpy.typing.NDArray[numpy.float64], n_threads: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
    """
    Standard deviations (n, outputs) of the outputs.
    """
def resolve_loss(activation: str, loss: str, outputs: typing.SupportsInt | typing.SupportsIndex) -> tuple[str, bool]:
    """
    The loss that runs, and whether on scores before the activation; ValueError for pairings that mean nothing.
    """
@typing.overload
def row_gradients(network: Network32, parameters: numpy.typing.NDArray[numpy.float32], state: numpy.typing.NDArray[numpy.float32], X: numpy.ndarray, y: numpy.typing.NDArray[numpy.float32] | None, labels: numpy.typing.NDArray[numpy.int32] | None, weights: numpy.typing.NDArray[numpy.float64] | None, input_scale: numpy.typing.NDArray[numpy.float32] | None, input_shift: numpy.typing.NDArray[numpy.float32] | None, loss: str, loss_parameter: typing.SupportsFloat | typing.SupportsIndex, inputs: bool, n_threads: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float32]:
    """
    Gradients (n, size) of each row's loss.
    """
@typing.overload
def row_gradients(network: Network64, parameters: numpy.typing.NDArray[numpy.float64], state: numpy.typing.NDArray[numpy.float64], X: numpy.ndarray, y: numpy.typing.NDArray[numpy.float64] | None, labels: numpy.typing.NDArray[numpy.int32] | None, weights: numpy.typing.NDArray[numpy.float64] | None, input_scale: numpy.typing.NDArray[numpy.float64] | None, input_shift: numpy.typing.NDArray[numpy.float64] | None, loss: str, loss_parameter: typing.SupportsFloat | typing.SupportsIndex, inputs: bool, n_threads: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
    """
    Gradients (n, size) of each row's loss.
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
def solve_lower(l: numpy.typing.NDArray[numpy.float32], x: numpy.typing.NDArray[numpy.float32], *, transposed: bool = False) -> None:
    """
    x <- l^-1 x, or l^-T x, in place.
    """
@typing.overload
def solve_lower(l: numpy.typing.NDArray[numpy.float64], x: numpy.typing.NDArray[numpy.float64], *, transposed: bool = False) -> None:
    """
    x <- l^-1 x, or l^-T x, in place.
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
@typing.overload
def transposed_vector(x: numpy.typing.NDArray[numpy.float32], v: numpy.typing.NDArray[numpy.float32], *, out: numpy.typing.NDArray[numpy.float32] | None = None) -> numpy.typing.NDArray[numpy.float32]:
    """
    x' v, added to out if given.
    """
@typing.overload
def transposed_vector(x: numpy.typing.NDArray[numpy.float64], v: numpy.typing.NDArray[numpy.float64], *, out: numpy.typing.NDArray[numpy.float64] | None = None) -> numpy.typing.NDArray[numpy.float64]:
    """
    x' v, added to out if given.
    """
def use_kernels(table: typing_extensions.CapsuleType) -> None:
    """
    Install the kernels of a level.
    """
@typing.overload
def weighted_gram(x: numpy.typing.NDArray[numpy.float32], weight: numpy.typing.NDArray[numpy.float32] | None, *, out: numpy.typing.NDArray[numpy.float32], accumulate: bool = False) -> numpy.typing.NDArray[numpy.float32]:
    """
    Lower triangle of x' diag(weight) x, into out.
    """
@typing.overload
def weighted_gram(x: numpy.typing.NDArray[numpy.float64], weight: numpy.typing.NDArray[numpy.float64] | None, *, out: numpy.typing.NDArray[numpy.float64], accumulate: bool = False) -> numpy.typing.NDArray[numpy.float64]:
    """
    Lower triangle of x' diag(weight) x, into out.
    """
