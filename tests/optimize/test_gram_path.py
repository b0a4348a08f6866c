"""The elastic-net path from moments: equal to proximal gradient steps, with a gap that tells the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import enet_path

from panlearn.optimize.centred_columns import CentredColumns
from panlearn.optimize.coordinate_descent import subgradient
from panlearn.optimize.gram_path import gram_path, path_of
from panlearn.optimize.working_set_path import FromColumns
from tests.oracles.gram_path import duality_gap, elastic_net


def data(n=60, p=8, seed=0, shared=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + shared * rng.normal(size=(n, 1))
    y = X[:, 0] - 2 * X[:, -1] + rng.normal(size=n)
    return X - X.mean(axis=0), y - y.mean()


def moments(X, y):
    n = len(y)
    return X.T @ X / n, X.T @ y / n, float(y @ y) / n


@settings(max_examples=15)
@given(st.integers(2, 30), st.integers(1, 6), st.integers(0, 100), st.booleans())
def test_matches_oracle(n, p, seed, positive):
    X, y = data(n, p, seed)
    gram, cross, square = moments(X, y)
    weights = np.random.default_rng(seed).uniform(0.5, 2.0, p)
    l1s, l2s = np.array([0.5, 0.05]) * np.abs(cross).max(), np.array([0.1, 0.3])
    found = gram_path(gram, cross, square, l1s, l2s, weights, positive, tol=1e-12, max_iter=10_000)
    for w, l1, l2 in zip(found.coefs, l1s, l2s, strict=True):
        best = elastic_net(gram, cross, l1 * weights, l2 * weights, positive, steps=3000)
        np.testing.assert_allclose(w, best, atol=1e-6 * max(1.0, np.abs(best).max()))


@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("shape", [(300, 90), (40, 120)])
@pytest.mark.parametrize("positive", [False, True])
def test_matches_peer(ratio, shape, positive):
    """More columns than the working set starts with, from moments and from the columns themselves."""
    X, y = data(*shape, shared=1.0)
    gram, cross, square = moments(X, y)
    largest = cross.max() if positive else np.abs(cross).max()
    alphas = np.geomspace(1.0, 0.02, 15) * largest / ratio
    setup = {"l1_ratio": ratio, "positive": positive, "tol": 1e-13, "max_iter": 100_000}
    theirs = enet_path(np.asfortranarray(X), y, alphas=alphas, **setup)[1].T
    strengths = (alphas * ratio, alphas * (1 - ratio))
    ours = gram_path(gram, cross, square, *strengths, positive=positive, tol=1e-12)
    rows = path_of(FromColumns(CentredColumns(X), y), *strengths, positive=positive, tol=1e-12)
    for found in (ours, rows):
        assert found.gaps.max() <= 1e-12 * square
        np.testing.assert_allclose(found.coefs, theirs, atol=2e-5)
    assert np.abs(ours.coefs[0]).max() < 1e-12  # the first strength is the least without weights
    assert ratio < 1 or np.count_nonzero(ours.coefs[-1]) <= len(y)


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_gap_is_primal_less_dual(ratio):
    X, y = data(50, 70, shared=0.5)
    gram, cross, square = moments(X, y)
    l1, l2 = 0.1 * np.abs(cross).max() * ratio, 0.1 * (1 - ratio)
    for tol in (1e-1, 1e-3, 1e-5):
        found = gram_path(gram, cross, square, np.array([l1]), np.array([l2]), tol=tol)
        w, ones = found.coefs[0], np.ones(70)
        bound = duality_gap(X / np.sqrt(50), y / np.sqrt(50), w, l1 * ones, l2 * ones)
        best = gram_path(gram, cross, square, np.array([l1]), np.array([l2]), tol=1e-14).coefs[0]
        value = [0.5 * v @ gram @ v - cross @ v + l1 * np.abs(v).sum() + 0.5 * l2 * v @ v for v in (w, best)]
        assert value[0] - value[1] <= found.gaps[0] + 1e-15 <= tol * square + 1e-15
        assert found.gaps[0] <= bound + 1e-12  # the better of two dual points


def test_optimality():
    X, y = data(200, 100, shared=3.0)  # nearly collinear: the support's equations do the work
    gram, cross, square = moments(X, y)
    l1s = np.geomspace(0.9, 1e-3, 30) * np.abs(cross).max()
    found = gram_path(gram, cross, square, l1s, np.zeros(30), tol=1e-13, max_iter=5000)
    for w, l1 in zip(found.coefs, l1s, strict=True):
        assert np.abs(subgradient(gram @ w - cross, w, l1 * np.ones(100))).max() < 1e-6 * np.abs(cross).max()
    assert found.sweeps.max() < 1000


def test_nearly_perfect_fit_keeps_its_digits():
    """Primal less dual would be rounding noise of y'y; the sum of non-negative terms is not."""
    X, _ = data(50, 5)
    y = X @ np.array([1.0, 0, 0, 0, -1.0])
    gram, cross, square = moments(X, y)
    found = gram_path(gram, cross, square, np.array([1e-9]), np.zeros(1), tol=1e-17)
    assert 0 <= found.gaps[0] < 1e-15 * square
    np.testing.assert_allclose(found.coefs[0], [1, 0, 0, 0, -1], atol=1e-8)


def test_edge_cases():
    X, y = data(30, 4)
    gram, cross, square = moments(X, y)
    zeros = np.zeros(1)
    assert (gram_path(gram, 0 * cross, 0.0, np.array([1.0]), zeros).coefs == 0).all()
    free = gram_path(gram, cross, square, zeros, zeros, tol=1e-14, max_iter=10_000)
    np.testing.assert_allclose(free.coefs[0], np.linalg.solve(gram, cross), rtol=1e-6)
    some = gram_path(gram, cross, square, np.array([10.0]), zeros, np.array([0.0, 1, 1, 1]), tol=1e-12)
    np.testing.assert_allclose(some.coefs[0], [cross[0] / gram[0, 0], 0, 0, 0], rtol=1e-5)
    both = np.hstack([X, X[:, :1], np.zeros((30, 1))])  # a column twice, and one of zeros
    twice = gram_path(*moments(both, y), np.array([0.01]), zeros, tol=1e-12)
    single = gram_path(gram, cross, square, np.array([0.01]), zeros, tol=1e-12)
    np.testing.assert_allclose(twice.coefs[0, [0]] + twice.coefs[0, [4]], single.coefs[0, [0]], atol=1e-6)
    assert twice.coefs[0, 5] == 0
    for scale in (1e8, 1e-8):
        scaled = gram_path(gram * scale**2, cross * scale, square, np.array([0.01 * scale]), zeros, tol=1e-12)
        np.testing.assert_allclose(scaled.coefs[0] * scale, single.coefs[0], rtol=1e-6)
    rising = gram_path(gram, cross, square, np.array([0.01, 1.0, 0.01]), np.zeros(3), tol=1e-12)
    np.testing.assert_allclose(rising.coefs[2], single.coefs[0], atol=1e-6)
    never = gram_path(gram, cross, square, np.array([0.01]), zeros, tol=0.0, max_iter=3)
    assert never.sweeps[0] <= 3
