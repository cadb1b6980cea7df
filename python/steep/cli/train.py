"""``steep train DATA``: read, split, train, report, save."""

from __future__ import annotations

import argparse
import os
import sys
import time

from ._error import UsageError
from ._options import (
    activation_list,
    count,
    fraction_or_path,
    layer_widths,
    loss,
    no_input,
    optimizer,
    positive,
    positive_int,
    seed,
    share,
    threads,
)

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
with the training rows' means and deviations, which are saved with it; images are scaled to [0, 1].

`--loss perceptron` is the perceptron's learning rule for two classes: unless told otherwise no hidden layer, a step as
the output, SGD with learning rate 1, one row a step."""
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
        "--hidden", type=layer_widths, metavar="N[,N...]", help="widths of the hidden layers, 0 for none (default: 128)"
    )
    net.add_argument(
        "--activation", type=activation_list, default="relu", metavar="NAME[,...]", help="one, or one a hidden layer"
    )
    net.add_argument("--dtype", choices=["float32", "float64"], help="numbers (default: what the optimizer needs)")
    training = parser.add_argument_group("training")
    training.add_argument(
        "--loss", type=loss, metavar="NAME", help="default: cross_entropy, or squared_error for a regression"
    )
    training.add_argument(
        "--optimizer", type=optimizer, metavar="NAME", help="an update rule or a full-batch method (default: adam)"
    )
    training.add_argument("--learning-rate", type=positive, metavar="RATE", help="default: the optimizer's own")
    training.add_argument(
        "--batch-size", type=count, metavar="N", help="default: by the rows, 16 to 128; all for a method"
    )
    training.add_argument("--epochs", type=count, default=100, metavar="N", help="at most")
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
    training.add_argument(
        "--mixup", type=positive, metavar="ALPHA", help="train on mixtures of rows, shares from Beta(ALPHA, ALPHA)"
    )
    training.add_argument("--class-weight", choices=["balanced"], help="weigh classes by the inverse of their rows")
    training.add_argument(
        "--max-time", type=positive, metavar="SECONDS", help="stop so long after the start, reading DATA included"
    )
    run_ = parser.add_argument_group("run")
    run_.add_argument("--seed", type=seed, default=0, metavar="N", help="of the split, the start and the shuffles")
    run_.add_argument("--threads", type=threads, metavar="N", help="default: all CPUs this process may use")
    run_.add_argument("--out", metavar="FILE", help="save the network there, for `steep predict` and steep.load")
    run_.add_argument("--quiet", action="store_true", help="no progress bar and no summary, only the results")


def run(arguments: argparse.Namespace) -> int:
    """Train and report."""
    start = time.perf_counter()
    import steep

    from ._plan import make_plan
    from ._problem import read_problem

    if arguments.out is not None:
        _check_out(arguments.out)
        no_input(arguments.out, arguments.data, arguments.test)
    if arguments.threads is not None:
        steep.set_num_threads(arguments.threads)
    if arguments.early_stopping and arguments.validation == 0:
        raise UsageError("--early-stopping must have validation rows, got --validation 0")
    problem = read_problem(arguments)
    plan = make_plan(arguments, problem)
    plan.try_out()
    if not arguments.quiet:
        _say(f"{problem.summary()}\n{plan.net.summary()}")
    began = time.perf_counter()
    if arguments.max_time is not None:
        plan.options["max_time"] = max(arguments.max_time - (began - start), 0.0)
    result = plan.train()
    seconds = time.perf_counter() - began
    diverged, epochs = result.status == "diverged", result.epochs
    status = "trained" if result.status == "max_epochs" else f"{result.status} after {epochs} epochs"
    line = f"{status} in {seconds:.2f} s: {result.message}".replace(" 1 epochs", " 1 epoch")
    if diverged:
        print(f"steep: training {line}", file=sys.stderr)
    else:
        _say(line)
    usable = epochs > 0 or not diverged
    if arguments.out is not None and usable:  # before the report
        from ..serialization import save

        save(plan.net, arguments.out, labels=problem.labels, columns=problem.columns, target=problem.target)
        what = f" the parameters of the end of epoch {epochs}, before training diverged," if diverged else ""
        _say(f"saved{what} to {arguments.out}")
    elif arguments.out is not None:
        print(f"steep: nothing was saved to {arguments.out}: no epoch was finished", file=sys.stderr)
    if usable:
        _say(f"\n{problem.report(plan.net)}")
    return {"diverged": 3, "interrupted": 130}.get(result.status, 0)


def _say(text: str) -> None:
    """Print; a reader who has gone, as `| head` does, or a full disk costs the report and not the run."""
    try:
        print(text, flush=True)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            print(f"steep: the report could not be written: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_out(path: str) -> None:
    """Refuse before training what could not be saved after it."""
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise UsageError(f"--out must be in an existing folder, got {path!r}")
    if os.path.isdir(path):
        raise UsageError(f"--out must be a file, got the folder {path!r}")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"--out must be in a folder that can be written, got {path!r}")
