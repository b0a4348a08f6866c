"""Groups of categories: never a worse ratio than a branch each; the kinds are found."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.tree.grouped_categories import best_union, merge_groups
from panlearn.tree.multiway_split import GROUP, GROUPS, PRESENT, TOTAL, category_gain


def tables(counts):
    """Cells and marks for counts (codes, classes)."""
    n, K = counts.shape
    cells = np.zeros((n + GROUPS + 2, K + 1))
    cells[:n, :K], cells[:n, K] = counts, counts.sum(axis=1)
    cells[TOTAL] = cells[:n].sum(axis=0)
    marks = np.zeros((2, n), np.int64)
    marks[PRESENT] = np.arange(n)
    return cells, marks


def ratio_of(counts, groups, whole):
    """Gain ratio of merged counts, by the definition."""
    merged = np.array([counts[groups == g].sum(axis=0) for g in np.unique(groups)])
    share = merged.sum(axis=1) / whole

    def info(p):
        p = p[p > 0] / p.sum()
        return -(p * np.log2(p)).sum()

    gain = info(counts.sum(axis=0)) - sum(w * info(row) for w, row in zip(share, merged))
    return gain / info(share)


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_the_ratio_grows_and_is_the_one_claimed(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 9, (int(rng.integers(3, 9)), 3)) + 1.0
    whole = counts.sum()
    cells, marks = tables(counts)
    gain, split, n = category_gain(cells, marks, len(counts), 1.0, whole)
    plain = gain / split
    gain, split, n = merge_groups(cells, marks, len(counts), 1.0, whole)
    groups = marks[GROUP]
    assert 2 <= n == len(np.unique(groups))
    np.testing.assert_allclose(gain / split, ratio_of(counts, groups, whole))
    assert gain / split >= plain - 1e-9


def test_pure_kinds_are_united():
    counts = np.array([[9, 0, 0], [0, 8, 0], [7, 0, 0], [0, 0, 6], [0, 5, 0], [0, 0, 4]], float)
    cells, marks = tables(counts)
    assert merge_groups(cells, marks, 6, 1.0, counts.sum())[2] == 3
    groups = marks[GROUP]
    assert (groups[[0, 1, 3]] == groups[[2, 4, 5]]).all()


def test_the_best_pair_is_the_best():
    counts = np.array([[5, 1], [4, 1], [1, 7], [2, 2.0]])
    cells, marks = tables(counts)
    cells[4:8] = cells[:4]
    bits = 21 * -((12 / 23) * np.log2(12 / 23) + (11 / 23) * np.log2(11 / 23)) * 23 / 21
    _, split, _ = category_gain(cells, marks, 4, 1.0, 23.0)
    mixed = sum(-(row * np.log2(row / row.sum())).sum() for row in counts)
    a, b, _, _ = best_union(cells, 4, 4, bits, mixed, split * 23)
    pairs = {
        (i, j): ratio_of(counts, np.array([i if g == j else g for g in range(4)]), 23)
        for i in range(4)
        for j in range(i)
    }
    assert {a, b} == set(max(pairs, key=lambda pair: pairs[pair]))
