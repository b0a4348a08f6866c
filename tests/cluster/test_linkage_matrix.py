"""Rows of distances that are updated when they are read."""

import numpy as np
import pytest

from panlearn.cluster.linkage_matrix import DistanceRows, euclidean_rows, refresh
from panlearn.cluster.nearest_neighbour_chain import new_state
from panlearn.cluster.points import coordinates


@pytest.mark.parametrize(("method", "combine"), [("average", np.mean), ("complete", np.max)])
def test_rows_know_of_merges_when_they_are_read(method, combine):
    X = np.random.default_rng(0).normal(size=(40, 3))
    D = euclidean_rows(coordinates(X))
    np.testing.assert_allclose(D, np.sqrt(((X[:, None] - X[None]) ** 2).sum(axis=2)), atol=1e-14)
    clusters, before = DistanceRows(D.copy(), method), D
    state = new_state(clusters.order)
    clusters.ask(state, np.arange(40))
    clusters.merge(state, np.array([0, 2]), np.array([1, 3]))
    expected = combine([before[10, 0], before[10, 1]])
    np.testing.assert_allclose(refresh(clusters.rows, 10, 1.0, 2)[1], expected)
    both = combine(before[np.ix_([0, 1], [2, 3])])
    np.testing.assert_allclose(refresh(clusters.rows, 1, 2.0, 2)[3], both)
    assert np.isinf(refresh(clusters.rows, 10, 1.0, 2)[[0, 2, 10]]).all()
