"""Best-subset regression: all subsets tried, swaps, certificates, selection of the size."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, OrthogonalMatchingPursuit, Ridge
from sklearn.model_selection import KFold

from panlearn.linear_model import L0Regression
from panlearn.penalties import L0
from tests.oracles.best_subset import least_squares, smallest, swap_exact


def data(n=60, p=8, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    return X, X[:, :3] @ [1.0, -2.0, 1.5] + 3.0 + noise * rng.normal(size=n)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1]), st.booleans())
def test_matches_oracle(seed, l2, intercept):
    """Exhaustive search: for a size, and for a price of each column, with row weights."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(6, 25)), int(rng.integers(1, 8))
    X, y = data(n, max(p, 3), seed, noise=3.0)
    X, weight, k = X[:, :p], rng.integers(1, 4, n).astype(float), int(rng.integers(1, p + 1))

    def value(columns):
        return least_squares(X, y, columns, l2, weight, intercept)

    model = L0Regression(k, l2=l2, fit_intercept=intercept).fit(X, y, weight)
    exact = smallest(value, p, k)[0]
    assert model.objective_ == pytest.approx(exact, rel=1e-7, abs=1e-9 * y.var())
    assert model.lower_bound_ <= exact * (1 + 1e-7) + 1e-12
    alpha = 0.05 * y.var()
    priced = L0Regression(alpha=alpha, l2=l2, fit_intercept=intercept).fit(X, y, weight)
    best = min(smallest(value, p, size)[0] + alpha * size for size in range(min(p, n - intercept) + 1))
    assert priced.objective_ == pytest.approx(best, rel=1e-7)


def test_matches_peer():
    """On its support the fit is least squares or ridge; and no greedy method has a smaller error."""
    X, y = (np.asarray(part) for part in load_diabetes(return_X_y=True))
    weight = np.random.default_rng(0).random(len(y))
    for l2 in (0.0, 1e-4):
        model = L0Regression(4, l2=l2).fit(X, y, weight)
        peer = Ridge(l2 * weight.sum(), solver="svd") if l2 else LinearRegression()
        peer.fit(X[:, model.support_], y, weight)
        np.testing.assert_allclose(model.coef_[model.support_], peer.coef_, rtol=1e-8)
        assert model.intercept_ == pytest.approx(peer.intercept_)
    assert L0Regression(4).fit(X, y).support_.tolist() == [2, 3, 4, 8]
    X, y = data(100, 60, noise=6.0)
    for k in (3, 8, 15):
        greedy = OrthogonalMatchingPursuit(n_nonzero_coefs=k).fit(X, y)
        error = np.mean((y - greedy.predict(X)) ** 2) / 2
        assert L0Regression(k).fit(X, y).objective_ <= error + 1e-12


def test_matches_abess():
    linear = pytest.importorskip("abess.linear")
    X, y = data(80, 40, noise=8.0)
    for k in (3, 10):
        theirs = np.flatnonzero(linear.LinearRegression(support_size=k).fit(X, y).coef_)
        assert L0Regression(k).fit(X, y).objective_ <= least_squares(X, y, theirs) + 1e-12


def test_optimality():
    """No swap helps; the residual is orthogonal to the support; a coordinate step with the L0 threshold stays put."""
    X, y = data(80, 300, noise=8.0)
    model = L0Regression(6).fit(X, y)
    assert swap_exact(X, y, model.support_.tolist())
    assert "no swap of one column" in model.certificate_
    r = y - model.predict(X)
    assert np.abs(X[:, model.support_].T @ r).max() < 1e-9 * len(y)
    assert abs(r.sum()) < 1e-9
    alpha = 0.5
    priced = L0Regression(alpha=alpha).fit(X, y)
    Z = X - X.mean(axis=0)
    curvature = (Z * Z).mean(axis=0)
    z = priced.coef_ + Z.T @ (y - priced.predict(X)) / len(y) / curvature
    np.testing.assert_allclose(L0(alpha).prox(z, curvature), priced.coef_, atol=1e-9)
    assert priced.objective_ == pytest.approx(L0(alpha).value(priced.coef_) + np.mean((y - priced.predict(X)) ** 2) / 2)


def test_proofs_and_gaps():
    X, y = data(200, 12, noise=4.0)
    proven = L0Regression(5).fit(X, y)
    assert proven.optimality_gap_ == pytest.approx(0, abs=1e-8)
    assert proven.certificate_ == "5 of 12 columns, proven the best subset of this size"
    assert L0Regression(alpha=0.3).fit(X, y).certificate_.endswith("proven the best subset")
    X, y = data(200, 60, noise=20.0)
    cut = L0Regression(10, max_nodes=50).fit(X, y)
    assert 0 < cut.optimality_gap_ < 1
    assert cut.lower_bound_ == pytest.approx(cut.objective_ * (1 - cut.optimality_gap_))
    assert "above a lower bound" in cut.certificate_
    wide = L0Regression(3).fit(*data(30, 200))
    assert (wide.lower_bound_, wide.optimality_gap_) == (None, None)


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_invariances(seed):
    """Row order, scales of columns and target, repetition for weights, dense for sparse."""
    X, y = data(30, 9, seed, noise=3.0)
    rng = np.random.default_rng(seed)
    model, order, columns = L0Regression(3).fit(X, y), rng.permutation(30), rng.permutation(9)
    np.testing.assert_allclose(L0Regression(3).fit(X[order], y[order]).coef_, model.coef_, atol=1e-10)
    np.testing.assert_allclose(L0Regression(3).fit(X[:, columns], y).coef_, model.coef_[columns], atol=1e-10)
    scale = 10.0 ** rng.integers(-8, 9, 9)
    scaled = L0Regression(3).fit(X * scale, 1e8 * y)
    np.testing.assert_allclose(scaled.coef_ * scale, 1e8 * model.coef_, rtol=1e-6)
    times = rng.integers(0, 3, 30)
    repeated = L0Regression(3).fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(L0Regression(3).fit(X, y, times).coef_, repeated.coef_, atol=1e-9)
    thin = np.where(rng.random(X.shape) < 0.5, X, 0)
    dense = L0Regression(3, l2=0.01).fit(thin, y, times + 1)
    for kind in (sparse.csr_array, sparse.csc_matrix, sparse.coo_array):
        other = L0Regression(3, l2=0.01).fit(kind(thin), y, times + 1)
        np.testing.assert_allclose(other.coef_, dense.coef_, atol=1e-9)
        assert other.intercept_ == pytest.approx(dense.intercept_, abs=1e-9)


