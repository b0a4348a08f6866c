"""Kernels of coordinate descent against loops, on awkward shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from panlearn.core.design import columns
from panlearn.optimize.coordinate_descent import descend_columns, descend_gram, gram_gap, soft_threshold, solve_gram
from panlearn.penalties import ElasticNet
from tests.oracles import coordinate_descent as oracle


def problem(seed, n=9, k=4, scale=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, k)) * scale
    X[:, 0] = 0.0 if seed % 5 == 0 else X[:, 0]  # a column without variation
    y = rng.normal(size=n)
    return X, y, rng.uniform(0, 1, k) * scale, rng.uniform(0, 0.5, k) * (seed % 2) * scale**2


@given(st.floats(-3, 3), st.floats(0, 3), st.booleans())
def test_soft_threshold(z, t, positive):
    assert soft_threshold(z, t, positive) == oracle.soft_threshold(z, t, positive)


@pytest.mark.parametrize("positive", [False, True])
@given(st.integers(0, 60), st.integers(1, 4))
@settings(max_examples=30)
def test_descend_gram_matches_oracle(positive, seed, count):
    X, y, l1, l2 = problem(seed)
    G, b, w = X.T @ X, X.T @ y, np.zeros(4)
    q = -b
    descend_gram(G, q, w, l1, l2, positive, 0.0, count)
    np.testing.assert_allclose(w, oracle.sweeps(G, b, np.zeros(4), l1, l2, positive, count), atol=1e-12)
    np.testing.assert_allclose(q, G @ w - b, atol=1e-12)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("positive", [False, True])
def test_descend_columns_matches_oracle(kind, positive):
    """Centred and weighted columns, which sparse X never holds."""
    for seed in range(8):
        X, y, l1, l2 = problem(seed)
        v = np.sqrt(np.random.default_rng(seed).random(len(y)))
        mean = v @ X / (v @ v)
        Z, t = X - np.outer(v, mean), y - v * (v @ y) / (v @ v)
        w, r, s = np.zeros(4), y.copy(), np.array([v @ y])
        readable = columns(sparse.csc_array(X)) if kind == "sparse" else columns(X)
        square = (Z * Z).sum(axis=0)
        descend_columns(readable, np.arange(4), mean, v @ v, r, s, w, square, l1, l2, positive, 0.0, 3)
        expected = oracle.sweeps(Z.T @ Z, Z.T @ t, np.zeros(4), l1, l2, positive, 3)
        np.testing.assert_allclose(w, expected, atol=1e-10)
        np.testing.assert_allclose(s[0], v @ r)
        np.testing.assert_allclose(r - v * s[0] / (v @ v), t - Z @ w, atol=1e-10)


@pytest.mark.parametrize("positive", [False, True])
@given(st.integers(0, 60), st.sampled_from([1.0, 1e-6, 1e6]))
@settings(max_examples=30)
def test_solve_gram_reaches_the_fixed_point(positive, seed, scale):
    """A Gram matrix larger than its used part, as working sets keep it."""
    X, y, l1, l2 = problem(seed, scale=scale)
    G, b, w, q = np.full((7, 7), np.nan), X.T @ y, np.zeros(4), -(X.T @ y)
    G[:4, :4] = X.T @ X
    sweeps, gap = solve_gram(G, b, y @ y, q, w, l1, l2, positive, 1e-14 * (y @ y), 10_000)
    assert sweeps < 10_000
    assert gap <= 1e-14 * (y @ y)
    again = oracle.sweeps(G[:4, :4], b, w, l1, l2, positive)
    np.testing.assert_allclose(again * scale, w * scale, atol=1e-5)


def test_extrapolation_saves_sweeps():
    """Nearly collinear columns: plain sweeps crawl."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 1)) + 0.1 * rng.normal(size=(50, 20))
    y, l1, l2 = X @ rng.normal(size=20), np.full(20, 1e-3), np.zeros(20)
    G, b = X.T @ X, X.T @ y
    w, q = np.zeros(20), -b
    fast, _ = solve_gram(G, b, y @ y, q, w, l1, l2, False, 1e-6 * (y @ y), 100_000)
    slow, q = np.zeros(20), -b
    for _ in range(fast):
        descend_gram(G, q, slow, l1, l2, False, 0.0, 1)
    assert gram_gap(G, b, y @ y, q, slow, l1, l2, False) > 2e-6 * (y @ y)


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("squared", [False, True])
def test_gap_from_moments_is_the_gap(positive, squared):
    rng = np.random.default_rng(1)
    X, y, w = rng.normal(size=(20, 6)), rng.normal(size=20), np.abs(rng.normal(size=6)) * [1, 0, 1, 1, 0, 0]
    l1, l2 = rng.random(6), rng.random(6) * squared
    r, G, b = y - X @ w, X.T @ X, X.T @ y
    expected = ElasticNet(l1, l2, positive).gap(X.T @ r, w, float(r @ r))
    assert np.isclose(gram_gap(G, b, y @ y, G @ w - b, w, l1, l2, positive), expected)


def test_nothing_to_do():
    empty = np.zeros((0, 0)), np.zeros(0)
    assert solve_gram(*empty, 1.0, np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0), False, 0.0, 10)[1] == 0
