"""Graphs of neighbours."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from panlearn.cluster.connectivity import edges_of

X = np.array([[0.0], [1.0], [5.0], [7.0]])


def test_edges_are_symmetric_without_the_diagonal():
    edges = edges_of(X, csr_array(np.eye(4) + np.eye(4, k=1)), "euclidean")
    assert [*zip(edges.first, edges.second, edges.distance, strict=True)] == [(1, 0, 1.0), (2, 1, 4.0), (3, 2, 2.0)]


@pytest.mark.parametrize("metric", ["euclidean", "precomputed"])
def test_pieces_are_joined_at_their_closest_points(metric):
    graph = np.zeros((4, 4))
    graph[0, 1] = graph[3, 2] = 1
    with pytest.warns(UserWarning, match="is 2 > 1"):
        edges = edges_of(X if metric == "euclidean" else np.abs(X - X.T), graph, metric)
    assert (2, 1, 4.0) in {*zip(edges.first, edges.second, edges.distance, strict=True)}
    assert edges.components == 2
