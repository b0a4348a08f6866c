"""Probabilistic PCA: the closed form, EM, and what both say of rows with holes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA as Peer
from sklearn.exceptions import ConvergenceWarning

from panlearn.core.errors import DataError
from panlearn.decomposition import ProbabilisticPCA
from tests.oracles import principal_components as oracle


def cloud(n: int = 150, p: int = 5, missing: float = 0.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)) @ rng.normal(size=(2, p)) * 2 + 0.5 * rng.normal(size=(n, p)) + 1
    return np.where(rng.random(X.shape) < missing, np.nan, X)


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_matches_oracle(missing):
    X = cloud(missing=missing)
    model = ProbabilisticPCA(2, random_state=0).fit(X)
    C = model.get_covariance()
    np.testing.assert_allclose(model.score_samples(X), oracle.log_likelihood(X, model.mean_, C), rtol=1e-8)
    assert model.log_likelihood_ == pytest.approx(model.score(X), abs=1e-5)
    holes = cloud(missing=0.4, seed=1)
    expected = [oracle.conditional_mean(x, model.mean_, C) for x in holes]
    np.testing.assert_allclose(model.fill_in(holes), expected, atol=1e-8)


def test_matches_peer():
    """The peer divides by n - 1 where the likelihood has n."""
    X = cloud()
    ours, peer = ProbabilisticPCA(2).fit(X), Peer(2).fit(X)
    np.testing.assert_allclose(ours.explained_variance_ * 150 / 149, peer.explained_variance_, rtol=1e-9)
    assert ours.noise_variance_ * 150 / 149 == pytest.approx(peer.noise_variance_, rel=1e-9)
    np.testing.assert_allclose(ours.components_, np.asarray(peer.components_), atol=1e-9)
    assert ours.score(X) > peer.score(X)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_optimality(missing):
    """No parameters nearby are more likely."""
    X, rng = cloud(missing=missing), np.random.default_rng(0)
    model = ProbabilisticPCA(2, tol=1e-10, max_iter=5000, random_state=0).fit(X)
    W, best = model._subspace().loadings, oracle.log_likelihood(X, model.mean_, model.get_covariance()).mean()
    for _ in range(20):
        step = 0.02
        moved = W + step * rng.normal(size=W.shape)
        noise = model.noise_variance_ * np.exp(step * rng.normal())
        mean = model.mean_ + step * rng.normal(size=5)
        assert oracle.log_likelihood(X, mean, moved @ moved.T + noise * np.eye(5)).mean() < best
    assert (np.diff(model.log_likelihood_path_) > -1e-10).all()
    assert "log-likelihood a row" in model.certificate_


@given(st.integers(0, 50), st.booleans())
@settings(max_examples=15)
def test_invariances(seed, holes):
    """Weights are repetitions; order of the rows does not matter."""
    X, rng = cloud(60, 4, 0.15 * holes), np.random.default_rng(seed)
    weight = rng.integers(0, 3, 60)
    order = rng.permutation(weight.sum())
    a = ProbabilisticPCA(1, random_state=0, tol=1e-9).fit(X, sample_weight=weight)
    b = ProbabilisticPCA(1, random_state=0, tol=1e-9).fit(np.repeat(X, weight, axis=0)[order])
    assert a.log_likelihood_ == pytest.approx(b.log_likelihood_, rel=1e-7)
    np.testing.assert_allclose(a.components_, b.components_, atol=1e-3)


def test_posterior_shrinks_and_comes_back():
    X = cloud()
    model = ProbabilisticPCA(2).fit(X)
    Z = model.transform(X)
    plain = (X - model.mean_) @ model.components_.T
    scale = np.sqrt(model.explained_variance_ - model.noise_variance_) / model.explained_variance_
    np.testing.assert_allclose(Z, plain * scale, rtol=1e-9)
    shrunk = plain * (1 - model.noise_variance_ / model.explained_variance_)
    np.testing.assert_allclose(model.inverse_transform(Z), shrunk @ model.components_ + model.mean_, rtol=1e-9)


def test_edge_cases():
    for X in (cloud(2, 2), cloud(40, 1), cloud(1, 5)):
        with pytest.raises(DataError, match="n_samples="):
            ProbabilisticPCA(2).fit(X)
    line = np.outer(np.arange(9.0), [1.0, 2.0, 3.0])
    with pytest.raises(DataError, match="no bound"):
        ProbabilisticPCA(1).fit(line)
    with pytest.raises(DataError, match="no bound"):
        ProbabilisticPCA(1).fit(np.ones((6, 3)))
    with pytest.raises(ValueError, match="infinity"):
        ProbabilisticPCA(1).fit(np.array([[np.inf, 1, 2], [1, 2, np.nan], [3, 4, 1.0]]))
    empty = cloud()
    empty[3] = np.nan  # a row of which nothing was seen says nothing
    a, b = (ProbabilisticPCA(1, random_state=0).fit(X) for X in (empty, np.delete(cloud(), 3, axis=0)))
    np.testing.assert_allclose(a.components_, b.components_, atol=1e-3)
    with pytest.warns(ConvergenceWarning, match="still gains"):
        ProbabilisticPCA(2, max_iter=2, random_state=0).fit(cloud(missing=0.3))


def test_reproducible():
    X = cloud(missing=0.2)
    a, b = (ProbabilisticPCA(2, random_state=3).fit(X) for _ in range(2))
    np.testing.assert_array_equal(a.components_, b.components_)
    assert ProbabilisticPCA(1, random_state=0).fit(X.astype(np.float32)).transform(X).dtype == np.float32
