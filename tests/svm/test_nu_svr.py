"""nu-SVR: the definition, LIBSVM, the tube it finds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import svm as peers

from panlearn.svm import SVR, NuSVR
from tests.oracles import support_vector_machine as oracle

Peer: Any = peers.NuSVR


def data(n=40, p=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, np.sin(X[:, 0]) + X[:, 1] + 0.3 * rng.normal(size=n) + 3


@pytest.mark.parametrize("kernel", ["linear", "rbf", "laplacian"])
def test_matches_oracle(kernel):
    X, y = data(20)
    weight = np.random.default_rng(1).uniform(0.5, 2, size=20)
    model = NuSVR(kernel=kernel, C=2.0, nu=0.4, gamma=0.3, tol=1e-7).fit(X, y, weight)
    K = oracle.gram(kernel, X, X, 0.3)
    beta, value = oracle.regress_nu(K, y, 2.0 * weight, 0.4)
    np.testing.assert_allclose(model.objective_, value, rtol=1e-5)
    np.testing.assert_allclose(model.predict(X) - model.intercept_, K @ beta, atol=1e-2)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf"])
@pytest.mark.parametrize("nu", [0.2, 0.7])
def test_matches_peer(kernel, nu):
    X, y = data(200)
    params = {"kernel": kernel, "nu": nu, "C": 3.0, "gamma": 0.05, "tol": 1e-6}
    ours, theirs = NuSVR(**params).fit(X, y), Peer(**params).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-4)
    np.testing.assert_array_equal(ours.support_, theirs.support_)


def test_optimality():
    """It is SVR with the epsilon it finds."""
    X, y = data(200)
    model = NuSVR(nu=0.3, C=2.0, tol=1e-7).fit(X, y)
    same = SVR(epsilon=model.epsilon_, C=2.0, tol=1e-7).fit(X, y)
    np.testing.assert_allclose(model.predict(X), same.predict(X), atol=1e-4)
    assert model.kkt_violation_ <= 1e-7
    assert 0 <= model.duality_gap_ < 1e-4


@settings(max_examples=6)
@given(st.integers(0, 30))
def test_invariances(seed):
    X, y = data(seed=seed)
    rng, fit = np.random.default_rng(seed), NuSVR(nu=0.4, gamma=0.3, tol=1e-7)
    T, order = rng.normal(size=(20, 3)), rng.permutation(40)
    base = fit.fit(X, y).predict(T)
    np.testing.assert_allclose(fit.fit(X[order], y[order]).predict(T), base, atol=1e-4)
    np.testing.assert_allclose(fit.fit(X, 5 - y).predict(T), 5 - base, atol=1e-4)
    np.testing.assert_allclose(fit.fit(sparse.csr_array(X), y).predict(T), base, atol=1e-4)


@pytest.mark.parametrize("nu", [0.1, 0.4, 0.8])
def test_nu_bounds_errors_and_support(nu):
    X, y = data(300)
    model = NuSVR(nu=nu, tol=1e-7).fit(X, y)
    outside = np.abs(model.predict(X) - y) > model.epsilon_ + 1e-5
    assert outside.mean() <= nu <= len(model.support_) / 300


def test_edge_cases():
    X, y = data()
    assert np.allclose(NuSVR().fit(X, np.full(40, 7.0)).predict(X), 7)
    assert np.isclose(NuSVR().fit(X[:1], [3.0]).predict(X[:1])[0], 3)
    with pytest.raises(ValueError, match="The 'nu' parameter of NuSVR"):
        NuSVR(nu=1.5).fit(X, y)
    with pytest.raises(ValueError, match="zero or negative weights"):
        NuSVR().fit(X, y, np.zeros(40))


def test_reproducible():
    X, y = data(200)
    np.testing.assert_array_equal(NuSVR().fit(X, y).dual_coef_, NuSVR().fit(X, y).dual_coef_)
