"""Switching: labels that are best for their machine, within the bounds; probabilities; the way changes the end only."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.metrics.pairwise import rbf_kernel

from panlearn.semi_supervised.label_switching import (
    Schedule,
    TransductiveProblem,
    probabilities,
    settle,
    switch_labels,
)
from panlearn.semi_supervised.soft_label_kernel import KernelMachine
from panlearn.semi_supervised.soft_label_newton import LinearMachine


def moons(seed=0, n=80, labelled=6):
    data: Any = make_moons(n, noise=0.1, random_state=seed)
    X, y = data
    marked = np.zeros(n)
    for k in (0, 1):
        marked[np.flatnonzero(y == k)[: labelled // 2]] = 2 * k - 1
    free = int((marked == 0).sum())
    return TransductiveProblem(KernelMachine(rbf_kernel(X, gamma=2)), marked, np.ones(n), free // 2, -(-free // 2))


def total(problem, f, labels):
    loss, free = problem.machine.loss, problem.free
    return float(problem.cost[free] @ loss.values(f[free], 2 * labels - 1))


def test_best_labels_are_the_best_of_all():
    rng = np.random.default_rng(0)
    machine = LinearMachine(np.zeros((8, 1)))
    for low, high in ((0, 6), (2, 3), (6, 6)):
        problem = TransductiveProblem(machine, np.r_[1.0, -1.0, np.zeros(6)], rng.random(8), low, high)
        f = rng.normal(size=8) * 2
        allowed = [np.array(z, float) for z in product((0, 1), repeat=6) if low <= sum(z) <= high]
        least = min(total(problem, f, z) for z in allowed)
        assert total(problem, f, problem.best_labels(problem.pulls(f))) == pytest.approx(least)


def test_no_exchange_lowers_the_objective():
    problem = moons()
    found = switch_labels(problem, Schedule(), tol=1e-9, max_iter=100)
    assert found.converged
    assert problem.low <= found.labels.sum() <= problem.high
    assert found.lower <= found.fit.objective
    f = found.fit.decision
    now = total(problem, f, found.labels)
    for i, j in product(np.flatnonzero(found.labels == 1), np.flatnonzero(found.labels == 0)):
        swapped = found.labels.copy()
        swapped[[i, j]] = 0, 1
        assert total(problem, f, swapped) >= now - 1e-9


def test_settling_never_raises_the_objective():
    problem = moons(1)
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(len(problem.free)) < problem.high).astype(float)
    start = problem.machine.solve(*problem.costs(labels), None, 1e-9)
    assert settle(problem, labels, None, tol=1e-9, max_iter=100).fit.objective < start.objective
    assert not settle(problem, labels, None, tol=1e-9, max_iter=1).converged


def test_uncertain_labels_on_the_way_find_lower_minima():
    """Over ten sets the mean objective falls, and more ways can only help."""
    ends = {}
    for seed in range(10):
        problem = moons(seed)
        for temperatures in ((0.0,), (0.2,), (0.0, 0.2)):
            found = switch_labels(problem, Schedule(10, temperatures), tol=1e-6, max_iter=100)
            ends.setdefault(temperatures, []).append(found.fit.objective)
    assert np.mean(ends[(0.2,)]) < np.mean(ends[(0.0,)])
    np.testing.assert_allclose(ends[(0.0, 0.2)], np.minimum(ends[(0.0,)], ends[(0.2,)]), rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize(("low", "high"), [(0, 9), (3, 3), (3, 4), (0, 0), (9, 9)])
def test_probabilities_meet_the_bounds(unit, low, high):
    pull = np.random.default_rng(0).normal(size=9) * 4
    p = probabilities(pull, unit, low, high)
    assert low - 1e-6 <= p.sum() <= high + 1e-6
    assert (np.diff(p[np.argsort(pull)]) >= 0).all()
