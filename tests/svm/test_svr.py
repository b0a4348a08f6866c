"""Support vector regression: the definition, LIBSVM, optimality, edge cases."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import datasets
from sklearn import svm as peers
from sklearn.exceptions import ConvergenceWarning

from panlearn.svm import SVR
from tests.oracles import support_vector_machine as oracle

Peer: Any = peers.SVR


def data(n=40, p=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, np.sin(X[:, 0]) + X[:, 1] + 0.2 * rng.normal(size=n) + 3


def beta_of(model, n):
    beta = np.zeros(n)
    beta[model.support_] = model.dual_coef_[0]
    return beta


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "laplacian"])
@pytest.mark.parametrize("epsilon", [0.0, 0.3])
def test_matches_oracle(kernel, epsilon):
    X, y = data(20)
    weight = np.random.default_rng(1).uniform(0.5, 2, size=20)
    model = SVR(kernel=kernel, C=2.0, epsilon=epsilon, gamma=0.3, tol=1e-7).fit(X, y, weight)
    K = oracle.gram(kernel, X, X, 0.3)
    beta, value = oracle.regress(K, y, 2.0 * weight, epsilon)
    np.testing.assert_allclose(model.objective_, value, rtol=1e-5)
    np.testing.assert_allclose(model.predict(X) - model.intercept_, K @ beta, atol=1e-2)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid"])
@pytest.mark.parametrize("C", [0.1, 10.0])
def test_matches_peer(kernel, C):
    X, y = data(200)
    weight = np.random.default_rng(1).uniform(0.5, 2, size=200)
    params = {"kernel": kernel, "C": C, "gamma": 0.05, "tol": 1e-7}
    ours, theirs = SVR(**params).fit(X, y, weight), Peer(**params).fit(X, y, weight)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-4)
    np.testing.assert_array_equal(ours.support_, theirs.support_)
    assert ours.n_support_ == theirs.n_support_
    if kernel == "linear":
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)


def test_agrees_with_the_peer_on_diabetes():
    X, y = datasets.load_diabetes(return_X_y=True)
    for params in ({"C": 100.0}, {"C": 100.0, "kernel": "linear"}, {"C": 10.0, "gamma": 5.0}):
        ours, theirs = SVR(**params).fit(X, y), Peer(**params).fit(X, y)
        assert abs(ours.score(X, y) - theirs.score(X, y)) < 1e-3
        assert len(np.setxor1d(ours.support_, theirs.support_)) <= 2


def test_optimality():
    X, y = data(300)
    model = SVR(C=2.0, epsilon=0.1, gamma=0.3, tol=1e-6).fit(X, y)
    beta, error = beta_of(model, 300), y - model.predict(X)
    assert abs(beta.sum()) < 1e-9
    assert (np.abs(error[beta == 0]) <= 0.1 + 1e-6).all()
    free = (np.abs(beta) > 0) & (np.abs(beta) < 2.0)
    np.testing.assert_allclose(error[free], 0.1 * np.sign(beta[free]), atol=1e-6)
    assert (error * np.sign(beta) >= 0.1 - 1e-6)[np.abs(beta) == 2.0].all()
    K = oracle.gram("rbf", X, X, 0.3)
    gap = oracle.tube_objective(K, beta, model.intercept_[0], y, np.full(300, 2.0), 0.1) + model.objective_
    assert 0 <= model.duality_gap_ <= gap + 1e-9 < 1e-3


@settings(max_examples=6)
@given(st.integers(0, 30), st.sampled_from(["linear", "rbf", "laplacian"]))
def test_invariances(seed, kernel):
    X, y = data(seed=seed)
    rng, fit = np.random.default_rng(seed), SVR(kernel=kernel, tol=1e-7, gamma=0.3)
    T = rng.normal(size=(20, 3))
    base = fit.fit(X, y).predict(T)
    order, times = rng.permutation(40), rng.integers(0, 3, 40)
    np.testing.assert_allclose(fit.fit(X[order], y[order]).predict(T), base, atol=1e-4)
    np.testing.assert_allclose(fit.fit(X, -y).predict(T), -base, atol=1e-4)
    np.testing.assert_allclose(fit.fit(X, y + 100).predict(T), base + 100, atol=1e-4)
    np.testing.assert_allclose(fit.fit(sparse.csr_array(X), y).predict(T), base, atol=1e-4)
    repeated = fit.fit(np.repeat(X, times, axis=0), np.repeat(y, times)).predict(T)
    np.testing.assert_allclose(fit.fit(X, y, times).predict(T), repeated, atol=1e-4)
    scaled = SVR(kernel=kernel, C=1e3, epsilon=100.0, gamma=0.3, tol=1e-4).fit(X, 1e3 * y)
    np.testing.assert_allclose(scaled.predict(T) / 1e3, fit.fit(X, y).predict(T), atol=1e-4)


def test_edge_cases():
    X, y = data()
    inside = SVR(kernel="linear").fit(X, np.full(40, 7.0))
    assert (inside.support_.size, inside.dual_coef_.shape, inside.predict(X[:2]).tolist()) == (0, (1, 0), [7.0, 7.0])
    one = SVR().fit(X[:1], [3.0])
    assert np.isclose(one.predict(X[:1])[0], 3)
    opposite = SVR(kernel="linear").fit([[1.0], [1.0]], [0.0, 1.0])
    assert np.isclose(opposite.predict([[1.0]])[0], 0.5, atol=0.5)
    exact = SVR(C=np.inf, epsilon=0.01, gamma=5.0, tol=1e-6).fit(X, y)
    assert np.abs(exact.predict(X) - y).max() <= 0.01 + 1e-6
    with pytest.raises(ValueError, match="C=inf allows no error, but SVR"):
        SVR(C=np.inf, kernel="linear").fit([[0.0], [1.0], [2.0]], [0.0, 5.0, 0.0])
    for bad in ({"C": 0.0}, {"epsilon": -0.1}, {"kernel": "cubic"}):
        with pytest.raises(ValueError, match=f"The '{next(iter(bad))}' parameter of SVR"):
            SVR(**bad).fit(X, y)
    with pytest.raises(ValueError, match="contains NaN"):
        SVR().fit(X, np.where(y == y[0], np.nan, y))
    with pytest.raises(ValueError, match="zero or negative weights"):
        SVR().fit(X, y, np.zeros(40))
    with pytest.raises(AttributeError, match="linear kernel"):
        _ = SVR().fit(X, y).coef_
    assert not hasattr(SVR(), "n_support_")
    with pytest.warns(ConvergenceWarning, match="KKT violation"):
        SVR(C=100.0, max_iter=5).fit(X, y)


@pytest.mark.parametrize("unit", [1e6, 1e-6])
def test_units_of_the_features(unit):
    X, y = data()
    base = SVR(tol=1e-6).fit(X, y).predict(X)
    np.testing.assert_allclose(SVR(tol=1e-6).fit(unit * X, y).predict(unit * X), base, atol=1e-4)


def test_tall_linear():
    """Many rows and few columns: the interior-point method instead of pairs."""
    X, y = data(3000, 3)
    ours, theirs = SVR(kernel="linear").fit(X, y), Peer(kernel="linear").fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=5e-3)
    assert ours.objective_ <= -0.5 * (theirs.coef_ @ theirs.coef_.T).item()
    assert ours.kkt_violation_ <= 1e-3


def test_reproducible():
    X, y = data(300)
    np.testing.assert_array_equal(SVR().fit(X, y).dual_coef_, SVR().fit(X, y).dual_coef_)
