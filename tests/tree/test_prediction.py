"""Packed trees give what one row and one tree at a time give, by the walk and by the tests."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import panlearn
from panlearn.tree.prediction import WORD, apply_trees, pack_trees, sum_leaf_values
from tests.oracles import forest as oracle


def rows(rng, n, p, *, categories=0, missing=0.0, dtype=np.float64):
    X = rng.normal(size=(n, p)).astype(dtype)
    if categories:
        X[:, -1] = rng.integers(0, categories + 40, n)  # some beyond those that the sets know
    X[rng.random(X.shape) < missing] = np.nan
    return X


def expected(trees, X):
    leaves = np.array([[oracle.leaf_of(tree, row) for tree in trees] for row in X])
    total: Any = sum(tree.value[leaves[:, t]] for t, tree in enumerate(trees))
    return leaves, total.reshape(len(X), -1)


@settings(max_examples=25)
@given(
    st.integers(0, 10_000),
    st.sampled_from([1, 2, 3, 31, WORD, WORD + 1, 150]),
    st.sampled_from([1, 7, 15, 16, 130, 300]),
    st.sampled_from([0, 5, 70]),
    st.sampled_from([0.0, 0.1]),
    st.sampled_from([np.float32, np.float64]),
)
def test_matches_oracle(seed, n_leaves, n, categories, missing, dtype):
    rng = np.random.default_rng(seed)
    trees = [oracle.random_tree(rng, m, 4, n_categories=categories, k=2) for m in (n_leaves, 5, n_leaves)]
    X = rows(rng, n, 4, categories=categories, missing=missing, dtype=dtype)
    leaves, sums = expected(trees, X)
    packed = pack_trees(trees)
    np.testing.assert_array_equal(apply_trees(packed, X), leaves)
    np.testing.assert_allclose(sum_leaf_values(packed, X), sums, atol=1e-12)


def test_thresholds_are_exact_for_both_types():
    """Values on a threshold, and next to it, in float32 and float64."""
    rng = np.random.default_rng(0)
    tree = oracle.random_tree(rng, 20, 1)
    cuts = tree.threshold[tree.children_left >= 0]
    for dtype in (np.float32, np.float64):
        near = cuts.astype(dtype)
        X = np.concatenate([near, np.nextafter(near, dtype(9)), np.nextafter(near, dtype(-9))])[:, None]
        leaves, sums = expected([tree], X)
        np.testing.assert_array_equal(apply_trees(pack_trees([tree]), X), leaves)
        np.testing.assert_array_equal(sum_leaf_values(pack_trees([tree]), X), sums)


def test_columns_values_and_ranges():
    """One tree a class and round, as in boosting: each adds to its own column."""
    rng = np.random.default_rng(1)
    trees = [oracle.random_tree(rng, 8, 3) for _ in range(6)]
    values = [rng.normal(size=(15, 1)).astype(np.float32) for _ in trees]
    X, columns = rows(rng, 200, 3), np.array([0, 1, 2] * 2)
    packed = pack_trees(trees, values, columns=columns, n_outputs=3)
    leaves, _ = expected(trees, X)
    want = np.zeros((200, 3))
    for t, column in enumerate(columns):
        want[:, column] += values[t][leaves[:, t], 0]
    np.testing.assert_allclose(sum_leaf_values(packed, X), want, atol=1e-6)
    out = sum_leaf_values(packed, X, first=0, last=3)
    assert sum_leaf_values(packed, X, out, first=3) is out
    np.testing.assert_allclose(out, want, atol=1e-6)


def test_threads_and_sparse_rows_change_nothing():
    rng = np.random.default_rng(2)
    trees = [oracle.random_tree(rng, m, 5) for m in (30, 200) * 20]
    X = rows(rng, 5000, 5) * (rng.random((5000, 5)) < 0.5)
    packed = pack_trees(trees)
    base = sum_leaf_values(packed, X)
    with panlearn.threads(1):
        np.testing.assert_array_equal(sum_leaf_values(packed, X), base)
    np.testing.assert_array_equal(sum_leaf_values(packed, sparse.csr_array(X)), base)
    np.testing.assert_array_equal(apply_trees(packed, sparse.csr_array(X)), apply_trees(packed, X))
    np.testing.assert_allclose(sum_leaf_values(packed, X[7:8]), base[7:8], rtol=1e-12)
    np.testing.assert_array_equal(sum_leaf_values(packed, np.asfortranarray(X)), base)


@pytest.mark.parametrize("n_leaves", [1, 40])
def test_edge_cases(n_leaves):
    """No rows; whole numbers; a tree that is one leaf."""
    tree = oracle.random_tree(np.random.default_rng(3), n_leaves, 2)
    packed = pack_trees([tree])
    assert sum_leaf_values(packed, np.empty((0, 2))).shape == (0, 1)
    X = np.array([[1, 2], [-3, 0]])
    np.testing.assert_array_equal(sum_leaf_values(packed, X), expected([tree], X)[1])
