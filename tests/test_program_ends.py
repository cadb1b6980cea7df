"""How programs without a solution end while it is being proven that they have none."""

import time

import numpy as np
import pytest

import steep
from test_interrupt import interrupt_after


@pytest.fixture(scope="module")
def hopeless():
    """An infeasible program, the seconds its own iterations take and those of the whole run with its proof."""
    rng = np.random.default_rng(0)
    G = rng.normal(size=(2000, 600))
    G = np.vstack([G, -G[:1]])
    h = np.r_[rng.uniform(1, 2, 2000), -5.0]
    program = steep.problems.linear_program(rng.normal(size=600), G, h, bounds=(-1, 1))
    start = time.perf_counter()
    res = steep.minimize(program)
    total = time.perf_counter() - start
    assert res.status == "infeasible", res.message
    own = res.trace["seconds"][-1]
    assert total - own > 0.05
    return program, own, total


def test_the_proof_heeds_max_time(hopeless):
    program, own, total = hopeless
    limit = own + 0.3 * (total - own)
    res = steep.minimize(program, max_time=limit)
    assert res.status == "max_time", res.message


def test_the_proof_hears_an_interrupt(hopeless):
    program, own, total = hopeless
    sent, thread = interrupt_after(own + 0.3 * (total - own))
    res = steep.minimize(program)
    waited = time.perf_counter() - sent[0]
    thread.join()
    assert res.status == "interrupted", res.message
    assert waited < 1.0
