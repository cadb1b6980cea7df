"""One row through 16-32-32-2, microseconds a call: steep, scikit-learn, PyTorch where installed, and NumPy by hand.

python bench/predict.py [--json FILE]
"""

import argparse
import json
import time

import numpy as np

import train_peers

WIDTHS = [16, 32, 32, 2]


def numpy_by_hand(weights):
    def predict(x):
        for weight, bias in weights[:-1]:
            x = np.maximum(x @ weight.T + bias, 0)
        z = x @ weights[-1][0].T + weights[-1][1]
        e = np.exp(z - z.max())
        return e / e.sum()

    return predict


def calls(problem):
    yield "steep", train_peers.Steep(problem).net.predict
    yield "numpy", numpy_by_hand(problem.weights)
    if train_peers.available("scikit-learn"):
        yield "scikit-learn", train_peers.ScikitLearn(problem).model(False, 1).predict_proba
    if train_peers.available("torch"):
        import torch

        net = torch.nn.Sequential()
        for weight, bias in problem.weights:
            linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weight))
                linear.bias.copy_(torch.from_numpy(bias))
            net.append(linear)
            net.append(torch.nn.ReLU())
        net[-1] = torch.nn.Softmax(dim=1)

        def predict(x):
            with torch.inference_mode():
                return net(torch.from_numpy(x)).numpy()

        yield "torch", predict


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    train_peers.limit(1)
    problem = train_peers.problem(WIDTHS, 32, 64)
    row = problem.X[:1]
    functions = dict(calls(problem))
    expected = functions["steep"](row)
    least = {}
    for name, function in functions.items():
        np.testing.assert_allclose(function(row), expected, atol=1e-5, err_msg=name)
        least[name] = float("inf")
    for _ in range(10):
        for name, function in functions.items():
            start = time.perf_counter()
            for _ in range(1000):
                function(row)
            least[name] = min(least[name], (time.perf_counter() - start) * 1e3)
    for name, us in least.items():
        print(f"{name:14} {us:8.2f} us  {us / least['steep']:6.1f} times steep's")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(least, file, indent=1)


if __name__ == "__main__":
    main()
