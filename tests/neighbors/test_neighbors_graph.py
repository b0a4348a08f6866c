"""Graphs of neighbours: definitions, scikit-learn, symmetry, bad data."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import connected_components, laplacian
from sklearn import neighbors as peers
from sklearn.datasets import load_digits, make_moons

import panlearn
from panlearn.neighbors import neighbors_graph
from tests.oracles import nearest_neighbours as oracle

WEIGHTS = ["binary", "distance", "rbf", "heat", "self_tuning"]


@pytest.mark.parametrize("p", [2, 7])
@pytest.mark.parametrize(("mode", "k", "radius"), [("knn", 4, None), ("mutual", 4, None), ("epsilon", None, 1.5)])
def test_matches_oracle(mode, k, radius, p):
    X = np.random.default_rng(0).normal(size=(60, p))
    choice = {"radius": radius} if k is None else {"n_neighbors": k}
    joined = neighbors_graph(X, mode=mode, **choice)
    np.testing.assert_array_equal(joined.toarray(), oracle.graph(X, mode, k, radius))
    lengths = neighbors_graph(X, mode=mode, weights="distance", **choice)
    for i, j in zip(*lengths.nonzero(), strict=True):
        np.testing.assert_allclose(lengths[i, j], oracle.distance(X[i], X[j]), rtol=1e-13)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan"])
@pytest.mark.parametrize("p", [3, 12])
def test_matches_peer(metric, p):
    X = np.random.default_rng(1).normal(size=(700, p))
    theirs = peers.kneighbors_graph(X, 7, mode="distance", metric=metric)
    union, both = theirs.maximum(theirs.T), theirs.minimum(theirs.T)
    for mode, expected in (("knn", union), ("mutual", both)):
        ours = neighbors_graph(X, n_neighbors=7, mode=mode, weights="distance", metric=metric)
        assert abs(ours - expected).max() < 1e-12
        assert ours.nnz == expected.nnz
    radius = float(np.quantile(theirs.data, 0.9))
    ball = neighbors_graph(X, radius=radius, mode="epsilon", weights="distance", metric=metric)
    expected = peers.radius_neighbors_graph(X, radius, mode="distance", metric=metric)
    assert ball.nnz == expected.nnz
    assert abs(ball - expected).max() < 1e-12


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("mode", ["knn", "mutual", "epsilon"])
def test_symmetric_without_loops(mode, weights):
    X, _ = make_moons(600, noise=0.05, random_state=0)
    radius = 0.3 if mode == "epsilon" else None
    W = neighbors_graph(X, mode=mode, weights=weights, radius=radius)
    assert isinstance(W, sparse.csr_array)
    assert W.has_sorted_indices
    assert (W.toarray() == W.T.toarray()).all()
    assert (W.diagonal() == 0).all()
    assert (W.data >= 0).all()
    labels = np.random.default_rng(0).normal(size=600)
    assert labels @ (laplacian(W) @ labels) >= 0


def test_self_tuning_joins_clusters_of_unlike_density_alike():
    """The mean weight of an edge does not depend on how dense its cluster is; that of rbf does."""
    rng = np.random.default_rng(0)
    X = np.r_[0.01 * rng.normal(size=(100, 2)), 10 + rng.normal(size=(100, 2))]
    for weights, alike in (("self_tuning", True), ("rbf", False)):
        W = neighbors_graph(X, weights=weights)
        inner = [W[a : a + 100, a : a + 100].data.mean() for a in (0, 100)]
        assert bool(abs(inner[0] - inner[1]) < 0.05) is alike


def test_two_moons_are_two_components():
    X, y = make_moons(400, noise=0.04, random_state=0)
    count, parts = connected_components(neighbors_graph(X, n_neighbors=8))
    assert count == 2
    assert len(set(zip(parts, y, strict=True))) == 2


def test_neighbours_of_digits_bear_the_same_label():
    X, y = load_digits(return_X_y=True)
    W = neighbors_graph(X, n_neighbors=5, mode="mutual").tocoo()
    assert float(np.mean(y[W.row] == y[W.col])) > 0.98


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 8), p=st.integers(1, 8))
def test_order_units_and_shifts_do_not_matter(seed, k, p):
    rng = np.random.default_rng(seed)
    X, order = rng.normal(size=(40, p)), rng.permutation(40)
    W = neighbors_graph(X, n_neighbors=k, weights="self_tuning").toarray()
    permuted = neighbors_graph(X[order], n_neighbors=k, weights="self_tuning").toarray()
    np.testing.assert_allclose(permuted, W[np.ix_(order, order)], rtol=1e-12)
    moved = neighbors_graph(1024.0 * X + 3.0, n_neighbors=k, weights="self_tuning").toarray()
    np.testing.assert_allclose(moved, W, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("p", [2, 9])
def test_duplicates_only(p):
    X = np.ones((700, p))
    for weights in WEIGHTS:
        W = neighbors_graph(X, n_neighbors=3, weights=weights)
        assert np.diff(W.indptr).min() >= 3
        assert (W.data == (0 if weights == "distance" else 1)).all()
        assert (W.diagonal() == 0).all()


def test_edge_cases():
    X = np.random.default_rng(0).normal(size=(10, 3))
    assert (neighbors_graph(X, n_neighbors=9).toarray() == 1 - np.eye(10)).all()
    assert neighbors_graph(X, radius=0.0, mode="epsilon").nnz == 0
    assert neighbors_graph(X.astype(np.float32), weights="rbf", n_neighbors=2).dtype == np.float32
    assert neighbors_graph([[0.0], [1.0]], n_neighbors=1).nnz == 2
    D = np.abs(X[:, :1] - X[:, 0])
    precomputed = neighbors_graph(D, n_neighbors=3, metric="precomputed")
    np.testing.assert_array_equal(precomputed.toarray(), neighbors_graph(X[:, :1], n_neighbors=3).toarray())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_neighbors": 0}, "between 1 and n - 1 = 9"),
        ({"n_neighbors": 10}, "between 1 and n - 1 = 9"),
        ({"n_neighbors": 2.5}, "n_neighbors"),
        ({"mode": "all"}, "mode"),
        ({"weights": "heavy"}, "weights"),
        ({"gamma": 0.0}, "gamma"),
        ({"radius": 1.0}, "mode='epsilon'"),
        ({"mode": "epsilon"}, "radius"),
        ({"mode": "epsilon", "radius": -1.0}, "radius"),
        ({"mode": "epsilon", "radius": np.nan}, "radius"),
        ({"metric": "no such metric"}, "metric"),
    ],
)
def test_parameters_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        neighbors_graph(np.arange(20.0).reshape(10, 2), **{"n_neighbors": 3, **settings})


@pytest.mark.parametrize("bad", [[[np.nan], [1.0]], [[np.inf], [1.0]], [[1.0]], [1.0, 2.0], np.empty((0, 2))])
def test_bad_data(bad):
    with pytest.raises(ValueError, match=r"NaN|infinity|minimum of 2|2D|sample"):
        neighbors_graph(bad, n_neighbors=1)


def test_sparse_rows_and_frames():
    X = np.random.default_rng(0).normal(size=(50, 4))
    X[np.abs(X) < 0.5] = 0
    W = neighbors_graph(X, n_neighbors=4)
    frame = pd.DataFrame(X, columns=list("abcd"))
    for other in (sparse.csr_array(X), sparse.csc_matrix(X), frame, pl.from_pandas(frame), X.tolist()):
        np.testing.assert_array_equal(neighbors_graph(other, n_neighbors=4).toarray(), W.toarray())


def test_reproducible_with_any_number_of_threads():
    X = np.random.default_rng(0).normal(size=(3000, 8))
    graphs = []
    for count in (1, 2):
        with panlearn.threads(count):
            graphs.append(neighbors_graph(X, weights="self_tuning"))
    np.testing.assert_array_equal(graphs[0].data, graphs[1].data)
    np.testing.assert_array_equal(graphs[0].indices, graphs[1].indices)
