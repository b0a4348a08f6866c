"""Histograms against counting by NumPy."""

import numpy as np
import pytest

from panlearn.ensemble.gradient_boosting.histogram import build_share, complete, shared_by_rows


def expected(by_row, packed, rows):
    p = by_row.shape[1]
    sums = np.zeros((p, 256), np.int64)
    for j in range(p):
        np.add.at(sums[j], by_row[rows, j], packed[rows])
    return sums.ravel()


@pytest.mark.parametrize("p", [1, 5, 32, 33, 70])
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("by_rows", [False, True])
def test_shares_add_up(p, size, by_rows):
    rng = np.random.default_rng(0)
    by_row, packed = rng.integers(0, 256, (5000, p)).astype(np.uint8), rng.integers(-(2**40), 2**40, 5000)
    rows = np.flatnonzero(rng.random(5000) < 0.6).astype(np.int32)
    target, partial = rng.integers(0, 9, 256 * p), rng.integers(0, 9, (max(size - 1, 1), 256 * p))
    for rank in range(size):
        mine = partial[rank - 1] if by_rows and rank else target
        build_share(by_row, packed, rows, mine, rank, size, by_rows)
    parent = expected(by_row, packed, np.arange(5000))
    whole = parent.copy()
    for j in range(p):
        complete(target, partial, parent, j, size - 1 if by_rows else 0, True)
    np.testing.assert_array_equal(target, expected(by_row, packed, rows))
    np.testing.assert_array_equal(parent, whole - target)


def test_small_leaves_are_shared_by_columns():
    assert not shared_by_rows(1000)
    assert shared_by_rows(100_000)
