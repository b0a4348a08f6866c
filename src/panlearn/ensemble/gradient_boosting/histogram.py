"""Histograms of gradients: for each column and code, the packed sum over the rows of a leaf [ke2017].

One addition for each row and column. Up to 32 columns at a time, so that their sums stay in the second-fastest cache,
and a few thousand rows, so that their codes stay there while they are read again for the next columns. Rows of a leaf
are ascending with gaps: codes and gradients needed soon are asked for in advance.

A team shares the rows of a large leaf, each thread adding up its own histogram; of a small leaf it shares the columns,
since adding histograms up would cost as much as making them. Of two children only the smaller has its histogram made:
the other's is what is left of the parent's.

Cost: 0.6 to 0.8 ns for each row and column, where rows fit into the last cache; up to twice that where they do not.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.prefetch import prefetch

GROUP = 32  # columns
BLOCK = 2048  # rows
AHEAD = 16  # rows between the one asked for and the one read
SHARE_ROWS = 32  # a leaf of more rows than this times the codes of a column (256) is shared by rows


@kernel
def add_rows(by_row, packed, rows, hist, first, stop):
    """Add the packed gradients of `rows` to the sums of columns first to stop in `hist` (p * 256,)."""
    p, last = np.uint64(by_row.shape[1]), np.uint64(rows.size - 1)
    first, width = np.uint64(first), np.uint64(stop - first)
    for i in range(np.uint64(rows.size)):
        soon = np.uint64(rows[min(i + np.uint64(AHEAD), last)])
        prefetch(by_row, soon * p + first)  # type: ignore[call-arg]
        prefetch(packed, soon)
        r = np.uint64(rows[i])
        value = packed[r]
        for j in range(first, first + width):
            hist[(j << np.uint64(8)) + np.uint64(by_row[r, j])] += value


@kernel
def build_share(by_row, packed, rows, target, rank, size, by_rows):
    """Make one thread's part of the histogram of `rows` in `target`: of its part of the rows, or of its columns."""
    p, m = by_row.shape[1], rows.size
    start, stop = (m * rank // size, m * (rank + 1) // size) if by_rows else (0, m)
    first, last = (0, p) if by_rows else (p * rank // size, p * (rank + 1) // size)
    groups, width = (last - first + GROUP - 1) // GROUP, last - first
    for k in range(np.uint64(first) << np.uint64(8), np.uint64(last) << np.uint64(8)):
        target[k] = 0
    for at in range(start, stop, BLOCK):
        part = rows[at : min(at + BLOCK, stop)]
        for g in range(groups):
            add_rows(by_row, packed, part, target, first + width * g // groups, first + width * (g + 1) // groups)


@kernel
def shared_by_rows(m):
    """Whether a team shares the rows, not the columns, of a leaf of m rows."""
    return m > SHARE_ROWS * 256


@kernel
def complete(target, partial, parent, column, count, subtract):
    """Add the other threads' sums of one column to `target`; `parent` minus it is left in `parent`."""
    for k in range(np.uint64(column) << np.uint64(8), np.uint64(column + 1) << np.uint64(8)):
        total = target[k]
        for t in range(count):
            total += partial[t, k]
        target[k] = total
        if subtract:
            parent[k] -= total
