"""Products inside kernels equal NumPy's, in both types, in place, from blocks of wider arrays."""

import numpy as np
import pytest

from panlearn.core.gemm import gemm, gemm_transposed, routine, single_threaded_products
from panlearn.core.jit import kernel


@kernel
def product(address, transpose, A, B, beta, C):
    gemm(address, transpose, len(A), C.shape[1], A.shape[1], A, B, beta, C)


@kernel
def transposed(address, A, B, beta, C):
    gemm_transposed(address, A.shape[1], B.shape[1], len(A), A, B, beta, C)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("transpose", [False, True])
def test_equals_numpy(dtype, transpose):
    random = np.random.default_rng(0)
    A, B, C = (random.normal(size=s).astype(dtype) for s in ((5, 7), (7, 3), (5, 3)))
    expected = A @ B + 0.5 * C
    with single_threaded_products():
        product(routine(dtype), transpose, A, np.ascontiguousarray(B.T) if transpose else B, 0.5, C)
    np.testing.assert_allclose(C, expected, rtol=1e-5 if dtype == np.float32 else 1e-13)


def test_transposed_first_factor_may_be_columns_of_a_wider_array():
    random = np.random.default_rng(1)
    wide, B, C = random.normal(size=(6, 9)), random.normal(size=(6, 4)), np.full((3, 4), np.nan)
    transposed(routine(np.float64), wide[:, 2:5], B, 0.0, C)  # beta = 0 overwrites even NaN
    np.testing.assert_allclose(C, wide[:, 2:5].T @ B, rtol=1e-13)


def test_writes_the_first_rows_only():
    C = np.ones((4, 2))
    gemm_rows(routine(np.float64), np.ones((4, 3)), np.ones((3, 2)), C)
    np.testing.assert_array_equal(C, [[3, 3], [3, 3], [1, 1], [1, 1]])


@kernel
def gemm_rows(address, A, B, C):
    gemm(address, False, 2, 2, 3, A, B, 0.0, C)


def test_refuses_other_types():
    with pytest.raises(KeyError):
        routine(np.int64)
