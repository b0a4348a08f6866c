"""Error-based pruning: pure leaves have their price, raising helps, other kinds of trees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.tree import C45Classifier, DecisionTreeClassifier, DecisionTreeRegressor, error_based_prune
from panlearn.tree.error_based_pruning import collapsed_tree, raised_tree, replaced_tree
from tests.oracles import c45 as oracle
from tests.oracles import pruning


def noisy(seed, n=80):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)).round(1)
    return X, ((X[:, 0] > 0) ^ (rng.random(n) < 0.2)).astype(int)


def predicted_total(tree, leaves):
    weight = tree.weighted_n_node_samples
    return sum(oracle.predicted(weight[t] * tree.value[t, 0], 0.25) for t in leaves)


def test_pure_leaves_have_a_price():
    """Splitting off single rows makes pure leaves, and each of them is predicted 0.75 errors."""
    X, y = np.arange(20.0)[:, None], np.zeros(20, int)
    y[[5, 11]] = 1
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    assert (model.get_n_leaves(), model.tree_.impurity[model.tree_.children_left < 0].max()) == (5, 0)
    assert error_based_prune(model).get_n_leaves() == 1


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_replacement_alone_is_best_but_for_the_slack(seed):
    X, y = noisy(seed, 30)
    tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, y).tree_
    found = pruning.leaves_of(tree, replaced_tree(tree))
    every = {leaves: predicted_total(tree, leaves) for leaves in pruning.prunings(tree)}
    assert predicted_total(tree, found) <= min(every.values()) + 0.1 * (tree.node_count - tree.n_leaves)
    assert len(found) <= len(min(every, key=lambda leaves: (every[leaves], len(leaves))))


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_raising_keeps_the_arrays_consistent(seed):
    """The numbers in the nodes are those of the rows that reach them."""
    X, y = noisy(seed)
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    pruned = error_based_prune(model, X, y)
    tree, leaf = pruned.tree_, pruned.apply(X)
    for t in np.flatnonzero(tree.children_left < 0):
        np.testing.assert_allclose(tree.value[t, 0], np.bincount(y[leaf == t], minlength=2) / (leaf == t).sum())
        assert tree.n_node_samples[t] == tree.weighted_n_node_samples[t] == (leaf == t).sum()
    np.testing.assert_allclose(tree.impurity, 1 - (tree.value[:, 0] ** 2).sum(axis=1), atol=1e-12)
    assert (tree.parents()[1:] < np.arange(1, tree.node_count)).all()
    assert pruned.get_n_leaves() <= model.get_n_leaves()


def test_raising_happens():
    """The root asks about a column of noise; its larger branch knows better, and takes its place."""
    rng = np.random.default_rng(12)
    X = rng.integers(0, 6, (150, 5)).astype(float)
    y = ((X[:, 0] > 2) ^ (X[:, 1] > 3) ^ (rng.random(150) < 0.15)).astype(int)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y).tree_
    found = raised_tree(tree, X, y, np.ones(150), gini=True)
    assert tree.feature[0] == 2
    assert found.feature[0] in (0, 1)
    assert found.n_leaves < raised_tree(tree, X, y, np.ones(150), raising=False, gini=True).n_leaves


def test_collapse():
    """A split whose branches vote alike brings nothing to the training errors, and goes."""
    X = np.repeat([[0.0], [1.0]], [20, 20], axis=0)
    y = np.r_[np.zeros(18), 1, 1, np.zeros(12), np.ones(8)].astype(int)
    model = C45Classifier(pruning=None, collapse=False).fit(X, y)
    assert (model.get_n_leaves(), collapsed_tree(model.tree_).n_leaves) == (2, 1)


def test_edge_cases():
    X, y = noisy(0)
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    assert error_based_prune(model, X, y, confidence=1e-9).get_n_leaves() <= 2
    for bad in (0, 1.5, np.nan):
        with pytest.raises(ValueError, match="confidence must be in the range"):
            error_based_prune(model, confidence=bad)
    with pytest.raises(ValueError, match="both X and y"):
        error_based_prune(model, X)
    with pytest.raises(ValueError, match="a Tree alone"):
        error_based_prune(model.tree_, X, y)
    with pytest.raises(ValueError, match="regression tree"):
        error_based_prune(DecisionTreeRegressor().fit(X, y), X, y)
    with pytest.raises(ValueError, match="regression tree"):
        DecisionTreeRegressor(pruning="error_based").fit(X, y)
    assert error_based_prune(DecisionTreeClassifier().fit([[0.0]], ["a"])).get_n_leaves() == 1
