"""A tree cut to some of its nodes: arrays stay consistent for every kind of question."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.tree import C45Classifier, DecisionTreeClassifier
from panlearn.tree.subtree import rebuilt, subtree
from tests.oracles import pruning as oracle


@pytest.fixture(scope="module")
def trees():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 40, 400), rng.normal(size=400), rng.integers(0, 5, 400)])
    y = ((X[:, 0] % 3 == 1) ^ (X[:, 1] > 0.5) ^ (rng.random(400) < 0.1)).astype(int)
    models = (
        C45Classifier(categorical_features=[0, 2], pruning=None, collapse=False, min_samples_leaf=1),
        DecisionTreeClassifier(categorical_features=[0, 2], random_state=0),
        DecisionTreeClassifier(categorical_features=[0], max_leaf_nodes=30, random_state=0),
    )
    return X, [model.fit(X, y).tree_ for model in models]


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), which=st.integers(0, 2))
def test_rows_end_at_the_first_leaf_on_their_way(trees, seed, which):
    X, tree = trees[0], trees[1][which]
    leaf = np.random.default_rng(seed).random(tree.node_count) < 0.15
    pruned = subtree(tree, leaf)
    oracle.leaves_of(tree, pruned)
    stops = leaf | (tree.children_left < 0)
    way = tree.decision_path(X).toarray().astype(bool)
    ends = np.array([np.flatnonzero(row & stops)[0] if (row & stops).any() else np.flatnonzero(row)[-1] for row in way])
    np.testing.assert_array_equal(pruned.value[pruned.apply(X)], tree.value[ends])
    np.testing.assert_array_equal(pruned.n_node_samples[pruned.apply(X)], tree.n_node_samples[ends])
    for name in ("children_left", "feature", "threshold", "branch_start", "category_start", "impurity"):
        assert getattr(pruned, name).dtype == getattr(tree, name).dtype
        assert len(getattr(pruned, name)) == pruned.node_count


def test_nothing_and_everything(trees):
    runs = {"category_start", "category_words", "branch_start", "branches"}
    for tree in trees[1]:
        same = subtree(tree, np.zeros(tree.node_count, bool))
        for name in set(tree._fields) - runs:  # sets and branches may stand in another order
            np.testing.assert_array_equal(getattr(same, name), getattr(tree, name))
        root = subtree(tree, np.arange(tree.node_count) == 0)
        assert (root.node_count, len(root.branches), len(root.category_words)) == (1, 0, 0)


def test_a_raised_node(trees):
    """The root asks what its right child asked, and has that child's children."""
    tree = trees[1][1]
    c = int(tree.children_right[0])
    below = np.zeros(tree.node_count, bool)
    below[[0, tree.children_left[c], tree.children_right[c]]] = True
    content, leaf = np.arange(tree.node_count), tree.children_left < 0
    content[0] = c
    leaf[[tree.children_left[c], tree.children_right[c]]] = True
    found = rebuilt(tree, below, leaf, content)
    assert (found.node_count, found.feature[0]) == (3, tree.feature[c])
    np.testing.assert_array_equal(found.value, tree.value[np.flatnonzero(below)])
