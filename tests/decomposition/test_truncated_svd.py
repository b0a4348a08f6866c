"""Truncated SVD: the best matrix of its rank."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD as Peer

from panlearn.decomposition import TruncatedSVD

NO_ORACLE = "numpy.linalg.svd is the slow, obvious version"
ALGORITHMS = ("randomized", "arpack")


def words(n: int = 120, p: int = 60) -> sp.csr_array:
    X = sp.random_array((n, p), density=0.1, format="csr", rng=np.random.default_rng(0))
    return sp.csr_array(X * 0.9 ** np.arange(p))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("sparse", [False, True])
def test_matches_oracle(algorithm, sparse):
    X = words()
    _, s, Vt = np.linalg.svd(X.toarray())
    model = TruncatedSVD(3, algorithm=algorithm, n_iter=15, random_state=0).fit(X if sparse else X.toarray())
    np.testing.assert_allclose(model.singular_values_, s[:3], rtol=1e-8)
    np.testing.assert_allclose(np.abs((model.components_ * Vt[:3]).sum(axis=1)), 1, atol=1e-6)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_matches_peer(algorithm):
    X = words()
    ours = TruncatedSVD(4, algorithm=algorithm, n_iter=10, random_state=0)
    peer = Peer(4, algorithm="arpack", random_state=0)
    np.testing.assert_allclose(ours.fit_transform(X), peer.fit_transform(X), atol=1e-4)
    for name in ("explained_variance_", "explained_variance_ratio_", "singular_values_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(peer, name), rtol=1e-6, err_msg=name)


def test_optimality():
    """The error is that of the singular values left out, which no matrix of the rank undercuts [eckart1936]."""
    X = words().toarray()
    s = np.linalg.svd(X, compute_uv=False)
    model = TruncatedSVD(5, n_iter=15, random_state=0)
    error = np.linalg.norm(X - model.inverse_transform(model.fit_transform(X)))
    assert error == pytest.approx(np.sqrt((s[5:] ** 2).sum()), rel=1e-8)
    assert model.residual_ < 1e-4


@given(st.floats(1e-5, 1e5), st.integers(0, 30))
def test_invariances(scale, seed):
    X = words(40, 12)
    order = np.random.default_rng(seed).permutation(40)
    a = TruncatedSVD(2, random_state=0).fit(X)
    b = TruncatedSVD(2, random_state=0).fit(X[order] * scale)
    np.testing.assert_allclose(b.singular_values_, a.singular_values_ * scale, rtol=1e-6)


def test_edge_cases():
    with pytest.raises(ValueError, match=r"n_components\(99\) must be <= n_features\(60\)"):
        TruncatedSVD(99).fit(words())
    with pytest.raises(ValueError, match="min"):
        TruncatedSVD(60, algorithm="arpack").fit(words())
    with pytest.raises(ValueError, match="NaN"):
        TruncatedSVD().fit(np.array([[np.nan, 1.0], [2.0, 3.0]]))
    zero = TruncatedSVD(2).fit(np.zeros((4, 3)))
    np.testing.assert_array_equal(zero.singular_values_, 0)
    assert TruncatedSVD(3).fit_transform(np.arange(12.0).reshape(2, 6)).shape == (2, 3)


def test_reproducible():
    X = words()
    a, b = (TruncatedSVD(3, random_state=1).fit(X) for _ in range(2))
    np.testing.assert_array_equal(a.components_, b.components_)
    assert TruncatedSVD(2).fit_transform(X.astype(np.float32)).dtype == np.float32
