"""Cross-validated Lasso and elastic net: the folds' errors and the choice, as by fitting each fold by itself."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import config_context
from sklearn.linear_model import ElasticNetCV as ElasticNetPeer
from sklearn.linear_model import LassoCV as LassoPeer
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, ShuffleSplit, TimeSeriesSplit

import panlearn
from panlearn.core.errors import ConvergenceWarning
from panlearn.linear_model import ElasticNetCV, LassoCV
from panlearn.optimize.coordinate_descent import subgradient
from tests.oracles.gram_path import elastic_net

EXACT = {"tol": 1e-10, "max_iter": 10_000}


def data(n=90, p=12, seed=0, dtype: type = np.float64):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=p) + 0.5 * rng.normal(size=(n, 1))
    return X.astype(dtype), (X[:, 0] - 2 * X[:, -1] + 3 + rng.normal(size=n)).astype(dtype)


@pytest.mark.parametrize("precompute", ["auto", False])
def test_matches_oracle(precompute):
    """Held-out errors of each fold, from weights found by proximal gradient steps on the fold's own rows."""
    X, y = data(40, 4)
    alphas = np.array([0.5, 0.1])
    model = ElasticNetCV(alphas=alphas, l1_ratio=0.7, cv=3, precompute=precompute, **EXACT).fit(X, y)
    for k, (train, test) in enumerate(KFold(3).split(X)):
        x_mean, y_mean = X[train].mean(axis=0), y[train].mean()
        Z, t = X[train] - x_mean, y[train] - y_mean
        for i, alpha in enumerate(alphas):
            ones = alpha * np.ones(4)
            w = elastic_net(Z.T @ Z / len(t), Z.T @ t / len(t), 0.7 * ones, 0.3 * ones, steps=3000)
            error = ((y[test] - y_mean - (X[test] - x_mean) @ w) ** 2).mean()
            assert np.isclose(model.mse_path_[i, k], error, rtol=1e-5)


@pytest.mark.parametrize("precompute", ["auto", True, False])
@pytest.mark.parametrize(
    "cv", [None, 4, KFold(3, shuffle=True, random_state=0), ShuffleSplit(3, random_state=1)], ids=str
)
def test_matches_peer(precompute, cv):
    X, y = data()
    weight = np.random.default_rng(1).random(len(y))
    for sample_weight in (None, weight):
        theirs = LassoPeer(cv=cv, alphas=20, **EXACT).fit(X, y, sample_weight)
        ours = LassoCV(cv=cv, alphas=20, precompute=precompute, **EXACT).fit(X, y, sample_weight)
        same_fit(ours, theirs)


def same_fit(ours, theirs):
    assert np.isclose(ours.alpha_, theirs.alpha_)
    np.testing.assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-8)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-4, atol=1e-4 * theirs.mse_path_.mean())
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-3)


@pytest.mark.parametrize(
    "settings", [{"positive": True}, {"fit_intercept": False}, {"cv": LeaveOneOut()}, {"eps": 0.1}], ids=str
)
def test_matches_peer_elastic_net(settings):
    X, y = data(30, 5)
    ratios: Any = [0.2, 0.9]
    theirs = ElasticNetPeer(l1_ratio=ratios, alphas=10, **settings, **EXACT).fit(X, y)
    for precompute in (True, False):
        ours = ElasticNetCV(l1_ratio=[0.2, 0.9], alphas=10, precompute=precompute, **settings, **EXACT).fit(X, y)
        same_fit(ours, theirs)
        assert ours.l1_ratio_ == theirs.l1_ratio_
        assert ours.mse_path_.shape == (2, 10, ours.mse_path_.shape[2]) == theirs.mse_path_.shape


@pytest.mark.parametrize("shape", [(30, 150), (400, 110)])
def test_optimality(shape):
    """Many columns: folds run on two threads, on columns and on moments."""
    X, y = data(*shape)
    with panlearn.threads(2):
        model = LassoCV(cv=3, alphas=10, tol=1e-10).fit(X, y)
    Z, n = X - X.mean(axis=0), len(y)
    gradient = -Z.T @ (y - model.predict(X)) / n
    fault = subgradient(gradient, model.coef_, model.alpha_ * np.ones(shape[1]))
    assert np.abs(fault).max() < 1e-4 * np.abs(Z.T @ y / n).max()
    assert 0 <= model.dual_gap_ <= 1e-10 * y.var()
    assert model.alpha_ == model.alphas_[model.mse_path_.mean(axis=1).argmin()]


@settings(max_examples=5)
@given(st.integers(0, 30))
def test_invariances(seed):
    X, y = data(60, 5, seed)
    folds = [(np.arange(20, 60), np.arange(20)), (np.arange(40), np.arange(40, 60))]
    setup = {"alphas": 8, **EXACT}
    model = LassoCV(cv=folds, **setup).fit(X, y)
    moved = LassoCV(cv=folds, **setup).fit(X + 100.0, y - 7.0)
    np.testing.assert_allclose(moved.mse_path_, model.mse_path_, rtol=1e-6)
    np.testing.assert_allclose(moved.coef_, model.coef_, atol=1e-6)
    times = np.random.default_rng(seed).integers(1, 4, 60)
    groups = np.repeat(np.arange(60), times)
    rows = [tuple(np.flatnonzero(np.isin(groups, part)) for part in fold) for fold in folds]
    repeated = LassoCV(cv=rows, **setup).fit(X[groups], y[groups])
    weighted = LassoCV(cv=folds, **setup).fit(X, y, times)
    np.testing.assert_allclose(weighted.mse_path_, repeated.mse_path_, rtol=1e-6)
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-6)
    unit = LassoCV(cv=folds, **setup).fit(X, y, 5.0)  # one number for all rows
    np.testing.assert_array_equal(unit.coef_, model.coef_)


