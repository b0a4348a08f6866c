"""Passes over the nodes of a tree from the bottom up: a child comes after its parent, so the last node comes first."""

import numpy as np

from panlearn.core.jit import kernel


@kernel
def add_upwards(parent, sums):
    """Add each node's sums to those of its parent; in place: sums."""
    for t in range(len(parent) - 1, 0, -1):
        for k in range(sums.shape[1]):
            sums[parent[t], k] += sums[t, k]


@kernel
def cut_where_cheaper(parent, as_leaf, ending, leaf, slack):
    """Make a node a leaf if that costs no more than the best of its branches and `slack`; in place: leaf.

    `as_leaf` is the cost of each node as a leaf, `ending` what ends at the node otherwise; returns the costs reached.
    """
    least = ending.copy()
    for t in range(len(parent) - 1, -1, -1):
        if not leaf[t] and as_leaf[t] <= least[t] + slack:
            leaf[t], least[t] = True, as_leaf[t]
        if t:
            least[parent[t]] += least[t]
    return least


@kernel
def first_above(parent, alpha):
    """Least alpha among the ancestors of each node; infinite at the root."""
    least = np.full(len(parent), np.inf)
    for t in range(1, len(parent)):
        least[t] = min(least[parent[t]], alpha[parent[t]])
    return least


@kernel
def reached(left, right, branch_start, leaf, content):
    """Which places of a pruned tree can be reached from the root, where place t asks the question of content[t]."""
    found = np.zeros(len(leaf), np.bool_)
    found[0] = True
    for t in range(len(leaf)):
        if found[t] and not leaf[t]:
            node = content[t]
            step = 1 if branch_start[node] >= 0 else right[node] - left[node]
            for c in range(left[node], right[node] + 1, step):
                found[c] = True
    return found
