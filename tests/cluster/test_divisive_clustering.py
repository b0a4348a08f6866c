"""Divisive clustering: the definition of each split, the tree, edge cases."""

import numpy as np
import pytest
from scipy.cluster import hierarchy
from sklearn import cluster as peers
from sklearn.datasets import load_iris, make_blobs
from sklearn.metrics import adjusted_rand_score

from panlearn.cluster import DivisiveClustering
from tests.oracles import hierarchical_clustering as oracle

STRATEGIES = ["bisecting", "diana"]


def points(n=60, p=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, p))


@pytest.mark.parametrize("seed", range(5))
def test_matches_oracle(seed):
    """DIANA, written with mean distances computed anew."""
    X = points(30, 2, seed)
    D, clusters = oracle.distances(X), [list(range(30))]
    while len(clusters) < 6:
        clusters.sort(key=lambda members: D[np.ix_(members, members)].max())
        worst = clusters.pop()
        left = oracle.splinter(D[np.ix_(worst, worst)])
        clusters += [[worst[i] for i in left], [m for i, m in enumerate(worst) if i not in left]]
    model = DivisiveClustering(6, strategy="diana").fit(X)
    assert {tuple(np.flatnonzero(model.labels_ == g)) for g in range(6)} == {tuple(sorted(c)) for c in clusters}


def test_matches_peer():
    """Blobs far apart, where the bisection has one answer: scikit-learn's, and the truth."""
    X, y = make_blobs(400, centers=[[0, 0], [9, 0], [0, 30], [9, 30]], random_state=0)[:2]
    ours = DivisiveClustering(4).fit(X)
    theirs = peers.BisectingKMeans(4, random_state=0, n_init=3).fit(X)
    assert adjusted_rand_score(ours.labels_, theirs.labels_) == adjusted_rand_score(ours.labels_, y) == 1.0


def test_optimality():
    """Each bisection is a fixed point of Lloyd's step, and the highest cluster was split."""
    X = points(200)
    two = DivisiveClustering(2).fit(X)
    means = np.array([X[two.labels_ == g].mean(axis=0) for g in range(2)])
    nearest = ((X[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, two.labels_)
    np.testing.assert_allclose(two.distances_[0] ** 2 / 2, ((X - X.mean(axis=0)) ** 2).sum())
    for strategy in STRATEGIES:
        full = DivisiveClustering(40, strategy=strategy).fit(X)
        assert (np.diff(full.distances_) >= 0).all()
        for k in (2, 9, 39):  # fewer clusters are the same splits, ended sooner
            fewer = DivisiveClustering(k, strategy=strategy).fit(X)
            np.testing.assert_allclose(fewer.distances_, full.distances_[-(k - 1) :])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_invariances(strategy):
    X = points(50)
    order = np.random.default_rng(1).permutation(50)
    a = DivisiveClustering(5, strategy=strategy).fit(X)
    b = DivisiveClustering(5, strategy=strategy).fit(X[order])
    assert adjusted_rand_score(a.labels_[order], b.labels_) == 1.0
    c = DivisiveClustering(5, strategy=strategy).fit(1e6 * X + 3)
    np.testing.assert_array_equal(a.labels_, c.labels_)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_tree_is_a_linkage_matrix(strategy):
    X = points(40)
    model = DivisiveClustering(40, strategy=strategy).fit(X)
    Z = model.linkage_matrix_
    assert hierarchy.is_valid_linkage(Z)
    assert Z[-1, 3] == 40
    np.testing.assert_array_equal(model.labels_, np.arange(40))
    for k in (2, 5, 17):
        cut = hierarchy.fcluster(Z, k, "maxclust")
        assert adjusted_rand_score(cut, DivisiveClustering(k, strategy=strategy).fit(X).labels_) == 1.0


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_edge_cases(strategy):
    X = points(10)
    assert DivisiveClustering(1, strategy=strategy).fit(X[:1]).n_clusters_ == 1
    same = DivisiveClustering(3, strategy=strategy).fit(np.ones((7, 2)))
    assert (same.n_clusters_, same.linkage_matrix_.shape) == (1, (0, 4))
    twice = DivisiveClustering(9, strategy=strategy).fit(np.repeat(X[:4], 3, axis=0))
    assert twice.n_clusters_ == 4
    cut = DivisiveClustering(None, strategy=strategy, distance_threshold=1.5).fit(X)
    assert cut.distances_.min() >= 1.5
    for scale in (1e-150, 1e150):
        scaled = DivisiveClustering(3, strategy=strategy).fit(X * scale)
        np.testing.assert_array_equal(scaled.labels_, DivisiveClustering(3, strategy=strategy).fit(X).labels_)
    with pytest.raises(ValueError, match="more than the number of samples"):
        DivisiveClustering(11, strategy=strategy).fit(X)
    with pytest.raises(ValueError, match="Exactly one"):
        DivisiveClustering(3, distance_threshold=1.0, strategy=strategy).fit(X)
    with pytest.raises(ValueError, match="NaN"):
        DivisiveClustering(2, strategy=strategy).fit(X * np.nan)


def test_metrics():
    X = points(30)
    D = np.abs(X[:, None] - X[None]).sum(axis=2)
    a = DivisiveClustering(4, strategy="diana", metric="manhattan").fit(X)
    b = DivisiveClustering(4, strategy="diana", metric="precomputed").fit(D)
    np.testing.assert_array_equal(a.labels_, b.labels_)
    with pytest.raises(ValueError, match="metric='euclidean'"):
        DivisiveClustering(metric="manhattan").fit(X)


def test_reproducible():
    X, y = load_iris(return_X_y=True)
    for strategy in STRATEGIES:
        a, b = (DivisiveClustering(3, strategy=strategy).fit(X) for _ in range(2))
        np.testing.assert_array_equal(a.labels_, b.labels_)
        assert adjusted_rand_score(y, a.labels_) > 0.55
