"""Scores of every threshold of one feature at one node: rows move from right to left in the order of their codes.

A question is allowed where two neighbouring rows differ, both sides are large and heavy enough, and the two values keep
the monotone order and its bounds. Missing values sort last: they go right, all of them alone included, or, in a second
scan, left.
"""

from typing import NamedTuple

import numpy as np

from panlearn.tree.inner_kernel import inner_kernel
from panlearn.tree.split_keys import POSITION, SHIFT
from panlearn.tree.split_statistic import empty, middle, move, score


class Limits(NamedTuple):
    """What a split of one node must keep."""

    min_samples_leaf: int
    min_weight_leaf: float
    weight: float  # of the node
    lower: float  # bounds of the values of both sides, from monotone splits above
    upper: float


class Found(NamedTuple):
    """Best split of a node so far."""

    score: float
    feature: int | np.int64  # -1: none
    cut: int | np.int64  # codes (ranks of categories) up to here go left
    above: int | np.int64  # the lowest code in the node beyond the cut
    missing_left: bool
    threshold: float  # of a split drawn at random; NaN: the midpoint of both codes' values
    middle: float  # halfway between the values of both sides


@inner_kernel(inline=True)
def allowed(stat, state, left, m, sign, limits):
    """Whether a split with so many rows on the left keeps the limits."""
    if left < limits.min_samples_leaf or m - left < limits.min_samples_leaf:
        return False
    if state[0] < limits.min_weight_leaf or limits.weight - state[0] < limits.min_weight_leaf:
        return False
    if sign == 0:
        return True
    a, b = middle(stat, state)
    return min(a, b) >= limits.lower and max(a, b) <= limits.upper and (a - b) * sign <= 0.0


@inner_kernel
def scan(stat, keys, present, m, missing_left, sign, limits, best):
    """Best (score, last row on the left, middle) among all splits of the sorted keys that beat `best`; row -1: none."""
    at, centre = -1, 0.0
    state = empty(stat)
    ahead = m - present if missing_left else 0
    if missing_left:
        for i in range(present, m):
            state = move(stat, state, np.int64(keys[i] & POSITION), 1.0)
    last = present if present < m and not missing_left else present - 1
    for i in range(last):
        key = keys[i]
        state = move(stat, state, np.int64(key & POSITION), 1.0)
        if (key >> SHIFT) == (keys[i + 1] >> SHIFT) or not allowed(stat, state, i + 1 + ahead, m, sign, limits):
            continue
        s = score(stat, state)
        if s > best:
            best, at = s, i
            if sign != 0:
                a, b = middle(stat, state)
                centre = 0.5 * (a + b)
    return best, at, centre


@inner_kernel
def one_cut(stat, keys, m, cut, missing, missing_left, sign, limits):
    """Score and middle of the split at `cut`, -inf if not allowed; a code equal to `missing` goes where it is told."""
    state, left = empty(stat), 0
    for i in range(m):
        code = np.int64(keys[i] >> SHIFT)
        if missing_left if code == missing else code <= cut:
            state = move(stat, state, i, 1.0)
            left += 1
    if left == 0 or left == m or not allowed(stat, state, left, m, sign, limits):
        return -np.inf, 0.0
    a, b = middle(stat, state) if sign != 0 else (0.0, 0.0)
    return score(stat, state), 0.5 * (a + b)
