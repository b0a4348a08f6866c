import numpy as np

from panlearn.tree import growth
from panlearn.tree.growth import grow_tree
from panlearn.tree.growth_settings import GrowthSettings
from panlearn.tree.ordered_columns import order_columns


def grown(**rules):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = X[:, 0] * X[:, 1] + 0.1 * rng.normal(size=400)
    return grow_tree(order_columns(X), y, None, GrowthSettings("squared_error", **rules), n_classes=[1], seed=5)


def test_interrupted_growth_gives_the_same_tree(monkeypatch):
    for rules in ({"max_features": 2}, {"max_features": 2, "max_leaf_nodes": 40}):
        whole = grown(**rules)
        monkeypatch.setattr(growth, "BUDGET", 1)  # one node a call
        pieces = grown(**rules)
        monkeypatch.undo()
        np.testing.assert_array_equal(whole.threshold, pieces.threshold)
        np.testing.assert_array_equal(whole.children_left, pieces.children_left)


def test_depth_first_numbers_nodes_in_preorder():
    tree = grown()
    inner = np.flatnonzero(tree.children_left >= 0)
    np.testing.assert_array_equal(tree.children_left[inner], inner + 1)


def test_best_first_opens_the_largest_decrease():
    full, tree = grown(), grown(max_leaf_nodes=15)
    assert tree.n_leaves == 15
    mass = tree.impurity * tree.n_node_samples
    inner = np.flatnonzero(tree.children_left >= 0)
    order = inner[np.argsort(tree.children_left[inner])]
    gains = mass[order] - mass[tree.children_left[order]] - mass[tree.children_right[order]]
    parents = tree.parents()
    for k in range(1, len(order)):  # what was open before k and was not taken brings no more than k did
        waiting = [i for i in range(k, len(order)) if parents[order[i]] in {-1, *order[:k]}]
        assert gains[k] >= max(gains[i] for i in waiting) - 1e-12
    np.testing.assert_allclose(grown(max_leaf_nodes=1000).impurity.sum(), full.impurity.sum())
