"""``steep train DATA``: read, split, train, report, save."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from ._error import CommandError
from ._options import activation_list, fraction_or_path, layer_widths, positive, positive_int, seed, share

if TYPE_CHECKING:
    from ._problem import Problem

HELP = "train a network on a data set and report how well it does"
DESCRIPTION = """\
Train a dense network on DATA, print a summary of data and network, a table of results on the training, validation and
test rows, and, for a classifier, the confusion matrix of the test rows.

DATA is one of
  digits      the built-in set of 1,797 handwritten digits
  a CSV file  with --target: numbers in every other column; a header, quotes, gzip and the separators , ; tab | are
              recognized; the target may be text
  an NPZ file with arrays X and y (or x_train and y_train, data and target, images and labels), and X_test, y_test
  a folder    of IDX files under MNIST's names (train-images-idx3-ubyte, ...), gzipped or not

The target decides the task: text, whole numbers of at most 20 different values, and class rows make a classifier;
other numbers a regression (--task overrides). Inputs from CSV and real targets are standardized by the network itself,
with the training rows' means and deviations, which are saved with it; images are scaled to [0, 1]."""
EXAMPLES = """\
examples:
  steep train digits
  steep train iris.csv --target species --hidden 32,32 --out iris.safetensors
  steep train fashion-mnist/ --hidden 256,128 --epochs 15
  steep train house.csv --target price --optimizer adamw --l2 1e-4 --early-stopping 20
  steep predict iris.safetensors new.csv --out answers.csv"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument(
        "data", metavar="DATA", help="what to train on: digits, a CSV or NPZ file, a folder of IDX files"
    )
    data = parser.add_argument_group("data")
    data.add_argument(
        "--target", metavar="COLUMN", help="the target's column in a CSV file: its name, or number from 0"
    )
    data.add_argument("--task", choices=["auto", "classify", "regress"], default="auto", help="what the target is")
    data.add_argument(
        "--test",
        type=fraction_or_path,
        metavar="FILE|FRACTION",
        help="test rows: a file of DATA's kind, or a fraction, 0 for none (default: DATA's own test set, else 0.2)",
    )
    data.add_argument(
        "--validation", type=share, default=0.1, metavar="FRACTION", help="of the training rows, 0 for none"
    )
    data.add_argument(
        "--scale",
        choices=["auto", "standardize", "minmax", "none"],
        default="auto",
        help="inputs column by column; auto: standardize, but images to [0, 1]",
    )
    net = parser.add_argument_group("network")
    net.add_argument(
        "--hidden", type=layer_widths, default=[128], metavar="N[,N...]", help="widths of the hidden layers, 0 for none"
    )
    net.add_argument(
        "--activation", type=activation_list, default="relu", metavar="NAME[,...]", help="one, or one a hidden layer"
    )
    net.add_argument("--dtype", choices=["float32", "float64"], help="numbers (default: what the optimizer needs)")
    training = parser.add_argument_group("training")
    training.add_argument("--loss", metavar="NAME", help="default: cross_entropy, or squared_error for a regression")
    training.add_argument("--optimizer", default="adam", metavar="NAME", help="an update rule or a full-batch method")
    training.add_argument("--learning-rate", type=positive, metavar="RATE", help="default: the optimizer's own")
    training.add_argument(
        "--batch-size", type=positive_int, metavar="N", help="default: by the rows, 16 to 128; all for a method"
    )
    training.add_argument("--epochs", type=positive_int, default=100, metavar="N", help="at most")
    training.add_argument("--l2", type=positive, metavar="A", help="penalty A/2 times the sum of squared weights")
    training.add_argument("--l1", type=positive, metavar="A", help="penalty A times the sum of absolute weights")
    training.add_argument(
        "--early-stopping",
        type=positive_int,
        nargs="?",
        const=10,
        metavar="PATIENCE",
        help="stop after PATIENCE (10) epochs without a better validation loss; the best parameters are kept",
    )
    training.add_argument("--clip-norm", type=positive, metavar="NORM", help="limit of the gradient's norm")
    training.add_argument("--class-weight", choices=["balanced"], help="weigh classes by the inverse of their rows")
    training.add_argument("--max-time", type=positive, metavar="SECONDS", help="stop after so long")
    run_ = parser.add_argument_group("run")
    run_.add_argument("--seed", type=seed, default=0, metavar="N", help="of the split, the start and the shuffles")
    run_.add_argument("--threads", type=positive_int, metavar="N", help="default: all CPUs this process may use")
    run_.add_argument("--out", metavar="FILE", help="save the network there, for `steep predict` and steep.load")
    run_.add_argument("--quiet", action="store_true", help="no progress bar and no summary, only the results")


def run(arguments: argparse.Namespace) -> int:
    """Train and report."""
    import steep

    from ._problem import read_problem

    if arguments.out is not None:
        _check_out(arguments.out)
    if arguments.threads is not None:
        steep.set_num_threads(arguments.threads)
    optimizer = _optimizer(arguments)
    if arguments.early_stopping and arguments.validation == 0:
        raise CommandError("--early-stopping must have validation rows, got --validation 0")
    problem = read_problem(arguments)
    net = _network(arguments, problem)
    if not arguments.quiet:
        print(problem.summary())
        print(net.summary())
    start = time.perf_counter()
    result = steep.train(
        net,
        problem.train[0],
        problem.train[1],
        loss=arguments.loss or problem.loss,
        optimizer=optimizer,
        batch_size=arguments.batch_size or _batch_size(optimizer, len(problem.train[0])),
        epochs=arguments.epochs,
        penalty=_penalty(arguments),
        validation=problem.validation,
        class_weight=arguments.class_weight,
        early_stopping=steep.EarlyStopping(patience=arguments.early_stopping) if arguments.early_stopping else None,
        clip_norm=arguments.clip_norm,
        seed=arguments.seed,
        max_time=arguments.max_time,
        progress=False if arguments.quiet else None,
    )
    seconds = time.perf_counter() - start
    epochs = len(result.history["loss"])
    print(f"{result.status} after {epochs} epoch{'s' * (epochs != 1)} in {seconds:.2f} s: {result.message}")
    if arguments.out is not None:  # before the report, whose reader may close the pipe
        from ..serialization import save

        save(net, arguments.out, labels=problem.labels, columns=problem.columns, target=problem.target)
        print(f"saved to {arguments.out}")
    print()
    print(problem.report(net))
    if result.status == "diverged":
        print(f"steep: training diverged: {result.message}", file=sys.stderr)
    return {"diverged": 3, "interrupted": 130}.get(result.status, 0)


def _batch_size(optimizer: Any, rows: int) -> int | None:
    """Return a power of two from 16 to 128 that makes about 50 steps an epoch, so that small sets get enough steps."""
    from ..rules import Rule

    if not isinstance(optimizer, Rule):
        return None
    return int(min(128, max(16, 2 ** ((rows // 50).bit_length() - 1 if rows >= 50 else 0))))


def _check_out(path: str) -> None:
    """Refuse before training what could not be saved after it."""
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise CommandError(f"--out must be in an existing folder, got {path!r}")
    if os.path.isdir(path):
        raise CommandError(f"--out must be a file, got the folder {path!r}")
    if not os.access(folder, os.W_OK):
        raise CommandError(f"--out must be in a folder that can be written, got {path!r}")


def _network(arguments: argparse.Namespace, problem: Problem) -> Any:
    import steep

    dtype = arguments.dtype or ("float64" if _plain(arguments.optimizer) in _DOUBLE else "float32")
    net = steep.MLP(
        [problem.n_inputs, *arguments.hidden, problem.n_outputs],
        activation=arguments.activation,
        output=problem.output,
        dtype=dtype,
        seed=arguments.seed,
    )
    net.input_scale, net.input_shift = problem.input_scale, problem.input_shift
    net.output_scale, net.output_shift = problem.output_scale, problem.output_shift
    return net


_DOUBLE = ("levenbergmarquardt", "lm", "newton", "newtoncg", "lbfgs", "bfgs", "gaussnewton")
_SHORT = {"lm": "LevenbergMarquardt", "lbfgs": "LBFGS", "bfgs": "BFGS", "newton_cg": "NewtonCG"}


def _optimizer(arguments: argparse.Namespace) -> Any:
    """Return the rule or method by name, in any spelling: adamw, AdamW, levenberg_marquardt, lm."""
    import steep

    wanted = arguments.optimizer
    plain = _plain(wanted)
    known = {name.lower(): name for name in optimizer_names()}
    name = _SHORT.get(wanted.lower()) or known.get(plain)
    if name is None or not hasattr(steep, name):
        raise CommandError(f"--optimizer must be one of {', '.join(sorted(known))}, got {wanted!r}")
    kind = getattr(steep, name)
    if arguments.learning_rate is None:
        return kind()
    try:
        return kind(learning_rate=arguments.learning_rate)
    except TypeError:
        raise CommandError(
            f"--learning-rate must be left out, {wanted} has none, got {arguments.learning_rate}"
        ) from None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def optimizer_names() -> list[str]:
    """Names of the update rules and full-batch methods that this steep has."""
    import steep

    rules = "SGD Momentum Nesterov AdaGrad RMSProp Adam AdamW NAdam AMSGrad Lion Rprop"
    methods = "LBFGS BFGS Newton NewtonCG GaussNewton LevenbergMarquardt GradientDescent ConjugateGradient"
    return [name for name in f"{rules} {methods}".split() if hasattr(steep, name)]


def _penalty(arguments: argparse.Namespace) -> Any:
    import steep

    parts: list[Any] = []
    if arguments.l2:
        parts.append(steep.L2(arguments.l2))
    if arguments.l1:
        parts.append(steep.L1(arguments.l1))
    return None if not parts else parts[0] if len(parts) == 1 else parts[0] + parts[1]
