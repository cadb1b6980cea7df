"""Training on minibatches, step by step: shuffles, penalties, clipping, the rules of reference/rule.py."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from . import rule as rules
from .philox import shuffled
from .rule import lookahead, soft


@dataclass
class Record:
    loss: list = field(default_factory=list)
    objective: list = field(default_factory=list)
    gradient_norm: list = field(default_factory=list)
    layer_gradient_norm: list = field(default_factory=list)


def train(
    net, w, X, Y, loss, rule, h, rate, *, epochs, batch_size, seed=0, shuffle=True, l1=0.0, l2=0.0, clip=np.inf,
    weights=None, parameter=1.0,
):  # fmt: skip
    """Return the last parameters, the slots and the record of epochs. `rate`: a function of the step from 0."""
    mask, layer_of = net.is_weight(), net.layer_of()
    counted = np.ones(len(X)) if weights is None else weights
    rows = [i for i in range(len(X)) if counted[i] > 0]
    w = np.array(w, np.float64)
    slots = [np.zeros_like(w) for _ in range(rules.SLOTS[rule])]
    record, t = Record(), 0
    for epoch in range(epochs):
        order = shuffled(rows, seed, epoch) if shuffle and batch_size < len(rows) else rows
        losses, objectives, norms, layers, total = [], [], [], [], 0.0
        for first in range(0, len(order), batch_size):
            batch, eta = order[first : first + batch_size], rate(t)
            t += 1
            point = w
            if rule == "nesterov":
                penalized = SimpleNamespace(**vars(h) | {"l1": l1})
                point = np.where(mask, lookahead(w, slots[0], eta, penalized), lookahead(w, slots[0], eta, h))
            s = counted[batch]
            value, g = net.loss_and_gradient(point, X[batch], Y[batch], loss, parameter, s)
            g = g + l2 * mask * point
            norm = np.linalg.norm(g)
            losses.append(value * s.sum())
            total += s.sum()
            objectives.append(l1 * np.abs(w[mask]).sum() + l2 / 2 * (w[mask] ** 2).sum())
            norms.append(norm)
            layers.append([np.linalg.norm(g[layer_of == i]) for i in range(len(net.shapes))])
            if norm > clip:
                g = g * (clip / norm)
            w, slots, scale = rules.RULES[rule](w, g, slots, t, eta, h)
            if l1:
                w = np.where(mask, soft(w, l1 * scale), w)
        record.loss.append(sum(losses) / total)
        record.objective.append(record.loss[-1] + np.mean(objectives))
        record.gradient_norm.append(np.mean(norms))
        record.layer_gradient_norm.append(np.mean(layers, axis=0))
    return w, slots, record
