"""Quantile regression: exhaustion, scikit-learn, optimality, both solvers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import linear_model as peers

from panlearn.linear_model import QuantileRegressor
from tests.oracles import quantile_regressor as oracle

Peer: Any = peers.QuantileRegressor


def data(n=60, p=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ rng.normal(size=p) + rng.standard_t(2, size=n) + 3


def value(model, X, y, weight=None):
    weight = np.ones(len(y)) if weight is None else weight
    return oracle.objective(np.append(model.coef_, model.intercept_), X, y, weight, model.quantile, model.alpha)


@pytest.mark.parametrize("solver", ["frisch-newton", "highs"])
@pytest.mark.parametrize("alpha", [0.0, 0.05, 10.0])
def test_matches_oracle(solver, alpha):
    X, y = data(14, 2)
    weight = np.random.default_rng(3).random(14)
    model = QuantileRegressor(quantile=0.3, alpha=alpha, solver=solver).fit(X, y, weight)
    assert np.isclose(value(model, X, y, weight), oracle.best(X, y, weight, 0.3, alpha), rtol=1e-10)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.75])
@pytest.mark.parametrize("alpha", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_matches_peer(q, alpha, fit_intercept):
    X, y = data(200, 6)
    parameters = {"quantile": q, "alpha": alpha, "fit_intercept": fit_intercept}
    theirs = Peer(**parameters).fit(X, y)
    for solver in ("auto", "highs"):
        ours = QuantileRegressor(solver=solver, **parameters).fit(X, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
        assert np.isclose(value(ours, X, y), value(theirs, X, y), rtol=1e-10)  # the intercept need not be unique
        assert ((ours.coef_ == 0) == (theirs.coef_ == 0)).all()


@pytest.mark.parametrize("q", [0.05, 0.5, 0.9])
def test_optimality(q):
    """As many rows as parameters lie on the plane, a share q below it, and the gap says how far off it may be."""
    X, y = data(2000, 5)
    model = QuantileRegressor(quantile=q, alpha=0).fit(X, y)
    r = y - model.predict(X)
    on = np.abs(r) < 1e-9
    assert on.sum() == 6
    assert (r < -1e-9).sum() <= q * 2000 <= ((r < -1e-9) | on).sum()
    assert 0 <= model.dual_gap_ < 1e-8


@settings(max_examples=15)
@given(st.integers(0, 30), st.sampled_from([0.2, 0.5, 0.7]))
def test_invariances(seed, q):
    """Koenker's equivariances, sparse = dense, weights = repetition."""
    X, y = data(61, seed=seed)
    rng, fit = np.random.default_rng(seed), QuantileRegressor(quantile=q, alpha=0)
    base, order, times = fit.fit(X, y).coef_, rng.permutation(61), rng.integers(0, 4, 61)
    np.testing.assert_allclose(fit.fit(X[order], y[order]).coef_, base, atol=1e-7)
    np.testing.assert_allclose(fit.fit(X, y + X @ [1, 2, 3] + 9).coef_, base + np.arange(1, 4), atol=1e-7)
    np.testing.assert_allclose(QuantileRegressor(quantile=1 - q, alpha=0).fit(X, -y).coef_, -base, atol=1e-7)
    for scale in (1e8, 1e-8):
        np.testing.assert_allclose(fit.fit(X * scale, y).coef_ * scale, base, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(fit.fit(X, y * scale).coef_ / scale, base, rtol=1e-6, atol=1e-7)
    sparse_fit = QuantileRegressor(quantile=q, alpha=0).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(sparse_fit.coef_, base, atol=1e-7)
    penalised = QuantileRegressor(quantile=q, alpha=0.05)
    repeated = penalised.fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    weighted = QuantileRegressor(quantile=q, alpha=0.05).fit(X, y, times)
    assert np.isclose(value(weighted, X, y, times), value(repeated, X, y, times), rtol=1e-9)


def test_edge_cases():
    X, y = data()
    exact = QuantileRegressor(alpha=0).fit(X, X @ [1, 2, 3] + 5)
    np.testing.assert_allclose(np.append(exact.coef_, exact.intercept_), [1, 2, 3, 5], atol=1e-9)
    for constant in (0.0, 7.0):
        model = QuantileRegressor(alpha=0.1).fit(X, np.full(60, constant))
        assert np.isclose(model.intercept_, constant)
        assert np.abs(model.coef_).max() < 1e-9
    one = QuantileRegressor().fit(X[:1], [3.0])
    assert (one.coef_.tolist(), one.intercept_) == ([0, 0, 0], 3)
    extra = np.column_stack([X, X[:, 0], np.full(60, 5.0), np.zeros(60)])
    assert np.isclose(value(QuantileRegressor(alpha=0.0).fit(extra, y), extra, y), value(
        QuantileRegressor(alpha=0.0).fit(X, y), X, y), rtol=1e-7)  # fmt: skip
    wide, target = data(15, 40)
    interpolating = QuantileRegressor(alpha=0).fit(wide, target)
    np.testing.assert_allclose(interpolating.predict(wide), target, atol=1e-6)
    assert not QuantileRegressor(alpha=100.0).fit(X, y).coef_.any()
    ties, zeros_and_ones = np.round(y), (X > 0).astype(float)
    assert np.isclose(value(QuantileRegressor(alpha=0).fit(zeros_and_ones, ties), zeros_and_ones, ties), value(
        Peer(alpha=0).fit(zeros_and_ones, ties), zeros_and_ones, ties), rtol=1e-8)  # fmt: skip
    for bad in (0.0, 1.0):
        with pytest.raises(ValueError, match="'quantile' parameter of QuantileRegressor must be a float"):
            QuantileRegressor(quantile=bad).fit(X, y)
    with pytest.raises(ValueError, match="interior-point is not anymore available"):
        QuantileRegressor(solver="interior-point").fit(X, y)
    with pytest.raises(ValueError, match="contains NaN"):
        QuantileRegressor().fit(np.where(X[3, 1] == X, np.nan, X), y)
    assert QuantileRegressor(alpha=0.01).fit(X.astype(np.float32), y).coef_.dtype == np.float32


def test_reproducible():
    X, y = data(5000, 10)
    first, second = (QuantileRegressor(alpha=0).fit(X, y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
