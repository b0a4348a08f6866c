"""Mini-batch k-means: the running means written out, scikit-learn, bad data."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn import cluster as peers
from sklearn.datasets import load_digits

from panlearn.cluster import KMeans, MiniBatchKMeans
from tests.cluster.test_kmeans import data
from tests.oracles import kmeans as oracle

Peer: Any = peers.MiniBatchKMeans


def test_matches_oracle():
    """A centre is the mean of all rows that it was given, each at its time."""
    X, start = data(90, 3, 3), data(3, 3, 3, seed=5)
    model: Any = MiniBatchKMeans(3, init=start, reassignment_ratio=0.0)
    given: list[list] = [[], [], []]
    centres = start
    for a in range(0, 90, 30):
        model.partial_fit(X[a : a + 30])
        for x, j in zip(X[a : a + 30], oracle.nearest(X[a : a + 30], centres)[0], strict=True):
            given[j].append(x)
        centres = np.array([np.mean(rows, axis=0) if rows else c for rows, c in zip(given, centres, strict=True)])
        np.testing.assert_allclose(model.cluster_centers_, centres, rtol=1e-12)
    assert model.n_steps_ == 3


@pytest.mark.parametrize("n", [150, 5000])
@pytest.mark.parametrize("weighted", [False, True])
def test_matches_peer(n, weighted):
    """The same draws, hence the same centres."""
    X = data(n, 5, 6)
    weight = np.random.default_rng(1).uniform(0.1, 2, n) if weighted else None
    ours = MiniBatchKMeans(6, random_state=0).fit(X, sample_weight=weight)
    theirs = Peer(6, random_state=0).fit(X, sample_weight=weight)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-7)
    assert (ours.n_steps_, ours.n_iter_) == (theirs.n_steps_, theirs.n_iter_)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)


def test_optimality():
    """On real data its inertia is near that of all rows at once."""
    X = load_digits(return_X_y=True)[0]
    assert (
        MiniBatchKMeans(10, random_state=0, n_init=3).fit(X).inertia_
        < 1.05 * KMeans(10, random_state=0).fit(X).inertia_
    )


def test_invariances():
    X = data(400, 3, 4)
    settings: Any = {"n_clusters": 4, "random_state": 0, "batch_size": 64}
    plain, scaled = MiniBatchKMeans(**settings).fit(X), MiniBatchKMeans(**settings).fit(1e30 * X)
    np.testing.assert_array_equal(plain.labels_, scaled.labels_)
    np.testing.assert_array_equal(
        MiniBatchKMeans(**settings).fit(X, sample_weight=np.full(400, 3.0)).labels_, plain.labels_
    )
    thin = np.where(X > 0, X, 0)
    dense, csr = MiniBatchKMeans(**settings).fit(thin), MiniBatchKMeans(**settings).fit(sparse.csr_matrix(thin))
    assert csr.inertia_ == pytest.approx(dense.inertia_, rel=0.05)


def test_edge_cases():
    X = data(60, 2, 3)
    with pytest.raises(ValueError, match="should be >= n_clusters"):
        MiniBatchKMeans(8).partial_fit(X[:5])
    with pytest.raises(ValueError, match="NaN"):
        MiniBatchKMeans(2).fit(np.array([[np.nan], [1.0]]))
    with pytest.warns(RuntimeWarning, match="init_size"):
        MiniBatchKMeans(20, init_size=3, random_state=0).fit(X)
    same = MiniBatchKMeans(3, random_state=0).fit(np.full((30, 2), 5.0))
    np.testing.assert_array_equal(same.cluster_centers_, np.full((3, 2), 5.0))
    assert MiniBatchKMeans(1, random_state=0).fit(X[:, :1]).inertia_ > 0
    unlabelled = MiniBatchKMeans(3, compute_labels=False, random_state=0, batch_size=20).fit(X)
    assert not hasattr(unlabelled, "labels_")
    weight = np.r_[np.ones(2), np.zeros(58)]
    assert np.isfinite(MiniBatchKMeans(3, random_state=0).fit(X, sample_weight=weight).cluster_centers_).all()


def test_reproducible():
    X = data(500, 3, 4)
    first, second = (MiniBatchKMeans(4, random_state=1, batch_size=50).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.cluster_centers_, second.cluster_centers_)
