"""Linkage: the definition, SciPy, what the trees must satisfy, bad data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist, squareform

import panlearn
from panlearn.cluster import linkage, linkages
from panlearn.cluster.linkages import METHODS
from tests.oracles import hierarchical_clustering as oracle

REDUCIBLE = ("single", "complete", "average", "weighted", "ward")


@pytest.fixture
def own(monkeypatch):
    """Never hand a small problem to SciPy."""
    monkeypatch.setattr(linkages, "SMALL", 0)


def points(n=60, p=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n, p))


def assert_same_tree(ours, theirs, rtol=1e-12):
    np.testing.assert_array_equal(ours[:, [0, 1, 3]], theirs[:, [0, 1, 3]])
    np.testing.assert_allclose(ours[:, 2], theirs[:, 2], rtol=rtol)


@pytest.mark.parametrize("method", METHODS)
def test_matches_oracle(method, own):
    X = points(24, 3)
    if method in ("weighted", "median"):
        expected = oracle.agglomerate_updated(oracle.distances(X), method)
    else:
        expected = oracle.agglomerate(X, method)
    assert_same_tree(linkage(X, method), expected)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "p"), [(2, 1), (3, 2), (40, 7), (300, 2), (1100, 5)])
def test_matches_peer(method, n, p, own):
    X = points(n, p)
    assert_same_tree(linkage(X, method), hierarchy.linkage(X, method))


@pytest.mark.parametrize("method", METHODS)
def test_distances_as_input(method, own):
    d = pdist(points(90))
    expected = hierarchy.linkage(d, method)
    assert_same_tree(linkage(d, method), expected)
    assert_same_tree(linkage(squareform(d), method, "precomputed"), expected)


@pytest.mark.parametrize(
    "metric", ["cityblock", "manhattan", "cosine", "chebyshev", "sqeuclidean", "correlation", "seuclidean"]
)
@pytest.mark.parametrize("method", ["average", "complete", "single", "weighted"])
def test_metrics(metric, method, own):
    X = points(70)
    name = "cityblock" if metric == "manhattan" else metric
    assert_same_tree(linkage(X, method, metric), hierarchy.linkage(X, method, name), rtol=1e-10)


def test_a_function_of_two_points_is_a_metric(own):
    X = points(30)
    assert_same_tree(linkage(X, "average", lambda a, b: abs(a - b).sum()), linkage(X, "average", "l1"))
    on_a_sphere = linkage(np.clip(points(30, 2), -1, 1), "average", "haversine")
    assert len(on_a_sphere) == 29


@pytest.mark.parametrize("method", METHODS)
def test_optimality(method, own):
    """Every merge is of the two clusters that were closest, in the definition's sense."""
    X = points(35, 2, seed=4)
    if method in ("weighted", "median"):
        pytest.skip("not a function of the members alone; see test_matches_oracle")
    D, clusters = oracle.distances(X), {i: [i] for i in range(35)}
    for t, (a, b, height, size) in enumerate(linkage(X, method)):
        least = min(oracle.between(D, X, clusters[i], clusters[j], method) for i in clusters for j in clusters if i < j)
        np.testing.assert_allclose(oracle.between(D, X, clusters[a], clusters[b], method), least, rtol=1e-12)
        np.testing.assert_allclose(height, least, rtol=1e-12)
        clusters[35 + t] = clusters.pop(a) + clusters.pop(b)
        assert len(clusters[35 + t]) == size


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), p=st.integers(1, 6), power=st.integers(-250, 250))
def test_invariances(seed, n, p, power):
    """Order of rows, shifts by exact numbers, and powers of two change nothing but the numbers of the leaves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linkages, "SMALL", 0)
        rng = np.random.default_rng(seed)
        X = rng.integers(-(10**6), 10**6, size=(n, p)).astype(float)
        for method in METHODS:
            Z = linkage(X, method)
            np.testing.assert_array_equal(linkage(np.ldexp(X, power), method)[:, :2], Z[:, :2])
            np.testing.assert_allclose(linkage(np.ldexp(X, power), method)[:, 2], np.ldexp(Z[:, 2], power))
            order = rng.permutation(n)
            np.testing.assert_allclose(linkage(X[order], method)[:, 2], Z[:, 2], rtol=1e-9)
            np.testing.assert_allclose(linkage(X + 4096.0, method)[:, 2], Z[:, 2], rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 80), values=st.integers(1, 4))
def test_ties(seed, n, values):
    """Points on a grid, many equal: any order of equal merges is a tree, and heights of single linkage are unique."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linkages, "SMALL", 0)
        X = np.random.default_rng(seed).integers(0, values, size=(n, 2)).astype(float)
        for method in METHODS:
            Z = linkage(X, method)
            assert hierarchy.is_valid_linkage(Z)
            assert Z[-1, 3] == n
            assert (np.sort(Z[:, :2].ravel()) == np.arange(2 * n - 2)).all()
            if method in REDUCIBLE:
                assert (np.diff(Z[:, 2]) >= 0).all()
        np.testing.assert_allclose(linkage(X, "single")[:, 2], hierarchy.linkage(pdist(X), "single")[:, 2])


@pytest.mark.parametrize("method", METHODS)
def test_edge_cases(method, own):
    same = np.full((50, 3), 7.0)
    np.testing.assert_array_equal(linkage(same, method)[:, 2], 0.0)
    line = np.arange(400.0)[:, None] ** 2  # each point's nearest is the one before: the longest chain there is
    np.testing.assert_allclose(linkage(line, method)[:, 2], hierarchy.linkage(line, method)[:, 2], rtol=1e-10)
    twice = np.repeat(points(40, 2), 2, axis=0)
    assert (linkage(twice, method)[:40, 2] == 0).all()
    for scale in (1e-280, 1e280):
        Z = linkage(points(30) * scale, method)
        np.testing.assert_allclose(Z[:, 2] / scale, linkage(points(30), method)[:, 2], rtol=1e-9)
    far = linkage(points(50) * 1e-3 + 1e8, method)
    assert np.isfinite(far).all()
    star = np.vstack([np.zeros((1, 40)), np.eye(40)])  # a hub that is nearest to all
    np.testing.assert_allclose(np.sort(linkage(star, method)[:, 2])[0], 1.0)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="method must be one of"):
        linkage(points(5), "nearest")
    with pytest.raises(ValueError, match="needs Euclidean"):
        linkage(points(5), "ward", "cityblock")
    with pytest.raises(ValueError, match="minimum of 2"):
        linkage(points(1))
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            linkage([[0.0], [bad]])
    with pytest.raises(ValueError, match="square"):
        linkage(points(5, 3), "average", "precomputed")
    with pytest.raises(ValueError, match="at least 0"):
        linkage([1.0, -2.0, 3.0])
    with pytest.raises(ValueError, match="condensed"):
        linkage([1.0, 2.0])
    with pytest.raises(ValueError, match="zero vectors"):
        linkage(np.eye(3) * [1, 1, 0], "average", "cosine")
    with pytest.raises(ValueError, match="nonsense"):
        linkage(points(5), "average", "nonsense")


@pytest.mark.parametrize("method", METHODS)
def test_reproducible(method):
    X = points(900, 4)
    with panlearn.threads(1):
        first = linkage(X, method)
    with panlearn.threads(3):
        np.testing.assert_array_equal(linkage(X, method), first)
    before = X.copy()
    linkage(X, method)
    np.testing.assert_array_equal(X, before)


def test_the_dendrogram_keeps_its_customary_address():
    from panlearn import cluster, plot

    assert cluster.plot_dendrogram is plot.plot_dendrogram
