"""The search over bins finds what a look at every threshold finds, and its bounds hold."""

import numpy as np
import pytest

from panlearn.ensemble.stump_columns import BINS, stump_columns
from panlearn.ensemble.stump_search import StumpSums, add_weights, refine, scan
from panlearn.tree.ordered_columns import order_columns


def gains(codes, label, weight, k):
    """Place and f of every threshold of a column, by the formula."""
    order = np.argsort(codes, kind="stable")
    left = np.cumsum(np.eye(k)[label[order]] * weight[order, None], axis=0)
    right = left[-1] - left
    f = (left**2).sum(1) / left.sum(1) + (right**2).sum(1) / np.maximum(right.sum(1), 1e-300)
    apart = np.append(codes[order][1:] != codes[order][:-1], False)
    return np.flatnonzero(apart) + 1, f[apart]


@pytest.mark.parametrize("k", [2, 3, 6])
@pytest.mark.parametrize("spread", [0.1, 6.0])
def test_best_of_all_and_bounds(k, spread):
    rng = np.random.default_rng(k)
    X, y = rng.normal(size=(2500, 3)), rng.integers(0, k, 2500)
    columns = stump_columns(order_columns(X), y, k, np.ones(2500, bool))
    weight = np.exp(spread * rng.normal(size=2500))
    total = np.bincount(columns.label, weight, k)
    sums = StumpSums(np.zeros((3, k, BINS)), total, np.zeros((3, BINS)), np.zeros(3), np.zeros(3, np.int64))
    everything = np.arange(2500, dtype=np.int32)
    add_weights(columns, sums, everything, weight, columns.start.astype(np.int64), 0, 3)
    scan(columns, sums, 0, 3)
    column, place = refine(columns, sums, weight)
    all_gains = [gains(columns.codes[j], columns.label, weight, k) for j in range(3)]
    places, f = all_gains[column]
    np.testing.assert_allclose(f[places == place], max(f.max() for _, f in all_gains), rtol=1e-12)
    for j, (places, f) in enumerate(all_gains):
        bins = np.searchsorted(columns.first_place[j, : columns.n_bins[j] + 1], places, side="right") - 1
        inside = places != columns.first_place[j, bins]
        assert (f[inside] <= sums.bound[j, bins[inside]] * (1 + 1e-9)).all()
