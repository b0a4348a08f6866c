"""Dividing rows, in any number of parts."""

from itertools import pairwise

import numpy as np
import pytest

from panlearn.ensemble.gradient_boosting.row_partition import add_to_rows, count_left, divide


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_order_is_kept(parts):
    rng = np.random.default_rng(0)
    codes, goes_left = rng.integers(0, 256, 1000).astype(np.uint8), rng.integers(0, 2, 256).astype(np.uint8)
    rows = np.flatnonzero(rng.random(1000) < 0.5).astype(np.int32)
    flags = goes_left[codes[rows]].astype(bool)
    assert count_left(codes, goes_left, rows) == flags.sum()
    out, edges = np.full(rows.size, -1, np.int32), np.linspace(0, rows.size, parts + 1).astype(int)
    for a, b in pairwise(edges):
        left = int(flags[:a].sum())
        divide(codes, goes_left, rows[a:b], out, left, int(flags.sum()) + a - left)
    np.testing.assert_array_equal(out, np.concatenate([rows[flags], rows[~flags]]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_reach_the_rows_of_their_leaf(dtype):
    order = np.random.default_rng(0).permutation(100).astype(np.int32)
    stops, values = np.array([1, 40, 41, 100]), np.array([1.0, 2.0, 3.0, 4.0], dtype)
    target = np.zeros(100, dtype)
    for a, b in ((0, 30), (30, 40), (40, 90), (90, 100)):
        add_to_rows(target, order, stops, values, a, b)
    np.testing.assert_array_equal(target[order], np.repeat(values, [1, 39, 1, 59]))
