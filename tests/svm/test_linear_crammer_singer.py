"""All classes in one problem: the minimiser over one row, the gap, dense and sparse, free intercepts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from panlearn.svm.linear_crammer_singer import best_of_row, solve_crammer_singer
from tests.oracles import linear_machine as oracle


def data(n=40, p=3, K=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, (X @ rng.normal(size=(p, K)) + 0.3 * rng.normal(size=(n, K))).argmax(axis=1)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_minimiser_over_a_row(seed, K):
    """Feasible, and no exchange between two classes is better."""
    rng = np.random.default_rng(seed)
    b, A, bound, label = rng.normal(size=K), rng.random() + 0.1, rng.random() + 0.1, int(rng.integers(K))
    a = np.empty(K)
    best_of_row(b, A, bound, label, a, np.empty(K))
    upper = np.where(np.arange(K) == label, bound, 0.0)
    assert abs(a.sum()) < 1e-12
    assert (a <= upper + 1e-12).all()
    slopes = A * a + b
    assert slopes.max() - slopes[a < upper - 1e-12].min() < 1e-9


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("scaling", [1.0, 0.0, np.inf])
def test_optimality(form, scaling):
    X, y = data()
    C = np.full(40, 0.05)
    found = solve_crammer_singer(form(X), y, C, scaling, tol=1e-5, max_iter=50_000, rng=np.random.RandomState(0))
    W, b = np.array([one.coef for one in found]), np.array([one.intercept for one in found])
    value = oracle.crammer_singer(W, b, X, y, C, scaling if scaling > 0 else 1.0)
    assert found[0].converged
    assert np.isclose(value, found[0].value, rtol=1e-4)
    assert found[0].gap <= 1e-3 * value
    rng = np.random.default_rng(0)
    for _ in range(20):
        near = oracle.crammer_singer(
            W + 1e-2 * rng.normal(size=W.shape), b + 1e-2 * rng.normal(size=3) * (scaling > 0), X, y, C, scaling or 1.0
        )
        assert near >= value - max(found[0].gap, 1e-9)
    np.testing.assert_allclose(W.sum(axis=0), 0, atol=1e-12)


def test_edge_cases():
    X, y = data()
    C = np.where(np.arange(40) < 30, 0.1, 0.0)
    rng = np.random.RandomState(0)
    some = solve_crammer_singer(X, y, C, 1.0, tol=1e-4, max_iter=20_000, rng=rng)
    part = solve_crammer_singer(X[:30], y[:30], C[:30], 1.0, tol=1e-4, max_iter=20_000, rng=rng)
    np.testing.assert_allclose(some[0].coef, part[0].coef, atol=1e-2)
    empty = solve_crammer_singer(np.zeros((6, 2)), np.arange(6) % 3, np.ones(6), 0.0, tol=1e-3, max_iter=10, rng=rng)
    assert all(not one.coef.any() for one in empty)
    assert not solve_crammer_singer(X, y, np.ones(40), 1.0, tol=1e-9, max_iter=1, rng=rng)[0].converged
