r"""Absolute error: each side is predicted by its weighted median.

A Fenwick tree over the ranks of the node's targets [fenwick1994] holds the weights and weighted targets of the left
side; what is not on the left is the node less the left, read from the same nodes of a second, fixed tree. Moving a row
and finding a median cost O(log m): a node of m rows costs O(m log m) a feature.

With c weights up to the median mu, and s their weighted targets, the absolute error is (c mu - s) + ((T-s) - (W-c) mu).
Where exactly half of the weight lies below, the median is the mean of the two values around it.
"""

from typing import NamedTuple

import numpy as np

from panlearn.tree.inner_kernel import inner_kernel
from panlearn.tree.split_keys import POSITION, gather, sort_keys
from panlearn.tree.split_statistic import accumulate, empty, gain, load, method_of, middle, move, score, write


class Medians(NamedTuple):
    """Statistic of one or several targets under absolute error."""

    y: np.ndarray  # (n, outputs) float64
    weight: np.ndarray  # (n,) float64
    y_ranks: np.ndarray  # (outputs, n) uint32 place of each target in the order of all
    ranks: np.ndarray  # (n, outputs) int64 rank, from 1, of the node's rows
    weights: np.ndarray  # (n,)
    values: np.ndarray  # (outputs, n + 1) targets of the node by rank
    trees: np.ndarray  # (outputs, n + 1, 4) Fenwick trees: left weight, left sum, node weight, node sum
    node: np.ndarray  # (3,) weight, absolute error, number of rows
    median: np.ndarray  # (outputs,)


@inner_kernel
def _add(tree, rank, m, w, wy, column):
    while rank <= m:
        tree[rank, column] += w
        tree[rank, column + 1] += wy
        rank += rank & -rank


@inner_kernel
def _below(tree, m, limit, side, inclusive):
    """Last rank whose prefix is below the limit (or at it), with its weight and weighted sum."""
    at, weight, total, step = 0, 0.0, 0.0, 1
    while 2 * step <= m:
        step *= 2
    while step:
        if at + step <= m:
            w, s = tree[at + step, 2 * (side > 0)], tree[at + step, 2 * (side > 0) + 1]
            if side == 1:  # the right side: the node less the left
                w, s = w - tree[at + step, 0], s - tree[at + step, 1]
            if weight + w < limit or (inclusive and weight + w == limit):
                at, weight, total = at + step, weight + w, total + s
        step //= 2
    return at, weight, total


@inner_kernel
def median_of(tree, values, m, weight, total, side):
    """Median and absolute error of the left (side 0), the right (1) or the whole node (2)."""
    half = 0.5 * weight
    at, below, s = _below(tree, m, half, side, False)
    other, c, t = _below(tree, m, half, side, True)
    mu = values[min(at + 1, m)]
    if other > at and c == half:
        mu = 0.5 * (mu + values[min(other + 1, m)])
        return mu, (c * mu - t) + ((total - t) - (weight - c) * mu)
    return mu, (below * mu - s) + ((total - s) - (weight - below) * mu)


@method_of(Medians, load)
def _load(stat, rows, start, m, work):
    outputs = stat.y.shape[1]
    weight, error, pure = 0.0, 0.0, True
    for i in range(m):
        stat.weights[i] = stat.weight[rows[start + i]]
        weight += stat.weights[i]
    for k in range(outputs):
        low, high = gather(stat.y_ranks[k], rows, start, m, work.keys[0])
        keys = work.keys[sort_keys(work.keys, m, low, high, work.counts)]
        tree, total = stat.trees[k], 0.0
        for r in range(m + 1):
            tree[r, 2], tree[r, 3] = 0.0, 0.0
        for r in range(m):
            i = np.int64(keys[r] & POSITION)
            y = stat.y[rows[start + i], k]
            stat.ranks[i, k] = r + 1
            stat.values[k, r + 1] = y
            total += stat.weights[i] * y
            _add(tree, r + 1, m, stat.weights[i], stat.weights[i] * y, 2)
        pure = pure and stat.values[k, 1] == stat.values[k, m]
        stat.median[k], own = median_of(tree, stat.values[k], m, weight, total, 2)
        error += own
    stat.node[0], stat.node[1], stat.node[2] = weight, error, m
    return weight, max(error, 0.0) / (weight * outputs), pure


@method_of(Medians, empty)
def _empty(stat):
    for k in range(stat.trees.shape[0]):
        for r in range(np.int64(stat.node[2]) + 1):
            stat.trees[k, r, 0] = 0.0
            stat.trees[k, r, 1] = 0.0
    return (0.0,)


@method_of(Medians, move)
def _move(stat, state, i, sign):
    w, m = sign * stat.weights[i], np.int64(stat.node[2])
    for k in range(stat.trees.shape[0]):
        rank = stat.ranks[i, k]
        _add(stat.trees[k], rank, m, w, w * stat.values[k, rank], 0)
    return (state[0] + w,)


@inner_kernel
def _both(stat, k, left):
    """Medians and absolute errors of both sides."""
    tree, values, m, weight = stat.trees[k], stat.values[k], np.int64(stat.node[2]), stat.node[0]
    total, s, r = 0.0, 0.0, m
    while r > 0:
        total += tree[r, 3]
        s += tree[r, 1]
        r -= r & -r
    mu, error = median_of(tree, values, m, left, s, 0)
    nu, other = median_of(tree, values, m, weight - left, total - s, 1)
    return mu, nu, error + other


@method_of(Medians, score)
def _score(stat, state):
    error = 0.0
    for k in range(stat.trees.shape[0]):
        error += _both(stat, k, state[0])[2]
    return -error


@method_of(Medians, gain)
def _gain(stat, best):
    return (stat.node[1] + best) / stat.median.size


@method_of(Medians, middle)
def _middle(stat, state):
    found = _both(stat, 0, state[0])
    return found[0], found[1]


@method_of(Medians, write)
def _write(stat, value, lower, upper):
    for k in range(stat.median.size):
        value[k] = min(max(stat.median[k], lower), upper)


@method_of(Medians, accumulate)
def _accumulate(stat, i, sums):
    sums[0] += stat.weights[i]
    for k in range(stat.ranks.shape[1]):
        sums[1 + k] += stat.weights[i] * stat.values[k, stat.ranks[i, k]]
