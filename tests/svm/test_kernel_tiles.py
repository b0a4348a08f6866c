"""The inner loops of kernel matrices against plain NumPy, on lengths that are no multiple of a SIMD register."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.svm import kernel_tiles


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("m", [1, 7, 64, 133])
def test_gauss(dtype, m):
    rng = np.random.default_rng(m)
    tile, left, right = (rng.normal(size=s).astype(dtype) * 5 for s in ((3, m), 3, m))
    out, slots = np.full((5, m + 9), -1.0, dtype=dtype), np.array([4, 0, 2])
    loop = kernel_tiles.gauss_single if dtype == np.float32 else kernel_tiles.gauss_double
    loop(tile, left, right, out, slots, 4)
    true = np.exp2(np.minimum(tile.astype(np.float64) - left[:, None] - right, 0))
    np.testing.assert_allclose(out[slots, 4 : 4 + m], true, rtol=2e-5 if dtype == np.float32 else 1e-13)
    assert (out[[1, 3]] == -1).all()  # nothing else is touched
    assert (out[:, :4] == -1).all()
    assert (out[:, 4 + m :] == -1).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [1, 4, 6])
def test_manhattan(dtype, p):
    rng = np.random.default_rng(p)
    A, B = rng.normal(size=(3, p)).astype(dtype), rng.normal(size=(11, p)).astype(dtype)
    tile = np.empty((3, 11), dtype=dtype)
    kernel_tiles.manhattan(A, np.ascontiguousarray(B.T), tile)
    true = -np.abs(A[:, None].astype(np.float64) - B[None]).sum(axis=2)
    np.testing.assert_allclose(tile, true, rtol=1e-6 if dtype == np.float32 else 1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_rows_meet_a_panel(dtype):
    """Features that no row of the panel has are left out of it: place is -1."""
    rng = np.random.default_rng(0)
    X = sparse.csr_matrix((rng.normal(size=(20, 12)) * (rng.random((20, 12)) < 0.4)).astype(dtype))
    Z = rng.normal(size=(5, 12)).astype(dtype)
    Z[:, ::3] = 0.0
    used = np.flatnonzero(Z.any(axis=0))
    place = np.full(12, -1, dtype=np.int32)
    place[used] = np.arange(len(used))
    panel, tile = np.ascontiguousarray(Z[:, used].T), np.empty((9, 5), dtype=dtype)
    dense, tolerance = X.toarray().astype(np.float64)[6:15], 1e-5 if dtype == np.float32 else 1e-13
    kernel_tiles.sparse_products(X.indptr, X.indices, X.data, place, panel, 6, tile)
    np.testing.assert_allclose(tile, dense @ Z.T, rtol=tolerance, atol=tolerance)
    kernel_tiles.sparse_manhattan(X.indptr, X.indices, X.data, place, panel, np.abs(Z).sum(axis=1), 6, tile)
    true = -np.abs(dense[:, None] - Z[None]).sum(axis=2)
    np.testing.assert_allclose(tile, true, rtol=tolerance, atol=tolerance)
