"""Rows in fractions: they add up, and follow the weights of the branches."""

import numpy as np
import pandas as pd

from panlearn.tree import C45Classifier, DecisionTreeClassifier
from panlearn.tree.fractional_routing import EVERYWHERE, NOWHERE, child_of, ends, next_branch, routes_of
from panlearn.tree.node_losses import ends_of


def test_shares_add_up_to_one():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 5, 500), rng.normal(size=500), rng.integers(0, 9, 500)])
    y = ((X[:, 1] > 0) ^ (X[:, 0] == 2)).astype(int)
    tree = C45Classifier(categorical_features=[0, 2], pruning=None).fit(X, y).tree_
    X[rng.random(X.shape) < 0.4] = np.nan
    found = ends_of(tree, X, fractional=True)
    np.testing.assert_allclose(np.bincount(found.row, weights=found.share), 1)
    assert len(found.row) > 600
    whole = ends_of(tree, X[~np.isnan(X).any(axis=1)], fractional=True)
    np.testing.assert_array_equal(whole.node, tree.apply(X[~np.isnan(X).any(axis=1)]))


def test_branches_one_after_the_other():
    X = pd.DataFrame({"a": list("uvwuvwuvw"), "b": [1.0, 2, 3, 1, 2, 3, 1, 2, 9]})
    model = C45Classifier(pruning=None, min_samples_leaf=1).fit(X, list("pqrpqrpqr"))
    routes = routes_of(model.tree_, fractional=True)
    assert model.tree_.branch_start[0] >= 0
    assert [next_branch(routes, 0, c) for c in (1, 2, 3)] == [2, 3, NOWHERE]
    assert [child_of(routes, 0, x) for x in (0.0, 2.0, 7.0, np.nan)] == [1, 3, NOWHERE, EVERYWHERE]
    node = np.empty(2, np.int64)
    pairs, shares = ends(routes, np.array([[1.0, 2.0], [np.nan, 2.0]]), 10, node)
    assert node.tolist() == [2, EVERYWHERE]
    assert sorted(map(tuple, pairs.tolist())) == [(11, 1), (11, 2), (11, 3)]
    np.testing.assert_allclose(shares, 1 / 3)


def test_questions_of_other_trees():
    """Subsets and thresholds with a side for missing values: the same way as `Tree.apply`."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 40, 300), rng.normal(size=300)]).astype(float)
    X[rng.random(X.shape) < 0.2] = np.nan
    y = ((X[:, 0] % 3 == 1) | (X[:, 1] > 1)).astype(int)
    model = DecisionTreeClassifier(categorical_features=[0], random_state=0).fit(X, y)
    codes = model._checked(X, True)
    routes, node = routes_of(model.tree_, fractional=False), np.empty(300, np.int64)
    ends(routes, codes, 0, node)
    np.testing.assert_array_equal(node, model.tree_.apply(codes))
