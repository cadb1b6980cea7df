"""The peers of bench/train.py: each trains the same network from the same start, in order or shuffled."""

import importlib.util
import warnings
from dataclasses import dataclass

import numpy as np

RATE = 1e-3


@dataclass
class Problem:
    widths: list
    batch: int
    X: np.ndarray
    y: np.ndarray
    weights: list  # (W (out, in), b) of each layer


def problem(widths, batch, rows):
    import steep

    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, widths[0])).astype(np.float32)
    y = (X @ rng.normal(size=(widths[0], widths[-1]))).argmax(axis=1)
    net = steep.MLP(widths, output="softmax", seed=1)
    weights = [(layer.weight.copy(), layer.bias.copy()) for layer in net.layers]
    return Problem(widths, batch, X, y, weights)


class Steep:
    def __init__(self, problem):
        self.p = problem
        self.net = self.fresh()

    def fresh(self):
        import steep

        net = steep.MLP(self.p.widths, output="softmax")
        for layer, (weight, bias) in zip(net.layers, self.p.weights, strict=True):
            layer.weight, layer.bias = weight, bias
        return net

    def train(self, net, epochs, shuffle):
        import steep

        return steep.train(
            net, self.p.X, self.p.y, optimizer=steep.Adam(RATE), batch_size=self.p.batch, epochs=epochs, shuffle=shuffle
        )

    def check(self):
        return self.train(self.fresh(), 2, False).history["loss"].tolist()

    def epochs(self, count):
        self.train(self.net, count, True)


class ScikitLearn:
    def __init__(self, problem):
        self.p = problem

    def model(self, shuffle, epochs):
        from sklearn.neural_network import MLPClassifier

        p = self.p
        model = MLPClassifier(
            p.widths[1:-1], batch_size=p.batch, learning_rate_init=RATE, alpha=0, max_iter=epochs, tol=0,
            n_iter_no_change=10**9, shuffle=shuffle, warm_start=True,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.partial_fit(p.X[: p.batch], p.y[: p.batch], classes=np.arange(p.widths[-1]))
        if p.widths[-1] == 2:  # one logistic output where the others have a softmax of two
            weight, bias = p.weights[-1]
            last = (weight[1] - weight[0]).reshape(-1, 1), bias[1:] - bias[:1]
        else:
            last = p.weights[-1][0].T.copy(), p.weights[-1][1].copy()
        model.coefs_ = [weight.T.copy() for weight, _ in p.weights[:-1]] + [last[0]]
        model.intercepts_ = [bias.copy() for _, bias in p.weights[:-1]] + [last[1]]
        model.loss_curve_ = []
        del model._optimizer
        return model

    def fit(self, model):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(self.p.X, self.p.y)
        return model

    def check(self):
        if self.p.widths[-1] == 2:  # another parametrization, so another trajectory
            return Steep(self.p).check()
        return self.fit(self.model(False, 2)).loss_curve_[-2:]

    def epochs(self, count):
        self.fit(self.model(True, count))


class Torch:
    compiled = False

    def __init__(self, problem):
        import torch

        self.p, self.torch = problem, torch
        self.X, self.y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)
        self.state = self.fresh()

    def fresh(self):
        torch = self.torch
        layers = []
        for i, (weight, bias) in enumerate(self.p.weights):
            layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(weight))
                layer.bias.copy_(torch.from_numpy(bias))
            layers += [layer] + [torch.nn.ReLU()] * (i + 1 < len(self.p.weights))
        net = torch.nn.Sequential(*layers)
        optimizer = torch.optim.Adam(net.parameters(), RATE, fused=True)

        def loss_of(x, y):
            return torch.nn.functional.cross_entropy(net(x), y)

        return optimizer, torch.compile(loss_of) if self.compiled else loss_of

    def epoch(self, state, order):
        optimizer, loss_of = state
        total = 0.0
        for batch in order.split(self.p.batch):
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(self.X[batch], self.y[batch])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total) / (len(order) // self.p.batch)

    def check(self):
        state, order = self.fresh(), self.torch.arange(len(self.X))
        return [self.epoch(state, order) for _ in range(2)]

    def epochs(self, count):
        for _ in range(count):
            self.epoch(self.state, self.torch.randperm(len(self.X)))


class TorchCompile(Torch):
    compiled = True


class Jax:
    """The whole epoch in one jitted scan, parameters donated."""

    def __init__(self, problem):
        import jax

        self.p, self.jax = problem, jax
        jnp = jax.numpy
        X, y, steps = jnp.asarray(problem.X), jnp.asarray(problem.y), len(problem.X) // problem.batch

        def loss_of(layers, x, labels):
            for weight, bias in layers[:-1]:
                x = jax.nn.relu(x @ weight + bias)
            scores = x @ layers[-1][0] + layers[-1][1]
            return jnp.mean(jax.nn.logsumexp(scores, axis=1) - jnp.take_along_axis(scores, labels[:, None], 1)[:, 0])

        def step(carry, batch):
            layers, m, v, t = carry
            loss, g = jax.value_and_grad(loss_of)(layers, X[batch], y[batch])
            t = t + 1
            each = jax.tree.map
            m = each(lambda a, b: 0.9 * a + 0.1 * b, m, g)
            v = each(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
            first, second = 1 - 0.9**t, 1 - 0.999**t
            layers = each(lambda w, a, b: w - RATE * (a / first) / (jnp.sqrt(b / second) + 1e-8), layers, m, v)
            return (layers, m, v, t), loss

        def epoch(carry, order):
            carry, losses = jax.lax.scan(step, carry, order.reshape(steps, problem.batch))
            return carry, losses.mean()

        def shuffled(carry, key):
            return epoch(carry, jax.random.permutation(key, len(problem.X)))

        self.in_order = jax.jit(epoch)
        self.shuffled = jax.jit(shuffled, donate_argnums=0)
        self.key, self.carry = jax.random.key(0), self.fresh()

    def fresh(self):
        jnp = self.jax.numpy
        layers = [(jnp.asarray(weight.T), jnp.asarray(bias)) for weight, bias in self.p.weights]
        zeros = lambda: self.jax.tree.map(jnp.zeros_like, layers)  # noqa: E731
        return layers, zeros(), zeros(), jnp.float32(0)

    def check(self):
        carry, losses, order = self.fresh(), [], self.jax.numpy.arange(len(self.p.X))
        for _ in range(2):
            carry, loss = self.in_order(carry, order)
            losses.append(float(loss))
        return losses

    def epochs(self, count):
        for _ in range(count):
            self.key, key = self.jax.random.split(self.key)
            self.carry, loss = self.shuffled(self.carry, key)
        loss.block_until_ready()


PEERS = {
    "steep": Steep, "scikit-learn": ScikitLearn, "torch": Torch, "torch.compile": TorchCompile, "jax": Jax,
}  # fmt: skip
_MODULES = {"steep": "steep", "scikit-learn": "sklearn", "torch": "torch", "torch.compile": "torch", "jax": "jax"}


def available(peer):
    return importlib.util.find_spec(_MODULES[peer]) is not None


def limit(threads):
    """Give every peer that is asked for it so many threads; the CPUs of the process bind the rest."""
    import steep

    steep.set_num_threads(threads)
    if available("torch"):
        import torch

        torch.set_num_threads(threads)
