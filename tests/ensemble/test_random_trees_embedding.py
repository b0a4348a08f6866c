"""RandomTreesEmbedding: one leaf a tree for each row, columns as the peer names them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import make_circles
from sklearn.ensemble import RandomTreesEmbedding as Peer
from sklearn.linear_model import LogisticRegression

from panlearn.ensemble import RandomTreesEmbedding
from tests.oracles import forest as oracle

X = np.random.default_rng(0).normal(size=(80, 3))


def test_matches_oracle():
    model = RandomTreesEmbedding(6, random_state=0).fit(X)
    leaves = np.array([[oracle.leaf_of(tree.tree_, row) for tree in model] for row in X])
    names = model.get_feature_names_out()
    Z = model.transform(X).toarray()
    for i in range(0, 80, 10):
        want = {f"randomtreesembedding_{t}_{leaf}" for t, leaf in enumerate(leaves[i])}
        assert set(names[Z[i] == 1]) == want


def test_matches_peer():
    """The same kind of code: as many columns, to chance, and as good for a linear model on two circles."""
    C, y = make_circles(400, factor=0.5, noise=0.15, random_state=0)
    scores = []
    for make in (RandomTreesEmbedding, Peer):
        model: Any = make(30, random_state=0, max_depth=4).fit(C[::2])
        fitted = LogisticRegression().fit(model.transform(C[::2]), y[::2])
        scores.append((fitted.score(model.transform(C[1::2]), y[1::2]), model.transform(C).shape[1]))
    (ours, columns), (theirs, expected) = scores
    assert ours > theirs - 0.05
    assert columns == pytest.approx(expected, rel=0.15)


def test_optimality():
    """Every row has one leaf in each tree, and full trees give each row a code of its own."""
    Z = RandomTreesEmbedding(9, random_state=0).fit_transform(X)
    np.testing.assert_array_equal(np.asarray(Z.sum(axis=1)).ravel(), 9)
    assert Z.shape[1] <= 9 * 2**5
    full = RandomTreesEmbedding(2, max_depth=None, random_state=0).fit_transform(X)
    assert full.shape[1] == 2 * 80


@settings(max_examples=4)
@given(st.integers(0, 30))
def test_invariances(seed):
    model = RandomTreesEmbedding(5, random_state=seed)
    base = model.fit_transform(X).toarray()
    np.testing.assert_array_equal(model.fit_transform(2.0 * X).toarray(), base)
    np.testing.assert_array_equal(model.fit_transform(sparse.csr_array(X)).toarray(), base)
    dense = RandomTreesEmbedding(5, random_state=seed, sparse_output=False).fit(X)
    np.testing.assert_array_equal(dense.transform(X), base)


def test_edge_cases():
    assert RandomTreesEmbedding(3).fit_transform(X[:1]).shape == (1, 3)
    assert RandomTreesEmbedding(3).fit_transform(np.ones((10, 2))).shape == (10, 3)
    with pytest.raises(ValueError, match="'max_depth' parameter of RandomTreesEmbedding"):
        RandomTreesEmbedding(max_depth=0).fit(X)


def test_reproducible():
    one, two = (RandomTreesEmbedding(20, random_state=1, n_jobs=jobs).fit_transform(X) for jobs in (1, 2))
    np.testing.assert_array_equal(one.toarray(), two.toarray())
