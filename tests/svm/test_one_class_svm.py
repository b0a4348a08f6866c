"""One-class SVM: the definition, LIBSVM, the meaning of nu."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import svm as peers

from panlearn.svm import OneClassSVM
from tests.oracles import support_vector_machine as oracle

Peer: Any = peers.OneClassSVM


def data(n=40, p=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, p))


@pytest.mark.parametrize("kernel", ["poly", "rbf", "laplacian"])
def test_matches_oracle(kernel):
    X = data(24)
    weight = np.random.default_rng(1).uniform(0.5, 2, size=24)
    model = OneClassSVM(nu=0.3, kernel=kernel, gamma=0.3, coef0=1.0, tol=1e-7).fit(X, sample_weight=weight)
    K = oracle.gram(kernel, X, X, 0.3, 3, 1.0)
    alpha, value = oracle.one_class(K, weight, 0.3)
    np.testing.assert_allclose(model.objective_, value, rtol=1e-5)
    np.testing.assert_allclose(model.score_samples(X), K @ alpha, rtol=1e-2)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid"])
@pytest.mark.parametrize("nu", [0.1, 0.5])
def test_matches_peer(kernel, nu):
    X = data(200) + 2
    params = {"kernel": kernel, "nu": nu, "gamma": 0.05, "tol": 1e-6}
    ours, theirs = OneClassSVM(**params).fit(X), Peer(**params).fit(X)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(ours.offset_, theirs.offset_, rtol=1e-3, atol=1e-2)
    if kernel in ("poly", "rbf"):  # elsewhere several sets of alpha give the same hyperplane
        np.testing.assert_array_equal(ours.support_, theirs.support_)


def test_optimality():
    X = data(200)
    model = OneClassSVM(nu=0.2, tol=1e-7).fit(X)
    alpha, f = np.zeros(200), model.decision_function(X)
    alpha[model.support_] = model.dual_coef_[0]
    assert np.isclose(alpha.sum(), 0.2 * 200)
    assert (f[alpha == 0] >= -1e-7).all()
    assert (f[alpha == 1] <= 1e-7).all()
    np.testing.assert_allclose(f[(alpha > 0) & (alpha < 1)], 0, atol=1e-7)
    assert model.kkt_violation_ <= 1e-7
    assert 0 <= model.duality_gap_ < 1e-4


@settings(max_examples=6)
@given(st.integers(0, 30))
def test_invariances(seed):
    X = data(seed=seed)
    rng, fit = np.random.default_rng(seed), OneClassSVM(nu=0.3, tol=1e-8)
    T = rng.normal(size=(20, 3))
    base = fit.fit(X).decision_function(T)
    np.testing.assert_allclose(fit.fit(X[rng.permutation(40)]).decision_function(T), base, atol=1e-5)
    np.testing.assert_allclose(fit.fit(sparse.csr_array(X)).decision_function(T), base, atol=1e-5)
    np.testing.assert_allclose(fit.fit(1e4 * X).decision_function(1e4 * T), base, atol=1e-5)
    times = rng.integers(0, 3, 40)
    fixed = OneClassSVM(nu=0.3, gamma=0.3, tol=1e-8)
    repeated = fixed.fit(np.repeat(X, times, axis=0)).decision_function(T)
    np.testing.assert_allclose(fixed.fit(X, sample_weight=times).decision_function(T), repeated, atol=1e-5)


@pytest.mark.parametrize("nu", [0.05, 0.3, 1.0])
def test_nu_bounds_outliers_and_support(nu):
    X = data(300)
    model = OneClassSVM(nu=nu, tol=1e-7).fit(X)
    assert np.mean(model.decision_function(X) < -1e-5) <= nu <= len(model.support_) / 300 + 1e-12


def test_edge_cases():
    X = data()
    for bad in ({"nu": 0.0}, {"nu": 2.0}, {"gamma": -1.0}):
        with pytest.raises(ValueError, match=f"The '{next(iter(bad))}' parameter of OneClassSVM"):
            OneClassSVM(**bad).fit(X)
    with pytest.raises(ValueError, match="zero or negative weights"):
        OneClassSVM().fit(X, sample_weight=np.zeros(40))
    with pytest.raises(ValueError, match="contains NaN"):
        OneClassSVM().fit(np.full((3, 2), np.nan))
    same = OneClassSVM().fit(np.ones((5, 2)))
    assert np.isfinite(same.decision_function(np.ones((1, 2)))).all()
    assert OneClassSVM().fit(X).fit_predict(X).tolist() == OneClassSVM().fit(X).predict(X).tolist()
    assert OneClassSVM().fit(X[:1]).support_.tolist() == [0]


def test_reproducible():
    X = data(200)
    np.testing.assert_array_equal(OneClassSVM().fit(X).dual_coef_, OneClassSVM().fit(X).dual_coef_)
