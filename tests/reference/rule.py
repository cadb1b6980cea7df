"""Update rules as COURSE's section on stochastic methods and the papers write them: one function a rule.

Each takes theta, g, the list of slots, the step t = 1, 2, ..., eta and a namespace of hyper-parameters, and returns the
new theta, the new slots and the step scale of each entry: what theta moves by for a constant gradient of 1, by which
the threshold of an l1 penalty's proximal step is multiplied (None for rules that have none).
"""

from types import SimpleNamespace

import numpy as np

DEFAULTS = {
    "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0, "momentum_decay": 4e-3, "eta_minus": 0.5,
    "eta_plus": 1.2, "step_min": 1e-6, "step_max": 50.0, "eps_before_correction": False, "l1": 0.0,
}  # fmt: skip


def soft(x, threshold):
    """The proximal map of threshold * |x|."""
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def sgd(theta, g, slots, t, eta, h):
    return theta - eta * (g + h.weight_decay * theta), [], eta


def momentum(theta, g, slots, t, eta, h):
    v = h.beta1 * slots[0] + (1 - h.beta1) * (g + h.weight_decay * theta)
    return theta - eta * v, [v], eta


def momentum_classical(theta, g, slots, t, eta, h):
    v = h.beta1 * slots[0] + g + h.weight_decay * theta
    return theta - eta * v, [v], eta / (1 - h.beta1)


def momentum_velocity(theta, g, slots, t, eta, h):
    v = h.beta1 * slots[0] - eta * (g + h.weight_decay * theta)
    return theta + v, [v], eta / (1 - h.beta1)


def lookahead(theta, v, eta, h):
    """Where Nesterov's gradient belongs: with an l1 penalty, the proximal step of theta - eta beta v."""
    point = theta - eta * h.beta1 * v
    return soft(point, eta * h.beta1 * h.l1) if h.l1 else point


def nesterov(theta, g, slots, t, eta, h):
    """g is the gradient at the look-ahead point, where weight decay acts too."""
    g = g + h.weight_decay * lookahead(theta, slots[0], eta, h)
    v = h.beta1 * slots[0] + (1 - h.beta1) * g
    return theta - eta * v, [v], eta


def nesterov_reformulated(theta, g, slots, t, eta, h):
    g = g + h.weight_decay * theta
    v = h.beta1 * slots[0] + g
    return theta - eta * (g + h.beta1 * v), [v], eta / (1 - h.beta1)


def nesterov_velocity(theta, g, slots, t, eta, h):
    g = g + h.weight_decay * theta
    v = h.beta1 * slots[0] - eta * g
    return theta + h.beta1 * v - eta * g, [v], eta / (1 - h.beta1)


def adagrad(theta, g, slots, t, eta, h):
    g = g + h.weight_decay * theta
    total = slots[0] + g**2
    scale = eta / (np.sqrt(total) + h.eps)
    return theta - scale * g, [total], scale


def rmsprop(theta, g, slots, t, eta, h):
    g = g + h.weight_decay * theta
    mean = h.beta2 * slots[0] + (1 - h.beta2) * g**2
    scale = eta / (np.sqrt(mean) + h.eps)
    return theta - scale * g, [mean], scale


def _moments(g, slots, h):
    return h.beta1 * slots[0] + (1 - h.beta1) * g, h.beta2 * slots[1] + (1 - h.beta2) * g**2


def _denominator(v, t, h):
    """Root of the corrected second moment plus eps, or (scikit-learn's) eps added before the correction."""
    root = np.sqrt(1 - h.beta2**t)
    return (np.sqrt(v) + h.eps) / root if h.eps_before_correction else np.sqrt(v) / root + h.eps


def adam(theta, g, slots, t, eta, h):
    m, v = _moments(g + h.weight_decay * theta, slots, h)
    scale = eta / _denominator(v, t, h)
    return theta - scale * m / (1 - h.beta1**t), [m, v], scale


def adamw(theta, g, slots, t, eta, h):
    m, v = _moments(g, slots, h)
    scale = eta / _denominator(v, t, h)
    return theta * (1 - eta * h.weight_decay) - scale * m / (1 - h.beta1**t), [m, v], scale


def nadam(theta, g, slots, t, eta, h):
    g = g + h.weight_decay * theta
    m, v = _moments(g, slots, h)
    mu = [h.beta1 * (1 - 0.5 * 0.96 ** (k * h.momentum_decay)) for k in range(1, t + 2)]
    now, following = (1 - mu[-2]) / (1 - np.prod(mu[:-1])), mu[-1] / (1 - np.prod(mu))
    scale = eta / _denominator(v, t, h)
    constant = now + following * (1 - h.beta1**t)  # m of a constant gradient 1 is 1 - beta1^t
    return theta - scale * (now * g + following * m), [m, v], scale * constant


def amsgrad(theta, g, slots, t, eta, h):
    m, v = _moments(g + h.weight_decay * theta, slots, h)
    largest = np.maximum(slots[2], v)
    scale = eta / _denominator(largest, t, h)
    return theta - scale * m / (1 - h.beta1**t), [m, v, largest], scale


def lion(theta, g, slots, t, eta, h):
    direction = np.sign(h.beta1 * slots[0] + (1 - h.beta1) * g)
    return theta - eta * (direction + h.weight_decay * theta), [h.beta2 * slots[0] + (1 - h.beta2) * g], None


def rprop(theta, g, slots, t, eta, h):
    last, size = slots
    size = np.full_like(theta, eta) if t == 1 else size
    agree = np.sign(g) * np.sign(last)
    size = np.clip(size * np.select([agree > 0, agree < 0], [h.eta_plus, h.eta_minus], 1.0), h.step_min, h.step_max)
    g = np.where(agree < 0, 0.0, g)
    return theta - np.sign(g) * size, [g, size], None


RULES = {
    function.__name__: function
    for function in (
        sgd, momentum, momentum_classical, momentum_velocity, nesterov, nesterov_reformulated, nesterov_velocity,
        adagrad, rmsprop, adam, adamw, nadam, amsgrad, lion, rprop,
    )
}  # fmt: skip
SLOTS = {name: {"sgd": 0, "adam": 2, "adamw": 2, "nadam": 2, "rprop": 2, "amsgrad": 3}.get(name, 1) for name in RULES}


def hyper(**values):
    """Hyper-parameters with the core's defaults."""
    return SimpleNamespace(**{**DEFAULTS, **values})


def run(name, theta, gradients, etas, h):
    """The parameters and the step scales after each step of a fixed sequence of gradients, both (steps, n)."""
    theta = np.array(theta, np.longdouble)
    slots = [np.zeros_like(theta) for _ in range(SLOTS[name])]
    path, scales = [], []
    for t, (g, eta) in enumerate(zip(gradients, etas, strict=True), 1):
        theta, slots, scale = RULES[name](theta, np.asarray(g, np.longdouble), slots, t, eta, h)
        theta = soft(theta, h.l1 * scale) if h.l1 else theta
        path.append(theta)
        scales.append(np.zeros_like(theta) if scale is None else scale + np.zeros_like(theta))
    return np.array(path), np.array(scales)
