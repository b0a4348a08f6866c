"""Huber regression: the definition, scikit-learn, optimality, outliers, perfect fits."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import linear_model as peers
from sklearn.exceptions import ConvergenceWarning

from panlearn.linear_model import HuberRegressor, LinearRegression
from tests.oracles import huber as oracle

Peer: Any = peers.HuberRegressor


def data(n=80, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ rng.normal(size=p) + rng.standard_t(1.5, size=n) + 3


def value(model, X, y, weight=None):
    weight = np.ones(len(y)) if weight is None else weight
    return oracle.objective(model.coef_, model.intercept_, model.scale_, X, y, weight, model.epsilon, model.alpha)


def test_matches_oracle():
    """No point near the solution is better, in any direction."""
    X, y = data(40, 2)
    weight = np.random.default_rng(1).random(40)
    model = HuberRegressor(alpha=0.5, tol=1e-10).fit(X, y, weight)
    best = value(model, X, y, weight)
    rng = np.random.default_rng(2)
    for _ in range(50):
        d = 1e-3 * rng.normal(size=4)
        near = oracle.objective(
            model.coef_ + d[:2], model.intercept_ + d[2], model.scale_ + d[3], X, y, weight, 1.35, 0.5
        )
        assert near > best


@pytest.mark.parametrize("settings", [{}, {"fit_intercept": False}, {"epsilon": 1.1}, {"epsilon": 3.0, "alpha": 1.0}])
@pytest.mark.parametrize(("n", "p"), [(80, 4), (300, 20)])
def test_matches_peer(settings, n, p):
    X, y = data(n, p)
    ours, theirs = HuberRegressor(tol=1e-9, **settings).fit(X, y), Peer(tol=1e-9, max_iter=5000, **settings).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)
    np.testing.assert_allclose(ours.scale_, theirs.scale_, atol=1e-3)
    assert value(ours, X, y) <= value(theirs, X, y) * (1 + 1e-9)


def test_optimality():
    X, y = data(500, 5)
    model = HuberRegressor(alpha=0.3, tol=1e-9).fit(X, y)
    u = (X @ model.coef_ + model.intercept_ - y) / model.scale_
    pull = 2 * np.clip(u, -1.35, 1.35)
    np.testing.assert_allclose(X.T @ pull + 0.6 * model.coef_, 0, atol=1e-4)
    assert abs(pull.sum()) < 1e-4
    assert abs(len(y) - (np.minimum(np.abs(u), 1.35) ** 2).sum()) < 1e-4
    assert model.gradient_norm_ <= 1e-9
    np.testing.assert_array_equal(model.outliers_, np.abs(u) > 1.35)


@settings(max_examples=15)
@given(st.integers(0, 30))
def test_invariances(seed):
    X, y = data(seed=seed)
    rng, fit = np.random.default_rng(seed), HuberRegressor(alpha=0.1, tol=1e-9)
    base, order, times = fit.fit(X, y).coef_, rng.permutation(80), rng.integers(0, 4, 80)
    np.testing.assert_allclose(fit.fit(X[order], y[order]).coef_, base, atol=1e-6)
    np.testing.assert_allclose(fit.fit(sparse.csr_array(X), y).coef_, base, atol=1e-6)
    repeated = fit.fit(np.repeat(X, times, axis=0), np.repeat(y, times)).coef_
    np.testing.assert_allclose(fit.fit(X, y, times).coef_, repeated, atol=1e-6)
    free = HuberRegressor(alpha=0, tol=1e-10)
    base = free.fit(X, y).coef_
    for scale in (1e8, 1e-8):
        np.testing.assert_allclose(free.fit(X, y * scale).coef_, scale * base, rtol=1e-4, atol=1e-5 * scale)
        np.testing.assert_allclose(free.fit(X * scale, y).coef_, base / scale, rtol=1e-4, atol=1e-5 / scale)
    np.testing.assert_allclose(free.fit(X, y + X @ [1, 2, 3, 4] + 9).coef_, base + np.arange(1, 5), atol=1e-5)


def test_routes_agree():
    """Many columns or sparse rows: conjugate gradients; more columns than rows: the row space."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 700)) * (rng.random((2000, 700)) < 0.05)
    y = X[:, 0] + rng.standard_t(2, size=2000)
    dense, wide = HuberRegressor(alpha=1.0, tol=1e-8).fit(X, y), HuberRegressor(alpha=1.0, tol=1e-8)
    np.testing.assert_allclose(wide.fit(sparse.csr_array(X), y).coef_, dense.coef_, atol=1e-5)
    padded = np.hstack([X[:100, :50], np.zeros((100, 80))])
    tall = HuberRegressor(alpha=1.0, tol=1e-9).fit(X[:100, :50], y[:100])
    np.testing.assert_allclose(
        HuberRegressor(alpha=1.0, tol=1e-9).fit(padded, y[:100]).coef_[:50], tall.coef_, atol=1e-6
    )


