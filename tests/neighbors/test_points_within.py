"""All pairs within a radius, and no other."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.neighbors import points_within as module
from panlearn.neighbors.points_within import points_within
from tests.oracles import nearest_neighbours as oracle


def joined(pairs, n):
    found = np.zeros((n, n), bool)
    found[pairs.first, pairs.second] = True
    assert (pairs.first < pairs.second).all()
    return found | found.T


@pytest.mark.parametrize("p", [2, 9])
@pytest.mark.parametrize("tile", [7, 512])
def test_equals_the_definition(p, tile, monkeypatch):
    monkeypatch.setattr(module, "TILE", tile)
    monkeypatch.setattr(module, "PAIRS", 5)
    X = np.random.default_rng(0).normal(size=(50, p))
    pairs = points_within(X, 0.8 * p**0.5)
    np.testing.assert_array_equal(joined(pairs, 50), oracle.graph(X, "epsilon", radius=0.8 * p**0.5))
    expected = [oracle.distance(X[i], X[j]) for i, j in zip(pairs.first, pairs.second, strict=True)]
    np.testing.assert_allclose(pairs.distances, expected, rtol=1e-14)


@pytest.mark.parametrize("p", [1, 8])
def test_the_radius_itself_is_within(p):
    X = np.zeros((4, p))
    X[:, 0] = [0, 1, 2, 4]
    np.testing.assert_array_equal(points_within(X, 1.0).distances, [1, 1])
    np.testing.assert_array_equal(points_within(X, 2.0).distances, [1, 2, 1, 2])
    assert points_within(X, 0.5).first.size == 0


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_scale_plays_no_part(scale):
    X = np.random.default_rng(1).normal(size=(60, 7))
    np.testing.assert_array_equal(joined(points_within(scale * X, scale * 2.5), 60), joined(points_within(X, 2.5), 60))


def test_radius_zero_joins_duplicates():
    X = np.repeat(np.random.default_rng(2).normal(size=(5, 6)), 2, axis=0)
    np.testing.assert_array_equal(points_within(X, 0.0).first, [0, 2, 4, 6, 8])


@pytest.mark.parametrize("metric", ["cosine", "manhattan"])
def test_other_metrics(metric):
    from sklearn.metrics import pairwise_distances

    X = np.random.default_rng(3).normal(size=(40, 6))
    D = pairwise_distances(X, metric=metric)
    np.fill_diagonal(D, np.inf)
    radius = float(np.median(D))
    np.testing.assert_array_equal(joined(points_within(X, radius, metric), 40), radius >= D)
    np.testing.assert_array_equal(joined(points_within(sparse.csr_array(X), radius, metric), 40), radius >= D)
