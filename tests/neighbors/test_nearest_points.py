"""One answer, whichever way the search goes."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from panlearn.neighbors import nearest_points as module
from panlearn.neighbors.nearest_points import nearest_mixed, nearest_points, unit_rows
from tests.oracles import nearest_neighbours as oracle


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("p", [2, 8])
@pytest.mark.parametrize("few", [10, 1000])
def test_every_way_equals_the_definition(metric, p, few, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", few)
    X = np.random.default_rng(0).normal(size=(60, p))
    near = nearest_points(X, 5, metric)
    found, lengths = oracle.nearest(X, 5, metric)
    np.testing.assert_array_equal(near.indices, found)
    np.testing.assert_allclose(near.distances, lengths, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("p", [2, 8])
@pytest.mark.parametrize("few", [10, 1000])
def test_duplicates_are_neighbours_and_self_is_not(p, few, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", few)
    X = np.repeat(np.random.default_rng(0).normal(size=(10, p)), 6, axis=0)
    near = nearest_points(X, 7)
    assert (near.distances[:, :5] == 0).all()
    assert (near.distances[:, 5:] > 0).all()
    assert (near.indices != np.arange(60)[:, None]).all()
    np.testing.assert_array_equal(np.sort(near.indices[:, :5] // 6), np.repeat(np.arange(60)[:, None] // 6, 5, axis=1))


@pytest.mark.parametrize("metric", ["manhattan", "chebyshev", "canberra"])
def test_other_metrics_are_the_peers(metric):
    X = np.random.default_rng(0).normal(size=(50, 4))
    distances, found = NearestNeighbors(n_neighbors=4, metric=metric).fit(X).kneighbors()
    near = nearest_points(X, 4, metric)
    np.testing.assert_array_equal(near.indices, found)
    np.testing.assert_array_equal(near.distances, distances)


def test_sparse_rows():
    X = sparse.random_array((80, 20), density=0.3, format="csr", rng=np.random.default_rng(0))
    np.testing.assert_array_equal(nearest_points(X, 3).indices, nearest_points(X.toarray(), 3).indices)


def test_a_zero_row_is_at_cosine_distance_one():
    X = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    assert unit_rows(X) is None
    np.testing.assert_allclose(nearest_points(X, 1, "cosine").distances[:, 0], [1, 1 - 0.5**0.5, 1 - 0.5**0.5])


def test_unit_rows_survive_extreme_scales():
    unit = unit_rows(np.array([[3e200, 4e200], [3e-200, -4e-200]]))
    assert unit is not None
    np.testing.assert_allclose(unit, [[0.6, 0.8], [0.6, -0.8]])


@pytest.mark.parametrize("few", [10, 1000])
def test_categories(few, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", few)
    rng = np.random.default_rng(1)
    X, codes = rng.normal(size=(40, 2)), rng.integers(0, 3, (40, 2))
    near = nearest_mixed(X, codes, 0.5, 6)
    np.testing.assert_array_equal(near.indices, oracle.nearest(X, 6, codes=codes, price=0.5)[0])
