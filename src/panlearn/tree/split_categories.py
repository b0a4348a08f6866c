r"""Subset questions about categories: which levels go left.

With one target, numbers or two classes, the best of all 2^(L-1) - 1 subsets is found by ordering the L levels by their
mean target and cutting that order [fisher1958] [breiman1984]. With more classes or outputs

- up to `EXACT_GROUPS` levels: all subsets, visited in Gray-code order so that one level changes sides at a time;
- more: the levels are ordered by the first principal component of their mean vectors [coppersmith1999], then cut.

Extremely randomised trees draw a subset. Whatever the way, each level gets a place, the places replace the codes, and
places up to a cut go left. A level that does not occur in the node goes with the larger side.
"""

import numpy as np

from panlearn.tree.growth_workspace import CODES, LEVELS, PLACES, SEEN, SIDES, SUBSET, draw
from panlearn.tree.inner_kernel import inner_kernel
from panlearn.tree.level_order import project, sort_levels
from panlearn.tree.split_keys import POSITION, SHIFT, sort_keys
from panlearn.tree.split_scan import Found, allowed, one_cut, scan
from panlearn.tree.split_statistic import accumulate, empty, move, score

EXACT_GROUPS = 7  # 63 subsets, about ten moves of each row
NOTHING = -np.inf


@inner_kernel
def search_subsets(stat, columns, work, categories, j, m, random, limits, best):
    """Best of `best` and the subsets of the categories of feature j; the node's keys are in work.keys[0]."""
    missing = np.uint64(columns.table[j, CODES])
    count, gone = _levels_of(work.keys[0], m, missing, categories.numbers)
    if random:
        found, cut, missing_left = _one_subset(stat, work, categories, m, count, gone, missing, limits)
    elif count + gone <= EXACT_GROUPS and categories.table.shape[1] > 3:
        found, cut, missing_left = _every_subset(stat, work, categories, m, count, missing, limits, best.score)
    else:
        found, cut, missing_left = _ordered(stat, work, categories, m, count, missing, limits, best.score)
    if found > best.score:
        best = Found(found, j, cut, cut + 1, missing_left, np.nan, 0.0)
        _remember(categories, count, cut)
    for l in range(count):
        categories.numbers[PLACES, categories.numbers[LEVELS, l]] = -1
    return best


@inner_kernel
def _levels_of(keys, m, missing, numbers):
    """Number the levels of the node in the order of their first row; returns how many, and whether any is missing."""
    count, gone = 0, False
    for i in range(m):
        code = keys[i] >> SHIFT
        if code == missing:
            gone = True
        elif numbers[PLACES, code] < 0:
            numbers[PLACES, code] = count
            numbers[LEVELS, count] = code
            count += 1
    return count, gone


@inner_kernel
def _replace(keys, m, missing, order, count):
    """Replace the codes by their places in `order`, missing ones by `count`."""
    for i in range(np.uint64(m)):
        code = keys[i] >> SHIFT
        keys[i] = (np.uint64(count if code == missing else order[code]) << SHIFT) | i


@inner_kernel
def _ordered(stat, work, categories, m, count, missing, limits, best):
    """Order the levels by their targets, and cut the order where it is best."""
    numbers, table = categories.numbers, categories.table
    for l in range(count):
        for k in range(table.shape[1]):
            table[l, k] = 0.0
    for i in range(m):
        code = work.keys[0, i] >> SHIFT
        if code != missing:
            accumulate(stat, i, table[numbers[PLACES, code]])
    project(table, count)
    sort_levels(numbers[LEVELS], numbers[PLACES], table, count)
    for l in range(count):
        numbers[SIDES, numbers[LEVELS, l]] = l
    _replace(work.keys[0], m, missing, numbers[SIDES], count)
    keys = work.keys[sort_keys(work.keys, m, np.int64(0), count, work.counts)]
    present, cut, missing_left = m, 0, False
    while present and keys[present - 1] >> SHIFT == np.uint64(count):
        present -= 1
    found = NOTHING
    for left in range(2 if present < m else 1):
        s, at, _ = scan(stat, keys, present, m, left == 1, np.int64(0), limits, max(best, found))
        if at >= 0:
            found, cut, missing_left = s, np.int64(keys[at] >> SHIFT), left == 1
    return found, cut, missing_left


@inner_kernel
def _one_subset(stat, work, categories, m, count, gone, missing, limits):
    """Each level goes left or right by chance, but neither side stays empty."""
    numbers = categories.numbers
    for l in range(count):
        numbers[SIDES, numbers[LEVELS, l]] = draw(work.random, np.int64(0), np.int64(2))
    if count > 1:
        one = draw(work.random, np.int64(0), count)
        other = (one + draw(work.random, np.int64(1), count)) % count
        numbers[SIDES, numbers[LEVELS, other]] = 1 - numbers[SIDES, numbers[LEVELS, one]]
    elif count == 1:
        numbers[SIDES, numbers[LEVELS, 0]] = 0
    missing_left = gone and count > 1 and draw(work.random, np.int64(0), np.int64(2)) == 1
    _replace(work.keys[0], m, missing, numbers[SIDES], np.int64(2))
    found = one_cut(stat, work.keys[0], m, np.int64(0), np.int64(2), missing_left, np.int64(0), limits)[0]
    return found, 0, missing_left


@inner_kernel
def _every_subset(stat, work, categories, m, count, missing, limits, best):
    """Try all subsets; missing values, or else the last level, stay on the right."""
    numbers = categories.numbers
    _replace(work.keys[0], m, missing, numbers[PLACES], count)
    keys = work.keys[sort_keys(work.keys, m, np.int64(0), count, work.counts)]
    starts, groups = np.zeros(EXACT_GROUPS + 1, dtype=np.int64), 0
    for i in range(m):
        if i == 0 or (keys[i] >> SHIFT) != (keys[i - 1] >> SHIFT):
            starts[groups] = i
            groups += 1
    starts[groups] = m
    state, subset, left, found = empty(stat), 0, 0, 0
    for step in range(1, 1 << (groups - 1)):
        group = 0
        while not (step >> group) & 1:  # where neighbouring Gray codes differ
            group += 1
        sign = -1 if (subset >> group) & 1 else 1
        subset ^= 1 << group
        for i in range(starts[group], starts[group + 1]):
            state = move(stat, state, np.int64(keys[i] & POSITION), np.float64(sign))
        left += sign * (starts[group + 1] - starts[group])
        if allowed(stat, state, left, m, np.int64(0), limits):
            s = score(stat, state)
            if s > best:
                best, found = s, subset
    for l in range(count):
        level = numbers[LEVELS, l]
        numbers[SIDES, level] = 1 - ((found >> numbers[PLACES, level]) & 1)
    return best if found else NOTHING, 0, False


@inner_kernel
def _remember(categories, count, cut):
    """Keep the levels up to the cut, and all that occur, as bits."""
    numbers, words = categories.numbers, categories.words
    for k in range(words.shape[1]):
        words[SUBSET, k] = 0
        words[SEEN, k] = 0
    for l in range(count):
        level = numbers[LEVELS, l]
        bit = np.uint32(1) << np.uint32(level & 31)
        words[SEEN, level >> 5] |= bit
        if numbers[SIDES, level] <= cut:
            words[SUBSET, level >> 5] |= bit
