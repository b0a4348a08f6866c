"""The path solver: exact on small problems, certified on large ones, whichever way the working set goes."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import lasso_path as peer_path

from panlearn.optimize import elastic_net
from panlearn.optimize.centred_columns import CentredColumns
from panlearn.optimize.elastic_net import elastic_net_path
from tests.oracles.elastic_net import elastic_net as oracle


def data(n=60, p=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    return X, X[:, :5] @ rng.normal(size=5) + rng.normal(size=n)


def gap(X, y, w, l1):
    """True duality gap of the Lasso with an intercept, by dense algebra."""
    n, Z, t = len(y), X - X.mean(axis=0), y - y.mean()
    r = t - Z @ w
    s = min(1.0, l1 * n / np.abs(Z.T @ r).max())
    return (0.5 * r @ r + l1 * n * np.abs(w).sum() - 0.5 * (t @ t - np.sum((t - s * r) ** 2))) / n


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_matches_oracle(positive, intercept):
    X, y = data(20, 5)
    weight, weights = np.random.default_rng(1).random(20), np.array([1.0, 0.0, 2.0, np.inf, 0.5])
    l1s, l2s = np.array([0.5, 0.1, 0.01]), np.array([0.0, 0.05, 0.0])
    found = elastic_net_path(
        X, y, l1s, l2s, intercept=intercept, sample_weight=weight, weights=weights, positive=positive, tol=1e-13
    )
    kept = [0, 1, 2, 4]
    for k, (l1, l2) in enumerate(zip(l1s, l2s)):
        coef, constant = oracle(X[:, kept], y, l1 * weights[kept], l2 * weights[kept], weight, intercept, positive)
        np.testing.assert_allclose(found.coefs[k][kept], coef, atol=2e-6)
        assert found.coefs[k][3] == 0
        assert np.isclose(found.intercepts[k], constant, atol=1e-5)


@pytest.mark.parametrize("shape", [(60, 300), (300, 60), (400, 150)])
@pytest.mark.parametrize("form", [np.asfortranarray, np.ascontiguousarray, sparse.csc_array])
def test_matches_peer_and_certifies_each_strength(shape, form):
    X, y = data(*shape)
    l1s = np.abs((X - X.mean(axis=0)).T @ y).max() / len(y) * np.geomspace(1, 1e-2, 30)
    found = elastic_net_path(form(X), y, l1s, np.zeros(30), tol=1e-9)
    _, coefs, _ = peer_path(X - X.mean(axis=0), y - y.mean(), alphas=l1s, tol=1e-10, max_iter=100_000)
    limit = 1e-9 * y.var()
    assert (found.gaps <= limit).all()
    for k, w in enumerate(found.coefs):
        np.testing.assert_allclose(w, coefs[:, k], atol=2e-3)
        assert gap(X, y, w, l1s[k]) <= limit + 1e-12
        assert np.isclose(gap(X, y, w, l1s[k]), found.gaps[k], atol=1e-12)


def test_every_way_of_keeping_the_working_set_gives_the_same(monkeypatch):
    X, y = data(50, 400)
    l1s = np.array([0.5, 0.2, 0.1, 0.05])
    best = elastic_net_path(X, y, l1s, 0.1 * l1s, tol=1e-11).coefs
    for name, value in (("FIRST", 3), ("LARGEST", 20), ("BATCH", 1), ("EXACT", 0.0)):
        with monkeypatch.context() as patch:
            patch.setattr(elastic_net, name, value)
            for form in (np.asarray, sparse.csc_array):
                found = elastic_net_path(form(X), y, l1s, 0.1 * l1s, tol=1e-11, max_iter=20_000)
                np.testing.assert_allclose(found.coefs, best, atol=1e-4)


def test_a_start_at_the_minimum_takes_no_sweep():
    X, y = data()
    first = elastic_net_path(X, y, np.array([0.1]), np.zeros(1), tol=1e-6)
    again = elastic_net_path(X, y, np.array([0.1]), np.zeros(1), tol=1e-5, start=first.coefs[0])
    assert again.sweeps.tolist() == [0]
    np.testing.assert_array_equal(again.coefs, first.coefs)


def test_columns_shared_between_targets():
    X, y = data()
    columns = CentredColumns(X)
    for target in (y, y**2):
        one = elastic_net_path(columns, target, np.array([0.3]), np.zeros(1))
        two = elastic_net_path(X, target, np.array([0.3]), np.zeros(1))
        np.testing.assert_array_equal(one.coefs, two.coefs)


def test_rising_and_repeated_strengths():
    X, y = data(40, 150)
    l1s = np.array([0.1, 0.5, 0.5, 0.2, 1e3])
    found = elastic_net_path(X, y, l1s, np.zeros(5), tol=1e-8)
    assert (found.gaps <= 1e-8 * y.var()).all()
    np.testing.assert_allclose(found.coefs[1], found.coefs[2], atol=1e-3)
    assert not found.coefs[4].any()


def test_iterations_are_limited_and_the_gap_is_honest():
    X, y = data()
    found = elastic_net_path(X, y, np.array([0.01]), np.zeros(1), tol=1e-12, max_iter=2)
    assert found.sweeps[0] == 2
    assert found.gaps[0] > 1e-12 * y.var()
    assert np.isclose(found.gaps[0], gap(X, y, found.coefs[0], 0.01))


def test_nan_is_refused():
    X, y = data()
    X[3, 3] = np.nan
    with pytest.raises(OverflowError):
        elastic_net_path(X, y, np.array([0.1]), np.zeros(1))
