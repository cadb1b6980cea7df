"""steep: train dense networks and solve smooth machine-learning problems on a CPU, from NumPy arrays."""

from typing import TYPE_CHECKING, Any

from . import _core as _core
from . import _levels
from .config import get_config, get_num_threads, register_with_threadpoolctl, set_num_threads, show_config

if TYPE_CHECKING:
    from ._curve_fit import curve_fit as curve_fit
    from ._least_squares import least_squares as least_squares
    from ._minimize import minimize as minimize
    from ._root import root as root
    from .augmentation import Augment as Augment
    from .averaging import WeightAverage as WeightAverage
    from .callbacks import EarlyStopping as EarlyStopping
    from .callbacks import EpochInfo as EpochInfo
    from .constraints import MaxNorm as MaxNorm
    from .constraints import NonNegative as NonNegative
    from .diagnostics import check_convexity as check_convexity
    from .diagnostics import check_gradient as check_gradient
    from .fits import Fits as Fits
    from .fits import fit_many as fit_many
    from .landscapes import classify_point as classify_point
    from .layers import Activation as Activation
    from .layers import AveragePool2D as AveragePool2D
    from .layers import BatchNorm as BatchNorm
    from .layers import Conv2D as Conv2D
    from .layers import Dense as Dense
    from .layers import Dropout as Dropout
    from .layers import Flatten as Flatten
    from .layers import GlobalAveragePool2D as GlobalAveragePool2D
    from .layers import LayerNorm as LayerNorm
    from .layers import MaxPool2D as MaxPool2D
    from .layers import Reshape as Reshape
    from .layers import Residual as Residual
    from .losses import Cauchy as Cauchy
    from .losses import EpsilonInsensitive as EpsilonInsensitive
    from .losses import Huber as Huber
    from .losses import Pinball as Pinball
    from .losses import SoftL1 as SoftL1
    from .methods.bayesian import BayesianRegularization as BayesianRegularization
    from .methods.first_order import AcceleratedGradient as AcceleratedGradient
    from .methods.first_order import ConjugateGradient as ConjugateGradient
    from .methods.first_order import GradientDescent as GradientDescent
    from .methods.first_order import HeavyBall as HeavyBall
    from .methods.interior_point import InteriorPoint as InteriorPoint
    from .methods.least_squares import GaussNewton as GaussNewton
    from .methods.least_squares import LevenbergMarquardt as LevenbergMarquardt
    from .methods.nonsmooth import CoordinateDescent as CoordinateDescent
    from .methods.nonsmooth import DualCoordinateAscent as DualCoordinateAscent
    from .methods.nonsmooth import HingeInteriorPoint as HingeInteriorPoint
    from .methods.nonsmooth import ProximalGradient as ProximalGradient
    from .methods.quasi_newton import BFGS as BFGS
    from .methods.quasi_newton import LBFGS as LBFGS
    from .methods.second_order import Direct as Direct
    from .methods.second_order import Newton as Newton
    from .methods.second_order import NewtonCG as NewtonCG
    from .methods.second_order import TrustRegion as TrustRegion
    from .mlp import MLP as MLP
    from .network import Network as Network
    from .objectives import Objective as Objective
    from .path import RegularizationPath as RegularizationPath
    from .path import regularization_path as regularization_path
    from .penalties import L1 as L1
    from .penalties import L2 as L2
    from .penalties import ElasticNet as ElasticNet
    from .penalties import GroupLasso as GroupLasso
    from .posterior import Posterior as Posterior
    from .posterior import laplace as laplace
    from .rate_range import RateRange as RateRange
    from .rate_range import learning_rate_range as learning_rate_range
    from .rates import convergence_rate as convergence_rate
    from .readers import Dataset as Dataset
    from .readers import load_digits as load_digits
    from .readers import read_csv as read_csv
    from .readers import read_dataset as read_dataset
    from .readers import read_idx as read_idx
    from .readers import read_idx_folder as read_idx_folder
    from .readers import read_npz as read_npz
    from .residuals import ResidualFunction as ResidualFunction
    from .results import Result as Result
    from .risk import Risk as Risk
    from .rules import SGD as SGD
    from .rules import AdaGrad as AdaGrad
    from .rules import Adam as Adam
    from .rules import AdamW as AdamW
    from .rules import AMSGrad as AMSGrad
    from .rules import Lion as Lion
    from .rules import Momentum as Momentum
    from .rules import NAdam as NAdam
    from .rules import Nesterov as Nesterov
    from .rules import RMSProp as RMSProp
    from .rules import Rprop as Rprop
    from .runs import History as History
    from .runs import Run as Run
    from .runs import TrainState as TrainState
    from .scaling import MinMax as MinMax
    from .scaling import Standardize as Standardize
    from .schedules import Constant as Constant
    from .schedules import Cosine as Cosine
    from .schedules import Exponential as Exponential
    from .schedules import InverseTime as InverseTime
    from .schedules import OneCycle as OneCycle
    from .schedules import Step as Step
    from .serialization import load as load
    from .training import train as train

