"""The row cache: right values whatever was thrown out, never more rows than allowed, the oldest goes first."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.svm.kernel_cache import KernelCache
from panlearn.svm.kernel_function import KernelFunction, kernel_matrix
from panlearn.svm.kernel_rows import ComputedRows

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
