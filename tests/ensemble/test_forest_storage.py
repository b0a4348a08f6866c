"""What is stored is enough: the trees come back bit for bit, and the file is less than half the peer's."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier as PeerClassifier
from sklearn.ensemble import RandomForestRegressor as PeerRegressor

import panlearn
from panlearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, RandomForestRegressor
from panlearn.ensemble.forest_storage import restore_trees, store_trees
from tests.oracles import forest as oracle


def assert_same(trees, others):
    assert len(trees) == len(others)
    for tree, other in zip(trees, others):
        for name in tree._fields:
            a, b = np.asarray(getattr(tree, name)), np.asarray(getattr(other, name))
            np.testing.assert_array_equal(a, b, err_msg=name)
            assert a.dtype == b.dtype, name


@pytest.mark.parametrize(
    ("model", "weighted"),
    [
        (RandomForestClassifier(5, random_state=0), False),
        (RandomForestClassifier(5, random_state=0, class_weight="balanced_subsample", max_leaf_nodes=9), False),
        (ExtraTreesClassifier(5, random_state=0), True),
        (RandomForestRegressor(5, random_state=0), False),
        (RandomForestRegressor(5, random_state=0, max_leaf_nodes=7, bootstrap=False), True),
    ],
    ids=str,
)
def test_trees_come_back(model, weighted):
    X, y = load_wine(return_X_y=True)
    model.fit(X, y, np.random.default_rng(0).random(len(y)) if weighted else None)
    trees = [tree.tree_ for tree in model]
    assert_same(trees, restore_trees(store_trees(trees)))


def test_any_order_of_nodes_and_categories():
    rng = np.random.default_rng(0)
    trees = [oracle.random_tree(rng, m, 3, n_categories=c) for m, c in ((9, 40), (1, 0), (30, 5))]
    assert_same([t._replace(n_node_samples=sums(t)) for t in trees], restore_trees(store_trees(trees)))


def sums(tree):
    """Numbers of rows that add up, as in any grown tree."""
    rows = np.ones(tree.node_count, np.int64)
    for i in range(tree.node_count - 1, -1, -1):
        if tree.children_left[i] >= 0:
            rows[i] = rows[tree.children_left[i]] + rows[tree.children_right[i]]
    return rows


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_files_are_small(kind, tmp_path):
    X, y = load_diabetes(return_X_y=True)
    ours, peer = RandomForestRegressor(20, random_state=0), PeerRegressor(20, random_state=0)
    if kind == "classifier":
        y = np.asarray(y) > 150
        ours, peer = RandomForestClassifier(20, random_state=0), PeerClassifier(20, random_state=0)
    ours.fit(X, y)
    peer.fit(X, y)
    nodes, theirs = (sum(tree.tree_.node_count for tree in model) for model in (ours, peer))
    limit = len(pickle.dumps(peer)) / theirs * nodes / 2
    path = panlearn.save(ours, tmp_path / "forest.panlearn")
    assert max(len(pickle.dumps(ours)), path.stat().st_size) < limit
    for again in (pickle.loads(pickle.dumps(ours)), panlearn.load(path)):
        np.testing.assert_array_equal(again.predict(X), ours.predict(X))
        assert_same([tree.tree_ for tree in ours], [tree.tree_ for tree in again])
