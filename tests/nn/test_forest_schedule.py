"""The order of work: children before parents, by height, whatever the graph."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.nn.forest_schedule import grouped, heights, schedule
from tests.oracles.tree_lstm import heights as slow_heights


def random_graph(seed, n, share):
    """Edges from higher to lower numbers under a random renaming."""
    rng = np.random.default_rng(seed)
    lower, upper = np.nonzero(np.triu(rng.random((n, n)) < share, 1))
    names = rng.permutation(n)
    return names[lower], names[upper]


@given(st.integers(0, 10_000), st.integers(1, 12), st.floats(0, 0.6))
@settings(max_examples=60, deadline=None)
def test_order_of_work(seed, n, share):
    lower, upper = random_graph(seed, n, share)
    children = [lower[upper == v].tolist() for v in range(n)]
    plan = schedule(lower, upper, n)
    height = np.array(slow_heights(children))
    np.testing.assert_array_equal(heights(lower, upper, n), height)
    np.testing.assert_array_equal(plan.order, np.argsort(height, kind="stable"))
    np.testing.assert_array_equal(plan.order[plan.places], np.arange(n))
    np.testing.assert_array_equal(plan.starts, np.searchsorted(height[plan.order], np.arange(height.max() + 2)))
    for v in range(n):
        edges = slice(plan.edge_starts[plan.places[v]], plan.edge_starts[plan.places[v] + 1])
        assert plan.order[plan.children[edges]].tolist() == children[v]  # in the order of the edges
        assert (plan.parents[edges] == plan.places[v]).all()
        assert plan.positions[edges].tolist() == list(range(len(children[v])))


def test_groups_keep_their_order():
    order, starts = grouped(np.array([2, 0, 2, 0]), 3)
    assert order.tolist() == [1, 3, 0, 2]
    assert starts.tolist() == [0, 2, 2, 4]


def test_cycles_are_named():
    with pytest.raises(ValueError, match=r"node [12] is its own ancestor"):
        schedule(np.array([1, 2, 3, 0]), np.array([2, 1, 2, 3]), 5)
    with pytest.raises(ValueError, match="node 0 is its own"):
        schedule(np.array([0]), np.array([0]), 1)


def test_a_million_nodes_in_a_chain():
    n = 1_000_000
    plan = schedule(np.arange(n - 1), np.arange(1, n), n)
    np.testing.assert_array_equal(plan.order, np.arange(n))
    assert len(plan.starts) == n + 1
