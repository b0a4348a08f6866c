"""Kernels on weighted columns against sums with NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from panlearn.core.design import columns
from panlearn.optimize import weighted_columns as kernels


def problem(seed, n=9, p=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.6)
    return X, rng.random(n) + 0.1, rng.normal(size=n), rng.permutation(p)[:4]


@pytest.mark.parametrize("kind", [np.asfortranarray, sparse.csc_array])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99))
def test_matches_oracle(kind, seed):
    X, h, u, at = problem(seed)
    read, chosen = columns(kind(X)), X[:, at]
    out, mean, square = np.empty(4), np.empty(4), np.empty(4)
    kernels.pull(read, at, u, out, 0, 4)
    np.testing.assert_allclose(out, chosen.T @ u, atol=1e-13)
    kernels.moments(read, at, h, h.sum(), mean, square, 0, 4)
    np.testing.assert_allclose(mean, np.average(chosen, axis=0, weights=h), atol=1e-13)
    np.testing.assert_allclose(square, h @ (chosen - mean) ** 2, atol=1e-12)
    kernels.moments(read, at, h, 0.0, mean, square, 0, 4)
    assert (mean == 0).all()
    np.testing.assert_allclose(square, h @ chosen**2, atol=1e-12)
    z, w = np.ones(9), np.array([2.0, 0.0, -1.0, 0.5])
    kernels.combine(read, at, w, z)
    np.testing.assert_allclose(z, 1 + chosen @ w, atol=1e-13)


@pytest.mark.parametrize("kind", [np.asfortranarray, sparse.csc_array])
@pytest.mark.parametrize("total", [True, False])
def test_optimality(kind, total):
    """At rest, the model's subgradient vanishes in every coordinate, with the best intercept's step."""
    X, h, u, at = problem(3)
    read, chosen = columns(kind(X)), X[:, at]
    start, l1, l2 = np.array([0.3, 0.0, 0.0, -0.2]), np.full(4, 0.4), np.full(4, 0.1)
    weight = h.sum() if total else 0.0
    mean, square = np.empty(4), np.empty(4)
    kernels.moments(read, at, h, weight, mean, square, 0, 4)
    w, left, s = start.copy(), u.copy(), np.array([u.sum() if total else 0.0])
    arguments = (mean, square, weight, l1, l2, False, 1e-12, 0.1, 5)
    assert not kernels.descend_weighted(read, at, np.arange(4), h, left, s, w, *arguments)  # it has moved
    assert any(kernels.descend_weighted(read, at, np.arange(4), h, left, s, w, *arguments) for _ in range(300))
    step = chosen @ (w - start)
    intercept = (u.sum() - h @ step) / h.sum() if total else 0.0
    np.testing.assert_allclose(s[0] / h.sum(), intercept, atol=1e-12)
    gradient = chosen.T @ (h * (step + intercept) - u) + l2 * w
    assert (np.abs(gradient[w == 0]) <= 0.4 + 1e-9).all()
    np.testing.assert_allclose(gradient[w != 0], -0.4 * np.sign(w[w != 0]), atol=1e-9)
    np.testing.assert_allclose(left, u - h * step, atol=1e-12)


def test_edge_cases():
    """A column without curvature is left alone; one sweep is not enough to know that nothing moves."""
    X = np.asfortranarray(np.column_stack([np.zeros(5), np.arange(5.0)]))
    at, h, u, w, s = np.arange(2), np.ones(5), np.ones(5), np.zeros(2), np.zeros(1)
    mean, square = np.zeros(2), np.array([0.0, 30.0])
    arguments = (mean, square, 0.0, np.zeros(2), np.zeros(2), False, 1e-9, 0.1)
    assert not kernels.descend_weighted(X, at, at, h, u, s, w, *arguments, 1)
    assert kernels.descend_weighted(X, at, at, h, u, s, w, *arguments, 1)
    np.testing.assert_allclose(w, [0, 10 / 30])


def test_gather_and_count():
    X, *_ = problem(5)
    rows = sparse.csr_array(X)
    counts = np.zeros(6, dtype=np.int64)
    kernels.count(rows.indices.view(np.uint32), counts)
    np.testing.assert_array_equal(counts, (X != 0).sum(axis=0))
    mark = np.full(6, -1, dtype=np.int32)
    mark[4] = 0
    data, where, cursor = np.empty(counts[4]), np.empty(counts[4], np.uint32), np.zeros(1, np.int64)
    indptr = rows.indptr.astype(np.uint64)
    kernels.gather(rows.data, rows.indices.view(np.uint32), indptr, mark, cursor, data, where)
    np.testing.assert_array_equal(data, X[where, 4])
    assert cursor[0] == counts[4]
