"""Links of a depth-first tree, and sums over it, written out."""

import numpy as np

from panlearn.ensemble.forest_storage_kernels import depth_first, sum_up


def test_depth_first_links_and_sums():
    """Two trees: root(leaf, inner(leaf, leaf)), and a single leaf."""
    leaf, sizes = np.array([False, True, False, True, True, True]), np.array([5, 1])
    left, right = depth_first(leaf, sizes)
    assert left.tolist() == [1, -1, 3, -1, -1, -1]
    assert right.tolist() == [2, -1, 4, -1, -1, -1]
    values = np.array([0.0, 1, 0, 2, 3, 7])[:, None]
    sum_up(left, right, sizes, values)
    assert values[:, 0].tolist() == [6, 1, 5, 2, 3, 7]