@pytest.mark.filterwarnings("ignore:HuberRegressor stopped:sklearn.exceptions.ConvergenceWarning")
def test_edge_cases():
    X, y = data()
    exact = HuberRegressor(alpha=0).fit(X, X @ [1, 2, 3, 4] + 5)
    np.testing.assert_allclose(np.append(exact.coef_, exact.intercept_), [1, 2, 3, 4, 5], atol=1e-7)
    assert exact.scale_ < 1e-6
    for constant in (0.0, 7.0):
        model = HuberRegressor().fit(X, np.full(80, constant))
        assert (model.intercept_, model.coef_.tolist()) == (constant, [0] * 4)
    one = HuberRegressor().fit(X[:1], [3.0])
    assert np.isclose(one.predict(X[:1])[0], 3)
    columns = HuberRegressor().fit(np.column_stack([X, X[:, 0], np.full(80, 5.0)]), y)
    assert np.isclose(columns.coef_[0], columns.coef_[4], atol=1e-6)
    p_above_n = HuberRegressor().fit(*data(10, 40))
    np.testing.assert_allclose(p_above_n.predict(data(10, 40)[0]), data(10, 40)[1], atol=1e-3)
    least_squares = HuberRegressor(epsilon=1e6, alpha=0, tol=1e-9).fit(X, y)
    np.testing.assert_allclose(least_squares.coef_, LinearRegression().fit(X, y).coef_, atol=1e-6)
    strong = HuberRegressor(alpha=1e12).fit(X, y)
    assert np.abs(strong.coef_).max() < 1e-6
    with pytest.raises(ValueError, match=r"'epsilon' parameter of HuberRegressor must be in the range \[1, inf\)"):
        HuberRegressor(epsilon=0.5).fit(X, y)
    with pytest.raises(ValueError, match="contains NaN"):
        HuberRegressor().fit(np.where(X[3, 1] == X, np.nan, X), y)
    with pytest.warns(ConvergenceWarning, match=r"gradient norm is .* Raise max_iter"):
        HuberRegressor(max_iter=1).fit(X, y)
    single = HuberRegressor().fit(X.astype(np.float32), y)
    assert single.coef_.dtype == np.float32


def test_an_outlier_has_bounded_influence():
    X, y = data()
    y[0] += 1e3
    near = HuberRegressor(tol=1e-9).fit(X, y).coef_
    y[0] += 1e9
    np.testing.assert_allclose(HuberRegressor(tol=1e-9).fit(X, y).coef_, near, atol=1e-5)


def test_warm_start():
    X, y = data()
    model = HuberRegressor(warm_start=True).fit(X, y)
    assert model.n_iter_ > 1
    assert model.fit(X, y).n_iter_ == 0


def test_reproducible():
    X, y = data(20_000, 20)
    np.testing.assert_array_equal(HuberRegressor().fit(X, y).coef_, HuberRegressor().fit(X, y).coef_)