@pytest.mark.parametrize("criterion", ["cv", "bic", "ebic", "auto"])
def test_criteria_find_the_size(criterion):
    X, y = data(150, 40, noise=0.5)
    model = L0Regression(criterion=criterion).fit(X, y)
    assert {0, 1, 2} <= set(model.support_.tolist())
    assert len(model.support_) <= 5
    at = int(np.argmin(model.path_.scores))
    assert model.path_.sizes[at] == len(model.support_)
    np.testing.assert_allclose(model.path_.coefs[[at]].toarray()[0], model.coef_, atol=1e-9)
    assert np.all(np.diff(model.path_.losses) < 0)


def test_cross_validation_scores_are_those_of_refits():
    X, y = data(50, 6, noise=2.0)
    folds, weight = KFold(4), np.random.default_rng(0).random(50)
    model = L0Regression(3, criterion="cv", cv=folds).fit(X, y, weight)
    for k, score in zip(model.path_.sizes, model.path_.scores):
        errors = 0.0
        for train, test in folds.split(X):
            refit = L0Regression(int(k)).fit(X[train], y[train], weight[train])
            errors += weight[test] @ (y[test] - refit.predict(X[test])) ** 2
        assert score == pytest.approx(errors / weight.sum())


def test_edge_cases():
    X, y = data()
    one = L0Regression().fit(X[:1], y[:1])
    assert (np.count_nonzero(one.coef_), one.intercept_) == (0, y[0])
    for flat in (np.zeros(60), np.full(60, 0.1)):
        none = L0Regression(4).fit(X, flat)
        assert (len(none.support_), none.objective_, none.optimality_gap_) == (0, 0.0, 0.0)
        assert none.intercept_ == pytest.approx(flat[0])
    Z = np.column_stack([np.full(60, 1e8 / 3), X[:, 0], X])  # a constant column, and one that is there twice
    both = L0Regression(8).fit(Z, y)
    assert 0 not in both.support_
    assert len({1, 2} & set(both.support_.tolist())) == 1
    assert len(L0Regression(0).fit(X, y).support_) == 0
    assert len(L0Regression(alpha=1e9).fit(X, y).support_) == 0
    everything = L0Regression(alpha=0.0, criterion=None).fit(X, y)
    np.testing.assert_allclose(everything.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-9)
    exact = L0Regression(20).fit(X[:6], y[:6])  # p > n - 1: interpolation
    np.testing.assert_allclose(exact.predict(X[:6]), y[:6], rtol=1e-9)
    wide, _ = data(200, 400)
    fewer = L0Regression(3).fit(wide, wide[:, 5] + wide[:, 300])  # two of the three columns explain everything
    assert fewer.support_.tolist() == [5, 300]
    huge = L0Regression(3).fit(X * 1e8, y * 1e-8)
    np.testing.assert_allclose(huge.coef_, 1e-16 * L0Regression(3).fit(X, y).coef_, rtol=1e-8)


def test_bad_input_is_named():
    X, y = data()
    with pytest.raises(ValueError, match="'alpha' parameter"):
        L0Regression(alpha=-1.0).fit(X, y)
    with pytest.raises(ValueError, match="contains NaN"):
        L0Regression().fit(np.where(X > 2, np.nan, X), y)
    with pytest.raises(ValueError, match="infinity"):
        L0Regression().fit(np.where(X > 2, np.inf, X), y)
    with pytest.raises(ValueError, match="squares overflow"):
        L0Regression().fit(X * 1e200, y)
    with pytest.raises(ValueError, match="non-zero"):
        L0Regression().fit(X, y, np.zeros(60))
    with pytest.raises(ValueError, match="1d array"):
        L0Regression().fit(X, np.column_stack([y, y]))
    with pytest.raises(NotFittedError):
        L0Regression().predict(X)


def test_reproducible(capsys):
    X, y = data(100, 50)
    table = pd.DataFrame(X.astype(np.float32), columns=[f"x{j}" for j in range(50)])
    first, second = (L0Regression(4, verbose=1).fit(table, y) for _ in range(2))
    assert (first.coef_ == second.coef_).all()
    assert first.coef_.dtype == np.float32
    assert first.certificate_ in capsys.readouterr().out
    loaded = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(loaded.predict(table), first.predict(table))
    assert first.feature_names_in_[0] == "x0"
