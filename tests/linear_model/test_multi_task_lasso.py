"""Multi-task Lasso and elastic net: whole columns, equal to proximal gradient steps and to the peer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import MultiTaskElasticNet as Peer

from panlearn.core.errors import ConvergenceWarning
from panlearn.linear_model import MultiTaskElasticNet, MultiTaskLasso, Ridge
from tests.oracles.multi_task_lasso import multi_task, objective

EXACT = {"tol": 1e-13, "max_iter": 100_000}


def data(n=60, p=8, targets=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=p)
    W = np.zeros((targets, p))
    W[:, :2] = rng.normal(size=(targets, 2))
    return X, X @ W.T + rng.normal(size=(n, targets)) + 5.0


@pytest.mark.parametrize("shape", [(60, 8), (10, 25), (1, 3)])
@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.0])
def test_matches_oracle(shape, ratio):
    X, Y = data(*shape)
    share = np.random.default_rng(1).random(shape[0]) + 0.1
    model = MultiTaskElasticNet(alpha=0.3, l1_ratio=ratio, **EXACT).fit(X, Y, share)
    best = multi_task(X, Y, 0.3, ratio, share, steps=4000)
    values = [objective(X, Y, W, 0.3, ratio, share) for W in (model.coef_, best)]
    assert values[0] <= values[1] + 1e-12
    np.testing.assert_allclose(model.coef_, best, atol=1e-5)


@pytest.mark.parametrize("shape", [(100, 20), (30, 120)])
@pytest.mark.parametrize("setup", [{}, {"l1_ratio": 1.0}, {"fit_intercept": False}], ids=str)
def test_matches_peer(shape, setup):
    X, Y = data(*shape)
    for alpha in (2.0, 0.1):
        ours = MultiTaskElasticNet(alpha=alpha, **setup, **EXACT).fit(X, Y)
        theirs = Peer(alpha=alpha, **setup, tol=1e-12, max_iter=100_000).fit(X, Y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-4)
        np.testing.assert_array_equal(ours.coef_ == 0, np.broadcast_to(~ours.coef_.any(axis=0), ours.coef_.shape))


def test_optimality():
    """A column that is left out has a gradient no longer than alpha; another's is -alpha along its weights."""
    X, Y = data(40, 100)
    model = MultiTaskLasso(alpha=0.2, **EXACT).fit(X, Y)
    gradient = -(Y - model.predict(X)).T @ (X - X.mean(axis=0)) / 40
    held = model.coef_.any(axis=0)
    assert 0 < held.sum() < 40
    assert np.linalg.norm(gradient[:, ~held], axis=0).max() <= 0.2 + 1e-6
    direction = model.coef_[:, held] / np.linalg.norm(model.coef_[:, held], axis=0)
    np.testing.assert_allclose(gradient[:, held], -0.2 * direction, atol=1e-6)
    assert 0 <= model.dual_gap_ <= 1e-13 * ((Y - Y.mean(axis=0)) ** 2).sum() / 40


def test_gap_bounds_the_distance_from_the_minimum():
    X, Y = data(40, 100)
    best = objective(X, Y, MultiTaskLasso(alpha=0.1, **EXACT).fit(X, Y).coef_, 0.1, 1.0)
    for tol in (1e-1, 1e-2, 1e-4):
        model = MultiTaskLasso(alpha=0.1, tol=tol).fit(X, Y)
        assert -1e-12 <= objective(X, Y, model.coef_, 0.1, 1.0) - best <= model.dual_gap_ + 1e-12
        assert np.isclose(model.eps_, tol * ((Y - Y.mean(axis=0)) ** 2).sum())


