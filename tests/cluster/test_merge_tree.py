"""From merges to matrices and labels."""

import numpy as np
import pytest
from scipy.cluster import hierarchy
from sklearn.metrics import adjusted_rand_score

from panlearn.cluster.merge_tree import Merges, cut_tree, linkage_matrix, members_of


@pytest.mark.parametrize("n", [30, 400])
def test_merges_in_any_order_are_one_tree(n):
    Z = hierarchy.linkage(np.random.default_rng(0).normal(size=(n, 2)), "average")
    first = list(range(n))  # a point of each cluster
    for a, _ in Z[:, :2].astype(int):
        first.append(first[a])
    left, right = (np.array([first[i] for i in column]) for column in Z[:, :2].astype(int).T)
    order = np.random.default_rng(1).permutation(n - 1)
    merges = Merges(left[order], right[order], Z[order, 2])
    np.testing.assert_array_equal(linkage_matrix(merges, n), Z)
    children = Z[:, :2].astype(int)
    np.testing.assert_array_equal(members_of(children, n), Z[:, 3])
    for k in (1, 2, 9, n):
        assert adjusted_rand_score(cut_tree(children, n, k), hierarchy.cut_tree(Z, k)[:, 0]) == 1.0


def test_edges_within_a_cluster_are_passed_over():
    """All edges of a triangle: Kruskal's tree has the two short ones."""
    edges = Merges(np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([3.0, 1.0, 2.0]))
    np.testing.assert_array_equal(linkage_matrix(edges, 3), [[1, 2, 1, 2], [0, 3, 2, 3]])
