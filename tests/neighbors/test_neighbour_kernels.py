"""The kernels one by one against sorting."""

import numpy as np
import pytest

from panlearn.neighbors import neighbour_kernels as kernels


def heaps(n, m):
    return np.full((n, m), np.inf, np.float32), np.full((n, m), n, np.int32), np.full(n, np.inf, np.float32)


def test_a_heap_keeps_the_smallest():
    rng = np.random.default_rng(0)
    values, ids = np.full(7, np.inf, np.float32), np.full(7, 1000, np.int32)
    stream = rng.integers(0, 40, 500).astype(np.float32)  # many ties, which the index decides
    for j, u in enumerate(stream):
        if kernels.precedes(u, j, values[0], ids[0]):
            kernels.replace_root(u, j, values, ids)
        assert values[0] == values.max()
    np.testing.assert_array_equal(np.sort(ids), np.sort(np.argsort(stream, kind="stable")[:7]))


@pytest.mark.parametrize("n", [2, 31, 32, 33, 100])
def test_tiles_serve_rows_and_columns(n):
    rng = np.random.default_rng(n)
    D = rng.integers(0, 9, (n, n)).astype(np.float32)
    D = np.triu(D, 1) + np.triu(D, 1).T
    m = min(5, n - 1)
    values, ids, roots = heaps(n, m)
    cut = n // 3
    kernels.offer_tile(np.ascontiguousarray(D[:cut, cut:]), 0, cut, False, values, ids, roots)
    kernels.offer_tile(np.ascontiguousarray(D[:cut, :cut]), 0, 0, True, values, ids, roots)
    kernels.offer_tile(np.ascontiguousarray(D[cut:, cut:]), cut, cut, True, values, ids, roots)
    np.fill_diagonal(D, np.inf)
    np.testing.assert_array_equal(np.sort(ids), np.sort(np.argsort(D, axis=1, kind="stable")[:, :m]))
    np.testing.assert_array_equal(roots, np.sort(D, axis=1)[:, m - 1])


def test_rows_alone():
    rng = np.random.default_rng(1)
    D = rng.normal(size=(3, 50))
    values, ids = np.full((3, 4), np.inf), np.full((3, 4), 50, np.int32)
    rows = np.array([7, 8, 20])
    kernels.offer_rows(D[:, :20].copy(), rows, 0, values, ids)
    kernels.offer_rows(D[:, 20:].copy(), rows, 20, values, ids)
    D[np.arange(3), rows] = np.inf
    np.testing.assert_array_equal(np.sort(ids), np.sort(np.argsort(D, axis=1)[:, :4]))


def test_mismatches_cost():
    codes = np.array([[0, 1, 1, 2], [5, 5, 6, 5]], np.int32)
    tile = np.zeros((2, 2), np.float32)
    kernels.add_mismatches(tile, codes, 0, 2, np.float32(0.5))
    np.testing.assert_array_equal(tile, [[1.0, 0.5], [0.5, 0.5]])


def test_measure_sorts_by_distance_and_name():
    X = np.array([[0.0], [1.0], [-1.0], [3.0]])
    found, squares = np.empty((1, 2), np.int64), np.empty((1, 2))
    names = np.array([0, 9, 4, 1])
    ids = np.array([[3, 1, 2]], np.int32)
    kernels.measure(X, np.empty((0, 4), np.int32), 0.0, np.array([0]), ids, names, 2, found, squares, 0, 1)
    assert found.tolist() == [[2, 1]]
    assert squares.tolist() == [[1.0, 1.0]]
