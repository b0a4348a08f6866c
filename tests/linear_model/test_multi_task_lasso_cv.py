"""Cross-validated multi-task models: the peer's errors and choice, and the scalar model for one target."""

import numpy as np
import pytest
from sklearn.linear_model import MultiTaskElasticNetCV as ElasticNetPeer
from sklearn.linear_model import MultiTaskLassoCV as LassoPeer
from sklearn.model_selection import KFold

import panlearn
from panlearn.linear_model import LassoCV, MultiTaskElasticNetCV, MultiTaskLasso, MultiTaskLassoCV
from tests.oracles.multi_task_lasso import multi_task

EXACT = {"tol": 1e-10, "max_iter": 10_000}


def data(n=60, p=8, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=p)
    W = np.zeros((3, p))
    W[:, :2] = rng.normal(size=(3, 2))
    return X, X @ W.T + rng.normal(size=(n, 3)) + 5.0


@pytest.mark.parametrize("shape", [(40, 4), (12, 30)])
def test_matches_oracle(shape):
    """By moments and by columns: the errors of weights found by proximal gradient steps on each fold's own rows."""
    X, Y = data(*shape)
    model = MultiTaskLassoCV(alphas=[0.5, 0.1], cv=3, **EXACT).fit(X, Y)
    for k, (train, test) in enumerate(KFold(3).split(X)):
        for i, alpha in enumerate([0.5, 0.1]):
            W = multi_task(X[train], Y[train], alpha, 1.0, steps=3000)
            residual = Y[test] - Y[train].mean(axis=0) - (X[test] - X[train].mean(axis=0)) @ W.T
            assert np.isclose(model.mse_path_[i, k], (residual**2).mean(), rtol=1e-3)


@pytest.mark.parametrize("shape", [(60, 8), (30, 80)])
def test_matches_peer(shape):
    X, Y = data(*shape)
    for weight in (None, np.random.default_rng(1).random(shape[0])):
        setup = {"alphas": 6, "eps": 0.05, "cv": 3, "l1_ratio": [0.5, 0.95], **EXACT}
        theirs = ElasticNetPeer(**setup).fit(X, Y, weight)
        ours = MultiTaskElasticNetCV(**setup).fit(X, Y, weight)
        assert np.isclose(ours.alpha_, theirs.alpha_)
        assert ours.l1_ratio_ == theirs.l1_ratio_
        np.testing.assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-8)
        np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-3)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)
    theirs = LassoPeer(alphas=5, eps=0.05, **EXACT).fit(X, Y)
    ours = MultiTaskLassoCV(alphas=5, eps=0.05, **EXACT).fit(X, Y)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=5e-3)


def test_one_target_is_the_lasso():
    X, Y = data()
    several, one = MultiTaskLassoCV(alphas=8, **EXACT).fit(X, Y[:, :1]), LassoCV(alphas=8, **EXACT).fit(X, Y[:, 0])
    assert np.isclose(several.alpha_, one.alpha_)
    np.testing.assert_allclose(several.mse_path_, one.mse_path_, rtol=1e-5)
    np.testing.assert_allclose(several.coef_[0], one.coef_, atol=1e-5)


def test_optimality():
    X, Y = data()
    model = MultiTaskLassoCV(alphas=10, **EXACT).fit(X, Y)
    assert model.alpha_ == model.alphas_[model.mse_path_.mean(axis=1).argmin()]
    assert 0 <= model.dual_gap_ <= 1e-10 * ((Y - Y.mean(axis=0)) ** 2).sum() / 60
    np.testing.assert_allclose(model.coef_, MultiTaskLasso(model.alpha_, **EXACT).fit(X, Y).coef_, atol=1e-5)


def test_invariances():
    X, Y = data()
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    model, turned = (MultiTaskLassoCV(alphas=5, **EXACT).fit(X, T) for T in (Y, Y @ turn.T))
    np.testing.assert_allclose(turned.mse_path_, model.mse_path_, rtol=1e-6)
    np.testing.assert_allclose(turned.coef_, turn @ model.coef_, atol=1e-5)


def test_edge_cases():
    X, Y = data()
    uniform = MultiTaskLassoCV(alphas=3).fit(X, np.tile([2.0, 4.0], (60, 1)))
    np.testing.assert_array_equal(uniform.predict(X), np.tile([2.0, 4.0], (60, 1)))
    with pytest.raises(ValueError, match="For mono-task outputs, use LassoCV"):
        MultiTaskLassoCV().fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="l1_ratio=0"):
        MultiTaskElasticNetCV(l1_ratio=0).fit(X, Y)
    assert MultiTaskLassoCV(alphas=3).fit(X.astype(np.float32), Y).coef_.dtype == np.float32


def test_reproducible():
    X, Y = data(200, 110)
    with panlearn.threads(2):
        first, second = (MultiTaskLassoCV(alphas=5, eps=0.1).fit(X, Y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
