r"""One number a row: squared error, Poisson deviance, and two classes by Gini or entropy.

Two sums describe a side: its weight w and the weighted targets s (of class 1 where there are two classes). With W and T
for both sides together the weighted impurity falls by

    squared error   (s W - T w)^2 / (w (W - w) W)
    Gini            twice that: 1 - p^2 - (1-p)^2 = 2 p (1-p) is twice the variance of the class
    Poisson         s log(s/w) + (T-s) log((T-s)/(W-w)) - T log(T/W)
    entropy         the same for both classes, summed

Friedman's improvement is the first line [friedman2001]. Targets of squared error are shifted by about their mean, so
that nothing is lost by cancellation; whole numbers stay whole, and their sums exact. Entropy takes six values of
x log x a threshold: where all weights are whole numbers they come from a table, three times as fast.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.numerics import log
from panlearn.tree.inner_kernel import inner_kernel
from panlearn.tree.split_statistic import accumulate, empty, gain, load, method_of, middle, move, score, write

SQUARED, GINI, ENTROPY, POISSON = 0, 1, 2, 3
TINY = 2.220446049250313e-15  # sums of counts below this have no logarithm of the mean


LOG2E = 1.4426950408889634  # entropy is measured in bits


@inner_kernel
def xlogx(x):
    """X log x, 0 at 0."""
    return x * log(x) if x > 0.0 else 0.0


class Sums(NamedTuple):
    """Statistic of one target."""

    kind: int
    y: np.ndarray  # (n, 2) float64 weights, and targets less `shift` or 1 for class 1
    shift: float
    rows: np.ndarray  # (n, 2) weight and weight * y of the node's rows
    total: np.ndarray  # (2,) W and T of the node
    table: np.ndarray  # x log x of whole x up to the total weight, for entropy; empty where weights are not whole


@method_of(Sums, load)
def _load(stat, rows, start, m, work):
    weight, total, least, most = 0.0, 0.0, np.inf, -np.inf
    for i in range(np.uint64(m)):
        row = rows[np.uint64(start) + i]
        w, y = stat.y[row, 0], stat.y[row, 1]
        stat.rows[i, 0] = w
        stat.rows[i, 1] = w * y
        weight += w
        total += w * y
        least = min(least, y)
        most = max(most, y)
    stat.total[0], stat.total[1] = weight, total
    if stat.kind == GINI or stat.kind == ENTROPY:
        other = weight - total
        if stat.kind == GINI:
            return weight, 1.0 - (total * total + other * other) / (weight * weight), least == most
        return weight, -(xlogx(total / weight) + xlogx(other / weight)) * LOG2E, least == most
    mean, spread = total / weight, 0.0
    if stat.kind == POISSON and total <= TINY:
        return weight, np.inf, least == most
    for i in range(np.uint64(m)):
        w = stat.rows[i, 0]
        y = stat.rows[i, 1] / w
        if stat.kind == SQUARED:
            spread += w * (y - mean) * (y - mean)
        else:
            spread += w * mean * xlogx(y / mean)
    return weight, spread / weight, least == most


@method_of(Sums, empty)
def _empty(stat):
    return 0.0, 0.0


@method_of(Sums, move)
def _move(stat, state, i, sign):
    return state[0] + sign * stat.rows[i, 0], state[1] + sign * stat.rows[i, 1]


@method_of(Sums, score)
def _score(stat, state):
    left, s = state
    right, r = stat.total[0] - left, stat.total[1] - s
    if stat.kind <= GINI:
        d = s * stat.total[0] - stat.total[1] * left
        return d * d / (left * right)
    if stat.kind == POISSON:
        return left * xlogx(s / left) + right * xlogx(r / right) if s > TINY and r > TINY else -np.inf
    if stat.table.size:
        f, a, b, c, d = stat.table, np.int64(s), np.int64(left), np.int64(r), np.int64(right)
        return (f[a] + f[b - a]) + (f[c] + f[d - c]) - (f[b] + f[d])
    whole = xlogx(left) + xlogx(right)
    return (xlogx(s) + xlogx(left - s)) + (xlogx(r) + xlogx(right - r)) - whole


@method_of(Sums, gain)
def _gain(stat, best):
    weight, total = stat.total[0], stat.total[1]
    if stat.kind <= GINI:
        return best / weight * (2.0 if stat.kind == GINI else 1.0)
    if stat.kind == POISSON:
        return best - weight * xlogx(total / weight)
    return (best - (xlogx(total) + xlogx(weight - total) - xlogx(weight))) * LOG2E


@method_of(Sums, middle)
def _middle(stat, state):
    right = (stat.total[1] - state[1]) / (stat.total[0] - state[0])
    return state[1] / state[0] + stat.shift, right + stat.shift


@method_of(Sums, write)
def _write(stat, value, lower, upper):
    mean = stat.total[1] / stat.total[0] + stat.shift
    kept = min(max(mean, lower), upper)
    value[value.size - 1] = kept
    if value.size == 2:
        value[0] = (stat.total[0] - stat.total[1]) / stat.total[0] if kept == mean else 1.0 - kept


@method_of(Sums, accumulate)
def _accumulate(stat, i, sums):
    sums[0] += stat.rows[i, 0]
    sums[1] += stat.rows[i, 1]
