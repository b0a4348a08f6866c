"""The row cache: right values whatever was thrown out, never more rows than allowed, the oldest goes first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from panlearn.core.errors import DataError
from panlearn.svm.kernel_cache import ComputedRows, GivenRows, KernelCache, source_of
from panlearn.svm.kernel_function import KernelFunction, kernel_matrix

RBF = KernelFunction("rbf", 0.5)
X = np.random.default_rng(0).normal(size=(30, 3))
K = kernel_matrix(RBF, X, X)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), st.integers(4, 30))
def test_rows_are_those_of_the_kernel_matrix(seed, size):
    rng, cache = np.random.default_rng(seed), KernelCache(ComputedRows(RBF, X, np.float32), size, np.float32)
    assert len(cache.matrix) == size
    for _ in range(12):
        wanted = rng.permutation(30)[: rng.integers(1, size + 1)]
        slots = cache.rows(wanted)
        np.testing.assert_allclose(cache.matrix[slots], K[wanted], atol=1e-6)
        held = np.flatnonzero(cache.slot >= 0)
        assert len(held) <= size
        np.testing.assert_array_equal(cache.owner[cache.slot[held]], held)


def test_the_oldest_row_makes_way():
    cache = KernelCache(ComputedRows(RBF, X, np.float32), 4, np.float32)
    for rows in ([0, 1], [2, 3], [0], [4]):  # 1 is now the row unused for longest
        cache.rows(np.array(rows))
    assert {*np.flatnonzero(cache.slot >= 0)} in ({0, 2, 3, 4}, {0, 1, 3, 4} - {1} | {2})
    assert cache.computed == 5
    cache.rows(np.array([0, 4]))
    assert cache.computed == 5  # both are there


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products(dtype):
    """Exact ones do not depend on the precision of the rows."""
    beta, support, rows = np.random.default_rng(1).normal(size=5), np.array([3, 4, 9, 20, 29]), np.arange(0, 30, 7)
    true = K[:, support] @ beta
    called = KernelFunction("callable", function=lambda A, B: kernel_matrix(RBF, A, B))
    sources = [
        ComputedRows(RBF, X, dtype),
        ComputedRows(RBF, sparse.csr_matrix(X), dtype),
        GivenRows(KernelFunction("precomputed"), K),
        GivenRows(called, X),
    ]
    for source in sources:
        np.testing.assert_allclose(source.products(rows, support, beta), true[rows], rtol=1e-12)
        np.testing.assert_allclose(source.rough_products(support, beta), true, atol=1e-5)
        assert (source.products(rows, support[:0], beta[:0]) == 0).all()


def test_given_rows():
    out = np.zeros((4, 30))
    for kernel, data in ((KernelFunction("precomputed"), K), (KernelFunction("precomputed"), sparse.csr_matrix(K))):
        source_of(kernel, data, np.float32).fill(np.array([7, 2]), out, np.array([3, 0]))
        np.testing.assert_array_equal(out[[3, 0]], K[[7, 2]])
    broken = KernelFunction("callable", function=lambda A, B: np.full((len(A), len(B)), np.nan))
    with pytest.raises(DataError, match="NaN"):
        GivenRows(broken, X).fill(np.array([0]), out, np.array([0]))


def test_float32_is_refused_where_it_is_too_coarse():
    """Exponents of differences of huge numbers, and values beyond 1e30."""
    assert not ComputedRows(RBF, X, np.float32).is_coarse
    assert ComputedRows(RBF._replace(gamma=1e6), X, np.float32).is_coarse
    assert ComputedRows(KernelFunction("poly", 1.0, 3), X * 1e7, np.float32).is_coarse
    assert GivenRows(KernelFunction("precomputed"), K * 1e31).is_coarse
