"""Rows and products of kernel matrices, whatever they come from."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.core.errors import DataError
from panlearn.svm.kernel_function import KernelFunction, kernel_matrix
from panlearn.svm.kernel_rows import ComputedRows, GivenRows, source_of

RBF = KernelFunction("rbf", 0.5)
X = np.random.default_rng(0).normal(size=(30, 3))
K = kernel_matrix(RBF, X, X)


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
