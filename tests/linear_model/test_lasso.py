"""Lasso: soft thresholds, exact choice of columns, the constrained form, peers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso as Peer

from panlearn.linear_model import ElasticNet, Lasso
from tests.oracles.elastic_net import elastic_net as oracle


def data(n: int = 50, p: int = 5, seed: int = 0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * rng.uniform(0.5, 2, p) + 1
    return X, X[:, 0] - 2 * X[:, 3] + rng.normal(size=n)


@pytest.mark.parametrize("alpha", [0.01, 0.3, 1.0])
def test_matches_oracle(alpha):
    X, y = data()
    coef, constant = oracle(X, y, np.full(5, alpha), np.zeros(5))
    model = Lasso(alpha, tol=1e-13).fit(X, y)
    np.testing.assert_allclose(model.coef_, coef, atol=1e-6)
    np.testing.assert_array_equal(model.coef_ != 0, coef != 0)
    assert np.isclose(model.intercept_, constant, atol=1e-5)


def test_matches_peer():
    X, y = load_diabetes(return_X_y=True)
    for alpha in (0.01, 0.1, 1.0):
        ours, theirs = Lasso(alpha, tol=1e-12).fit(X, y), Peer(alpha, tol=1e-12, max_iter=100_000).fit(X, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-2)
        np.testing.assert_array_equal(ours.coef_ != 0, theirs.coef_ != 0)
        both = ElasticNet(alpha, l1_ratio=1.0, tol=1e-12).fit(X, y)
        np.testing.assert_array_equal(both.coef_, ours.coef_)


def test_optimality():
    """A point within the same budget of absolute weights fits no better: the constrained form."""
    X, y = data()
    model = Lasso(0.5, tol=1e-13).fit(X, y)
    error = np.sum((y - model.predict(X)) ** 2)
    budget = {"type": "ineq", "fun": lambda v: model.constraint_ - v[:10].sum()}

    def squared(v):  # weights as differences of nonnegative parts, the intercept last
        return np.sum((y - X @ (v[:5] - v[5:10]) - v[10]) ** 2)

    bounds = [(0, None)] * 10 + [(None, None)]
    found = minimize(squared, np.append(np.full(10, 0.01), y.mean()), bounds=bounds, constraints=[budget])
    assert np.isclose(found.fun, error, rtol=1e-5)
    assert model.dual_gap_ <= 1e-13 * y.var()


def test_orthogonal_columns_are_soft_thresholded():
    X = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=float)
    y = X @ [3.0, -0.4, -2.0]
    assert Lasso(0.5, tol=1e-14).fit(X, y).coef_.round(9).tolist() == [2.5, 0.0, -1.5]
    assert Lasso(0.5, positive=True, tol=1e-14).fit(X, y).coef_.round(9).tolist() == [2.5, 0.0, 0.0]
    adaptive = Lasso(0.5, penalty_weights=[0.0, 0.5, 2.0], tol=1e-14).fit(X, y)
    np.testing.assert_allclose(adaptive.coef_, [3.0, -0.15, -1.0], atol=1e-7)
    assert np.isclose(adaptive.constraint_, 0.5 * 0.15 + 2.0)


@given(st.integers(0, 30))
def test_invariances(seed):
    X, y = data(seed=seed)
    order = np.random.default_rng(seed).permutation(5)
    model = Lasso(0.2, tol=1e-12).fit(X, y)
    np.testing.assert_allclose(Lasso(0.2, tol=1e-12).fit(X[:, order], y).coef_, model.coef_[order], atol=1e-5)
    np.testing.assert_allclose(Lasso(0.2, tol=1e-12).fit(-X, y).coef_, -model.coef_, atol=1e-5)


@pytest.mark.filterwarnings("ignore:With alpha=0")
def test_edge_cases():
    X, y = data()
    largest = np.abs((X - X.mean(axis=0)).T @ y).max() / 50
    assert not Lasso(largest * (1 + 1e-9)).fit(X, y).coef_.any()
    assert np.count_nonzero(Lasso(largest * 0.99, tol=1e-8).fit(X, y).coef_) == 1
    exact = Lasso(0.0).fit(X, y)
    np.testing.assert_allclose(exact.coef_, np.linalg.lstsq(X - X.mean(axis=0), y - y.mean())[0])
    wide = Lasso(0.01, tol=1e-8).fit(*data(10, 50))
    assert np.count_nonzero(wide.coef_) <= 10
    assert not hasattr(Lasso(), "l1_ratio")
    assert "l1_ratio" not in Lasso().get_params()


def test_alpha_zero_is_discouraged():
    with pytest.warns(UserWarning, match="advised to use the LinearRegression"):
        Lasso(0.0).fit(*data())


def test_reproducible():
    X, y = data(200, 300)
    np.testing.assert_array_equal(Lasso(0.1).fit(X, y).coef_, Lasso(0.1).fit(X, y).coef_)
