"""
Estimators of steep.sklearn against scikit-learn's: the same data, arguments and seed in one run.

    python bench/estimators.py [names] [--threads 1] [--output results.json]

Each fit is checked before its time counts: the same test score (or better), and for networks the loss of scikit-learn's
fit. The estimators take turns, a pause before each so that the other's threads have stopped spinning; the least of the
times counts. Fashion-MNIST is taken from a folder of IDX files given by --fashion.
"""

import argparse
import json
import os
import platform
import time
import warnings

import numpy as np

PAUSE = 0.1  # seconds
NORM = 1e-8 * (1 + 1e-6)  # of a gradient that is computed anew


def digits():
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return split(X / 16, y)


def table():
    from sklearn.datasets import make_classification

    X, y = make_classification(120_000, 54, n_informative=20, n_classes=7, n_clusters_per_class=2, random_state=0)
    return X[:100_000], y[:100_000], X[100_000:], y[100_000:]


def split(X, y):
    from sklearn.model_selection import train_test_split

    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)
    return X, y, X_test, y_test


def turns(calls, repetitions):
    """Return the least time of each call, taken in turns, and what each returned last."""
    least, found = dict.fromkeys(calls, np.inf), {}
    for _ in range(repetitions):
        for name, call in calls.items():
            time.sleep(PAUSE)
            start = time.perf_counter()
            found[name] = call()
            least[name] = min(least[name], time.perf_counter() - start)
    return least, found


def classifier(data, repetitions, **options):
    """Fit times of MLPClassifier, and the test scores."""
    import sklearn.neural_network

    import steep.sklearn

    X, y, X_test, y_test = data
    options = {"random_state": 0} | options
    modules = {"scikit-learn": sklearn.neural_network, "steep": steep.sklearn}
    row, fits = turns(
        {name: lambda module=module: module.MLPClassifier(**options).fit(X, y) for name, module in modules.items()},
        repetitions,
    )
    for name, fit in fits.items():
        row[f"{name} score"], row[f"{name} loss"] = fit.score(X_test, y_test), fit.loss_
        row[f"{name} epochs"] = fit.n_iter_
    assert row["steep score"] >= row["scikit-learn score"] - 0.005, row
    return row


def predict(rows, repetitions):
    import sklearn.neural_network

    import steep.sklearn

    X, y, _, _ = digits()
    many = np.resize(X, (rows, X.shape[1]))
    modules = {"scikit-learn": sklearn.neural_network, "steep": steep.sklearn}
    fits = {name: module.MLPClassifier(random_state=0, max_iter=20).fit(X, y) for name, module in modules.items()}
    assert (fits["scikit-learn"].predict(many) == fits["steep"].predict(many)).mean() > 0.999
    calls = 2000 if rows == 1 else 1
    row, _ = turns(
        {name: lambda fit=fit: [fit.predict(many) for _ in range(calls)] for name, fit in fits.items()}, repetitions
    )
    return {name: seconds / calls for name, seconds in row.items()}


def logistic(rows, features, classes, repetitions):
    """Time to a gradient of the mean objective of 1e-8, by scikit-learn's faster solver and by steep's."""
    import sklearn.linear_model

    import steep.sklearn

    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, features))
    scores = X @ rng.standard_normal((features, classes)) * (2 / np.sqrt(features)) + rng.gumbel(size=(rows, classes))
    y, models = scores.argmax(axis=1), {}
    for name, module in (("lbfgs", sklearn), ("newton-cholesky", sklearn), ("steep", steep.sklearn)):
        kind = (module.linear_model if module is sklearn else module).LogisticRegression
        for tol in (1e-8, 1e-9, 1e-10, 1e-12):  # until the answer is good enough
            model = kind(solver="lbfgs" if name == "steep" else name, tol=tol, max_iter=10_000)
            if gradient(model.fit(X, y), X, y) <= NORM:
                models[name] = model
                break
            assert name != "steep"
    row, fits = turns({name: lambda model=model: model.fit(X, y) for name, model in models.items()}, repetitions)
    row |= {f"{name} gradient": gradient(fit, X, y) for name, fit in fits.items()}
    return row | {"scikit-learn": min(row[name] for name in models if name != "steep")}