@pytest.mark.parametrize("precompute", [True, False])
@pytest.mark.parametrize("shape", [(80, 6), (25, 120)])
def test_sparse_is_dense(precompute, shape):
    X, y = data(*shape)
    X[np.random.default_rng(0).random(X.shape) < 0.7] = 0
    setup = {"alphas": 6, "eps": 0.05, "cv": 3, "precompute": precompute, **EXACT}
    dense = LassoCV(**setup).fit(X, y)
    for form in (sparse.csr_array, sparse.csc_matrix, sparse.coo_array):
        other = LassoCV(**setup).fit(form(X), y)
        np.testing.assert_allclose(other.mse_path_, dense.mse_path_, rtol=1e-5)
        np.testing.assert_allclose(other.coef_, dense.coef_, atol=1e-5)


def test_float32_is_kept():
    X, y = data(dtype=np.float32)
    for precompute in (True, False):
        model = LassoCV(precompute=precompute).fit(X, y)
        assert model.coef_.dtype == model.predict(X).dtype == np.float32
        wide = LassoCV(precompute=precompute).fit(X.astype(np.float64), y.astype(np.float64))
        np.testing.assert_allclose(model.coef_, wide.coef_, atol=5e-3)


def test_groups_are_routed_to_the_splitter():
    X, y = data()
    groups = np.arange(90) % 9
    with config_context(enable_metadata_routing=True):
        routed = LassoCV(cv=GroupKFold(3)).fit(X, y, groups=groups)
    direct = LassoCV(cv=list(GroupKFold(3).split(X, y, groups))).fit(X, y)
    np.testing.assert_array_equal(routed.mse_path_, direct.mse_path_)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        LassoCV().fit(X, y, groups=groups)


def test_edge_cases():
    X, y = data(60, 5)
    flat = LassoCV(alphas=3).fit(np.column_stack([X, np.ones(60), X[:, 0]]), y)
    assert flat.coef_[5] == 0
    np.testing.assert_allclose(flat.predict(np.column_stack([X, np.ones(60), X[:, 0]])), y, atol=5)
    for value in (0.0, 5.0):
        constant = LassoCV(alphas=3).fit(X, np.full(60, value))
        np.testing.assert_array_equal(constant.predict(X), value)
        assert (constant.alphas_ == np.finfo(float).resolution).all()
    once = LassoCV(alphas=5, **EXACT).fit(X, y)
    for scale in (1e8, 1e-8):
        scaled = LassoCV(alphas=5, **EXACT).fit(X * scale, y)
        np.testing.assert_allclose(scaled.coef_ * scale, once.coef_, rtol=1e-5)
        np.testing.assert_allclose(scaled.mse_path_, once.mse_path_, rtol=1e-5)
    free = LassoCV(alphas=[0.0], tol=1e-12, max_iter=10_000).fit(X, y)
    Z = X - X.mean(axis=0)
    np.testing.assert_allclose(free.coef_, np.linalg.lstsq(Z, y - y.mean())[0], atol=1e-5)
    largest = LassoCV(alphas=1).fit(X, y)
    np.testing.assert_allclose(largest.coef_, 0, atol=1e-12)
    series = LassoCV(cv=TimeSeriesSplit(3), alphas=4).fit(X, y)  # training rows are not the rest
    assert series.mse_path_.shape == (4, 3)


def test_errors_say_what_to_do():
    X, y = data(20, 3)
    for setup, match in (
        ({"alphas": [1.0, -1.0]}, r"alphas\[1\] == -1.0, must be >= 0.0"),
        ({"alphas": 0}, "'alphas' parameter"),
        ({"eps": 0.0}, "'eps' parameter"),
        ({"cv": 30}, "n_splits=30"),
        ({"cv": [(np.arange(10), np.arange(0))]}, "fold 0 no rows"),
    ):
        with pytest.raises(ValueError, match=match):
            LassoCV(**setup).fit(X, y)
    with pytest.raises(ValueError, match="l1_ratio=0"):
        ElasticNetCV(l1_ratio=0).fit(X, y)
    with pytest.raises(ValueError, match="use MultiTaskLassoCV"):
        LassoCV().fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="contains NaN"):
        LassoCV().fit(np.where(X > 1, np.nan, X), y)
    with pytest.raises(ValueError, match="n_splits=5"):
        LassoCV().fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="no rows with weight"):
        LassoCV(cv=2).fit(X, y, np.arange(20) < 10)
    with pytest.raises(ValueError, match="at least one non-zero"):
        LassoCV().fit(X, y, np.zeros(20))
    with pytest.warns(ConvergenceWarning, match="increase the number of iterations"):
        LassoCV(max_iter=1, tol=0).fit(X, y)


def test_reproducible():
    X, y = data(300, 120)
    with panlearn.threads(2):
        first, second = (LassoCV(cv=4, alphas=10).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.coef_, second.coef_)
    np.testing.assert_array_equal(first.mse_path_, second.mse_path_)
