"""Paths: the fits one by one, piecewise linear, scikit-learn's names for everything."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import enet_path as peer_enet
from sklearn.linear_model import lasso_path as peer_lasso

from panlearn.linear_model import ElasticNet, Lasso, enet_path, lasso_path


def data(n: int = 60, p: int = 8, seed: int = 0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, :3] @ [1.0, -2.0, 3.0] + rng.normal(size=n)


@pytest.mark.parametrize("shape", [(60, 8), (30, 80)])
def test_matches_oracle(shape):
    """Each point of the path is the fit for that strength."""
    X, y = data(*shape)
    alphas, coefs, gaps = enet_path(X, y, l1_ratio=0.7, alphas=6, tol=1e-12)
    for alpha, coef in zip(alphas, coefs.T):
        one = ElasticNet(alpha, l1_ratio=0.7, fit_intercept=False, tol=1e-12).fit(X, y)
        np.testing.assert_allclose(coef, one.coef_, atol=1e-4)
    assert (gaps <= 1e-12 * np.mean(y**2)).all()


@pytest.mark.parametrize("targets", [None, 2])
@pytest.mark.parametrize("form", [np.asarray, sparse.csc_array])
def test_matches_peer(targets, form):
    X, y = data(40, 60)
    y = y if targets is None else np.column_stack([y, y**2])
    cases: Any = ((lasso_path, peer_lasso, {}), (enet_path, peer_enet, {"l1_ratio": 0.4}))
    for ours, theirs, more in cases:
        found = ours(form(X), y, alphas=10, eps=0.01, tol=1e-10, return_n_iter=True, max_iter=10_000, **more)
        expected = theirs(X, y, alphas=10, eps=0.01, tol=1e-10, max_iter=100_000, **more)
        np.testing.assert_allclose(found[0], expected[0])
        assert found[1].shape == expected[1].shape
        np.testing.assert_allclose(found[1], expected[1], atol=2e-3)
        assert len(found[3]) == 10


def test_optimality():
    """The Lasso's path is piecewise linear: between two strengths with the same support, so is the middle."""
    X, y = data()
    grid = np.geomspace(1, 0.01, 40)
    _, coefs, _ = lasso_path(X, y, alphas=grid, tol=1e-14)
    _, middle, _ = lasso_path(X, y, alphas=(grid[1:] + grid[:-1]) / 2, tol=1e-14)
    same = (np.sign(coefs[:, 1:]) == np.sign(coefs[:, :-1])).all(axis=0)
    assert same.sum() > 20
    np.testing.assert_allclose(middle[:, same], (coefs[:, 1:] + coefs[:, :-1])[:, same] / 2, atol=1e-5)


def test_invariances():
    X, y = data()
    weight = np.random.default_rng(0).integers(0, 3, 60).astype(float)
    grid = [0.5, 0.1]
    weighted = lasso_path(X, y, alphas=grid, sample_weight=weight, tol=1e-12)[1]
    times = weight.astype(int)
    repeated = lasso_path(np.repeat(X, times, axis=0), np.repeat(y, times), alphas=grid, tol=1e-12)[1]
    np.testing.assert_allclose(weighted, repeated, atol=1e-5)
    scaled = lasso_path(X, y, alphas=[0.2], penalty_weights=np.full(8, 0.5), tol=1e-12)[1]
    np.testing.assert_allclose(scaled, lasso_path(X, y, alphas=[0.1], tol=1e-12)[1], atol=1e-5)


def test_edge_cases(capsys):
    X, y = data()
    alphas, coefs, _ = lasso_path(X, np.zeros(60), alphas=3)
    assert not coefs.any()
    assert (alphas > 0).all()
    alphas, coefs, _ = lasso_path(X.astype(np.float32), y, alphas=[0.1, 0.3, 0.2], verbose=1)
    assert alphas.tolist() == [0.3, 0.2, 0.1]
    assert coefs.dtype == np.float32
    assert "largest duality gap" in capsys.readouterr().out
    assert (lasso_path(X, y, positive=True, alphas=5)[1] >= 0).all()
    start = Lasso(0.1, fit_intercept=False).fit(X, y).coef_
    assert lasso_path(X, y, alphas=[0.1], coef_init=start, return_n_iter=True)[3] == [0]
    bad: Any = (
        ({"normalize": True}, "Unexpected parameters"),
        ({"alphas": 0}, "at least 1"),
        ({"alphas": [-1.0]}, "range"),
        ({"eps": 0.0}, "eps"),
    )
    for arguments, match in bad:
        with pytest.raises(ValueError, match=match):
            lasso_path(X, y, **arguments)
    with pytest.raises(ValueError, match="multi-output"):
        lasso_path(X, np.column_stack([y, y]), positive=True)
    with pytest.raises(ValueError, match="l1_ratio=0"):
        enet_path(X, y, l1_ratio=0.0)
    with pytest.raises(ValueError, match="as many rows"):
        lasso_path(X, y[:-1])


def test_old_names_still_work():
    X, y = data()
    with pytest.warns(FutureWarning, match="n_alphas"):
        assert len(lasso_path(X, y, n_alphas=5)[0]) == 5
    with pytest.warns(FutureWarning, match="alphas=None"):
        assert len(lasso_path(X, y, alphas=None)[0]) == 100


def test_reproducible():
    X, y = data(300, 400)
    first, second = (lasso_path(X, y, alphas=20)[1] for _ in range(2))
    np.testing.assert_array_equal(first, second)
