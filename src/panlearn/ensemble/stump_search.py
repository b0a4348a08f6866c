r"""The best of all stumps for given weights of the rows, exactly, without a look at most thresholds.

With L_k and R_k the weight of class k on either side, the stump with the least Gini impurity, course note 000 (4.8),
maximises

    f = g(L) + g(R),    g(v) = sum_k v_k^2 / sum_k v_k

`add_weights` keeps the sums H_k of each bin of a column up to date, `scan` evaluates f at the borders of the bins. A
threshold inside a bin moves a part a of the bin's weight to the left, 0 <= a <= H. f is convex in a, and g is
subadditive, hence

    f(L + a, R - a) <= f(L, R) + sum_k H_k max(0, f'_k + curvature),    f(L + a, R - a) <= g(L) + g(R - H) + sum_k H_k

where f'_k is the slope at the bin's lower border, and `curvature` bounds how much a slope changes within the bin. Only
bins whose bound exceeds the best border are looked at closely (`refine`), at 100k rows less than one in fifty.

Cost of a round: one addition for each column and row whose weight has changed.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel

MARGIN = 1e-12  # relative; bounds and gains are rounded differently


class StumpSums(NamedTuple):
    """Working memory of the search, changed in place."""

    sums: np.ndarray  # (p, K, BINS) weight of each class in each bin
    total: np.ndarray  # (K,) weight of each class
    bound: np.ndarray  # (p, BINS) no threshold inside the bin has a larger f
    gain: np.ndarray  # (p,) f at the best border of each column, -inf where a column is constant
    place: np.ndarray  # (p,) int64, first place in the column's order to the right of it


@kernel
def add_weights(columns, sums, rows, change, start, first, last):  # updates sums.sums
    """Add change[i] to the bins of rows[i]; rows of class k from start[k] to start[k + 1]."""
    for j in range(first, last):
        bins = columns.bins[j]
        for k in range(start.size - 1):
            own = sums.sums[j, k]
            for i in range(start[k], start[k + 1]):
                own[bins[rows[i]]] += change[i]


@kernel(inline=True)
def _gain(left, total, w_left, w_all):
    """Evaluate f; one side may be empty."""
    a, b = 0.0, 0.0
    for k in range(total.size):
        a += left[k] * left[k]
        b += (total[k] - left[k]) * (total[k] - left[k])
    return (a / w_left if w_left > 0.0 else 0.0) + (b / (w_all - w_left) if w_all > w_left else 0.0)


@kernel(inline=True)
def _bound(left, total, own, b, f):
    """Bound f over the thresholds inside bin b, from its value at the lower border."""
    w_left, w_right, w, squares_left, squares_right, rest = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(total.size):
        right = total[k] - left[k]
        w_left += left[k]
        w_right += right
        w += own[k, b]
        squares_left += left[k] * left[k]
        squares_right += right * right
        rest += (right - own[k, b]) * (right - own[k, b])
    apart = w_right - w  # weight beyond the bin
    if not (w_left > 0.0 and apart > MARGIN * w_right):
        return (squares_left / w_left if w_left > 0.0 else 0.0) + (rest / apart if apart > 0.0 else 0.0) + w
    slope = squares_right / w_right**2 - squares_left / w_left**2 + 4.0 * (w / (w_left + w) + w / apart)
    for k in range(total.size):
        f += own[k, b] * max(0.0, 2.0 * (left[k] / w_left - (total[k] - left[k]) / w_right) + slope)
    return f


@kernel
def scan(columns, sums, first, last):  # updates sums.bound, gain, place
    """Evaluate f at the borders of the bins of the columns first to last, and bounds between them."""
    left = np.empty(sums.total.size)
    w_all = sums.total.sum()
    for j in range(first, last):
        left[:] = 0.0
        sums.gain[j], f = -np.inf, _gain(left, sums.total, 0.0, w_all)
        for b in range(columns.n_bins[j]):
            sums.bound[j, b] = _bound(left, sums.total, sums.sums[j], b, f)
            for k in range(left.size):
                left[k] += sums.sums[j, k, b]
            f = _gain(left, sums.total, left.sum(), w_all)
            place = columns.first_place[j, b + 1]
            if f > sums.gain[j] and 0 < place < columns.rows.size:
                sums.gain[j], sums.place[j] = f, place


@kernel
def refine(columns, sums, weight):
    """Find the best threshold of all: column (-1: there is none) and place, from the borders and the promising bins."""
    left, best = np.empty(sums.total.size), np.argmax(sums.gain)
    gain, place = sums.gain[best], sums.place[best]
    for j in range(sums.gain.size):
        left[:] = 0.0
        for b in range(columns.n_bins[j]):
            if sums.bound[j, b] > gain * (1.0 + MARGIN):
                f, at = _look_closely(columns, sums.total, weight, left, j, b)
                if f > gain:
                    best, gain, place = j, f, at
            for k in range(left.size):
                left[k] += sums.sums[j, k, b]
    return (best if gain > -np.inf else -1), place


@kernel
def _look_closely(columns, total, weight, left, j, b):
    """Find the best threshold inside bin b of column j, to the left of which lies `left`: f and place."""
    order, codes, inside = columns.order[j], columns.codes[j], left.copy()
    w_left, w_all, gain, place = left.sum(), total.sum(), -np.inf, 0
    first, last = columns.first_place[j, b], columns.first_place[j, b + 1]
    code = codes[order[first]]
    for i in range(first, last - 1):
        row, next_code = order[i], codes[order[i + 1]]
        w_left += weight[row]
        inside[columns.label[row]] += weight[row]
        if next_code != code:
            f = _gain(inside, total, w_left, w_all)
            if f > gain:
                gain, place = f, i + 1
        code = next_code
    return gain, place
