"""Columns sorted and binned once."""

import numpy as np
import pytest

from panlearn.ensemble.stump_columns import BINS, stump_columns
from panlearn.tree.ordered_columns import order_columns


@pytest.mark.parametrize("n", [7, 3000])
def test_order_and_bins_follow_the_values(n):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=n), rng.integers(0, 5, n), np.ones(n)])
    y, used = rng.integers(0, 3, n), rng.random(n) < 0.8
    found = stump_columns(order_columns(X), y, 3, used)
    np.testing.assert_array_equal(np.sort(found.rows), np.flatnonzero(used))
    np.testing.assert_array_equal(y[found.rows], found.label)
    assert (np.diff(found.label) >= 0).all()
    for j in range(3):
        values = X[found.rows[found.order[j]], j]
        assert (np.diff(values) >= 0).all()
        bins = found.bins[j, found.order[j]]
        edges = found.first_place[j, : found.n_bins[j] + 1]
        np.testing.assert_array_equal(np.searchsorted(bins, np.arange(found.n_bins[j] + 1)), edges)
    assert found.n_bins.max() <= BINS
