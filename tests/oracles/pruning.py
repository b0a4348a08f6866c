"""All prunings of a small tree, one by one."""

from itertools import product

import numpy as np


def children_of(tree, t):
    """Children of a node of any kind, none at a leaf."""
    if tree.children_left[t] < 0:
        return []
    start = tree.branch_start[t]
    if start < 0:
        return [int(tree.children_left[t]), int(tree.children_right[t])]
    branches = tree.branches[start + 1 : start + 1 + tree.branches[start]]
    return sorted({int(c) for c in branches if c >= 0})


def prunings(tree, t=0):
    """Every subtree with the same root, as the tuple of its leaves."""
    yield (t,)
    below = children_of(tree, t)
    if below:
        for choice in product(*(list(prunings(tree, c)) for c in below)):
            yield tuple(leaf for part in choice for leaf in part)


def leaves_of(tree, pruned):
    """The nodes of `tree` that the leaves of a pruned tree are, found by walking both together."""
    found, stack = [], [(0, 0)]
    while stack:
        a, b = stack.pop()
        if pruned.children_left[b] < 0:
            found.append(a)
            continue
        assert tree.feature[a] == pruned.feature[b]
        np.testing.assert_array_equal(tree.value[a], pruned.value[b])
        stack += list(zip(children_of(tree, a), children_of(pruned, b), strict=True))
    return tuple(sorted(found))


def hold_out_errors(tree, leaves, X, y, weight):
    """Weight of the rows that the pruned tree gets wrong: each walks down until it meets a leaf."""
    wrong = 0.0
    for x, label, w in zip(X, y, weight):
        t = 0
        while t not in leaves:
            t = next_node(tree, t, x)
        wrong += w * (label != tree.value[t, 0].argmax())
    return wrong


def next_node(tree, t, x):
    """Where a row without missing values goes from a threshold."""
    return tree.children_left[t] if x[tree.feature[t]] <= tree.threshold[t] else tree.children_right[t]