_levels.load()
register_with_threadpoolctl()

# Names that are imported when they are first used, and the module each is in.
_LAZY = {
    "Risk": "risk",
    "Activation": "layers",
    "AveragePool2D": "layers",
    "BatchNorm": "layers",
    "Conv2D": "layers",
    "Augment": "augmentation",
    "MaxNorm": "constraints",
    "NonNegative": "constraints",
    "RateRange": "rate_range",
    "WeightAverage": "averaging",
    "learning_rate_range": "rate_range",
    "Dense": "layers",
    "Dropout": "layers",
    "Flatten": "layers",
    "GlobalAveragePool2D": "layers",
    "LayerNorm": "layers",
    "MaxPool2D": "layers",
    "Reshape": "layers",
    "Residual": "layers",
    "EarlyStopping": "callbacks",
    "EpochInfo": "callbacks",
    "History": "runs",
    "Cauchy": "losses",
    "EpsilonInsensitive": "losses",
    "Huber": "losses",
    "MLP": "mlp",
    "Network": "network",
    "Pinball": "losses",
    "SoftL1": "losses",
    "Run": "runs",
    "TrainState": "runs",
    "layers": "layers",
    "load": "serialization",
    "losses": "losses",
    "second_order": "second_order",
    "metrics": "metrics",
    "train": "training",
    "check_convexity": "diagnostics",
    "check_gradient": "diagnostics",
    "classify_point": "landscapes",
    "convergence_rate": "rates",
    "diagnostics": "diagnostics",
    "landscapes": "landscapes",
    "plot": "plot",
    "methods": "methods",
    "objectives": "objectives",
    "path": "path",
    "penalties": "penalties",
    "problems": "problems",
    "rules": "rules",
    "schedules": "schedules",
    "AMSGrad": "rules",
    "AdaGrad": "rules",
    "Adam": "rules",
    "AdamW": "rules",
    "BFGS": "methods.quasi_newton",
    "AcceleratedGradient": "methods.first_order",
    "ConjugateGradient": "methods.first_order",
    "CoordinateDescent": "methods.nonsmooth",
    "Direct": "methods.second_order",
    "DualCoordinateAscent": "methods.nonsmooth",
    "GradientDescent": "methods.first_order",
    "GaussNewton": "methods.least_squares",
    "InteriorPoint": "methods.interior_point",
    "HeavyBall": "methods.first_order",
    "HingeInteriorPoint": "methods.nonsmooth",
    "LevenbergMarquardt": "methods.least_squares",
    "Newton": "methods.second_order",
    "NewtonCG": "methods.second_order",
    "ProximalGradient": "methods.nonsmooth",
    "TrustRegion": "methods.second_order",
    "BayesianRegularization": "methods.bayesian",
    "Fits": "fits",
    "fit_many": "fits",
    "Posterior": "posterior",
    "laplace": "posterior",
    "Constant": "schedules",
    "Cosine": "schedules",
    "Dataset": "readers",
    "ElasticNet": "penalties",
    "GroupLasso": "penalties",
    "Exponential": "schedules",
    "InverseTime": "schedules",
    "L1": "penalties",
    "L2": "penalties",
    "LBFGS": "methods.quasi_newton",
    "Lion": "rules",
    "MinMax": "scaling",
    "Momentum": "rules",
    "NAdam": "rules",
    "Nesterov": "rules",
    "Objective": "objectives",
    "OneCycle": "schedules",
    "RegularizationPath": "path",
    "Result": "results",
    "ResidualFunction": "residuals",
    "curve_fit": "_curve_fit",
    "least_squares": "_least_squares",
    "minimize": "_minimize",
    "regularization_path": "path",
    "root": "_root",
    "RMSProp": "rules",
    "Rprop": "rules",
    "SGD": "rules",
    "Standardize": "scaling",
    "Step": "schedules",
    "load_digits": "readers",
    "read_csv": "readers",
    "read_dataset": "readers",
    "read_idx": "readers",
    "read_idx_folder": "readers",
    "read_npz": "readers",
}

__all__ = ["get_config", "get_num_threads", "set_num_threads", "show_config", *_LAZY]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from .config import installed_version

        return installed_version()
    if name in _LAZY:
        from importlib import import_module

        module = import_module("." + _LAZY[name], __name__)
        value = module if name == _LAZY[name] else getattr(module, name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__, "__version__"})
