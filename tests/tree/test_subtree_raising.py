"""Raising on trees of other kinds: the recursion by the book, told the same questions."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.tree import DecisionTreeClassifier
from panlearn.tree.error_based_pruning import raised_tree
from tests.oracles import c45 as oracle


def as_node(tree, t=0):
    """A threshold tree as the oracle's dictionaries."""
    node = {"counts": tree.weighted_n_node_samples[t] * tree.value[t, 0]}
    if tree.children_left[t] < 0:
        return node
    children = {True: as_node(tree, tree.children_left[t]), False: as_node(tree, tree.children_right[t])}
    return {**node, "feature": int(tree.feature[t]), "threshold": float(tree.threshold[t]), "children": children}


def same(node, tree, t=0):
    np.testing.assert_allclose(node["counts"], tree.weighted_n_node_samples[t] * tree.value[t, 0], atol=1e-9)
    if "feature" not in node:
        assert tree.children_left[t] < 0
        return
    assert (node["feature"], node["threshold"]) == (tree.feature[t], tree.threshold[t])
    same(node["children"][True], tree, tree.children_left[t])
    same(node["children"][False], tree, tree.children_right[t])


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_matches_oracle(seed):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 6, (120, 4)).astype(float)
    y = ((X[:, 0] > 2) ^ (X[:, 1] > 3) ^ (rng.random(120) < 0.15)).astype(int)
    weight = rng.integers(0, 3, 120).astype(float)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y, weight).tree_
    rows = [(i, weight[i]) for i in np.flatnonzero(weight)]
    for raising in (True, False):
        expected, _ = oracle.prune(as_node(tree), X, y, rows, 2, 0.25, raising)
        found = raised_tree(tree, X, y, weight, raising=raising, gini=True)
        same(expected, found)
        assert found.n_leaves == oracle.leaves(expected)
