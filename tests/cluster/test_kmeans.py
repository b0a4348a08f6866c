"""K-means: the written-out iteration, scikit-learn, fixed points, bad data."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import cluster as peers
from sklearn.exceptions import ConvergenceWarning

import panlearn
from panlearn.cluster import KMeans, k_means
from tests.oracles import kmeans as oracle

Peer: Any = peers.KMeans


def data(n=60, p=3, k=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(k, p))[rng.integers(k, size=n)] * 4 + rng.normal(size=(n, p))


@pytest.mark.parametrize(("n", "p", "k"), [(60, 3, 4), (3000, 5, 16), (1500, 40, 55)])  # all distances; both bounds
@pytest.mark.parametrize("weighted", [False, True])
def test_matches_oracle(n, p, k, weighted):
    X = data(n, p, k)
    weight = np.random.default_rng(1).uniform(0.5, 2, n) if weighted else np.ones(n)
    model = KMeans(k, init=X[:k], tol=0.0).fit(X, sample_weight=weight)
    rows = slice(None) if n < 100 else np.random.default_rng(2).choice(n, 60, replace=False)
    label, _ = oracle.nearest(X[rows], model.cluster_centers_)
    np.testing.assert_array_equal(model.labels_[rows], label)
    if n < 100:
        centres, label, trace = oracle.lloyd(X, X[:k], weight)
        np.testing.assert_allclose(model.cluster_centers_, centres, rtol=1e-12, atol=1e-12)
        assert model.n_iter_ == len(trace)
        assert model.inertia_ == pytest.approx(trace[-1], rel=1e-12)


def test_a_good_start_finds_the_best_labelling():
    X = data(8, 2, 2, seed=3)
    assert KMeans(2, n_init=20, random_state=0).fit(X).inertia_ == pytest.approx(oracle.best_inertia(X, 2), rel=1e-12)


@pytest.mark.parametrize(("n", "p", "k"), [(150, 4, 3), (4000, 6, 20), (1200, 60, 40)])
@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_matches_peer(n, p, k, init):
    """The same draws, the same path, the same end."""
    X = data(n, p, k)
    settings: Any = {"init": init, "n_init": 2, "random_state": 0}
    ours, theirs = KMeans(k, **settings).fit(X), Peer(k, **settings).fit(X)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.transform(X[:9]), theirs.transform(X[:9]), atol=1e-8)
    assert ours.score(X) == pytest.approx(theirs.score(X), rel=1e-9)


def test_real_data_agree_with_the_peer(shared_data):
    table = pd.read_csv(next((shared_data / "old_faithful").glob("*.csv")))
    X = table.select_dtypes("number").to_numpy(dtype=float)[:, -2:]
    ours, theirs = KMeans(2, random_state=0).fit(X), Peer(2, random_state=0).fit(X)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-10)


def test_optimality():
    """Each row is with its nearest centre, each centre is the mean of its rows, and nothing moves any more."""
    X = data(5000, 4, 30)
    model = KMeans(30, tol=0.0, random_state=0).fit(X)
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    means = [X[model.labels_ == j].mean(axis=0) for j in range(30)]
    np.testing.assert_allclose(model.cluster_centers_, means, rtol=1e-10, atol=1e-10)
    assert model.inertia_ == pytest.approx(((X - model.cluster_centers_[model.labels_]) ** 2).sum(), rel=1e-12)
    assert model.center_shift_ < 1e-12
    assert "inertia" in model.certificate_


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_invariances(seed):
    rng = np.random.default_rng(seed)
    X = data(50, 3, 4, seed)
    model = KMeans(4, init=X[:4]).fit(X)
    order = rng.permutation(50)
    moved = KMeans(4, init=8.0 * X[:4] - 3.0).fit(8.0 * X[order] - 3.0)
    np.testing.assert_array_equal(moved.labels_, model.labels_[order])
    assert moved.inertia_ == pytest.approx(64 * model.inertia_, rel=1e-9)
    times = rng.integers(0, 4, size=50)
    times[:4] = 1
    weighted = KMeans(4, init=X[:4]).fit(X, sample_weight=times)
    repeated = KMeans(4, init=X[:4]).fit(np.repeat(X, times, axis=0))
    np.testing.assert_allclose(weighted.cluster_centers_, repeated.cluster_centers_, rtol=1e-9, atol=1e-9)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-9)
    thin = sparse.csr_matrix(np.where(X > 0, X, 0))
    dense = KMeans(4, init=X[:4]).fit(thin.toarray())
    np.testing.assert_allclose(KMeans(4, init=X[:4]).fit(thin).inertia_, dense.inertia_, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-150, 1e-20, 1e15, 1e150])
@pytest.mark.parametrize("n", [60, 5000])
def test_huge_and_tiny_scales(scale, n):
    X = data(n, 3, 20)
    plain, scaled = KMeans(20, init=X[:20]).fit(X), KMeans(20, init=scale * X[:20]).fit(scale * X)
    np.testing.assert_array_equal(plain.labels_, scaled.labels_)
    np.testing.assert_allclose(scaled.cluster_centers_ / scale, plain.cluster_centers_, rtol=1e-9, atol=1e-12)


def test_rows_far_from_the_origin():
    X = data(5000, 3, 20)
    near, far = KMeans(20, init=X[:20]).fit(X), KMeans(20, init=X[:20] + 1e6).fit(X + 1e6)
    assert (near.labels_ == far.labels_).mean() > 0.999


@pytest.mark.parametrize("n", [30, 4000])
def test_edge_cases(n):
    X = data(n, 3, 5)
    one = KMeans(1).fit(X)
    np.testing.assert_allclose(one.cluster_centers_[0], X.mean(axis=0), atol=1e-12)
    assert KMeans(n if n < 100 else 25, random_state=0).fit(X[: n if n < 100 else 25]).inertia_ == pytest.approx(
        0, abs=1e-18
    )
    with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(1\)"):
        same = KMeans(20, random_state=0).fit(np.full((n, 3), 7.0))
    np.testing.assert_array_equal(same.cluster_centers_, np.full((20, 3), 7.0))
    column = KMeans(8, random_state=0).fit(X[:, :1])
    assert column.inertia_ == pytest.approx(Peer(8, random_state=0).fit(X[:, :1]).inertia_, rel=1e-9)
    for bad in (np.nan, np.inf):
        broken = X.copy()
        broken[3, 1] = bad
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            KMeans(2).fit(broken)
    with pytest.raises(ValueError, match="n_samples=2 should be >= n_clusters=3"):
        KMeans(3).fit(X[:2])
    with pytest.raises(ValueError, match="non-zero"):
        KMeans(3).fit(X, sample_weight=np.zeros(n))
    with pytest.raises(ValueError, match="does not match the number of clusters 3"):
        KMeans(3, init=X[:2]).fit(X)
    with pytest.warns(ConvergenceWarning, match="Raise max_iter"):
        KMeans(5, init=X[:5], max_iter=1, tol=0.0).fit(X)
    with pytest.warns(RuntimeWarning, match="single cluster"):
        KMeans(1, algorithm="elkan").fit(X)


@pytest.mark.parametrize("n", [40, 4000])
def test_an_empty_cluster_goes_to_the_farthest_row(n):
    X = data(n, 2, 3)
    start = np.vstack([X[:19], [[1e3, 1e3]]])  # nobody's nearest
    ours, theirs = KMeans(20, init=start).fit(X), Peer(20, init=start).fit(X)
    assert len(np.unique(ours.labels_)) == 20
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)


def test_weights_of_zero_do_not_count():
    X = data(300, 3, 5)
    weight = np.r_[np.ones(200), np.zeros(100)]
    some, few = KMeans(5, init=X[:5]).fit(X, sample_weight=weight), KMeans(5, init=X[:5]).fit(X[:200])
    np.testing.assert_allclose(some.cluster_centers_, few.cluster_centers_, rtol=1e-9)


@pytest.mark.parametrize("n", [200, 6000])
def test_single_precision(n):
    X = data(n, 4, 10)
    double, single = KMeans(10, init=X[:10]).fit(X), KMeans(10, init=X[:10]).fit(X.astype(np.float32))
    assert single.cluster_centers_.dtype == np.float32
    np.testing.assert_allclose(single.cluster_centers_, double.cluster_centers_, atol=1e-4)
    np.testing.assert_array_equal(single.predict(X.astype(np.float32)), single.labels_)


def test_frames_and_files(tmp_path):
    X = pd.DataFrame(data(), columns=["a", "b", "c"])
    model = KMeans(3, random_state=0).fit(X)
    assert list(model.feature_names_in_) == ["a", "b", "c"]
    assert list(model.set_output(transform="pandas").transform(X).columns) == ["kmeans0", "kmeans1", "kmeans2"]
    for again in (pickle.loads(pickle.dumps(model)), panlearn.load(panlearn.save(model, tmp_path / "k.panlearn"))):
        np.testing.assert_array_equal(again.predict(X), model.labels_)


def test_reproducible():
    X = data(4000, 4, 12)
    first, second = (KMeans(12, random_state=3).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.cluster_centers_, second.cluster_centers_)
    with panlearn.threads(1):
        alone = KMeans(12, random_state=3).fit(X)
    np.testing.assert_array_equal(alone.labels_, first.labels_)


def test_the_function_returns_what_the_estimator_holds():
    X = data()
    model = KMeans(4, random_state=0).fit(X)
    centres, labels, inertia, n_iter = k_means(X, 4, random_state=0, return_n_iter=True)
    np.testing.assert_array_equal(centres, model.cluster_centers_)
    np.testing.assert_array_equal(labels, model.labels_)
    assert (inertia, n_iter) == (model.inertia_, model.n_iter_)
