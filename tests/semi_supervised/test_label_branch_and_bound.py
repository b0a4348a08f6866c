"""Branch and bound: the least of all labelings, true bounds when it is stopped, forced labels."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from panlearn.semi_supervised.label_branch_and_bound import _forced, best_labelling
from panlearn.semi_supervised.label_switching import TransductiveProblem, settle
from panlearn.semi_supervised.soft_label_kernel import KernelMachine
from tests.oracles.transductive_svm import enumerate_labels


def problem_of(seed, n_free=7, low=2, high=3):
    rng = np.random.default_rng(seed)
    gram = rbf_kernel(rng.normal(size=(n_free + 4, 2)), gamma=0.5)
    y = np.r_[1.0, 1.0, -1.0, -1.0, np.zeros(n_free)]
    return TransductiveProblem(KernelMachine(gram), y, np.full(n_free + 4, 2.0), low, high), gram


def worst_start(problem):
    labels = (np.arange(len(problem.free)) < problem.high).astype(float)
    return settle(problem, labels, None, tol=1e-9, max_iter=50)


@pytest.mark.parametrize("seed", range(8))
def test_equals_enumeration_from_a_bad_start(seed):
    problem, gram = problem_of(seed)
    found = best_labelling(problem, worst_start(problem), tol=1e-8, max_nodes=10_000)
    labels, value = enumerate_labels(gram, problem.y, 2.0, 2.0, 2, 3, "squared_hinge")
    assert found.fit.objective == pytest.approx(value, rel=1e-6)
    assert found.lower == found.fit.objective
    np.testing.assert_array_equal(2 * found.labels - 1, labels)


def test_a_stopped_search_has_a_true_bound():
    problem, gram = problem_of(1)
    _, value = enumerate_labels(gram, problem.y, 2.0, 2.0, 2, 3, "squared_hinge")
    lowers = []
    for nodes in (1, 5, 10_000):
        found = best_labelling(problem, worst_start(problem), tol=1e-8, max_nodes=nodes)
        assert found.nodes is not None
        assert found.nodes <= nodes
        assert found.lower <= value * (1 + 1e-6)
        assert found.converged == (found.nodes < nodes)
        lowers.append(found.lower)
    assert lowers == sorted(lowers)
    stopped = best_labelling(problem, worst_start(problem), tol=1e-8, max_nodes=10_000, time_limit=1e-9)
    assert not stopped.converged


def test_forced_labels():
    opened = np.array([1.0, -1.0, 0.0, -1.0])
    np.testing.assert_array_equal(_forced(opened, 0, 1), [1, 0, 0, 0])
    np.testing.assert_array_equal(_forced(opened, 3, 4), [1, 1, 0, 1])
    np.testing.assert_array_equal(_forced(opened, 0, 4), opened)