def gradient(fit, X, y):
    """Return the largest entry of the gradient of the mean objective (C = 1)."""
    error = fit.predict_proba(X) - (y[:, None] == fit.classes_)
    if len(fit.coef_) == 1:
        error = error[:, 1:]
    return float(max(np.abs(error.T @ X + fit.coef_).max(), np.abs(error.sum(axis=0)).max()) / len(X))


def grid_search(repetitions):
    import sklearn.neural_network
    from sklearn.datasets import load_iris
    from sklearn.model_selection import GridSearchCV

    import steep.sklearn

    X, y = load_iris(return_X_y=True)
    grid = {"alpha": np.logspace(-5, 0, 5), "learning_rate_init": [1e-3, 3e-3, 1e-2, 3e-2]}
    models = {
        name: GridSearchCV(module.MLPClassifier((16,), random_state=0), grid, cv=5)
        for name, module in (("scikit-learn", sklearn.neural_network), ("steep", steep.sklearn))
    }
    row, fits = turns({name: lambda model=model: model.fit(X, y) for name, model in models.items()}, repetitions)
    theirs, mine = (fit.cv_results_["mean_test_score"] for fit in fits.values())
    row["largest difference of scores"] = float(np.abs(theirs - mine).max())
    assert row["largest difference of scores"] < 0.05
    return row


CASES = {
    "digits, (100,)": lambda a: classifier(digits(), 7),
    "table 100,000 x 54, (100,), 3 epochs": lambda a: classifier(table(), 5, max_iter=3),
    "predict 1 row": lambda a: predict(1, 3),
    "predict 100,000 rows": lambda a: predict(100_000, 3),
    "logistic 100,000 x 50": lambda a: logistic(100_000, 50, 2, 7),
    "logistic 20,000 x 500": lambda a: logistic(20_000, 500, 2, 7),
    "logistic 500,000 x 54": lambda a: logistic(500_000, 54, 2, 3),
    "logistic 20,000 x 100, 10 classes": lambda a: logistic(20_000, 100, 10, 3),
    "grid search 20 x 5": lambda a: grid_search(1),
    "Fashion-MNIST, (100,), 3 epochs": lambda a: classifier(fashion(a), 3, max_iter=3),
    "Fashion-MNIST, (256, 128), 2 epochs": lambda a: classifier(
        fashion(a), 3, max_iter=2, hidden_layer_sizes=(256, 128)
    ),
}


def fashion(arguments):
    import steep

    data = steep.read_idx_folder(arguments.fashion)
    scaled = [X.reshape(len(X), -1) / np.float32(255) for X in (data.X, data.X_test)]
    return scaled[0], data.y, scaled[1], data.y_test


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("names", nargs="*", help="parts of the names of cases")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--fashion", help="folder of Fashion-MNIST's IDX files")
    parser.add_argument("--output")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(arguments.threads)
    import sklearn
    from threadpoolctl import threadpool_limits

    import steep

    warnings.simplefilter("ignore")
    steep.set_num_threads(arguments.threads)
    results = {
        "machine": platform.processor() or platform.machine(), "threads": arguments.threads,
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "python": platform.python_version()},
        "steep": steep.get_config(), "cases": {},
    }  # fmt: skip
    with threadpool_limits(arguments.threads):
        for name, case in CASES.items():
            if arguments.names and not any(part in name for part in arguments.names):
                continue
            if "Fashion" in name and not arguments.fashion:
                continue
            row = results["cases"][name] = case(arguments)
            row["ratio"] = row["scikit-learn"] / row["steep"]
            shown = ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items())
            print(f"{name} ({arguments.threads} threads): {shown}", flush=True)
    if arguments.output:
        with open(arguments.output, "w") as file:
            json.dump(results, file, indent=1, default=str)


if __name__ == "__main__":
    main()
