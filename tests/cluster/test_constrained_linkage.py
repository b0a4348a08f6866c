"""Agglomeration along edges."""

import numpy as np
import pytest
from scipy.cluster import hierarchy

from panlearn.cluster.connectivity import edges_of
from panlearn.cluster.constrained_linkage import constrained_linkage


@pytest.mark.parametrize("method", ["ward", "average", "complete", "weighted"])
def test_with_all_edges_it_is_linkage(method):
    X = np.random.default_rng(0).normal(size=(80, 3))
    children, heights = constrained_linkage(X, edges_of(X, np.ones((80, 80)), "euclidean"), method)
    Z = hierarchy.linkage(X, method)
    np.testing.assert_array_equal(children, Z[:, :2])
    np.testing.assert_allclose(heights, Z[:, 2], rtol=1e-10)


def test_it_stops_at_the_clusters_asked_for():
    X = np.random.default_rng(0).normal(size=(50, 3))
    edges = edges_of(X, np.eye(50, k=1), "euclidean")
    all_children, all_heights = constrained_linkage(X, edges, "average")
    children, heights = constrained_linkage(X, edges, "average", 20)
    np.testing.assert_array_equal(children, all_children[:30])
    np.testing.assert_array_equal(heights, all_heights[:30])
