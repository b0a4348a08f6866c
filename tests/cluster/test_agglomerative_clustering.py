"""Agglomerative clustering: the definition, scikit-learn, cuts, connectivity, bad data."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import cluster as peers
from sklearn.datasets import load_iris, make_moons
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import kneighbors_graph

import panlearn
from panlearn.cluster import AgglomerativeClustering
from tests.oracles import hierarchical_clustering as oracle

LINKAGES = ["ward", "average", "complete", "single"]


def points(n=300, p=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, p))


@pytest.mark.parametrize("linkage", [*LINKAGES, "centroid"])
def test_matches_oracle(linkage):
    X = points(25, 2)
    model = AgglomerativeClustering(3, linkage=linkage, compute_distances=True).fit(X)
    expected = oracle.agglomerate(X, linkage)
    np.testing.assert_allclose(model.linkage_matrix_, expected, rtol=1e-12)
    np.testing.assert_array_equal(model.children_, expected[:, :2])


@pytest.mark.parametrize("linkage", LINKAGES)
@pytest.mark.parametrize("n", [60, 500])
@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("k", [1, 6, 120])
def test_matches_peer(linkage, n, connected, k):
    X, k = points(n), min(k, n)
    connectivity = kneighbors_graph(X, 8) if connected else None
    params = {"linkage": linkage, "connectivity": connectivity, "compute_distances": True}
    ours = AgglomerativeClustering(k, **params).fit(X)
    theirs = peers.AgglomerativeClustering(k, **params).fit(X)
    assert adjusted_rand_score(ours.labels_, theirs.labels_) == 1.0
    assert len(np.unique(ours.labels_)) == k == ours.n_clusters_
    np.testing.assert_array_equal(ours.children_, np.sort(theirs.children_))
    np.testing.assert_allclose(ours.distances_, theirs.distances_, rtol=1e-9)
    assert (ours.n_leaves_, ours.n_connected_components_) == (theirs.n_leaves_, theirs.n_connected_components_)
    if linkage != "single":
        np.testing.assert_array_equal(ours.labels_, theirs.labels_)


def test_optimality():
    """A threshold gives clusters whose merges were all below it, and no two of which are nearer."""
    X = points(200, 2)
    model = AgglomerativeClustering(None, distance_threshold=0.4, linkage="single").fit(X)
    D = oracle.distances(X)
    apart = model.labels_[:, None] != model.labels_[None]
    assert D[apart].min() >= 0.4
    for label in range(model.n_clusters_):
        own = D[np.ix_(model.labels_ == label, model.labels_ == label)] + 9 * np.eye((model.labels_ == label).sum())
        assert len(own) == 1 or own.min(axis=1).max() < 0.4


def test_real_data():
    X, y = load_iris(return_X_y=True)
    assert adjusted_rand_score(y, AgglomerativeClustering(3).fit_predict(X)) > 0.7
    moons, side = make_moons(300, noise=0.05, random_state=0)
    assert adjusted_rand_score(side, AgglomerativeClustering(2, linkage="single").fit_predict(moons)) == 1.0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 40), share=st.floats(0, 1))
def test_invariances(seed, n, share):
    """The order of the rows does not matter; k clusters are a refinement of k - 1."""
    rng = np.random.default_rng(seed)
    X, order, k = rng.normal(size=(n, 2)), rng.permutation(n), 1 + int(share * (n - 1))
    labels = AgglomerativeClustering(k).fit_predict(X)
    assert adjusted_rand_score(labels[order], AgglomerativeClustering(k).fit_predict(X[order])) == 1.0
    if k > 1:
        coarse = AgglomerativeClustering(k - 1).fit_predict(X)
        assert len({*zip(labels.tolist(), coarse.tolist(), strict=True)}) == k


def test_a_graph_keeps_clusters_together():
    """Neighbours on a line: each cluster is an interval, although values repeat."""
    y = np.sin(np.arange(300) / 20.0)[:, None]
    line = np.eye(300, k=1)
    for linkage in [*LINKAGES, "weighted"]:
        labels = AgglomerativeClustering(7, linkage=linkage, connectivity=line).fit_predict(y)
        assert (np.diff(labels) != 0).sum() == 6
    with pytest.raises(ValueError, match="takes no connectivity"):
        AgglomerativeClustering(linkage="median", connectivity=line).fit(y)


def test_a_graph_in_pieces_is_joined_up():
    X = np.concatenate([points(30, 2), points(30, 2) + 50])
    blocks = np.kron(np.eye(2), np.ones((30, 30)))
    for linkage in LINKAGES:
        with pytest.warns(UserWarning, match="2 > 1. Completing it"):
            model = AgglomerativeClustering(2, linkage=linkage, connectivity=blocks).fit(X)
        assert model.n_connected_components_ == 2
        assert adjusted_rand_score(model.labels_, np.repeat([0, 1], 30)) == 1.0


def test_a_star_needs_room_to_grow():
    """A hub with all edges: lists of edges outgrow their first room."""
    X, star = points(400, 3), np.zeros((400, 400))
    star[0] = 1
    for linkage in ("ward", "average", "complete"):
        ours = AgglomerativeClustering(5, linkage=linkage, connectivity=star).fit(X)
        theirs = peers.AgglomerativeClustering(5, linkage=linkage, connectivity=star).fit(X)
        np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    dense = AgglomerativeClustering(5, connectivity=np.ones((400, 400))).fit(X)
    np.testing.assert_array_equal(dense.labels_, AgglomerativeClustering(5).fit(X).labels_)


def test_metrics():
    X = points(80)
    D = oracle.distances(X)
    for linkage in ("average", "complete", "single"):
        plain = AgglomerativeClustering(4, linkage=linkage).fit(X)
        for metric, data in (("precomputed", D), (oracle.distances, X), ("l2", X)):
            same = AgglomerativeClustering(4, linkage=linkage, metric=metric).fit(data)
            np.testing.assert_array_equal(plain.labels_, same.labels_)
    with pytest.raises(ValueError, match="Ward can only work with euclidean"):
        AgglomerativeClustering(metric="manhattan").fit(X)


def test_trees_can_be_kept(tmp_path):
    X = points(50)
    first = AgglomerativeClustering(3, memory=str(tmp_path)).fit(X)
    again = AgglomerativeClustering(5, memory=str(tmp_path)).fit(X)
    np.testing.assert_array_equal(first.children_, again.children_)
    assert again.n_clusters_ == 5
    assert any(tmp_path.rglob("*.pkl"))


def test_edge_cases():
    X = points(10)
    assert (np.sort(AgglomerativeClustering(10).fit_predict(X)) == np.arange(10)).all()
    assert AgglomerativeClustering(1).fit(X).certificate_.endswith("and inf")
    assert AgglomerativeClustering(2).fit(np.ones((6, 2))).n_clusters_ == 2
    assert AgglomerativeClustering(None, distance_threshold=1.0).fit(np.ones((6, 2))).n_clusters_ == 1
    assert AgglomerativeClustering(None, distance_threshold=0.0).fit(X).n_clusters_ == 10
    with pytest.raises(ValueError, match="more clusters than samples"):
        AgglomerativeClustering(11).fit(X)
    with pytest.raises(ValueError, match="minimum of 2"):
        AgglomerativeClustering(1).fit(X[:1])
    with pytest.raises(ValueError, match="Exactly one"):
        AgglomerativeClustering(3, distance_threshold=1.0).fit(X)
    with pytest.raises(ValueError, match="Exactly one"):
        AgglomerativeClustering(None).fit(X)
    with pytest.raises(ValueError, match="compute_full_tree must be True"):
        AgglomerativeClustering(None, distance_threshold=1.0, compute_full_tree=False).fit(X)
    with pytest.raises(ValueError, match="Wrong shape for connectivity"):
        AgglomerativeClustering(connectivity=np.ones((3, 3))).fit(X)
    with pytest.raises(ValueError, match="NaN"):
        AgglomerativeClustering().fit(np.where(X > 2, np.nan, X) * [np.nan, 1, 1, 1])


def test_reproducible(tmp_path):
    X = points(700)
    first = AgglomerativeClustering(5).fit(X)
    with panlearn.threads(1):
        np.testing.assert_array_equal(first.labels_, AgglomerativeClustering(5).fit(X).labels_)
    panlearn.save(first, tmp_path / "m.panlearn")
    for copy in (pickle.loads(pickle.dumps(first)), panlearn.load(tmp_path / "m.panlearn")):
        np.testing.assert_array_equal(copy.linkage_matrix_, first.linkage_matrix_)
        assert copy.certificate_ == first.certificate_
