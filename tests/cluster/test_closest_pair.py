"""Closest pairs of centroids."""

import numpy as np
import pytest
from scipy.cluster import hierarchy

from panlearn.cluster.closest_pair import closest_pairs
from panlearn.cluster.points import coordinates


@pytest.mark.parametrize(("method", "halfway"), [("centroid", False), ("median", True)])
def test_heights_may_fall_and_are_the_peers(method, halfway):
    X = np.random.default_rng(0).normal(size=(300, 8))
    heights = closest_pairs(coordinates(X), halfway=halfway).height
    np.testing.assert_allclose(heights, hierarchy.linkage(X, method)[:, 2], rtol=1e-10)
    assert (np.diff(heights) < 0).any()