@settings(max_examples=8)
@given(st.integers(0, 40))
def test_invariances(seed):
    X, Y = data(30, 5, seed=seed)
    model = MultiTaskElasticNet(alpha=0.1, **EXACT).fit(X, Y)
    Q = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    turned = MultiTaskElasticNet(alpha=0.1, **EXACT).fit(X, Y @ Q.T)  # lengths do not change in a rotation of targets
    np.testing.assert_allclose(turned.coef_, Q @ model.coef_, atol=1e-5)
    moved = MultiTaskElasticNet(alpha=0.1, **EXACT).fit(X[::-1] + 7.0, Y[::-1] - 2.0)
    np.testing.assert_allclose(moved.coef_, model.coef_, atol=1e-5)
    times = np.random.default_rng(seed).integers(0, 4, 30)
    weighted = MultiTaskElasticNet(alpha=0.1, **EXACT).fit(X, Y, times)
    repeated = MultiTaskElasticNet(alpha=0.1, **EXACT).fit(np.repeat(X, times, axis=0), np.repeat(Y, times, axis=0))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-5)
    np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, atol=1e-4)


@pytest.mark.parametrize("shape", [(60, 8), (30, 120)])
def test_sparse_is_dense(shape):
    X, Y = data(*shape)
    X[np.random.default_rng(0).random(X.shape) < 0.9] = 0
    dense = MultiTaskLasso(alpha=0.05, **EXACT).fit(X, Y)
    for form in (sparse.csr_array, sparse.csc_matrix):
        np.testing.assert_allclose(MultiTaskLasso(alpha=0.05, **EXACT).fit(form(X), Y).coef_, dense.coef_, atol=1e-5)
    np.testing.assert_array_equal(dense.sparse_coef_.toarray(), dense.coef_)


def test_edge_cases():
    X, Y = data()
    ridge = Ridge(alpha=0.7 * 60).fit(X, Y)
    np.testing.assert_allclose(
        MultiTaskElasticNet(alpha=0.7, l1_ratio=0.0, **EXACT).fit(X, Y).coef_, ridge.coef_, atol=1e-6
    )
    free = MultiTaskLasso(alpha=0.0, **EXACT).fit(X, Y)
    Z = X - X.mean(axis=0)
    np.testing.assert_allclose(free.coef_, np.linalg.lstsq(Z, Y - Y.mean(axis=0))[0].T, atol=1e-6)
    largest = MultiTaskLasso(alpha=1e6).fit(X, Y)
    assert (largest.coef_ == 0).all()
    np.testing.assert_allclose(largest.intercept_, Y.mean(axis=0))
    assert (MultiTaskLasso().fit(X, np.zeros_like(Y)).coef_ == 0).all()
    odd = np.column_stack([X, np.ones(60), X[:, 0]])  # a constant column, and one twice
    model = MultiTaskLasso(alpha=0.1, **EXACT).fit(odd, Y)
    assert (model.coef_[:, 8] == 0).all()
    np.testing.assert_allclose(model.predict(odd), MultiTaskLasso(alpha=0.1, **EXACT).fit(X, Y).predict(X), atol=1e-5)
    for scale in (1e8, 1e-8):
        scaled = MultiTaskLasso(alpha=0.1 * scale, **EXACT).fit(X * scale, Y)
        np.testing.assert_allclose(scaled.coef_ * scale, MultiTaskLasso(alpha=0.1, **EXACT).fit(X, Y).coef_, atol=1e-5)
    single = MultiTaskLasso().fit(X.astype(np.float32), Y.astype(np.float32))
    assert single.coef_.dtype == single.intercept_.dtype == np.float32
    with pytest.raises(ValueError, match="For mono-task outputs, use Lasso"):
        MultiTaskLasso().fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="must be dense"):
        MultiTaskLasso().fit(X, sparse.csr_array(Y))
    with pytest.warns(ConvergenceWarning, match="increase the number of iterations"):
        MultiTaskLasso(alpha=0.01, max_iter=1, tol=1e-12).fit(X, Y)


def test_warm_start():
    X, Y = data(40, 100)
    model = MultiTaskLasso(alpha=0.1, tol=1e-8, warm_start=True).fit(X, Y)
    assert model.n_iter_ > 2
    assert model.set_params(tol=1e-6).fit(X, Y).n_iter_ <= 2
    assert model.fit(X[:, :50], Y).coef_.shape == (3, 50)  # another shape starts afresh


def test_reproducible():
    X, Y = data(40, 100)
    first, second = (MultiTaskLasso(alpha=0.1).fit(X, Y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
