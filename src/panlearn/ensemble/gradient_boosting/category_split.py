"""The best subset of categories, from the histogram of a leaf [fisher1958].

Sorted by mean gradient, the categories that go left in the best split of two are a first or a last stretch. So the
sums G/(H + support) are sorted, in time k log k instead of 2^k, and first and last stretches of up to half of the
categories are tried as the left part. Categories of few rows, whose place in the order would be noise, stay on the
right, and `support` pulls small ones towards 0 [ke2017]. Missing values are one more category.

Bins of several codes count as one category, and the answer is a set of codes.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.ensemble.gradient_boosting.numeric_split import bounded_term, leaf_value


@kernel
def best_subset(hist, column, node, rules, found):
    """Put the best subset of one column into `found`; gain -inf: there is none."""
    sums, key = np.empty((257, 5), np.int64), np.empty(257)  # G, H, rows, first and last code; what is sorted by
    count = _collect(hist, column, node, rules, sums, key)
    total_g, total_h = np.float64(node.g), np.float64(node.h)
    own = bounded_term(total_g, total_h, leaf_value(total_g, total_h, node, rules), rules)
    found.gain = -np.inf
    best_side, length = 0, 0
    for side in range(2 if count > 1 else 0):
        g, h, rows = np.int64(0), np.int64(0), np.int64(0)
        for k in range((count + 1) // 2 - side):
            c = k if side == 0 else count - 1 - k
            g, h, rows = g + sums[c, 0], h + sums[c, 1], rows + sums[c, 2]
            if rows < rules.min_rows or h < rules.min_hessian:
                continue
            if node.rows - rows < rules.min_rows or node.h - h < rules.min_hessian:
                break
            gl, hl = np.float64(g), np.float64(h)
            gr, hr = total_g - gl, total_h - hl
            left, right = leaf_value(gl, hl, node, rules), leaf_value(gr, hr, node, rules)
            gain = bounded_term(gl, hl, left, rules) + bounded_term(gr, hr, right, rules) - own
            if gain > found.gain:
                found.gain, best_side, length = gain, side, k + 1
    subset = found.subset
    for word in range(subset.size):
        subset[word] = 0
    for k in range(length):
        c = k if best_side == 0 else count - 1 - k
        for code in range(sums[c, 3], sums[c, 4] + 1):
            subset[code >> 5] |= np.uint32(1) << np.uint32(code & 31)


@kernel
def _collect(hist, column, node, rules, sums, key):
    """Categories with enough rows, sorted by G/(H + support); returns how many there are."""
    factor = node.rows / node.h if node.h > 0 else 0.0  # H in rows
    count, begin = np.int64(0), np.int64(0)
    g, h, rows = np.int64(0), np.int64(0), np.int64(0)
    for code in range(column.n_codes + 1):
        value = hist[code]
        g += value >> rules.g_shift
        h += (value >> rules.h_shift) & rules.h_mask
        rows += value & rules.c_mask
        if code < column.n_codes and column.ends[code] == 0:
            continue
        if h * factor >= rules.support and rows > 0:
            mean = g / (h * factor + rules.support)
            at = count
            while at > 0 and key[at - 1] > mean:  # insertion: there are at most 256
                key[at] = key[at - 1]
                for field in range(5):
                    sums[at, field] = sums[at - 1, field]
                at -= 1
            key[at] = mean
            sums[at, 0], sums[at, 1], sums[at, 2], sums[at, 3], sums[at, 4] = g, h, rows, begin, code
            count += 1
        g, h, rows, begin = np.int64(0), np.int64(0), np.int64(0), code + 1
    return count
