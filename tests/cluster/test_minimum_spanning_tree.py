"""The minimum spanning tree of points."""

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree as peer
from scipy.spatial.distance import pdist, squareform

from panlearn.cluster import minimum_spanning_tree as module
from panlearn.cluster.points import coordinates


@pytest.mark.parametrize("batch", [5e8, 1e4])
def test_edges_are_those_of_the_peer(monkeypatch, batch):
    monkeypatch.setattr(module, "BATCH", batch)
    X = np.random.default_rng(0).normal(size=(600, 3))
    tree = module.minimum_spanning_tree(coordinates(X))
    expected = peer(squareform(pdist(X))).tocoo()
    ours = {(min(a, b), max(a, b)) for a, b in zip(tree.left.tolist(), tree.right.tolist(), strict=True)}
    assert ours == {(min(a, b), max(a, b)) for a, b in zip(expected.row, expected.col, strict=True)}
    np.testing.assert_allclose(np.sort(tree.height), np.sort(expected.data), rtol=1e-12)
