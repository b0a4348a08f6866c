import numpy as np
import pytest

from panlearn.core.jit import kernel
from panlearn.tree.split_keys import POSITION, SHIFT
from panlearn.tree.split_scan import Limits, one_cut, scan
from panlearn.tree.split_sums import SQUARED, Sums

INF = np.inf


@kernel
def scanned(stat, keys, present, m, missing_left, sign, limits):
    return scan(stat, keys, present, m, missing_left, sign, limits, -np.inf)


@kernel
def cut_once(stat, keys, m, cut, missing, missing_left, limits):
    return one_cut(stat, keys, m, cut, missing, missing_left, np.int64(0), limits)[0]


def statistic(y, w):
    rows = np.column_stack([w, w * y])
    return Sums(SQUARED, np.column_stack([w, y]), 0.0, rows, rows.sum(axis=0), np.empty(0))


def decrease(y, w, left):
    s, a, W, T = (w * y)[left].sum(), w[left].sum(), w.sum(), (w * y).sum()
    return (s * W - T * a) ** 2 / (a * (W - a))


@pytest.mark.parametrize("missing_left", [False, True])
@pytest.mark.parametrize("least", [1, 4])
def test_best_of_all_thresholds(missing_left, least):
    rng = np.random.default_rng(least)
    y, w, codes = rng.normal(size=30), rng.random(30), np.sort(rng.integers(0, 9, 30))
    codes[26:] = 9  # missing
    order = rng.permutation(30)  # position of each sorted row in the node
    keys = (codes.astype(np.uint64) << SHIFT) | order.astype(np.uint64)
    limits = Limits(least, 0.0, w.sum(), -INF, INF)
    best, at, _ = scanned(statistic(y, w), keys, 26, 30, missing_left, 0, limits)
    by_key, found = np.empty(30), []
    by_key[order] = codes
    for cut in range(9):
        left = (by_key <= cut) | (missing_left & (by_key == 9))
        if min(left.sum(), (~left).sum()) >= least:
            found.append(decrease(y, w, left))
            again = cut_once(statistic(y, w), by_key.astype(np.uint64) << SHIFT, 30, cut, 9, missing_left, limits)
            np.testing.assert_allclose(again, found[-1])
    np.testing.assert_allclose(best, max(found))
    assert int(keys[at] & POSITION) == order[at]


def test_weight_and_monotone_limits():
    y, w = np.array([3.0, 2.0, 1.0, 0.0]), np.ones(4)
    keys = (np.arange(4, dtype=np.uint64) << SHIFT) | np.arange(4, dtype=np.uint64)
    limits = Limits(1, 0.0, 4.0, -INF, INF)
    assert scanned(statistic(y, w), keys, 4, 4, False, 1, limits)[1] == -1  # it falls
    best, at, middle = scanned(statistic(y, w), keys, 4, 4, False, -1, limits)
    assert (at, middle) == (1, 1.5)
    assert best == 16.0
    assert scanned(statistic(y, w), keys, 4, 4, False, -1, limits._replace(upper=1.9))[1] == -1
    assert scanned(statistic(y, w), keys, 4, 4, False, 0, limits._replace(min_weight_leaf=2.5))[1] == -1
