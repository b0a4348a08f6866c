"""Dividing the rows of a leaf among its children, in order.

Rows of a node are a stretch of an array of row numbers. Its children get the two parts of the same stretch of a second
array, and their children's rows come back into the first. Order is kept: rows stay ascending, so that whatever is
gathered by them is read forwards, and the result does not depend on how many threads share the work.

The histogram has counted the rows that go left, so one thread needs a single pass; a team first counts in each part.
Cost: 1 to 2 ns a row.
"""

import numpy as np

from panlearn.core.jit import kernel


@kernel
def count_left(codes, goes_left, rows):
    """Number of the rows whose code goes left."""
    total = np.int64(0)
    for i in range(np.uint64(rows.size)):
        total += np.int64(goes_left[np.uint64(codes[np.uint64(rows[i])])])
    return total


@kernel
def divide(codes, goes_left, rows, out, left, right):
    """Write `rows` to `out`, those that go left from place `left` on, the others from `right` on."""
    for i in range(np.uint64(rows.size)):
        r = rows[i]
        flag = np.int64(goes_left[np.uint64(codes[np.uint64(r)])])
        out[np.uint64(right + flag * (left - right))] = r
        left += flag
        right += 1 - flag


@kernel
def add_to_rows(target, order, stops, values, start, stop):
    """Add values[l] to the entries of `target` whose row is in leaf l; places start to stop of `order`."""
    leaf, at = 0, start
    while stops[leaf] <= start:
        leaf += 1
    while at < stop:
        end = min(stops[leaf], stop)
        value = values[leaf]
        for i in range(np.uint64(at), np.uint64(end)):
            target[np.uint64(order[i])] += value
        at = end
        leaf += 1
