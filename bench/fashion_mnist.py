"""Test accuracy of 784-256-128-10 on Fashion-MNIST against seconds of training: steep, and PyTorch where installed.

    python bench/fashion_mnist.py FOLDER [--epochs 15] [--peers steep torch] [--json FILE]

FOLDER holds the four IDX files. Both train the same start in float32 with AdamW under the same one-cycle schedule, on
uint8 images that are scaled batch by batch. The clock stops while the test set is looked at.
"""

import argparse
import json
import time

import numpy as np

import steep

WIDTHS, BATCH, RATE, DECAY = [784, 256, 128, 10], 128, 2e-3, 0.05


def schedule(epochs, rows):
    return steep.OneCycle(RATE, epochs * -(-rows // BATCH))


def with_steep(net, data, epochs):
    """Yield seconds and test accuracy after each epoch."""
    found, watching = [], 0.0

    def look(info):
        nonlocal watching
        began = time.perf_counter()
        accuracy = np.mean(info.network.predict_classes(data.X_test) == data.y_test)
        found.append((began - start - watching, float(accuracy)))
        watching += time.perf_counter() - began

    rule = steep.AdamW(schedule(epochs, len(data.X)), weight_decay=DECAY)
    start = time.perf_counter()
    steep.train(net, data.X, data.y, optimizer=rule, batch_size=BATCH, epochs=epochs, callbacks=look)
    return found


def with_torch(net, data, epochs):
    import torch

    modules = []
    for layer in net.layers:
        linear = torch.nn.Linear(layer.weight.shape[1], layer.weight.shape[0])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(layer.weight.copy()))
            linear.bias.copy_(torch.from_numpy(layer.bias.copy()))
        modules += [linear, torch.nn.ReLU()]
    twin = torch.nn.Sequential(*modules[:-1])
    groups = [
        {"params": [p for p in twin.parameters() if p.ndim > 1], "weight_decay": DECAY},
        {"params": [p for p in twin.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, RATE, fused=True)
    rates = schedule(epochs, len(data.X))
    X, y = (torch.from_numpy(np.ascontiguousarray(a)) for a in (data.X.reshape(-1, 784), data.y.astype(np.int64)))
    test = torch.from_numpy(data.X_test.reshape(-1, 784)).float() / 255
    found, seconds, k = [], 0.0, 0
    for _ in range(epochs):
        began = time.perf_counter()
        for batch in torch.randperm(len(X)).split(BATCH):
            for group in optimizer.param_groups:
                group["lr"] = float(rates(k))
            k += 1
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(twin(X[batch].float() / 255), y[batch]).backward()
            optimizer.step()
        seconds += time.perf_counter() - began
        with torch.no_grad():
            found.append((seconds, float((twin(test).argmax(1).numpy() == data.y_test).mean())))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--peers", nargs="+", default=["steep", "torch"], choices=["steep", "torch"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    data = steep.read_idx_folder(arguments.folder)
    result = {}
    for peer in arguments.peers:
        net = steep.MLP(WIDTHS, output="softmax", seed=arguments.seed, input_scale=1 / 255)
        found = {"steep": with_steep, "torch": with_torch}[peer](net, data, arguments.epochs)
        result[peer] = found
        reached = next((f"{s:.2f} s" for s, accuracy in found if accuracy >= 0.89), "not")
        print(f"{peer:6} {found[-1][0]:6.2f} s, test accuracy {found[-1][1]:.2%}; 89 % reached after {reached}")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()
