"""Kernels of Hamerly's bound; their labels are tested in test_bounded_assignment.py."""

import numpy as np
import pytest

from panlearn.cluster import hamerly_kernels as kernels
from panlearn.cluster.bound_kernels import Singles

F = np.float32


@pytest.mark.parametrize(("p", "k", "m"), [(4, 2, 1), (8, 6, 100), (20, 10, 256)])
def test_products(p, k, m):
    rng = np.random.default_rng(0)
    factor, square, packed = (rng.normal(size=shape).astype(F) for shape in ((k, p), k, (p, m)))
    out = np.empty((k, m), F)
    kernels.products(factor, square, packed, m, out)
    np.testing.assert_allclose(out, square[:, None] + factor @ packed, atol=1e-4)


def test_pack_turns_rows_to_columns():
    X = np.random.default_rng(0).normal(size=(50, 5)).astype(F)
    work = kernels.work_for(3, 5, np.array([0, 3]))
    work.row[:10] = np.arange(20, 30)
    kernels.pack(Singles(X, np.arange(50, dtype=F)), work, 2, 8)
    np.testing.assert_array_equal(work.packed[:5, :8], X[22:30].T)
    np.testing.assert_array_equal(work.norm[:8], np.arange(22, 30))
    assert not work.packed[5:].any()  # columns that fill up to a multiple of 4
