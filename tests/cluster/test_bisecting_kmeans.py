"""Bisecting k-means: the best first split, scikit-learn, the tree, bad data."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn import cluster as peers
from sklearn.exceptions import ConvergenceWarning

import panlearn
from panlearn.cluster import BisectingKMeans, KMeans
from tests.cluster.test_kmeans import data
from tests.oracles import kmeans as oracle

Peer: Any = peers.BisectingKMeans


def test_matches_oracle():
    X = data(9, 2, 2, seed=4)
    assert BisectingKMeans(2, n_init=20, random_state=0).fit(X).inertia_ == pytest.approx(oracle.best_inertia(X, 2))


@pytest.mark.parametrize("strategy", ["biggest_inertia", "largest_cluster"])
def test_matches_peer(strategy):
    X = data(200, 3, 6)
    ours = BisectingKMeans(6, random_state=0, tol=0.0, bisecting_strategy=strategy).fit(X)
    theirs = Peer(6, random_state=0, tol=0.0, bisecting_strategy=strategy).fit(X)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, atol=1e-9)


def test_optimality():
    """Splits lower the inertia, and each node's centre is the mean of its children's rows."""
    X = data(600, 3, 5)
    inertia = [BisectingKMeans(k, random_state=0).fit(X).inertia_ for k in (1, 2, 4, 8)]
    assert inertia == sorted(inertia, reverse=True)
    model = BisectingKMeans(4, random_state=0, tol=0.0).fit(X)
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    np.testing.assert_allclose(model.splits_.centre[0], X.mean(axis=0), atol=1e-9)
    assert KMeans(8, n_init=5, random_state=0).fit(X).inertia_ <= inertia[-1]
    assert inertia[-1] == pytest.approx(_within(X, BisectingKMeans(8, random_state=0).fit(X)), rel=1e-9)


def _within(X, model):
    return ((X - model.cluster_centers_[model.labels_]) ** 2).sum()


def test_invariances():
    X = data(120, 3, 4)
    plain, scaled = BisectingKMeans(4, random_state=0).fit(X), BisectingKMeans(4, random_state=0).fit(1e20 * X)
    np.testing.assert_array_equal(plain.labels_, scaled.labels_)
    thin = np.where(X > 0, X, 0)
    dense = BisectingKMeans(4, random_state=0, tol=0.0).fit(thin)
    csr = BisectingKMeans(4, random_state=0, tol=0.0).fit(sparse.csr_matrix(thin))
    np.testing.assert_array_equal(dense.labels_, csr.labels_)
    np.testing.assert_array_equal(csr.predict(sparse.csr_matrix(thin)), csr.labels_)


def test_edge_cases(tmp_path):
    X = data(40, 2, 3)
    assert (BisectingKMeans(1).fit(X).labels_ == 0).all()
    with pytest.warns(ConvergenceWarning, match="duplicate"):
        BisectingKMeans(3, random_state=0).fit(np.ones((6, 2)))
    assert BisectingKMeans(40, random_state=0).fit(X).inertia_ == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="should be >= n_clusters"):
        BisectingKMeans(3).fit(X[:2])
    with pytest.raises(ValueError, match="NaN"):
        BisectingKMeans(2).fit(np.array([[np.nan], [1.0], [2.0]]))
    model = BisectingKMeans(3, random_state=0).fit(X)
    again = panlearn.load(panlearn.save(model, tmp_path / "tree.panlearn"))
    np.testing.assert_array_equal(again.predict(X), model.labels_)
    weighted = BisectingKMeans(3, random_state=0).fit(X, sample_weight=np.r_[np.ones(20), np.zeros(20)])
    assert np.isfinite(weighted.cluster_centers_).all()


def test_reproducible():
    X = data(300, 3, 4)
    first, second = (BisectingKMeans(5, random_state=1).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.cluster_centers_, second.cluster_centers_)
