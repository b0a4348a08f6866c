"""Columns on demand are the columns of the matrix, whatever was asked for before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from panlearn.optimize.column_store import ColumnStore
from panlearn.optimize.weighted_columns import combine


def dense(store, chosen, likely=None):
    """The chosen columns, read through kernels one by one."""
    held, at = store.columns(np.array(chosen), likely)
    out = np.zeros((store.shape[0], len(chosen)))
    for k in range(len(chosen)):
        combine(held, at[k : k + 1], np.ones(1), out[:, k])
    return out


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 15), st.integers(0, 99), st.booleans())
def test_matches_oracle(n, p, seed, is_sparse):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.4)
    store = ColumnStore(sparse.csr_array(X) if is_sparse else X)
    for _ in range(3):
        chosen = rng.permutation(p)[: rng.integers(1, p + 1)]
        likely = None if rng.random() < 0.5 else np.union1d(chosen, rng.permutation(p)[:3])
        np.testing.assert_array_equal(dense(store, chosen, likely), X[:, chosen])
    u = rng.normal(size=n)
    np.testing.assert_allclose(store.pull(u), X.T @ u, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", [sparse.csc_matrix, sparse.coo_array, np.asfortranarray, np.float32])
def test_kinds(kind):
    X = np.arange(12.0).reshape(3, 4)
    store = ColumnStore(kind(X))
    np.testing.assert_array_equal(dense(store, [2, 0]), X[:, [2, 0]])
    assert store.columns(np.array([1]))[0] is not None
    np.testing.assert_allclose(store.pull(np.ones(3)), X.sum(axis=0))


def test_duplicate_entries_are_summed():
    X = sparse.csr_array((np.array([1.0, 2.0, 3.0]), np.array([1, 1, 0]), np.array([0, 2, 3])), shape=(2, 2))
    np.testing.assert_array_equal(dense(ColumnStore(X), [0, 1]), [[0, 3], [3, 0]])
