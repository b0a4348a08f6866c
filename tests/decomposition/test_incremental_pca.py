"""Incremental PCA: exact where nothing is cut off, the peer's answer otherwise."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.decomposition import IncrementalPCA as Peer

from panlearn.core.errors import DataError
from panlearn.decomposition import PCA, IncrementalPCA
from tests.oracles import principal_components as oracle


def cloud(n: int, p: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) * 0.7 ** np.arange(p) + rng.normal(size=p)


def test_matches_oracle():
    X = cloud(60, 4)
    values, vectors = oracle.axes(X, 3)
    model = IncrementalPCA(batch_size=13).fit(X)
    np.testing.assert_allclose(model.explained_variance_[:3], values, rtol=1e-8)
    np.testing.assert_allclose(model.components_[:3], vectors, atol=1e-5)


@pytest.mark.parametrize("k", [None, 3, 10])
def test_matches_peer(k):
    X = load_digits(return_X_y=True)[0]
    ours, peer = IncrementalPCA(k, batch_size=200).fit(X), Peer(k, batch_size=200).fit(X)
    for name in ("explained_variance_", "explained_variance_ratio_", "mean_", "var_", "noise_variance_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(peer, name), rtol=1e-7, atol=1e-8, err_msg=name)
    np.testing.assert_allclose(ours.transform(X)[:, :3], peer.transform(X)[:, :3], atol=1e-6)
    assert (ours.n_samples_seen_, ours.n_components_, ours.batch_size_) == (len(X), peer.n_components_, 200)


@given(st.lists(st.integers(4, 25), min_size=1, max_size=5), st.integers(0, 50))
def test_optimality(sizes, seed):
    """With all components kept, batches of any size give PCA's answer."""
    X, start, model = cloud(sum(sizes), 4, seed), 0, IncrementalPCA()
    for size in sizes:
        model.partial_fit(X[start : start + size])
        start += size
    np.testing.assert_allclose(model.explained_variance_, PCA().fit(X).explained_variance_, rtol=1e-8)
    assert model.reconstruction_error_ < 1e-10
    assert "100 %" in model.certificate_


def test_invariances():
    X = cloud(100, 5)
    values = IncrementalPCA(2, batch_size=20).fit(X).explained_variance_
    Q = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    np.testing.assert_allclose(IncrementalPCA(2, batch_size=20).fit(X @ Q + 5).explained_variance_, values, rtol=1e-9)
    for matrix in (sp.csr_array(X), sp.csc_array(X), sp.lil_array(X)):
        np.testing.assert_allclose(IncrementalPCA(2, batch_size=20).fit(matrix).explained_variance_, values)


def test_edge_cases():
    X = cloud(30, 4)
    with pytest.raises(DataError, match="invalid for n_features=4"):
        IncrementalPCA(5).fit(X)
    with pytest.raises(DataError, match="batch number of samples 2"):
        IncrementalPCA(3).partial_fit(X[:2])
    with pytest.raises(TypeError, match="does not support sparse"):
        IncrementalPCA().partial_fit(sp.csr_array(X))
    with pytest.raises(ValueError, match="NaN"):
        IncrementalPCA().fit(np.where(X > 1, np.nan, X))
    model = IncrementalPCA(2).partial_fit(X)
    with pytest.raises(DataError, match="has changed from 2 to 3"):
        model.set_params(n_components=3).partial_fit(X)
    flat = IncrementalPCA(1).fit(np.ones((9, 3)))
    np.testing.assert_array_equal(flat.explained_variance_ratio_, 0)


def test_reproducible():
    X = cloud(50, 4)
    before = X.copy()
    a, b = (IncrementalPCA(2, batch_size=10, copy=False).fit(X) for _ in range(2))
    np.testing.assert_array_equal(a.components_, b.components_)
    np.testing.assert_array_equal(X, before)
