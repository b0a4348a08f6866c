"""The walk through a tree visits every edge once, a parent's before its children's."""

import numpy as np

from panlearn.tree.shap_paths import tree_paths
from tests.oracles.tree_shap import random_tree


def test_every_edge_once():
    for seed in range(8):
        tree = random_tree(np.random.default_rng(seed), depth=5)
        paths = tree_paths(tree)
        real = paths.child >= 0
        assert sorted(paths.child[real]) == list(range(1, tree.node_count))
        np.testing.assert_array_equal(paths.parent[real], tree.parents()[paths.child[real]])
        np.testing.assert_array_equal(paths.depth[real], tree.depths()[paths.child[real]])
        assert (~real).sum() == (tree.branch_start >= 0).sum()
        assert paths.max_depth >= paths.n_features


def test_a_feature_asked_about_twice_is_one_feature():
    from panlearn.tree import DecisionTreeRegressor

    x = np.arange(8.0)[:, None]
    paths = tree_paths(DecisionTreeRegressor().fit(x, x.ravel()).tree_)
    assert paths.n_features == 1
    np.testing.assert_array_equal(paths.same, paths.depth - 1)
