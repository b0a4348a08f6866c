import pickle

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.tree import DecisionTreeRegressor

from panlearn.tree.growth import grow_tree
from panlearn.tree.growth_settings import GrowthSettings
from panlearn.tree.ordered_columns import order_columns
from panlearn.tree.tree_structure import LEAF, NO_FEATURE, Tree


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4)).astype(np.float32)
    y = X[:, 0] * X[:, 1] + rng.normal(size=500)
    settings = GrowthSettings("squared_error", min_samples_leaf=5)
    tree = grow_tree(order_columns(X), y, None, settings, n_classes=[1], seed=0)
    return X, y, tree, DecisionTreeRegressor(min_samples_leaf=5, random_state=0).fit(X, y).tree_


def multiway() -> Tree:
    """Root: a category with branches to 1, none, 2 and 3; node 3 asks for a set of codes; its sides are 4 and 5."""
    nan = np.nan
    return Tree(
        children_left=np.array([1, -1, -1, 4, -1, -1], dtype=np.int32),
        children_right=np.array([3, -1, -1, 5, -1, -1], dtype=np.int32),
        feature=np.array([0, -2, -2, 1, -2, -2], dtype=np.int32),
        threshold=np.array([nan, -2.0, -2.0, nan, -2.0, -2.0]),
        missing_go_to_left=np.array([0, 0, 0, 1, 0, 0], dtype=bool),
        impurity=np.array([1.0, 0.0, 0.5, 0.6, 0.0, 0.0]),
        n_node_samples=np.array([10, 3, 3, 4, 2, 2]),
        weighted_n_node_samples=np.array([10.0, 3.0, 3.0, 4.0, 2.0, 2.0]),
        value=np.arange(6.0).reshape(6, 1, 1),
        n_features=2,
        n_classes=np.ones(1, dtype=np.intp),
        category_start=np.array([-1, -1, -1, 0, -1, -1], dtype=np.int32),
        category_words=np.array([1, 0b101], dtype=np.uint32),
        branch_start=np.array([0, -1, -1, -1, -1, -1], dtype=np.int32),
        branches=np.array([4, 1, LEAF, 2, 3], dtype=np.int32),
    )


def test_matches_scikit_learn(fitted):
    X, _, tree, peer = fitted
    for name in ("node_count", "max_depth", "n_leaves", "n_outputs", "max_n_classes", "n_features"):
        assert getattr(tree, name) == getattr(peer, name)
    np.testing.assert_array_equal(tree.apply(X), peer.apply(X))
    np.testing.assert_allclose(tree.predict(X), peer.predict(X))
    assert (tree.decision_path(X) != peer.decision_path(X)).nnz == 0
    for normalize in (True, False):
        importances = tree.compute_feature_importances(normalize=normalize)
        np.testing.assert_allclose(importances, peer.compute_feature_importances(normalize=normalize))


def test_sparse_rows_and_other_types(fitted):
    X, _, tree, _ = fitted
    X = np.where(np.abs(X) < 0.3, 0.0, X)
    np.testing.assert_array_equal(tree.apply(csr_matrix(X)), tree.apply(X))
    np.testing.assert_array_equal(tree.apply(X.astype(np.float32)), tree.apply(np.asfortranarray(X).astype(np.float32)))
    assert tree.apply(X[:0]).shape == (0,)


def test_every_kind_of_question():
    tree = multiway()
    rows = [[0, 0], [1, 0], [2, 9], [3, 0], [3, 1], [3, 2], [3, np.nan], [3, 40], [np.nan, 0], [7, 0], [-1, 0]]
    X = np.array(rows, dtype=float)
    np.testing.assert_array_equal(tree.apply(X), [1, 0, 2, 4, 5, 4, 4, 4, 0, 0, 0])
    np.testing.assert_array_equal(tree.parents(), [-1, 0, 0, 0, 3, 3])
    np.testing.assert_array_equal(tree.depths(), [0, 1, 1, 1, 2, 2])
    path = tree.decision_path(X[3:4]).toarray()
    np.testing.assert_array_equal(path, [[1, 0, 0, 1, 1, 0]])
    np.testing.assert_allclose(
        tree.compute_feature_importances(normalize=False), [(10 - 1.5 - 2.4) / 10, 2.4 / 10], rtol=1e-12
    )


def test_one_leaf():
    tree = grow_tree(order_columns(np.ones((4, 2))), np.ones(4), None, GrowthSettings(), n_classes=[2], seed=0)
    assert (tree.node_count, tree.n_leaves, tree.max_depth) == (1, 1, 0)
    assert tree.feature[0] == NO_FEATURE
    np.testing.assert_array_equal(tree.compute_feature_importances(), [0.0, 0.0])
    np.testing.assert_array_equal(tree.predict(np.zeros((2, 2))), [[0.0, 1.0]] * 2)
    assert tree.decision_path(np.zeros((2, 2))).toarray().tolist() == [[1], [1]]


def test_pickles(fitted):
    X, _, tree, _ = fitted
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(tree)).apply(X), tree.apply(X))
