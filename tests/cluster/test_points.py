"""Scaled coordinates."""

import numpy as np
import pytest

from panlearn.cluster.points import coordinates


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e300])
def test_coordinates_keep_distances(scale):
    X = np.random.default_rng(0).normal(size=(30, 5))
    C, unit = coordinates(X * scale)
    assert C.shape == (8, 30)
    assert 0.4 < np.abs(C).max() <= 1.0
    ours = np.linalg.norm(C[:, 0] - C[:, 1]) * (unit / scale)
    np.testing.assert_allclose(ours, np.linalg.norm(X[0] - X[1]), rtol=1e-12)


def test_equal_points_stay_equal():
    assert not coordinates(np.full((3, 2), 0.1)).C.any()
