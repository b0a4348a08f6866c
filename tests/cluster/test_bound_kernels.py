"""Kernels that both bounds share, against NumPy."""

import numpy as np
import pytest

from panlearn.cluster import bound_kernels as kernels

F = np.float32


@pytest.mark.parametrize(("k", "m"), [(2, 1), (8, 13), (30, 256)])
def test_smallest_two(k, m):
    D = np.random.default_rng(0).normal(size=(k, m)).astype(F)
    first, second, nearest = np.empty(m, F), np.empty(m, F), np.empty(m, np.int32)
    kernels.smallest_two(D, 5, m, first, second, nearest)
    ordered = np.sort(D, axis=0)
    np.testing.assert_array_equal(first, ordered[0])
    np.testing.assert_array_equal(second, ordered[1])
    np.testing.assert_array_equal(nearest, 5 + D.argmin(axis=0))


@pytest.mark.parametrize(("n", "p", "k"), [(1, 1, 1), (5, 3, 2), (9, 17, 5), (64, 100, 7)])
def test_products_in_place(n, p, k):
    rng = np.random.default_rng(0)
    X, C, square = (rng.normal(size=shape).astype(F) for shape in ((2 * n, p), (k, p), k))
    index, out = rng.permutation(2 * n)[:n], np.empty((k, n), F)
    kernels.products_in_place(X, index, n, C, square, out)
    np.testing.assert_allclose(out, square[:, None] + C @ X[index].T, atol=1e-4)


def test_the_error_bound_holds():
    """Products in single precision stay within the bound, also with cancellation."""
    rng = np.random.default_rng(0)
    for p in (3, 50):
        X, C = 1 + 1e-3 * rng.normal(size=(200, p)), 1 + 1e-3 * rng.normal(size=(10, p))
        x, c = X.astype(F), C.astype(F)
        norm, largest = np.linalg.norm(X, axis=1).astype(F), F(np.linalg.norm(C, axis=1).max())
        found = (C**2).sum(axis=1).astype(F) - F(2) * (x @ c.T) + (norm * norm)[:, None]
        exact = np.square(X[:, None] - C).sum(axis=2)
        bound = np.array([kernels.error.py_func(a, largest, p) for a in norm])
        assert (np.abs(found - exact).max(axis=1) <= bound).all()


def test_prepare_and_distances():
    rng = np.random.default_rng(0)
    X, mean = rng.normal(size=(40, 3)), rng.normal(size=3)
    single, norm = np.empty((40, 3), F), np.empty(40, F)
    total = kernels.prepare(X, mean, 0.5, single, norm, 0, 40)
    Z = (X - mean) * 0.5
    assert total == pytest.approx((Z**2).sum())
    np.testing.assert_allclose(single, Z, rtol=1e-6)
    weight = rng.uniform(size=40)
    rows, out, label = (
        kernels.Rows(X, mean, 0.5, single, norm, weight),
        np.empty(40),
        rng.integers(4, size=40).astype(np.int32),
    )
    square = ((Z - Z[:4][label]) ** 2).sum(axis=1)
    assert kernels.squared_distances(rows, Z[:4], label, out, 0, 40) == pytest.approx(weight @ square)
    np.testing.assert_allclose(out, square)
